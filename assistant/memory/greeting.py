"""One sentence more for the greeting: the user's name, and what became of what they had planned."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from assistant.language.dates import DATE_OF, parse_iso
from assistant.language.lexicon import EVENT
from assistant.memory.base import Filters, Memory, MemoryStore

LATE = timedelta(days=14)
"""How long after its day something is still asked about."""
_ID = re.compile(r"\d{4}-\d\d-\d\dT\d{6}-(?P<persona>.+)")


def users_name(store: MemoryStore, persona: str = "") -> str:
    """As the user told it last; "" where they did not. Raises `MemoryFailure`."""
    for memory in store.memories(Filters(categories=("personal",), persona=persona)):
        if memory.claim and (memory.claim.subject, memory.claim.attribute) == ("user", "name"):
            return memory.claim.value
    return ""


def personas_of(journals: Iterable[str]) -> frozenset[str]:
    """Slugs of those that conversations began with, by the journals' ids."""
    return frozenset(match["persona"] for id in journals if (match := _ID.fullmatch(id)))


def greeting(store: MemoryStore, now: datetime, persona: str = "", name: str = "") -> str:
    """ "How did the talk go, Ada?", else "It is good to have you back, Ada."; "" for a stranger.

    Something is asked about once: what stands in a later journal was asked. `persona` limits it to
    what that one was told. Raises `MemoryFailure`.
    """
    temporal = Filters(categories=("temporal",), persona=persona, since=now - timedelta(days=400))
    due = [(each, ask) for each in store.memories(temporal) if (ask := _question(each, now))]
    said = _said_since(store, now - LATE - timedelta(days=1)) if due else []
    for _, ask in due:
        if not any(ask in text for text in said):
            return f"{ask}, {name}?" if name else f"{ask}?"
    return f"It is good to have you back, {name}." if name else ""


def _question(memory: Memory, now: datetime) -> str:
    """What to ask about a plan, without its mark; "" where it is none, or not its time."""
    claim = memory.claim
    if claim is None or not claim.attribute.startswith(DATE_OF):
        return ""
    days = parse_iso(claim.value)
    if days is None or memory.at.date() > days[1]:
        return ""
    first, last = days
    today = now.date()
    if not first <= today <= last + LATE:
        return ""
    what = claim.attribute.removeprefix(DATE_OF)
    event = re.fullmatch(
        rf"(?:[\w'-]+ ){{0,3}}?{EVENT}(?: (?:with|to|at|for|from|in) .+)?", what, re.IGNORECASE
    )
    if event is None and not what.startswith("trip to ") and not re.match(r"\w+ing\b", what):
        return ""
    noun = f"the {what}" if event or what.startswith("trip") else what
    if today <= last:
        return f"{noun[:1].upper()}{noun[1:]} is today, is it not" if first == last else ""
    return f"How did {noun} go"


def _said_since(store: MemoryStore, since: datetime) -> Sequence[str]:
    """What the assistant has said in the conversations since then."""
    first = f"{since:%Y-%m-%d}"
    return [
        turn.text
        for id in store.journals()
        if id >= first
        for turn in store.read(id).turns
        if turn.side == "agent"
    ]
