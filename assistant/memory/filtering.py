"""Whether a memory is among what is asked for."""

from __future__ import annotations

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
