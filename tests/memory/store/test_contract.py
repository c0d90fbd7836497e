"""The stores that come with the program: in files, and in memory alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.store.files import FileStore
from assistant.memory.store.in_memory import InMemoryStore
from tests.memory.contract import StoreContract


def _files(folder: Path) -> FileStore:
    folder.mkdir(mode=0o700)
    return FileStore(folder, SqliteIndex(folder / "index.sqlite"))


MAKERS: dict[str, Callable[[Path], Any]] = {
    "files": _files,
    "in memory": lambda folder: InMemoryStore(),
}


class TestContract(StoreContract):
    @pytest.fixture(params=MAKERS)
    def shelves(self, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
        store = MAKERS[request.param](tmp_path / "kept")
        yield store
        if hasattr(store, "close"):
            store.close()
