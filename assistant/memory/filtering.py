"""Filters: whether a memory is among what is asked for, and the time that a question names."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from assistant.language.periods import find_period
from assistant.memory.base import Filters, Memory


def passes(memory: Memory, filters: Filters) -> bool:
    """`until` itself is not in it any more."""
    return (
        (not filters.categories or memory.category in filters.categories)
        and (not filters.persona or memory.persona == filters.persona)
        and (not filters.person or _is_about(memory, filters.person))
        and (filters.since is None or memory.at >= filters.since)
        and (filters.until is None or memory.at < filters.until)
    )


def _is_about(memory: Memory, person: str) -> bool:
    named = {each.casefold() for each in memory.people}
    if memory.claim is not None:
        named.add(memory.claim.subject.casefold())
    return person.casefold() in named


def with_when(query: str, filters: Filters, now: datetime) -> tuple[str, Filters]:
    """A question without its time words, and the filters with them. Where the filters already
    have a time, that holds, and the words stay in the question."""
    if filters.since is not None or filters.until is not None:
        return query, filters
    found = find_period(query, now)
    if found is None:
        return query, filters
    return found.rest, replace(filters, since=found.since, until=found.until)
