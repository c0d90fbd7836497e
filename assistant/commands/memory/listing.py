"""`assistant memory list|search|path`: what is remembered, looked at."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.commands.memory.store import (
    beginning,
    nothing_yet,
    now,
    opened,
    print_json,
    print_memories,
)
from assistant.commands.runner import USAGE, complain
from assistant.commands.tables import Column, print_table
from assistant.config.schema import Config
from assistant.locations import memory_dir
from assistant.memory.base import CATEGORIES, Category, Filters, Found
from assistant.memory.told import name_in, once, told_hits
from assistant.terminal.output import print_path

if TYPE_CHECKING:
    from assistant.memory.store.files import FileStore

FAR = 0.2
"""Share of the best score below which a hit is not shown to a person."""


@dataclass(frozen=True, slots=True)
class ListFilters:
    """The filters of the command line, as they are typed; "" and 0: any."""

    category: str = ""
    person: str = ""
    persona: str = ""
    since: str = ""
    topic: str = ""
    limit: int = 0

    def filters(self) -> Filters:
        """Raises `MemoryFailure` where the time is not understood."""
        return Filters(
            categories=_categories(self.category),
            persona=self.persona.casefold(),
            person=self.person,
            since=beginning(self.since) if self.since else None,
        )

    def limits(self) -> bool:
        return any((self.category, self.person, self.persona, self.since, self.topic))


def list_command(config: Config, wanted: ListFilters, *, json_output: bool = False) -> int:
    """Memories that hold, newest first."""
    if not json_output and nothing_yet(config):
        return 0
    with opened(config) as store:
        found = [
            memory
            for memory in store.memories(wanted.filters())
            if not wanted.topic or _is_of(wanted.topic, memory.topics)
        ]
        who = name_in(store.memories())
    if not json_output:
        found = once(found)
    found = found[: wanted.limit or None]
    if json_output:
        print_json(found)
    elif found:
        print_memories(found, who)
    else:
        what = "fits that" if wanted.limits() else "is remembered"
        print(f"Nothing {what}.", file=sys.stderr)
    return 0


def search_command(
    config: Config, query: str, wanted: ListFilters, *, json_output: bool = False
) -> int:
    """Best first; time words of the query ("last week") become a filter."""
    from assistant.memory.filtering import with_when
    from assistant.memory.retrieval.relevance import to_the_point

    if not json_output and nothing_yet(config):
        return 0
    if not query.strip():
        complain("there is nothing to search for", "assistant memory search my parrot")
        return USAGE
    query, filters = with_when(query, wanted.filters(), now())
    with opened(config) as store:
        found = to_the_point(query, store.search(query, filters, wanted.limit or 10))
        if wanted.topic:
            found = [hit for hit in found if hit.memory and _is_of(wanted.topic, hit.memory.topics)]
        shown = [] if json_output else _told(found, store)
    if json_output:
        print_json(found)
    elif shown:
        _print_found(shown)
    else:
        print("Nothing like that is remembered.", file=sys.stderr)
    return 0


def path_command() -> int:
    """The folder of the journals and of what is made from them."""
    print_path(memory_dir())
    return 0


def _told(found: Sequence[Found], store: FileStore) -> list[Found]:
    """What is near, said to the user, each thing once."""
    best = max((hit.score for hit in found), default=0.0)
    near = [hit for hit in found if hit.score >= FAR * best]
    return told_hits(near, name_in(store.memories()), now().date(), store)


def _categories(name: str) -> tuple[Category, ...]:
    return tuple(each for each in CATEGORIES if each == name)


def _is_of(topic: str, topics: tuple[str, ...]) -> bool:
    return topic.casefold() in (each.casefold() for each in topics)


def _print_found(found: Sequence[Found]) -> None:
    print_table(
        [*(Column(title, whole=True) for title in ("Id", "Date", "Kind")), Column("What")],
        [
            (hit.id, f"{hit.at:%Y-%m-%d}", hit.memory.category if hit.memory else "said", hit.text)
            for hit in found
        ],
    )
