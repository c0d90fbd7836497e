"""`assistant memory encrypt|decrypt`: sealed with a word, and readable again with the same."""

from __future__ import annotations

import getpass
import io
import shutil
import subprocess
import zipfile
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from assistant.memory.factory import PASSPHRASE
from assistant.memory.store.git import SEAL
from tests.commands.memory.stored import OLD, PARROT, House, empty, house

__all__ = ["empty", "house"]
pytest.importorskip("cryptography")

WORD = "correct horse battery"


def test_sealed_and_readable_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    before = house.texts()
    monkeypatch.setenv(PASSPHRASE, WORD)
    assert house.run("encrypt") == 0, house.err
    assert "is lost, so is everything" in house.err
    assert b"picasso" not in house.raw()
    assert house.texts() == before
    assert house.run("doctor") == 0, house.out
    assert house.run("encrypt") == 0
    assert "already" in house.err
    assert house.run("encrypt", "--keyring") == 1
    assert b"picasso" not in house.raw()
    assert house.run("decrypt") == 0
    assert house.texts() == before
    assert b"picasso" in house.raw()
    assert house.run("decrypt") == 0
    assert "not encrypted" in house.err


def test_without_the_word_or_with_another_nothing_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    monkeypatch.setenv(PASSPHRASE, "another word")
    for words in (("list",), ("decrypt",), ("show", PARROT), ("doctor",)):
        assert house.run(*words) == 1
        assert "Picasso" not in house.out + house.err
    assert "without it nobody can read" in (house.out + house.err).lower()
    monkeypatch.delenv(PASSPHRASE)
    assert house.run("list") == 1
    assert PASSPHRASE in house.err


def test_a_lost_word_leaves_one_way_to_begin_anew(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    monkeypatch.setenv(PASSPHRASE, "quite another")
    assert house.run("forget", "--all", "--yes") == 0
    assert "Forgotten: everything" in house.out
    store = house.store(encryption="passphrase")
    store.add("Ada keeps bees.")
    assert [each.text for each in store.memories()] == ["Ada keeps bees."]
    store.close()


def test_a_word_is_typed_twice_where_it_is_new(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = iter([WORD, "corect horse", WORD, WORD, WORD])
    monkeypatch.setattr(getpass, "getpass", lambda prompt: next(typed))
    assert house.run("encrypt", typed="") == 1
    assert "not the same" in house.err
    assert b"picasso" in house.raw()
    assert house.run("encrypt", typed="") == 0, house.err
    assert b"picasso" not in house.raw()
    assert house.run("decrypt", typed="") == 0
    assert b"picasso" in house.raw()


def test_a_word_that_is_too_short_changes_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, "short")
    assert house.run("encrypt") == 1
    assert "8 characters" in house.err
    assert b"picasso" in house.raw()
    monkeypatch.delenv(PASSPHRASE)
    assert house.run("encrypt") == 1


def test_no_editor_sees_what_is_sealed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    monkeypatch.setenv("EDITOR", "true")
    assert house.run("edit", "last") == 1
    assert "--text" in house.err
    assert house.run("edit", PARROT, "--text", "Ada's parrot is called Rembrandt.") == 0
    assert b"rembrandt" not in house.raw()


def test_an_export_of_what_is_sealed_says_that_it_is_not(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    assert house.run("export", str(house.home / "x.zip")) == 0
    assert "plain text" in house.err


def test_settings_that_were_changed_by_hand_are_found(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    (house.home / "config" / "assistant" / "config.toml").unlink()
    assert house.run("doctor") == 1
    assert "files are sealed" in house.out
    assert house.run("decrypt") == 0
    assert house.run("doctor") == 0
    monkeypatch.setenv("ASSISTANT_MEMORY__ENCRYPTION", "off")
    house.run("encrypt")
    assert "ASSISTANT_MEMORY__ENCRYPTION" in house.err


def begun(house: House, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """A command that ends by itself before it has converted all files."""
    from assistant.memory.encryption import conversion

    usual = conversion._convert_one
    count = 0

    def tired(*arguments: Any) -> int | None:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return usual(*arguments)

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(conversion, "_convert_one", tired)
        house.run(*words)
    assert count == 3


def test_a_conversion_that_was_interrupted_goes_on_with_no_other_word(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = house.texts()
    monkeypatch.setenv(PASSPHRASE, WORD)
    begun(house, monkeypatch, "encrypt")
    assert b"picasso" in house.raw()
    monkeypatch.setenv(PASSPHRASE, "correct hoarse battery")
    before = house.raw()
    for words in (("list",), ("encrypt",), ("decrypt",)):
        assert house.run(*words) == 1
        assert "not the passphrase" in house.err
    assert house.raw() == before
    monkeypatch.delenv(PASSPHRASE)
    assert house.run("list") == 1
    assert PASSPHRASE in house.err
    assert house.run("doctor") == 1
    monkeypatch.setenv(PASSPHRASE, WORD)
    assert house.run("encrypt") == 0, house.err
    assert "still readable" in house.out
    assert b"picasso" not in house.raw()
    assert house.texts() == texts


def test_decrypting_that_was_interrupted_says_what_to_do_without_the_word(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = house.texts()
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    begun(house, monkeypatch, "decrypt")
    assert b"picasso" in house.raw()
    monkeypatch.delenv(PASSPHRASE)
    for words in (("list",), ("search", "Picasso"), ("stats",)):
        assert house.run(*words) == 1
        assert "was being decrypted, which was interrupted" in house.err
        assert PASSPHRASE in house.err
    assert house.run("doctor") == 1
    assert "assistant memory decrypt" in house.out
    monkeypatch.setattr(getpass, "getpass", lambda prompt: WORD)
    assert house.run("list", typed="") == 0, house.err
    assert house.run("doctor") == 0, house.out
    assert house.texts() == texts
    assert not list(house.data.rglob("*.sealed"))


@pytest.mark.parametrize("way", ["encrypt", "decrypt"])
def test_a_lost_word_of_a_half_sealed_memory_leaves_one_way_to_begin_anew(
    house: House, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("export", str(house.memory / "all.zip"))
    (house.data / "transcripts" / "2026-03-02-190510.md~").write_text("Picasso")
    if way == "decrypt":
        house.run("encrypt")
    begun(house, monkeypatch, way)
    monkeypatch.setenv(PASSPHRASE, "quite another")
    assert house.run("forget", "--all", "--yes") == 0, house.err
    assert b"picasso" not in house.raw()
    assert not list(house.data.rglob("*.sealed"))
    assert not list(house.data.rglob("*.zip"))
    store = house.store(encryption="passphrase")
    store.add("Ada keeps bees.")
    assert [each.text for each in store.memories()] == ["Ada keeps bees."]
    store.close()


def test_half_sealed_with_the_settings_taken_back_is_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = house.texts()
    monkeypatch.setenv(PASSPHRASE, WORD)
    begun(house, monkeypatch, "encrypt")
    (house.home / "config" / "assistant" / "config.toml").unlink()
    assert house.run("list") == 1
    assert "decrypt` undoes it" in house.err
    assert house.run("decrypt") == 0, house.err
    assert house.texts() == texts
    assert house.run("doctor") == 0, house.out


def test_the_doctor_finds_whatever_can_be_read_though_memory_is_sealed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    assert house.run("doctor") == 0, house.out
    sound = house.home / "cache" / "assistant" / "voice" / "ab" / f"{'ab' * 20}.voice"
    exported = house.memory / "all.zip"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("memory.json", "{}")
    places = (
        house.memory / "index.sqlite",
        house.memory / "index.sqlite-wal",
        house.memory / "index.sqlite-shm",
        house.memory / "profile.md",
        house.memory / "profile.md~",
        house.memory / "journals" / "2026" / f".{OLD}.md.swp",
        house.memory / ".profile.md.0123456789ab.tmp",
        house.data / "transcripts" / "2026-03-02-190510.md",
        house.data / "transcripts" / "2026-03-02-190510.md~",
        exported,
        sound,
    )
    for path in places:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.getvalue() if path == exported else b"Picasso")
        path.chmod(0o600)
        assert house.run("doctor") == 1, path
        assert str(path) in house.out
        assert "assistant memory list" in house.out
        assert house.run("list") == 0, house.err
        assert not path.exists(), path
        assert house.run("doctor") == 0, house.out
    assert b"picasso" not in house.raw()
    (house.memory / "notes.txt").write_text("mine")
    (house.memory / "notes.txt").chmod(0o600)
    assert house.run("doctor") == 0
    assert "notes.txt" in house.out
    assert house.run("decrypt") == 0
    assert zipfile.is_zipfile(exported)
    assert (house.memory / "notes.txt").read_text() == "mine"


def test_the_doctor_looks_into_the_history(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("needs git")
    monkeypatch.setenv(PASSPHRASE, WORD)
    monkeypatch.setenv("ASSISTANT_MEMORY__GIT", "true")
    house.run("list")
    house.run("encrypt")
    assert house.run("doctor") == 0, house.out
    (house.memory / "old.txt").write_text("Picasso")
    (house.memory / "old.txt").chmod(0o600)
    subprocess.run([git, "-C", str(house.memory), "add", "-f", "old.txt"], check=True)
    assert house.run("doctor") == 1
    assert "1 contents of the history can be read" in house.out
    (house.memory / ".git" / SEAL).unlink()
    assert house.run("list") == 0
    assert house.run("doctor") == 0, house.out


def test_what_a_running_assistant_sealed_after_all_is_not_lost(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It had not heard that memory was made readable."""
    monkeypatch.setenv(PASSPHRASE, WORD)
    house.run("encrypt")
    running = house.store(encryption="passphrase")
    monkeypatch.setenv("ASSISTANT_MEMORY__ENCRYPTION", "off")
    assert house.run("decrypt") == 0
    journal = running.tree.read(OLD).journal
    journal.turns.append(replace(journal.turns[-1], number=99, text="One word more."))
    running._written.clear()
    running.tree.write(journal)
    running.close()
    assert house.run("doctor") == 1
    assert house.run("decrypt") == 0, house.err
    assert "One word more." in house.journal().read_text()
    assert house.run("doctor") == 0, house.out
