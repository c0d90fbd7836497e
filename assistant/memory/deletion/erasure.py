"""Erasure: takes what is forgotten out of all files, which are journals, transcripts, profile,
index, caches, history. It is secure deletion short of one thing: no disk is overwritten.

Every step is tried, whatever became of the others. Deleting needs no room on the disk; writing a
file anew without some of its lines does, and where there is none the file of the index makes some.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import date
from functools import partial
from pathlib import Path

from assistant.memory.base import MemoryFailure, NoRoom
from assistant.memory.deletion.journals import DeletionPlan
from assistant.memory.deletion.plan import forget_words_known
from assistant.memory.journal.merging import Gone
from assistant.memory.store.contents import journal_files, sounds
from assistant.memory.store.disk import PLAIN, Cipher, delete_file, read_file, sweep, write_file
from assistant.memory.store.git import GitLog
from assistant.memory.store.journal_index import JournalIndex

# Deletion from transcripts, which keep the same words.

_TURN = re.compile(r"\*\*(?P<name>.+?)\*\* \((?P<time>\d\d:\d\d)[^)]{0,40}\): (?P<text>.*)")
_FILE = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)-\d{6}(?:-\d+)?\.md(?:\.sealed)?")
CUT = "…"
"""Ends a turn of which not all was heard."""


def transcripts_of(folder: Path | None) -> Iterator[Path]:
    if folder is not None and folder.is_dir():
        yield from (path for path in sorted(folder.iterdir()) if _FILE.fullmatch(path.name))


def strike(folder: Path | None, gone: Callable[[str, int], bool], cipher: Cipher = PLAIN) -> int:
    """Delete every turn of which `gone(text, minute of the day)`; returns how many.

    A file that then holds none is deleted too. A conversation that is being written goes
    on in a new file. Raises `MemoryFailure`.
    """
    return sum(_strike_one(path, gone, cipher) for path in transcripts_of(folder))


def strike_day(folder: Path | None, day: date) -> int:
    """Delete the transcripts that began on a day; returns how many."""
    paths = [path for path in transcripts_of(folder) if path.name.startswith(day.isoformat())]
    return sum(delete_file(path) for path in paths)


def _strike_one(path: Path, gone: Callable[[str, int], bool], cipher: Cipher) -> int:
    try:
        text = read_file(path, cipher).decode("utf-8", "replace")
    except MemoryFailure:
        if not path.exists():
            return 0  # deleted meanwhile
        raise
    lines = text.split("\n")
    struck = {number for number, line in enumerate(lines) if _is_gone(line, gone)}
    if not struck:
        return 0
    kept = [line for number, line in enumerate(lines) if number not in struck]
    if any(_TURN.fullmatch(line) for line in kept):
        written = re.sub(r"\n{3,}", "\n\n", "\n".join(_without_bare_headings(kept)))
        write_file(
            path, cipher.seal(written.encode()) if path.suffix != ".md" else written.encode()
        )
    else:
        delete_file(path)
    return len(struck)


def _is_gone(line: str, gone: Callable[[str, int], bool]) -> bool:
    match = _TURN.fullmatch(line)
    if match is None:
        return False
    hours, _, minutes = match["time"].partition(":")
    return gone(match["text"].removesuffix(CUT).rstrip(), int(hours) * 60 + int(minutes))


def _without_bare_headings(lines: list[str]) -> list[str]:
    """Backwards, so that what follows a line is known: a file of headings takes linear time."""
    kept: list[str] = []
    following = "## "
    for line in reversed(lines):
        if not (line.startswith("## ") and following.startswith("## ")):
            kept.append(line)
        if line.strip():
            following = line
    return kept[::-1]


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
