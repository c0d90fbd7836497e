"""Erasure: takes what is forgotten out of all files, which are journals, transcripts, profile,
index, caches, history. It is secure deletion short of one thing: no disk is overwritten.

Every step is tried, whatever became of the others. Deleting needs no room on the disk; writing a
file anew without some of its lines does, and where there is none the file of the index makes some.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from assistant.memory.base import MemoryFailure, NoRoom
from assistant.memory.deletion.journals import DeletionPlan
from assistant.memory.deletion.matching import forget_words_known
from assistant.memory.deletion.transcripts import strike, transcripts_of
from assistant.memory.encryption.cipher import Cipher
from assistant.memory.journal.merging import Gone
from assistant.memory.store.contents import journal_files, sounds
from assistant.memory.store.disk import delete_file, sweep
from assistant.memory.store.git import GitLog
from assistant.memory.store.journal_index import JournalIndex


class Attempts:
    """Steps that are tried one after the other; what failed is told at the end."""

    def __init__(self) -> None:
        self.failures: list[MemoryFailure] = []

    def do(self, step: Callable[[], object]) -> None:
        try:
            step()
        except MemoryFailure as failure:
            self.failures.append(failure)

    def tell(self) -> None:
        """Raises one `MemoryFailure` for all there were."""
        if self.failures:
            told = "not all of it is forgotten"
            reasons = dict.fromkeys(failure.message for failure in self.failures)
            first = self.failures[0]
            raise MemoryFailure(
                f"{told}: {'; '.join(reasons)}", first.remedy, f"{told}: {first.spoken}"
            )


class Eraser:
    """With the lock of the folder held."""

    def __init__(
        self,
        folder: Path,
        journal_index: JournalIndex,
        write_profile: Callable[[], None],
        *,
        cipher: Cipher,
        transcripts: Path | None,
        caches: Sequence[Path],
        history: GitLog | None,
    ) -> None:
        """`transcripts`, `caches`, `history`: as of `FileStore`."""
        self._folder = folder
        self._journal_index = journal_index
        self._write_profile = write_profile
        self._cipher = cipher
        self._transcripts = transcripts
        self._caches = caches
        self._history = history

    def cut(self, planned: DeletionPlan, ids: Sequence[str], gone: dict[str, Gone]) -> Attempts:
        """Out of transcripts and journals; `gone` hears of it. What was named by `ids` goes last:
        interrupted, it can be named again."""
        attempts = self._begun()
        self._empty_caches(attempts)
        attempts.do(lambda: self._with_room(self._strike, planned))
        for cut in sorted(planned.cuts, key=lambda cut: cut.gone.holds(ids)):
            gone.setdefault(cut.parsed.journal.id, Gone()).join(cut.gone)
            attempts.do(partial(self._with_room, self._journal_index.cut, cut.parsed, cut.empty))
        return attempts

    def cut_all(self) -> Attempts:
        """Every journal and transcript."""
        attempts = Attempts()
        for path in [
            *journal_files(self._journal_index.tree.folder),
            *transcripts_of(self._transcripts),
        ]:
            attempts.do(partial(delete_file, path))
        self._journal_index.clear()
        return attempts

    def finish(self, attempts: Attempts) -> None:
        """Whatever else may hold what is gone. Raises `MemoryFailure` where any of it, or of what
        was attempted before, failed."""
        forget_words_known()
        attempts.do(lambda: self._with_room(self._write_profile))
        attempts.do(lambda: self._journal_index.tell(must=True))
        attempts.do(self._journal_index.drop_unused)
        attempts.do(self.sweep)
        self._empty_caches(attempts)
        if self._history is not None:
            attempts.do(self._history.squash)
        attempts.tell()

    def sweep(self) -> None:
        """What a killed writer left behind. Raises `MemoryFailure`."""
        for folder in (self._folder, self._transcripts):
            if folder is not None and folder.is_dir():
                sweep(folder)

    def _begun(self) -> Attempts:
        """From here on the history has to go, even if this is the last that is done."""
        if self._history is not None:
            with suppress(MemoryFailure):
                self._history.doom()
        return Attempts()

    def _strike(self, planned: DeletionPlan) -> None:
        strike(self._transcripts, planned.said, self._cipher)

    def _empty_caches(self, attempts: Attempts) -> None:
        for path in sounds(self._caches):
            attempts.do(partial(delete_file, path))

    def _with_room(self, step: Callable[..., object], *arguments: object) -> None:
        try:
            step(*arguments)
        except NoRoom:
            if not self._journal_index.go_on_in_memory():
                raise
            step(*arguments)
