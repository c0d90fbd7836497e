"""Encryption that was killed at any point: nothing lost, and nothing readable once memory is opened
again; the same for the way back.

Some of the points in each run; with ASSISTANT_EVERY_CALL=1 each of them, which takes minutes.
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

from assistant.memory.encryption import sealing  # noqa: E402
from assistant.memory.factory import PASSPHRASE  # noqa: E402
from tests.commands.memory.stored import House, empty  # noqa: E402
from tests.interruption import Tell, copy_of, interrupted  # noqa: E402
from tests.memory.encryption.test_sealing import QUICK, Drawer, drawer  # noqa: E402

__all__ = ["drawer", "empty"]
pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork"),
    pytest.mark.skipif(shutil.which("git") is None, reason="needs git"),
]
WORD = "correct horse battery"
WORDS = (b"picasso", b"bergen", b"monet")
STRIDE = 1 if os.environ.get("ASSISTANT_EVERY_CALL") else 29


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

    def fast(word: str, *folders: Path) -> sealing.FileCipher:
        return usual(word, *folders, argon2=QUICK)

    monkeypatch.setattr(sealing, "passphrase_vault", fast)


def furnish(house: House) -> None:
    """All that holds words: journals, profile, index and its logs, transcripts, sounds, a history
    with a stash and packs, copies of editors, exports, what a killed writer left."""
    config = house.home / "config" / "assistant" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("[memory]\ngit = true\n")
    store = house.store(git=True)
    store.close()
    house.fill()
    store = house.store(git=True)
    store.add("Ada paints like Monet.")
    subprocess.run(["git", "-C", str(house.memory), "gc", "--quiet"], check=True)
    store.add("Grace lives in Bergen, still.")
    journal = house.journal()
    before = journal.read_text()
    journal.write_text(before + "\n## Of mine\n\nPicasso bites.\n")
    git = ["git", "-C", str(house.memory), "-c", "user.name=x", "-c", "user.email=x@y"]
    subprocess.run([*git, "stash", "--quiet"], check=True)
    store.close()
    assert house.run("list") == 0
    assert house.run("export", str(house.memory / "memory.zip")) == 0
    shutil.copy(journal, journal.with_name(f".{journal.name}.swp"))
    shutil.copy(house.memory / "profile.md", house.memory / "profile.md~")
    journal.with_name(f".{journal.name}.0123456789ab.tmp").write_text("Picasso, half wri")
    (house.memory / "index.sqlite-journal").write_text("Picasso")
    sound = house.home / "cache" / "assistant" / "voice" / "ab" / f"{'ab' * 20}.voice"
    sound.parent.mkdir(parents=True)
    sound.write_bytes(b"Picasso")
    sound.with_name(f".{sound.name}.1.2").write_bytes(b"Pica")
    for path in (*house.data.rglob("*"),):
        if ".git" not in path.parts:
            path.chmod(0o700 if path.is_dir() else 0o600)


@pytest.fixture
def full(empty: House, monkeypatch: pytest.MonkeyPatch, drawer: Drawer, quick: None) -> House:
    """A home with all that holds words, and a key that lasts."""
    monkeypatch.setenv(PASSPHRASE, WORD)
    # So that the key is there in each child: a keyring lasts.
    drawer.set_password(sealing.KEYRING_SERVICE, sealing.KEYRING_NAME, KEY)
    furnish(empty)
    return empty


KEY = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="


def homes(house: House, *words: str) -> Iterator[tuple[str, House]]:
    """As a kill at each of the points left it; at last after the end."""
    whole = house.home.with_name(f"{house.home.name}-whole")
    copy_of(house.home, whole)
    at = 1
    while True:
        copy_of(whole, house.home)

        def work(tell: Tell) -> None:
            assert house.run(*words) == 0, house.err

        killed = interrupted(work, at).killed
        yield f"{' '.join(words)}, killed at change {at}", house
        if not killed:
            assert at > 100, "there was nothing to interrupt"
            return
        at += STRIDE


@pytest.mark.parametrize("way", ["keyring", "passphrase"])
def test_killed_while_it_is_sealed_nothing_stays_readable_and_nothing_is_lost(
    full: House, way: str
) -> None:
    texts = full.texts()
    words = ("encrypt", "--keyring") if way == "keyring" else ("encrypt",)
    seen = set()
    for point, house in homes(full, *words):
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
def test_killed_while_it_is_made_readable_nothing_is_lost(full: House, way: str) -> None:
    texts = full.texts()
    files = {path.relative_to(full.data): path.read_bytes() for path in full.data.rglob("*.md*")}
    assert full.run("encrypt", *(("--keyring",) if way == "keyring" else ())) == 0
    assert readable(full.home) == []
    for point, house in homes(full, "decrypt"):
        sealed = "encryption" in settings(house.home)
        assert house.texts() == texts, point
        assert house.run("doctor") == 0, f"{point}: {house.out}"
        assert (readable(house.home) == []) == sealed, point
        assert any(house.data.rglob("*.sealed")) == sealed, point
        if not sealed:
            now = {p.relative_to(house.data): p.read_bytes() for p in house.data.rglob("*.md*")}
            assert now == files, point
