"""A chat server's reply: any bytes are an answer or a failure in plain words, however they are
cut."""

from __future__ import annotations

import json

from assistant.brain.base import LanguageModelError, TakenBack
from assistant.brain.openai.replies import AnswerReader, Broken, EventStream

NAME = "sse"


def _event(**delta: object) -> bytes:
    return b"data: " + json.dumps({"choices": [{"delta": delta}]}).encode() + b"\n\n"


SEEDS = [
    b"\x05" + _event(content="Good day.") + b"data: [DONE]\n\n",
    b"\x03: keep-alive\n\n" + _event(reasoning="Hm.") + _event(content="Yes."),
    b"\x07" + _event(tool_calls=[{"index": 0, "function": {"name": "x", "arguments": "{}"}}]),
    b"\x02" + _event(content=[{"type": "thinking", "thinking": [{"text": "Hm."}]}]),
    b"\x04" + _event(content="<think>Hm.</think>Yes.<|im_end|>"),
    b'\x06{"choices": [{"message": {"content": "Yes.", "function_call": {"name": "x"}}}]}',
    b'\x08data: {"error": {"message": "out of memory"}}\r\n\r\n',
    b"\x01<html><h1>Login</h1></html>",
    b"\x09data: a\rdata: b\r\n\xef\xbb\xbf\n\n",
]


def one(data: bytes) -> None:
    """The first byte says where the rest is cut. Raises only on a fault."""
    step = data[0] % 16 + 1 if data else 1
    body = data[1:]
    pieces = [body[at : at + step] for at in range(0, len(body), step)]
    assert _events(pieces) == _events([body])
    assert _answer(pieces) == _answer([body])
    assert not _answer([body])[2].startswith("unclear")


def _events(pieces: list[bytes]) -> list[str]:
    stream = EventStream()
    return [event for piece in pieces for event in stream.feed(piece)] + stream.end()


def _answer(pieces: list[bytes]) -> tuple[str, list[str], str]:
    """Words, calls, and how it failed."""
    reader = AnswerReader("http://127.0.0.1/v1", {})
    words, calls, failure = "", [], ""
    items: list[object] = []
    try:
        for piece in pieces:
            if not reader.done:
                items += reader.feed(piece)
        items += reader.end()
    except Broken as broken:
        failure, items = broken.kind, [*items, *broken.pieces]
    except LanguageModelError as error:
        plain = bool(error.message and error.remedy) and "\n" not in error.message
        return "", [], error.kind if plain else f"unclear: {error.message!r}"
    for item in items:
        if isinstance(item, TakenBack):
            words = ""
        elif isinstance(item, str):
            words += item
        else:
            calls.append(repr(item))
    return words, calls, failure
