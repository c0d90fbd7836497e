"""Speech from our own server: it marks its utterances, and has taken tool calls out already."""

from __future__ import annotations

from assistant.audio.types import Float32
from assistant.backends.base import Emit
from assistant.backends.server.protocol import ServerReport
from assistant.backends.wire import encode_pcm
from assistant.frames import AgentText, AudioOut, CallSpelled, UtteranceEnded

_WORD_SAMPLES = 4_800
"""About how long a word sounds: its place is known, its end is not."""


class MarkedSpeech:
    """What the model says by itself is numbered from `first`."""

    def __init__(self, emit: Emit, first: int) -> None:
        self._emit = emit
        self._next = first
        self._number: int | None = None
        self._samples = 0
        self._cut = False
        self._asked: dict[int, list[str]] = {}
        """Texts that were sent to be said and of which nothing was heard yet."""

    def asked(self, utterance: int, text: str) -> None:
        """The server was asked to say this."""
        if utterance != self._number:
            self._asked.setdefault(utterance, []).append(text)

    def sound(self, pcm: Float32) -> None:
        """Between utterances it is silence."""
        if self._number is not None and not self._cut:
            self._emit(AudioOut(self._number, encode_pcm(pcm)))
            self._samples += len(pcm)

    def text(self, piece: str) -> None:
        word = piece.strip()
        if self._number is not None and not self._cut and word:
            start = self._samples
            self._emit(AgentText(self._number, word, start, start + _WORD_SAMPLES))

    def report(self, report: ServerReport) -> None:
        if report.call is not None:
            number = self._number if self._number is not None else self._new_number()
            self._emit(CallSpelled(number, report.call))
        if report.end:
            self._end()
        if report.begin is not None:
            self._end()
            said = report.begin.said
            known = said is not None and self._asked.pop(said, None) is not None
            self._number = said if known else self._new_number()
            self._samples = 0

    def interrupt(self) -> None:
        """Nothing more of what is being said, or was to be said, is heard."""
        self._cut = self._number is not None
        self._asked.clear()

    def close(self) -> None:
        """The connection is gone: what was begun ends here, what was to be said is text alone."""
        self._end()
        asked, self._asked = self._asked, {}
        for utterance, pieces in asked.items():
            self._emit(AgentText(utterance, "".join(pieces), 0, 0))
            self._emit(UtteranceEnded(utterance, 0))

    def _new_number(self) -> int:
        self._next += 1
        return self._next - 1

    def _end(self) -> None:
        if self._number is not None and not self._cut:
            self._emit(UtteranceEnded(self._number, self._samples))
        self._number, self._cut = None, False
