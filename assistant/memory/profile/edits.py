"""`profile.md`, and what a person changed in it by hand.

The file carries a mark (`profile_mark`) of what it said when it was made; what differs from that,
a person has edited: a line whose words changed is a correction (the memory gets a follower, and is
history then), a line that is gone is forgotten with all its traces, and a line that is new is
remembered. The journals are changed so; then the file is made anew. What the journals say by now
does not count: they may be newer, where the program was stopped between the two. Deleting the whole
file, or the end of it with the mark, forgets nothing: it comes back. What stands under "To be
asked" and the words of old values are made anew too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Protocol

from assistant.memory.base import Claim, Forgotten, Memory, MemoryFailure
from assistant.memory.journal.escaping import split_raw, unescape, unescape_block
from assistant.memory.profile.mark import Made, digest, marked, unmarked
from assistant.memory.profile.profile import BEFORE, QUESTIONS, Profile, prefix, shown
from assistant.memory.store.disk import (
    PLAIN,
    SEALED,
    Cipher,
    delete_file,
    read_file,
    stamp,
    write_file,
)

NAME = "profile.md"
AS_MADE = ".profile-as-made.md"
"""A copy that earlier versions kept to compare with. Written apart from the file, it proves nothing
where it differs; it is deleted."""
_BULLET = re.compile(r"\s*[-*+][ \t]+(?P<text>.*)")
_TITLE = "# "
_HALF = re.compile(r"(?:&#?\d{0,7}|\\)\Z")
"""Of a mark that stands for a character."""


class Edited(Protocol):
    """The part of a store that edits are made in."""

    def add(self, text: str) -> Memory: ...

    def correct(self, id: str, text: str, claim: Claim | None = None) -> Memory: ...

    def forget(self, ids: Sequence[str]) -> Forgotten: ...


@dataclass(frozen=True, slots=True)
class ProfileLine:
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

    def __init__(self, folder: Path, cipher: Cipher = PLAIN) -> None:
        self.path = folder / (NAME + cipher.ending)
        self._copies = [folder / AS_MADE, folder / (AS_MADE + SEALED)]
        self._cipher = cipher
        self._seen = ""

    def write(self, profile: Profile) -> None:
        """Raises `MemoryFailure`."""
        text = _with_mark(profile.markdown())
        if not text:
            delete_file(self.path)
        elif not self.path.exists() or self._read(self.path) != text:
            write_file(self.path, self._cipher.seal(text.encode("utf-8")))
        for copy in self._copies:
            if copy.exists():
                delete_file(copy)
        self._seen = stamp(self.path)

    def touched(self) -> bool:
        """Whether the file is other than it was made, or gone, or of an earlier version."""
        now = stamp(self.path)
        if not now:
            return bool(self._seen) or any(copy.exists() for copy in self._copies)
        if now == self._seen:
            return False
        text, made = unmarked(self._read(self.path))
        if made is None or not made.is_text(text) or any(copy.exists() for copy in self._copies):
            return True
        self._seen = now
        return False

    def edits(self, memories: Iterable[Memory]) -> list[Edit]:
        """What was edited since `write`; nothing where the file is gone or broken."""
        text = self._read(self.path)
        if not text.startswith(_TITLE) or "\0" in text:
            return []  # an editor that failed leaves an empty file: that is no wish to forget
        return edits_of(text, memories, self._of_earlier_version())

    def differs_from(self, profile: Profile) -> bool:
        """Whether it is not made of this, whoever changed it."""
        return self._read(self.path) != _with_mark(profile.markdown())

    def _of_earlier_version(self) -> str:
        """The copy beside it; "" where there is none."""
        copy = self.path.with_name(AS_MADE + self._cipher.ending)
        return self._read(copy) if copy.exists() else ""

    def _read(self, path: Path) -> str:
        try:
            data = read_file(path, self._cipher)
        except MemoryFailure:
            return ""
        return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")


def _with_mark(text: str) -> str:
    if not text:
        return ""
    return marked(text, ((line.id, line.text) for line in lines_of(text) if line.id))


def edits_of(text: str, memories: Iterable[Memory], copy: str = "") -> list[Edit]:
    """`text`: the whole file; `copy`: the one that an earlier version kept of it.

    Those that forget come last: they take the words of others with them.
    """
    text, made = unmarked(text)
    known = {memory.id: memory for memory in memories}
    lines = lines_of(text)
    if made is None:
        texts = _still_true(copy, known)
        return [*_corrected(lines, known, texts), *_added(_whole(lines, known), known)]
    if made.is_text(text):
        return []
    gone = _gone(lines, known, made)
    lost = {made.items[digest(id)] for id in gone}
    # A line that has lost the brackets below it is neither deleted nor new.
    kept = {digest(line.text) for line in lines if not line.id} & lost
    new = [line for line in lines if line.id or digest(line.text) not in kept]
    return [
        *_corrected(new, known, made.items),
        *_added(new, known),
        *(Edit("forget", id) for id in gone if made.items[digest(id)] not in kept),
    ]


def _gone(lines: Sequence[ProfileLine], known: Mapping[str, Memory], made: Made) -> list[str]:
    there = {line.id for line in lines}
    return [id for id in known if id not in there and digest(id) in made.items]


def _corrected(
    lines: Sequence[ProfileLine], known: Mapping[str, Memory], texts: Mapping[str, str]
) -> list[Edit]:
    """`texts`: digests of what was made, by those of ids."""
    found: list[Edit] = []
    for id, text in {line.id: line.text for line in lines if line.id}.items():
        before = texts.get(digest(id))
        changed = before is not None and digest(text) != before
        if id in known and changed and not text.startswith(BEFORE):
            found += _correction(known[id], text, known)
    return found


def _added(lines: Sequence[ProfileLine], known: Mapping[str, Memory]) -> list[Edit]:
    """What is remembered already was added before the program was stopped."""
    there = {memory.text for memory in known.values() if not memory.replaced_by}
    new = dict.fromkeys(line.text for line in lines if not line.id and line.text)
    return [Edit("add", text=text) for text in new if text not in there]


def _whole(lines: Sequence[ProfileLine], known: Mapping[str, Memory]) -> Sequence[ProfileLine]:
    """Without the last, where that is the beginning of one that was cut off."""
    last = lines[-1] if lines else ProfileLine("")
    made = [shown(memory) for memory in known.values()]
    texts = [*made, *(BEFORE + text for text in made)]
    first = last.text.split("\n(")[0]  # half of the brackets below it
    first = _HALF.sub("", first).rstrip()
    cut = any(text.startswith(first) for text in texts)
    return lines[:-1] if not last.id and cut else lines


def _still_true(copy: str, known: Mapping[str, Memory]) -> dict[str, str]:
    """The lines of a copy that say what the journals say: of them alone a change is known to be
    a person's, and not of a later state that was written into one of two files."""
    return {
        digest(line.id): digest(line.text)
        for line in lines_of(copy)
        if line.id in known and line.text == shown(known[line.id])
    }


def lines_of(text: str) -> list[ProfileLine]:
    """The items, with their ids; questions are none."""
    found: list[ProfileLine] = []
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


def _line(lines: Sequence[str]) -> ProfileLine:
    """What stands below its brackets is no part of an item."""
    lines = [line.strip() for line in lines]
    for place in range(len(lines) - 1, -1, -1):
        line = lines[place]
        if line.startswith("(") and line.endswith(")"):
            for part in split_raw(line[1:-1], ";"):
                if part.startswith("id "):
                    return ProfileLine(unescape_block(lines[:place]), unescape(part[3:].strip()))
    return ProfileLine(unescape_block(lines))


def _correction(memory: Memory, text: str, known: Mapping[str, Memory]) -> list[Edit]:
    """Nothing where it was made already, before the program was stopped."""
    if text in (shown(each) for each in _followers(memory, known)):
        return []
    claim = memory.claim
    if claim is None or not text.startswith(prefix(claim)):
        return [Edit("correct", memory.id, text)]
    value = text.removeprefix(prefix(claim)).strip()
    subject = "The user" if claim.subject == "user" else claim.subject
    sentence = f"{subject}'s {claim.attribute}: {value}"
    if claim.value and claim.value in memory.text:
        sentence = memory.text.replace(claim.value, value)
    return [Edit("correct", memory.id, sentence, replace(claim, value=value))]


def _followers(memory: Memory, known: Mapping[str, Memory]) -> list[Memory]:
    """It, and what has corrected it since."""
    found = [memory]
    while (memory.replaced_by in known) and known[memory.replaced_by] not in found:
        memory = known[memory.replaced_by]
        found.append(memory)
    return found
