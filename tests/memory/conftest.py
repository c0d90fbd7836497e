"""A store in a folder of its own, with transcripts beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.memory.store.files import FileStore
from tests.memory.retrieval.small_index import SmallIndex
from tests.memory.samples import BEGAN

pytest.register_assert_rewrite("tests.memory.contract")

Maker = Callable[..., FileStore]


@pytest.fixture
def make_store(tmp_path: Path) -> Iterator[Maker]:
    made: list[FileStore] = []

    def make(folder: Path | None = None, **options: Any) -> FileStore:
        data = folder or tmp_path / "data"
        memory = data / "memory"
        memory.mkdir(parents=True, exist_ok=True, mode=0o700)
        options.setdefault("index", SmallIndex(memory / "index.sqlite"))
        options.setdefault("transcripts", data / "transcripts")
        options.setdefault("look_every", 0)
        options.setdefault("now", lambda: BEGAN + timedelta(days=1))
        store = FileStore(memory, **options)
        made.append(store)
        return store

    yield make
    for store in made:
        store.close()


@pytest.fixture
def store(make_store: Maker) -> FileStore:
    return make_store()


def raw(folder: Path) -> bytes:
    """Every byte of every file and every name, in small letters."""
    return b"\n".join(
        str(path).encode() + b"\n" + (path.read_bytes() if path.is_file() else b"")
        for path in sorted(folder.rglob("*"))
    ).lower()
