"""`assistant pull`: nothing is downloaded without its size told and a yes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from assistant.backends.cascade.weights import WhisperFiles
from assistant.commands import pull as commands


@pytest.fixture
def pulled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A hub with one model of 500 MB; the names that were downloaded."""
    names: list[str] = []

    def fetch(name: str, progress: commands.Progress) -> WhisperFiles:
        progress("Downloading", 0.5)
        names.append(name)
        return WhisperFiles(Path("/weights"), name)

    monkeypatch.setattr(commands, "size_of", lambda name: 500_000_000)
    monkeypatch.setattr(commands, "pull", fetch)
    return names


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_it_asks_first(
    pulled: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("\n"))
    assert commands.pull_command("small.en") == 1
    assert "500 MB" in capsys.readouterr().out
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert commands.pull_command("small.en") == 2
    assert "--yes" in capsys.readouterr().err
    assert pulled == []
    monkeypatch.setattr("sys.stdin", Terminal("y\n"))
    assert commands.pull_command("small.en") == 0
    assert commands.pull_command("base.en", yes=True) == 0
    assert pulled == ["small.en", "base.en"]


def test_what_is_here_is_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.pull_command("packaged:tiny.en") == 0
    assert "here already" in capsys.readouterr().err
