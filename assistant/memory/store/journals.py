"""The dated tree of journals: `2026/11/2026-11-21T190503-jarvis.md` and so on."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.journal.format import Parsed, parse, render
from assistant.memory.journal.front_matter import FrontMatterProblem, is_journal_id
from assistant.memory.store.disk import (
    PLAIN,
    SEALED,
    Cipher,
    delete_file,
    mark_of,
    read_file,
    write_file,
)

ENDING = ".md"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened to the files since somebody looked."""

    changed: tuple[str, ...]
    """New ones too."""
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A line of a file that is not understood; the file itself where `line` is 0."""

    path: Path
    line: int
    what: str

    def __str__(self) -> str:
        place = f"{self.path}:{self.line}" if self.line else str(self.path)
        return f"{place}: {self.what}"


class JournalTree:
    """Reads and writes the files. Nothing is made before the first is written."""

    def __init__(self, folder: Path, cipher: Cipher = PLAIN) -> None:
        self.folder = folder
        self.cipher = cipher

    def ids(self) -> list[str]:
        """Oldest first."""
        return sorted(self._paths())

    def __contains__(self, id: str) -> bool:
        return self.path(id).exists()

    def path(self, id: str) -> Path:
        """Where it is, or would be. Raises `MemoryFailure` where the id is none."""
        if not is_journal_id(id):
            raise MemoryFailure(
                f'there is no journal "{id[:80]}"', "`assistant memory list` names those there are."
            )
        usual = self._usual_path(id)
        if usual.exists():
            return usual
        return self._paths().get(id, usual)

    def read(self, id: str) -> Parsed:
        """Raises `MemoryFailure` with the file."""
        path = self.path(id)
        if not path.exists():
            raise MemoryFailure(
                f'there is no journal "{id}"', "`assistant memory list` names those there are."
            )
        data = read_file(path, self.cipher)
        try:
            return _parsed(data, id)
        except Exception as error:
            # One file that nobody foresaw may not cost all the others.
            _log.exception("%s", path)
            what = f"{type(error).__name__}: {error}"[:200]
            raise MemoryFailure(
                f"{path}: cannot be understood ({what})", "Correct or move the file."
            ) from None

    def text(self, id: str) -> str:
        """The file as it is, not taken apart. Raises `MemoryFailure`."""
        return read_file(self.path(id), self.cipher).decode("utf-8", "replace")

    def write(self, journal: Journal, front: Sequence[str] = (), extra: Sequence[str] = ()) -> None:
        """Put the file in place, whole or not at all. Raises `MemoryFailure`."""
        path = self.path(journal.id)
        wanted = self._named(path.with_name(journal.id))
        write_file(wanted, self.cipher.seal(render(journal, front, extra).encode("utf-8")))
        if path != wanted:
            delete_file(path)

    def delete(self, id: str) -> bool:
        """Whether there was one, and folders that are empty then. Raises `MemoryFailure`."""
        path = self.path(id)
        found = delete_file(path)
        other = path.with_name(id + (ENDING if path.suffix == SEALED else ENDING + SEALED))
        found = delete_file(other) or found
        for folder in (path.parent, path.parent.parent):
            with suppress(OSError):
                if folder.is_relative_to(self.folder):
                    folder.rmdir()
        return found

    def stamps(self) -> dict[str, str]:
        """A mark of each file by its id, that changes when the file does; oldest first."""
        found: dict[str, str] = {}
        for id, entry in sorted(self._entries().items()):
            with suppress(OSError):  # deleted just now
                found[id] = mark_of(entry.stat())
        return found

    def changed_since(self, stamps: Mapping[str, str]) -> Changes:
        """Which files are other than when `stamps` were taken: by their size and times only."""
        now = self.stamps()
        changed = tuple(id for id, mark in now.items() if stamps.get(id) != mark)
        return Changes(changed, tuple(id for id in stamps if id not in now))

    def problems(self) -> list[FileProblem]:
        """Everything in the tree that is not understood; reads all of it."""
        found = [
            FileProblem(Path(entry.path), 0, "its name is none of a journal, so it is not read")
            for entry in _files(self.folder)
            if _id(entry.name) is None and not entry.name.startswith(".")
        ]
        for id, path in sorted(self._paths().items()):
            try:
                found += [
                    FileProblem(path, each.line, each.what) for each in self.read(id).problems
                ]
            except MemoryFailure as failure:
                found.append(FileProblem(path, 0, failure.message.removeprefix(f"{path}: ")))
        return found

    def _usual_path(self, id: str) -> Path:
        return self._named(self.folder / id[:4] / id[5:7] / id)

    def _named(self, path: Path) -> Path:
        return path.with_name(path.name + ENDING + self.cipher.ending)

    def _paths(self) -> dict[str, Path]:
        return {id: Path(entry.path) for id, entry in self._entries().items()}

    def _entries(self) -> dict[str, os.DirEntry[str]]:
        """Files by id; where one is there twice, the one that this cipher would write."""
        found: dict[str, os.DirEntry[str]] = {}
        ending = ENDING + self.cipher.ending
        for entry in _files(self.folder):
            id = _id(entry.name)
            if id is not None and (id not in found or entry.name.endswith(ending)):
                found[id] = entry
        return found


def _parsed(data: bytes, id: str) -> Parsed:
    try:
        return parse(data.decode("utf-8"), id)
    except UnicodeDecodeError as error:
        parsed = parse(data.decode("latin-1"), id)  # of which every byte is a character
        line = data.count(b"\n", 0, error.start) + 1
        parsed.problems.insert(0, FrontMatterProblem(line, "is not UTF-8 text; save it as UTF-8"))
        return parsed


def _files(folder: Path | str) -> Iterator[os.DirEntry[str]]:
    """Hidden folders are somebody else's."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            if not entry.name.startswith("."):
                yield from _files(entry.path)
        elif entry.is_file():
            yield entry


def _id(name: str) -> str | None:
    name = name.removesuffix(SEALED)
    id = name.removesuffix(ENDING)
    return id if id != name and is_journal_id(id) else None
