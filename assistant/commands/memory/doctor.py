"""`assistant memory doctor`: whether what is remembered is whole, private and findable.

Nothing is changed: the store is not opened, because opening repairs.
"""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import asdict
from pathlib import Path

from assistant.commands.memory.doctor_people import people_checks
from assistant.commands.memory.store import passphrase_at_hand
from assistant.commands.runner import FAILED
from assistant.commands.tables import Check, fail, ok, print_json, warn
from assistant.config.schema import Config, MemoryConfig
from assistant.locations import memory_dir, transcripts_dir
from assistant.memory.base import MemoryFailure
from assistant.memory.factory import open_key, places_of_memory
from assistant.memory.store.contents import (
    DECRYPTING,
    INDEX,
    JOURNALS,
    MARKERS,
    SEALED_INDEX,
    Places,
    index_files,
    ours,
    readable,
    sounds,
    strangers,
    temporary,
)
from assistant.memory.store.disk import PLAIN, SEALED, Cipher, files_below
from assistant.memory.store.git import SEAL, GitLog
from assistant.models.environments import install_command

SHOWN = 10
"""Broken lines; how many more there are is told."""


def doctor_command(config: Config, *, json_output: bool = False) -> int:
    """Print the report; 1 where something is wrong."""
    from assistant.commands.doctor.command import print_report

    with passphrase_at_hand(config.memory):
        checks = memory_checks(config.memory)
    if json_output:
        print_json([asdict(check) for check in checks])
    else:
        print_report(checks)
    return FAILED if any(check.state == "fail" for check in checks) else 0


def memory_checks(memory: MemoryConfig) -> list[Check]:
    """In the order of the report."""
    folder = memory_dir()
    people = people_checks(memory, _key)
    if not folder.exists():
        return [ok("folder", f"{folder}, not there yet"), *people]
    places = places_of_memory()
    cipher, sealing = _encryption(memory, places)
    return [
        ok("folder", f"{folder}{'' if memory.enabled else ', memory.enabled is off'}"),
        _modes(folder),
        *sealing,
        *([] if memory.encryption == "off" else _others(places)),
        *([] if cipher is None else _of_journals(folder, cipher)),
        _history(memory, folder),
        *people,
        _vectors(),
    ]


def _modes(folder: Path) -> Check:
    """Nobody but the user may read it."""
    if os.name != "posix":
        return ok("modes", "as this system keeps them")
    places = [folder, transcripts_dir()]
    paths = [path for place in places if place.exists() for path in (place, *_below(place))]
    open_to_others = [path for path in paths if stat.S_IMODE(path.lstat().st_mode) & 0o077]
    if not open_to_others:
        return ok("modes", f"{len(paths)} files and folders, for nobody but you")
    return fail(
        "modes",
        f"{len(open_to_others)} can be reached by others: {open_to_others[0]}",
        f"chmod -R go= {' '.join(str(place) for place in places if place.exists())}",
    )


def _below(place: Path) -> list[Path]:
    found = list(files_below(place))
    folders = {parent for path in found for parent in path.parents if place in parent.parents}
    return [*sorted(folders), *(path for path in found if not path.is_symlink())]


def _encryption(memory: MemoryConfig, places: Places) -> tuple[Cipher | None, list[Check]]:
    """And what opens the files; None where nothing does."""
    sealed = sum(path.suffix == SEALED for path in ours(places))
    if memory.encryption == "off":
        return PLAIN, [_unsealed(places, sealed)]
    try:
        cipher = _key(memory, places)
    except MemoryFailure as failure:
        told = fail("encryption", f"{memory.encryption}: {failure.message}", failure.remedy)
        return None, [told, *_readable(memory, places)]
    found = _readable(memory, places)
    return cipher, found or [ok("encryption", f"{memory.encryption}, {sealed} files sealed")]


def _unsealed(places: Places, sealed: int) -> Check:
    if (places.folder / DECRYPTING).exists():
        return fail(
            "encryption",
            f"memory was being decrypted, which was interrupted: {sealed} files are still sealed",
            "assistant memory decrypt",
        )
    if sealed:
        return fail(
            "encryption",
            f"off, but {sealed} files are sealed",
            "assistant memory decrypt, or set memory.encryption as it was",
        )
    return ok("encryption", "off")


def _readable(memory: MemoryConfig, places: Places) -> list[Check]:
    """What anybody could read though memory is sealed."""
    unfinished = [path for name in MARKERS if (path := places.folder / name).exists()]
    kinds = (
        ("files of memory", readable(places)),
        ("files of an index", index_files(places.folder)),
        ("half written files", temporary(places)),
        ("rendered sentences", sounds(places.caches)),
        ("marks of an interrupted conversion", unfinished),
    )
    return [
        fail(
            "encryption",
            f"{memory.encryption}, but {len(paths)} {what} can be read: {paths[0]}"
            if what != kinds[-1][0]
            else f"{memory.encryption}, but not all was sealed when that was interrupted",
            "assistant memory list seals or deletes them; start running assistants again",
        )
        for what, paths in kinds
        if paths
    ]


def _others(places: Places) -> list[Check]:
    """Files of which nobody knows whether they should be sealed."""
    found = strangers(places.folder)
    linked = [str(cache) for cache in places.caches if cache.is_symlink()]
    return [
        *(
            [
                warn(
                    "others",
                    f"{len(found)} files in the folder are not of memory: {found[0]}",
                    "They are not sealed: move them elsewhere if they hold what nobody shall read.",
                )
            ]
            if found
            else []
        ),
        *(
            warn("others", f"{cache} is a link: rendered sentences there stay readable", "")
            for cache in linked
        ),
    ]


def _key(memory: MemoryConfig, places: Places) -> Cipher:
    """What opens these files. Raises `MemoryFailure`."""
    from assistant.memory.encryption.sealing import is_sealed

    if memory.encryption == "off":
        return PLAIN
    if memory.encryption == "keyring" and not is_sealed(*places.keyed()):
        return PLAIN  # a key would be made, and a doctor changes nothing
    return open_key(memory.encryption, places)


def _files(folder: Path, cipher: Cipher) -> list[Check]:
    from assistant.memory.store.journals import JournalTree

    tree = JournalTree(folder / JOURNALS, cipher)
    problems = tree.problems()
    if not problems:
        return [ok("journals", f"{len(tree.ids())}, all understood")]
    found = [
        fail("journals", str(problem), "Correct the line; until then it is left out.")
        for problem in problems[:SHOWN]
    ]
    if len(problems) > SHOWN:
        found.append(fail("journals", f"… and {len(problems) - SHOWN} more"))
    return found


def _of_journals(folder: Path, cipher: Cipher) -> list[Check]:
    from assistant.commands.memory.doctor_made import profile_check

    return [*_files(folder, cipher), _index(folder, cipher), profile_check(folder, cipher)]


def _index(folder: Path, cipher: Cipher) -> Check:
    from assistant.commands.memory.doctor_made import index_check
    from assistant.memory.encryption.sealing import FileCipher
    from assistant.memory.retrieval.database import IndexOutdated, plain_connect
    from assistant.memory.retrieval.index import SqliteIndex
    from assistant.memory.store.journals import JournalTree

    path = folder / (SEALED_INDEX if cipher.ending else INDEX)
    connect = cipher.connect() if isinstance(cipher, FileCipher) else plain_connect
    if connect is None:
        return ok("index", "in memory: SQLCipher is not installed (pip install sqlcipher3)")
    if not path.exists():
        return ok("index", "not made yet")
    try:
        index = SqliteIndex(path, connect=connect)
        try:
            return index_check(index, JournalTree(folder / JOURNALS, cipher))
        finally:
            index.close()
    except IndexOutdated as failure:
        return warn("index", failure.message, "It is made anew at the next start.")
    except MemoryFailure as failure:
        return fail("index", failure.message, "assistant memory rebuild")


def _history(memory: MemoryConfig, folder: Path) -> Check:
    there = (folder / ".git").is_dir()
    if told := _unclean(memory, folder):
        return told
    if not memory.git:
        if there:
            return warn(
                "git",
                "there is a repository, and memory.git is off: forgetting does not reach it",
                "assistant config set memory.git true",
            )
        return ok("git", "off")
    if shutil.which("git") is None:
        return fail("git", "memory.git is on, and git is not installed", "Install git.")
    return ok("git", "every change is committed" if there else "begins with the next change")


def _unclean(memory: MemoryConfig, folder: Path) -> Check | None:
    """Of a history that tells what it should not; None: it does not, or there is none."""
    from assistant.memory.encryption.sealing import MAGIC

    sealed = memory.encryption != "off"
    history = GitLog(folder, sealed=sealed)
    remedy = "assistant memory list makes the history anew, without what was before"
    if not history.clean and not sealed:
        return fail("git", "what is forgotten was being taken out, which was interrupted", remedy)
    if not sealed:
        return None
    try:
        count = history.readable(MAGIC)
    except MemoryFailure as failure:
        return fail("git", failure.message, failure.remedy)
    if history.clean and count:
        return fail(
            "git",
            f"memory is sealed, and {count} contents of the history can be read",
            f"rm {folder / '.git' / SEAL}; then assistant memory list makes the history anew",
        )
    if not history.clean:
        return fail("git", f"memory is sealed, and its history is not ({count} contents)", remedy)
    return None


def _vectors() -> Check:
    from assistant.memory.retrieval.embedding import load_embedder

    embedder = load_embedder()
    if embedder is None:
        return ok("vectors", f"none, words alone ({install_command('memory')})")
    return ok("vectors", embedder.name)
