"""The opening title is there before the dashboard, and never in the way of a message."""

import os
import pty
import subprocess
import sys

import pytest

from assistant.commands.dashboard import opening_title

ENTER, LEAVE = "\x1b[?1049h", "\x1b[?1049l"


def run_in_terminal(*arguments: str) -> tuple[str, int]:
    """Everything the program writes on its terminal, and its exit code."""
    master, slave = pty.openpty()
    command = [sys.executable, "-m", "assistant", *arguments]
    process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:  # the terminal's other end is closed
            piece = b""
        if not piece:
            break
        seen += piece
    os.close(master)
    return seen.decode(errors="replace"), process.wait(30)


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["--persona", "nobody"], "no persona called", 2),
        (["--backend", "nonsense"], "no backend called", 1),
    ],
)
def test_what_is_wrong_is_told_on_the_screen_that_stays(
    arguments: list[str], message: str, code: int
) -> None:
    seen, exit_code = run_in_terminal(*arguments)
    assert exit_code == code
    assert ENTER in seen
    after = seen.rsplit(LEAVE, 1)[1]
    assert message in after
    assert "Traceback" not in seen


def test_the_title_is_short_enough_for_any_terminal(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "5")
    monkeypatch.setenv("LINES", "2")
    with opening_title("is on its way …"):
        pass
    drawn = capfd.readouterr().out
    assert "assis" in drawn
    assert "assistant" not in drawn
    assert LEAVE not in drawn
