"""`assistant memory forget`: shown first, asked, and then not a byte of it is left."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from assistant.locations import pauses_file
from tests.commands.memory.stored import OLD, PARROT, House, empty, house

__all__ = ["empty", "house"]


def test_what_would_go_is_shown_and_stays_without_a_yes(house: House) -> None:
    assert house.run("forget", PARROT) == 2
    assert "Ada's parrot is called Picasso." in house.err
    assert "You: My parrot is called Picasso." in house.err
    assert "Grace" not in house.err
    assert "--yes" in house.err
    assert house.run("forget", PARROT, typed="n\n") == 1
    assert "Ada's parrot is called Picasso." in house.texts()
    assert house.run("forget", PARROT, typed="y\n") == 0
    assert "1 memory, 1 turn" in house.out
    assert "Ada's parrot is called Picasso." not in house.texts()


@pytest.mark.parametrize(
    ("what", "gone", "kept"),
    [
        ((PARROT,), b"picasso", b"grace"),
        ((f"{OLD}#1",), b"picasso", b"grace"),
        ((OLD,), b"picasso", b"friday"),
        (("--person", "Grace"), b"grace", b"picasso"),
        (("--topic", "pets"), b"picasso", b"grace"),
        (("--query", "what is my parrot called"), b"picasso", b"grace"),
        (("--day", "2026-03-02"), b"picasso", b"friday"),
        (("--all",), b"picasso", b"index"),
        (("--all",), b"friday", b"index"),
    ],
)
def test_not_a_byte_of_it_is_left(
    house: House, what: tuple[str, ...], gone: bytes, kept: bytes
) -> None:
    assert gone in house.raw()
    assert house.run("forget", *what, "--yes") == 0, house.err
    assert "Forgotten" in house.out
    assert gone not in house.raw()
    assert kept in house.raw()
    assert house.run("doctor") == 0


def test_what_is_not_there_cannot_be_forgotten(house: House) -> None:
    for words in (("--person", "Zaphod"), ("--topic", "sailing"), ("--day", "2001-01-01")):
        assert house.run("forget", *words, "--yes") == 0
        assert "Nothing of that is remembered" in house.err
    assert house.run("forget", f"{OLD}/77", "--yes") == 1
    assert house.run("forget", f"{OLD}#77", "--yes") == 1
    assert house.run("forget", "--day", "last week", "--yes") == 1
    assert "no single day" in house.err
    assert len(house.texts()) == 3


def test_a_day_goes_with_its_transcripts_even_where_no_journal_is(house: House) -> None:
    house.run("forget", "--day", "2026-03-02")
    assert "Transcripts of that day" in house.err
    house.run("forget", "--all", "--yes")
    left = house.data / "transcripts" / "2026-03-02-190510.md"
    left.write_text("**You** (19:05): My parrot is called Picasso.\n")
    assert house.run("forget", "--day", "2026-03-02", "--yes") == 0
    assert not left.exists()


def test_a_file_that_cannot_be_read_is_told_of_and_the_rest_forgotten(house: House) -> None:
    large = house.journal().with_name("2026-03-03T100000-jarvis.md")
    with large.open("wb") as stream:
        stream.truncate(65_000_000)
    assert house.run("forget", "--person", "Grace", "--yes") == 1
    assert large.name in house.err
    assert "Grace is Ada's sister." not in house.texts()


def test_one_kind_at_a_time(house: House) -> None:
    assert house.run("forget") == 2
    assert house.run("forget", PARROT, "--all", "--yes") == 2
    assert len(house.texts()) == 3


def test_how_the_user_pauses_goes_with_everything_and_with_nothing_less(house: House) -> None:
    pauses = pauses_file()
    pauses.write_bytes(b'{"factor": 1.4}')

    assert house.run("forget", PARROT, "--yes") == 0
    assert pauses.is_file()
    assert house.run("forget", "--all", typed="n\n") == 1
    assert "how you pause" in house.out + house.err
    assert pauses.is_file()
    assert house.run("forget", "--all", "--yes") == 0
    assert "how you pause" in house.out
    assert not pauses.exists()
    assert house.run("forget", "--all", "--yes") == 0
    assert "how you pause" not in house.out


def test_how_the_user_pauses_is_forgotten_where_nothing_else_is_there(empty: House) -> None:
    pauses = pauses_file()
    pauses.parent.mkdir(parents=True, exist_ok=True)
    pauses.write_bytes(b'{"factor": 1.4}')

    assert empty.run("forget", "--all", "--yes") == 0
    assert "how you pause" in empty.out
    assert not pauses.exists()


def test_a_broken_file_is_forgotten_with_everything(house: House) -> None:
    house.journal().write_bytes(b"\xff picasso \x00")
    assert house.run("forget", "--all", "--yes") == 0
    assert b"picasso" not in house.raw()
    assert house.run("list") == 0
    assert "Nothing is remembered yet" in house.err


def test_what_editors_and_other_settings_left_goes_with_everything(house: House) -> None:
    house.journal().with_suffix(".md~").write_text("picasso")
    for name in ("profile.md~", "index.sealed.sqlite"):
        (house.memory / name).write_text("picasso")
    note = house.memory / "notes of mine.txt"
    note.write_text("x")
    assert house.run("forget", "--all", "--yes") == 0
    assert b"picasso" not in house.raw()
    assert note.exists()


def test_a_git_history_is_forgotten_or_said_to_remain(house: House) -> None:
    if shutil.which("git") is None:
        pytest.skip("git is not installed")
    subprocess.run(["git", "init", "-q", str(house.memory)], check=True)
    house.run("forget", PARROT, "--yes")
    assert "git history" in house.err
    assert "memory.git true" in house.err
    store = house.store(git=True)
    store.add("Ada keeps bees.")
    store.close()
    config = house.home / "config" / "assistant" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text("[memory]\ngit = true\n")
    assert house.run("forget", "--person", "Grace", "--yes") == 0
    assert "git history" not in house.err
    log = ["git", "-C", str(house.memory), "log", "--all", "-p"]
    assert b"Grace" not in subprocess.check_output(log)


def test_memory_on_another_machine_is_not_taken_for_this_ones(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Remote:
        store = object()

    monkeypatch.setattr(
        "assistant.commands.memory.store.open_store", lambda config: Remote(), raising=True
    )
    assert house.run("forget", PARROT, "--yes") == 1
    assert "another program or machine" in house.err
    assert json.dumps("remedy")[1:-1] in house.err
