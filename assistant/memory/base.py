"""The words in which all of memory is told: turns, memories, journals, and where they are asked.

Journals are the truth. The profile and the index are made from them and can be made anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from assistant.errors import AssistantError
from assistant.language.periods import find_period

Category = Literal["personal", "emotional", "contextual", "relational", "temporal"]
"""personal: who the user is and likes; emotional: how they felt; contextual: projects, goals, what
is going on; relational: other people; temporal: dates, habits, schedules, appointments."""
CATEGORIES: tuple[Category, ...] = (
    "personal",
    "emotional",
    "contextual",
    "relational",
    "temporal",
)
Side = Literal["user", "agent"]


class MemoryFailure(AssistantError):
    """Something of memory cannot be read or written.

    `spoken` is the same to be said aloud, without the names of files: "the disk is full".
    """

    def __init__(self, message: str, remedy: str = "", spoken: str = "") -> None:
        super().__init__(message, remedy)
        self._spoken = spoken

    @property
    def spoken(self) -> str:
        """Half a sentence; where nobody has worded one, the message, if it names no file."""
        if self._spoken:
            return self._spoken
        if "/" in self.message or "\\" in self.message:
            return "my memory cannot be used just now"
        return self.message.rstrip(".")


class NoRoom(MemoryFailure):
    """The disk is full, or what the user may take of it."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What one side said."""

    number: int
    """Counts from 1 in its journal."""
    side: Side
    name: str
    """Who spoke, as it is written: "You", "GLaDOS"."""
    text: str
    at: datetime
    """With its time zone."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A memory as subject, attribute and value: ("user", "parrot's name", "Picasso"),
    ("Grace", "relation to user", "sister"). Lower case but for names."""

    subject: str
    attribute: str
    value: str


@dataclass(frozen=True, slots=True)
class Memory:
    """One plain sentence worth keeping, and where it comes from."""

    id: str
    """Unique and stable: of its journal and a number in it."""
    text: str
    category: Category
    at: datetime
    """When it was said."""
    persona: str
    """Slug of the persona it was told to."""
    turn: int
    """Number of the turn it comes from, in the journal `journal`."""
    journal: str
    confidence: float = 0.8
    """1: the user asked for it to be remembered; under 0.5: guessed."""
    people: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    claim: Claim | None = None
    """None: not a fact that another could correct."""
    replaced_by: str = ""
    """The id of the memory that corrected this one; it is history then."""


@dataclass(slots=True)
class Journal:
    """One conversation."""

    id: str
    """"2026-11-21T190503-jarvis", the name of its file without the ending."""
    began: datetime
    persona: str
    """Slug."""
    who: str = ""
    """The user's name, where it is known."""
    ended: datetime | None = None
    """None: it still goes on, or ended without a word."""
    topics: list[str] = field(default_factory=list)
    mood: str = ""
    commitments: list[str] = field(default_factory=list)
    """What somebody undertook to do: "Ada gives a talk on Friday"."""
    memories: list[Memory] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Filters:
    """What a search is limited to; empty: nothing."""

    categories: tuple[Category, ...] = ()
    persona: str = ""
    person: str = ""
    since: datetime | None = None
    until: datetime | None = None


ANY = Filters()


@dataclass(frozen=True, slots=True)
class Found:
    """One hit of a search, best first."""

    id: str
    """Of a memory, or "JOURNAL#TURN" of a turn."""
    text: str
    at: datetime
    persona: str
    score: float
    memory: Memory | None = None
    """None: it is a turn."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What is gone."""

    memories: int
    turns: int
    journals: int


class Index(Protocol):
    """What finds memories and turns in journals; `SqliteIndex(path)`, `path=None`: in memory only.

    Derived: whatever is lost of it is made again from the journals. All raise `MemoryFailure`.
    """

    def update(self, journal: Journal) -> None:
        """Know this journal as it is now, in place of what was known of it; durable on return."""
        ...

    def remove(self, journal_id: str) -> None:
        """Forget a journal without a trace in `paths()`; one that is not known is no error."""
        ...

    def rebuild(self, journals: Iterable[Journal]) -> int:
        """Know these and nothing else; returns how many memories they hold."""
        ...

    def clear(self) -> None:
        """Forget everything without a trace."""
        ...

    def search(self, query: str, filters: Filters, limit: int) -> Sequence[Found]: ...

    def close(self) -> None: ...

    def paths(self) -> Sequence[Path]:
        """Every file it keeps, write-ahead logs included."""
        ...


@runtime_checkable
class KnowsStamps(Protocol):
    """An index that tells at start which journals it knows, so that only the others are read."""

    def stamps(self) -> Mapping[str, str]:
        """The stamp that each known journal was last given; "" where it was given none."""
        ...

    def stamp(self, journal_id: str, stamp: str) -> None:
        """Keep the mark of the file that a known journal was last read from."""
        ...


@runtime_checkable
class Corrects(Protocol):
    """A store that can change one memory; others are given the whole journal anew."""

    def correct(self, id: str, text: str, claim: Claim | None = None) -> Memory:
        """What a memory should say; the old one becomes history."""
        ...

    def settle(self, right: str, wrong: Sequence[str]) -> None:
        """Of memories that do not agree this one holds; the others become history."""
        ...


@runtime_checkable
class MemoryStore(Protocol):
    """Everything that is remembered, wherever it is kept. All raise `MemoryFailure`."""

    def write(self, journal: Journal) -> None:
        """Keep a conversation, in place of what was kept of it before."""
        ...

    def journals(self) -> Sequence[str]:
        """Ids, oldest first."""
        ...

    def read(self, journal: str) -> Journal: ...

    def memories(self, filters: Filters = ANY) -> Sequence[Memory]:
        """All that hold now (not `replaced_by`), newest first."""
        ...

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]: ...

    def forget(self, ids: Sequence[str]) -> Forgotten:
        """Memories, turns ("JOURNAL#TURN") or whole journals, by id, without a trace."""
        ...


@runtime_checkable
class Reports(Protocol):
    """A store that goes on where something is wrong, and says so."""

    def report_to(self, listener: Callable[[str, str], None]) -> None:
        """`listener(text, remedy)` is called from any thread; without a remedy all is well."""
        ...


@runtime_checkable
class Defers(Protocol):
    """A store that takes what it cannot put on disk yet, and keeps it until it can."""

    def deferred(self) -> str:
        """Why something waits, to be said aloud: "my memory server cannot be reached"; "" where
        all is on disk."""
        ...


# Filters: whether a memory is among what is asked for, and the time that a question names.


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
