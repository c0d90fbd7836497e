"""The conversation line by line: what goes to standard output, what to standard error, and every
way it may end. A real program, with the echo backend and without any sound device."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.commands.plain import Printer
from assistant.session.events import UserSaid
from tests.fakes import BUTLER, FakeSession
from tests.processes import PATIENCE, children, command_of, is_alive, until

PLAIN = [sys.executable, "-m", "assistant", "plain", "--backend", "echo"]


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """An environment with a home of its own and no sound server."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PULSE_")}
    for name in ("CONFIG", "DATA", "CACHE", "STATE"):
        environment[f"XDG_{name}_HOME"] = str(tmp_path / name.lower())
    environment |= {
        "XDG_RUNTIME_DIR": str(tmp_path),
        "ASSISTANT_BRAIN__KIND": "scripted",
        "ASSISTANT_SESSION__GREETING": "false",
        "PYTHONUNBUFFERED": "1",
    }
    return environment


def run(
    home: dict[str, str], typed: bytes, *options: str, preexec: Callable[[], None] | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*PLAIN, *options],
        input=typed,
        capture_output=True,
        env=home,
        timeout=PATIENCE,
        preexec_fn=preexec,
    )
    return subprocess.CompletedProcess(
        done.args, done.returncode, done.stdout.decode(), done.stderr.decode()
    )


def test_who_answers_is_listed_and_changed_by_a_line(home: dict[str, str]) -> None:
    done = run(home, b"/brain\n/brain gpt-9\nWho are you?\n/brain scripted\n")
    assert done.returncode == 0
    assert "/brain scripted (now): scripted persona" in done.stderr
    assert "“gpt-9” is not on this machine" in done.stderr
    assert "assistant setup brain" in done.stderr
    assert [line.split(":")[0] for line in done.stdout.splitlines()] == ["You", "JARVIS"]
    assert "/brain" not in transcripts(home)


def transcripts(home: dict[str, str]) -> str:
    folder = Path(home["XDG_DATA_HOME"]) / "assistant" / "transcripts"
    return "".join(path.read_text("utf-8") for path in folder.glob("*.md"))


class Running:
    """A program that waits for the next line."""

    def __init__(self, home: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            PLAIN,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=home,
            text=True,
        )

    def type(self, line: str) -> str:
        """Returns the answer's line."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == f"You: {line}\n"
        return self.process.stdout.readline()

    def end(self) -> tuple[int, str]:
        """Exit code, and what stood on standard error. Its input stays open until it has ended."""
        self.process.wait(timeout=PATIENCE)
        _, errors = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, errors


@pytest.fixture
def running(home: dict[str, str]) -> Iterator[Running]:
    program = Running(home)
    yield program
    if program.process.poll() is None:
        program.process.kill()
        program.process.wait()


def test_piped_lines_are_answered_in_order_and_the_end_of_input_ends_it(
    home: dict[str, str],
) -> None:
    done = run(home, b"What is two plus three?\nchange to GLaDOS\n\n  \nwho are you?")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    names = [line.split(":")[0] for line in lines]
    assert names == ["You", "JARVIS", "You", "GLaDOS", "You", "GLaDOS"]
    assert "five" in lines[1].lower() or "5" in lines[1]
    assert "GLaDOS" in lines[5]
    assert "now talking to GLaDOS" in done.stderr
    assert "answers: " in done.stderr
    assert "There is no microphone" in done.stderr or "sound" in done.stderr
    assert "five" in transcripts(home) or "5" in transcripts(home)


def test_no_library_speaks_on_either_stream(home: dict[str, str]) -> None:
    done = run(home, b"hello\n")
    for line in done.stdout.splitlines():
        assert re.match(r"(You|JARVIS): ", line)
    for line in done.stderr.splitlines():
        assert line.startswith("· ")


def test_bytes_that_are_no_text_and_endless_lines_do_no_harm(home: dict[str, str]) -> None:
    done = run(home, b"\xff\xfe hello \x1b[2J\x00\n" + b"so " * 200_000 + b"\nwho are you?\n")
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert "JARVIS" in done.stdout.splitlines()[-1]
    assert "\x1b" not in transcripts(home)


def test_nothing_is_kept_where_nothing_shall_be(home: dict[str, str]) -> None:
    assert run(home, b"hello\n", "--no-save").returncode == 0
    assert transcripts(home) == ""


def test_a_full_disk_is_told_once_and_the_conversation_goes_on(home: dict[str, str]) -> None:
    def full() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    done = run(home, b"hello\nwhat is two plus three?\nwho are you?\n", preexec=full)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 6
    assert done.stderr.count("transcript cannot be saved") == 1
    assert "Traceback" not in done.stdout + done.stderr
    assert all(line.startswith("· ") for line in done.stderr.splitlines())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_nothing_is_lost_or_left(
    home: dict[str, str], running: Running, number: signal.Signals
) -> None:
    assert running.type("What is two plus three?").startswith("JARVIS: ")
    helpers = children(running.process.pid)
    assert helpers, "the backend runs in a process of its own"
    running.process.send_signal(number)
    code, errors = running.end()
    assert code == 128 + number
    assert all(line.startswith("· ") for line in errors.splitlines())
    assert "Traceback" not in errors
    assert "two plus three" in transcripts(home)
    assert not any(map(is_alive, helpers))


def test_a_killed_program_leaves_its_transcript_and_no_process(
    home: dict[str, str], running: Running
) -> None:
    running.type("What is two plus three?")
    helpers = children(running.process.pid)
    running.process.kill()
    running.end()
    assert "two plus three" in transcripts(home)
    until(lambda: not any(map(is_alive, helpers)), "no process is left")


def test_a_backend_that_is_killed_is_one_line_and_comes_back(
    home: dict[str, str], running: Running
) -> None:
    running.type("hello")
    deadline = time.monotonic() + PATIENCE
    errors = running.process.stderr
    assert errors is not None
    while "backend: echo" not in errors.readline():
        assert time.monotonic() < deadline
    # Others come and go: git, for the journal.
    (helper,) = (
        pid for pid in children(running.process.pid) if "backends.host.worker" in command_of(pid)
    )
    os.kill(helper, signal.SIGKILL)
    while "the echo backend stopped" not in (told := errors.readline()):
        assert time.monotonic() < deadline
    assert "starting it again" in told
    while "backend: echo" not in errors.readline():
        assert time.monotonic() < deadline
    assert running.type("who are you?").startswith("JARVIS: ")


def test_a_reader_that_goes_away_ends_it_quietly(home: dict[str, str]) -> None:
    process = subprocess.Popen(
        PLAIN, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=home
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    for _ in range(20):
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(b"hello\n")
            process.stdin.flush()
    with contextlib.suppress(BrokenPipeError):
        process.stdin.close()
    errors = process.stderr.read().decode()
    process.wait(PATIENCE)
    assert "Traceback" not in errors


def test_each_of_several_people_is_called_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    show = Printer(FakeSession(), show_typed=False)
    show(UserSaid(turn=1, text="Good evening.", final=True))
    show(UserSaid(turn=2, text="And I?", final=True, typed=True, speaker="Ben"))
    show(UserSaid(turn=3, text="I lie.", final=True, speaker="You"))
    show(UserSaid(turn=4, text="So do I.", final=True, speaker=f"{BUTLER.name}:\nx"))
    assert capsys.readouterr().out.splitlines() == [
        "You: Good evening.",
        "Ben: And I?",
        "You (in the room): I lie.",
        f"{BUTLER.name}  x: So do I.",
    ]
