"""The scripted persona: answers by itself, in the persona's own words, never making things up."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Literal, cast

from assistant.brain.base import Piece, Question
from assistant.brain.scripted import follow_ups
from assistant.brain.scripted.composing import Composer
from assistant.brain.scripted.follow_ups import FOLLOWING, Topic
from assistant.brain.scripted.intents import Intent
from assistant.brain.scripted.knowledge import Fact, FactQuery, Knowledge, remembered
from assistant.brain.scripted.lines import plain_variants, variants
from assistant.brain.scripted.trouble import Trouble
from assistant.brain.scripted.understanding import VAGUE, Understood, days, understand_for
from assistant.calls.parser import ToolCall
from assistant.emotion.feeling import LOW_MOOD, Kind
from assistant.language import arithmetic, clock
from assistant.language.lexicon import NAMED_DAYS, spoken_list
from assistant.language.numbers import spoken_result
from assistant.personas.loading import Exchange, Persona

_HINT_EVERY = 4
"""Every so many `cannot` answers, beginning with the second, also say how to give it a model."""

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
_NO_EYES = (
    "I have no camera. I only know what you say.",
    "I cannot see anything: there is no eye on this machine that I could look through.",
    "I do not see you. Your words are all that reaches me.",
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
_KEY_OF_FEELING: dict[Kind, str] = {
    "frustrated": "frustrated",
    "excited": "excited",
    "confused": "confused",
    "tired": "tired",
    "sad": "mood_bad",
}
"""Of a persona's lines, by how the user feels."""
_OF_MOOD: frozenset[Intent] = VAGUE | {"mood_good", "mood_bad", "no", "disagree", "wrong"}
"""What whoever was misread may say."""
_PRAISED: frozenset[Intent | None] = frozenset({"joke", "exchange", None})
"""Topics of which one may want more behind a word of praise."""


class ScriptedBrain:
    """A brain without a language model. It remembers names, facts and what it said.

    `random` decides among variants that were never used, so a seeded one makes it deterministic.
    """

    def __init__(
        self, random: Random | None = None, ready: Callable[[str], bool] = lambda text: False
    ) -> None:
        """`ready` tells whether a text would sound at once; such variants are said first."""
        self.label = "scripted"
        self.knowledge = Knowledge()
        self._composer = Composer(random or Random(), ready)
        self._result: arithmetic.Value | None = None
        self._operand: arithmetic.Value | None = None
        """What the last sum went on from."""
        self._asked = ""
        """The last turn that was answered here."""
        self._topic = Topic("not_understood")
        self._trouble = Trouble()
        self._call: ToolCall | None = None
        """What is to be done instead of an answer."""
        self._cannot = 0
        self._told_once: set[str] = set()
        """Sentences on what would do what is not done here."""
        self._not_kept = ""
        """Why what the user has just told is not kept."""
        self._plainly = False
        """The user is in no mood for flourishes: nothing before an answer."""

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        """Yield sentences, each equal to one of `known_lines` where it is spoken word for word, and
        a blank between them as a piece of its own; or the call of a tool that is asked again."""
        told = understand_for(question.text, question.persona)
        if any(part.intent in ("fact_told", "name_told") for part in told):
            self._not_kept = await question.acknowledge()
        for at, piece in enumerate(self.reply(question)):
            if at:
                yield " "
            yield piece
        if self._call is not None:
            yield self._call

    async def close(self) -> None:
        """Nothing to close."""

    def reply(self, question: Question) -> list[str]:
        """The answer's sentences; none where a tool is to be asked again."""
        self._composer.next_turn()
        self._call = None
        self._plainly = question.feeling is not None and question.feeling.kind in LOW_MOOD
        if not question.text.strip() and question.history and question.history[-1].role == "tool":
            return self._from_tool(question)
        self._look_back(question)
        pieces: list[str] = []
        parts = understand_for(question.text, question.persona)
        for part in parts:
            if pieces and part.intent in VAGUE and self._trouble.is_there:
                continue
            pieces += self._answer(self._resolved(part, question), question)
        not_kept, self._not_kept = self._not_kept, ""
        pieces += [not_kept] if not_kept else []
        if any(part.intent not in FOLLOWING - _TELLING_MORE for part in parts):
            self._topic = replace(self._topic, said=" ".join(pieces) or self._topic.said)
        self._asked = question.text.strip()
        return pieces

    def _look_back(self, question: Question) -> None:
        """A turn that somebody else answered since (a tool, another brain) is the topic now."""
        asked = next((m.text for m in reversed(question.history) if m.role == "user"), "")
        if not asked or asked.strip() == self._asked:
            return
        said = next((m.text for m in reversed(question.history) if m.role == "assistant"), "")
        self._topic = Topic(None, {}, question.persona.slug, asked, said)
        self._trouble.over()

    def listen(self, text: str, persona: Persona) -> None:
        """Learn from a turn that somebody else answers."""
        for part in understand_for(text, persona):
            if part.intent == "name_told":
                self.knowledge.learn_name(part.slots["name"])
            elif part.intent == "fact_told":
                self.knowledge.learn(_fact(part.slots))
            elif part.intent == "forget":
                self.knowledge.forget(_what(part.slots))

    def _resolved(self, part: Understood, question: Question) -> Understood:
        """What a part means behind what was said before it."""
        if part.intent == "arithmetic_more" and self._result is None:
            return Understood("not_understood")
        return self._trouble.meaning(part, question.text)

    def _answer(self, part: Understood, question: Question) -> list[str]:
        praise = part.intent in ("compliment", "thanks")
        if part.intent not in FOLLOWING and not (praise and self._topic.intent in _PRAISED):
            self._topic = Topic(part.intent, part.slots, question.persona.slug, question.text)
        if question.misread and part.intent in _OF_MOOD:
            return self._say("misread", question.persona)
        if question.limits and part.intent in VAGUE:
            return self._limited(part, question)
        if (fitting := self._fitting(part.intent, question)) is not None:
            return fitting
        special = _SPECIAL.get(part.intent)
        if special is not None:
            return special(self, part.slots, question)
        return self._say(part.intent, question.persona)

    def _fitting(self, intent: Intent, question: Question) -> list[str] | None:
        """What is said to somebody who feels so, where nothing is known that would be an answer;
        None where that says nothing of it. A file's jokes about ignorance wait for a better day."""
        feeling = question.feeling
        if feeling is None or feeling.kind is None:
            return None
        key = _KEY_OF_FEELING.get(feeling.kind)
        told = intent in ("statement", "not_understood") or (intent == "insult" and key is not None)
        if told and key is not None and not feeling.held:
            return self._say(key, question.persona)
        if intent in VAGUE and feeling.kind in LOW_MOOD:
            return self._compose(plain_variants(question.persona, intent), question.persona, {})
        return None

    # --- what hangs on the answer before -----------------------------------------------------

    def _exchanged(self, question: Question) -> Exchange | None:
        """The exchange of the persona's world that the last answer came from."""
        topic, persona = self._topic, question.persona
        number = int(topic.slots.get("number", "0"))
        ours = topic.intent == "exchange" and topic.persona == persona.slug
        return persona.exchanges[number] if ours and number < len(persona.exchanges) else None

    def _exchange(self, slots: Mapping[str, str], question: Question) -> list[str]:
        exchange = self._exchanged(question)
        if exchange is None:
            return self._say("not_understood", question.persona)
        return self._compose(exchange.answers, question.persona, {}, one=True)

    def _why(self, slots: Mapping[str, str], question: Question) -> list[str]:
        exchange = self._exchanged(question)
        if exchange is not None and exchange.why:
            return self._compose(exchange.why, question.persona, {}, one=True)
        reasons = follow_ups.REASONS.get(self._topic.intent)
        if reasons is None or not self._was_answered():
            return self._say("why", question.persona)
        values = follow_ups.values_for_reasons(self._topic)
        return self._compose(reasons, question.persona, values, one=True)

    def _more(self, slots: Mapping[str, str], question: Question) -> list[str]:
        exchange = self._exchanged(question)
        if exchange is not None and exchange.more:
            return self._compose(exchange.more, question.persona, {}, one=True)
        if self._topic.intent == "joke":
            return self._say("joke", question.persona)
        if self._topic.intent in ("who_are_you", "who_made_you", "what_can_you_do", "opinion"):
            return self._say(self._topic.intent, question.persona)
        if self._topic.intent in ("statement", "ask_on"):
            return self._say("statement", question.persona)
        return self._say("more", question.persona)

    def _sure(self, slots: Mapping[str, str], question: Question) -> list[str]:
        """What can be looked at again is looked at again; the rest the persona stands by."""
        if not self._was_answered() and self._topic.intent != "not_understood":
            return self._say("yes", question.persona)
        if self._topic.intent == "arithmetic" or self._topic.intent == "arithmetic_more":
            return self._worked_out(question)
        if self._topic.intent in _LOOKED_UP:
            return self._looked_up(question)
        call = follow_ups.asked_of_tool(self._topic)
        if call is not None and follow_ups.chance_again(self._topic) is None:
            return self._ask_tool(call)
        if self._topic.intent is None:
            return self._quote(follow_ups.SAID, question)
        return self._say("sure", question.persona)

    def _wrong(self, slots: Mapping[str, str], question: Question) -> list[str]:
        intent = self._topic.intent
        if intent in ("fact_known", "name_known", "fact_told", "name_told", "fact_asked"):
            return self._compose(follow_ups.RIGHT_ONE, question.persona, {})
        if intent in ("arithmetic", "arithmetic_more", "time", "date"):
            return self._sure(slots, question)
        if intent is None and (call := follow_ups.asked_of_tool(self._topic)) is not None:
            return self._ask_tool(call)
        if intent is None:
            return self._compose(follow_ups.MISTAKEN, question.persona, {})
        return self._say("disagree", question.persona)

    def _worked_out(self, question: Question) -> list[str]:
        outcome = arithmetic.evaluate(self._topic.slots.get("expression", ""), self._operand)
        if outcome is None or outcome.value is None:
            return self._say("arithmetic_impossible", question.persona)
        values = {"result": spoken_result(outcome.value)}
        return self._compose(follow_ups.WORKED_OUT, question.persona, values, one=True)

    def _looked_up(self, question: Question) -> list[str]:
        """The clock, or what the user told, once more."""
        persona, topic = question.persona, self._topic
        if topic.intent == "time":
            values = {"time": clock.spoken_time(question.now)}
            return self._compose(follow_ups.LOOKED, persona, values, one=True)
        if topic.intent == "date":
            values = _date_values(topic.slots, question)
            return self._compose(follow_ups.LOOKED_AT_DATE, persona, values, one=True)
        if topic.intent == "name_known":
            told = f"your name is {self.knowledge.name}"
        else:
            told = topic.slots["fact"]
        return self._compose(follow_ups.AS_TOLD, persona, {"fact": told}, one=True)

    def _meant(self, slots: Mapping[str, str], question: Question) -> list[str]:
        if not self._was_answered():
            return self._say("what_can_you_do", question.persona)
        exchange = self._exchanged(question)
        if (exchange is not None and exchange.why) or self._topic.intent in follow_ups.REASONS:
            return self._why(slots, question)
        return self._quote(follow_ups.MEANT, question)

    def _which(self, slots: Mapping[str, str], question: Question) -> list[str]:
        exchange = self._exchanged(question)
        if not self._was_answered() or self._topic.intent in VAGUE:
            return self._say("not_understood", question.persona)
        more = exchange is not None and exchange.more
        if more or self._topic.intent in ("who_are_you", "who_made_you", "what_can_you_do"):
            return self._more(slots, question)
        return self._quote(follow_ups.MEANT, question)

    def _said_before(self, slots: Mapping[str, str], question: Question) -> list[str]:
        return self._compose(follow_ups.ALREADY, question.persona, {})

    def _me_too(self, slots: Mapping[str, str], question: Question) -> list[str]:
        return self._compose(follow_ups.BOTH, question.persona, {})

    def _another(self, slots: Mapping[str, str], question: Question) -> list[str]:
        if (call := follow_ups.chance_again(self._topic)) is not None:
            return self._ask_tool(call)
        if self._topic.intent in ("joke", "not_funny", "said_before"):
            return self._say("joke", question.persona)
        exchange = self._exchanged(question)
        if exchange is not None:
            return self._compose(exchange.answers, question.persona, {}, one=True)
        return self._say("not_understood", question.persona)

    def _instead(self, slots: Mapping[str, str], question: Question) -> list[str]:
        """ "And yesterday?", "and in Tokyo?", "and my cat?": the last question about another."""
        rest, topic = slots["rest"], self._topic
        clocks = topic.intent in ("time", "date")
        if clocks and (rest in NAMED_DAYS or (days(rest) is not None and "day" in rest)):
            offset = NAMED_DAYS[rest] if rest in NAMED_DAYS else days(rest)
            return self._answer(Understood("date", {"offset": str(offset)}), question)
        if clocks and (day := follow_ups.weekday(rest)):
            return self._ask_tool(ToolCall("day_of", {"day": day}))
        elsewhere = clocks and slots.get("in")
        topic = replace(topic, intent="time") if elsewhere else topic
        if (call := follow_ups.asked_of_tool(topic, slots["spoken"])) is not None:
            return self._ask_tool(call)
        if topic.intent in _ABOUT_USER:
            asked = understand_for(f"what is {rest}", question.persona)[0]
            if asked.intent in ("fact_asked", "name_asked"):
                return self._answer(asked, question)
        if topic.intent == "date":
            return self._ask_tool(ToolCall("day_of", {"day": slots["spoken"]}))
        if topic.intent in ("opinion", "joke", "cannot", "cannot_do"):
            return self._answer(Understood(topic.intent), question)
        return self._answer(Understood(cast("Intent", slots["else"])), question)

    def _was_answered(self) -> bool:
        """There is something to ask about."""
        return bool(self._topic.said)

    def _quote(self, templates: tuple[str, ...], question: Question) -> list[str]:
        said = {"said": self._topic.said}
        return self._compose(templates, question.persona, said, one=True)

    def _ask_tool(self, call: ToolCall) -> list[str]:
        self._call = call
        self._topic = Topic(None, call=call)
        return []

    # --- intents that need more than their lines ---------------------------------------------

    def _time(self, slots: Mapping[str, str], question: Question) -> list[str]:
        values = {"time": clock.spoken_time(question.now)}
        return self._say("time", question.persona, values, opener=True)

    def _date(self, slots: Mapping[str, str], question: Question) -> list[str]:
        values = _date_values(slots, question)
        if slots.get("offset", "0") == "0":
            return self._say("date", question.persona, values, opener=True)
        return self._compose(_OTHER_DAY, question.persona, values, opener=True)

    def _sum(self, slots: Mapping[str, str], question: Question) -> list[str]:
        outcome = arithmetic.evaluate(slots["expression"], self._result)
        if outcome is None or outcome.value is None:
            return self._say("arithmetic_impossible", question.persona)
        self._operand, self._result = self._result, outcome.value
        values = {"result": spoken_result(outcome.value)}
        self._topic = replace(self._topic, slots={**slots, **values})
        return self._say("arithmetic", question.persona, values, opener=True)

    def _learn_name(self, slots: Mapping[str, str], question: Question) -> list[str]:
        self.knowledge.learn_name(slots["name"])
        return self._say("name_learned", question.persona, {"user": slots["name"]}, opener=True)

    def _recall_name(self, slots: Mapping[str, str], question: Question) -> list[str]:
        if not self.knowledge.name:
            return self._of_fact("name_unknown", question)
        self._topic = replace(self._topic, intent="name_known")
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
            return self._of_fact("fact_unknown", question, subject=slots["subject"])
        self._topic = replace(self._topic, intent="fact_known", slots={"fact": fact.text})
        return self._say("fact_known", question.persona, {"fact": fact.text}, opener=True)

    def _recall_all(self, slots: Mapping[str, str], question: Question) -> list[str]:
        known = self.knowledge.sentences()[-8:]
        if not known:
            return self._of_fact("fact_unknown", question, subject="yourself")
        listed = spoken_list(known)
        self._topic = replace(self._topic, intent="fact_known", slots={"fact": listed})
        return self._say("fact_known", question.persona, {"fact": listed}, opener=True)

    def _of_fact(
        self, key: Literal["name_unknown", "fact_unknown"], question: Question, **values: str
    ) -> list[str]:
        self._topic = replace(self._topic, intent=key)
        return self._say(key, question.persona, values)

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

    def _limited(self, part: Understood, question: Question) -> list[str]:
        """What is not done here, and once, what would do it. An order is refused in the persona's
        own words, as any other is."""
        said, *further = question.limits
        if part.intent == "cannot_do" and further:
            pieces = self._say("cannot_do", question.persona)
        else:
            pieces = self._compose((said,), question.persona, {})
        pieces += [each for each in further if each not in self._told_once]
        self._told_once.update(further)
        return pieces

    def _comfort(self, slots: Mapping[str, str], question: Question) -> list[str]:
        return self._compose(_DISTRESS, question.persona, {})

    def _see_nothing(self, slots: Mapping[str, str], question: Question) -> list[str]:
        return self._compose(_NO_EYES, question.persona, {})

    def _repeat(self, slots: Mapping[str, str], question: Question) -> list[str]:
        said = [m.text for m in question.history if m.role == "assistant" and m.text.strip()]
        if not said:
            return self._say("repeat_nothing", question.persona)
        return self._compose((said[-1].replace("{", "("),), question.persona, {}, opener=True)

    def _from_tool(self, question: Question) -> list[str]:
        """A tool's result that came without words of its own is said as it is, if it is short."""
        text = " ".join(question.history[-1].text.split())
        text = re.sub(r"^\w+ → (?:error: )?", "", text)
        self._topic = replace(self._topic, said=text)
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
        templates: Sequence[str],
        persona: Persona,
        values: Mapping[str, str],
        *,
        opener: bool = False,
        one: bool = False,
    ) -> list[str]:
        user, opener = self.knowledge.name, opener and not self._plainly
        return self._composer.compose(templates, persona, values, user, opener=opener, one=one)


def _date_values(slots: Mapping[str, str], question: Question) -> dict[str, str]:
    offset = int(slots.get("offset", "0"))
    day = clock.day_word(offset)
    return {
        "date": clock.spoken_date(question.now, offset=offset, year="year" in slots),
        "day": day,
        "Day": day.capitalize(),
        "is": "was" if offset < 0 else "is",
    }


def _fact(slots: Mapping[str, str]) -> Fact:
    return Fact(slots["key"], slots["subject"], slots["fact"])


def _what(slots: Mapping[str, str]) -> str:
    return slots.get("what") or slots.get("mine") or slots.get("about") or "that"


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
    "no_eyes": ScriptedBrain._see_nothing,
    "repeat": ScriptedBrain._repeat,
    "exchange": ScriptedBrain._exchange,
    "why": ScriptedBrain._why,
    "more": ScriptedBrain._more,
    "sure": ScriptedBrain._sure,
    "wrong": ScriptedBrain._wrong,
    "meant": ScriptedBrain._meant,
    "which": ScriptedBrain._which,
    "said_before": ScriptedBrain._said_before,
    "me_too": ScriptedBrain._me_too,
    "another": ScriptedBrain._another,
    "instead": ScriptedBrain._instead,
}
_TELLING_MORE: frozenset[Intent] = frozenset({"another", "more", "why", "instead"})
"""Of those that leave the topic as it is: what is said then is asked about next."""
_LOOKED_UP: frozenset[Intent | None] = frozenset({"time", "date", "fact_known", "name_known"})
_ABOUT_USER: frozenset[Intent | None] = frozenset(
    {"fact_known", "name_known", "fact_unknown", "name_unknown"}
)
