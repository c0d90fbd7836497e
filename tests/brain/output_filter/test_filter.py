"""What a model writes beside its answer is never part of it: reasoning, special tokens, other
turns, in every dialect and however the stream is cut."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.brain.base import TakenBack
from assistant.brain.output_filter.filter import Item, ThinkingFilter
from assistant.calls.parser import Malformed, ToolCall

cuts = st.lists(st.integers(0, 300), max_size=12)


def pieces(text: str, at: list[int]) -> list[str]:
    places = sorted({0, len(text), *(place % (len(text) + 1) for place in at)})
    return [text[start:end] for start, end in pairwise(places)]


def filtered(*parts: str) -> tuple[list[Item], str]:
    """What is left of the answer, its words joined; and what was taken for reasoning."""
    thinking = ThinkingFilter()
    items = [item for part in parts for item in thinking.feed(part)] + thinking.end()
    kept: list[Item] = []
    for item in items:
        if isinstance(item, TakenBack):
            kept = [each for each in kept if not isinstance(each, str)]
        elif isinstance(item, str) and kept and isinstance(kept[-1], str):
            kept[-1] += item
        else:
            kept.append(item)
    return kept, thinking.reasoning


def spoken(text: str, at: list[int]) -> str:
    return "".join(item for item in filtered(*pieces(text, at))[0] if isinstance(item, str))


HARMONY = "<|channel|>analysis<|message|>They greet.<|end|><|start|>assistant"
REASONED = [
    "<think>What now?</think>\n\nGood day.",
    "<THINK>a < b</think>Good day.",
    "<thinking>…</thinking>Good <think>or bad?</think>day.",
    "<think>They greet.</thinking>Good day.",
    '<think signature="Eq/Rk+==" id=7>They greet.</think>Good day.',
    '<think a="b">They greet.</think a="b">Good day.',
    "<thought>They greet.</thought>Good day.",
    "<reasoning>They greet.</reasoning>\nGood day.",
    "<antThinking>They greet.</antThinking>Good day.",
    "<seed:think>They greet.</seed:think>Good day.",
    "<think_never_used_51bce0>They greet.</think_never_used_51bce0>Good day.",
    "[THINK]They greet.[/THINK]Good day.",
    "◁think▷They greet.◁/think▷Good day.",
    "<|begin_of_thought|>a<|end_of_thought|><|begin_of_solution|>Good day.<|end_of_solution|>",
    "<|START_THINKING|>a<|END_THINKING|><|START_RESPONSE|>Good day.<|END_RESPONSE|>",
    "<|channel>thought\nThey greet.<channel|>Good day.",
    "<unused94>thought\nThey greet.<unused95>Good day.",
    f"{HARMONY}<|channel|>final<|message|>Good day.<|return|>",
    f"{HARMONY}<|channel|>final<|message|>Good day.<|end|>",
    f"{HARMONY}<|channel|>final <|constrain|>text<|message|>Good day.",
    "<|start|>assistant<|channel|>commentary<|message|>Good <|end|>"
    "<|start|>assistant<|channel|>final<|message|>day.<|return|>",
    "<|start|>functions.x to=assistant<|channel|>commentary<|message|>{}<|end|>"
    "<|start|>assistant<|channel|>final<|message|>Good day.",
    "analysisThe user greets us.assistantfinalGood day.",
    "Here is my thought process: they greet. Here is my response: Good day.",
    "They greet me, so I greet.</think>\nGood day.",
    "<think>The <think> tag, they say. </think>Good day.",
    "<think>outer <think>inner</think> outer again</think>Good day.",
    "outer <think>inner</think> outer again</think>Good day.",
    "<reasoning>outer <think>inner</think> outer</reasoning>Good day.",
    "<think>I close it with `</think>` then.</think>Good day.",
    "<think></think>Good day.",
    "<think/>Good day.",
    "<think>They greet.</think><answer>Good day.</answer>",
    "<tool_response>40</tool_response>Good day.",
]


@pytest.mark.parametrize("text", REASONED)
@given(at=cuts)
def test_reasoning_is_never_heard(text: str, at: list[int]) -> None:
    assert spoken(text, at) == "Good day."


@pytest.mark.parametrize("text", [text for text in REASONED if "They greet" in text])
def test_reasoning_is_kept_for_the_log(text: str) -> None:
    assert "They greet" in filtered(text)[1]


@pytest.mark.parametrize(
    "text",
    [
        "<think>never closed",
        "<think>never closed<|im_end|>",
        "<think>nested <think>once</think> and cut off",
        "[THINK]never closed",
        "<|channel|>analysis<|message|>never closed",
        "<|channel|>analysis",
        "Reasoning whose opening the template wrote, and no answer</think>",
        "<thi",
        "<|im_e",
    ],
)
@given(at=cuts)
def test_reasoning_that_is_cut_off_is_never_heard(text: str, at: list[int]) -> None:
    assert spoken(text, at) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Good day.<|im_end|>",
        "Good day.<|im_end|>\n<|im_start|>user\nAnd you?<|im_end|>",
        "Good day.\n<|im_start|>user\nAnd you?",
        "<|im_start|>assistant\nGood day.<|im_end|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\nGood day.<|eot_id|>",
        "Good day.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nAnd you?",
        "Good day.<|endoftext|>Once upon a time",
        "Good day.<|end_of_text|>",
        "<s>Good day.</s>",
        "Good day.</s><s>[INST] And you? [/INST]",
        "Good day.[/INST]",
        "Good day.[INST]And you?",
        "<bos>Good day.<eos>",
        "Good day.<end_of_turn>\n<start_of_turn>user\nAnd you?",
        "<start_of_turn>model\nGood day.<end_of_turn>",
        "Good day.<｜end▁of▁sentence｜>",
        "<｜Assistant｜>Good day.<｜User｜>And you?",
        "<|assistant|>Good day.<|user|>And you?",
        "<|assistant|>\nGood day.<|end|>\n<|user|>And you?",
        "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>assistant\nGood day.<|im_end|>",
        "</s>Good day.",
        "Good day.<|im_e",
        "Good <|reserved_special_token_7|>day.",
        "<<SYS>>Good day.",
    ],
)
@given(at=cuts)
def test_special_tokens_are_never_heard_and_end_the_answer(text: str, at: list[int]) -> None:
    assert spoken(text, at).strip() == "Good day."


@pytest.mark.parametrize(
    "text",
    [
        "3 < 4 and 5 <thin ice",
        "It is <",
        "I <think about it",
        "The <think> tag of HTML does not exist.",
        "Wrap it in <think> and </think> tags.",
        "Write `<think>a</think>` before the answer.",
        "Like so:\n```\n<think>a</think>\n```\nThat is all.",
        "They call it “<think>”, I believe.",
        "Use the </think> tag to close it.",
        "analysis of the question",
        "Here is my thought on it.",
        "A list [1] and [THIN] ice.",
        'TOOL_CALL: {"name": "stop"}',
        '<tool_call>{"name": "stop"}</tool_call>',
        '<|python_tag|>{"name": "stop"}',
        "<｜tool▁calls▁begin｜>",
        "[TOOL_CALLS][]",
    ],
)
@given(at=cuts)
def test_words_about_tags_and_other_brackets_stay(text: str, at: list[int]) -> None:
    assert spoken(text, at) == text


@pytest.mark.parametrize(
    "text",
    [
        f"{HARMONY}<|channel|>commentary to=functions.set_volume <|constrain|>json<|message|>"
        '{"percent": 40}<|call|>',
        '<|start|>assistant to=functions.set_volume<|channel|>commentary json<|message|>{"percent":'
        " 40}<|call|>",
        '<|channel|>commentary to=set_volume<|message|>{"percent": 40}',
    ],
)
@given(at=cuts)
def test_a_call_in_a_channel_is_a_call(text: str, at: list[int]) -> None:
    assert filtered(*pieces(text, at))[0] == [ToolCall("set_volume", {"percent": 40})]


def test_a_call_in_a_channel_that_cannot_be_read_is_told() -> None:
    text = "<|channel|>commentary to=functions.set_volume<|message|>{percent<|call|>"
    (item,) = filtered(text)[0]
    assert isinstance(item, Malformed)
    assert "set_volume" in item.reason


def test_words_are_not_held_back() -> None:
    assert ThinkingFilter().feed("Good day, ") == ["Good day, "]


def test_words_that_turn_out_to_be_reasoning_are_taken_back() -> None:
    thinking = ThinkingFilter()
    assert thinking.feed("They greet me.") == ["They greet me."]
    assert thinking.feed("</think>Good day.") == [TakenBack(), "Good day."]
    assert thinking.closed_unopened


TOKENS = st.sampled_from(
    [
        *("<think>", "</think>", "<think", "</", "[THINK]", "[/THINK]", "◁think▷", "◁/think▷"),
        *("<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|call|>", "analysis", "final"),
        *("assistant", "commentary to=functions.x", "<|im_start|>", "<|im_end|>", "user\n"),
        *("</s>", "<|", "|>", "<", ">", "`", "```", "\n", " ", "the ", " tag", "{}", "Word."),
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(TOKENS | st.text(max_size=3), max_size=16), cuts)
def test_any_cutting_gives_the_same_words(tokens: list[str], at: list[int]) -> None:
    text = "".join(tokens)
    assert filtered(*pieces(text, at)) == filtered(text) == filtered(*text)
