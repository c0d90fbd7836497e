"""From a question to the rows that answer it: words and vectors, one score.

Words are ranked by FTS5's BM25 over each turn with its neighbours, the turn's own words counting
most (a field-weighted BM25; Robertson et al. 2004, "Simple BM25 extension to multiple weighted
fields"). The best by words and the best by vectors are scored together, words above vectors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from math import log

from assistant.audio.types import Float32
from assistant.memory.base import Filters
from assistant.memory.retrieval.database import AMONG, among
from assistant.memory.retrieval.relevance import SearchQuery, match_expression, match_phrase
from assistant.memory.retrieval.vectors import Vectors


@dataclass(frozen=True, slots=True)
class Weights:
    """Chosen on three of the ten LOCOMO conversations (26, 30, 41), never on the other seven."""

    own: float = 4.0
    near: float = 2.0
    far: float = 1.0
    meaning: float = 0.4
    """Of the vectors; the words have 1."""
    speaker: float = 0.4
    """More for what was said by, or is about, somebody the question names."""
    question: float = 0.85
    """A turn that asks seldom answers."""


DEFAULT_WEIGHTS = Weights()
BY_WORDS = 120
BY_MEANING = 60
"""Rows that are looked at more closely."""
AFFORDABLE = 6_000
"""Rows that words may hit before the commonest of them are left out: it bounds the time."""
FAINT = 0.02
"""The least score of the row that fits the words best."""
_LAST = 2**63 - 1
_SATURATION = 2.2
"""The most that a word can add to FTS5's BM25, in units of its rarity: k1 + 1, k1 = 1.2."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A row and how well it fits; 0 to about 1."""

    rowid: int
    score: float


@dataclass(frozen=True, slots=True)
class RankingFeatures:
    """What of a row has a say in its score."""

    id: str
    at: float
    name: str
    side: str
    asks: int


class Ranking:
    """One search of an open index."""

    def __init__(
        self, db: sqlite3.Connection, rows: int, vectors: Vectors, weights: Weights
    ) -> None:
        """`rows`: how many there are in the index."""
        self._db = db
        self._rows = rows
        self._vectors = vectors
        self._weights = weights

    def hits(
        self, query: SearchQuery, vector: Float32 | None, filters: Filters, limit: int
    ) -> list[Hit]:
        """Best first, `limit` or more where there are so many."""
        by_words = self._by_words(query, filters, max(BY_WORDS, 2 * limit))
        cosines: dict[int, float] = {}
        if vector is not None:
            allowed = self._rows_about(filters.person) if filters.person else None
            count = max(BY_MEANING, limit)
            cosines = self._vectors.nearest(vector, filters, allowed, count)
            missing = [rowid for rowid in by_words if rowid not in cosines]
            cosines |= self._vectors.cosines(vector, missing)
        rowids = by_words.keys() | cosines.keys()
        people = self._rows_with_people(query.speakers)
        ranked: list[tuple[float, float, str, int]] = []
        for rowid, traits in self._traits(rowids):
            meaning = max(cosines.get(rowid, 0.0), 0.0)
            score = by_words.get(rowid, 0.0) + self._weights.meaning * meaning
            score = round(score * self._factor(query, traits, rowid in people), 6)
            if score > 0:
                ranked.append((-score, -traits.at, traits.id, rowid))
        # Where two fit equally the newer is first, in whatever order they were put in.
        return [Hit(rowid, -score) for score, _, _, rowid in sorted(ranked)]

    def _by_words(self, query: SearchQuery, filters: Filters, count: int) -> dict[int, float]:
        """Scores between 0 and 1, of the best."""
        words, first, ideal = self._affordable(query.words)
        if not words:
            return {}
        where, values = conditions(filters)
        last = _LAST
        if where and len(self._vectors) == self._rows:
            # Rows lie about in the order of time: what a week lets through lies close together.
            span = self._vectors.span(filters)
            if span is None:
                return {}
            first, last = max(first, span[0]), span[1]
        # CROSS: the words first, whatever SQLite thinks of the rest.
        join = "CROSS JOIN items ON items.rowid = words.rowid" if where else ""
        w = self._weights
        rows = self._db.execute(
            f"""SELECT words.rowid, -bm25(words, {w.own}, {w.near}, {w.far}) AS score
            FROM words {join} WHERE words MATCH ? AND words.rowid BETWEEN ? AND ? {where}
            ORDER BY score DESC LIMIT {count}""",
            (match_expression(words), first, last, *values),
        ).fetchall()
        # BM25 takes a word that most rows have for nothing: in a young memory that is every word.
        best = max((score for _, score in rows), default=0.0) or 1.0
        return {rowid: max(score / ideal, FAINT * score / best) for rowid, score in rows}

    def _affordable(self, words: Sequence[str]) -> tuple[list[str], int, float]:
        """The rarest words; the row id to begin at, which is 0 unless even the rarest is in too
        many rows, of which the newest are taken then; and the score of a row that says them all
        over and over, and nothing else. Words that nobody ever said have a part in that: where
        they are asked for, nothing fits well."""
        counts = sorted((self._count(word), word) for word in words)
        ideal = _SATURATION * sum(_rarity(self._rows, count) for count, _ in counts)
        counts = [(count, word) for count, word in counts if count]
        taken: list[str] = []
        total = 0
        for count, word in counts:
            total += count
            if taken and total > AFFORDABLE:
                break
            taken.append(word)
        if counts and counts[0][0] > AFFORDABLE:
            (first,) = self._db.execute(
                "SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid DESC LIMIT 1 OFFSET ?",
                (match_expression(taken), AFFORDABLE),
            ).fetchone()
            return taken, first, ideal
        return taken, 0, ideal

    def _count(self, word: str) -> int:
        (count,) = self._db.execute(
            f"""SELECT count(*) FROM
            (SELECT 1 FROM words WHERE words MATCH ? LIMIT {AFFORDABLE + 1})""",
            (match_expression([word]),),
        ).fetchone()
        return int(count)

    def _rows_about(self, person: str) -> set[int]:
        return {rowid for (rowid,) in self._db.execute(_ABOUT, _about(person))}

    def _rows_with_people(self, names: Collection[str]) -> set[int]:
        statement = f"SELECT item FROM people WHERE name IN {AMONG}"
        rows = self._db.execute(statement, (among(names),))
        return {rowid for (rowid,) in rows}

    def _traits(self, rowids: Collection[int]) -> Iterator[tuple[int, RankingFeatures]]:
        rows = self._db.execute(
            f"SELECT rowid, id, at, name, side, asks FROM items WHERE rowid IN {AMONG}",
            (among(rowids),),
        )
        for rowid, *traits in rows:
            yield rowid, RankingFeatures(*traits)

    def _factor(self, query: SearchQuery, traits: RankingFeatures, about: bool) -> float:
        w = self._weights
        factor = w.question if traits.asks else 1.0
        if len(query.speakers) == 1 and (traits.name in query.speakers or about):
            return factor * (1 + w.speaker)
        if not query.speakers and query.side is not None and traits.side == query.side:
            return factor * (1 + w.speaker)
        return factor


def conditions(filters: Filters) -> tuple[str, list[object]]:
    """As SQL over `items`, beginning with AND, and its values; empty where there is none."""
    parts: list[str] = []
    values: list[object] = []
    if filters.categories:
        parts.append(f"items.category IN ({','.join('?' * len(filters.categories))})")
        values += filters.categories
    if filters.persona:
        parts.append("items.persona = ?")
        values.append(filters.persona)
    if filters.since is not None:
        parts.append("items.at >= ?")
        values.append(filters.since.timestamp())
    if filters.until is not None:
        parts.append("items.at < ?")
        values.append(filters.until.timestamp())
    if filters.person:
        parts.append(f"items.rowid IN ({_ABOUT})")
        values += _about(filters.person)
    return "".join(f" AND {part}" for part in parts), values


_ABOUT = """SELECT rowid FROM items WHERE name = ? UNION SELECT item FROM people WHERE name = ?
UNION SELECT rowid FROM words WHERE words MATCH ?"""
"""Rows that a person spoke, is told of in, or is named in."""


def _about(person: str) -> list[object]:
    return [person.lower(), person.lower(), f"own : {match_phrase(person)}"]


def _rarity(rows: int, hits: int) -> float:
    """As FTS5 counts it: the log of how many rows have not the word to how many have."""
    return max(log((rows - hits + 0.5) / (hits + 0.5)), 1e-6)
