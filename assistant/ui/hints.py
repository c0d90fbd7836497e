"""What one can say here: hints that change with what is possible, each gone once it was used.

Which were used is kept in a small file, without a word of what was said.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.locations import hints_file
from assistant.private_files import make_folder, write_whole
from assistant.session.events import (
    AnswerPaused,
    PersonaChanged,
    SessionEvent,
    ToolCalled,
    UserSaid,
)

_log = logging.getLogger(__name__)

Need = Literal["microphone", "model", "no model", "memory", "others"]
Used = Callable[[SessionEvent], bool]
TOUR = "tour"
"""Id of the tour among what was used."""


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing to be said."""

    id: str
    words: str
    """As one says it; `{other}` is the name of another persona."""
    used: Used
    needs: frozenset[Need] = frozenset()
    when: str = ""
    """When to say it, where not at any time: "while it speaks"."""


def _tool(*names: str) -> Used:
    return lambda event: isinstance(event, ToolCalled) and event.call.name in names


def _says(*words: str) -> Used:
    def used(event: SessionEvent) -> bool:
        said = event.text.casefold() if isinstance(event, UserSaid) and event.final else ""
        return any(word in said for word in words)

    return used


HINTS = (
    Hint("abilities", "what can you do", _tool("about_yourself")),
    Hint(
        "personas",
        "change to {other}",
        lambda event: isinstance(event, PersonaChanged),
        frozenset({"others"}),
    ),
    Hint("timers", "set a timer for ten minutes", _tool("set_timer", "set_timers")),
    Hint(
        "remember",
        "remember that my cat is called Pixel",
        _tool("remember"),
        frozenset({"memory"}),
    ),
    Hint(
        "story",
        "tell me a short story about a lighthouse",
        _says("story", "explain", "tell me about"),
        frozenset({"model"}),
    ),
    Hint("mood", "how are you today", _says("how are you"), frozenset({"no model"})),
    Hint("lists", "put milk on my shopping list", _tool("add_to_list")),
    Hint(
        "profile",
        "what do you know about me",
        _tool("what_do_you_know_about_me"),
        frozenset({"memory"}),
    ),
    Hint(
        "interrupt",
        "stop",
        lambda event: isinstance(event, AnswerPaused) or _tool("stop")(event),
        frozenset({"microphone"}),
        "while it speaks",
    ),
    Hint("privacy", "do you record what I say", _tool("about_yourself")),
)

SAYINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Yourself and it", ("what can you do", "who am I talking to", "do you record what I say")),
    ("Personas", ("change to {other}", "who else is there")),
    ("Memory", ("remember that my cat is called Pixel", "what do you know about me",
                "forget that")),
    ("Timers", ("set a pasta timer for ten minutes", "wake me at seven",
                "remind me to call Ada tomorrow at nine")),
    ("Lists", ("add milk and eggs to my shopping list", "what is on my list")),
    ("Numbers and days", ("how many miles are 10 kilometres", "what time is it in Tokyo",
                          "how many days until Christmas")),
    ("The voice", ("louder", "speak slower", "say that again", "stop")),
)  # fmt: skip
"""For the help: what one can say, by subject."""


@dataclass(frozen=True, slots=True)
class Possible:
    """What can be done just now."""

    microphone: bool = False
    model: bool = False
    memory: bool = False
    other: str = ""
    """The name of another persona; "" where there is none."""

    def allows(self, hint: Hint) -> bool:
        there: dict[Need, bool] = {
            "microphone": self.microphone,
            "model": self.model,
            "no model": not self.model,
            "memory": self.memory,
            "others": bool(self.other),
        }
        return all(there[need] for need in hint.needs)


class Hints:
    """Which of them are still news to this user."""

    def __init__(self, path: Path | None = None, *, keeps: bool = True) -> None:
        """`keeps` False: nothing is written."""
        self._path = path or hints_file()
        self._keeps = keeps
        self._used: set[str] = set()
        self.first_time = False
        """Nobody has used the dashboard here before."""

    def load(self) -> None:
        """What was used before. What cannot be read counts as nothing."""
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            self._used = {str(each) for each in kept["used"]}
        except FileNotFoundError:
            self.first_time = self._keeps
            self._keep()
        except (OSError, ValueError, TypeError, KeyError) as error:
            _log.warning("what was used before cannot be read: %s", error)

    def take(self, event: SessionEvent) -> bool:
        """Whether something was used for the first time."""
        new = {each.id for each in HINTS if each.id not in self._used and each.used(event)}
        for id in new:
            self.use(id)
        return bool(new)

    def use(self, id: str) -> None:
        """It was done: it is no news any more."""
        if id not in self._used:
            self._used.add(id)
            self._keep()

    def is_news(self, id: str) -> bool:
        return id not in self._used

    def next(self, possible: Possible, count: int = 1) -> list[Hint]:
        """What to try, all names filled in; empty once all was used."""
        found = [
            replace(each, words=each.words.format(other=possible.other))
            for each in HINTS
            if each.id not in self._used and possible.allows(each)
        ]
        return found[:count]

    def _keep(self) -> None:
        if not self._keeps:
            return
        try:
            make_folder(self._path.parent)
            data = json.dumps({"used": sorted(self._used)}).encode()
            write_whole(self._path, data, durable=False)
        except OSError as error:
            _log.warning("what was used cannot be kept: %s", error)


def sayings(other: str) -> Iterator[tuple[str, str]]:
    """Subject, and what one can say about it, in one line."""
    for subject, words in SAYINGS:
        said = [f"“{each.format(other=other)}”" for each in words if other or "{" not in each]
        yield subject, ", ".join(said)
