"""The lines between "---" at the head of a journal: `key: value`, a strict small part of YAML.

A value is plain text, a text in double quotes (as JSON writes it), or a list in brackets. Lists
below their key, one "- value" a line, are read too, because editors of notes write them so.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from assistant.memory.base import Journal
from assistant.memory.journal.provenance import to_the_second

FENCE = "---"
_PLAIN = re.compile(r"[^\W_][\w '’.!?+/-]*(?<! )")
_KEY = re.compile(r"[A-Za-z][\w -]*")
_ENTRY = re.compile(r"\s*-\s+(?P<value>.*)")
_PIECE = re.compile(r"""\s*("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^,"'][^,]*|)\s*(?:,|$)""")

Value = str | list[str]


@dataclass(frozen=True, slots=True)
class FrontMatterProblem:
    """A line that cannot be read as it is."""

    line: int
    what: str


@dataclass(slots=True)
class FrontMatter:
    """What stands in the head of a file."""

    values: dict[str, tuple[int, Value]] = field(default_factory=dict)
    """Line and value by key, in lower case."""
    raw: dict[str, list[str]] = field(default_factory=dict)
    """The lines of each key as they are in the file."""
    problems: list[FrontMatterProblem] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    """Lines that are none of the above."""


def write_front(values: Mapping[str, Value], more: Sequence[str] = ()) -> list[str]:
    """The lines, with both fences; empty values are left out, `more` follows as it is."""
    lines = [f"{key}: {_written(value)}" for key, value in values.items() if value]
    return [FENCE, *lines, *more, FENCE]


def read_front(lines: Sequence[str]) -> tuple[FrontMatter, int]:
    """The head of a file and the number of its lines; 0 where it has none."""
    found = FrontMatter()
    if not lines or lines[0].rstrip() != FENCE:
        found.problems.append(FrontMatterProblem(1, 'the head between two lines "---" is missing'))
        return found, 0
    end = next((n for n, line in enumerate(lines[1:], 1) if line.rstrip() == FENCE), None)
    if end is None:
        found.problems.append(FrontMatterProblem(1, 'the line "---" that ends the head is missing'))
        end = next((n for n, line in enumerate(lines) if line.startswith("## ")), len(lines)) - 1
    key = ""
    for number, line in enumerate(lines[1 : end + 1], 2):
        if line.strip() and line.rstrip() != FENCE:
            key = _read_line(found, number, line, key)
    return found, end + 1


def _read_line(found: FrontMatter, number: int, line: str, key: str) -> str:
    """Returns the key that the line belongs to."""
    entry = _ENTRY.fullmatch(line)
    if key and entry and not isinstance(found.values[key][1], str):
        found.values[key][1].append(_scalar(entry["value"]))  # type: ignore[union-attr]
        found.raw[key].append(line)
        return key
    name, colon, value = line.rstrip().partition(":")
    if not colon or not _KEY.fullmatch(name) or (value and not value[0].isspace()):
        found.problems.append(FrontMatterProblem(number, 'is no "key: value"'))
        found.broken.append(line)
        return key
    key = name.rstrip().lower()
    if key in found.values:
        found.problems.append(FrontMatterProblem(number, f'"{key}" stands here a second time'))
        found.broken.append(line)
        return key
    found.values[key] = number, _value(value)
    found.raw[key] = [line]
    return key


def as_text(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)


def as_list(value: Value) -> list[str]:
    if isinstance(value, list):
        return value
    return _pieces(value) if value else []


def _written(value: Value) -> str:
    if isinstance(value, str):
        return _quoted(value)
    return f"[{', '.join(_quoted(each) for each in value)}]"


def _quoted(text: str) -> str:
    if text.isprintable() and _PLAIN.fullmatch(text):
        return text
    half_a_pair = any("\ud800" <= char <= "\udfff" for char in text)  # which no file can hold
    return json.dumps(text, ensure_ascii=half_a_pair)


def _value(text: str) -> Value:
    text = text.strip()
    if not text:
        return []
    if text.startswith("[") and text.endswith("]"):
        return _pieces(text[1:-1])
    return _scalar(text)


def _pieces(text: str) -> list[str]:
    """The parts of a list; where quotes are broken, what stands between the commas."""
    parts, place = [], 0
    while place < len(text):
        match = _PIECE.match(text, place)
        if match is None:
            return [part for each in text.split(",") if (part := each.strip(" \"'"))]
        parts.append(match[1])
        place = match.end()
    return [_scalar(part) for part in parts if part]


def _scalar(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            return text[1:-1]
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text


# The head of a journal's file: when, with whom, and what about.

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
