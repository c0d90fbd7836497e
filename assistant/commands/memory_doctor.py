"""`assistant memory doctor`: whether what is remembered is whole, private and findable.

Nothing is changed: the store is not opened, because opening repairs.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
from dataclasses import asdict
from pathlib import Path

from assistant.commands.doctor_report import Check, fail, ok, warn
from assistant.commands.memory_store import passphrase_at_hand
from assistant.commands.runner import FAILED
from assistant.config import Config, MemoryConfig
from assistant.locations import memory_dir, transcripts_dir
from assistant.memory.base import MemoryFailure
from assistant.memory.disk import files_below
from assistant.memory.opening import INDEX, PASSPHRASE, SEALED_INDEX
from assistant.memory.vault import PLAIN, SEALED, Vault

SHOWN = 10
"""Broken lines; how many more there are is told."""


def doctor_command(config: Config, *, json_output: bool = False) -> int:
    """Print the report; 1 where something is wrong."""
    from assistant.commands.doctor import print_report

    with passphrase_at_hand(config.memory):
        checks = memory_checks(config.memory)
    if json_output:
        print(json.dumps([asdict(check) for check in checks], indent=2, ensure_ascii=False))
    else:
        print_report(checks)
    return FAILED if any(check.state == "fail" for check in checks) else 0


def memory_checks(memory: MemoryConfig) -> list[Check]:
    """In the order of the report."""
    folder = memory_dir()
    if not folder.exists():
        return [ok("folder", f"{folder}, not there yet")]
    vault, sealing = _encryption(memory, folder)
    return [
        ok("folder", f"{folder}{'' if memory.enabled else ', memory.enabled is off'}"),
        _modes(folder),
        sealing,
        *([] if vault is None else [*_files(folder, vault), _index(folder, vault)]),
        _history(memory, folder),
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


def _encryption(memory: MemoryConfig, folder: Path) -> tuple[Vault | None, Check]:
    """And what opens the files; None where nothing does."""
    sealed, plain = 0, 0
    for place in (folder, transcripts_dir()):
        for path in files_below(place):
            sealed += path.suffix == SEALED
            plain += path.suffix == ".md"
    if memory.encryption == "off":
        if sealed:
            return PLAIN, fail(
                "encryption",
                f"off, but {sealed} files are sealed",
                "assistant memory decrypt, or set memory.encryption as it was",
            )
        return PLAIN, ok("encryption", "off")
    try:
        vault = _sealed_vault(memory, folder)
    except MemoryFailure as failure:
        return None, fail("encryption", f"{memory.encryption}: {failure.message}", failure.remedy)
    if plain:
        return vault, fail(
            "encryption",
            f"{memory.encryption}, but {plain} files are readable",
            "assistant memory list seals them; start running assistants again",
        )
    return vault, ok("encryption", f"{memory.encryption}, {sealed} files sealed")


def _sealed_vault(memory: MemoryConfig, folder: Path) -> Vault:
    from assistant.memory.sealing import is_sealed, keyring_vault, passphrase_vault

    places = (folder, transcripts_dir())
    if memory.encryption == "keyring":
        # Where nothing is sealed it would make a key, and a doctor changes nothing.
        return keyring_vault(*places) if is_sealed(*places) else PLAIN
    given = os.environ.get(PASSPHRASE, "")
    if not given:
        raise MemoryFailure("no passphrase is given", f"Put it into {PASSPHRASE}.")
    return passphrase_vault(given, *places)


def _files(folder: Path, vault: Vault) -> list[Check]:
    from assistant.memory.journals import JournalTree

    tree = JournalTree(folder / "journals", vault)
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


def _index(folder: Path, vault: Vault) -> Check:
    from assistant.memory.index import SqliteIndex
    from assistant.memory.journals import JournalTree
    from assistant.memory.retrieval.database import IndexOutdated, plain_connect
    from assistant.memory.sealing import SealedVault

    path = folder / (SEALED_INDEX if vault.ending else INDEX)
    connect = vault.connect() if isinstance(vault, SealedVault) else plain_connect
    if connect is None:
        return ok("index", "in memory: SQLCipher is not installed (pip install sqlcipher3)")
    if not path.exists():
        return ok("index", "not made yet")
    try:
        index = SqliteIndex(path, connect=connect)
        try:
            index.check()
            known, count = index.stamps(), len(index)
        finally:
            index.close()
    except IndexOutdated as failure:
        return warn("index", failure.message, "It is made anew at the next start.")
    except MemoryFailure as failure:
        return fail("index", failure.message, "assistant memory rebuild")
    changes = JournalTree(folder / "journals", vault).changed_since(known)
    behind = len(changes.changed) + len(changes.gone)
    late = f", {behind} journals to be read again" if behind else ""
    return ok("index", f"sound, {count} turns and memories{late}")


def _history(memory: MemoryConfig, folder: Path) -> Check:
    there = (folder / ".git").is_dir()
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


def _vectors() -> Check:
    from assistant.memory.retrieval.embedding import load_embedder

    embedder = load_embedder()
    if embedder is None:
        return ok("vectors", "none, words alone (pip install 'assistant[memory]')")
    return ok("vectors", embedder.name)
