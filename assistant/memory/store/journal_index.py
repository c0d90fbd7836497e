"""Journal index: the journals together with the index of them, and which state of each file it
knows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from assistant.memory.base import Index, Journal, KnowsStamps, Memory, MemoryFailure
from assistant.memory.journal.format import Parsed, parse, render
from assistant.memory.journal.front_matter import is_journal_id
from assistant.memory.profile.edits import Edited, ProfileFile
from assistant.memory.profile.profile import profile_of
from assistant.memory.store.disk import Busy, delete_file, stamp
from assistant.memory.store.journals import Changes, JournalTree

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Held:
    """Some journals, and those of which nobody can tell."""

    parsed: list[Parsed] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class JournalIndex:
    """Every change goes into the file at once, and with `tell` into the index; changes of the files
    by others are looked for.

    What is made of the memories is written in between: where the program is stopped, the index has
    not been told yet, so that the next look finds the journal changed and makes all of it anew.
    All of it with the lock of the folder held, but for `parsed`.
    """

    def __init__(
        self,
        tree: JournalTree,
        index: Index,
        spare: Callable[[], Index] | None = None,
        unused: Callable[[], Sequence[Path]] = tuple,
    ) -> None:
        """`spare`: makes an index in memory, for where the file of the other cannot be written.
        `unused`: files of an index that could not be opened; they may hold what is forgotten."""
        self.tree = tree
        self.index = index
        self._spare = spare
        self._unused = unused
        self._started = False
        self._known: dict[str, str] = {}
        """The state of each journal's file that is known here."""
        self._untold: dict[str, Journal | None] = {}
        """What the index does not know yet; None: the journal is gone."""
        self._all_gone = False
        """It still knows what was there before all of it was forgotten."""
        self._memories: dict[str, tuple[str, list[Memory]]] = {}
        self.revision = 0
        """Grows whenever the memories change, for whoever makes something of all of them."""

    def __len__(self) -> int:
        """Journals that the index knows."""
        return len(self._known)

    def look(self) -> Changes:
        """What others changed in the files since the last time; the index is to be told."""
        if not self._started:
            self._started = True
            if isinstance(self.index, KnowsStamps):
                self._known.update(self.index.stamps())
            else:
                self.make_index()
        changes = self.tree.changed_since(self._known)
        for id in changes.gone:
            self._leave(id)
        for id in changes.changed:
            if parsed := self.parsed(id):
                self._remember(parsed.journal)
        return changes

    def tell(self, *, must: bool = False) -> None:
        """Bring the index up to date. A journal is on disk, which is what counts: the index may
        wait until the next time, unless it `must` not, which raises `MemoryFailure`."""
        try:
            if self._all_gone:
                self.index.clear()
                self._all_gone = False
            for id, journal in list(self._untold.items()):
                self._tell(id, journal)
        except Busy as failure:
            _log.warning("index not brought up to date: %s", failure.message)
            if must:
                raise
        except MemoryFailure as failure:
            _log.warning("index not brought up to date: %s", failure.message)
            if not self.go_on_in_memory() and must:
                raise

    def go_on_in_memory(self) -> bool:
        """Let go of the file of the index, and delete it, which takes what it held off the disk and
        makes room there; search goes on in memory. Whether that was possible."""
        paths = self.index.paths()
        if not paths:
            return self._deleted(self._unused())
        if self._spare is None:
            return False
        self.index.close()
        deleted = self._deleted(paths)
        self.index = self._spare()
        self.make_index()
        return deleted

    def drop_unused(self) -> None:
        """Raises `MemoryFailure`."""
        for path in self._unused():
            delete_file(path)

    def _deleted(self, paths: Sequence[Path]) -> bool:
        """Whether there were any, and none is left."""
        try:
            return sum(delete_file(path) for path in paths) > 0
        except MemoryFailure as failure:
            _log.warning("memory: %s", failure.message)
            return False

    def make_index(self, progress: Callable[[int, int], None] = lambda done, all: None) -> None:
        """Anew from the files, whatever it knew. Raises `MemoryFailure`."""
        self._started = True
        self._known.clear()
        self._untold.clear()
        self._memories.clear()
        self._all_gone = False
        self.revision += 1

        def journals() -> Iterator[Journal]:
            stamps = self.tree.stamps()
            for done, (id, mark) in enumerate(stamps.items(), 1):
                progress(done, len(stamps))
                if parsed := self.parsed(id):
                    self._hold(parsed.journal, mark)
                    yield parsed.journal

        self.index.rebuild(journals())
        if isinstance(self.index, KnowsStamps):
            for id, mark in self._known.items():
                self.index.stamp(id, mark)

    def parsed(self, id: str) -> Parsed | None:
        """None: it is not there, or cannot be read, which `JournalTree.problems` tells."""
        if id not in self.tree:
            return None
        try:
            return self.tree.read(id)
        except MemoryFailure as failure:
            _log.warning("journal left out: %s", failure.message)
            return None

    def existing(self, id: str) -> Parsed | None:
        """None only where there is none; raises `MemoryFailure` where it cannot be read."""
        return self.tree.read(id) if id in self.tree else None

    def holding(self, wanted: Callable[[str], bool], named: Collection[str]) -> Held:
        """The journals that are named, and those with a file of which `wanted(text)`."""
        held = Held()
        for id in self.tree.ids():
            try:
                if id in named or wanted(self.tree.text(id)):
                    held.parsed.append(self.tree.read(id))
            except MemoryFailure:
                held.unread.append(id)
        return held

    def find(self, id: str) -> tuple[Parsed, Memory]:
        """A memory and its journal. Raises `MemoryFailure` where there is none."""
        journal, _, _ = id.rpartition("/")
        first = [journal] if is_journal_id(journal) else []
        for each in [*first, *(other for other in self.tree.ids() if other != journal)]:
            parsed = self.parsed(each)
            for memory in parsed.journal.memories if parsed else ():
                if parsed and memory.id == id:
                    return parsed, memory
        raise MemoryFailure(
            f'there is no memory "{id[:80]}"', "`assistant memory list` names those there are."
        )

    def put(self, parsed: Parsed) -> Journal:
        """Write a journal; returns it as it will be read. Raises `MemoryFailure`."""
        id = parsed.journal.id
        self.tree.write(parsed.journal, parsed.front, parsed.extra)
        journal = parse(render(parsed.journal, parsed.front, parsed.extra), id).journal
        self._remember(journal)
        return journal

    def cut(self, parsed: Parsed, empty: bool) -> None:
        """Write what is left of a journal, or delete it. Raises `MemoryFailure`."""
        if empty:
            self.tree.delete(parsed.journal.id)
            self._leave(parsed.journal.id)
            return
        self.tree.write(parsed.journal, parsed.front, parsed.extra)
        self._remember(parsed.journal)

    def clear(self) -> None:
        """All that is known here, not the files; the index is to be told."""
        self._known.clear()
        self._untold.clear()
        self._memories.clear()
        self._all_gone = True
        self.revision += 1

    def memories(self) -> list[Memory]:
        """All, in the order of the journals."""
        found: list[Memory] = []
        for id, mark in sorted(self._known.items()):
            if self._memories.get(id, ("?", []))[0] != mark and (parsed := self.parsed(id)):
                self._memories[id] = mark, list(parsed.journal.memories)
            found += self._memories.get(id, ("", []))[1]
        return found

    def _tell(self, id: str, journal: Journal | None) -> None:
        if journal is None:
            self.index.remove(id)
        else:
            self.index.update(journal)
            if isinstance(self.index, KnowsStamps):
                self.index.stamp(id, self._known[id])
        self._untold.pop(id, None)

    def _remember(self, journal: Journal) -> None:
        self._hold(journal, stamp(self.tree.path(journal.id)))
        self._untold[journal.id] = journal

    def _hold(self, journal: Journal, mark: str) -> None:
        if self._memories.get(journal.id, ("", []))[1] != journal.memories:
            self.revision += 1
        self._known[journal.id] = mark
        self._memories[journal.id] = mark, list(journal.memories)

    def _leave(self, id: str) -> None:
        self._untold[id] = None
        self._known.pop(id, None)
        self._memories.pop(id, None)
        self.revision += 1


# Keeps the profile as the journals are, and the journals as a person edits the profile.


@contextmanager
def may_wait(what: str) -> Iterator[None]:
    """Where this fails it is logged, and tried again at the next change or start."""
    try:
        yield
    except MemoryFailure as failure:
        _log.warning("memory: %s has to wait: %s", what, failure.message)


class ProfileUpkeep:
    """With the lock of the folder held."""

    def __init__(self, file: ProfileFile, journal_index: JournalIndex) -> None:
        self._file = file
        self._journal_index = journal_index
        self._edits_wait = False
        """The file holds what a person wrote and could not be taken over yet."""
        self._revision = -1
        """The state of the memories that it was made of."""

    def touched(self) -> bool:
        """Whether a person has edited it, or something else has."""
        return self._file.touched()

    def take_edits(self, store: Edited) -> set[str]:
        """What a person did to it is done to the journals; its kinds. What cannot be written now
        stays in the file."""
        kinds = set[str]()
        self._edits_wait, self._revision = True, -1
        with may_wait("edits by hand"):
            for edit in self._file.edits(self._journal_index.memories()):
                kinds.add(edit.kind)
                edit.apply(store)
            self._edits_wait = False
        return kinds

    def write(self) -> None:
        """Raises `MemoryFailure`, also where that would write over what a person wrote."""
        if self._edits_wait:
            raise MemoryFailure(
                f"{self._file.path}: what was edited by hand could not be taken over yet",
                "Free some room on the disk, or undo the edits.",
                "the profile holds edits that could not be taken over yet",
            )
        self._file.write(profile_of(self._journal_index.memories()))
        self._revision = self._journal_index.revision

    def follow(self) -> None:
        """Write it where the memories have changed."""
        if self._revision != self._journal_index.revision:
            with may_wait("the profile"):
                self.write()
