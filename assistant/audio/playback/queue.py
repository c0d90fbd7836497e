"""Playback queue: what waits for the speaker, piece by piece, and the account of each utterance.

Belongs to `JitterBuffer`, which holds its lock around every call.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32

VOICED_PEAK = 0.003
"""Absolute sample value (−50 dBFS) from which sound counts as voiced."""
_REMEMBERED = 256
"""Utterances whose counts are kept."""


@dataclass(slots=True)
class QueuedUtterance:
    """The books on one utterance, in samples."""

    queued: int = 0
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
        """Samples waiting."""
        self.voiced_pieces = 0
        self._pieces: deque[Piece] = deque()
        self._utterances: OrderedDict[int, QueuedUtterance] = OrderedDict()

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
        self.queued += piece.left
        self.voiced_pieces += piece.voiced

    def take(self, piece: Piece, n: int, *, played: bool) -> bool:
        """Take `n` samples off the first piece; returns whether that finished its utterance."""
        record = self._utterances[piece.utterance]
        piece.taken += n
        self.queued -= n
        record.queued -= n
        record.played += n if played else 0
        if piece.left == 0:
            self._pieces.popleft()
            self.voiced_pieces -= piece.voiced
        return self.finish(piece.utterance)

    def finish(self, utterance: int) -> bool:
        """Whether it is over just now: no more comes and nothing is left."""
        record = self._utterances[utterance]
        left = record.queued or not record.ended
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
                record.queued = 0
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

    def _forget_one(self, flowing: int | None) -> None:
        for utterance, record in self._utterances.items():
            if not record.queued and utterance != flowing:
                del self._utterances[utterance]
                return
