"""Calls in a model's answer: nothing raises, and no cutting changes what is found."""

from __future__ import annotations

from assistant.calls.answer_parser import AnswerParser
from assistant.calls.parser import Malformed, PlainText, ToolCall, ToolCallParser

NAME = "tool_parser"
_CALL = '{"name": "set_volume", "arguments": {"percent": 40}}'
SEEDS = [
    text.encode()
    for text in (
        f"\x03TOOL_CALL: {_CALL}",
        f"\x07As you wish. <tool_call>\n{_CALL}\n</tool_call> Done.",
        f"\x05[TOOL_CALLS][{_CALL}]",
        '\x02[TOOL_CALLS]set_volume[CALL_ID]a1B2c3D4e[ARGS]{"percent": 40}',
        "\x09<function=set_volume><parameter=percent>40</parameter></function>",
        "\x04<|python_tag|>set_volume(percent=40)",
        "\x06<tool_call>set_volume\n<arg_key>percent</arg_key>\n<arg_value>40</arg_value></tool_call>",
        f"\x0b```json\n{_CALL}\n```",
        f"\x01{_CALL} and [set_volume(percent=40)]",
        '\x08{"name": "Ada"} is an object',
        "\x0d<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>set_volume\n```json\n"
        '{"percent": 40}\n```<｜tool▁call▁end｜>',
    )
]


def one(data: bytes) -> None:
    """The first byte says where the rest is cut. Raises only on a fault."""
    step = data[0] % 16 + 1 if data else 1
    text = data[1:].decode("utf-8", "replace")
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    assert _seen(AnswerParser(["set_volume", "stop"]), pieces) == _seen(
        AnswerParser(["set_volume", "stop"]), [text]
    )
    assert _seen(ToolCallParser(), pieces) == _seen(ToolCallParser(), [text])


def _seen(parser: AnswerParser | ToolCallParser, pieces: list[str]) -> list[object]:
    seen: list[object] = []
    for item in [*(item for piece in pieces for item in parser.feed(piece)), *parser.finish()]:
        assert isinstance(item, PlainText | ToolCall | Malformed)
        if isinstance(item, PlainText) and seen and isinstance(seen[-1], str):
            seen[-1] += item.text
        else:
            seen.append(item.text if isinstance(item, PlainText) else repr(item))
            if not isinstance(item, PlainText):
                seen.append(None)  # no speech is joined across a call
    return seen
