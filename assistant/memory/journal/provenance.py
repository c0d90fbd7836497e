"""Provenance: the line in brackets below a memory, where it comes from and how sure it is.

    - Ada's parrot is called Picasso.
      (personal; turn 3; confidence 0.9; claim user | parrot's name | Picasso; no 1)

Everything in it may be missing: a memory that a person writes is of confidence 1 and no turn.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import datetime

from assistant.memory.base import CATEGORIES, Category, Claim, Journal, Memory
from assistant.memory.journal.escaping import escape, split, split_raw

BY_HAND = 0
"""The turn of a memory that nobody said: it was written into the file."""
SURE = 1.0
_OPENING = re.compile(rf"(?:{'|'.join(CATEGORIES)})\s*$|(?:turn|confidence|claim|no|id)\s+\S")
_NUMBER = re.compile(r"\d{1,9}")


def looks_like_trailer(line: str) -> bool:
    """Whether a line is meant as one, broken or not, and not as words in brackets."""
    line = line.strip()
    if not (line.startswith("(") and line.endswith(")")):
        return False
    return any(_OPENING.match(part) for part in split_raw(line[1:-1], ";"))


def write_trailer(memory: Memory, journal: Journal) -> str:
    items: list[str] = [memory.category]
    if memory.turn != BY_HAND:
        items.append(f"turn {memory.turn}")
    items.append(f"confidence {_number(memory.confidence)}")
    if memory.claim is not None:
        claim = (memory.claim.subject, memory.claim.attribute, memory.claim.value)
        items.append("claim " + " | ".join(escape(part, "|;") for part in claim))
    if memory.people:
        items.append("people " + ", ".join(escape(each, ",;") for each in memory.people))
    if memory.topics:
        items.append("topics " + ", ".join(escape(each, ",;") for each in memory.topics))
    if memory.persona != journal.persona:
        items.append(f"persona {escape(memory.persona, ';')}")
    if (at := to_the_second(memory.at)) != usual_time(journal, memory.turn):
        items.append(f"at {at.isoformat()}")
    if memory.replaced_by:
        items.append(f"replaced by {_short(memory.replaced_by, journal.id)}")
    items.append(_short(memory.id, journal.id, otherwise="id "))
    return f"({'; '.join(items)})"


def read_trailer(line: str, text: str, journal: Journal) -> tuple[Memory, list[str]]:
    """The memory, and what in the line could not be read ("" is a line that says nothing)."""
    problems: list[str] = []
    known: dict[str, str] = {}
    category: Category = "personal"
    for item in split_raw(line.strip()[1:-1], ";") if line else []:
        key, _, rest = item.partition(" ")
        match = next((each for each in CATEGORIES if each == item), None)
        if match:
            category = match
        elif key == "replaced" and rest.startswith("by "):
            known["replaced"] = rest[3:].strip()
        elif key in (
            "turn",
            "confidence",
            "claim",
            "people",
            "topics",
            "persona",
            "at",
            "id",
            "no",
        ):
            known[key] = rest.strip()
        elif item:
            problems.append(f'"{item[:40]}" is nothing that is known of a memory')
    turn = _turn(known.get("turn", ""), problems)
    memory = Memory(
        id=_id(known, text, journal.id),
        text=text,
        category=category,
        at=_at(known.get("at", ""), problems) or usual_time(journal, turn),
        persona=_one(known, "persona") or journal.persona,
        turn=turn,
        journal=journal.id,
        confidence=_confidence(known.get("confidence", ""), problems),
        people=tuple(split(known["people"], ",")) if known.get("people") else (),
        topics=tuple(split(known["topics"], ",")) if known.get("topics") else (),
        claim=_claim(known.get("claim", ""), problems),
        replaced_by=_long(_one(known, "replaced"), journal.id),
    )
    return memory, problems


def usual_time(journal: Journal, turn: int) -> datetime:
    """When a memory was said that does not tell: with its turn, or as the journal began."""
    said = next((each.at for each in journal.turns if each.number == turn), journal.began)
    return to_the_second(said)


def to_the_second(time: datetime) -> datetime:
    return time.replace(microsecond=0)


def memory_id(journal: str, number: int) -> str:
    return f"{journal}/{number}"


def next_number(journal: Journal) -> int:
    """One that no memory of the journal has or is said to be replaced by."""
    prefix = f"{journal.id}/"
    ids = [each for m in journal.memories for each in (m.id, m.replaced_by)]
    used = [id.removeprefix(prefix) for id in ids if id.startswith(prefix)]
    return max((int(each) for each in used if _NUMBER.fullmatch(each)), default=0) + 1


def _id(known: dict[str, str], text: str, journal: str) -> str:
    if "no" in known:
        return memory_id(journal, 0).removesuffix("0") + _one(known, "no")
    if known.get("id"):
        return _one(known, "id")
    # Written by hand: an id that stays as long as the words stay, wherever the line is moved.
    return f"{journal}/h{hashlib.sha256(text.encode('utf-8', 'replace')).hexdigest()[:8]}"


def _short(id: str, journal: str, otherwise: str = "") -> str:
    prefix = f"{journal}/"
    if id.startswith(prefix):
        return f"no {escape(id.removeprefix(prefix), ';')}"
    return otherwise + escape(id, ";")


def _long(id: str, journal: str) -> str:
    return f"{journal}/{id[3:].strip()}" if id.startswith("no ") else id


def _one(known: dict[str, str], key: str) -> str:
    return split(known.get(key, ""), ";")[0]


def _number(value: float) -> str:
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def _turn(text: str, problems: list[str]) -> int:
    if not text or _NUMBER.fullmatch(text):
        return int(text or BY_HAND)
    problems.append(f'"turn {text[:20]}" names no turn by its number')
    return BY_HAND


def _confidence(text: str, problems: list[str]) -> float:
    if not text:
        return SURE
    try:
        value = float(text)
    except ValueError:
        value = -1
    if 0 <= value <= 1:
        return value
    problems.append(f'"confidence {text[:20]}" is no number from 0 to 1')
    return 0.5


def _at(text: str, problems: list[str]) -> datetime | None:
    if not text:
        return None
    try:
        time = datetime.fromisoformat(text)
        return time if time.tzinfo else time.astimezone()
    except (ValueError, OverflowError, OSError):
        problems.append(f'"at {text[:30]}" is no time like 2026-11-21T19:05:03+01:00')
        return None


def _claim(text: str, problems: list[str]) -> Claim | None:
    if not text:
        return None
    parts = split(text, "|")
    if len(parts) == 3:
        return Claim(*parts)
    problems.append("a claim has three parts: claim SUBJECT | ATTRIBUTE | VALUE")
    return None


# Manual edits: memories that a person wrote instead of saying them.

HAND = "by-hand"
"""Persona of the journals of what a person wrote into the profile; every persona may know it."""


def journal_of_hand(now: datetime) -> str:
    """Id of the journal for what is written on a day."""
    return f"{now:%Y-%m-%d}T000000-{HAND}"


def add_by_hand(journal: Journal, text: str, claim: Claim | None, now: datetime) -> Memory:
    """A new one, in the journal already."""
    memory = Memory(
        id=memory_id(journal.id, next_number(journal)),
        text=text,
        category="personal",
        at=to_the_second(now),
        persona=journal.persona,
        turn=BY_HAND,
        journal=journal.id,
        confidence=SURE,
        claim=claim,
    )
    journal.memories.append(memory)
    return memory


def correct_by_hand(
    journal: Journal, old: Memory, text: str, claim: Claim | None, now: datetime
) -> Memory:
    """The follower of `old`, in the journal already; `old` is history there."""
    new = replace(
        old,
        id=memory_id(journal.id, next_number(journal)),
        text=text,
        at=to_the_second(now),
        turn=BY_HAND,
        confidence=SURE,
        claim=claim,
        replaced_by="",
    )
    replace_by(journal, old.id, new.id)
    journal.memories.append(new)
    return new


def replace_by(journal: Journal, old: str, new: str) -> None:
    """The memory `old` of this journal is history, because of the memory `new`."""
    journal.memories = [
        replace(each, replaced_by=new) if each.id == old else each for each in journal.memories
    ]
