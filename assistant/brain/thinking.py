"""Dropping the reasoning that some models write before their answer: `<think>…</think>`."""

from __future__ import annotations

import re

_OPEN = re.compile(r"<(think|thinking|reasoning|thought)>", re.IGNORECASE)
_LONGEST_TAG = len("</reasoning>")


class ThinkingFilter:
    """Passes a stream through without its reasoning, however the tags are cut into pieces."""

    def __init__(self) -> None:
        self._held = ""
        self._closing: re.Pattern[str] | None = None
        self._said = False

    def feed(self, piece: str) -> str:
        """What of the text so far may be spoken and was not returned before."""
        self._held += piece
        spoken: list[str] = []
        while self._held:
            if self._closing is not None:
                end = self._closing.search(self._held)
                if end is None:
                    self._held = self._held[-_LONGEST_TAG:]
                    break
                self._held, self._closing = self._held[end.end() :], None
                continue
            start = _OPEN.search(self._held)
            if start is None:
                safe = _safe_length(self._held)
                spoken.append(self._held[:safe])
                self._held = self._held[safe:]
                break
            spoken.append(self._held[: start.start()])
            self._closing = re.compile(rf"</{start.group(1)}>", re.IGNORECASE)
            self._held = self._held[start.end() :]
        return self._trimmed("".join(spoken))

    def end(self) -> str:
        """The rest, when the stream is over: a lone "<" was no tag after all."""
        rest = "" if self._closing is not None else self._held
        self._held = ""
        return self._trimmed(rest)

    def _trimmed(self, text: str) -> str:
        """Without the blank lines that stand between the reasoning and the first word."""
        if not self._said:
            text = text.lstrip()
            self._said = bool(text)
        return text


def _safe_length(text: str) -> int:
    """How much of the text cannot be the beginning of an opening tag."""
    at = text.rfind("<", max(0, len(text) - _LONGEST_TAG))
    if at < 0:
        return len(text)
    tail = text[at:].casefold()
    tags = ("<think>", "<thinking>", "<reasoning>", "<thought>")
    return at if any(tag.startswith(tail) for tag in tags) else len(text)
