"""The vectors of all rows in short, in memory, and what they can be limited by."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.memory.base import Filters
from assistant.memory.retrieval.embedding import DIMENSIONS

Number = TypeVar("Number", bound=np.generic)
Read = Callable[[Sequence[int]], tuple[Sequence[int], Float32]]
"""Of the row ids it is given those that are stored, and their vectors, whole."""
_SPARE = 8_192
"""Rows that there is room for beyond those that are there: some thousand turns of a conversation.
To make room means to copy, and what was copied leaves a gap in the memory of the process."""
_SHORT = DIMENSIONS // 2
_CLOSER = 4
"""Times as many as asked for are compared in full."""
_AT_A_TIME = 1024
"""Rows that are multiplied at once: as numbers of four bytes they fit into a core's cache."""


class VectorEntry(NamedTuple):
    """What is kept of a row."""

    rowid: int
    at: float
    """Seconds since 1970."""
    category: str
    persona: str


class Vectors:
    """About 90 bytes a row, in the order of the row ids.

    Of every vector the first half is here, a byte a number: it is nearly as good (Matryoshka), so
    all are compared by it, and only the best of them in full, as they are stored.
    """

    def __init__(self, read: Read, room: int = 0) -> None:
        """`room`: how many are expected."""
        self._read = read
        self._size = 0
        room += _SPARE
        self._short: NDArray[np.int8] = np.zeros((room, _SHORT), np.int8)
        self._scales: Float32 = np.zeros(room, np.float32)
        self._rowids: NDArray[np.int64] = np.zeros(room, np.int64)
        self._at: NDArray[np.float64] = np.zeros(room, np.float64)
        self._category: NDArray[np.int32] = np.zeros(room, np.int32)
        self._persona: NDArray[np.int32] = np.zeros(room, np.int32)
        self._codes: dict[str, int] = {}

    def __len__(self) -> int:
        return self._size

    def add(self, entries: Sequence[VectorEntry], vectors: Float32) -> None:
        """A row of `vectors` for each of the entries, none of which is there yet."""
        if not entries:
            return
        start, end = self._size, self._size + len(entries)
        self._grow(end)
        self._size = end
        rowids, at, categories, personas = zip(*entries, strict=True)
        self._short[start:end], self._scales[start:end] = _shortened(vectors[:, :_SHORT])
        self._rowids[start:end] = rowids
        self._at[start:end] = at
        self._category[start:end] = [self._code(name) for name in categories]
        self._persona[start:end] = [self._code(name) for name in personas]
        added = self._rowids[max(start - 1, 0) : end]
        if (added[1:] < added[:-1]).any():
            self._sort()

    def remove(self, rowids: Iterable[int]) -> None:
        held = self._rowids[: self._size]
        asked = np.unique(np.fromiter(rowids, np.int64))
        places = held.searchsorted(asked)
        places = places[places < self._size]
        places = places[np.isin(held[places], asked)]
        if not len(places):
            return
        first = places[0]
        stay = np.ones(self._size - first, np.bool_)
        stay[places - first] = False
        end = first + np.count_nonzero(stay)
        for column in self._columns():
            column[first:end] = column[first : self._size][stay]
            column[end : self._size] = 0  # what is forgotten does not stay in memory either
        self._size = int(end)

    def nearest(
        self, vector: Float32, filters: Filters, allowed: Collection[int] | None, limit: int
    ) -> dict[int, float]:
        """Row ids and cosines of the best. `allowed`: row ids to choose from; None: all."""
        mask = self._mask(filters, allowed)
        places = np.arange(self._size) if mask is None else np.flatnonzero(mask)
        if len(places) > _CLOSER * limit:
            places = places[_best(self._roughly(vector, places), _CLOSER * limit)]
        cosines = self.cosines(vector, self._rowids[places].tolist())
        if len(cosines) <= limit:
            return cosines
        rowids, scores = list(cosines), np.fromiter(cosines.values(), np.float32)
        return {rowids[place]: cosines[rowids[place]] for place in _best(scores, limit)}

    def cosines(self, vector: Float32, rowids: Sequence[int]) -> dict[int, float]:
        """Of certain rows, as far as they are stored."""
        known, rows = self._read(rowids)
        return dict(zip(known, (rows @ vector).tolist(), strict=True))

    def _roughly(self, vector: Float32, places: NDArray[np.intp]) -> Float32:
        """By the first half of the vectors. To pick rows takes longer than to multiply them."""
        few = len(places) < self._size // 8
        short = self._short[places] if few else self._short[: self._size]
        scales = self._scales[places] if few else self._scales[: self._size]
        scores = np.empty(len(short), np.float32)
        part = np.empty((min(_AT_A_TIME, len(short)), _SHORT), np.float32)
        for start in range(0, len(short), _AT_A_TIME):
            rows = short[start : start + _AT_A_TIME]
            np.copyto(part[: len(rows)], rows)
            np.dot(part[: len(rows)], vector[:_SHORT], out=scores[start : start + len(rows)])
        scores *= scales
        return scores if few or len(places) == self._size else scores[places]

    def span(self, filters: Filters) -> tuple[int, int] | None:
        """The first and last row id that the filters let through, but for a person; None where
        they let nothing through."""
        mask = self._mask(filters, None)
        rowids = self._rowids[: self._size] if mask is None else self._rowids[: self._size][mask]
        return (int(rowids[0]), int(rowids[-1])) if len(rowids) else None

    def _mask(self, filters: Filters, allowed: Collection[int] | None) -> NDArray[np.bool_] | None:
        size = self._size
        masks: list[NDArray[np.bool_]] = []
        if filters.categories:
            codes = [self._code(category) for category in filters.categories]
            masks.append(np.isin(self._category[:size], codes))
        if filters.persona:
            masks.append(self._persona[:size] == self._code(filters.persona))
        if filters.since is not None:
            masks.append(self._at[:size] >= filters.since.timestamp())
        if filters.until is not None:
            masks.append(self._at[:size] < filters.until.timestamp())
        if allowed is not None:
            masks.append(np.isin(self._rowids[:size], np.fromiter(allowed, np.int64)))
        return np.logical_and.reduce(masks) if masks else None

    def _code(self, name: str) -> int:
        return self._codes.setdefault(name, len(self._codes))

    def _grow(self, size: int) -> None:
        room = len(self._rowids)
        if size <= room:
            return
        room = max(size, room + room // 2)
        # Zeros that nobody has touched take no memory yet: what is copied is only what there is.
        self._short = _roomier(self._short, room)
        self._scales = _roomier(self._scales, room)
        self._rowids = _roomier(self._rowids, room)
        self._at = _roomier(self._at, room)
        self._category = _roomier(self._category, room)
        self._persona = _roomier(self._persona, room)

    def _sort(self) -> None:
        order = self._rowids[: self._size].argsort()
        for column in self._columns():
            column[: self._size] = column[order]

    def _columns(self) -> tuple[NDArray[Any], ...]:
        columns = (self._short, self._scales, self._rowids, self._at, self._category)
        return (*columns, self._persona)


def _shortened(rows: Float32) -> tuple[NDArray[np.int8], Float32]:
    """Whole numbers up to 127, and what those of each row have to be multiplied by."""
    scales = np.abs(rows).max(axis=1) / np.float32(127)
    return np.rint(rows / np.where(scales > 0, scales, 1)[:, None]).astype(np.int8), scales


def _roomier(column: NDArray[Number], room: int) -> NDArray[Number]:
    grown = np.zeros((room, *column.shape[1:]), column.dtype)
    grown[: len(column)] = column
    return grown


def _best(scores: Float32, count: int) -> NDArray[np.intp]:
    """Places of the highest, in no order."""
    if count >= len(scores):
        return np.arange(len(scores))
    return scores.argpartition(-count)[-count:]
