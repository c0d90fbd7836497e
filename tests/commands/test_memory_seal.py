"""`assistant memory encrypt|decrypt`: sealed with a word, and readable again with the same."""

from __future__ import annotations

import getpass

import pytest

from assistant.memory.opening import PASSPHRASE
from tests.commands.memory_house import PARROT, House, empty, house

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
