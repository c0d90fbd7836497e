"""`assistant memory show ID`: one memory with where it comes from, a journal, or the profile."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.commands.memory.store import (
    as_data,
    beginning,
    clean,
    nothing_yet,
    now,
    opened,
    print_json,
    print_memories,
)
from assistant.commands.runner import USAGE, complain
from assistant.commands.tables import Column, console, print_table
from assistant.config.schema import Config
from assistant.locations import memory_dir
from assistant.memory.base import (
    CATEGORIES,
    Category,
    Filters,
    Found,
    Journal,
    Memory,
    MemoryFailure,
    Turn,
)
from assistant.memory.journal.escaping import whole_number
from assistant.memory.told import name_in, once, told, told_hits
from assistant.terminal.output import print_path
from assistant.terminal.sanitize import clean_text

if TYPE_CHECKING:
    from assistant.memory.store.files import FileStore


PROFILE = "profile"
DISCORD = "discord"
_REMEDY = "`assistant memory list` names those there are."


def show_command(config: Config, id: str, *, json_output: bool = False) -> int:
    """Raises `MemoryFailure` where the id is none."""
    if id == DISCORD:
        from assistant.commands.memory.people import show_people

        return show_people(config, json_output=json_output)
    if not json_output and nothing_yet(config):
        return 0
    with opened(config) as store:
        if id == PROFILE:
            _show_profile(store, json_output)
        elif (memory := find_memory(store, id)) is not None:
            _show_memory(store, memory, json_output)
        elif "#" in id:
            _show_turn(store, id, json_output)
        else:
            _show_journal(store, find_journal(store, id), json_output)
    return 0


def find_memory(store: FileStore, id: str) -> Memory | None:
    """None where no memory is called so."""
    return next((memory for memory in store.history() if memory.id == id), None)


def find_journal(store: FileStore, id: str) -> str:
    """The id of a journal by its beginning, or of the "last". Raises `MemoryFailure`."""
    ids = store.journals()
    if id == "last" and ids:
        return ids[-1]
    found = [each for each in ids if each == id] or [each for each in ids if each.startswith(id)]
    if len(found) == 1 and id:
        return found[0]
    what = "more than one journal begins with" if found and id else "there is no memory or journal"
    raise MemoryFailure(f"{what} “{clean(id)[:80]}”", _REMEDY)


def before(memory: Memory, everything: Sequence[Memory]) -> list[Memory]:
    """What it corrected, newest first."""
    found: list[Memory] = []
    wanted = {memory.id}
    while wanted:
        older = [each for each in everything if each.replaced_by in wanted and each not in found]
        found += older
        wanted = {each.id for each in older}
    return sorted(found, key=lambda each: (each.at, each.id), reverse=True)


def _show_memory(store: FileStore, memory: Memory, json_output: bool) -> None:
    who, today = name_in(store.memories()), now().date()
    older = before(memory, store.history())
    turn = _turn(store.read(memory.journal), memory.turn)
    path = store.tree.path(memory.journal)
    if json_output:
        data = {"memory": memory, "turn": turn, "before": older, "file": str(path)}
        print_json(as_data(data))
        return
    print(clean(told(memory, who, today)))
    print(
        f"{memory.category} · {memory.at:%Y-%m-%d %H:%M} · told to {clean(memory.persona)}"
        f" · {memory.confidence:.0%} sure"
    )
    if memory.claim:
        claim = memory.claim
        print(clean(f"claim: {claim.subject} | {claim.attribute} | {claim.value}"))
    for name, values in (("people", memory.people), ("topics", memory.topics)):
        if values:
            print(clean(f"{name}: {', '.join(values)}"))
    print(f"file: {path}")
    if turn is None:
        print("\nWritten by hand." if not memory.turn else "\nThe turn it came from is not kept.")
    else:
        print(f"\n{clean(turn.name)} said ({turn.at:%H:%M:%S}, turn {turn.number}):")
        print(f"  {clean(turn.text)}")
    if older:
        print("\nBefore:")
        for each in older:
            print(f"  {each.at:%Y-%m-%d}  {clean(told(each, who, today))}  ({clean(each.id)})")
    if memory.replaced_by:
        print(f"\nIt does not hold any more; see {clean(memory.replaced_by)}.")


def _show_turn(store: FileStore, id: str, json_output: bool) -> None:
    journal_id, _, number = id.partition("#")
    journal = store.read(find_journal(store, journal_id))
    turn = _turn(journal, whole_number(number)) if number else None
    if turn is None:
        raise MemoryFailure(f"there is no turn “{clean(id)[:80]}”", _REMEDY)
    made = [memory for memory in journal.memories if memory.turn == turn.number]
    if json_output:
        print_json({"turn": turn, "memories": made})
        return
    print(f"{clean(turn.name)} said ({turn.at:%Y-%m-%d %H:%M:%S}):\n  {clean(turn.text)}")
    who = name_in(store.memories())
    for memory in made:
        print(f"\nRemembered of it: {clean(told(memory, who, now().date()))}  ({clean(memory.id)})")


def _show_journal(store: FileStore, id: str, json_output: bool) -> None:
    if json_output:
        print_json(store.read(id))
    else:
        _print_page(store.tree.text(id), id)


def _show_profile(store: FileStore, json_output: bool) -> None:
    profile = store.profile()
    if json_output:
        print_json(
            {
                "sections": {
                    name: [{"text": item.text, **as_data(item)} for item in items]
                    for name, items in profile.sections.items()
                },
                "questions": profile.questions,
            }
        )
    elif text := profile.markdown():
        _print_page(text, "")
    else:
        print("Nothing is known of you yet.", file=sys.stderr)


def _print_page(text: str, title: str) -> None:
    """As it reads well on a terminal; as it is in the file elsewhere."""
    text = clean_text(text)
    if not sys.stdout.isatty():
        print(text.strip("\n"))
        return
    from rich.markdown import Markdown

    out = console()
    if title:  # its head is for programs
        text = text.partition("\n---\n")[2] or text
        out.print(f"{title}\n", style="bold")
    out.print(Markdown(text, hyperlinks=False))


def _turn(journal: Journal, number: int) -> Turn | None:
    return next((turn for turn in journal.turns if turn.number == number), None)


# `assistant memory list|search|path`: what is remembered, looked at.

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
    from assistant.memory.base import with_when
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
