"""How the dashboard ends: in a real pseudo-terminal, as a person would end it, or a system."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.ui.terminal import LocaleDriver

ROOT = Path(__file__).resolve().parents[2]
LEFT_SCREEN = b"\x1b[?1049l"
PATIENCE = 30.0


class Terminal:
    """A pseudo-terminal of 100×30 with the dashboard in it."""

    def __init__(self, tmp_path: Path, *options: str, errors: Path | None = None) -> None:
        self.log = tmp_path / "log"
        self.output = b""
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.ui.play", "--log", str(self.log), *options],
            stdin=slave,
            stdout=slave,
            stderr=slave if errors is None else errors.open("wb"),
            cwd=ROOT,
            env={**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"},
            preexec_fn=_own_terminal,
        )
        os.close(slave)

    def read_until(self, *marks: bytes) -> None:
        deadline = time.monotonic() + PATIENCE
        while not all(mark in self.output for mark in marks):
            assert time.monotonic() < deadline, f"{marks} not in {self.output[-2000:]!r}"
            self._read(0.1)

    def press(self, keys: bytes) -> None:
        os.write(self._master, keys)

    def end(self) -> int:
        """The exit code, once everything has been read."""
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "still running"
            self._read(0.1)
        while self._read(0.05):
            pass
        return self.process.returncode

    def close(self) -> None:
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def run_for(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._read(0.05)

    def modes(self) -> int:
        """The local modes of the terminal."""
        return int(termios.tcgetattr(self._master)[3]) if self._master >= 0 else 0

    def logged(self) -> str:
        return self.log.read_text(errors="replace")

    def after_the_screen(self) -> str:
        """What stands on the terminal when the dashboard has gone."""
        last = self.output.rsplit(LEFT_SCREEN, 1)[-1].decode(errors="replace")
        return re.sub(r"\x1b\[[?<]?[0-9;]*[a-z]", "", last).strip()

    def _read(self, seconds: float) -> bool:
        if self._master < 0:
            time.sleep(seconds)
            return False
        ready, _, _ = select.select([self._master], [], [], seconds)
        if not ready:
            return False
        with contextlib.suppress(OSError):
            data = os.read(self._master, 65536)
            self.output += data
            return bool(data)
        return False


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def terminals(tmp_path: Path) -> Iterator[list[Terminal]]:
    started: list[Terminal] = []
    yield started
    for terminal in started:
        if terminal.process.poll() is None:
            terminal.process.kill()
            terminal.process.wait()
        terminal.close()


@pytest.fixture
def play(tmp_path: Path, terminals: list[Terminal]) -> type[Terminal]:
    def start(*options: str, errors: Path | None = None) -> Terminal:
        terminals.append(Terminal(tmp_path, *options, errors=errors))
        return terminals[-1]

    return start  # type: ignore[return-value]


def test_q_ends_it_and_stops_the_session(play: type[Terminal]) -> None:
    terminal = play()
    terminal.read_until(b"prepared answers")
    terminal.press(b"q")
    assert terminal.end() == 0
    assert LEFT_SCREEN in terminal.output
    assert terminal.after_the_screen() == ""
    assert "session stopped" in terminal.logged()


def test_whoever_leads_errors_to_a_file_sees_the_dashboard_all_the_same(
    play: type[Terminal], tmp_path: Path
) -> None:
    errors = tmp_path / "errors"
    terminal = play(errors=errors)  # type: ignore[call-arg]
    terminal.read_until(b"prepared answers")
    terminal.press(b"q")
    assert terminal.end() == 0
    assert errors.read_bytes() == b""


def test_no_letter_of_a_library_lands_on_the_screen(play: type[Terminal]) -> None:
    terminal = play("--noise")
    terminal.read_until(b"how long")
    terminal.press(b"q")
    assert terminal.end() == 0
    assert b"complains" not in terminal.output
    assert b"another one" not in terminal.output
    assert "ALSA lib: a library complains\nand another one prints" in terminal.logged()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_with_a_line_and_its_exit_code(
    play: type[Terminal], number: signal.Signals
) -> None:
    terminal = play()
    terminal.read_until(b"prepared answers")
    terminal.process.send_signal(number)
    assert terminal.end() == 128 + number
    assert LEFT_SCREEN in terminal.output
    assert terminal.after_the_screen() == f"assistant: ended by {number.name}"
    assert "session stopped" in terminal.logged()
    assert "Traceback" not in terminal.logged()


def test_a_closed_terminal_ends_it(play: type[Terminal]) -> None:
    terminal = play()
    terminal.read_until(b"prepared answers")
    terminal.close()
    assert terminal.end() == 128 + signal.SIGHUP
    assert "session stopped" in terminal.logged()


@pytest.mark.parametrize("hang", ["stop", "loop"])
@pytest.mark.parametrize("how", ["signal", "closed"])
def test_whatever_hangs_it_is_gone_soon_and_the_terminal_is_usable(
    play: type[Terminal], hang: str, how: str
) -> None:
    """An event loop without a turn, or a part that does not stop."""
    terminal = play("--hang", hang)  # type: ignore[call-arg, arg-type]
    terminal.read_until(b"prepared answers")
    terminal.run_for(1.5)
    modes = terminal.modes()
    if how == "signal":
        terminal.process.send_signal(signal.SIGTERM)
    else:
        terminal.close()
    assert terminal.end() == 128 + (signal.SIGTERM if how == "signal" else signal.SIGHUP)
    if how == "signal":
        assert LEFT_SCREEN in terminal.output
        assert terminal.modes() & termios.ECHO, "what is typed is seen again"
        assert not modes & termios.ECHO


def test_a_session_that_cannot_be_made_is_one_line(play: type[Terminal]) -> None:
    terminal = play("--fail", "factory")
    assert terminal.end() == 1
    shown = terminal.after_the_screen()
    assert shown.startswith("assistant: the conversation could not be set up: no such persona")
    assert "Traceback" not in shown
    assert "Traceback" in terminal.logged()


def test_a_fault_is_one_line_and_its_traceback_is_in_the_log(play: type[Terminal]) -> None:
    terminal = play("--fail", "repeat")
    terminal.read_until(b"prepared answers")
    terminal.press(b"r")
    assert terminal.end() == 1
    assert terminal.after_the_screen() == (
        f"assistant: the dashboard failed; details are in {terminal.log}"
    )
    assert "a fault of the program" in terminal.logged()
    assert "session stopped" in terminal.logged()


def test_a_session_that_cannot_start_leaves_the_dashboard_up(play: type[Terminal]) -> None:
    terminal = play("--fail", "start")
    terminal.read_until(b"could not be started")
    terminal.press(b"q")
    assert terminal.end() == 0


def test_letters_of_another_encoding_end_nothing(play: type[Terminal]) -> None:
    terminal = play()
    terminal.read_until(b"prepared answers")
    terminal.press(b"/")
    terminal.read_until(b"Leave")
    terminal.press(b"\xd0\xff\xfe caf\xe9!")
    terminal.read_until("caf\N{REPLACEMENT CHARACTER}!".encode())
    terminal.press(b"\x1b")
    time.sleep(0.5)
    terminal.press(b"q")
    assert terminal.end() == 0


def test_a_terminal_of_another_encoding_is_written_in_it(
    play: type[Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "koi8-r")
    terminal = play()
    terminal.read_until(b"prepared answers")
    terminal.press(b"/")
    terminal.read_until(b"Leave")
    terminal.press("Иван!".encode("koi8-r"))
    terminal.read_until("Иван".encode("koi8-r"))
    terminal.press(b"\x1b")
    time.sleep(0.5)
    terminal.press(b"q")
    assert terminal.end() == 0
    assert "╭".encode() not in terminal.output


def test_the_thread_that_reads_ends_with_its_terminal() -> None:
    """One that went on would keep the program from ending, and a processor busy."""
    leader, follower = os.openpty()
    driver = object.__new__(LocaleDriver)
    driver.fileno, driver.exit_event, driver._debug = follower, threading.Event(), False
    reading = threading.Thread(target=driver.run_input_thread, daemon=True)
    reading.start()
    os.close(leader)
    reading.join(10)
    assert not reading.is_alive()
    driver.exit_event.set()
    os.close(follower)
