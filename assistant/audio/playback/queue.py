"""Playback queue: what waits for the speaker, piece by piece, and the account of each utterance.

Belongs to `JitterBuffer`, which holds its lock around every call.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.frames import SAMPLE_RATE

Float32 = NDArray[np.float32]

VOICED_PEAK = 0.003
"""Absolute sample value (−50 dBFS) from which sound counts as voiced."""
LONGEST_REWIND = 0.6
"""Seconds of what was played that are kept, to go back into."""
_REMEMBERED = 256
"""Utterances whose counts are kept."""
_DIP = SAMPLE_RATE * 20 // 1000
"""Samples over which the quietest place is looked for: 20 ms."""


@dataclass(slots=True)
class QueuedUtterance:
    """The books on one utterance, in samples."""

    queued: int = 0
    again: int = 0
    """Queued for a second time, after going back."""
    played: int = 0
    first_sample_at: int | None = None
    ended: bool = False
    finished: bool = False
    cleared: bool = False


@dataclass(slots=True)
class Piece:
    """A stretch of one utterance's sound, of which `taken` samples were played."""

    utterance: int
    pcm: Float32
    again: bool = False
    taken: int = 0
    voiced: bool = False

    def __post_init__(self) -> None:
        self.voiced = bool(np.abs(self.pcm).max() >= VOICED_PEAK)

    @property
    def left(self) -> int:
        return self.pcm.size - self.taken


class PlaybackQueue:
    """Pieces in the order in which they are played."""

    def __init__(self) -> None:
        self.queued = 0
        """Samples waiting, those played again included."""
        self.voiced_pieces = 0
        self._pieces: deque[Piece] = deque()
        self._utterances: OrderedDict[int, QueuedUtterance] = OrderedDict()
        self._past: deque[Float32] = deque()
        self._past_of: int | None = None
        self._past_samples = 0

    @property
    def first(self) -> Piece | None:
        return self._pieces[0] if self._pieces else None

    def find(self, utterance: int) -> QueuedUtterance | None:
        return self._utterances.get(utterance)

    def open(self, utterance: int, flowing: int | None) -> QueuedUtterance:
        """Its books, opened where there are none. Old ones go, but never those of `flowing`."""
        record = self._utterances.get(utterance)
        if record is None:
            record = self._utterances[utterance] = QueuedUtterance()
            if len(self._utterances) > _REMEMBERED:
                self._forget_one(flowing)
        return record

    def append(self, piece: Piece) -> None:
        self._pieces.append(piece)
        self._utterances[piece.utterance].queued += piece.left
        self._count(piece)

    def take(self, piece: Piece, n: int, *, played: bool) -> bool:
        """Take `n` samples off the first piece; returns whether that finished its utterance."""
        record = self._utterances[piece.utterance]
        if played:
            self._keep(piece.utterance, piece.pcm[piece.taken : piece.taken + n])
        piece.taken += n
        self.queued -= n
        if piece.again:
            record.again -= n
        else:
            record.queued -= n
            record.played += n if played else 0
        if piece.left == 0:
            self._pieces.popleft()
            self.voiced_pieces -= piece.voiced
        return self.finish(piece.utterance)

    def finish(self, utterance: int) -> bool:
        """Whether it is over just now: no more comes and nothing is left."""
        record = self._utterances[utterance]
        left = record.queued or record.again or not record.ended
        if left or record.finished or record.cleared:
            return False
        record.finished = True
        return True

    def clear(self) -> dict[int, int]:
        """Drop everything. For each utterance that had not finished: how much had been played."""
        cleared: dict[int, int] = {}
        for utterance, record in self._utterances.items():
            if not record.finished and not record.cleared:
                cleared[utterance] = record.played
                record.cleared = True
                record.queued = record.again = 0
        self._pieces.clear()
        self.queued = self.voiced_pieces = 0
        return cleared

    def upcoming(self, utterance: int | None, n: int) -> Float32:
        """The next samples of `utterance`, at most `n`, as far as nothing else comes between."""
        ahead = [np.zeros(0, dtype=np.float32)]
        for piece in self._pieces:
            if n <= 0 or piece.utterance != utterance:
                break
            ahead.append(piece.pcm[piece.taken : piece.taken + n])
            n -= piece.left
        return np.concatenate(ahead)

    def rewind(self, utterance: int, seconds: float) -> int:
        """Queue about the last `seconds` that were played of `utterance` once more, from the
        quietest place within half of that around. Returns the samples; 0 where it is over."""
        record = self._utterances.get(utterance)
        if record is None or record.finished or record.cleared or utterance != self._past_of:
            return 0
        past = np.concatenate(list(self._past))
        wanted = round(seconds * SAMPLE_RATE)
        again = past[_quietest(past, past.size - wanted, wanted // 2) :]
        if again.size == 0:
            return 0
        piece = Piece(utterance, again, again=True)
        self._pieces.appendleft(piece)
        record.again += again.size
        self._count(piece)
        self._past_of = None  # it is the future now
        if again.size < past.size:
            self._keep(utterance, past[: past.size - again.size])
        return again.size

    def _count(self, piece: Piece) -> None:
        self.queued += piece.left
        self.voiced_pieces += piece.voiced

    def _keep(self, utterance: int, sound: Float32) -> None:
        if utterance != self._past_of:
            self._past.clear()
            self._past_samples = 0
            self._past_of = utterance
        self._past.append(sound)
        self._past_samples += sound.size
        while self._past_samples - self._past[0].size >= LONGEST_REWIND * SAMPLE_RATE:
            self._past_samples -= self._past.popleft().size

    def _forget_one(self, flowing: int | None) -> None:
        for utterance, record in self._utterances.items():
            if not record.queued and not record.again and utterance != flowing:
                del self._utterances[utterance]
                return


def _quietest(sound: Float32, around: int, reach: int) -> int:
    """Middle of the quietest 20 ms of `sound` within `reach` samples of index `around`."""
    begin = max(0, around - reach - _DIP // 2)
    part = sound[begin : max(0, around + reach + _DIP // 2)].astype(np.float64) ** 2
    if part.size <= _DIP:
        return max(0, around)
    total = np.concatenate(([0.0], np.cumsum(part)))
    return begin + int((total[_DIP:] - total[:-_DIP]).argmin()) + _DIP // 2
