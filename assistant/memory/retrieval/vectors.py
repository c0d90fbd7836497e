"""The vectors of all rows in memory, one matrix, and what they can be limited by."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.memory.base import Filters
from assistant.memory.retrieval.embedding import Float32
from assistant.memory.retrieval.word_table import DIMENSIONS

Number = TypeVar("Number", bound=np.generic)
_FIRST = 1024
_HALF = DIMENSIONS // 2
_CLOSER = 4
"""Times as many as asked for are compared in full."""


class Entry(NamedTuple):
    """What is kept of a row."""

    rowid: int
    at: float
    """Seconds since 1970."""
    category: str
    persona: str


class Vectors:
    """Grows by doubling; a removed row's place is taken by the last one.

    The first half of every vector lies in one matrix and the second in another: the first is
    nearly as good (Matryoshka), so all are compared by it and only the best of them in full.
    """

    def __init__(self, room: int = 0) -> None:
        """`room`: how many are expected."""
        self._size = 0
        room = max(room, _FIRST)
        self._first: Float32 = np.zeros((room, _HALF), np.float32)
        self._second: Float32 = np.zeros((room, _HALF), np.float32)
        self._rowids: NDArray[np.int64] = np.zeros(room, np.int64)
        self._at: NDArray[np.float64] = np.zeros(room, np.float64)
        self._category: NDArray[np.int32] = np.zeros(room, np.int32)
        self._persona: NDArray[np.int32] = np.zeros(room, np.int32)
        self._codes: dict[str, int] = {}
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return self._size

    def add(self, entries: Sequence[Entry], vectors: Float32) -> None:
        """A row of `vectors` for each of the entries."""
        start, end = self._size, self._size + len(entries)
        self._grow(end)
        self._size = end
        rowids, at, categories, personas = zip(*entries, strict=True)
        self._first[start:end] = vectors[:, :_HALF]
        self._second[start:end] = vectors[:, _HALF:]
        self._rowids[start:end] = rowids
        self._at[start:end] = at
        self._category[start:end] = [self._code(name) for name in categories]
        self._persona[start:end] = [self._code(name) for name in personas]
        self._places.update(zip(rowids, range(start, end), strict=True))

    def remove(self, rowids: Iterable[int]) -> None:
        columns = self._columns()
        for rowid in rowids:
            place = self._places.pop(rowid, None)
            if place is None:
                continue
            last = self._size - 1
            if place != last:
                for column in columns:
                    column[place] = column[last]
                self._places[int(self._rowids[place])] = place
            for column in columns:
                column[last] = 0  # what is forgotten does not stay in memory either
            self._size = last

    def nearest(
        self, vector: Float32, filters: Filters, allowed: Collection[int] | None, limit: int
    ) -> dict[int, float]:
        """Row ids and cosines of the best. `allowed`: row ids to choose from; None: all."""
        mask = self._mask(filters, allowed)
        places = np.arange(self._size) if mask is None else np.flatnonzero(mask)
        scores = self._roughly(vector, places)
        best = _best(scores, _CLOSER * limit)
        places, scores = places[best], scores[best]
        scores = scores + self._second[places] @ vector[_HALF:]
        nearest = _best(scores, limit)
        rowids = self._rowids[places[nearest]].tolist()
        return dict(zip(rowids, scores[nearest].tolist(), strict=True))

    def _roughly(self, vector: Float32, places: NDArray[np.intp]) -> Float32:
        """By the first half of the vectors. To pick rows takes longer than to multiply them."""
        if len(places) < self._size // 8:
            return self._first[places] @ vector[:_HALF]
        scores: Float32 = self._first[: self._size] @ vector[:_HALF]
        return scores if len(places) == self._size else scores[places]

    def cosines(self, vector: Float32, rowids: Iterable[int]) -> dict[int, float]:
        """Of certain rows."""
        known = [rowid for rowid in rowids if rowid in self._places]
        places = [self._places[rowid] for rowid in known]
        scores = self._first[places] @ vector[:_HALF] + self._second[places] @ vector[_HALF:]
        return dict(zip(known, scores.tolist(), strict=True))

    def span(self, filters: Filters) -> tuple[int, int] | None:
        """The first and last row id that the filters let through, but for a person; None where
        they let nothing through."""
        mask = self._mask(filters, None)
        rowids = self._rowids[: self._size] if mask is None else self._rowids[: self._size][mask]
        return (int(rowids.min()), int(rowids.max())) if len(rowids) else None

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
        while room < size:
            room *= 2
        # Zeros that nobody has touched take no memory yet: what is copied is only what there is.
        self._first = _roomier(self._first, room)
        self._second = _roomier(self._second, room)
        self._rowids = _roomier(self._rowids, room)
        self._at = _roomier(self._at, room)
        self._category = _roomier(self._category, room)
        self._persona = _roomier(self._persona, room)

    def _columns(self) -> tuple[NDArray[Any], ...]:
        columns = (self._first, self._second, self._rowids, self._at, self._category)
        return (*columns, self._persona)


def _roomier(column: NDArray[Number], room: int) -> NDArray[Number]:
    grown = np.zeros((room, *column.shape[1:]), column.dtype)
    grown[: len(column)] = column
    return grown


def _best(scores: Float32, count: int) -> NDArray[np.intp]:
    """Places of the highest, in no order."""
    if count >= len(scores):
        return np.arange(len(scores))
    return scores.argpartition(-count)[-count:]
