"""Which utterances are an earlier client's."""

from __future__ import annotations

from assistant.frames import FIRST_OWN_UTTERANCE


class Newest:
    """The highest numbers so far of utterances that were asked for, and of the model's own."""

    def __init__(self, said: int = 0, own: int = FIRST_OWN_UTTERANCE - 1) -> None:
        self._said = said
        self._own = own

    def copy(self) -> Newest:
        return Newest(self._said, self._own)

    def restart(self) -> None:
        """A new backend counts its own from the beginning."""
        self._own = FIRST_OWN_UTTERANCE - 1

    def next_said(self) -> int:
        self._said += 1
        return self._said

    def see(self, number: int) -> None:
        if number >= FIRST_OWN_UTTERANCE:
            self._own = max(self._own, number)

    def covers(self, number: int) -> bool:
        return number <= (self._own if number >= FIRST_OWN_UTTERANCE else self._said)
