"""What a session would do at words: the tool that they ask for, and its arguments."""

from __future__ import annotations

from collections.abc import Sequence

from assistant.frames import SpokenNames
from assistant.language.command_patterns import SpokenCommand
from assistant.language.intents import IntentRouter
from assistant.skills import SkillSet, SkillSources, all_skills
from assistant.tools.builtin.memory import memory_call
from benchmarks.ears.manifest import NO_ACTION, ClipEntry
from benchmarks.ears.words import comparable


class ActionReader:
    """Reads words as a session does that has just begun."""

    def __init__(self, names: Sequence[SpokenNames]) -> None:
        skills = SkillSet(all_skills(SkillSources()), lambda: [each.name for each in names])
        self._router = IntentRouter(
            list(names), lambda text: skills.call(text) or memory_call(text)
        )

    def read(self, text: str, prompted: str | None = None) -> SpokenCommand | None:
        """What is done at once; None where nothing is, or the user would be asked first."""
        intent = self._router.route(text, prompted)
        return intent.call if intent is not None else None

    def expected(self, entry: ClipEntry) -> str | SpokenCommand | None:
        """What a recording is to start: as its events say, else as its text does."""
        wanted = entry.events.action
        if wanted:
            return None if wanted == NO_ACTION else wanted
        if not entry.text or entry.events.kind != "speech":
            return None
        return self.read(entry.text)


def is_expected(call: SpokenCommand, expected: str | SpokenCommand | None) -> bool:
    """Whether `call` is what was to come: "10 minutes" for "ten minutes", too. Of an action that
    was written down, the argument counts only where it was, too."""
    if expected is None:
        return False
    if isinstance(expected, SpokenCommand):
        return call.name == expected.name and _arguments(call) == _arguments(expected)
    name, _, argument = expected.partition(":")
    return call.name == name and (not argument or comparable(argument) in _arguments(call).values())


def _arguments(call: SpokenCommand) -> dict[str, list[str]]:
    return {key: comparable(str(value)) for key, value in call.arguments.items()}
