"""`assistant memory show ID`: one memory with where it comes from, a journal, or the profile."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from assistant.commands.memory.store import as_data, clean, nothing_yet, now, opened, print_json
from assistant.commands.tables import console
from assistant.config.schema import Config
from assistant.memory.base import Journal, Memory, MemoryFailure, Turn
from assistant.memory.journal.escaping import whole_number
from assistant.memory.told import name_in, told
from assistant.terminal.sanitize import clean_text

if TYPE_CHECKING:
    from assistant.memory.store.files import FileStore

PROFILE = "profile"
_REMEDY = "`assistant memory list` names those there are."


def show_command(config: Config, id: str, *, json_output: bool = False) -> int:
    """Raises `MemoryFailure` where the id is none."""
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
