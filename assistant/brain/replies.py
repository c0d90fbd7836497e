"""Reading what a chat server sends back, whatever it turns out to be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from assistant.brain.failures import LanguageModelError
from assistant.brain.sse import EventStream
from assistant.brain.thinking import ThinkingFilter


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
        """The server said that the answer is complete."""
        self._url = url
        self._framed = "content-length" in headers or "transfer-encoding" in headers
        self._redact = redact
        self._events = EventStream()
        self._thinking = ThinkingFilter()
        self._body: bytearray | None = None
        self._begun = False
        self._any = False
        self._finished = False

    def feed(self, chunk: bytes) -> list[str]:
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

    def end(self, *, truncated: bool = False) -> list[str]:
        """What is left when the connection closed; raises where the answer is not whole.

        `truncated`: we stopped reading, which is no fault of the server's.
        """
        if self._body is not None:
            return [] if truncated else self._whole(bytes(self._body))
        pieces = [] if self.done or truncated else self._pieces(self._events.end())
        pieces += [rest] if (rest := self._thinking.end()) else []
        if not self._any:
            raise self._garbage("nothing that is an answer")
        # Without [DONE] and without a reason to finish, only a length or chunks vouch for the end.
        if not (self.done or self._finished or truncated or self._framed):
            raise LanguageModelError("cut", "The language model's answer broke off.", "Ask again.")
        return pieces

    def _pieces(self, events: list[str]) -> list[str]:
        pieces: list[str] = []
        for event in events:
            if event.strip() == "[DONE]":
                self.done = True
                break
            text = self._thinking.feed(self._text(event))
            if text:
                pieces.append(text)
        return pieces

    def _text(self, event: str) -> str:
        """The words of one event; "" for anything else."""
        try:
            data = json.loads(event)
        except (ValueError, RecursionError):
            return ""
        if isinstance(data, dict) and data.get("error"):
            raise self._error(event.encode())
        choice = _choice(data)
        if choice is None:
            return ""
        self._any = True
        if choice.get("finish_reason"):
            self._finished = True
        return _content(choice.get("delta") or choice.get("message"))

    def _whole(self, body: bytes) -> list[str]:
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
        text = self._thinking.feed(_content(choice.get("message"))) + self._thinking.end()
        return [text] if text else []

    def _error(self, body: bytes) -> LanguageModelError:
        said = self._redact(error_text(body)) or "an error without words"
        return LanguageModelError(
            "error", f"The language model's server says: {said}.", "Look into the server's log."
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


def _content(message: Any) -> str:
    """Text of a message or delta: a string, or a list of parts."""
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


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
