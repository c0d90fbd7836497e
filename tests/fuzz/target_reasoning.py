"""Reasoning and special tokens: nothing raises, and no cutting changes what is said."""

from __future__ import annotations

from assistant.brain.base import TakenBack
from assistant.brain.output_filter.filter import ThinkingFilter

NAME = "reasoning"
SEEDS = [
    text.encode()
    for text in (
        "\x03<think>What now?</think>\n\nGood day.",
        '\x05<think signature="Eq/R+==">a < b</think>Good day.',
        "\x02They greet me.</think>Good day.",
        "\x07[THINK]Hm.[/THINK]◁think▷Hm.◁/think▷Good day.",
        "\x04<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>Hi.",
        '\x06<|channel|>commentary to=functions.x <|constrain|>json<|message|>{"a": 1}<|call|>',
        "\x09<|im_start|>assistant\nGood day.<|im_end|>\n<|im_start|>user\nAnd you?",
        "\x08<|start_header_id|>assistant<|end_header_id|>\n\nGood day.<|eot_id|>",
        "\x01The <think> tag, `</think>` and ```\n<|im_end|>\n``` are words.",
        "\x0banalysisThey greet.assistantfinalGood day.</s>",
    )
]


def one(data: bytes) -> None:
    """The first byte says where the rest is cut. Raises only on a fault."""
    step = data[0] % 16 + 1 if data else 1
    text = data[1:].decode("utf-8", "replace")
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    assert _said(pieces) == _said([text])


def _said(pieces: list[str]) -> str:
    thinking = ThinkingFilter()
    words = ""
    for item in [*(item for piece in pieces for item in thinking.feed(piece)), *thinking.end()]:
        if isinstance(item, TakenBack):
            words = ""
        else:
            words += item if isinstance(item, str) else repr(item)
    return words
