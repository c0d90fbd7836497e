"""Deletion from transcripts, which keep the same words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from assistant.memory.base import MemoryFailure
from assistant.memory.encryption.cipher import PLAIN, Cipher
from assistant.memory.store.disk import delete_file, read_file, write_file

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
