"""Ways a language model can fail, each with what a person can do about it."""

from __future__ import annotations

from typing import Literal

from assistant.brain.base import BrainError

FailureKind = Literal["absent", "slow", "cut", "refused", "missing", "busy", "error", "garbage"]


class LanguageModelError(BrainError):
    """A language model could not answer, or not to the end; `kind` says in which way.

    absent: nothing listens there. slow: no word in time, or it fell silent. cut: the connection
    broke in mid-answer (what came was yielded). refused: the key is wrong or missing. missing: no
    such model or address. busy: too many requests. error: the server said so. garbage: it did not
    speak the protocol.
    """

    def __init__(
        self, kind: FailureKind, message: str, remedy: str = "", *, complaint: str = ""
    ) -> None:
        """`complaint`: the server's own words, where it answered that it will not."""
        super().__init__(message, remedy)
        self.kind: FailureKind = kind
        self.complaint = complaint
