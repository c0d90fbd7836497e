"""Schedule: what is due, and the private file that keeps it over a restart."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.language.person import second_person
from assistant.private_files import write_whole
from assistant.tools.registry import ToolError

Kind = Literal["timer", "alarm", "reminder"]
MOST = 50
"""That run at once."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that is due."""

    number: int
    kind: Kind
    name: str
    """Of a timer or alarm, "" where it has none; what a reminder is about."""
    due: float
    """Seconds since 1970."""

    @property
    def called(self) -> str:
        """ "pasta timer", "alarm", "reminder to call Ada"."""
        if self.kind == "reminder":
            return f"reminder {self.name}".strip()
        return f"{self.name} {self.kind}".strip()

    def announced(self, missed: str = "") -> str:
        """What is said when it is due; `missed`: when it was, where nobody could say it then."""
        if self.kind == "reminder" and self.name:
            asked = f"You asked me to remind you {second_person(self.name)}"
            return (
                f"{asked}. That was {missed}; I could not tell you then." if missed else f"{asked}."
            )
        what = f"Your {self.called}"
        if missed:
            return f"{what} was due {missed}; I could not tell you then."
        return f"{what} is done." if self.kind == "timer" else f"This is your {self.called}."


class Schedule:
    """What is due, in a file where there is a `path`."""

    def __init__(self, path: Path | None = None, *, keeps: bool = True) -> None:
        """`keeps` False: what is in the file still rings, and what is new ends with the program."""
        self.path = path
        self.keeps = keeps and path is not None
        self._known: set[Timer] = set()
        """All that this program ever had: what else is in the file is another program's."""
        self._fleeting: set[int] = set()
        """Numbers of those that are not written down."""
        self.changed: Callable[[], None] = lambda: None
        """Called after each change, in the thread that made it."""
        self._timers: list[Timer] = []
        self._lock = threading.Lock()

    def load(self) -> None:
        """Take up what an earlier run has left. Raises `ValueError` where it cannot be read: the
        file is moved aside, so that nothing is lost and new ones can be kept."""
        if self.path is None:
            return
        try:
            self._timers = self._read(self.path)
            self._known.update(self._timers)
        except (OSError, ValueError, TypeError) as error:
            aside = self.path.with_suffix(".damaged")
            try:
                self.path.replace(aside)
            except OSError:
                aside = self.path
            raise ValueError(str(aside)) from error

    def timers(self) -> list[Timer]:
        """The next one first."""
        return sorted(self._timers, key=lambda each: each.due)

    def add(self, kind: Kind, name: str, due: float) -> tuple[Timer, bool]:
        """A new one, and whether it will survive the program. Raises `ToolError` where there are
        too many."""
        with self._lock:
            if len(self._timers) >= MOST:
                raise ToolError(f"There are {MOST} already. Cancel some of them first.")
            number = max((each.number for each in self._timers), default=0) + 1
            timer = Timer(number, kind, name, due)
            self._timers.append(timer)
            if not self.keeps:
                self._fleeting.add(number)
            kept = self.keeps and self._write()
        self.changed()
        return timer, kept

    def put_off(self, timer: Timer, seconds: float) -> Timer:
        """The same, due later."""
        with self._lock:
            later = replace(timer, due=timer.due + seconds)
            self._timers = [later if each == timer else each for each in self._timers]
            self._write()
        self.changed()
        return later

    def remove(self, gone: Sequence[Timer]) -> None:
        """What was cancelled, or told."""
        with self._lock:
            self._timers = [each for each in self._timers if each not in gone]
            if any(each.number not in self._fleeting for each in gone):
                self._write()
        self.changed()

    def _write(self) -> bool:
        if self.path is None:
            return False
        self._known.update(self._timers)
        kept = [each for each in self.timers() if each.number not in self._fleeting]
        try:
            kept += [each for each in self._read(self.path) if each not in self._known]
            data = json.dumps([asdict(each) for each in kept], ensure_ascii=False, indent=1)
            write_whole(self.path, data.encode())
        except (OSError, ValueError, TypeError):
            return False
        return True

    @staticmethod
    def _read(path: Path) -> list[Timer]:
        """Raises `OSError`, `ValueError` and `TypeError`."""
        try:
            return [_checked(Timer(**each)) for each in json.loads(path.read_text("utf-8"))]
        except FileNotFoundError:
            return []


def _checked(timer: Timer) -> Timer:
    """Raises `TypeError` for fields of other types, which JSON cannot rule out."""
    due = isinstance(timer.due, int | float) and 0 <= timer.due < 1e11
    named = isinstance(timer.name, str) and timer.kind in ("timer", "alarm", "reminder")
    if not (due and named and isinstance(timer.number, int)):
        raise TypeError(f"this is no timer: {timer}")
    return timer
