"""The model's output never ends; here it is cut into utterances, as the host counts them.

An utterance begins with a word, or with sound that lasts, and ends when nothing has been said or
heard for a while. What is sent of it is all that the host knows: between utterances nothing is.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import Emit
from assistant.backends.moshi.contract import Codes
from assistant.backends.moshi.monologue import CallFilter, DecidedFrame, TimedWord, Words, rms
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SAMPLES,
    AgentText,
    AudioOut,
    CallSpelled,
    UtteranceEnded,
)

QUIET = 10 ** (-48 / 20)
"""RMS below which a frame counts as silent: Mimi's silence lies far below, a whisper above."""
REST = 10
"""Frames (0.8 s) without word and sound after which an utterance is over."""
LONGEST_SOUND = 50
"""Frames (4 s) without a word after which it is over, whatever is still to be heard."""
ONSET = 2
"""Frames of sound in a row that begin an utterance without a word: laughter, a hum."""
PRE_ROLL = 2
"""Frames before the beginning that belong to it: sound may come a little before its word."""


@dataclass(frozen=True, slots=True)
class Moment:
    """One frame of the model's output."""

    text: int
    """Text token."""
    audio: Codes | None
    """[agent codebooks]; None while the model's state is so young that no frame is complete."""
    epoch: int = 0
    """How many interruptions the model knew of when it made this."""
    say: int | None = None
    """Number of the host's utterance that it belongs to; None: the model speaks for itself."""
    finished: bool = False
    """All words of the host's utterance were begun by now."""
    mute: bool = False
    """The model was made silent."""
    fresh: bool = False
    """It follows on another state of the model: sound before it is another conversation's."""


@dataclass(slots=True)
class _ModelUtterance:
    number: int
    said: bool
    calls: CallFilter = field(default_factory=CallFilter)
    words: Words = field(default_factory=Words)
    samples: int = 0
    """Sent so far."""
    rest: int = 0
    """Frames since anything was said or heard."""
    wordless: int = 0
    """Frames since the last word."""


class Utterances:
    """Takes moments with their sound, emits `AudioOut`, `AgentText`, `CallSpelled` and
    `UtteranceEnded`. `on_said(number)` is called when one of the host's utterances is over.

    `take` belongs to one thread; `interrupt` may be called from any.
    """

    def __init__(
        self,
        emit: Emit,
        text: Callable[[int], str],
        on_said: Callable[[int], None],
        first: int = FIRST_OWN_UTTERANCE,
    ) -> None:
        """`text` gives what a text token writes; the model's own utterances are numbered from
        `first`."""
        self._emit = emit
        self._text = text
        self._on_said = on_said
        self._next = first
        self._lock = threading.RLock()
        self._current: _ModelUtterance | None = None
        self._ended = -1
        """The last of the host's utterances that is over."""
        self._pre_roll: deque[Float32] = deque(maxlen=PRE_ROLL)
        self._loud = 0
        """Frames of sound in a row."""
        self.epoch = 0

    @property
    def open(self) -> bool:
        """Something is being said."""
        return self._current is not None

    def take(self, moment: Moment, pcm: Float32) -> None:
        """The next frame: float32 [1920]."""
        with self._lock:
            if moment.epoch != self.epoch:
                return  # made before the interruption
            if moment.say is not None and moment.say <= self._ended:
                return
            if moment.mute or moment.fresh:
                self._pre_roll.clear()
            text = "" if moment.mute else self._text(moment.text)
            quiet = moment.mute or rms(pcm) < QUIET
            self._loud = 0 if quiet else self._loud + 1
            self._turn_to(moment.say)
            if self._current is None:
                if not text and self._loud != ONSET:
                    if not moment.mute:
                        self._pre_roll.append(pcm)
                    return
                pcm = np.concatenate([*self._pre_roll, pcm])
                self._begin(self._next, said=False)
                self._next += 1
            if self._current is not None:
                self._go_on(self._current, moment, text, pcm, quiet)

    def interrupt(self) -> int:
        """Nothing more of what was made until now is emitted once this returns; what was begun is
        ended. Returns the new epoch."""
        with self._lock:
            self.epoch += 1
            self._pre_roll.clear()
            if self._current is not None:
                self._current.calls = CallFilter()
                self._end(self._current)
            return self.epoch

    def nothing(self, number: int) -> None:
        """Of this utterance of the host's nothing will be heard (any more)."""
        with self._lock:
            if number > self._ended:
                self._ended = number
                self._emit(UtteranceEnded(number, 0))

    # -- inside, under the lock ------------------------------------------------------------------

    def _turn_to(self, say: int | None) -> None:
        """Whose turn it is: the host's utterances displace what the model says for itself."""
        current = self._current
        number = current.number if current is not None and current.said else None
        if say == number:
            return
        if current is not None:
            self._end(current)
        if say is not None:
            self._begin(say, said=True)

    def _begin(self, number: int, *, said: bool) -> None:
        self._current = _ModelUtterance(number, said)
        self._pre_roll.clear()

    def _go_on(
        self, current: _ModelUtterance, moment: Moment, text: str, pcm: Float32, quiet: bool
    ) -> None:
        if text:
            current.rest = current.wordless = 0
        else:
            current.wordless += 1
            current.rest = current.rest + 1 if quiet else 0
        for out in current.calls.take(text, pcm, quiet):
            if isinstance(out, DecidedFrame):
                self._send(current, out)
            else:
                self._emit(CallSpelled(current.number, out.text))
        over = current.rest >= REST or current.wordless >= LONGEST_SOUND
        if over and not current.calls.holding and (moment.finished or not current.said):
            self._end(current)

    def _send(self, current: _ModelUtterance, heard: DecidedFrame) -> None:
        pcm, at = heard.pcm, current.samples
        if pcm is not None and self._belongs(current, heard, pcm):
            self._emit(AudioOut(current.number, encode_pcm(pcm)))
            current.samples += len(pcm)
            at = current.samples - FRAME_SAMPLES  # behind the pre-roll
        self._tell(current, current.words.take(heard.text, at, current.samples))

    def _belongs(self, current: _ModelUtterance, heard: DecidedFrame, pcm: Float32) -> bool:
        """No sound before its first word or after its last is sent while it waits for more: beside
        a call there may be nothing to be heard, and the host may think about how to go on."""
        if heard.text.strip():
            return True
        waits = current.samples == 0 or (current.said and current.rest > REST)
        return not waits or rms(pcm) >= QUIET

    def _tell(self, current: _ModelUtterance, words: list[TimedWord]) -> None:
        for word in words:
            self._emit(AgentText(current.number, word.text, word.start, word.end))

    def _end(self, current: _ModelUtterance) -> None:
        for out in current.calls.finish():
            if isinstance(out, DecidedFrame):
                self._send(current, out)
            else:
                self._emit(CallSpelled(current.number, out.text))
        self._tell(current, current.words.flush(current.samples))
        self._current = None
        # What still sounds does not begin another one; silence has to come first.
        if self._loud:
            self._loud = max(self._loud, ONSET)
        if current.said:
            self._ended = current.number
        if current.said or current.samples or current.words.any:
            self._emit(UtteranceEnded(current.number, current.samples))
        if current.said:
            self._on_said(current.number)
