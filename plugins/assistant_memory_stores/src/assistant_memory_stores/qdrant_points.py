"""What is found, as Qdrant's points and back."""

from __future__ import annotations

from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from qdrant_client import models

from assistant.memory.base import Filters, Found, Journal
from assistant.memory.deletion.plan import content_words
from assistant.memory.retrieval.writing import IndexRow, load_memory

NEAR = 0.3
"""What a word beside a turn counts, where one in it counts 1."""
K1, B, USUAL = 1.2, 0.75, 8
"""BM25's saturation and length; and how many telling words a text has."""


def payload_of(journal: Journal, row: IndexRow) -> dict[str, Any]:
    memory = row.memory
    people = {person.lower() for person in row.people} | ({row.name} if row.name else set())
    if memory is not None and memory.claim is not None:
        people.add(memory.claim.subject.lower())
    return {
        "id": row.id,
        "journal": journal.id,
        "source": f"{memory.journal}#{memory.turn}" if memory else "",
        "text": row.text,
        "at": row.at.isoformat(),
        "persona": memory.persona if memory else journal.persona,
        "category": memory.category if memory else "",
        "people": sorted(people),
        "memory": row.kept,
    }


def found_of(payload: dict[str, Any], score: float) -> Found:
    return Found(
        id=payload["id"],
        text=payload["text"],
        at=datetime.fromisoformat(payload["at"]),
        persona=payload["persona"],
        score=score,
        memory=load_memory(payload["memory"]) if payload["memory"] else None,
    )


def conditions_of(filters: Filters) -> models.Filter | None:
    must: list[Any] = []
    if filters.categories:
        match = models.MatchAny(any=list(filters.categories))
        must.append(models.FieldCondition(key="category", match=match))
    for key, value in (("persona", filters.persona), ("people", filters.person.lower())):
        if value:
            must.append(models.FieldCondition(key=key, match=models.MatchValue(value=value)))
    if filters.since or filters.until:
        during = models.DatetimeRange(gte=filters.since, lt=filters.until)
        must.append(models.FieldCondition(key="at", range=during))
    return models.Filter(must=must) if must else None


def words_of(row: IndexRow) -> models.SparseVector:
    own = content_words(row.text)
    length = 1 - B + B * len(own) / USUAL
    weights = {code_of(word): NEAR for word in content_words(row.near)}
    weights |= {code_of(word): (K1 + 1) / (1 + K1 * length) for word in own}
    return models.SparseVector(indices=list(weights), values=list(weights.values()))


def code_of(word: str) -> int:
    """A word's place in the sparse vector: the same on every machine, and seldom another's."""
    return int.from_bytes(blake2b(word.encode("utf-8", "replace"), digest_size=4).digest(), "big")


def number_of(id: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"assistant:{id}"))
