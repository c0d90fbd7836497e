"""The scripted persona: answers by itself, in the persona's own words, never making things up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from random import Random

from assistant.brain.base import Question
from assistant.brain.scripted.knowledge import Fact, FactQuery, Knowledge, remembered
from assistant.brain.scripted.lines import Chooser, Pieces, fill, variants
from assistant.brain.scripted.understanding import Understood, understand
from assistant.language import arithmetic, clock
from assistant.language.numbers import ordinal, spoken_result
from assistant.personas.loading import Persona

_HINT_EVERY = 4
"""Every so many `cannot` answers, beginning with the second, also say how to give it a model."""

_AGAIN = (
    "As I said before.",
    "Once more, then.",
    "Again, if you like.",
    "The answer stays the same.",
)
_FORGOTTEN = (
    "I have forgotten it.",
    "It is forgotten.",
    "I no longer know it.",
    "That is erased.",
    "Gone from my memory.",
)
_NOTHING_TO_FORGET = (
    "There was nothing to forget.",
    "I had not kept anything of the kind.",
    "I do not remember any such thing anyway.",
)
_FOR_NOW = (
    "For this conversation I will remember that {fact}.",
    "For now I know that {fact}.",
    "While we talk I will bear in mind that {fact}.",
)
_OTHER_DAY = (
    "{Day} {is} {date}.",
    "{date}: that {is} {day}.",
    "It {is} {date}, {day}.",
)
_DISTRESS = (
    "I am sorry that you feel this way. Please talk to someone you trust, or to a crisis line, "
    "now.",
    "That sounds very heavy. Please do not stay alone with it: call a friend, a doctor or a crisis "
    "line today.",
    "I am only a program, and you matter. If you are in danger, please call your emergency number "
    "right away.",
    "Thank you for telling me. Please tell a person as well, someone near you or a crisis line.",
)


class ScriptedBrain:
    """A brain without a language model. It remembers names, facts and what it said.

    `random` decides among variants that were never used, so a seeded one makes it deterministic.
    """

    def __init__(
        self, random: Random | None = None, ready: Callable[[str], bool] = lambda text: False
    ) -> None:
        """`ready` tells whether a text would sound at once; such variants are said first."""
        self._ready = ready
        self.label = "scripted"
        self.knowledge = Knowledge()
        self._chooser = Chooser(random or Random())
        self._result: arithmetic.Value | None = None
        self._last = ""
        self._cannot = 0
        self._repeats = 0
        self._not_kept = ""
        """Why what the user has just told is not kept."""

    async def answer(self, question: Question) -> AsyncIterator[str]:
        """Yield sentences, each equal to one of `known_lines` where it is spoken word for word, and
        a blank between them as a piece of its own."""
        told = understand(question.text, [name for _, name in question.persona.names()])
        if any(part.intent in ("fact_told", "name_told") for part in told):
            self._not_kept = await question.acknowledge()
        for at, piece in enumerate(self.reply(question)):
            if at:
                yield " "
            yield piece

    async def close(self) -> None:
        """Nothing to close."""

    def reply(self, question: Question) -> list[str]:
        """The answer's sentences."""
        self._chooser.next_turn()
        if not question.text.strip() and question.history and question.history[-1].role == "tool":
            return self._from_tool(question)
        persona = question.persona
        found = understand(question.text, [name for _, name in persona.names()])
        pieces: list[str] = []
        for part in found:
            pieces += self._answer(self._resolved(part), question)
        not_kept, self._not_kept = self._not_kept, ""
        return [*pieces, not_kept] if not_kept else pieces

    def listen(self, text: str, persona: Persona) -> None:
        """Learn from a turn that somebody else answers."""
        for part in understand(text, [name for _, name in persona.names()]):
            if part.intent == "name_told":
                self.knowledge.learn_name(part.slots["name"])
            elif part.intent == "fact_told":
                self.knowledge.learn(_fact(part.slots))
            elif part.intent == "forget":
                self.knowledge.forget(_what(part.slots))

    def _resolved(self, part: Understood) -> Understood:
        """Give "another one" and "plus five" the meaning that the last turn gives them."""
        last, self._last = self._last, part.intent
        if part.intent == "another":
            self._last = last
            return Understood("joke" if last == "joke" else "not_understood")
        if part.intent == "arithmetic_more" and self._result is None:
            return Understood("not_understood")
        return part

    def _answer(self, part: Understood, question: Question) -> list[str]:
        special = _SPECIAL.get(part.intent)
        if special is not None:
            return special(self, part.slots, question)
        return self._say(part.intent, question.persona)

    # --- intents that need more than their lines ---------------------------------------------

    def _time(self, slots: Mapping[str, str], question: Question) -> list[str]:
        values = {"time": clock.spoken_time(question.now)}
        return self._say("time", question.persona, values, opener=True)

    def _date(self, slots: Mapping[str, str], question: Question) -> list[str]:
        offset = int(slots.get("offset", "0"))
        date = clock.spoken_date(question.now, offset=offset, year="year" in slots)
        if not offset:
            return self._say("date", question.persona, {"date": date}, opener=True)
        day = clock.day_word(offset)
        values = {"date": date, "day": day, "is": "was" if offset < 0 else "is"}
        values["Day"] = day.capitalize()
        return self._compose(_OTHER_DAY, question.persona, values, opener=True)

    def _sum(self, slots: Mapping[str, str], question: Question) -> list[str]:
        outcome = arithmetic.evaluate(slots["expression"], self._result)
        if outcome is None or outcome.value is None:
            return self._say("arithmetic_impossible", question.persona)
        self._result = outcome.value
        values = {"result": spoken_result(outcome.value)}
        return self._say("arithmetic", question.persona, values, opener=True)

    def _learn_name(self, slots: Mapping[str, str], question: Question) -> list[str]:
        self.knowledge.learn_name(slots["name"])
        return self._say("name_learned", question.persona, {"user": slots["name"]}, opener=True)

    def _recall_name(self, slots: Mapping[str, str], question: Question) -> list[str]:
        if not self.knowledge.name:
            return self._say("name_unknown", question.persona)
        values = {"user": self.knowledge.name}
        return self._say("name_known", question.persona, values, opener=True)

    def _learn(self, slots: Mapping[str, str], question: Question) -> list[str]:
        self.knowledge.learn(_fact(slots))
        fact = {"fact": slots["fact"]}
        if self._not_kept:
            return self._compose(_FOR_NOW, question.persona, fact)
        return self._say("fact_learned", question.persona, fact, opener=True)

    def _recall(self, slots: Mapping[str, str], question: Question) -> list[str]:
        query = FactQuery(tuple(slots["keys"].split("|")), slots["subject"])
        fact = self.knowledge.find(query) or remembered(query, question.remembered)
        if fact is None:
            return self._say("fact_unknown", question.persona, {"subject": slots["subject"]})
        return self._say("fact_known", question.persona, {"fact": fact.text}, opener=True)

    def _recall_all(self, slots: Mapping[str, str], question: Question) -> list[str]:
        known = self.knowledge.sentences()[-8:]
        if not known:
            return self._say("fact_unknown", question.persona, {"subject": "yourself"})
        listed = known[0] if len(known) == 1 else f"{', '.join(known[:-1])} and {known[-1]}"
        return self._say("fact_known", question.persona, {"fact": listed}, opener=True)

    def _forget(self, slots: Mapping[str, str], question: Question) -> list[str]:
        known = self.knowledge.forget(_what(slots))
        texts = _FORGOTTEN if known else _NOTHING_TO_FORGET
        return self._compose(texts, question.persona, {}, opener=known)

    def _refuse(self, slots: Mapping[str, str], question: Question) -> list[str]:
        pieces = self._say("cannot", question.persona)
        self._cannot += 1
        if self._cannot % _HINT_EVERY == 2:
            pieces += self._say("how_to_llm", question.persona)
        return pieces

    def _comfort(self, slots: Mapping[str, str], question: Question) -> list[str]:
        return self._compose(_DISTRESS, question.persona, {})

    def _repeat(self, slots: Mapping[str, str], question: Question) -> list[str]:
        said = [m.text for m in question.history if m.role == "assistant" and m.text.strip()]
        if not said:
            return self._say("repeat_nothing", question.persona)
        return self._compose((said[-1].replace("{", "("),), question.persona, {}, opener=True)

    def _from_tool(self, question: Question) -> list[str]:
        """A tool's result that came without words of its own is said as it is, if it is short."""
        text = " ".join(question.history[-1].text.split())
        if not text or len(text) > 300 or text[0] in "{[<":
            return self._say("yes", question.persona)
        return self._compose((text.replace("{", "("),), question.persona, {}, opener=True)

    # --- variety -----------------------------------------------------------------------------

    def _say(
        self,
        key: str,
        persona: Persona,
        values: Mapping[str, str] | None = None,
        *,
        opener: bool = False,
    ) -> list[str]:
        return self._compose(variants(persona, key), persona, values or {}, opener=opener)

    def _compose(
        self,
        templates: list[str] | tuple[str, ...],
        persona: Persona,
        values: Mapping[str, str],
        *,
        opener: bool = False,
    ) -> list[str]:
        """Fill a template that was used longest ago, so that the whole text is new."""
        user = self.knowledge.name
        bodies: dict[str, str] = {}
        for template in self._chooser.oldest_first(templates):
            text = fill(template, persona, values, user)
            if text:
                bodies.setdefault(text, template)
        openers = [fill(text, persona, {}, user) for text in variants(persona, "openers")]
        leads = self._ready_first(self._chooser.oldest_first([text for text in openers if text]))
        candidates = _candidates(self._ready_first(list(bodies)), leads, opener=opener)
        pieces = next(filter(self._chooser.fresh, candidates), None)
        if pieces is None:
            pieces = self._again(list(bodies))
        self._chooser.mark(pieces, [bodies[text] for text in pieces if text in bodies])
        return list(pieces)

    def _ready_first(self, texts: list[str]) -> list[str]:
        return sorted(texts, key=self._ready, reverse=True)

    def _again(self, bodies: list[str]) -> Pieces:
        """The variants have run out: say so, and count, so that even this is never the same."""
        self._repeats += 1
        count = f"That is the {ordinal(self._repeats)} time I repeat myself."
        lead = self._chooser.oldest_first(_AGAIN)[0]
        return (lead, bodies[0], count) if bodies else (count,)


def _candidates(bodies: list[str], leads: list[str], *, opener: bool) -> Iterator[Pieces]:
    """Ways to say it, the most natural first."""
    if opener:
        yield from ((lead, body) for body in bodies for lead in leads)
    yield from ((body,) for body in bodies)
    if not opener:
        # Two different variants after each other still sound like a person; a stock opener
        # before a greeting or a thank-you does not.
        yield from ((first, second) for first in bodies for second in bodies if first != second)
    yield from ((lead, body) for lead in _AGAIN for body in bodies)


def _fact(slots: Mapping[str, str]) -> Fact:
    return Fact(slots["key"], slots["subject"], slots["fact"])


def _what(slots: Mapping[str, str]) -> str:
    return slots.get("what") or slots.get("about") or "that"


_Handler = Callable[[ScriptedBrain, Mapping[str, str], Question], list[str]]
_SPECIAL: dict[str, _Handler] = {
    "time": ScriptedBrain._time,
    "date": ScriptedBrain._date,
    "arithmetic": ScriptedBrain._sum,
    "arithmetic_more": ScriptedBrain._sum,
    "name_told": ScriptedBrain._learn_name,
    "name_asked": ScriptedBrain._recall_name,
    "fact_told": ScriptedBrain._learn,
    "fact_asked": ScriptedBrain._recall,
    "facts_asked": ScriptedBrain._recall_all,
    "forget": ScriptedBrain._forget,
    "cannot": ScriptedBrain._refuse,
    "distress": ScriptedBrain._comfort,
    "repeat": ScriptedBrain._repeat,
}
