"""What a persona says in place of a model: where rules know the answer, where a model had nothing
of its own to say, and where what it said is not true."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from typing import Literal

from assistant.brain.base import Question
from assistant.brain.output_filter.deeds import asks_for_deed, asks_of_the_world
from assistant.brain.output_filter.facts import asked_of_now
from assistant.brain.output_filter.personas import asked_of_persona
from assistant.brain.prompt import pending
from assistant.brain.scripted.intents import Intent
from assistant.brain.scripted.knowledge import FactQuery, Knowledge, remembered
from assistant.brain.scripted.lines import fill, variants
from assistant.brain.scripted.understanding import SOCIAL, VAGUE, understand_for
from assistant.language.clock import spoken_date, spoken_time
from assistant.language.lexicon import spoken_list, word_set
from assistant.personas.loading import Persona
from assistant.personas.schema import PLACEHOLDERS, Lines

Untruth = Literal["deed", "time", "date", "persona"]

_LONGEST_REQUEST = 300
"""Characters; whoever says more tells something."""
_PLAIN = {
    "cannot_do": (
        "I have no hands for that.",
        "That is nothing I can do from here.",
        "I cannot do that, and will not pretend to.",
    ),
    "list_personas": ("There are {personas}.", "The personas are {personas}."),
    "unsure": (
        "I do not know that, and would rather not guess.",
        "There I am not sure.",
        "That I cannot say for certain.",
    ),
}
"""For personas whose file has no lines for these."""


class OwnWords:
    """Lines of a persona for what a model should not have said, in turn."""

    def __init__(self, user: Callable[[], str] = str) -> None:
        """`user()`: the user's name, "" where it is not known."""
        self._user = user
        self._used: Counter[tuple[str, str]] = Counter()

    def line(self, persona: Persona, key: str, **values: str) -> str:
        """One of the persona's, or a plain one; "" where there is none."""
        own = variants(persona, key) if key in Lines.model_fields else []
        filled = (fill(each, persona, values, self._user()) for each in own or _PLAIN.get(key, ()))
        lines = [text for text in filled if text]
        if not lines:
            return ""
        self._used[persona.slug, key] += 1
        return lines[(self._used[persona.slug, key] - 1) % len(lines)]

    def instead(self, untruth: Untruth, question: Question) -> str:
        """What is true, or that it cannot be done."""
        persona, now = question.persona, question.now
        match untruth:
            case "time":
                return self.line(persona, "time", time=spoken_time(now))
            case "date":
                return self.line(persona, "date", date=spoken_date(now))
            case "persona" if question.personas:
                return self.line(persona, "list_personas", personas=spoken_list(question.personas))
            case _:
                return self.line(persona, "cannot_do")

    def of_now(self, question: Question, *, small: bool) -> str:
        """To "is it late?" and "can you become Ultron?", whatever model there is, and, where a
        `small` one is, to orders that no rule has carried out; else ""."""
        text = question.text.strip()
        if len(text) > _LONGEST_REQUEST:
            return ""
        if small and asks_of_the_world(text):
            return self.line(question.persona, "cannot_do")
        if asked_of_now(text):
            return self.instead("time", question)
        asked_for = asked_of_persona(text) and question.personas
        return self.instead("persona", question) if asked_for else ""

    def answer(self, question: Question) -> str:
        """To what the user said, where a model had nothing of its own to say."""
        text, persona = pending(question)[:2_000], question.persona
        if asks_for_deed(text):
            return self.line(persona, "cannot_do")
        for part in understand_for(text, persona):
            if _has_lines(part.intent) and (line := self.line(persona, part.intent)):
                return line
            if part.intent == "statement":
                return self.line(persona, "statement")
        return self.line(persona, "opinion" if re.search(r"\byou\b", text, re.I) else "unsure")


def _has_lines(intent: Intent) -> bool:
    return intent in Lines.model_fields and intent not in PLACEHOLDERS and intent not in VAGUE


_BY_RULES = frozenset({"time", "date", "name_asked", "facts_asked", "arithmetic", "distress"})
"""Intents that rules answer truly, whatever model there is. What is said to somebody in distress is
not left to one either."""


_FOR_SMALL = word_set(
    "hello how_are_you who_are_you who_made_you name_told fact_told forget joke thanks apology "
    "compliment insult goodbye mood_good mood_bad love doing not_funny not_listening lonely bored "
    "tired angry anxious exchange cannot_do"
)
"""Intents for which a persona's file has better words than a small model finds."""


def by_rules(question: Question, knowledge: Knowledge, *, small: bool) -> bool:
    """Whether the scripted persona answers all that is said, so that no model has to be believed.
    `small`: the model is, and rules do what they can."""
    known = False
    for part in understand_for(question.text, question.persona):
        ruled = part.intent in _BY_RULES or (small and part.intent in _FOR_SMALL)
        if part.intent == "fact_asked":
            query = FactQuery(tuple(part.slots["keys"].split("|")), part.slots["subject"])
            ruled = bool(knowledge.find(query) or remembered(query, question.remembered))
        if part.intent == "exchange" and asked_of_persona(question.text):
            ruled = False  # "can you become Ultron" is a question of fact, whoever Ultron is here
        if part.intent == "forget" and "forget" not in question.text.lower():
            ruled = False  # "delete my browser history" is no matter of memory
        if not ruled and part.intent not in SOCIAL:
            return False
        known = known or ruled
    return known
