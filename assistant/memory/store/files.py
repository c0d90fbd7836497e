"""All that is remembered, in files: journals are the truth, profile and index are made from them.

Several threads and several processes may use one folder. Files that a person edits are read again
when something is asked of the store. Lost for good: what `forget` takes out is overwritten by the
file system whenever it likes, which nothing that runs above it can hasten.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

from assistant.memory.base import (
    ANY,
    Claim,
    Filters,
    Forgotten,
    Found,
    Index,
    Journal,
    Memory,
    MemoryFailure,
    passes,
)
from assistant.memory.deletion.erasure import Attempts, Eraser, strike_day
from assistant.memory.deletion.journals import (
    DeletionPlan,
    DeletionTarget,
    ids_of_day,
    journals_named,
)
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.journal.format import Parsed, is_cut_off
from assistant.memory.journal.front_matter import is_journal_id
from assistant.memory.journal.merging import Gone, MergeResult, join, merge
from assistant.memory.journal.provenance import (
    HAND,
    add_by_hand,
    correct_by_hand,
    journal_of_hand,
    replace_by,
)
from assistant.memory.profile.edits import ProfileFile
from assistant.memory.profile.profile import Profile, profile_of
from assistant.memory.store.contents import JOURNALS
from assistant.memory.store.disk import PLAIN, Busy, Cipher, FolderLock, Unlockable
from assistant.memory.store.git import GitLog
from assistant.memory.store.journal_index import Held, JournalIndex, ProfileUpkeep, may_wait
from assistant.memory.store.journals import FileProblem, JournalTree

ENDED_KEPT = 2
"""Journals that are over, of which it is known how they were last written; nobody fills them."""
_log = logging.getLogger(__name__)


class FileStore:
    """A `MemoryStore` in a folder; nothing is made there before the first is written."""

    def __init__(
        self,
        folder: Path,
        index: Index,
        *,
        spare: Callable[[], Index] | None = None,
        unused: Callable[[], Sequence[Path]] = tuple,
        cipher: Cipher = PLAIN,
        transcripts: Path | None = None,
        caches: Sequence[Path] = (),
        history: GitLog | None = None,
        look_every: float = 1.0,
        now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        """`spare` makes the index in memory, for where the file of `index` cannot be written;
        `unused` are the files of one that could not be opened.
        `transcripts`, `caches`: folders that hold the same words, or sounds made of them.
        `look_every`: seconds between looks for edits by hand. `history`: None keeps none."""
        self.folder = folder
        self.tree = JournalTree(folder / JOURNALS, cipher)
        self._journal_index = JournalIndex(self.tree, index, spare, unused)
        self._profile = ProfileUpkeep(ProfileFile(folder, cipher), self._journal_index)
        self._eraser = Eraser(
            folder,
            self._journal_index,
            self._profile.write,
            cipher=cipher,
            transcripts=transcripts,
            caches=caches,
            history=history,
        )
        self._transcripts = transcripts
        self._history = history
        self._look_every = look_every
        self._now = now
        self._lock = FolderLock(folder)
        self._looked = float("-inf")
        self._looking = False
        self._written: dict[str, Parsed] = {}
        """As each was last written by `write`, for telling what others changed since."""
        self._gone: dict[str, Gone] = {}

    @property
    def index(self) -> Index:
        """What is looked things up in, at present."""
        return self._journal_index.index

    def write(self, journal: Journal) -> None:
        """Keep a conversation, with what a person changed in its file since the last time.

        `journal` is brought up to date with that, and with what was forgotten meanwhile.
        """
        with self._lock.held():
            self._look()
            before = self._journal_index.existing(journal.id)
            gone = self._gone.setdefault(journal.id, Gone())
            base = self._written.get(journal.id)
            if base and before and is_cut_off(self.tree.text(journal.id), base):
                before = base  # an editor was stopped while it wrote: that is no wish to forget
            merge(journal, _journal(base), _journal(before), gone)
            if before is None and not (journal.turns or journal.memories):
                return
            parsed = Parsed(journal, front=_front(before), extra=_extra(before))
            self._written.pop(journal.id, None)
            self._written[journal.id] = replace(parsed, journal=self._journal_index.put(parsed))
            over = [id for id, each in self._written.items() if each.journal.ended is not None]
            for id in over[:-ENDED_KEPT]:
                del self._written[id]
            self._made(f"journal {journal.id}")

    def journals(self) -> Sequence[str]:
        self.look()
        return self.tree.ids()

    def read(self, journal: str) -> Journal:
        return self.tree.read(journal).journal

    def memories(self, filters: Filters = ANY) -> Sequence[Memory]:
        self.look()
        holding = (
            m for m in self._journal_index.memories() if not m.replaced_by and passes(m, filters)
        )
        return sorted(holding, key=lambda memory: (memory.at, memory.id), reverse=True)

    def history(self) -> Sequence[Memory]:
        """All memories, those that were corrected too, oldest first."""
        self.look()
        return sorted(self._journal_index.memories(), key=lambda memory: (memory.at, memory.id))

    def search(self, query: str, filters: Filters = ANY, limit: int = 10) -> Sequence[Found]:
        self.look()
        return self.index.search(query, filters, limit)

    def profile(self) -> Profile:
        return profile_of(self.history())

    def add(self, text: str, claim: Claim | None = None, journal: str = "") -> Memory:
        """Remember something that a person wrote, not said; in a journal of its day."""
        with self._lock.held():
            self._look()
            now = self._now()
            id = journal or journal_of_hand(now)
            parsed = self._journal_index.existing(id) or Parsed(Journal(id, now, HAND))
            memory = add_by_hand(parsed.journal, text, claim, now)
            self._journal_index.put(parsed)
            self._made("something written by hand")
            return memory

    def correct(self, id: str, text: str, claim: Claim | None = None) -> Memory:
        """What a memory should say; the old one becomes history. Raises `MemoryFailure`."""
        with self._lock.held():
            self._look()
            parsed, old = self._journal_index.find(id)
            new = correct_by_hand(parsed.journal, old, text, claim, self._now())
            self._journal_index.put(parsed)
            self._made(f"correction in {parsed.journal.id}")
            return new

    def settle(self, right: str, wrong: Sequence[str]) -> None:
        """Of memories that do not agree this one holds; the others become history."""
        with self._lock.held():
            self._look()
            for id in wrong:
                parsed, _ = self._journal_index.find(id)
                replace_by(parsed.journal, id, right)
                self._journal_index.put(parsed)
            self._made("a question answered")

    def preview(self, ids: Sequence[str], words: Sequence[str] = ()) -> DeletionPreview:
        """What `forget` would take; nothing is changed."""
        with self._lock.held():
            self._look()
            return self._plan(ids, words)[0].deletion(ids)

    def forget(self, ids: Sequence[str], words: Sequence[str] = ()) -> Forgotten:
        """`words`: whatever holds all the words of one of them goes too."""
        return self._forget(ids, words)

    def forget_day(self, day: date) -> Forgotten:
        with self._lock.held():
            strike_day(self._transcripts, day)
            return self._forget(ids_of_day(self, day), ())

    def forget_all(self) -> Forgotten:
        """Everything, what could not be read too."""
        with self._lock.held():
            held = self._journal_index.holding(lambda _: True, ())
            ids = [each.journal.id for each in held.parsed]
            for each in held.parsed:
                self._gone.setdefault(each.journal.id, Gone()).add(each.journal)
            counts = DeletionTarget([], [], ids).plan(held.parsed).counts()
            self._eraser.finish(self._eraser.cut_all())
            return counts

    def take_in(self, journals: Iterable[Journal]) -> MergeResult:
        """Add journals from elsewhere; what is here already stays as it is."""
        with self._lock.held():
            self._look()
            count = memories = turns = 0
            for journal in journals:
                parsed = self._journal_index.existing(journal.id)
                count += parsed is None
                parsed = parsed or Parsed(replace(journal, memories=[], turns=[]))
                new_memories, new_turns = join(parsed.journal, journal)
                if new_memories or new_turns:
                    self._journal_index.put(parsed)
                memories += new_memories
                turns += new_turns
            self._made("memories from elsewhere")
            return MergeResult(count, memories, turns)

    def rebuild(self, progress: Callable[[int, int], None] = lambda done, all: None) -> int:
        """Make index and profile anew from the journals; returns how many journals there are.
        `progress(done, all)` hears of each."""
        with self._lock.held():
            self._look()
            self._journal_index.make_index(progress)
            self._profile.write()
            return len(self._journal_index)

    def problems(self) -> list[FileProblem]:
        """All that is not understood in any file."""
        return self.tree.problems()

    def look(self) -> None:
        """Pick up what was edited by hand, if it is time to and nobody else writes. Where nothing
        can be written, what is in the files can still be read."""
        if time.monotonic() - self._looked >= self._look_every and self.folder.exists():
            try:
                with suppress(Busy), self._lock.held(patience=0):
                    self._look()
            except Unlockable as failure:
                _log.warning("memory: %s", failure.message)
                self._looked = time.monotonic()
                self._journal_index.look()
                self._journal_index.tell()

    def close(self) -> None:
        self.index.close()

    # From here on: with the lock held.

    def _look(self) -> None:
        if self._looking:
            return
        self._looking = True
        try:
            if self._looked == float("-inf"):
                with may_wait("what a killed writer left"):
                    self._eraser.sweep()
                    if self._history is not None:
                        self._history.resume()
            self._looked = time.monotonic()
            changes = self._journal_index.look()
            # Hand edits first: what is written into the profile anew could no longer tell them.
            touched = self._profile.touched()
            kinds = self._profile.take_edits(self) if touched else set()
        finally:
            self._looking = False
        if "forget" in kinds:
            with may_wait("what was deleted by hand"):
                self._eraser.finish(Attempts())
        elif touched or changes.changed or changes.gone:
            self._made("edits by hand")
        self._journal_index.tell()

    def _made(self, what: str) -> None:
        """Make what is made of the journals. They are on disk, whatever fails here."""
        if self._looking:
            return  # it follows when all edits are made: the profile still holds the others
        self._profile.follow()
        self._journal_index.tell()
        if self._history is not None and what:
            self._history.commit(what)

    def _plan(self, ids: Sequence[str], words: Sequence[str]) -> tuple[DeletionPlan, Held]:
        memories = self._journal_index.memories()
        names = journals_named(ids, memories)
        named = [
            each for id in names if is_journal_id(id) and (each := self._journal_index.parsed(id))
        ]
        aim = DeletionTarget(named, memories, ids, words)
        held = self._journal_index.holding(aim.traces.may_be_in, names)
        return aim.plan(held.parsed), held

    def _forget(self, ids: Sequence[str], words: Sequence[str]) -> Forgotten:
        with self._lock.held():
            self._look()
            planned, held = self._plan(ids, words)
            attempts = self._eraser.cut(planned, ids, self._gone)
            if self._looking:
                attempts.tell()  # the rest follows when all edits are made
            else:
                self._eraser.finish(attempts)
            if held.unread:
                raise MemoryFailure(
                    f"forgotten, but for {self.tree.path(held.unread[0])}, which cannot be read",
                    "`assistant memory doctor` tells why; then forget it again.",
                    "it is forgotten, but for a file that cannot be read",
                )
            return planned.counts()


def _journal(parsed: Parsed | None) -> Journal | None:
    return parsed.journal if parsed else None


def _front(parsed: Parsed | None) -> list[str]:
    return parsed.front if parsed else []


def _extra(parsed: Parsed | None) -> list[str]:
    return parsed.extra if parsed else []
