"""Encryption that was killed at any point: nothing lost, and nothing readable once memory is opened
again; the same for the way back.

ASSISTANT_TESTS_POINTS=all tries every point, and not some of each way.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("cryptography")
keyring = pytest.importorskip("keyring")

from assistant.memory import sealing  # noqa: E402
from assistant.memory.opening import PASSPHRASE  # noqa: E402
from tests.commands.memory_house import House, empty  # noqa: E402
from tests.interruption import Tell, interrupted  # noqa: E402
from tests.memory.test_sealing import QUICK, Drawer, drawer  # noqa: E402

__all__ = ["drawer", "empty"]
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
]
WORD = "correct horse battery"
WORDS = (b"picasso", b"bergen", b"monet")
SOME = 9
"""Points of a way that are tried each time."""


def settings(home: Path) -> str:
    file = home / "config" / "assistant" / "config.toml"
    return file.read_text() if file.exists() else ""


def everything(home: Path) -> bytes:
    """All bytes and names below data and cache, with all objects of a repository opened."""
    found = []
    for path in (*(home / "data").rglob("*"), *(home / "cache").rglob("*")):
        found.append(str(path).encode())
        if path.is_file():
            data = path.read_bytes()
            found.append(data)
            with contextlib.suppress(zlib.error):
                found.append(zlib.decompress(data))
    memory = home / "data" / "assistant" / "memory"
    if (memory / ".git").is_dir():
        told = subprocess.run(
            ["git", "-C", str(memory), "cat-file", "--batch-all-objects", "--batch"],
            capture_output=True, check=True,
        )  # fmt: skip
        found.append(told.stdout)
    return b"\n".join(found).lower()


def readable(home: Path) -> list[bytes]:
    found = everything(home)
    return [word for word in WORDS if word in found]


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase that becomes a key without 64 MiB: as safe against being killed."""
    usual = sealing.passphrase_vault

    def fast(word: str, *folders: Path) -> sealing.SealedVault:
        return usual(word, *folders, argon2=QUICK)

    monkeypatch.setattr(sealing, "passphrase_vault", fast)


@pytest.fixture
def full(empty: House, monkeypatch: pytest.MonkeyPatch, drawer: Drawer, quick: None) -> House:
    """A home with all that holds words: journals, profile, index and its logs, transcripts, sounds,
    a history with a stash and packs, copies of editors, exports, what a killed writer left."""
    monkeypatch.setenv(PASSPHRASE, WORD)
    # So that the key is there in each child: a keyring lasts.
    drawer.set_password(sealing.KEYRING_SERVICE, sealing.KEYRING_NAME, KEY)
    empty.run("path")
    config = empty.home / "config" / "assistant" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[memory]\ngit = true\n")
    store = empty.store(git=True)
    store.close()
    empty.fill()
    store = empty.store(git=True)
    store.add("Ada paints like Monet.")
    subprocess.run(["git", "-C", str(empty.memory), "gc", "--quiet"], check=True)
    store.add("Grace lives in Bergen, still.")
    journal = empty.journal()
    before = journal.read_text()
    journal.write_text(before + "\n## Of mine\n\nPicasso bites.\n")
    git = ["git", "-C", str(empty.memory), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "stash", "--quiet"], check=True)
    store.close()
    assert empty.run("list") == 0
    assert empty.run("export", str(empty.memory / "memory.zip")) == 0
    shutil.copy(journal, journal.with_name(f".{journal.name}.swp"))
    shutil.copy(empty.memory / "profile.md", empty.memory / "profile.md~")
    journal.with_name(f".{journal.name}.0123456789ab.tmp").write_text("Picasso, half wri")
    (empty.memory / "index.sqlite-journal").write_text("Picasso")
    sound = empty.home / "cache" / "assistant" / "voice" / "ab" / f"{'ab' * 20}.voice"
    sound.parent.mkdir(parents=True)
    sound.write_bytes(b"Picasso")
    sound.with_name(f".{sound.name}.1.2").write_bytes(b"Pica")
    for path in (*empty.data.rglob("*"),):
        if ".git" not in path.parts:
            path.chmod(0o700 if path.is_dir() else 0o600)
    return empty


KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def spread(count: int) -> list[int]:
    """Some points, the first and the last among them."""
    if os.environ.get("ASSISTANT_TESTS_POINTS") == "all":
        return list(range(1, count + 1))
    return sorted({1 + (count - 1) * place // (SOME - 1) for place in range(SOME)})


class Killed:
    """A command, killed in copies of one home."""

    def __init__(self, house: House, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
        self.house = house
        self.words = words
        self._monkeypatch = monkeypatch
        self._whole = house.home.with_name(f"{house.home.name}-whole")
        shutil.copytree(house.home, self._whole, symlinks=True)
        self.count = len(interrupted(self._run, 0).points)

    def homes(self) -> Iterator[tuple[str, House]]:
        """Each as the kill left it, with the point."""
        assert self.count > 50, self.count
        for when in spread(self.count):
            shutil.rmtree(self.house.home)
            shutil.copytree(self._whole, self.house.home, symlinks=True)
            done = interrupted(self._run, when)
            assert done.killed
            yield f"{when} of {self.count}, before {done.points[-1]}", self.house

    def _run(self, tell: Tell) -> None:
        assert self.house.run(*self.words) == 0, self.house.err


@pytest.mark.parametrize("way", ["keyring", "passphrase"])
def test_killed_while_it_is_sealed_nothing_stays_readable_and_nothing_is_lost(
    full: House, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    texts = full.texts()
    words = ("encrypt", "--keyring") if way == "keyring" else ("encrypt",)
    seen = set()
    for point, house in Killed(full, monkeypatch, *words).homes():
        begun = "encryption" in settings(house.home)
        seen.add(begun)
        if begun and readable(house.home):
            assert house.run("doctor") == 1, point
        assert house.texts() == texts, point
        assert house.run("doctor") == 0, f"{point}: {house.out}"
        assert bool(readable(house.home)) != begun, point
        assert house.run("export", str(house.home / "x.zip")) == 0
        assert house.run("decrypt") == 0, house.err
        assert house.texts() == texts, point
    assert seen == {True, False}


@pytest.mark.parametrize("way", ["keyring", "passphrase"])
def test_killed_while_it_is_made_readable_nothing_is_lost(
    full: House, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    texts = full.texts()
    files = {path.relative_to(full.data): path.read_bytes() for path in full.data.rglob("*.md*")}
    assert full.run("encrypt", *(("--keyring",) if way == "keyring" else ())) == 0
    assert readable(full.home) == []
    for point, house in Killed(full, monkeypatch, "decrypt").homes():
        sealed = "encryption" in settings(house.home)
        assert house.texts() == texts, point
        assert house.run("doctor") == 0, f"{point}: {house.out}"
        assert (readable(house.home) == []) == sealed, point
        assert any(house.data.rglob("*.sealed")) == sealed, point
        if not sealed:
            now = {p.relative_to(house.data): p.read_bytes() for p in house.data.rglob("*.md*")}
            assert now == files, point
