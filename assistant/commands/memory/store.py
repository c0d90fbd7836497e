"""What the `assistant memory` commands share: the store of the settings, and how it is shown."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from assistant.commands import tables
from assistant.config.schema import Config, MemoryConfig
from assistant.locations import memory_dir
from assistant.memory.base import Memory, MemoryFailure
from assistant.memory.factory import PASSPHRASE, open_store
from assistant.memory.store.contents import DECRYPTING, JOURNALS, MARKERS
from assistant.memory.store.disk import files_below
from assistant.memory.told import told
from assistant.terminal.sanitize import clean_line

if TYPE_CHECKING:
    from assistant.memory.store.files import FileStore

_COLUMNS = [tables.Column(title, whole=True) for title in ("Id", "Date", "Category")]
EMPTY = (
    "Nothing is remembered yet. Tell the assistant something worth keeping:"
    " “remember that my parrot is called Picasso”."
)


@contextmanager
def opened(config: Config) -> Iterator[FileStore]:
    """The files of memory on this machine; closed afterwards. Raises `MemoryFailure`."""
    from assistant.memory.store.files import FileStore

    with passphrase_at_hand(config.memory):
        store = open_store(config.memory).store
    if not isinstance(store, FileStore):
        raise MemoryFailure(
            "what is remembered is kept by another program or machine",
            "Run this there, or with ASSISTANT_MEMORY__SERVER= for what is on this machine.",
        )
    try:
        yield store
    finally:
        store.close()


def is_empty() -> bool:
    """Whether there is no journal, and no conversion to finish; nothing is opened or made."""
    folder = memory_dir()
    unfinished = any((folder / name).exists() for name in MARKERS)
    return not unfinished and not any(files_below(folder / JOURNALS))


def nothing_yet(config: Config) -> bool:
    """The same of the memory that the settings name; says so."""
    if config.memory.server or not is_empty():
        return False
    print(EMPTY, file=sys.stderr)
    return True


@contextmanager
def passphrase_at_hand(memory: MemoryConfig) -> Iterator[None]:
    """Asks for the passphrase where one is needed, none is given, and somebody is there.

    What was typed is taken back at the end: no program that is started later sees it.
    """
    asks = memory.encryption == "passphrase" or _is_half_decrypted(memory)
    if not asks or os.environ.get(PASSPHRASE) or not sys.stdin.isatty():
        yield
        return
    os.environ[PASSPHRASE] = getpass.getpass("Passphrase of memory: ")
    try:
        yield
    finally:
        os.environ.pop(PASSPHRASE, None)


def _is_half_decrypted(memory: MemoryConfig) -> bool:
    """With files that take a passphrase, though the settings do not say so any more."""
    marker = memory_dir() / DECRYPTING
    if memory.encryption != "off" or not marker.exists():
        return False
    from assistant.memory.encryption.sealing import kind_of

    return kind_of(marker) == "passphrase"


def now() -> datetime:
    """With this machine's time zone."""
    return datetime.now().astimezone()


def beginning(text: str) -> datetime:
    """ "2026-11-21", "yesterday", "last week": where that begins. Raises `MemoryFailure`."""
    return _span(text)[0]


def day_of(text: str) -> date:
    """ "2026-11-21", "yesterday", "on Monday". Raises `MemoryFailure` where it is no single day."""
    since, until = _span(text)
    if (until.date() - since.date()).days != 1:
        raise MemoryFailure(f"“{text}” is no single day", "For example: yesterday, 2026-11-21.")
    return since.date()


def _span(text: str) -> tuple[datetime, datetime]:
    from datetime import timedelta

    from assistant.language.periods import find_period

    try:
        given = date.fromisoformat(text.strip())
        begin = datetime(given.year, given.month, given.day).astimezone()
        return begin, begin + timedelta(days=1)
    except (ValueError, OverflowError):
        found = find_period(text, now())
    if found is None:
        raise MemoryFailure(
            f"“{clean(text)[:60]}” is no time that is understood",
            "For example: 2026-11-21, yesterday, “last week”, “in March”.",
        )
    return found.since, found.until


def counted(number: int, name: str, names: str = "") -> str:
    """ "1 memory", "2 memories"."""
    return f"{number} {name if number == 1 else names or name + 's'}"


def clean(text: str) -> str:
    """On one line, and without what could steer a terminal: files may come from anybody."""
    return clean_line(text)


def as_data(value: Any) -> Any:
    """For JSON: times as ISO 8601."""
    import msgspec

    return msgspec.to_builtins(value)


def print_json(value: Any) -> None:
    tables.print_json(as_data(value))


def print_memories(memories: list[Memory], who: str = "") -> None:
    """A table, in their order, told to the user, whose name is `who`."""
    today = now().date()
    columns = [*_COLUMNS, tables.Column("Sure", whole=True, right=True), tables.Column("What")]
    tables.print_table(
        columns,
        [
            (
                each.id,
                f"{each.at:%Y-%m-%d}",
                each.category,
                f"{each.confidence:.0%}",
                told(each, who, today),
            )
            for each in memories
        ],
    )
