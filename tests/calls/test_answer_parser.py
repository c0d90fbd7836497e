"""Calls as models really write them are made and never read aloud; words about JSON stay words."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.calls.answer_parser import AnswerParser
from assistant.calls.parser import Malformed, PlainText, ToolCall
from assistant.calls.regions import MAX_CALL, Brackets, balanced
from tests.calls.test_parser import cut

NAMES = ["set_volume", "change_theme", "stop", "forget"]
Seen = list[str | ToolCall | Malformed]


def read(*pieces: str) -> Seen:
    """Everything the parser finds, with neighbouring speech joined to one string."""
    parser = AnswerParser(NAMES)
    items = [item for piece in pieces for item in parser.feed(piece)] + parser.finish()
    seen: Seen = []
    for item in items:
        if not isinstance(item, PlainText):
            seen.append(item)
        elif seen and isinstance(seen[-1], str):
            seen[-1] += item.text
        else:
            seen.append(item.text)
    return seen


def calls(seen: Seen) -> list[tuple[str, dict[str, Any]]]:
    return [(item.name, item.arguments) for item in seen if isinstance(item, ToolCall)]


def words(seen: Seen) -> str:
    return "".join(item for item in seen if isinstance(item, str))


ARGUMENTS = '{"percent": 40}'
CALL = f'{{"name": "set_volume", "arguments": {ARGUMENTS}}}'
PARAMETERS = CALL.replace("arguments", "parameters")
VOLUME = ("set_volume", {"percent": 40})
ONE_CALL = [
    f"<tool_call>\n{CALL}\n</tool_call>",
    f"<tool_call>{CALL}",
    f"<tool_call>[{CALL}]</tool_call>",
    f"<tool_calls>{CALL}</tool_calls>",
    f"<function_call>{CALL}</function_call>",
    f"<functioncall> {CALL}",
    f"<tool_call>set_volume{ARGUMENTS}</tool_call>",
    f"[TOOL_CALLS][{CALL}]",
    f"[TOOL_CALLS] {CALL}",
    f"[TOOL_CALLS]set_volume[ARGS]{ARGUMENTS}",
    f"[TOOL_CALLS]set_volume{ARGUMENTS}",
    f"[TOOL_CALLS]set_volume[CALL_ID]a1B2c3D4e[ARGS]{ARGUMENTS}",
    f"[TOOL_CALL] {CALL} [/TOOL_CALL]",
    f"<function=set_volume>{ARGUMENTS}</function>",
    "<function=set_volume><parameter=percent>40</parameter></function>",
    "<tool_call>\n<function=set_volume>\n<parameter=percent>\n40\n</parameter>\n</function>\n"
    "</tool_call>",
    '<function_calls><invoke name="set_volume"><parameter name="percent">40</parameter></invoke>'
    "</function_calls>",
    "<tool_call>set_volume\n<arg_key>percent</arg_key>\n<arg_value>40</arg_value>\n</tool_call>",
    f"<|python_tag|>{PARAMETERS}",
    "<|python_tag|>set_volume(percent=40)",
    "<|tool_call_start|>[set_volume(percent=40)]<|tool_call_end|>",
    f"<|tool_call|>[{CALL}]<|/tool_call|>",
    "<|tool_call>call:set_volume{percent:40}<tool_call|>",
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.set_volume:0"
    f"<|tool_call_argument_begin|>{ARGUMENTS}<|tool_call_end|><|tool_calls_section_end|>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>set_volume\n```json\n"
    f"{ARGUMENTS}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>set_volume<｜tool▁sep｜>{ARGUMENTS}"
    "<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    '<|START_ACTION|>[{"tool_call_id": "0", "tool_name": "set_volume", "parameters": '
    f"{ARGUMENTS}}}]<|END_ACTION|>",
    f"```json\n{CALL}\n```",
    f"```\n{CALL}\n```",
    f"```json\n[{CALL}]\n```",
    f"```tool_call\n{CALL}\n```",
    "```tool_code\nset_volume(percent=40)\n```",
    "```tool_code\nprint(set_volume(percent=40))\n```",
    f"`{CALL}`",
    CALL,
    PARAMETERS,
    f"[{CALL}]",
    "[set_volume(percent=40)]",
    f'{{"type": "function", "function": {CALL}}}',
    f'{{"tool_calls": [{{"id": "7", "type": "function", "function": {CALL}}}]}}',
    f'{{"tool": "set_volume", "args": {ARGUMENTS}}}',
    '{"name": "set_volume", "arguments": "{\\"percent\\": 40}"}',
    f"TOOL_CALL: {CALL}",
    f"```json\nTOOL_CALL: {CALL}\n```",
]


@pytest.mark.parametrize("text", ONE_CALL)
@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.integers(0, 10_000), max_size=8))
def test_a_call_in_any_dialect_is_made_and_never_read_aloud(text: str, places: list[int]) -> None:
    for whole in (text, f"As you wish. {text}", f"Well, {text} and done."):
        seen = read(*cut(whole, places))
        assert calls(seen) == [VOLUME], whole
        assert words(seen).split() == whole.replace(text, "").split()
        assert not any(isinstance(item, Malformed) for item in seen)


@pytest.mark.parametrize(
    "text",
    [
        f"<tool_call>{CALL}</tool_call>\n<tool_call>{CALL}</tool_call>",
        f"<tool_call>{CALL}\n{CALL}</tool_call>",
        f"[TOOL_CALLS][{CALL}, {CALL}]",
        f"[TOOL_CALLS]set_volume[ARGS]{ARGUMENTS}[TOOL_CALLS]set_volume[ARGS]{ARGUMENTS}",
        f"<|python_tag|>{PARAMETERS}; {PARAMETERS}",
        f"```json\n{CALL}\n{CALL}\n```",
        f"{CALL}\n{CALL}",
        f"[{CALL}, {CALL}]",
        f"{CALL} TOOL_CALL: {CALL}",
        "[set_volume(percent=40), set_volume(percent=40)]",
    ],
)
@settings(max_examples=40, deadline=None)
@given(places=st.lists(st.integers(0, 10_000), max_size=8))
def test_several_calls_in_one_answer_are_all_made(text: str, places: list[int]) -> None:
    seen = read(*cut(text, places))
    assert calls(seen) == [VOLUME, VOLUME]
    assert words(seen).strip() == ""


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ada"} is an object.',
        '{"name": "Ada", "arguments": {}} names no tool.',
        '{"name": "set_volume"} has a name and nothing else.',
        '{"name": "set_volume", "description": "Louder.", "parameters": {"type": "object"}}',
        '{"name": "set_volume", "arguments": {}, "colour": "red"} has too much.',
        'In JSON one writes {"key": [1, 2, {"a": "b"}]} so.',
        "Sets are {1, 2}, lists [1, 2], and {x} a place.",
        "```json\n" + '{"name": "Ada", "age": 36}' + "\n```",
        "```python\nprint({})\n``` prints an empty dictionary.",
        "Use <tool_call> tags for that.",
        "The <function=name> form, as they say.",
        "[set the volume] is a stage direction.",
        "a < b, and a <b> c </b>",
        "An unfinished {",
        'An unfinished {"na',
        "An unfinished [",
        "An unfinished `",
    ],
)
@settings(max_examples=60, deadline=None)
@given(places=st.lists(st.integers(0, 10_000), max_size=8))
def test_words_about_json_stay_words(text: str, places: list[int]) -> None:
    assert read(*cut(text, places)) == [text]


@pytest.mark.parametrize(
    "text",
    [
        '<tool_call>{"name": "set_volume", "arguments": {"percent": ',
        '<tool_call>{"name": "set_volume", "arguments": {</tool_call>',
        "<tool_call>{'name': 'set_volume'}</tool_call>",
        '<tool_call>{"arguments": {}}</tool_call>',
        '<tool_call>{"": 1}</tool_call>',
        '<tool_call>{"name": "set_volume", "arguments": [1]}</tool_call>',
        "<function=set_volume>{percent}</function>",
        "<function=set_volume>{",
        "[TOOL_CALLS]set_volume[ARGS]{percent: 40}",
        '[TOOL_CALLS][{"name": "set_volume"',
        '{"name": "set_volume", "arguments": {"perc',
        "<|python_tag|>set_volume(40)",
        "<|python_tag|>" + "f(" * 5_000,
        '<tool_call>{"name": ' + "[" * 50_000 + "</tool_call>",
    ],
)
def test_a_call_that_cannot_be_read_is_told_and_never_read_aloud(text: str) -> None:
    for seen in (read(text), read(*(text[at : at + 77] for at in range(0, len(text), 77)))):
        assert calls(seen) == []
        assert [type(item) for item in seen] == [Malformed]


def test_a_marker_without_a_call_is_not_read_aloud() -> None:
    assert read("Hm. [TOOL_CALLS] Well.") == ["Hm.  Well."]
    assert read("Hm. <|python_tag|>") == ["Hm. "]


def test_a_call_without_end_is_bounded_and_never_spoken() -> None:
    endless = '<tool_call>{"name": "x", "arguments": {"a": "' + "z" * (3 * MAX_CALL)
    seen = read(*(endless[at : at + 999] for at in range(0, len(endless), 999)))
    assert [type(item) for item in seen] == [Malformed]
    assert len(seen[0].raw) <= MAX_CALL  # type: ignore[union-attr]
    again = endless + '"}}</tool_call> Hello.'
    seen = read(*(again[at : at + 999] for at in range(0, len(again), 999)))
    assert seen[1:] == [" Hello."]


def test_words_are_not_held_back() -> None:
    parser = AnswerParser(NAMES)
    assert parser.feed("Good morning, T") == [PlainText("Good morning, ")]
    assert parser.feed("om.") == [PlainText("Tom.")]
    assert parser.feed(" A {") == [PlainText(" A ")]
    assert parser.feed("set}") == [PlainText("{set}")]


TOKENS = st.sampled_from(
    [
        *(
            "<tool_call>",
            "</tool_call>",
            "[TOOL_CALLS]",
            "[ARGS]",
            "<function=stop>",
            "</function>",
        ),
        *(
            "<|python_tag|>",
            "<tool_",
            "set_volume",
            "stop",
            "(",
            ")",
            "percent=40",
            CALL,
            ARGUMENTS,
        ),
        *("{", "}", "[", "]", '"', "\\", ",", ":", " ", "\n", "`", "```", "```json\n", "json"),
        *('{"name": "stop"', '"arguments": {}', "<arg_key>", "TOOL_CALL", "TOOL_CALL: ", "Word."),
        *("<｜tool▁sep｜>", "function", "<", ">", "<|", "|>", "```tool_code\n"),
    ]
)


@settings(max_examples=500, deadline=None)
@given(
    st.lists(TOKENS | st.text(max_size=3), max_size=16),
    st.lists(st.integers(0, 10_000), max_size=12),
)
def test_garbage_never_raises_and_gives_the_same_wherever_it_is_cut(
    tokens: list[str], places: list[int]
) -> None:
    text = "".join(tokens)
    assert read(*cut(text, places)) == read(text) == read(*text)


def test_ids_are_kept() -> None:
    (call,) = read(f'[TOOL_CALLS][{CALL[:-1]}, "id": "a1B2c3D4e"}}]')
    assert isinstance(call, ToolCall)
    assert call.id == "a1B2c3D4e"
    assert json.dumps(call.arguments) == ARGUMENTS


@given(st.text(alphabet='{}[]()"\\a', max_size=60))
def test_brackets_close_at_the_same_place_wherever_the_text_begins(text: str) -> None:
    brackets = Brackets()
    for at, char in enumerate(text):
        if char in "{[(":
            end = brackets.closed(text[at:], 0)
            assert (None if end is None else end + at) == balanced(text, at)


@pytest.mark.parametrize("text", ['{"name":' * 500 + "1" + "}" * 500, '{"name":' * 500])
def test_brackets_in_brackets_are_looked_for_once(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    starts: list[int] = []
    look = Brackets._look

    def counted(self: Brackets, text: str, start: int) -> None:
        starts.append(len(text))
        look(self, text, start)

    monkeypatch.setattr(Brackets, "_look", counted)
    parser = AnswerParser(["set_volume"])
    assert "".join(item.text for item in [*parser.feed(text), *parser.finish()]) == text
    assert len(starts) <= 2
