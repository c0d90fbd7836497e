"""What a memory server and its clients say to each other: JSON over HTTP, a bearer token before it.

    GET  /v1                  that it is one, and its version
    GET  /v1/journals         ids, oldest first
    GET  /v1/journals/ID      a journal
    PUT  /v1/journals/ID      keep one (`Written`); answers with it as it is kept
    POST /v1/memories         all that hold and pass (`ListRequest`)
    POST /v1/search           `Search`
    POST /v1/forget           `Forget`

What goes wrong is a `Trouble`. Everything can be asked twice with the same result.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

import msgspec

from assistant.memory.base import (
    ANY,
    CATEGORIES,
    Filters,
    Found,
    Journal,
    Memory,
)
from assistant.memory.journal.front_matter import is_journal_id

ROOT = "/v1"
SERVICE = "assistant-memory"
MAX_BODY = 16_000_000
"""Bytes of a request: a day's talk is one million."""
MAX_LIMIT = 1_000
MAX_QUERY = 20_000
"""Characters."""
MAX_IDS = 1_000_000
MAX_NUMBER = 999_999_999
"""Of a turn: nine digits are read in a file."""
_SURROGATES = dict.fromkeys(range(0xD800, 0xE000), "�")

T = TypeVar("T")


class Misunderstood(Exception):
    """A message is not what was agreed on; says how."""


@dataclass(frozen=True, slots=True)
class MemoryServerHello:
    service: str
    version: str


@dataclass(frozen=True, slots=True)
class Trouble:
    error: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class KnownJournal:
    """What of a journal the server has had from this client: of this, what is not there any more
    was forgotten or taken out by hand meanwhile, and may not come back."""

    memories: tuple[str, ...] = ()
    turns: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Written:
    journal: Journal
    known: KnownJournal = KnownJournal()


@dataclass(frozen=True, slots=True)
class ListRequest:
    filters: Filters = ANY


@dataclass(frozen=True, slots=True)
class Search:
    query: str
    filters: Filters = ANY
    limit: int = 10


@dataclass(frozen=True, slots=True)
class Forget:
    ids: list[str] = field(default_factory=list)


def encode(message: object) -> bytes:
    try:
        return msgspec.json.encode(message)
    except UnicodeEncodeError:  # half of a pair of characters, as a terminal may hand over
        text = json.dumps(msgspec.to_builtins(message), ensure_ascii=False)
        return text.translate(_SURROGATES).encode("utf-8")


def decode(data: bytes, type: type[T]) -> T:
    """Raises `Misunderstood`; every time in what comes back has its zone."""
    try:
        message = msgspec.json.decode(data, type=type)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        # ValueError: a number of more digits than Python reads, bytes that are no UTF-8
        raise Misunderstood(str(error)[:300]) from None
    _check(message)
    return message


_journals = msgspec.json.Decoder(Journal)


def copy_of(journal: Journal) -> Journal:
    """Sharing nothing, and with a mark for each half of a character."""
    return _journals.decode(encode(journal))


def known_of(journal: Journal) -> KnownJournal:
    """All that it holds."""
    return KnownJournal(
        tuple(memory.id for memory in journal.memories),
        tuple(turn.number for turn in journal.turns),
    )


def without_gone(journal: Journal, known: KnownJournal, now: Journal | None) -> Journal:
    """`journal` without what was `known` once and is not in `now`, the journal as it is kept."""
    left = known_of(now) if now is not None else KnownJournal()
    memories = frozenset(known.memories) - frozenset(left.memories)
    turns = frozenset(known.turns) - frozenset(left.turns)
    return replace(
        journal,
        memories=[each for each in journal.memories if each.id not in memories],
        turns=[each for each in journal.turns if each.number not in turns],
    )


def bring_up_to_date(journal: Journal, now: Journal) -> None:
    """Give `journal`, in place, all that `now` says."""
    for name in ("who", "ended", "topics", "mood", "commitments", "memories", "turns"):
        setattr(journal, name, getattr(now, name))


def _check(message: Any) -> None:
    match message:
        case list():
            for each in message:
                _check(each)
        case Written(journal=journal, known=known):
            check_journal(journal)
            _check_numbers(known.turns)
        case Journal():
            check_journal(message)
        case Memory():
            _check_memory(message)
        case Found(at=at, memory=memory):
            _check_times((at,))
            if memory is not None:
                _check_memory(memory)
        case ListRequest(filters=filters) | Search(filters=filters):
            _check_times((filters.since, filters.until))
            if isinstance(message, Search) and not 0 <= message.limit <= MAX_LIMIT:
                raise Misunderstood(f"a limit is 0 to {MAX_LIMIT}, not {str(message.limit)[:20]}")
            if isinstance(message, Search) and len(message.query) > MAX_QUERY:
                raise Misunderstood(f"a query has up to {MAX_QUERY} characters")
        case Forget(ids=ids):
            if len(ids) > MAX_IDS:
                raise Misunderstood(f"up to {MAX_IDS} things are forgotten at a time")
        case _:
            pass


def check_journal(journal: Journal) -> None:
    """Raises `Misunderstood` where a value is none that a journal can have, though of its kind."""
    if not is_journal_id(journal.id):
        raise Misunderstood(f'"{journal.id[:80]}" is no id of a journal')
    _check_times((journal.began, journal.ended, *(turn.at for turn in journal.turns)))
    numbers = [turn.number for turn in journal.turns]
    _check_numbers(numbers)
    if len(set(numbers)) < len(numbers):
        raise Misunderstood("two turns have the same number")
    for memory in journal.memories:
        _check_memory(memory)
        if memory.journal != journal.id:
            raise Misunderstood(f'memory "{memory.id[:80]}" is of another journal')


def _check_numbers(numbers: Sequence[int]) -> None:
    for number in numbers:
        if not 1 <= number <= MAX_NUMBER:
            raise Misunderstood(
                f"a turn has a number from 1 to {MAX_NUMBER}, not {str(number)[:20]}"
            )


def _check_memory(memory: Memory) -> None:
    _check_times((memory.at,))
    if not 0 <= memory.turn <= MAX_NUMBER:
        raise Misunderstood(f"a memory is of turn 0 to {MAX_NUMBER}, not {str(memory.turn)[:20]}")
    if not 0 <= memory.confidence <= 1:
        raise Misunderstood(f"a confidence is 0 to 1, not {memory.confidence}")
    assert memory.category in CATEGORIES  # msgspec has looked


def _check_times(times: Sequence[datetime | None]) -> None:
    if any(time is not None and time.tzinfo is None for time in times):
        raise Misunderstood("a time has no zone")
