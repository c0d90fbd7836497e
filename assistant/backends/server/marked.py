"""Speech from our own server: it marks its utterances, and has taken tool calls out already."""

from __future__ import annotations

import asyncio

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import Emit
from assistant.backends.moshi.monologue import rms
from assistant.backends.moshi.utterances import QUIET, Moment, Utterances
from assistant.backends.server.protocol import ServerReport
from assistant.backends.wire import encode_pcm
from assistant.frames import FRAME_SAMPLES, AgentText, AudioOut, CallSpelled, UtteranceEnded

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

    @property
    def open(self) -> bool:
        """Something is being said."""
        return self._number is not None

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


# Speech from a foreign server: a sound without end and pieces of text, cut into utterances.

TEXT_WAIT = 0.02
"""Seconds that a frame waits for its text: both are sent at once."""
MOST_TEXT = 2_000
"""Characters that wait for a frame."""
REST_AFTER_CUT = 6
"""Silent frames after an interruption that end it: a server cannot be told to stop…"""
LONGEST_CUT = 125
"""…but is heard again after so many frames (10 s) whatever it does."""


class HeardSpeech:
    """Its own utterances are numbered from `first`. Belongs to the connection's event loop, but
    for `interrupt`, which the caller has to keep apart from the rest."""

    def __init__(self, emit: Emit, first: int) -> None:
        self._written = ""
        """In the frame at hand: a server sends text, not tokens."""
        self._utterances = Utterances(emit, lambda token: self._written, lambda number: None, first)
        self._rest: Float32 = np.zeros(0, np.float32)
        self._waiting: Float32 | None = None
        """A frame whose text may be on its way."""
        self._timer: asyncio.TimerHandle | None = None
        self._cut = 0
        """Frames that are still silenced."""
        self._quiet = 0

    def sound(self, pcm: Float32) -> None:
        """float32 [n], whatever length the server's pages have."""
        self._rest = np.concatenate((self._rest, pcm))
        while len(self._rest) >= FRAME_SAMPLES:
            self._decide()
            self._waiting, self._rest = self._rest[:FRAME_SAMPLES], self._rest[FRAME_SAMPLES:]
            if self._written:
                self._decide()
        if self._waiting is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(TEXT_WAIT, self._decide)

    def text(self, piece: str) -> None:
        self._written = (self._written + piece)[-MOST_TEXT:]
        if self._waiting is not None:
            self._decide()

    @property
    def open(self) -> bool:
        """Something is being said."""
        return self._utterances.open

    def interrupt(self) -> None:
        """Nothing is heard until the server pauses."""
        self._cut, self._quiet = LONGEST_CUT, 0
        self._utterances.interrupt()

    def close(self) -> None:
        """The connection is gone: what was begun ends here."""
        self._decide()
        self._utterances.interrupt()

    # -- inside ------------------------------------------------------------------------------

    def _decide(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        frame, self._waiting = self._waiting, None
        if frame is None:
            return
        mute = self._cut > 0
        if mute:
            self._quiet = 0 if self._written or rms(frame) >= QUIET else self._quiet + 1
            self._cut = 0 if self._quiet >= REST_AFTER_CUT else self._cut - 1
        moment = Moment(0, None, epoch=self._utterances.epoch, mute=mute)
        self._utterances.take(moment, frame)
        self._written = ""
