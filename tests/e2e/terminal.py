"""The real program in a real terminal: tmux holds it, types into it, and reads its screen."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.processes import command_of, descendants, is_alive, until

ROOT = Path(__file__).resolve().parents[2]


class Terminal:
    """`assistant` with these arguments in a window of 120×40."""

    def __init__(
        self, environment: Mapping[str, str], *arguments: str, before: str = "true"
    ) -> None:
        """`before` is a shell command that is run first ("ulimit …")."""
        # Socket paths are limited to 107 bytes, and pytest's folders are deep.
        self._run = Path(tempfile.mkdtemp(prefix="tmux-"))
        # Widths that a test runner has set for itself would go before the window's own.
        inherited = {k: v for k, v in os.environ.items() if k not in ("COLUMNS", "LINES")}
        self._environment = {
            **inherited,
            **environment,
            "TMUX_TMPDIR": str(self._run),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        program = shlex.join([sys.executable, "-m", "assistant", *arguments])
        self._tmux(
            "new-session", "-d", "-x", "120", "-y", "40", "-c", str(ROOT),
            f"{before}; {program}; echo EXIT $?; sleep 1000",
        )  # fmt: skip
        self._shell = int(self._tmux("display-message", "-p", "#{pane_pid}"))

    # --- what a person does --------------------------------------------------------------------

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def type(self, line: str) -> None:
        """Write a line to the assistant and leave the input."""
        self.press("/")
        self.until_shown("esc Leave")
        self._tmux("send-keys", "-l", line)
        self.press("Enter", "Escape")
        # A key that follows too quickly would make one of the two: alt and that key.
        self.until(lambda screen: "esc Leave" not in screen, "the input has been left")

    def close_window(self) -> None:
        self._tmux("kill-session")

    # --- what a person sees --------------------------------------------------------------------

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def colours(self) -> str:
        """The screen with its colours, as terminals are told them."""
        return self._tmux("capture-pane", "-p", "-e")

    def until(self, condition: Callable[[str], bool], what: str) -> None:
        until(lambda: condition(self.screen()), what, self.screen)

    def until_shown(self, text: str) -> None:
        self.until(lambda screen: text in screen, f"{text!r} is on the screen")

    def until_at_rest(self) -> None:
        self.until(
            lambda screen: "○ waiting for you" in screen.split("\n╭", 1)[0], "it waits for the user"
        )

    # --- what the system sees ------------------------------------------------------------------

    def processes(self) -> list[int]:
        """The program and everything it has started."""
        return [pid for pid in descendants(self._shell) if "assistant" in command_of(pid)]

    @property
    def pid(self) -> int:
        return self.processes()[0]

    def backend(self) -> int | None:
        """The backend process, where there is one at the moment."""
        found = [p for p in self.processes() if "assistant.backends.host.worker" in command_of(p)]
        return found[0] if found else None

    def exit_code(self) -> int:
        """Wait until it has ended."""
        self.until_shown("EXIT ")
        return int(self.screen().rsplit("EXIT ", 1)[1].split()[0])

    def close(self) -> None:
        left = self.processes()
        subprocess.run(["tmux", "kill-server"], env=self._environment, capture_output=True)
        for pid in left:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        shutil.rmtree(self._run, ignore_errors=True)

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            ["tmux", "-f", "/dev/null", *arguments],
            env=self._environment,
            check=True,
            capture_output=True,
            text=True,
            timeout=30,
        )
        return done.stdout
