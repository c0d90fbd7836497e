"""Encrypted memory: nothing readable on disk, nothing lost on the way there and back."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("cryptography")
keyring = pytest.importorskip("keyring")

from keyring.backend import KeyringBackend  # noqa: E402

from assistant.memory.base import MemoryFailure  # noqa: E402
from assistant.memory.encryption.conversion import convert  # noqa: E402
from assistant.memory.encryption.sealing import (  # noqa: E402
    Argon2,
    FileCipher,
    is_sealed,
    keyring_vault,
    passphrase_vault,
)
from assistant.memory.export import export_to, import_from  # noqa: E402
from assistant.memory.store.disk import PLAIN  # noqa: E402
from assistant.memory.store.files import FileStore  # noqa: E402
from tests.memory.conftest import Maker, raw  # noqa: E402
from tests.memory.deletion.test_journals import another, save  # noqa: E402
from tests.memory.retrieval.small_index import SmallIndex  # noqa: E402
from tests.memory.samples import ID, parrot, said  # noqa: E402

WORDS = (b"picasso", b"monet", b"cheerful", b"parrot", b"friday")
QUICK = Argon2(b"0123456789abcdef", memory=64, rounds=1, lanes=1)
PASSPHRASE = "correct horse battery"


class Drawer(KeyringBackend):
    """A keyring as a desktop has one, in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before = keyring.get_keyring()
    drawer = Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


@pytest.fixture
def cipher() -> FileCipher:
    return FileCipher(bytes(range(32)))


@pytest.fixture
def sealed(make_store: Maker, cipher: FileCipher) -> FileStore:
    return make_store(cipher=cipher, index=SmallIndex(None))


def readable(data: Path) -> list[bytes]:
    return [words for words in WORDS if words in raw(data)]


@given(st.binary(max_size=300))
def test_whatever_is_sealed_is_opened_again(data: bytes) -> None:
    cipher = FileCipher(bytes(range(32)))
    sealed = cipher.seal(data)
    assert cipher.open(sealed) == data
    assert sealed != cipher.seal(data)
    assert len(data) < 8 or data not in sealed[-len(data) - 16 :]


@given(st.binary(min_size=1, max_size=50), st.data())
def test_a_file_that_was_changed_is_refused(data: bytes, draw: st.DataObject) -> None:
    cipher = FileCipher(bytes(range(32)))
    sealed = bytearray(cipher.seal(data))
    place = draw.draw(st.integers(0, len(sealed) - 1))
    sealed[place] ^= draw.draw(st.integers(1, 255))
    with pytest.raises(MemoryFailure):
        cipher.open(bytes(sealed))
    with pytest.raises(MemoryFailure):
        cipher.open(bytes(sealed[:place]))


def test_two_memories_are_opened_at_once() -> None:
    """As those of two people in one room."""
    made: list[FileCipher] = []
    opening = [
        threading.Thread(target=lambda: made.append(passphrase_vault(PASSPHRASE)), daemon=True)
        for _ in range(3)
    ]
    for each in opening:
        each.start()
    for each in opening:
        each.join(30)
    assert len(made) == 3


def test_all_of_memory_works_and_no_word_is_on_disk(
    sealed: FileStore, make_store: Maker, cipher: FileCipher, tmp_path: Path
) -> None:
    journal = parrot()
    sealed.write(journal)
    sealed.write(another())
    assert [memory.id for memory in sealed.memories()][-1] == f"{ID}/1"
    assert sealed.search("Picasso")
    assert sealed.tree.path(ID).name == f"{ID}.md.sealed"
    assert readable(tmp_path) == []
    later = make_store(cipher=cipher, index=SmallIndex(None))
    assert later.read(ID) == parrot()
    assert later.search("Picasso")
    later.forget([f"{ID}/1"])
    assert not later.search("Picasso")
    assert (later.folder / "profile.md.sealed").exists()
    assert readable(tmp_path) == []


def test_no_word_is_on_disk_for_a_moment(
    sealed: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looked at whenever something is about to be put on disk, temporary files included."""
    seen: list[bytes] = []
    sync, looks = os.fsync, []

    def look(descriptor: int) -> None:
        sync(descriptor)
        looks.append(stat.S_ISREG(os.fstat(descriptor).st_mode))
        seen.extend(readable(tmp_path))

    monkeypatch.setattr(os, "fsync", look)
    sealed.write(parrot())
    sealed.correct(f"{ID}/1", "Ada's parrot is called Pablo.")
    sealed.forget([f"{ID}/2"])
    assert looks.count(True) > 5
    assert seen == []


@pytest.mark.parametrize("way", ["keyring", "passphrase"])
def test_there_and_back_again_nothing_is_lost(
    make_store: Maker, tmp_path: Path, drawer: Drawer, way: str
) -> None:
    data = tmp_path / "data"
    store = make_store()
    for journal in (parrot(), another()):
        store.write(journal)
        save(data, journal).close()
    path = store.tree.path(ID)
    path.write_text(path.read_text() + "\n## Notes of mine\n\nPicasso bites.\n")
    store.memories()
    cache = data / "voice"
    cache.mkdir()
    (cache / f"{'a' * 40}.voice").write_bytes(b"Picasso")
    before = {path: path.read_bytes() for path in data.rglob("*.md")}
    cipher = (
        keyring_vault(store.folder)
        if way == "keyring"
        else passphrase_vault(PASSPHRASE, store.folder, argon2=QUICK)
    )
    options = {"transcripts": data / "transcripts"}
    made = convert(store.folder, PLAIN, cipher, index=store.index, caches=[cache], **options)
    assert (made.files, made.bytes) == (5, sum(map(len, before.values())))
    assert readable(data) == []
    assert is_sealed(data)
    later = make_store(cipher=cipher, index=SmallIndex(None))
    assert later.search("Picasso")
    assert convert(later.folder, PLAIN, cipher, index=None, **options).files == 0  # and once more
    assert convert(later.folder, cipher, PLAIN, **options).files == 5
    assert {path: path.read_bytes() for path in data.rglob("*.md")} == before
    assert not is_sealed(data)


def test_another_passphrase_takes_the_place_of_the_first(store: FileStore) -> None:
    store.write(parrot())
    first = passphrase_vault(PASSPHRASE, argon2=QUICK)
    second = passphrase_vault("another passphrase", argon2=replace(QUICK, salt=b"f" * 16))
    convert(store.folder, PLAIN, first, index=store.index)
    convert(store.folder, first, second)
    assert passphrase_vault("another passphrase", store.folder)
    with pytest.raises(MemoryFailure, match="not the passphrase that memory was sealed with"):
        passphrase_vault(PASSPHRASE, store.folder)


def test_interrupted_it_is_taken_up_again(
    make_store: Maker, cipher: FileCipher, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = make_store()
    store.write(parrot())
    store.write(another())
    writes = []

    class Tired(FileCipher):
        def seal(self, data: bytes) -> bytes:
            writes.append(len(data))
            if len(writes) == 3:  # the marker, a journal, and another
                raise MemoryFailure("interrupted")
            return super().seal(data)

    with pytest.raises(MemoryFailure, match=r"^interrupted$"):
        convert(store.folder, PLAIN, Tired(bytes(range(32))), index=store.index)
    assert len(list(store.folder.rglob("*.sealed"))) == 2
    convert(store.folder, PLAIN, cipher, index=store.index)
    assert readable(tmp_path) == []
    assert make_store(cipher=cipher, index=SmallIndex(None)).read(ID) == parrot()


def test_what_is_sealed_while_encryption_is_off_is_told(
    sealed: FileStore, make_store: Maker
) -> None:
    sealed.write(parrot())
    plain = make_store(index=SmallIndex(None))
    assert plain.memories() == []
    assert [problem.what for problem in plain.problems()] == ["is encrypted, and encryption is off"]
    with pytest.raises(MemoryFailure, match="encryption is off"):
        plain.read(ID)


def test_a_wrong_passphrase_is_told_before_anything_is_read(
    make_store: Maker, tmp_path: Path
) -> None:
    folder = tmp_path / "data" / "memory"
    cipher = passphrase_vault(PASSPHRASE, folder, argon2=QUICK)
    make_store(cipher=cipher, index=SmallIndex(None)).write(parrot())
    with pytest.raises(MemoryFailure, match="not the passphrase") as caught:
        passphrase_vault("wrong horse battery", folder)
    assert "nobody can read" in caught.value.remedy
    again = passphrase_vault(PASSPHRASE, folder)
    assert make_store(cipher=again, index=SmallIndex(None)).read(ID) == parrot()
    with pytest.raises(MemoryFailure, match="8 characters or more"):
        passphrase_vault("short", tmp_path / "elsewhere")


def test_the_usual_strength_of_a_passphrase(tmp_path: Path) -> None:
    """RFC 9106's setting for machines without memory to spare: 64 MiB, three rounds, four lanes."""
    cipher = passphrase_vault("héllo wörld, it's me", tmp_path)
    (tmp_path / "x.sealed").write_bytes(cipher.seal(b"x"))
    decomposed = "he\u0301llo wo\u0308rld, it's me"
    assert passphrase_vault(decomposed, tmp_path).open(cipher.seal(b"y")) == b"y"


def test_a_lost_key_is_told_and_never_replaced(
    make_store: Maker, tmp_path: Path, drawer: Drawer
) -> None:
    folder = tmp_path / "data" / "memory"
    store = make_store(cipher=keyring_vault(folder), index=SmallIndex(None))
    store.write(parrot())
    assert make_store(cipher=keyring_vault(folder), index=SmallIndex(None)).read(ID) == parrot()
    with pytest.raises(MemoryFailure, match="with a key from the keyring, not with a passphrase"):
        passphrase_vault(PASSPHRASE, folder)
    drawer.kept.clear()
    with pytest.raises(MemoryFailure, match="is not in the keyring") as caught:
        keyring_vault(folder)
    assert "nobody can read" in caught.value.remedy
    assert drawer.kept == {}


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_system_without_a_keyring_is_told_what_to_do(
    tmp_path: Path, drawer: Drawer, is_sealed: bool
) -> None:
    """A passphrase where nothing is sealed yet; the keyring itself, where it has the key."""
    from keyring.backends.fail import Keyring

    if is_sealed:
        (tmp_path / "x.sealed").write_bytes(keyring_vault(tmp_path).seal(b"x"))
    before = keyring.get_keyring()
    keyring.set_keyring(Keyring())
    try:
        with pytest.raises(MemoryFailure, match="keyring cannot be used") as caught:
            keyring_vault(tmp_path)
    finally:
        keyring.set_keyring(before)
    assert ("unlock it" if is_sealed else "passphrase") in caught.value.remedy


def test_an_export_is_readable_and_comes_back_sealed(
    sealed: FileStore, make_store: Maker, cipher: FileCipher, tmp_path: Path
) -> None:
    sealed.write(parrot())
    page = tmp_path / "memory.zip"
    export_to(sealed, page)
    other = make_store(tmp_path / "other", cipher=cipher, index=SmallIndex(None))
    import_from(other, page)
    assert other.read(ID) == parrot()
    assert readable(tmp_path / "other") == []


def test_threads_share_one_vault(cipher: FileCipher) -> None:
    wrong: list[int] = []

    def work(number: int) -> None:
        data = bytes([number]) * 1000
        wrong.extend(1 for _ in range(50) if cipher.open(cipher.seal(data)) != data)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_conversation_goes_on_sealed(sealed: FileStore) -> None:
    journal = parrot()
    sealed.write(journal)
    journal.turns.append(said(5, "Bye."))
    sealed.write(journal)
    assert len(sealed.read(ID).turns) == 5


def test_an_index_of_sqlcipher_is_sealed_with_the_same_key(
    make_store: Maker, cipher: FileCipher, tmp_path: Path
) -> None:
    pytest.importorskip("sqlcipher3")
    connect = cipher.connect()
    assert connect is not None
    path = tmp_path / "index.sqlite"
    for _ in range(2):
        database = connect(str(path))
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text)")
        database.execute("INSERT INTO words VALUES ('the parrot Picasso')")
        found = database.execute("SELECT text FROM words WHERE words MATCH 'parrot'").fetchall()
    assert len(found) == 2
    assert readable(tmp_path) == []
    database.close()
    other = FileCipher(bytes(32)).connect()
    assert other is not None
    with pytest.raises(Exception, match="not a database"):
        other(str(path)).execute("SELECT * FROM words")
