"""The playback queue: what is to be played, and exactly how much of it was.

The audio callback reads, the event loop writes. Nothing here waits for anything longer than a few
list operations, and sound starts, stops, pauses and runs dry without a click: every edge is a ramp
of 5 ms. Fading out never uses up queued sound, so that between the edges what is read is what was
written, to the bit (at gain 1).
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.audio.ramps import FADE_SAMPLES, Fader, SmoothGain
from assistant.frames import SAMPLE_RATE

Float32 = NDArray[np.float32]
UtteranceHook = Callable[[int], None]

VOICED_PEAK = 0.003
"""Absolute sample value (−50 dBFS) from which sound counts as voiced."""
_REMEMBERED = 256
"""Utterances whose counts are kept."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Utterance:
    queued: int = 0
    played: int = 0
    first_sample_at: int | None = None
    ended: bool = False
    finished: bool = False
    cleared: bool = False


@dataclass(slots=True)
class _Piece:
    utterance: int
    pcm: Float32
    voiced: bool
    taken: int = 0

    @property
    def left(self) -> int:
        return self.pcm.size - self.taken


class JitterBuffer:
    """Thread-safe queue of 24 kHz mono float32 sound, in pieces that belong to utterances.

    Hooks in `on_first_sample` and `on_finished` get the utterance's number. They run in the thread
    that reads (the audio callback), outside the lock, and must return at once.
    """

    def __init__(self, max_seconds: float = 180.0, sample_rate: int = SAMPLE_RATE) -> None:
        self.on_first_sample: list[UtteranceHook] = []
        """The utterance's first sample was handed to the speaker."""
        self.on_finished: list[UtteranceHook] = []
        """All of an ended utterance was handed to the speaker; never called for a cleared one."""
        self._max_samples = round(max_seconds * sample_rate)
        self._pieces: deque[_Piece] = deque()
        self._utterances: OrderedDict[int, _Utterance] = OrderedDict()
        self._queued = 0
        self._voiced_pieces = 0
        self._dropped = 0
        self._underruns = 0
        self._position = 0
        self._sounded_until = 0
        self._sounding = False
        self._paused = False
        self._flowing: int | None = None
        self._last_sample = np.float32(0.0)
        self._fader = Fader()
        self._gain = SmoothGain()
        self._lock = threading.Lock()

    # --- what the session does ----------------------------------------------------------------

    def write(self, utterance: int, pcm: Float32) -> int:
        """Queue float32 [n]; returns how many samples were taken: all, or none of an utterance that
        was cleared or has ended. The array must not be changed afterwards."""
        if pcm.size == 0:
            return 0
        voiced = bool(np.abs(pcm).max() >= VOICED_PEAK)
        with self._lock:
            record = self._record(utterance)
            if record.cleared or record.ended:
                return 0
            self._pieces.append(_Piece(utterance, pcm, voiced))
            record.queued += pcm.size
            self._queued += pcm.size
            self._voiced_pieces += voiced
            finished = self._drop_oldest()
        self._tell(self.on_finished, finished)
        return pcm.size

    def end(self, utterance: int, samples: int | None = None) -> None:
        """No more sound of this utterance will come. Where `samples` (all of it) is more than was
        written, the rest counts as dropped."""
        with self._lock:
            record = self._record(utterance)
            if samples is not None and not record.cleared and not record.ended:
                self._dropped += max(0, samples - record.played - record.queued)
            record.ended = True
            finished = self._finish(utterance, record)
        self._tell(self.on_finished, finished)

    def clear(self) -> dict[int, int]:
        """Drop what is queued, fading out what sounds just now.

        Returns for each utterance that had not finished how many of its samples had been played.
        What is still written to these is refused.
        """
        with self._lock:
            self._fade_out()
            cleared: dict[int, int] = {}
            for utterance, record in self._utterances.items():
                if not record.finished and not record.cleared:
                    cleared[utterance] = record.played
                    record.cleared = True
                    record.queued = 0
            self._pieces.clear()
            self._queued = 0
            self._voiced_pieces = 0
        return cleared

    def pause(self) -> None:
        """Fall silent without losing anything: `resume` goes on where this stopped."""
        with self._lock:
            if not self._paused:
                self._fade_out()
                self._paused = True

    def resume(self) -> None:
        with self._lock:
            self._paused = False

    # --- what the speaker does ----------------------------------------------------------------

    def read(self, n: int) -> Float32:
        """The next `n` samples, zeros where there are none; float32 [n], an array of its own."""
        out = np.zeros(n, dtype=np.float32)
        started: list[int] = []
        finished: list[int] = []
        with self._lock:
            done = 0
            while done < n:
                if self._fader.has_tail:
                    done += self._fader.take_tail(out[done:])
                elif not self._pieces or self._paused:
                    if self._flowing is None:
                        break
                    self._underruns += not self._utterances[self._flowing].ended
                    self._fade_out(upcoming=False)
                elif self._flowing not in (None, self._pieces[0].utterance):
                    self._fade_out(upcoming=False)
                else:
                    done += self._take(out, done, started, finished)
            self._note_voiced(out)
            self._gain.apply(out)
            self._position += n
        self._tell(self.on_first_sample, started)
        self._tell(self.on_finished, finished)
        return out

    # --- what anyone may ask ------------------------------------------------------------------

    def played(self, utterance: int) -> int:
        """Samples of it that were read; fades at its edges are not counted."""
        with self._lock:
            record = self._utterances.get(utterance)
            return record.played if record else 0

    def first_sample_at(self, utterance: int) -> int | None:
        """`position` at which its first sample was read; None before that."""
        with self._lock:
            record = self._utterances.get(utterance)
            return record.first_sample_at if record else None

    @property
    def position(self) -> int:
        """Samples ever read, silence counted: the clock of the speaker."""
        return self._position

    @property
    def sounded_until(self) -> int:
        """`position` just behind the last voiced sample that was read; 0 before any."""
        return self._sounded_until

    @property
    def is_sounding(self) -> bool:
        """Something voiced was in the last read, or is queued and will be."""
        return self._sounding or (self._voiced_pieces > 0 and not self._paused)

    @property
    def queued(self) -> int:
        """Samples waiting to be read."""
        return self._queued

    @property
    def dropped(self) -> int:
        """Samples that were never played because the queue was full or they never came."""
        return self._dropped

    @property
    def underruns(self) -> int:
        """How often sound ran dry before its utterance had ended."""
        return self._underruns

    @property
    def paused(self) -> bool:
        return self._paused

    @property
    def gain(self) -> float:
        """Volume from 0 to 1; a change is heard as a ramp of 20 ms."""
        return self._gain.target

    @gain.setter
    def gain(self, value: float) -> None:
        self._gain.target = min(1.0, max(0.0, value))

    # --- inside, under the lock ---------------------------------------------------------------

    def _record(self, utterance: int) -> _Utterance:
        record = self._utterances.get(utterance)
        if record is None:
            record = self._utterances[utterance] = _Utterance()
            if len(self._utterances) > _REMEMBERED:
                self._forget_one()
        return record

    def _forget_one(self) -> None:
        for utterance, record in self._utterances.items():
            if record.queued == 0 and utterance != self._flowing:
                del self._utterances[utterance]
                return

    def _take(self, out: Float32, done: int, started: list[int], finished: list[int]) -> int:
        """Copy as much of the first piece as fits behind the `done` samples of `out`."""
        piece = self._pieces[0]
        n = min(piece.left, out.size - done)
        record = self._utterances[piece.utterance]
        if record.first_sample_at is None:
            record.first_sample_at = self._position + done
            started.append(piece.utterance)
        block = out[done : done + n]
        block[:] = piece.pcm[piece.taken : piece.taken + n]
        self._last_sample = block[-1]
        self._fader.fade_in(block)
        self._flowing = piece.utterance
        record.played += n
        finished += self._consume(piece, record, n)
        return n

    def _consume(self, piece: _Piece, record: _Utterance, n: int) -> list[int]:
        """Take `n` samples off the first piece; returns its utterance if that finished it."""
        piece.taken += n
        record.queued -= n
        self._queued -= n
        if piece.left == 0:
            self._pieces.popleft()
            self._voiced_pieces -= piece.voiced
        return self._finish(piece.utterance, record)

    def _drop_oldest(self) -> list[int]:
        finished: list[int] = []
        excess = self._queued - self._max_samples
        if excess > 0 and self._flowing is not None:
            self._fade_out()
        while excess > 0:
            piece = self._pieces[0]
            n = min(piece.left, excess)
            excess -= n
            self._dropped += n
            finished += self._consume(piece, self._utterances[piece.utterance], n)
        return finished

    def _finish(self, utterance: int, record: _Utterance) -> list[int]:
        done = record.ended and record.queued == 0
        if not done or record.finished or record.cleared:
            return []
        record.finished = True
        return [utterance]

    def _fade_out(self, *, upcoming: bool = True) -> None:
        """Start the tail: from what is queued of the same utterance, or from the last sample."""
        ahead = [np.zeros(0, dtype=np.float32)]
        wanted = FADE_SAMPLES if upcoming else 0
        for piece in self._pieces:
            if wanted <= 0 or piece.utterance != self._flowing:
                break
            ahead.append(piece.pcm[piece.taken : piece.taken + wanted])
            wanted -= piece.left
        self._fader.fade_out(np.concatenate(ahead), self._last_sample)
        self._flowing = None

    def _note_voiced(self, out: Float32) -> None:
        voiced = np.flatnonzero(np.abs(out) >= VOICED_PEAK)
        self._sounding = voiced.size > 0
        if voiced.size:
            self._sounded_until = self._position + int(voiced[-1]) + 1

    @staticmethod
    def _tell(hooks: list[UtteranceHook], utterances: list[int]) -> None:
        for utterance in utterances:
            for hook in hooks:
                try:
                    hook(utterance)
                except Exception:  # a listener's mistake must not end the sound
                    _log.exception("a playback hook failed")
