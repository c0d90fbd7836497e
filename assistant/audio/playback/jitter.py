"""Jitter buffer: what is to be played, and exactly how much of it was.

The audio callback reads, the event loop writes. Nothing here waits for anything longer than a few
list operations, and sound starts, stops, pauses and runs dry without a click. Fading out never uses
up queued sound, so that between the edges what is read is what was written, to the bit (at gain 1).

Sound that is late (a frame of a real-time model, a slow voice) is concealed for up to 70 ms and
then played whole: it and all behind it are heard that much later. That does not add up, because
the delay is a cushion from then on: only what is later than anything before runs dry again, and
the delay is an utterance's worst lateness (less what it waited for at its start), never the sum.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from assistant.audio.playback.conceal import FADE_SAMPLES, Edges, SmoothGain
from assistant.audio.playback.queue import VOICED_PEAK, Piece, PlaybackQueue
from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

UtteranceHook = Callable[[int], None]

_MATCH_SAMPLES = 2 * FADE_SAMPLES

_log = logging.getLogger(__name__)


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
        self.on_cleared: list[Callable[[], None]] = []
        """What was queued is not to be played any more, in the thread that said so: for a speaker
        that has a queue of its own."""
        self._max_samples = round(max_seconds * sample_rate)
        self._list = PlaybackQueue()
        self._dropped = 0
        self._underruns = 0
        self._concealed = 0
        self._position = 0
        self._sounding = False
        self._paused = False
        self._flowing: int | None = None
        """The utterance that sounds, or is concealed."""
        self._cut_short = False
        """A pause fell into something that sounded."""
        self._edges = Edges()
        self._gain = SmoothGain()
        self._lock = threading.Lock()

    # --- what the session does ----------------------------------------------------------------

    def write(self, utterance: int, pcm: Float32) -> int:
        """Queue float32 [n]; returns how many samples were taken: all, or none of an utterance that
        was cleared or has ended. The array must not be changed afterwards."""
        if pcm.size == 0:
            return 0
        piece = Piece(utterance, pcm)
        with self._lock:
            record = self._list.open(utterance, self._flowing)
            if record.cleared or record.ended:
                return 0
            self._list.append(piece)
            finished = self._drop_oldest()
        self._tell(self.on_finished, finished)
        return pcm.size

    def end(self, utterance: int, samples: int | None = None) -> None:
        """No more sound of this utterance will come. Where `samples` (all of it) is more than was
        written, the rest counts as dropped."""
        with self._lock:
            record = self._list.open(utterance, self._flowing)
            if samples is not None and not record.cleared and not record.ended:
                self._dropped += max(0, samples - record.played - record.queued)
            record.ended = True
            finished = self._list.finish(utterance)
        self._tell(self.on_finished, [utterance] if finished else [])

    def clear(self) -> dict[int, int]:
        """Drop what is queued, fading out what sounds just now.

        Returns for each utterance that had not finished how many of its samples had been played.
        What is still written to these is refused.
        """
        with self._lock:
            self._stop()
            self._cut_short = False
            unfinished = self._list.clear()
        for hook in self.on_cleared:
            hook()
        return unfinished

    def pause(self) -> None:
        """Fall silent within 5 ms of samples without losing anything."""
        with self._lock:
            if not self._paused:
                self._cut_short = self._flowing is not None
                self._stop()
                self._paused = True

    def resume(self) -> None:
        """Go on where a pause stopped, softly where that cut something short."""
        with self._lock:
            if self._cut_short:
                self._edges.soften()
            self._cut_short = self._paused = False

    # --- what the speaker does ----------------------------------------------------------------

    def read(self, n: int) -> Float32:
        """The next `n` samples, zeros where there are none; float32 [n], an array of its own."""
        out = np.zeros(n, dtype=np.float32)
        started: list[int] = []
        finished: list[int] = []
        with self._lock:
            done = 0
            while done < n:
                taken = self._next(out[done:], self._position + done, started, finished)
                if taken is None:
                    break
                self._edges.heard(out[done : done + taken])
                done += taken
            self._edges.heard(out[done:])
            self._sounding = bool((np.abs(out) >= VOICED_PEAK).any())
            self._gain.apply(out)
            self._position += n
        self._tell(self.on_first_sample, started)
        self._tell(self.on_finished, finished)
        return out

    # --- what anyone may ask ------------------------------------------------------------------

    def played(self, utterance: int) -> int:
        """Samples of it that were read, each once; fades and concealment are not counted."""
        with self._lock:
            record = self._list.find(utterance)
            return record.played if record else 0

    def first_sample_at(self, utterance: int) -> int | None:
        """`position` at which its first sample was read; None before that."""
        with self._lock:
            record = self._list.find(utterance)
            return record.first_sample_at if record else None

    @property
    def position(self) -> int:
        """Samples ever read, silence counted: the clock of the speaker."""
        return self._position

    @property
    def is_sounding(self) -> bool:
        """Something voiced was in the last read, or is queued and will be."""
        return self._sounding or (self._list.voiced_pieces > 0 and not self._paused)

    @property
    def queued(self) -> int:
        """Samples waiting to be read."""
        return self._list.queued

    @property
    def dropped(self) -> int:
        """Samples that were never played because the queue was full or they never came."""
        return self._dropped

    @property
    def underruns(self) -> int:
        """How often sound ran dry before its utterance had ended."""
        return self._underruns

    @property
    def concealed(self) -> int:
        """Samples that were made up where sound ran dry."""
        return self._concealed

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

    def _next(
        self, out: Float32, position: int, started: list[int], finished: list[int]
    ) -> int | None:
        """Fill the beginning of `out` with what comes next; returns how many samples that were (it
        may be none yet), or None where there is silence."""
        edges = self._edges
        piece = None if self._paused else self._list.first
        if edges.closing:
            return edges.take_tail(out)
        if piece is None:
            return self._go_on_alone(out)
        if self._flowing not in (None, piece.utterance):
            self._stop()
            return 0
        if edges.bridging:
            wait = edges.wait(self._list.upcoming(piece.utterance, _MATCH_SAMPLES))
            if wait:
                return self._conceal(out[:wait])
        return self._play(piece, out, position, started, finished)

    def _go_on_alone(self, out: Float32) -> int | None:
        """Nothing is there to be played."""
        if self._flowing is None:
            return None
        if self._edges.bridging:
            return self._conceal(out)
        if self._edges.silent:  # and so is its concealment
            self._flowing = None
            return None
        record = self._list.find(self._flowing)
        dry = record is not None and not record.ended
        self._underruns += dry
        self._edges.run_dry(conceal=dry)
        if not self._edges.bridging:
            self._flowing = None
        return 0

    def _conceal(self, out: Float32) -> int:
        n = self._edges.take_tail(out)
        self._concealed += n
        return n

    def _play(
        self, piece: Piece, out: Float32, position: int, started: list[int], finished: list[int]
    ) -> int:
        """Copy as much of the first piece as fits into `out`."""
        n = min(piece.left, out.size)
        record = self._list.open(piece.utterance, self._flowing)
        if record.first_sample_at is None:
            record.first_sample_at = position
            started.append(piece.utterance)
        out[:n] = piece.pcm[piece.taken : piece.taken + n]
        self._edges.enter(out[:n])
        self._flowing = piece.utterance
        if self._list.take(piece, n, played=True):
            finished.append(piece.utterance)
        return n

    def _drop_oldest(self) -> list[int]:
        finished: list[int] = []
        excess = self._list.queued - self._max_samples
        if excess > 0 and self._flowing is not None:
            self._stop()
        while excess > 0 and (piece := self._list.first) is not None:
            n = min(piece.left, excess)
            excess -= n
            self._dropped += n
            if self._list.take(piece, n, played=False):
                finished.append(piece.utterance)
        return finished

    def _stop(self) -> None:
        """Fade out what sounds, over what is queued of it."""
        self._edges.stop(self._list.upcoming(self._flowing, FADE_SAMPLES))
        self._flowing = None

    @staticmethod
    def _tell(hooks: list[UtteranceHook], utterances: list[int]) -> None:
        for utterance in utterances:
            for hook in hooks:
                try:
                    hook(utterance)
                except Exception:  # a listener's mistake must not end the sound
                    _log.exception("a playback hook failed")
