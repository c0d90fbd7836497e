"""`assistant trace`: a recorded conversation as a waterfall, on a screen of 80 columns."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.commands.trace import trace_command
from assistant.locations import last_turn_file
from assistant.session.events import AgentSaid, SessionEvent, TurnStarted, UserSaid
from assistant.session.protocol import ProtocolError
from assistant.session.trace import LastTurn

RECORDED = Path(__file__).parent / "recorded_events.jsonl"
"""Of `assistant talk --realtime` with the cascade: two questions, the first answer interrupted."""


class Screen(io.StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


Shown = Callable[..., list[str]]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """The lines that the command shows on a terminal of 80 columns."""

    def show(*arguments: Path | int | None) -> list[str]:
        screen = Screen()
        with monkeypatch.context() as patch:
            patch.setattr("sys.stdout", screen)
            for name, value in (("COLUMNS", "80"), ("NO_COLOR", "1"), ("TERM", "dumb")):
                patch.setenv(name, value)
            assert trace_command(*arguments) == 0  # type: ignore[arg-type]
        return [line.rstrip() for line in screen.getvalue().splitlines()]

    return show


def test_the_last_turn_of_a_file_is_a_waterfall(shown: Shown) -> None:
    lines = shown(RECORDED, None)
    assert lines == [
        "Turn 3, jarvis; times from the end of your speech",
        "Stage                       Took ms  At ms",
        "end of turn decided             480    480  ████",
        "words transcribed                22    502     █",
        "answer handed to the voice        6    508      █",
        "first words shown              2433   2941      ████████████████████",
        "first sound made                  8   2949                         █",
        "first sound heard                 9   2958                         █",
        "answer ended                   6280   9238",
    ]
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("turn", [1, 2], ids=["the user's number", "the assistant's"])
def test_a_turn_is_found_by_either_number(shown: Shown, turn: int) -> None:
    lines = shown(RECORDED, turn)
    assert lines[0].startswith("Turn 1, jarvis")
    assert lines[-1].startswith("answer interrupted")


def test_what_is_piped_is_the_same_without_colours(capsys: pytest.CaptureFixture[str]) -> None:
    assert trace_command(RECORDED, None) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Turn 3, jarvis; times from the end of your speech"
    assert lines[2].split()[-3:-1] == ["480", "480"]


def test_for_programs_it_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert trace_command(RECORDED, None, json_output=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["turn"], told["answers"], told["spoken"]) == (3, [4], True)
    assert told["moments"][0] == {"name": "end of turn decided", "at": 0.48}


def test_the_last_turn_of_the_last_conversation(shown: Shown) -> None:
    events: list[SessionEvent] = [
        UserSaid(t=1.0, turn=2, text="Hi.", final=True, typed=True),
        TurnStarted(t=1.0, side="assistant", turn=3),
        AgentSaid(t=1.5, turn=3, persona="hal", text="Hello."),
        AgentSaid(t=2.0, turn=3, persona="hal", final=True),
    ]
    keep = LastTurn(last_turn_file())
    for event in events:
        keep(event)
    lines = shown(None, None)
    assert lines[0].endswith("; times from the text you sent")
    assert "first words shown      500    500  ████████████████████████" in lines


def test_where_there_is_nothing_it_is_said_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "events.jsonl"
    empty.write_text('{"type": "Hello", "version": 1}\n')
    for events, turn, words in (
        (None, None, "there is no turn to be shown yet"),
        (empty, None, "was answered"),
        (RECORDED, 99, "no turn 99"),
    ):
        assert trace_command(events, turn) == 1
        told = capsys.readouterr().err
        assert words in told
        assert "remedy: " in told


def test_a_file_that_is_none_of_ours_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="line 1"):
        trace_command(Path(__file__), None)
    with pytest.raises(FileNotFoundError):
        trace_command(tmp_path / "nowhere.jsonl", None)
