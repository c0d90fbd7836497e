"""Intents of the user's words: which tool they ask for, read once a sentence."""

from __future__ import annotations

from collections.abc import Callable

from assistant.calls.parser import Origin
from assistant.language.command_patterns import SpokenCommand
from assistant.language.intents import Intent, IntentRouter, is_yes
from assistant.language.inverse_normalisation.written import written
from assistant.session.event_bus import EventBus
from assistant.session.events import PersonasReloaded
from assistant.session.persona_switch import PersonaRoster
from assistant.session.turns.messages import UserMessage


class SpokenIntents:
    """Reads what a turn asks for, and knows the questions that a plain yes would answer."""

    def __init__(
        self,
        bus: EventBus,
        roster: PersonaRoster,
        further: Callable[[str], SpokenCommand | None],
        follow_up: Callable[[str], SpokenCommand | None],
    ) -> None:
        """`further(text)`: see `IntentRouter`. `follow_up(text)`: the call that answers a question
        which a tool has asked back."""
        self._roster = roster
        self._further = further
        self._follow_up = follow_up
        self._router = IntentRouter(roster.names(), further)
        self._asked_about: str | None = None
        """Slug of the persona of an open "did you mean …?"."""
        bus.on(PersonasReloaded, self._reloaded)

    def read(
        self, text: str, prompted: str | None = None, origin: Origin = "speech"
    ) -> UserMessage:
        """What was said goes on in its written form (see `written`); it is understood in either,
        because a persona's name may be known in words only: "double oh seven"."""
        if origin != "speech":
            return UserMessage(text, prompted, origin, self._router.route(text, prompted))
        said = written(text)
        intent = self._router.route(said, prompted)
        if said != text and (intent is None or intent.call is None):
            intent = self._router.route(text, prompted) or intent
        return UserMessage(said, prompted, origin, intent)

    def is_stop(self, text: str) -> bool:
        """Whether these words, perhaps not yet all of a turn, ask for silence and nothing else."""
        return self._router.is_stop(text)

    def is_question(self, message: UserMessage) -> bool:
        """Whether the brain answers this (and not a tool, whose deed is done at once)."""
        return self._asked_about is None and message.intent is None

    def resolve(self, message: UserMessage) -> Intent | None:
        """What is to be done now: what the turn asks for, or what it answers. An open question is
        closed by it."""
        slug, self._asked_about = self._asked_about, None
        answered = self._answered(slug, message.text)
        if answered is not None:
            return answered
        if message.intent is not None:
            self._asked_about = message.intent.ask
        return message.intent

    def _answered(self, slug: str | None, text: str) -> Intent | None:
        if slug is None:
            call = self._follow_up(text)
            return None if call is None else Intent(call)
        if is_yes(text):
            return Intent(
                SpokenCommand("change_theme", {"persona_name": self._roster.name_of(slug)})
            )
        return None

    def _reloaded(self, event: PersonasReloaded) -> None:
        self._router = IntentRouter(self._roster.names(), self._further)
