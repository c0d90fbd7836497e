"""The journals together with the index of them, and which state of each file the index knows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

from assistant.memory.base import Index, Journal, KnowsStamps, Memory, MemoryFailure
from assistant.memory.disk import stamp
from assistant.memory.journal_file import Parsed, parse, render
from assistant.memory.journal_head import is_journal_id
from assistant.memory.journals import Changes, JournalTree

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Held:
    """Some journals, and those of which nobody can tell."""

    parsed: list[Parsed] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


class Shelf:
    """Every change goes into file and index; changes of the files by others are looked for.

    All of it with the lock of the folder held, but for `parsed`.
    """

    def __init__(self, tree: JournalTree, index: Index) -> None:
        self.tree = tree
        self.index = index
        self._started = False
        self._known: dict[str, str] = {}
        """Which state of each journal's file the index was told."""
        self._memories: dict[str, tuple[str, list[Memory]]] = {}
        self.revision = 0
        """Grows whenever the memories change, for whoever makes something of all of them."""

    def __len__(self) -> int:
        """Journals that the index knows."""
        return len(self._known)

    def look(self) -> Changes:
        """Tell the index what others changed in the files since the last time."""
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
                self._tell(parsed.journal)
        return changes

    def make_index(self, progress: Callable[[int, int], None] = lambda done, all: None) -> None:
        """Anew from the files, whatever it knew. Raises `MemoryFailure`."""
        self._started = True
        self._known.clear()
        self._memories.clear()
        self.revision += 1

        def journals() -> Iterator[Journal]:
            stamps = self.tree.stamps()
            for done, (id, mark) in enumerate(stamps.items(), 1):
                progress(done, len(stamps))
                if parsed := self.parsed(id):
                    self._remember(parsed.journal, mark)
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
        self._tell(journal)
        return journal

    def cut(self, parsed: Parsed, *, empty: bool) -> None:
        """Write what is left of a journal, or delete it; the index has to follow, or this fails.

        Raises `MemoryFailure`.
        """
        id = parsed.journal.id
        if empty:
            self.tree.delete(id)
            self._leave(id)
            return
        self.tree.write(parsed.journal, parsed.front, parsed.extra)
        self._known.pop(id, None)
        self._tell(parsed.journal, must=True)

    def clear(self) -> None:
        """The index and all that is known here, not the files. Raises `MemoryFailure`."""
        self.index.clear()
        self._known.clear()
        self._memories.clear()
        self.revision += 1

    def memories(self) -> list[Memory]:
        """All, in the order of the journals."""
        found: list[Memory] = []
        for id, mark in sorted(self._known.items()):
            if self._memories.get(id, ("?", []))[0] != mark and (parsed := self.parsed(id)):
                self._memories[id] = mark, list(parsed.journal.memories)
            found += self._memories.get(id, ("", []))[1]
        return found

    def _tell(self, journal: Journal, *, must: bool = False) -> None:
        mark = stamp(self.tree.path(journal.id))
        try:
            self.index.update(journal)
            if isinstance(self.index, KnowsStamps):
                self.index.stamp(journal.id, mark)
        except MemoryFailure as failure:
            if must:
                raise
            # The journal is on disk, which is what counts; the index is told at the next look.
            _log.warning("index not brought up to date: %s", failure.message)
            mark = ""
        self._remember(journal, mark)

    def _remember(self, journal: Journal, mark: str) -> None:
        if self._memories.get(journal.id, ("", []))[1] != journal.memories:
            self.revision += 1
        self._known[journal.id] = mark
        self._memories[journal.id] = mark, list(journal.memories)

    def _leave(self, id: str) -> None:
        self.index.remove(id)
        self._known.pop(id, None)
        self._memories.pop(id, None)
        self.revision += 1
