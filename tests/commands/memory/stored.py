"""A home with conversations that were remembered, and the command line in it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assistant.cli.main import app
from assistant.config.schema import MemoryConfig
from assistant.memory.base import Claim
from assistant.memory.factory import PASSPHRASE, open_store
from assistant.memory.store.files import FileStore
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
from tests.memory.material import journal, remember

OLD = "2026-03-02T190500-jarvis"
NEW = "2026-03-09T190500-glados"
PARROT = f"{OLD}/1"
WEEK = timedelta(days=7)


class Terminal(io.StringIO):
    """Standard input with a person at it."""

    def isatty(self) -> bool:
        return True


class House:
    """`run` is the command line; `code`, `out` and `err` are what the last one said."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home
        self._monkeypatch = monkeypatch
        self.code = 0
        self.out = self.err = ""
        for name in ("DATA", "CACHE", "CONFIG", "STATE"):
            monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
        monkeypatch.setenv("COLUMNS", "160")
        for name in (PASSPHRASE, "VISUAL", "EDITOR", "ASSISTANT_MEMORY__ENCRYPTION"):
            monkeypatch.delenv(name, raising=False)

    @property
    def data(self) -> Path:
        return self.home / "data" / "assistant"

    @property
    def memory(self) -> Path:
        return self.data / "memory"

    def journal(self, id: str = OLD) -> Path:
        [path] = self.memory.rglob(f"{id}.md*")
        return path

    def run(self, *words: str, typed: str | None = None) -> int:
        """`typed`: by a person at a terminal; None: nobody is there."""
        out, err = io.StringIO(), io.StringIO()
        stdin = io.StringIO() if typed is None else Terminal(typed)
        with self._monkeypatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            patch.setattr("sys.stdin", stdin)
            with pytest.raises(SystemExit) as left:
                app(["memory", *words], prog_name="assistant")
        self.code, self.out, self.err = int(left.value.code or 0), out.getvalue(), err.getvalue()
        assert "unexpected" not in self.err
        return self.code

    def json(self, *words: str) -> Any:
        assert self.run(*words, "--json") == 0, self.err
        return json.loads(self.out)

    def texts(self, *words: str) -> list[str]:
        return [each["text"] for each in self.json("list", *words)]

    def store(self, **settings: object) -> FileStore:
        store = open_store(MemoryConfig.model_validate(settings)).store
        assert isinstance(store, FileStore)
        return store

    def raw(self) -> bytes:
        """Every byte and every name below the data folder, in small letters."""
        return b"\n".join(
            str(path).encode() + b"\n" + (path.read_bytes() if path.is_file() else b"")
            for path in sorted(self.data.rglob("*"))
        ).lower()

    def fill(self) -> None:
        """Two conversations, a week apart, and the transcript of one."""
        store = self.store()
        first = journal(
            OLD,
            [
                "My parrot is called Picasso.",
                "A painter's name!",
                "My sister Grace lives in Bergen.",
                "It rains there.",
            ],
        )
        remember(
            first,
            "Ada's parrot is called Picasso.",
            claim=Claim("user", "parrot's name", "Picasso"),
            topics=("pets",),
        )
        remember(
            first, "Grace is Ada's sister.", "relational", turn=3, people=("Grace",),
            claim=Claim("Grace", "relation to user", "sister"),
        )  # fmt: skip
        second = journal(
            NEW, ["On Friday I give a talk."], began=first.began + WEEK, persona="glados"
        )
        remember(second, "Ada gives a talk on Friday.", "temporal", topics=("work",))
        for made in (first, second):
            made.memories = [
                replace(each, id=f"{made.id}/{number}")
                for number, each in enumerate(made.memories, 1)
            ]
            store.write(made)
        store.close()
        transcripts = TranscriptStore(self.data / "transcripts")
        at = datetime(2026, 3, 2, 19, 5, 10, tzinfo=UTC)
        for text in ("My parrot is called Picasso.", "My sister Grace lives in Bergen."):
            transcripts.append(TranscriptEntry(at, "user", "You", text))
        transcripts.append(TranscriptEntry(at, "assistant", "JARVIS", "Indeed."))
        transcripts.close()


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """A home where nothing is remembered yet."""
    return House(tmp_path, monkeypatch)


@pytest.fixture
def house(empty: House) -> Iterator[House]:
    empty.fill()
    return empty
