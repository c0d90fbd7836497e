"""`assistant memory export|import|rebuild|stats`: all of memory as files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.commands.memory.store import clean, counted, nothing_yet, opened, print_json
from assistant.commands.runner import USAGE, agreed, complain
from assistant.config.schema import Config
from assistant.discord.people.kept import anything_kept_of_people
from assistant.memory.base import CATEGORIES, MemoryFailure
from assistant.memory.store.disk import files_below

if TYPE_CHECKING:
    from assistant.memory.store.files import FileStore


NOT_YOURS = "what people on Discord told (assistant memory show discord)"
"""It is theirs, and stays where `/forget-me` finds it."""


def export_command(config: Config, path: Path, *, yes: bool = False) -> int:
    """Write the zip. Raises `MemoryFailure`."""
    if nothing_yet(config):
        return 0
    if path.is_dir():
        complain(f"{path} is a folder", f"Name a file: {path / 'memory.zip'}")
        return USAGE
    question = f"{path} is there already. Replace it?"
    if path.exists() and not yes and (code := agreed(question, f"{path} is there already")):
        return code
    from assistant.memory.export import export_to

    with opened(config) as store:
        done = export_to(store, path)
        sealed = bool(store.tree.cipher.ending)
    print(f"{path}: {_amount(done.journals, done.memories, done.turns)}")
    if done.unread:
        complain(
            f"could not be read, and {counted(len(done.unread), 'journal')} is not among them:"
            f" {done.unread[0]}",
            "`assistant memory doctor` tells why; the zip has it as it is, where it can be opened.",
        )
    if anything_kept_of_people():
        print(f"Without {NOT_YOURS}.", file=sys.stderr)
    if sealed:
        print("It is in plain text: memory is encrypted, this file is not.", file=sys.stderr)
    return 0


def import_command(config: Config, path: Path) -> int:
    """Add what the zip has and memory has not. Raises `MemoryFailure`."""
    from assistant.memory.export import import_from

    with opened(config) as store:
        taken = import_from(store, path)
    if taken.memories or taken.turns:
        print(f"Added: {_amount(taken.journals, taken.memories, taken.turns)}.")
    else:
        print("All of it was here already.")
    return 0


def rebuild_command(config: Config) -> int:
    """Make index and profile anew, a damaged index too. Raises `MemoryFailure`."""
    from assistant.memory.retrieval.index import IndexUnusable, delete_index

    if nothing_yet(config):
        return 0
    try:
        with opened(config) as store, _bar("journals") as progress:
            count = store.rebuild(progress)
    except IndexUnusable:
        for path in _index_files(config):
            delete_index(path)
        with opened(config) as store, _bar("journals") as progress:
            count = store.rebuild(progress)
    print(f"Made anew from {counted(count, 'journal')}.")
    return 0


@dataclass(frozen=True, slots=True)
class Stats:
    """Sizes are in bytes."""

    memories: int
    corrected: int
    """Of them, that do not hold any more."""
    journals: int
    turns: int
    categories: dict[str, int]
    personas: dict[str, int]
    oldest: datetime | None
    newest: datetime | None
    journal_bytes: int
    index_bytes: int
    index_written: datetime | None
    folder: str


def stats_command(config: Config, *, json_output: bool = False) -> int:
    """How much is remembered, and what it takes."""
    if not json_output and nothing_yet(config):
        return 0
    with opened(config) as store:
        stats = _stats(store)
    if json_output:
        print_json(asdict(stats))
        return 0
    print(f"memories   {stats.memories}, and {stats.corrected} that were corrected")
    for title, counts in (("category", stats.categories), ("told to", stats.personas)):
        for name, count in counts.items():
            print(f"  {title:<9}{clean(name):<12} {count:>6}")
    print(f"journals   {stats.journals}, {stats.turns} turns, {_size(stats.journal_bytes)}")
    if stats.oldest and stats.newest:
        print(f"from       {stats.oldest:%Y-%m-%d} to {stats.newest:%Y-%m-%d}")
    if stats.index_written:
        print(
            f"index      {_size(stats.index_bytes)}, written {stats.index_written:%Y-%m-%d %H:%M}"
        )
    else:
        print("index      in memory only")
    print(f"folder     {stats.folder}")
    return 0


def _stats(store: FileStore) -> Stats:
    everything = store.history()
    holding = [memory for memory in everything if not memory.replaced_by]
    categories = Counter(memory.category for memory in holding)
    ids = store.journals()
    index = [path for path in store.index.paths() if path.exists()]
    written = max((path.stat().st_mtime for path in index), default=None)
    return Stats(
        memories=len(holding),
        corrected=len(everything) - len(holding),
        journals=len(ids),
        turns=sum(_turns(store, id) for id in ids),
        categories={name: categories[name] for name in CATEGORIES if categories[name]},
        personas=dict(Counter(memory.persona for memory in holding).most_common()),
        oldest=everything[0].at if everything else None,
        newest=everything[-1].at if everything else None,
        journal_bytes=sum(path.stat().st_size for path in files_below(store.tree.folder)),
        index_bytes=sum(path.stat().st_size for path in index),
        index_written=datetime.fromtimestamp(written).astimezone() if written else None,
        folder=str(store.folder),
    )


def _amount(journals: int, memories: int, turns: int) -> str:
    parts = (
        (journals, counted(journals, "whole journal")),
        (memories, counted(memories, "memory", "memories")),
        (turns, counted(turns, "turn")),
    )
    return ", ".join(text for number, text in parts if number) or "nothing"


def _turns(store: FileStore, id: str) -> int:
    """0 where the file cannot be read, which the doctor tells."""
    try:
        return len(store.read(id).turns)
    except MemoryFailure:
        return 0


def _index_files(config: Config) -> list[Path]:
    from assistant.locations import memory_dir
    from assistant.memory.store.contents import INDEX, SEALED_INDEX

    return [memory_dir() / (INDEX if config.memory.encryption == "off" else SEALED_INDEX)]


def _size(count: int) -> str:
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """On stderr, and only on a terminal."""
    from rich.progress import Progress

    from assistant.commands.tables import console

    with Progress(console=console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, all: bar.update(task, completed=done, total=all)
