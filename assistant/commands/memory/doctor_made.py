"""Whether what is made of the journals, index and profile, holds what they hold."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from assistant.commands.tables import Check, fail, ok, warn
from assistant.memory.base import Journal, Memory, MemoryFailure
from assistant.memory.profile.edits import ProfileFile
from assistant.memory.profile.profile import profile_of
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.store.contents import JOURNALS
from assistant.memory.store.disk import Cipher
from assistant.memory.store.journals import JournalTree

_ANEW = "The next start, or `assistant memory rebuild`, makes it anew."


def readable(tree: JournalTree) -> list[Journal]:
    """Those that can be read; the others are told of one by one."""
    found: list[Journal] = []
    for id in tree.ids():
        try:
            found.append(tree.read(id).journal)
        except MemoryFailure:
            continue
    return found


def index_check(index: SqliteIndex, tree: JournalTree) -> Check:
    """Every turn and memory has to be found. Raises `MemoryFailure`."""
    index.check()
    changes = tree.changed_since(index.stamps())
    behind = len(changes.changed) + len(changes.gone)
    if lost := _not_found(index, readable(tree), changes.changed):
        return fail(
            "index",
            f"{len(lost)} turns and memories of the journals are not in it: {lost[0]}",
            "assistant memory rebuild",
        )
    late = f", {behind} journals to be read again" if behind else ""
    return ok("index", f"sound, {len(index)} turns and memories{late}")


def _not_found(
    index: SqliteIndex, journals: Iterable[Journal], changed: Iterable[str]
) -> list[str]:
    """Ids; journals that changed are read again anyway."""
    held, later = index.ids(), set(changed)
    wanted = (id for journal in journals if journal.id not in later for id in ids_in(journal))
    return [id for id in wanted if id not in held]


def ids_in(journal: Journal) -> list[str]:
    from assistant.memory.retrieval.writing import rows_of

    return [row.id for row in rows_of(journal)]


def profile_check(folder: Path, cipher: Cipher) -> Check:
    """It says what the journals say, or what a person has made of it since."""
    tree = JournalTree(folder / JOURNALS, cipher)
    memories: list[Memory] = [each for journal in readable(tree) for each in journal.memories]
    profile = profile_of(memories)
    file = ProfileFile(folder, cipher)
    if not file.path.exists():
        if profile.items:
            return warn("profile", f"not there, of {len(memories)} memories", _ANEW)
        return ok("profile", "nothing to tell yet")
    if not file.differs_from(profile):
        return ok("profile", f"{len(profile.items)} lines, as the journals have it")
    if file.touched():
        count = len(file.edits(memories))
        return ok("profile", f"edited by hand: {count} changes will be taken over")
    return warn("profile", "does not say what the journals say", _ANEW)
