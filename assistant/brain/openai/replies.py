"""Reading what a chat server sends back, whatever it turns out to be."""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Mapping
from typing import Any

from assistant.brain.base import LanguageModelError, PromptRead
from assistant.brain.openai.tool_calls import CallCollector
from assistant.brain.output_filter.filter import MAX_KEPT, Item, ThinkingFilter

# Server-sent events, as chat servers stream them: bytes of any cut in, payloads out.

MAX_EVENT_CHARS = 1_000_000
"""A longer event is no chat event; it is dropped."""
MAX_FIGURE = 1_000_000_000
"""More tokens, or milliseconds, than any prompt has."""


class EventStream:
    """Collects the `data` of each event. Invalid UTF-8 becomes U+FFFD, comments are skipped.

    Lines may end in LF, CR or CRLF. Fields other than `data` mean nothing to chat servers.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._line = ""
        self._data: list[str] = []
        self._size = 0
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[str]:
        """Payloads of the events that this chunk completed, in order."""
        return self._take(self._decoder.decode(chunk))

    def end(self) -> list[str]:
        """Payloads still open when the stream ended: some servers leave out the last blank line."""
        events = self._take(self._decoder.decode(b"", final=True) + "\n")
        return events + self._dispatch()

    def _take(self, text: str) -> list[str]:
        if text and self._after_cr and text[0] == "\n":
            text = text[1:]
            self._after_cr = False
        if not text:
            return []
        self._after_cr = text[-1] == "\r"
        lines = (self._line + text).replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._line = lines.pop()
        if len(self._line) > MAX_EVENT_CHARS:
            self._line = ""
        events: list[str] = []
        for line in lines:
            events += self._read(line)
        return events

    def _read(self, line: str) -> list[str]:
        if not line:
            return self._dispatch()
        if line.startswith("data:"):
            data = line[5:].removeprefix(" ")
            self._size += len(data)
            if self._size <= MAX_EVENT_CHARS:
                self._data.append(data)
        return []

    def _dispatch(self) -> list[str]:
        data, self._data, self._size = self._data, [], 0
        return ["\n".join(data)] if data else []


class Broken(LanguageModelError):
    """The answer broke off; `pieces` came before."""

    def __init__(self, pieces: list[Item]) -> None:
        super().__init__("cut", "The language model's answer broke off.", "Ask again.")
        self.pieces = pieces


class AnswerReader:
    """Turns a reply's bytes into pieces of the answer.

    An event stream is read as it comes. Servers that ignore `"stream": true` send one JSON object,
    misled ones an HTML page: the first byte that is no blank tells which. `redact` takes secrets
    out of the server's words before they go into an error.
    """

    def __init__(
        self, url: str, headers: Mapping[str, str], *, redact: Callable[[str], str] = str
    ) -> None:
        self.done = False
        """The server or the model said that the answer is complete."""
        self.thinking = ThinkingFilter()
        self.apart = False
        """The server sends reasoning in a field of its own, so that what it sends as words is."""
        self.read: PromptRead | None = None
        """What was evaluated of the prompt, once a server has told that tells of it."""
        self.cut = False
        """The answer was ended by its bound, in the middle of a sentence perhaps."""
        self._reasoning = ""
        self._url = url
        self._framed = "content-length" in headers or "transfer-encoding" in headers
        self._redact = redact
        self._events = EventStream()
        self._calls = CallCollector()
        self._body: bytearray | None = None
        self._begun = False
        self._any = False
        self._finished = False

    @property
    def reasoning(self) -> str:
        """What was no part of the answer."""
        return self._reasoning + self.thinking.reasoning

    def feed(self, chunk: bytes) -> list[Item]:
        """Pieces that this chunk brought."""
        if not self._begun:
            chunk = chunk.removeprefix(b"\xef\xbb\xbf").lstrip()
            if not chunk:
                return []
            self._begun = True
            if chunk[:1] == b"<":
                raise self._garbage("a web page")
            if chunk[:1] in (b"{", b"["):
                self._body = bytearray()
        if self._body is not None:
            self._body += chunk
            return []
        return self._pieces(self._events.feed(chunk))

    def end(self, *, truncated: bool = False) -> list[Item]:
        """What is left when the connection closed; raises where the answer is not whole.

        `truncated`: we stopped reading, which is no fault of the server's.
        """
        if self._body is not None:
            return [] if truncated else self._whole(bytes(self._body))
        pieces = [] if self.done or truncated else self._pieces(self._events.end())
        pieces += self.thinking.end()
        if not self._any:
            raise self._garbage("nothing that is an answer")
        # Without [DONE] and without a reason to finish, only a length or chunks vouch for the end.
        if not (self.done or self._finished or truncated or self._framed):
            raise Broken(pieces)
        return [*pieces, *self._calls.finish()]

    def broken_off(self) -> list[Item]:
        """What is left where the connection broke: words, but no call that may be half of one."""
        return self.thinking.end()

    def _pieces(self, events: list[str]) -> list[Item]:
        pieces: list[Item] = []
        for event in events:
            if event.strip() == "[DONE]":
                self.done = True
                break
            pieces += self.thinking.feed(self._text(event))
            if self.thinking.over and not self._calls:
                self.done = True
                break
        return pieces

    def _text(self, event: str) -> str:
        """The words of one event; "" for anything else."""
        try:
            data = json.loads(event)
        except (ValueError, RecursionError):
            return ""
        if isinstance(data, dict) and data.get("error"):
            raise self._error(event.encode())
        self.read = self.read or prompt_read(data)
        choice = _choice(data)
        if choice is None:
            return ""
        self._any = True
        if choice.get("finish_reason"):
            self._finished = True
            self.cut = choice["finish_reason"] == "length"
        return self._message(choice.get("delta") or choice.get("message"))

    def _whole(self, body: bytes) -> list[Item]:
        """The answer of a server that does not stream."""
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise self._garbage("broken JSON") from None
        if isinstance(data, dict) and data.get("error"):
            raise self._error(body)
        choice = _choice(data)
        if choice is None:
            raise self._garbage("JSON without an answer")
        pieces = self.thinking.feed(self._message(choice.get("message")))
        return [*pieces, *self.thinking.end(), *self._calls.finish()]

    def _message(self, message: Any) -> str:
        """Text of a message or delta; what else it has is kept."""
        if not isinstance(message, dict):
            return ""
        thought, words = reasoning_in(message), content_in(message)
        if message.get("thought") is True:
            thought, words = thought + words, ""
        if thought:
            self.apart = True
            self._reasoning = (self._reasoning + thought)[:MAX_KEPT]
        self._calls.take(message)
        return words

    def _error(self, body: bytes) -> LanguageModelError:
        said = self._redact(error_text(body)) or "an error without words"
        return LanguageModelError(
            "error",
            f"The language model's server says: {said}.",
            "Look into the server's log.",
            complaint=said,
        )

    def _garbage(self, what: str) -> LanguageModelError:
        return LanguageModelError(
            "garbage",
            f"The server at {self._url} sent {what}.",
            "Check brain.url: it must be an OpenAI-compatible server's, and usually ends in /v1.",
        )


def _choice(data: Any) -> dict[str, Any] | None:
    choices = data.get("choices") if isinstance(data, dict) else None
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return None


def prompt_read(data: Any) -> PromptRead | None:
    """From llama.cpp's `timings`; None where there are none that can be believed."""
    timings = data.get("timings") if isinstance(data, dict) else None
    if not isinstance(timings, dict):
        return None
    found = [timings.get(name, 0) for name in ("prompt_n", "cache_n", "prompt_ms")]
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in found):
        return None
    if not all(0 <= each < MAX_FIGURE for each in found):
        return None
    return PromptRead(int(found[0]), int(found[1]), float(found[2]))


_THOUGHTS = ("reasoning", "reasoning_content", "thinking", "thought", "thoughts")


def content_in(message: dict[str, Any]) -> str:
    """Words of a message or delta: a string, or a list of parts."""
    content = message.get("content")
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else [content]
    return "".join(_words(part) for part in parts if not _is_thought(part))


def reasoning_in(message: dict[str, Any]) -> str:
    """What a message or delta has of reasoning, in fields of its own or as parts of its content."""
    found = [_strings(message.get(name)) for name in _THOUGHTS]
    content = message.get("content")
    if isinstance(content, list):
        found += [_strings(part) for part in content if _is_thought(part)]
    return "".join(found)


def _is_thought(part: Any) -> bool:
    kind = part.get("type") if isinstance(part, dict) else None
    return isinstance(kind, str) and any(word in kind for word in ("think", "reason", "thought"))


def _words(part: Any) -> str:
    text = part.get("text") if isinstance(part, dict) else part
    return text if isinstance(text, str) else ""


def _strings(value: Any, depth: int = 4) -> str:
    """All text in a value of reasoning: a string, a part, or a list of either."""
    if isinstance(value, str):
        return value
    if depth and isinstance(value, list):
        return "".join(_strings(each, depth - 1) for each in value)
    if depth and isinstance(value, dict):
        names = ("text", "content", "summary", *_THOUGHTS)
        return "".join(_strings(value.get(name), depth - 1) for name in names)
    return ""


def error_text(body: bytes) -> str:
    """What a server's error body says, in one short line; "" where it is a page or nothing."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        text = body.decode("utf-8", errors="replace").strip()
        return "" if text.startswith("<") else readable(text)
    error = data.get("error", data) if isinstance(data, dict) else data
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or error.get("code")
    return readable(str(error)) if error else ""


def readable(text: str, limit: int = 200) -> str:
    """One line without control characters, at most `limit` characters long."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[:2_000]).split())
    line = line.rstrip(".")
    return line if len(line) <= limit else line[: limit - 1] + "…"
