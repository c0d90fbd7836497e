"""A conversation on disk: readable, complete after a crash, harmless on a full disk."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from assistant.session.transcript_store import (
    TranscriptEntry,
    TranscriptStore,
    find_transcript,
    list_transcripts,
)

NOW = datetime(2026, 7, 21, 9, 41, 3)


def user(text: str, time: datetime = NOW) -> TranscriptEntry:
    return TranscriptEntry(time, "user", "You", text)


def agent(text: str, time: datetime = NOW, name: str = "JARVIS") -> TranscriptEntry:
    return TranscriptEntry(time, "assistant", name, text)


def test_a_conversation_reads_well(tmp_path: Path) -> None:
    store = TranscriptStore(tmp_path / "t")
    store.append(user("Good\nmorning."))
    store.append(
        TranscriptEntry(NOW, "assistant", "JARVIS", "Good morning, sir.", True, "Good mor")
    )
    store.append(agent("Later.", NOW + timedelta(hours=1), "GLaDOS"))
    store.close()
    assert store.path is not None
    assert store.path.read_text() == (
        "# Conversation\n\n"
        "## Tuesday 21 July 2026, 09:41\n\n"
        "**You** (09:41): Good morning.\n\n"
        "**JARVIS** (09:41, interrupted): Good mor …\n\n"
        "\n## Tuesday 21 July 2026, 10:41\n\n"
        "**GLaDOS** (10:41): Later.\n\n"
    )
    assert store.path.stat().st_mode & 0o777 == 0o600
    assert store.path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_is_created_for_a_conversation_without_words_or_consent(tmp_path: Path) -> None:
    TranscriptStore(tmp_path / "t").close()
    silent = TranscriptStore(tmp_path / "t", enabled=False)
    assert silent.append(user("hello")) is None
    silent.close()
    assert not (tmp_path / "t").exists()


def test_what_could_move_a_cursor_does_not_reach_the_file(tmp_path: Path) -> None:
    store = TranscriptStore(tmp_path)
    store.append(user("red \x1b[31m text\x00\x07 and \udc80 half"))
    store.close()
    assert store.path is not None
    raw = store.path.read_bytes()
    assert b"\x1b" not in raw
    assert b"\x07" not in raw
    assert "red text and � half" in raw.decode()


def test_a_killed_program_loses_no_turn(tmp_path: Path) -> None:
    program = """
        import os, signal, sys
        from datetime import datetime
        from pathlib import Path
        from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
        store = TranscriptStore(Path(sys.argv[1]))
        for number in range(20):
            store.append(TranscriptEntry(datetime.now(), "user", "You", f"turn {number}"))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program), str(tmp_path)], check=False)
    (info,) = list_transcripts(tmp_path)
    assert info.turns == 20


def test_a_full_disk_is_told_once_and_made_up_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = TranscriptStore(tmp_path)
    store.append(user("one"))
    really_write = os.write
    room = 5

    def full(descriptor: int, data: bytes) -> int:
        nonlocal room
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = really_write(descriptor, data[:room])
        room -= written
        return written

    monkeypatch.setattr(os, "write", full)
    first, second = store.append(user("two")), store.append(user("three"))
    assert first is not None
    assert "no space left" in first
    assert second is None
    assert store.path is not None
    assert store.path.read_text().endswith("one\n\n"), "half a turn was left behind"
    monkeypatch.setattr(os, "write", really_write)
    store.append(user("four"))
    store.close()
    (info,) = list_transcripts(tmp_path)
    assert info.turns == 4
    lines = [line.split(": ")[1] for line in store.path.read_text().splitlines() if "You" in line]
    assert lines == ["one", "two", "three", "four"]


def test_a_disk_that_is_full_again_is_told_again(tmp_path: Path) -> None:
    full = True

    def write(descriptor: int, data: bytes) -> None:
        if full:
            os.write(descriptor, data[: len(data) // 2])
            raise OSError(errno.ENOSPC, "No space left on device")
        os.write(descriptor, data)

    store = TranscriptStore(tmp_path, write=write)
    assert store.append(user("one")) is not None
    assert store.append(user("two")) is None
    assert store.waiting == 2
    full = False
    assert store.append(user("three")) is None
    assert store.waiting == 0
    full = True
    assert store.append(user("four")) is not None, "it is another time"
    full = False
    store.close()
    (info,) = list_transcripts(tmp_path)
    assert info.turns == 4


def test_a_transcript_that_is_deleted_meanwhile_goes_on_in_a_new_file(tmp_path: Path) -> None:
    store = TranscriptStore(tmp_path)
    store.append(user("one"))
    assert store.path is not None
    store.path.unlink()
    store.append(user("two"))
    store.close()
    assert [info.first for info in list_transcripts(tmp_path)] == ["two"]


def test_a_folder_that_cannot_be_made_is_told_and_survived(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = TranscriptStore(tmp_path / "file" / "t")
    assert store.append(user("one")) is not None
    assert store.append(user("two")) is None
    store.close()


def test_two_conversations_of_the_same_second_stay_apart(tmp_path: Path) -> None:
    stores = [TranscriptStore(tmp_path) for _ in range(3)]
    for number, store in enumerate(stores):
        store.append(user(f"hello {number}"))
        store.close()
    assert len(list_transcripts(tmp_path)) == 3
    assert find_transcript("last", tmp_path).stem == list_transcripts(tmp_path)[0].id


def test_the_list_is_newest_first_and_holds_only_ours(tmp_path: Path) -> None:
    for day, persona in ((1, "JARVIS"), (2, "GLaDOS")):
        store = TranscriptStore(tmp_path)
        store.append(agent("Hello.", NOW + timedelta(days=day), persona))
        store.append(user(f"Question {day}", NOW + timedelta(days=day)))
        store.close()
    (tmp_path / "notes.md").write_text("**You** (09:41): not a transcript\n")
    newer, older = list_transcripts(tmp_path)
    assert (newer.first, newer.names, newer.turns) == ("Question 2", ["GLaDOS"], 2)
    assert (older.first, older.began.day) == ("Question 1", 22)
    assert list_transcripts(tmp_path / "absent") == []


def test_a_conversation_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    for day in (1, 2):
        store = TranscriptStore(tmp_path)
        store.append(user("x", NOW + timedelta(days=day)))
        store.close()
    newest = tmp_path / "2026-07-23-094103.md"
    assert find_transcript("2026-07-23-094103", tmp_path) == newest
    assert find_transcript("2026-07-23", tmp_path) == newest
    assert find_transcript("last", tmp_path) == newest
    for bad in ("2026", "", "../x", "2027", "notes"):
        with pytest.raises(KeyError):
            find_transcript(bad, tmp_path)
