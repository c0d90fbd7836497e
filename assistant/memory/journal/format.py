"""A conversation as a Markdown file that a person can read, correct and add to.

    ---
    time: "2026-11-21T19:05:03+01:00"
    persona: jarvis
    topics: [parrots]
    ---

    ## What mattered

    - Ada's parrot is called Picasso.
      (personal; turn 1; confidence 0.9; claim user | parrot's name | Picasso; no 1)

    ## What was said

    1. **You** (19:05:03): My parrot is called Picasso.
    2. **Jarvis** (19:05:09): A painter's name!

A line "- Something." that a person adds is a memory of confidence 1. Times are kept to the second.
Whatever cannot be read is told with its line and kept, under its own heading or at the end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from assistant.memory.base import Journal, Memory, MemoryFailure, Side, Turn
from assistant.memory.journal.escaping import escape, escape_block, unescape, unescape_block
from assistant.memory.journal.front_matter import (
    KEYS,
    FrontMatterProblem,
    is_journal_id,
    read_front,
    read_head,
    write_head,
)
from assistant.memory.journal.provenance import (
    looks_like_trailer,
    read_trailer,
    to_the_second,
    write_trailer,
)

MATTERED = "## What mattered"
SAID = "## What was said"
UNCLEAR = "## Not understood"
USER = "You"
_BULLET = re.compile(r"[-*+](?:[ \t]+(?P<text>.*))?")
_TURN = re.compile(
    r"(?P<number>\d{1,9})[.)][ \t]+\*\*(?P<name>(?:[^*\\]|\\.)*)\*\*[ \t]*"
    r"\((?P<time>[^,()]+?)(?:, (?P<side>user|agent))?\):(?:[ \t](?P<text>.*))?"
)


@dataclass(slots=True)
class Parsed:
    """A journal, and what is in its file besides."""

    journal: Journal
    problems: list[FrontMatterProblem] = field(default_factory=list)
    front: list[str] = field(default_factory=list)
    """Lines of the head with keys of the user's own."""
    extra: list[str] = field(default_factory=list)
    """Sections of the user's own, and what could not be read, as they are."""


@dataclass(slots=True)
class _Item:
    """A bullet or a turn with the lines below it."""

    line: int
    match: re.Match[str]
    below: list[tuple[int, str]] = field(default_factory=list)
    """Line numbers and lines; "" where blank."""


def render(journal: Journal, front: Sequence[str] = (), extra: Sequence[str] = ()) -> str:
    """The file of a journal. `front`, `extra`: what `parse` found in it besides."""
    lines = [*write_head(journal, front), "", MATTERED, ""]
    for memory in journal.memories:
        lines += _indented(_bullet(memory.text), "  ")
        lines.append("  " + write_trailer(memory, journal))
    lines += ["", SAID, ""] if journal.memories else [SAID, ""]
    for turn in journal.turns:
        lines += _indented(_turn_lines(turn, journal), "   ")
    if extra:
        lines += ["", *extra]
    return "\n".join(lines).rstrip("\n") + "\n"


def is_cut_off(text: str, whole: Parsed) -> bool:
    """Whether a file is empty, or ends in the middle of a line of what it was."""
    made = render(whole.journal, whole.front, whole.extra)
    return not text.strip("\0 \n") or (not text.endswith("\n") and made.startswith(text))


def parse(text: str, id: str) -> Parsed:
    """Read a file named `id`.md. Raises `MemoryFailure` only where `id` is no journal's."""
    if not is_journal_id(id):
        raise MemoryFailure(
            f'"{id}" is not the name of a journal',
            "Journals are named like 2026-11-21T190503-jarvis.md.",
        )
    lines = re.sub("\r\n?", "\n", text.removeprefix("\ufeff")).split("\n")
    front, start = read_front(lines)
    parsed = Parsed(read_head(front, id), front.problems)
    parsed.front = [line for key in front.raw if key not in KEYS for line in front.raw[key]]
    unclear = list(front.broken)
    sections = list(_sections(lines, start))
    # Turns first: a memory that tells no time was said when its turn was.
    for heading, first, body in sorted(sections, key=lambda each: each[0] != SAID):
        if heading == SAID:
            _read_turns(parsed, first, body, unclear)
        elif heading == MATTERED:
            _read_memories(parsed, first, body, unclear)
    for heading, _, body in sections:
        if not heading:
            unclear += [line for line in body if line.strip()]
        elif heading not in (SAID, MATTERED):
            parsed.extra += [heading, *body]
    _keep_unclear(parsed, unclear)
    parsed.problems.sort(key=lambda each: each.line)
    return parsed


def _indented(lines: Sequence[str], indent: str) -> list[str]:
    return [*lines[:1], *(indent + line if line else "" for line in lines[1:])]


def _bullet(text: str) -> list[str]:
    first, *rest = escape_block(text)
    return [f"- {first}".rstrip(), *rest]


def _turn_lines(turn: Turn, journal: Journal) -> list[str]:
    first, *rest = escape_block(turn.text)
    at, began = to_the_second(turn.at), journal.began
    same_day = at.date() == began.date() and at.utcoffset() == began.utcoffset()
    time = f"{at:%H:%M:%S}" if same_day else at.isoformat()
    side = "" if _usual_side(turn.name, journal) == turn.side else f", {turn.side}"
    head = f"{turn.number}. **{escape(turn.name, '*')}** ({time}{side}):"
    return [f"{head} {first}".rstrip(" "), *rest]


def _usual_side(name: str, journal: Journal) -> Side:
    return "user" if name == USER or (name and name == journal.who) else "agent"


def _sections(lines: Sequence[str], start: int) -> Iterator[tuple[str, int, list[str]]]:
    """Heading, number of the line below it, and lines; "" is what stands before the first."""
    heading, first = "", start + 1
    body: list[str] = []
    for number, line in enumerate(lines[start:], start + 1):
        if f"{line} ".startswith("## "):
            yield from _section(heading, first, body)
            heading, first, body = line.rstrip(), number + 1, []
        else:
            body.append(line)
    yield from _section(heading, first, body)


def _section(heading: str, first: int, body: list[str]) -> Iterator[tuple[str, int, list[str]]]:
    if heading or any(line.strip() for line in body):
        kept = "\n".join(body).strip("\n")
        yield heading, first, body if heading in (SAID, MATTERED) else ["", *kept.split("\n"), ""]


def _items(
    parsed: Parsed, first: int, body: Sequence[str], pattern: re.Pattern[str], unclear: list[str]
) -> Iterator[_Item]:
    """Lines that belong to no item go to `unclear`, with all that is indented below them."""
    item: _Item | None = None
    for number, line in enumerate(body, first):
        blank, indented = not line.strip(), line[:1] in (" ", "\t")
        if blank or (item and indented):
            if item:
                item.below.append((number, line.strip()))
            continue
        if item:
            yield item
        match = None if indented else pattern.fullmatch(line.rstrip("\r"))
        item = _Item(number, match) if match else None
        if match is None:
            unclear.append(line)
            if not indented:
                wanted = "- A memory." if pattern is _BULLET else "1. **You** (19:05:03): Words."
                what = f'belongs to no entry; one looks like "{wanted}"'
                parsed.problems.append(FrontMatterProblem(number, what))
    if item:
        yield item


def _read_memories(parsed: Parsed, first: int, body: Sequence[str], unclear: list[str]) -> None:
    journal = parsed.journal
    taken = {memory.id: 0 for memory in journal.memories}
    for item in _items(parsed, first, body, _BULLET, unclear):
        below = [(number, line) for number, line in item.below]
        while below and not below[-1][1]:
            below.pop()
        trailer, line = "", item.line
        if below and looks_like_trailer(below[-1][1]):
            line, trailer = below.pop()
        text = unescape_block([item.match["text"] or "", *(line for _, line in below)])
        if not text and not trailer:
            continue
        memory, problems = read_trailer(trailer, text, journal)
        journal.memories.append(_unique(memory, taken))
        parsed.problems += [FrontMatterProblem(line, what) for what in problems]
        if problems:
            unclear.append(trailer)


def _unique(memory: Memory, taken: dict[str, int]) -> Memory:
    """A copied line is a memory of its own. `taken`: the ids there are, with the last number that
    a copy of each was given."""
    id, number = memory.id, taken.get(memory.id, 0)
    while id in taken:
        number += 1 + (number == 0)
        id = f"{memory.id}-{number}"
    taken[memory.id] = number
    taken.setdefault(id, 0)
    return memory if id == memory.id else replace(memory, id=id)


def _read_turns(parsed: Parsed, first: int, body: Sequence[str], unclear: list[str]) -> None:
    journal = parsed.journal
    taken = {turn.number for turn in journal.turns}
    last = max(taken, default=0)
    for item in _items(parsed, first, body, _TURN, unclear):
        name = unescape(item.match["name"])
        at = _turn_time(item.match["time"], journal.began)
        if at is None:
            parsed.problems.append(FrontMatterProblem(item.line, "its time is none like 19:05:03"))
            unclear.append(f"(a time: {item.match['time']})")
        side: Side = _usual_side(name, journal)
        if marked := item.match["side"]:
            side = "user" if marked == "user" else "agent"
        text = unescape_block([item.match["text"] or "", *(line for _, line in item.below)])
        number = int(item.match["number"])
        if number in taken:
            parsed.problems.append(
                FrontMatterProblem(item.line, f"there is a turn {number} already")
            )
            number = last + 1
        taken.add(number)
        last = max(last, number)
        journal.turns.append(Turn(number, side, name, text, at or journal.began))


def _turn_time(text: str, began: datetime) -> datetime | None:
    try:
        if "T" in text:
            time = datetime.fromisoformat(text)
            return time if time.tzinfo else time.replace(tzinfo=began.tzinfo)
        hour, minute, second = map(int, [*text.split(":"), "0"][:3])
        return began.replace(hour=hour, minute=minute, second=second, microsecond=0)
    except (ValueError, OverflowError):
        return None


def _keep_unclear(parsed: Parsed, unclear: Sequence[str]) -> None:
    if not unclear:
        return
    if UNCLEAR not in parsed.extra:
        parsed.extra += [UNCLEAR, ""]
    place = parsed.extra.index(UNCLEAR) + 1
    # A heading among them would begin a section, so it is marked to be text.
    lines = [f"\\{line}" if line.startswith("##") else line for line in unclear]
    parsed.extra[place + 1 : place + 1] = [*lines, ""]
