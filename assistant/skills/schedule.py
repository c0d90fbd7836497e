"""Schedule: what is due, and the private file that keeps it over a restart."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from assistant.language.person import second_person
from assistant.private_files import write_whole
from assistant.skills.recurrence import Recurrence
from assistant.tools.registry import ToolError

Kind = Literal["timer", "alarm", "reminder"]
MOST = 50
"""That run at once."""
_LATELY = 900.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that is due."""

    number: int
    kind: Kind
    name: str
    """Of a timer or alarm, "" where it has none; what a reminder is about."""
    due: float
    """Seconds since 1970."""
    every: str = ""
    """How it comes back, as `Recurrence.text`; "" where it does not."""

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
        self.rings = True
        """False: this program only looks and sets. What is due rings in another one, or is told at
        the next start."""
        self.just_set: Timer | None = None
        """What the turn before has set: the next one may correct it."""
        self._known: set[Timer] = set()
        """All that this program ever had: what else is in the file is another program's."""
        self._fleeting: set[Timer] = set()
        """Those that are not written down."""
        self._written: set[Timer] = set()
        """What the file held when it was last read or written, and…"""
        self._stamp = 0
        """…when that was; see `take_up`."""
        self.ringing: list[Timer] = []
        """Those that are due, were told, and have not been answered."""
        self.rang = []
        self.changed: Callable[[], None] = lambda: None
        """Called after each change, in the thread that made it."""
        self._timers: list[Timer] = []
        self._lock = threading.Lock()

    @property
    def rang(self) -> list[Timer]:
        """The last that rang, if that is not long ago: what a snooze is about."""
        since, rang = self._rang
        return rang if time.monotonic() - since < _LATELY else []

    @rang.setter
    def rang(self, rang: list[Timer]) -> None:
        self._rang = (time.monotonic(), rang)

    def load(self) -> None:
        """Take up what an earlier run has left. Raises `ValueError` where it cannot be read: the
        file is moved aside, so that nothing is lost and new ones can be kept."""
        if self.path is None:
            return
        try:
            self._timers = self._read(self.path)
            self._known.update(self._timers)
            self._seen(self._timers)
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

    def take_up(self) -> None:
        """Know what another program has set or cancelled meanwhile, in the same file."""
        if self.path is None:
            return
        try:
            if self._file_stamp() == self._stamp:
                return
            found = self._read(self.path)
        except (OSError, ValueError, TypeError):
            return
        with self._lock:
            new = [each for each in found if each not in self._known]
            gone = self._written.difference(found)
            kept = [each for each in self._timers if each not in gone]
            changed = bool(new) or kept != self._timers
            self._timers = kept + new
            self._known.update(new)
            self._seen(found)
        if changed:
            self.changed()

    def add(self, kind: Kind, name: str, due: float, every: str = "") -> tuple[Timer, bool]:
        """A new one, and whether it will survive the program. Raises `ToolError` where there are
        too many."""
        with self._lock:
            if len(self._timers) >= MOST:
                raise ToolError(f"There are {MOST} already. Cancel some of them first.")
            number = max((each.number for each in self._timers), default=0) + 1
            timer = Timer(number, kind, name, due, every)
            self._timers.append(timer)
            if not self.keeps:
                self._fleeting.add(timer)
            kept = self.keeps and self._write()
        self.changed()
        return timer, kept

    def put_off(self, timer: Timer, seconds: float) -> Timer:
        """The same, due later."""
        return self._put_to(timer, timer.due + seconds)

    def told(self, timer: Timer, now: datetime) -> None:
        """It was due, and the user knows: it is over, or comes back once more, however often it was
        missed."""
        if not timer.every:
            self.remove([timer])
            return
        due = datetime.fromtimestamp(timer.due, now.tzinfo)
        self._put_to(timer, Recurrence.read(timer.every).following(due, now).timestamp())

    def _put_to(self, timer: Timer, due: float) -> Timer:
        with self._lock:
            later = replace(timer, due=due)
            self._timers = [later if each == timer else each for each in self._timers]
            if timer in self._fleeting:
                self._fleeting.add(later)
            self._write()
        self.changed()
        return later

    def remove(self, gone: Sequence[Timer]) -> None:
        """What was cancelled, or told."""
        with self._lock:
            self._timers = [each for each in self._timers if each not in gone]
            if any(each not in self._fleeting for each in gone):
                self._write()
        self.changed()

    def clear(self) -> int:
        """Nothing is due any more; returns how many there were. Raises `ToolError` where the file
        cannot be deleted."""
        with self._lock:
            count, self._timers = len(self._timers), []
            self._written.clear()
            self.ringing.clear()
            self.rang = []
            try:
                if self.path is not None:
                    self.path.unlink(missing_ok=True)
            except OSError as error:
                told = f"Timers and reminders could not be deleted ({error.strerror})."
                raise ToolError(told, told) from None
        self.changed()
        return count

    def quiet(self) -> list[Timer]:
        """What rings has been answered; returns what that was."""
        stopped, self.ringing = self.ringing, []
        if stopped:
            self.rang = stopped
            self.changed()
        return stopped

    def _seen(self, found: Sequence[Timer]) -> None:
        self._written = set(found)
        self._stamp = self._file_stamp()

    def _file_stamp(self) -> int:
        """When the file was written; 0 where there is none."""
        try:
            return self.path.stat().st_mtime_ns if self.path is not None else 0
        except OSError:
            return 0

    def _write(self) -> bool:
        if self.path is None:
            return False
        try:
            found = self._read(self.path)
            gone = self._written.difference(found)  # another program has cancelled these
            self._timers = [each for each in self._timers if each not in gone]
            self._known.update(self._timers)
            foreign = [each for each in found if each not in self._known]
            kept = [each for each in self.timers() if each not in self._fleeting] + foreign
            data = json.dumps([_fields(each) for each in kept], ensure_ascii=False, indent=1)
            write_whole(self.path, data.encode())
            self._seen([each for each in kept if each not in foreign])
            self._stamp = 0 if foreign else self._stamp  # they are still to be taken up
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


def _fields(timer: Timer) -> dict[str, object]:
    """As earlier versions wrote it, where it does not come back."""
    return {key: value for key, value in asdict(timer).items() if key != "every" or value}


def _checked(timer: Timer) -> Timer:
    """Raises `TypeError` or `ValueError` for fields of other types, which JSON cannot rule out."""
    due = isinstance(timer.due, int | float) and 0 <= timer.due < 1e11
    named = isinstance(timer.name, str) and timer.kind in ("timer", "alarm", "reminder")
    if not (due and named and isinstance(timer.number, int) and isinstance(timer.every, str)):
        raise TypeError(f"this is no timer: {timer}")
    if timer.every:
        Recurrence.read(timer.every)
    return timer
