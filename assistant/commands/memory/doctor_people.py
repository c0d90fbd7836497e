"""The doctor's check of what is kept of people on Discord: as private, sealed and whole as what is
kept of the user."""

from __future__ import annotations

import stat
from collections.abc import Callable, Sequence
from pathlib import Path

from assistant.commands.memory.store import counted
from assistant.commands.tables import Check, fail, ok
from assistant.config.schema import MemoryConfig
from assistant.discord.people.kept import agreements_file, discord_folder, places_of_people
from assistant.memory.base import MemoryFailure
from assistant.memory.store.contents import JOURNALS, MARKERS, Places, index_files, ours, readable
from assistant.memory.store.disk import SEALED, Cipher, files_below
from assistant.memory.store.journals import JournalTree

_NAME = "discord"


def people_checks(
    memory: MemoryConfig, key: Callable[[MemoryConfig, Places], Cipher]
) -> list[Check]:
    """[] where nothing is kept of anybody on Discord. `key` opens what is sealed."""
    folder = discord_folder()
    if not folder.is_dir() or not any(files_below(folder)):
        return []
    places = places_of_people()
    found = [*_modes(folder), *_sealing(memory, places)]
    if not found:
        found = _broken(memory, places, key)
    people = counted(sum(each.folder.is_dir() for each in places), "person", "people")
    sealed = "" if memory.encryption == "off" else ", sealed"
    return found or [ok(_NAME, f"what {people} told is in {folder}{sealed}")]


def _modes(folder: Path) -> list[Check]:
    # Names and who has agreed are beside the memories.
    paths = [folder, agreements_file(folder), *files_below(folder)]
    others = [p for p in paths if p.exists() and stat.S_IMODE(p.lstat().st_mode) & 0o077]
    if not others:
        return []
    told = f"{len(others)} files can be reached by others: {others[0]}"
    return [fail(_NAME, told, f"chmod -R go= {folder}")]


def _sealing(memory: MemoryConfig, places: Sequence[Places]) -> list[Check]:
    if memory.encryption == "off":
        sealed = [path for each in places for path in ours(each) if path.suffix == SEALED]
        told = f"memory.encryption is off, but {len(set(sealed))} files are sealed"
        return [fail(_NAME, told, "assistant memory decrypt")] if sealed else []
    open_files = [
        path
        for each in places
        for path in (
            *readable(each),
            *index_files(each.folder),
            *(each.folder / name for name in MARKERS if (each.folder / name).exists()),
        )
    ]
    told = f"memory is sealed, but {len(set(open_files))} files of people are not"
    return [fail(_NAME, told, "assistant memory encrypt")] if open_files else []


def _broken(
    memory: MemoryConfig, places: Sequence[Places], key: Callable[[MemoryConfig, Places], Cipher]
) -> list[Check]:
    try:
        problems = [
            problem
            for each in places
            for problem in JournalTree(each.folder / JOURNALS, key(memory, each)).problems()
        ]
    except MemoryFailure as failure:
        return [fail(_NAME, failure.message, failure.remedy)]
    if not problems:
        return []
    told = f"{counted(len(problems), 'line')} not understood: {problems[0]}"
    return [fail(_NAME, told, "Correct the line; until then it is left out.")]
