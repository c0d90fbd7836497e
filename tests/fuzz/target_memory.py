"""A file of any content among journals: all of memory works on, and the others are all there."""

from __future__ import annotations

import tempfile
from pathlib import Path

from assistant.memory.base import MemoryFailure
from assistant.memory.export import export_to
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.store.files import FileStore
from tests.fuzz.target_journal import SEEDS as JOURNALS

NAME = "memory"
SEEDS = [
    *JOURNALS,
    JOURNALS[0].replace(b"Picasso", b"&#55296; &#0; &#1114111; \xc2\xb2"),
    JOURNALS[0].replace(b"no 1", b"id \xc2\xb2/\xc2\xb2").replace(b"+01:00", b"+23:59"),
    JOURNALS[0].replace(b"2026", b"0001"),
    (b"## What mattered\n\n" + b"- Ad&#55296; \n\n" * 4_369)[:65_536],
]
GOOD = "2026-03-02T190500-jarvis"
BAD = "2026-11-21T190503-jarvis"


def one(data: bytes) -> None:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        _use(Path(folder), data)


def _use(folder: Path, data: bytes) -> None:
    for id, text in ((GOOD, JOURNALS[0]), (BAD, data)):
        path = folder / "journals" / id[:4] / id[5:7] / f"{id}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    store = FileStore(folder, SqliteIndex(None), look_every=0.0)
    try:
        assert len([m for m in store.memories() if m.journal == GOOD]) == 3
        assert any(hit.id.startswith(GOOD) for hit in store.search("parrot Picasso", limit=1000))
        store.profile().markdown()
        store.problems()
        store.rebuild()
        assert len([m for m in store.memories() if m.journal == GOOD]) == 3
        store.add("Ada keeps bees.")
        try:
            export_to(store, folder / "x.zip")
            store.forget([BAD])
        except MemoryFailure:
            pass
        assert len([m for m in store.memories() if m.journal == GOOD]) == 3
    finally:
        store.close()
