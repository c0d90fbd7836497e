"""What is kept on this machine of people on Discord who have agreed to it, without Discord.

A folder for each, by user id, with the same files as the memory of this machine's user; the
transcripts of all, and the file of who has agreed. The commands for memory look after them as they
do after the user's own: forgetting, encryption, doctor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from assistant.config.schema import MemoryConfig
from assistant.discord.people.agreements import Agreement, read_agreements
from assistant.locations import data_dir, memory_dir, transcripts_dir
from assistant.memory.base import MemoryFailure
from assistant.memory.deletion.erasure import Attempts, transcripts_of
from assistant.memory.factory import open_store_in
from assistant.memory.store.contents import Places
from assistant.memory.store.disk import FolderLock, failure, files_below
from assistant.private_files import remove_tree


def discord_folder() -> Path:
    """Where everything is that is kept of people on Discord."""
    return data_dir() / "discord"


def agreements_file(folder: Path) -> Path:
    """Who has agreed."""
    return folder / "people.json"


def people_folder(folder: Path) -> Path:
    """Has a folder for each, called as the user id."""
    return folder / "people"


def transcripts_folder(folder: Path) -> Path:
    return folder / "transcripts"


def places_of(folder: Path, user: int | str) -> Places:
    """Where words of one of them may be; sealed with the key of the user's own memory, if that is.
    `folder`: as of `discord_folder`."""
    return Places(
        people_folder(folder) / str(user) / "memory",
        transcripts_folder(folder),
        same_key=(people_folder(folder), memory_dir(), transcripts_dir()),
    )


def places_of_people() -> list[Places]:
    """Of all of whom something is kept; of transcripts alone, where there is no more."""
    folder = discord_folder()
    kept = [places_of(folder, each.name) for each in _folders(folder)]
    if not kept and any(transcripts_of(transcripts_folder(folder))):
        kept = [places_of(folder, "0")]
    return kept


@dataclass(frozen=True, slots=True)
class KeptOfOne:
    """How much is kept of somebody who has agreed, or of whom there is a folder."""

    id: int
    name: str = ""
    since: str = ""
    """ISO date; "" where no agreement is known."""
    memories: int = 0
    turns: int = 0
    unread: bool = False
    """The folder cannot be read."""


@dataclass(frozen=True, slots=True)
class KeptOfPeople:
    """How much there is of all."""

    people: int = 0
    memories: int = 0
    turns: int = 0
    transcripts: int = 0
    unread: int = 0
    """People whose folder cannot be read."""


def kept_of_people(config: MemoryConfig) -> KeptOfPeople:
    """Counted; what cannot be read is counted as that."""
    each = kept_of_each(config)
    return KeptOfPeople(
        people=len(each),
        memories=sum(one.memories for one in each),
        turns=sum(one.turns for one in each),
        transcripts=sum(1 for _ in transcripts_of(transcripts_folder(discord_folder()))),
        unread=sum(one.unread for one in each),
    )


def kept_of_each(config: MemoryConfig) -> list[KeptOfOne]:
    """By user id."""
    folder = discord_folder()
    agreed = read_agreements(agreements_file(folder))
    return [
        _counted(config, folder, user, agreed.get(user))
        for user in sorted({*agreed, *(int(each.name) for each in _folders(folder))})
    ]


def _counted(
    config: MemoryConfig, folder: Path, user: int, agreement: Agreement | None
) -> KeptOfOne:
    from assistant.memory.store.files import FileStore

    known = (agreement.name, agreement.since) if agreement else ("", "")
    places = places_of(folder, user)
    if not places.folder.is_dir():
        return KeptOfOne(user, *known)
    try:
        store = open_store_in(config, places).store
        try:
            turns = sum(len(store.read(id).turns) for id in store.journals())
            return KeptOfOne(user, *known, len(store.memories()), turns)
        finally:
            if isinstance(store, FileStore):
                store.close()
    except MemoryFailure:
        return KeptOfOne(user, *known, unread=True)


def anything_kept_of_people() -> bool:
    """Nothing is opened."""
    return any(True for _ in _files())


def forget_people() -> int:
    """Delete all of it, unread; returns how many files. A bot that runs takes everybody's
    agreement as withdrawn. Raises `MemoryFailure`; what could be deleted is gone then."""
    folder = discord_folder()
    if not folder.is_dir():
        return 0
    count = sum(1 for _ in _files())
    attempts = Attempts()
    for _ in range(2):  # once more for what a bot that runs was in the middle of writing
        for path in list(_in_order(folder)):
            attempts.do(partial(_delete, path))
    if attempts.failures:
        raise attempts.failures[0]
    return count


def _in_order(folder: Path) -> Iterator[Path]:
    """Who has agreed goes first: from then on a bot that runs keeps nothing more. Of a folder that
    is a link what it leads to goes, too."""
    if folder.is_dir():
        yield agreements_file(folder)
        yield from _folders(folder)
        yield from transcripts_of(transcripts_folder(folder))
        yield from sorted(folder.iterdir())
        yield folder


def _delete(path: Path) -> None:
    """Raises `MemoryFailure`."""
    memory = path / "memory"
    try:
        if path.is_symlink() or path.is_file():
            path.unlink()
        elif memory.is_dir():
            with FolderLock(memory).held():  # nobody is in the middle of writing
                remove_tree(path)
        elif path.is_dir():
            remove_tree(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise failure(path, error, "cannot be deleted") from None


def _folders(folder: Path) -> list[Path]:
    people = people_folder(folder)
    if not people.is_dir():
        return []
    return sorted(each for each in people.iterdir() if each.name.isdecimal() and each.is_dir())


def _files() -> Iterator[Path]:
    yield from files_below(discord_folder())
