"""`profile.md`, and what a person changed in it by hand.

Beside it lies, hidden, a copy as it was made. Where they differ, a person has edited: a line whose
words changed is a correction (the memory gets a follower, and is history then), a line that is
gone is forgotten with all its traces, and a line that is new is remembered. The journals are
changed so; then the file is made anew. Deleting the whole file forgets nothing: it comes back.
What stands under "To be asked" and the words of old values are made anew too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from assistant.memory.base import Claim, Forgotten, Memory, MemoryFailure
from assistant.memory.disk import delete_file, read_file, stamp, write_file
from assistant.memory.plain_marks import split_raw, unescape, unescape_block
from assistant.memory.profile import BEFORE, QUESTIONS, Profile, prefix, shown
from assistant.memory.vault import PLAIN, Vault

NAME = "profile.md"
AS_MADE = ".profile-as-made.md"
_BULLET = re.compile(r"\s*[-*+][ \t]+(?P<text>.*)")
_TITLE = "# "


class Edited(Protocol):
    """The part of a store that edits are made in."""

    def add(self, text: str) -> Memory: ...

    def correct(self, id: str, text: str, claim: Claim | None = None) -> Memory: ...

    def forget(self, ids: Sequence[str]) -> Forgotten: ...


@dataclass(frozen=True, slots=True)
class Line:
    """An item as it stands in the file."""

    text: str
    id: str = ""
    """"": a person wrote it."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person did to the file."""

    kind: Literal["forget", "correct", "add"]
    id: str = ""
    text: str = ""
    claim: Claim | None = None

    def apply(self, store: Edited) -> None:
        """Raises `MemoryFailure`."""
        if self.kind == "forget":
            store.forget([self.id])
        elif self.kind == "correct":
            store.correct(self.id, self.text, self.claim)
        else:
            store.add(self.text)


class ProfileFile:
    """Writes the file, and reads what became of it."""

    def __init__(self, folder: Path, vault: Vault = PLAIN) -> None:
        self.path = folder / (NAME + vault.ending)
        self._as_made = folder / (AS_MADE + vault.ending)
        self._vault = vault
        self._seen = ""

    def write(self, profile: Profile) -> None:
        """Raises `MemoryFailure`."""
        text = profile.markdown()
        for path in (self.path, self._as_made):
            if not text:
                delete_file(path)
            elif not path.exists() or self._read(path) != text:
                write_file(path, self._vault.seal(text.encode("utf-8")))
        self._seen = stamp(self.path)

    def touched(self) -> bool:
        """Whether the file is other than it was made."""
        now = stamp(self.path)
        if now == self._seen or not self._as_made.exists():
            return False
        if self._read(self.path) != self._read(self._as_made):
            return True
        self._seen = now
        return False

    def edits(self, memories: Iterable[Memory]) -> list[Edit]:
        """What was edited since `write`; nothing where the file is gone or broken."""
        text = self._read(self.path)
        if not text.startswith(_TITLE):
            return []  # an editor that failed leaves an empty file: that is no wish to forget
        return edits_between(self._read(self._as_made), text, memories)

    def _read(self, path: Path) -> str:
        try:
            data = read_file(path, self._vault)
        except MemoryFailure:
            return ""
        return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")


def edits_between(made: str, text: str, memories: Iterable[Memory]) -> list[Edit]:
    """`made`, `text`: the file before and after a person had it in hand."""
    known = {memory.id: memory for memory in memories}
    before = {line.id: line for line in lines_of(made) if line.id}
    after = {line.id: line for line in lines_of(text) if line.id}
    found = [Edit("forget", id) for id in before if id not in after and id in known]
    for id, line in after.items():
        old = before.get(id)
        if id in known and old and line.text != old.text and not old.text.startswith(BEFORE):
            found += _correction(known[id], line.text)
    new = (line.text for line in lines_of(text) if not line.id and line.text)
    return found + [Edit("add", text=each) for each in new]


def lines_of(text: str) -> list[Line]:
    """The items, with their ids; questions are none."""
    found: list[Line] = []
    open_lines: list[str] = []
    section = ""

    def close() -> None:
        if open_lines and section != QUESTIONS:
            found.append(_line(open_lines))
        open_lines.clear()

    for line in text.split("\n"):
        bullet = _BULLET.fullmatch(line)
        if line.startswith("#"):
            close()
            section = line.lstrip("#").strip()
        elif bullet:
            close()
            open_lines.append(bullet["text"])
        elif open_lines:
            open_lines.append(line)
    close()
    return found


def _line(lines: Sequence[str]) -> Line:
    lines = [line.strip() for line in lines]
    while lines and not lines[-1]:
        lines = lines[:-1]
    last = lines[-1] if lines else ""
    if last.startswith("(") and last.endswith(")"):
        for part in split_raw(last[1:-1], ";"):
            if part.startswith("id "):
                return Line(unescape_block(lines[:-1]), unescape(part[3:].strip()))
    return Line(unescape_block(lines))


def _correction(memory: Memory, text: str) -> list[Edit]:
    if text == shown(memory):
        return []  # the journal says so already
    claim = memory.claim
    if claim is None or not text.startswith(prefix(claim)):
        return [Edit("correct", memory.id, text)]
    value = text.removeprefix(prefix(claim)).strip()
    subject = "The user" if claim.subject == "user" else claim.subject
    sentence = f"{subject}'s {claim.attribute}: {value}"
    if claim.value and claim.value in memory.text:
        sentence = memory.text.replace(claim.value, value)
    return [Edit("correct", memory.id, sentence, replace(claim, value=value))]
