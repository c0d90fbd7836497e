"""Memory in Qdrant: a server of the user's, or its engine in this process.

Two collections: `NAME-journals` holds whole journals, `NAME-found` what is found in them, with a
sparse vector of words (BM25: Robertson & Zaragoza 2009, section 3; Qdrant adds how rare a word is)
and a dense one of meaning. Both rankings are fused by rank (Cormack et al. 2009), words first.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from qdrant_client import QdrantClient, models
from qdrant_client.http.exceptions import ApiException

from assistant.memory.base import Filters, Found, Journal, MemoryFailure
from assistant.memory.deletion.plan import content_words
from assistant.memory.retrieval.embedding import DIMENSIONS, load_embedder, units
from assistant.memory.retrieval.writing import IndexRow, rows_of
from assistant.private_files import make_missing
from assistant_memory_stores.qdrant_points import (
    code_of,
    conditions_of,
    found_of,
    number_of,
    payload_of,
    words_of,
)
from assistant_memory_stores.shelves import (
    SharedStore,
    as_journal,
    as_text,
    compact,
    for_nobody_else,
)

BATCH = 256
"""Points sent or asked for at a time."""
WORDS, MEANING = "words", "meaning"
WEIGHTS = {WORDS: 4.0, MEANING: 1.0}
RANK = 10
"""Places by which the first of a ranking is moved down: of thousands of documents 60 are usual
(Cormack et al. 2009, section 3), of a few dozen that would make all alike."""


class QdrantStore(SharedStore):
    """`url`: of a server; else the engine in this process, in `path` (None: gone at the end)."""

    def __init__(
        self, *, url: str = "", key: str = "", path: Path | None = None, name: str = "assistant"
    ) -> None:
        super().__init__()
        self._path = None if url else path
        self._where = url or str(path or "memory")
        self._journals = f"{name}-journals"
        self._found = f"{name}-found"
        self._embedder = load_embedder()
        with self._told(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a key without TLS, which is the user's choice
            self._client = _client(url, key, self._path)
        try:
            self._make_collections()
        except MemoryFailure:
            self.close()
            raise
        if self._path is not None:
            for_nobody_else(self._path)

    def close(self) -> None:
        self._client.close()

    def rebuild(self) -> int:
        """Make anew what is found from the journals; returns how many those are."""
        with self._lock, self._told():
            self._client.delete_collection(self._found)
            self._make_collections()
            journals = self._all()
            for journal in journals:
                self._upsert(self._found, self._points(journal, rows_of(journal)))
            return len(journals)

    def _make_collections(self) -> None:
        with self._told():
            if not self._client.collection_exists(self._journals):
                self._client.create_collection(self._journals, vectors_config={})
            if self._client.collection_exists(self._found):
                return
            self._client.create_collection(
                self._found,
                vectors_config={
                    MEANING: models.VectorParams(size=DIMENSIONS, distance=models.Distance.COSINE)
                },
                sparse_vectors_config={
                    WORDS: models.SparseVectorParams(modifier=models.Modifier.IDF)
                },
            )
            if self._path is None and "://" in self._where:
                for field in ("journal", "persona", "category", "people"):
                    self._client.create_payload_index(
                        self._found, field, models.PayloadSchemaType.KEYWORD
                    )

    # -- journals ----------------------------------------------------------------------------------

    def _ids(self) -> Sequence[str]:
        return [str(payload["id"]) for payload in self._payloads(["id"])]

    def _get(self, id: str) -> Journal | None:
        with self._told():
            points = self._client.retrieve(self._journals, [number_of(id)], with_payload=True)
        return as_journal(str((points[0].payload or {}).get("journal"))) if points else None

    def _all(self) -> Sequence[Journal]:
        read = (as_journal(str(payload["journal"])) for payload in self._payloads(["journal"]))
        return [journal for journal in read if journal is not None]

    def _payloads(self, fields: list[str]) -> Iterator[dict[str, Any]]:
        page = None
        with self._told():
            while True:
                points, page = self._client.scroll(
                    self._journals, limit=BATCH, offset=page, with_payload=fields
                )
                yield from (point.payload or {} for point in points)
                if page is None:
                    return

    def _put(self, journal: Journal, before: Journal | None) -> None:
        kept = models.PointStruct(
            id=number_of(journal.id),
            vector={},
            payload={"id": journal.id, "journal": as_text(journal)},
        )
        old = {row.id: row.digests() for row in rows_of(before)} if before else {}
        rows = rows_of(journal)
        changed = [row for row in rows if old.get(row.id) != row.digests()]
        stale = old.keys() - {row.id for row in rows}
        with self._told():
            self._upsert(self._journals, [kept])
            self._upsert(self._found, self._points(journal, changed))
            self._delete(self._found, [number_of(id) for id in stale])

    def _drop(self, journal: Journal) -> None:
        with self._told():
            self._delete(self._found, [number_of(row.id) for row in rows_of(journal)])
            self._delete(self._journals, [number_of(journal.id)])

    def _scrub(self) -> None:
        """A server overwrites what was deleted when it next merges its segments, which is its own
        business (https://qdrant.tech/documentation/concepts/optimizer/)."""
        if self._path is not None:
            compact(self._path)

    # -- what is found -----------------------------------------------------------------------------

    def _hits(self, query: str, filters: Filters, limit: int) -> Sequence[Found]:
        asked: dict[str, Any] = {}
        if words := content_words(query):
            numbers = sorted({code_of(word) for word in words})
            asked[WORDS] = models.SparseVector(indices=numbers, values=[1.0] * len(numbers))
        if (meaning := self._meanings([query])[0]) is not None:
            asked[MEANING] = meaning
        scores: dict[str, float] = {}
        payloads: dict[str, dict[str, Any]] = {}
        for using, vector in asked.items():
            with self._told():
                points = self._client.query_points(
                    self._found,
                    query=vector,
                    using=using,
                    query_filter=conditions_of(filters),
                    limit=4 * limit,
                    with_payload=True,
                ).points
            for place, point in enumerate(points, 1):
                payload = point.payload or {}
                id = str(payload["id"])
                payloads[id] = payload
                scores[id] = scores.get(id, 0.0) + WEIGHTS[using] / (RANK + place)
        best = sorted(scores, key=lambda id: -scores[id])
        # A turn is left out where a memory made from it is found as well.
        told = {payload["source"] for payload in payloads.values() if payload["memory"]}
        chosen = [id for id in best if payloads[id]["memory"] or id not in told]
        return [found_of(payloads[id], scores[id]) for id in chosen[:limit]]

    def _points(self, journal: Journal, rows: Sequence[IndexRow]) -> list[models.PointStruct]:
        meanings = self._meanings([" ".join((row.text, row.near)) for row in rows])
        points = []
        for row, meaning in zip(rows, meanings, strict=True):
            vector: dict[str, Any] = {WORDS: words_of(row)}
            if meaning is not None:
                vector[MEANING] = meaning
            points.append(
                models.PointStruct(
                    id=number_of(row.id), vector=vector, payload=payload_of(journal, row)
                )
            )
        return points

    def _meanings(self, texts: Sequence[str]) -> list[list[float] | None]:
        """None where no word has any: nothing is near to zero."""
        if self._embedder is None or not texts:
            return [None] * len(texts)
        rows = units(self._embedder.sums(texts))
        return [row.tolist() if row.any() else None for row in rows]

    # -- the client --------------------------------------------------------------------------------

    def _upsert(self, collection: str, points: Sequence[models.PointStruct]) -> None:
        for start in range(0, len(points), BATCH):
            self._client.upsert(collection, list(points[start : start + BATCH]), wait=True)

    def _delete(self, collection: str, numbers: list[str]) -> None:
        for start in range(0, len(numbers), BATCH):
            selector = models.PointIdsList(points=list(numbers[start : start + BATCH]))
            self._client.delete(collection, selector, wait=True)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (ApiException, httpx.HTTPError, OSError, RuntimeError, ValueError) as error:
            if "already accessed" in str(error):
                raise MemoryFailure(
                    f"{self._where}: another program has this memory open",
                    "Close it, or let both use a Qdrant server (memory.qdrant.url).",
                ) from None
            raise MemoryFailure(
                f"Qdrant at {self._where} does not do it: {_short(error)}",
                "Does it run? Look at memory.qdrant.url, and at the variable with its key.",
            ) from None


def _client(url: str, key: str, path: Path | None) -> QdrantClient:
    if url:
        return QdrantClient(
            url=url, api_key=key or None, timeout=10, check_compatibility=False, trust_env=False
        )
    if path is None:
        return QdrantClient(":memory:")
    make_missing(path)
    return QdrantClient(path=str(path), force_disable_check_same_thread=True)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
