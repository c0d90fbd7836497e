"""The head of a journal's file: when, with whom, and what about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from assistant.memory.base import Journal
from assistant.memory.journal.front_matter import (
    FrontMatter,
    FrontMatterProblem,
    Value,
    as_list,
    as_text,
    write_front,
)
from assistant.memory.journal.provenance import to_the_second

KEYS = ("time", "ended", "persona", "who", "topics", "mood", "commitments")
LONGEST_ID = 200
"""Characters: with its endings it is the name of a file, which may have 255 bytes."""
_ID = re.compile(r"(?P<time>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{6})-(?P<persona>[a-z0-9][a-z0-9_-]*)")


def is_journal_id(id: str) -> bool:
    return len(id) <= LONGEST_ID and _ID.fullmatch(id) is not None


def write_head(journal: Journal, more: Sequence[str]) -> list[str]:
    """Its lines; `more`: those with keys of the user's own."""
    values: dict[str, Value] = {
        "time": to_the_second(journal.began).isoformat(),
        "ended": to_the_second(journal.ended).isoformat() if journal.ended else "",
        "persona": journal.persona,
        "who": journal.who,
        "topics": journal.topics,
        "mood": journal.mood,
        "commitments": journal.commitments,
    }
    return write_front(values, more)


def read_head(front: FrontMatter, id: str) -> Journal:
    """A journal with nothing below its head; what is missing is told by its name."""
    named = _ID.fullmatch(id)
    time, persona = named.groups() if named else ("", "")

    def text(key: str) -> str:
        return as_text(front.values[key][1]) if key in front.values else ""

    def texts(key: str) -> list[str]:
        return list(as_list(front.values[key][1])) if key in front.values else []

    began = _time(front, "time") or _time_of_name(time)
    return Journal(
        id=id,
        began=began,
        persona=text("persona") or persona,
        who=text("who"),
        ended=_time(front, "ended"),
        topics=texts("topics"),
        mood=text("mood"),
        commitments=texts("commitments"),
    )


def _time(front: FrontMatter, key: str) -> datetime | None:
    if key not in front.values:
        return None
    line, value = front.values[key]
    try:
        time = datetime.fromisoformat(as_text(value))
        return time if time.tzinfo else time.astimezone()
    except (ValueError, OverflowError, OSError):
        what = f'"{key}" is no time like 2026-11-21T19:05:03+01:00'
        front.problems.append(FrontMatterProblem(line, what))
        front.broken += front.raw[key]
        return None


def _time_of_name(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H%M%S").astimezone()
    except (ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0).astimezone()
