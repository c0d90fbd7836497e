"""`profile.md` with any content: what a person changed in it is told, and nothing raises."""

from __future__ import annotations

import tempfile
from pathlib import Path

from assistant.memory.journal.format import parse
from assistant.memory.profile.edits import ProfileFile, lines_of
from assistant.memory.profile.profile import profile_of
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.store.files import FileStore
from tests.fuzz.target_journal import ID, WHOLE

NAME = "profile"
_MEMORIES = parse(WHOLE, ID).journal.memories
_MADE = profile_of(_MEMORIES).markdown().encode()
SEEDS = [
    _MADE,
    _MADE.replace(b"Picasso", b"Monet"),
    _MADE.replace(b"- ", b"- Something new.\n- "),
    b"# x\n## To be asked\n- ?\n## Facts\n* a\n  (id ;; id \\; id x)\n- \n-\n+ \t(id )\n",
    b"# What I know\r\n\r\n- a\r\n  (2026-11-21; confidence 0.9; id " + ID.encode() + b"/1)\r\n",
    _MADE[:-30],
]


def one(data: bytes) -> None:
    lines_of(data.decode("utf-8", "replace"))
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        file = ProfileFile(Path(folder))
        file.write(profile_of(_MEMORIES))
        file.path.write_bytes(data)
        file.touched()
        edits = file.edits(_MEMORIES)
        assert len(edits) <= data.count(b"\n") + len(_MEMORIES) + 1
        _taken_over(Path(folder), data)


def _taken_over(folder: Path, data: bytes) -> None:
    """By a store, which has to work whatever the profile says."""
    page = folder / "journals" / "2026" / "11" / f"{ID}.md"
    page.parent.mkdir(parents=True)
    page.write_text(WHOLE)
    store = FileStore(folder, SqliteIndex(None), look_every=0.0)
    try:
        if data.count(b"\n") > 200:
            return  # a journal written for each line: the same again, and slow
        store.memories()
        store.search("Picasso")
        assert not store.problems()
    finally:
        store.close()
