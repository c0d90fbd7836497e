"""What is remembered can be carried elsewhere, and a hostile file can do no harm."""

from __future__ import annotations

import json
import warnings
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from assistant.memory.base import MemoryFailure
from assistant.memory.export import Exported, export_to, import_from
from assistant.memory.journal.merging import MergeResult
from assistant.memory.store.files import FileStore
from tests.memory.conftest import Maker
from tests.memory.samples import ID, kept, parrot, said


@pytest.fixture
def page(store: FileStore, tmp_path: Path) -> Path:
    store.write(parrot())
    path = tmp_path / "out" / "memory.zip"
    made = export_to(store, path)
    assert made == Exported(journals=1, memories=2, turns=4, bytes=path.stat().st_size)
    return path


def test_everything_is_in_it_for_people_and_for_programs(page: Path) -> None:
    assert page.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(page) as archive:
        assert archive.namelist() == [f"journals/2026/11/{ID}.md", "profile.md", "memory.json"]
        told = json.loads(archive.read("memory.json"))
    assert told["journals"][0]["memories"][0]["claim"]["value"] == "Picasso"
    assert told["journals"][0]["turns"][3]["text"] == "I wish you luck."


def test_on_another_machine_it_is_all_there_and_never_twice(
    page: Path, make_store: Maker, tmp_path: Path
) -> None:
    other = make_store(tmp_path / "other")
    assert import_from(other, page) == MergeResult(journals=1, memories=2, turns=4)
    assert other.read(ID) == parrot()
    assert import_from(other, page) == MergeResult(journals=0, memories=0, turns=0)
    assert other.search("Picasso")


def test_what_is_here_already_stays_and_what_is_missing_is_added(
    page: Path, make_store: Maker, tmp_path: Path
) -> None:
    other = make_store(tmp_path / "other")
    mine = parrot()
    mine.turns[1] = replace(mine.turns[1], text="What a name!")
    mine.turns[3:] = [said(9, "Bye.")]
    mine.memories[1:] = [kept(5, "Ada likes tea.", 0)]
    other.write(mine)
    assert import_from(other, page) == MergeResult(journals=0, memories=1, turns=1)
    read = other.read(ID)
    assert [turn.number for turn in read.turns] == [1, 2, 3, 4, 9]
    assert read.turns[1].text == "What a name!"
    assert [memory.id[-1] for memory in read.memories] == ["1", "5", "2"]


def test_the_json_alone_is_enough(page: Path, make_store: Maker, tmp_path: Path) -> None:
    alone = tmp_path / "alone.zip"
    with zipfile.ZipFile(page) as full, zipfile.ZipFile(alone, "w") as archive:
        archive.writestr("memory.json", full.read("memory.json"))
    other = make_store(tmp_path / "other")
    import_from(other, alone)
    assert other.read(ID) == parrot()


def lie(archive: zipfile.ZipFile) -> None:
    archive.writestr(f"journals/2026/11/{ID}.md", b"\0" * 30_000_000)


def link(archive: zipfile.ZipFile) -> None:
    info = zipfile.ZipInfo(f"journals/2026/11/{ID}.md")
    info.external_attr = 0o120777 << 16
    archive.writestr(info, "/etc/passwd")


def crowd(archive: zipfile.ZipFile) -> None:
    for number in range(30):
        archive.writestr(f"{number}", "")


def json_of() -> str:
    turn = {"number": 1, "side": "user", "name": "You", "text": "Hi.", "at": "2026-11-21T00:00:00Z"}
    journal = {"id": ID, "began": "2026-11-21T00:00:00Z", "persona": "x", "turns": [turn]}
    return json.dumps({"journals": [journal]})


def twice(archive: zipfile.ZipFile) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for text in ("one", "two"):
            archive.writestr(f"journals/2026/11/{ID}.md", text)


HOSTILE = {
    "points elsewhere": [
        lambda archive: archive.writestr("../../evil.md", "x"),
        lambda archive: archive.writestr("/etc/evil.md", "x"),
        lambda archive: archive.writestr("journals\\..\\..\\evil.md", "x"),
        lambda archive: archive.writestr("C:/evil.md", "x"),
    ],
    "packed too tightly": [lie],
    "a link": [link],
    "more than 20 files": [crowd],
    "is not understood": [
        lambda archive: archive.writestr("memory.json", "{"),
        lambda archive: archive.writestr("memory.json", '{"journals": [{"id": 3}]}'),
        lambda archive: archive.writestr("memory.json", "[" * 100_000),
    ],
    "no id of a journal": [
        lambda archive: archive.writestr(
            "memory.json",
            '{"journals": [{"id": "../x", "began": "2026-11-21T00:00:00Z", "persona": "x"}]}',
        ),
        lambda archive: archive.writestr(
            "memory.json",
            json_of().replace(ID, f"2026-11-21T190503-{'x' * 300}"),
        ),
    ],
    "no zone": [
        lambda archive: archive.writestr(
            "memory.json",
            f'{{"journals": [{{"id": "{ID}", "began": "2026-11-21T00:00:00", "persona": "x"}}]}}',
        ),
    ],
    "memory.json that is not understood": [
        lambda archive, wrong=wrong: archive.writestr(
            "memory.json", json_of().replace('"number": 1', f'"number": {wrong}')
        )
        for wrong in ("-1", "0", "true", "1.5", "NaN", "1e999", "9" * 20, "9" * 5000, "null")
    ],
    "a file twice": [twice],
    "packed in a way": [
        lambda archive: archive.writestr(f"journals/{ID}.md", "x", zipfile.ZIP_LZMA),
        lambda archive: archive.writestr(f"journals/{ID}.md", "x", zipfile.ZIP_BZIP2),
    ],
    "not UTF-8": [lambda archive: archive.writestr(f"journals/2026/11/{ID}.md", b"\xff")],
}


@pytest.mark.parametrize(
    ("why", "number"), [(why, n) for why, makers in HOSTILE.items() for n in range(len(makers))]
)
def test_a_hostile_file_is_refused_in_plain_words(
    store: FileStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str, number: int
) -> None:
    monkeypatch.setattr("assistant.memory.export.MAX_FILES", 20)
    path = tmp_path / "hostile.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        HOSTILE[why][number](archive)
    with pytest.raises(MemoryFailure, match=why) as caught:
        import_from(store, path)
    assert str(path) in caught.value.message
    assert store.journals() == []

    assert not list(tmp_path.rglob("evil*"))


def test_a_page_that_cannot_be_read_does_not_keep_the_others_from_an_export(
    make_store: Maker, tmp_path: Path
) -> None:
    store = make_store()
    store.write(parrot())
    other = "2026-11-22T190503-hal"
    sealed = store.tree.path(other).with_suffix(".md.sealed")
    sealed.write_bytes(b"nobody has the key of this")
    done = export_to(store, tmp_path / "x.zip")
    assert (done.journals, done.unread) == (1, (other,))
    again = make_store(tmp_path / "again")
    assert import_from(again, tmp_path / "x.zip").journals == 1


def test_an_encrypted_zip_is_refused_in_plain_words(page: Path, store: FileStore) -> None:
    data = bytearray(page.read_bytes())
    place = -1
    while (place := data.find(b"PK\x01\x02", place + 1)) >= 0:
        data[place + 8] |= 1
    page.write_bytes(data)
    with pytest.raises(MemoryFailure, match="encrypted with a password"):
        import_from(store, page)


@pytest.mark.parametrize("damage", ["cut", "flipped", "text", "size"])
def test_a_damaged_file_is_refused_in_plain_words(
    page: Path, make_store: Maker, tmp_path: Path, damage: str
) -> None:
    data = bytearray(page.read_bytes())
    if damage == "cut":
        del data[-200:]
    elif damage == "flipped":
        data[120:140] = b"\xff" * 20
    elif damage == "text":
        data[:] = b"hello"
    else:
        place = data.index(b"PK\x01\x02") + 24  # the size that the first file says it has
        data[place : place + 4] = (5).to_bytes(4, "little")
    page.write_bytes(data)
    other = make_store(tmp_path / "other")
    with pytest.raises(MemoryFailure, match="nothing was taken in"):
        import_from(other, page)
    assert other.journals() == []


def test_no_file_is_told_too(store: FileStore, tmp_path: Path) -> None:
    with pytest.raises(MemoryFailure, match="no such file"):
        import_from(store, tmp_path / "none.zip")
