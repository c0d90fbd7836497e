"""`assistant transcripts`: past conversations are found, read, and deleted only on a yes."""

from __future__ import annotations

import io
import json
from datetime import datetime
from pathlib import Path

import pytest

from assistant.commands import transcripts as commands
from assistant.locations import transcripts_dir
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore

ID = "2026-07-21-094103"


@pytest.fixture(autouse=True)
def saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    store = TranscriptStore(transcripts_dir())
    time = datetime(2026, 7, 21, 9, 41, 3)
    store.append(TranscriptEntry(time, "user", "You", "Are you [bold]there[/bold]?"))
    store.append(TranscriptEntry(time, "assistant", "GLaDOS", "Sadly, yes."))
    store.close()
    assert store.path is not None
    return store.path


class Terminal(io.StringIO):
    """Standard input with a person at it."""

    def isatty(self) -> bool:
        return True


class Screen(Terminal):
    """Standard output of one."""

    encoding = "utf-8"


def test_the_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.list_command() == 0
    text = capsys.readouterr().out
    for words in (ID, "GLaDOS", "[bold]there"):
        assert words in text
    commands.list_command(json_output=True)
    (found,) = json.loads(capsys.readouterr().out)
    assert found["id"] == ID
    assert found["turns"] == 2
    assert found["personas"] == ["GLaDOS"]


def test_nothing_yet(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    saved.unlink()
    assert commands.list_command() == 0
    said = capsys.readouterr()
    assert said.out == ""
    assert "no conversations" in said.err
    assert commands.show_command("last") == 2


def test_reading_one(capsys: pytest.CaptureFixture[str], saved: Path) -> None:
    assert commands.show_command("2026-07") == 0
    assert capsys.readouterr().out == saved.read_text()
    assert commands.path_command("last") == 0
    assert capsys.readouterr().out.strip() == str(saved)
    assert commands.path_command(None) == 0
    assert capsys.readouterr().out.strip() == str(saved.parent)
    assert commands.show_command("../../etc/passwd") == 2
    assert "error: there is no conversation" in capsys.readouterr().err


def test_deleting_wants_a_yes(
    capsys: pytest.CaptureFixture[str], saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert commands.delete_command(ID) == 2
    assert "--yes" in capsys.readouterr().err
    monkeypatch.setattr("sys.stdin", Terminal("n\n"))
    assert commands.delete_command(ID) == 1
    assert saved.exists()
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert commands.delete_command(ID) == 0
    assert not saved.exists()
    assert commands.delete_command(ID, yes=True) == 2


def test_on_a_terminal_every_letter_of_a_turn_is_there(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "Use <b> for *bold*, 2 * 3 * 4, `x`, [a](http://b) and <script>no</script> \x1b[2J."
    with saved.open("a", encoding="utf-8") as file:
        file.write(f"**You** (09:43): {said}\n\n")
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    assert commands.show_command("last") == 0
    assert said.replace("\x1b[2J", "") in screen.getvalue()
    assert " (09:43): Use" in screen.getvalue()
