"""From a turn's text to what it asks for: a list of intents with their slots.

What the persona's own file knows goes first, but for what must never be missed: despair, and the
orders to stop and to forget. A wrong guess is worse than none: whatever matches no pattern as a
whole becomes `cannot` (a question), `cannot_do` (an order), `statement` (something told) or
`not_understood`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from assistant.brain.scripted import feelings, follow_ups, knowledge, remarks, requests
from assistant.brain.scripted.intents import Intent, vague
from assistant.brain.scripted.politeness import forms, name_pattern, without_name
from assistant.brain.scripted.world import World, world_of
from assistant.language import arithmetic
from assistant.language.lexicon import NAMED_DAYS
from assistant.language.numbers import read_number
from assistant.language.person import name_told
from assistant.language.tokens import Sentence, Word, sentences
from assistant.personas.loading import Persona

MAX_INTENTS = 3
"""Of one turn; more is a speech, and the first requests count."""
_MAX_WORDS = 40
"""A sentence longer than this matches no pattern."""


@dataclass(frozen=True, slots=True)
class Understood:
    """One thing a turn asks for."""

    intent: Intent
    slots: Mapping[str, str] = field(default_factory=dict)


VAGUE: frozenset[Intent] = frozenset({"cannot", "cannot_do", "statement", "not_understood"})
"""Intents that say only that nothing better was found."""
SOCIAL: frozenset[Intent] = frozenset(
    {"hello", "thanks", "apology", "yes", "no", "compliment", "mood_good", "insult"}
)
"""Intents that ask for no answer of their own where a request stands beside them."""

_GREETING = re.compile(
    r"(?:hello(?: there| again)?|hi(?: there| again)?|hiya|howdy|greetings|good (?:morning|"
    r"afternoon|evening|day)|hey there)(?= )"
)
_GUESS = re.compile(r"(?:\w+ )?(?:i (?:think|guess|believe|suppose|know|hope|bet|mean)|maybe) ")
_QUOTING = re.compile(
    r"(?<!\bi )\b(said|says|saying|said only|shouted|wrote|told (?:me|us|him|her|them)|"
    r"reads?)\s*:\s+",
    re.IGNORECASE,
)
"""Before what somebody else said, which asks for nothing."""
_CALLS = frozenset({"hey", "yo", "oh hey"})
_MORE = frozenset({"and", "also", "plus", "then", "but"})
_FIRST: frozenset[Intent] = frozenset({"distress", "forget", "stopped"})
"""Intents that no exchange of a persona's may hide."""
_NOWHERE = World(())


def understand(text: str, names: Sequence[str] = (), world: World = _NOWHERE) -> list[Understood]:
    """What a turn asks for, in its order; at least one entry, at most `MAX_INTENTS`.

    `names` are what the user may call the persona ("Jarvis"): taken off where they are vocatives.
    `world`: the persona's exchanges, which become "exchange" with their `number`.
    """
    ear = _Ear(name_pattern(names), world)
    heard = sentences(_QUOTING.sub(r"\1 that ", text))
    if len(heard) > 1 and (number := _whole(heard, ear)) is not None:
        return [_exchange(number)]
    found: list[Understood] = []
    for sentence in heard:
        found += _sentence(sentence, ear)
    return _settle(found)


def understand_for(text: str, persona: Persona) -> list[Understood]:
    """The same as said to this persona."""
    return understand(text, [name for _, name in persona.names()], world_of(persona))


@dataclass(frozen=True, slots=True)
class _Ear:
    """Whom a turn is said to."""

    called: re.Pattern[str] | None
    world: World


def _whole(heard: Sequence[Sentence], ear: _Ear) -> int | None:
    """The exchange that all sentences of a turn begin together: "Open the doors. Please, HAL."."""
    words = [word for sentence in heard for word in sentence.words]
    if len(words) > _MAX_WORDS or any(_in_table(sentence, _FIRST) for sentence in heard):
        return None
    return _own(Sentence(words), ear)


def _own(sentence: Sentence, ear: _Ear) -> int | None:
    """The exchange that exactly this begins, with or without the persona's name and courtesies."""
    if (number := ear.world.find(sentence.text)) is not None:
        return number
    for form in forms(without_name(sentence, ear.called)):
        if (number := ear.world.find(form.text)) is not None:
            return number
    return None


def _exchange(number: int) -> Understood:
    return Understood("exchange", {"number": str(number)})


def prepare(persona: Persona | None = None) -> None:
    """Do beforehand, in any thread, what the first turn (to this persona) would have to wait
    for."""
    understand("nothing that any pattern knows")
    if persona is not None:
        world_of(persona)


def _settle(found: list[Understood]) -> list[Understood]:
    """Keep what matters: vague parts give way to requests, repetitions go."""
    if not found:
        return [Understood("not_understood")]
    if despair := [part for part in found if part.intent == "distress"]:
        return despair[:1]
    clear = [part for part in found if part.intent not in VAGUE]
    asked = [part for part in clear if part.intent not in SOCIAL]
    unclear = [part for part in found if part.intent in VAGUE]
    doubt = [part for part in unclear if part.intent in ("cannot", "cannot_do")]
    kept = found
    if asked:
        # A greeting is returned before the answer; other courtesies beside a request are not.
        greeting = [part for part in found[:1] if part.intent == "hello"]
        kept = greeting + asked + doubt[:1]
    elif doubt:
        kept = [part for part in found[:1] if part.intent == "hello"] + doubt[:1]
    elif clear:
        kept = [part for part in clear if part.intent not in ("yes", "no")] or clear
    else:
        stated = [part for part in unclear if part.intent == "statement"]
        kept = (stated or unclear)[:1]
    unique: list[Understood] = []
    for part in kept:
        if part not in unique:
            unique.append(part)
    return unique[:MAX_INTENTS]


def _sentence(sentence: Sentence, ear: _Ear) -> list[Understood]:
    """One sentence: whole if it is known as such, else in its parts, else vague."""
    short = 0 < len(sentence) <= _MAX_WORDS and not _in_table(sentence, _FIRST)
    if short and (number := _own(sentence, ear)) is not None:
        return [_exchange(number)]
    sentence = without_name(sentence, ear.called)
    if not len(sentence):
        return [Understood("hello")]
    if len(sentence) > _MAX_WORDS:
        return [Understood(vague(sentence))]
    if parts := _split(sentence, ear):
        return parts
    if clear := _clear(sentence, ear):
        return clear
    if match := _GREETING.match(sentence.text):
        rest = sentence.part(len(sentence.span(0, match.end())))
        return [Understood("hello"), *_sentence(rest, ear)]
    for form in forms(sentence):
        if (number := ear.world.resembling(form)) is not None:
            return [_exchange(number)]
    if instead := follow_ups.instead(sentence):
        return [Understood("instead", instead | {"else": vague(sentence)})]
    return [Understood(vague(sentence))]


_Seen = dict[tuple[tuple[Word, ...], frozenset[int]], list[Understood]]


def _split(sentence: Sentence, ear: _Ear, seen: _Seen | None = None) -> list[Understood]:
    """The parts of "what time is it and tell me a joke", if every part is known by itself.

    `seen` keeps what was found for each tail: without it "yes and yes and yes and …" takes twice
    as long for every "and" more.
    """
    seen = {} if seen is None else seen
    joints = [
        at
        for at in range(1, len(sentence) - 1)
        if at in sentence.breaks or sentence.words[at].norm == "and"
    ]
    for joint in joints:
        second = joint
        while second < len(sentence) - 1 and sentence.words[second].norm in _MORE:
            second += 1
        left = without_name(sentence.part(0, joint), ear.called)
        right = without_name(sentence.part(second), ear.called)
        if right.text in ("you", "yourself"):
            right = sentence.part(joint)
        if not len(left) or not len(right) or _leftover(right):
            continue
        key = right.words, right.breaks
        if key not in seen:
            seen[key] = _split(right, ear, seen) or _clear(right, ear)
        rest = seen[key]
        if not rest and joint not in sentence.breaks:
            continue
        # "Hey" before a request only calls; it greets where it stands alone.
        first = [] if left.text in _CALLS else _clear(left, ear)
        if not first and left.text not in _CALLS:
            continue
        if not rest and all(u.intent in SOCIAL for u in first):
            rest = [Understood(vague(right))]
        if rest:
            return first + rest
    return []


def _leftover(part: Sentence) -> bool:
    """A tail that is only a word or two belongs to the part before ("Tom, Dick and Harry")."""
    return len(part) == 1 and part.text not in ("help", "bye", "goodbye", "thanks")


def _clear(sentence: Sentence, ear: _Ear) -> list[Understood]:
    """What a sentence asks for with the politeness taken off step by step; empty if unknown."""
    if not _in_table(sentence, _FIRST) and (number := _own(sentence, ear)) is not None:
        return [_exchange(number)]
    guess = _GUESS.match(sentence.text) is not None
    for form in forms(sentence):
        if found := _match(form, ear, guess=guess):
            return found
    return []


def _in_table(sentence: Sentence, intents: frozenset[Intent]) -> bool:
    return any(
        pattern.fullmatch(sentence.text) for intent, pattern in _table() if intent in intents
    )


@cache
def _table() -> tuple[tuple[Intent, re.Pattern[str]], ...]:
    """In order: the first that matches a whole sentence wins.

    Compiling takes some 50 ms, so it waits for the first turn, or for `prepare`.
    """
    return tuple(
        (intent, re.compile("|".join(f"(?:{text})" for text in texts)))
        for intent, texts in feelings.TABLE + follow_ups.TABLE + remarks.TABLE + requests.TABLE
    )


def _match(sentence: Sentence, ear: _Ear, *, guess: bool) -> list[Understood]:
    """The first reading of exactly these words; whoever guesses gives no name ("I think it's
    Madrid")."""
    text = sentence.text
    if not guess and (named := name_told(sentence)):
        name, rest = named
        return [Understood("name_told", {"name": name}), *(_clear(rest, ear) if rest else [])]
    if arithmetic.evaluate(text) is not None:
        return [Understood("arithmetic", {"expression": text})]
    for intent, pattern in _table():
        if match := pattern.fullmatch(text):
            slots = {key: value for key, value in match.groupdict().items() if value}
            if intent == "date" and slots.get("when") and days(slots["when"]) is None:
                continue
            return [Understood(intent, _date_slots(slots) if intent == "date" else slots)]
    if query := knowledge.asked(sentence):
        return [Understood("fact_asked", {"keys": "|".join(query.keys), "subject": query.subject})]
    if fact := knowledge.told(sentence):
        slots = {"key": fact.key, "subject": fact.subject, "fact": fact.text}
        return [Understood("fact_told", slots)]
    if arithmetic.evaluate(text, Fraction(1)) is not None:
        return [Understood("arithmetic_more", {"expression": text})]
    return []


def _date_slots(slots: dict[str, str]) -> dict[str, str]:
    if "when" in slots:
        return {"offset": str(days(slots["when"]))}
    return {"year": "yes"} if slots.get("unit") == "year" else {}


def days(when: str) -> int | None:
    """ "the day after tomorrow" → 2, "three days ago" → -3; None: beyond a year or no number."""
    when = when.removesuffix("'s")
    if (offset := NAMED_DAYS.get(when, NAMED_DAYS.get(f"the {when}"))) is not None:
        return offset
    words = when.replace("from now", "").split()
    back = words[-1] == "ago"
    words = [word for word in words if word not in ("in", "ago", "day", "days")]
    read = read_number(["one"] if words == ["a"] else words)
    if read is None or read[1] < len(words) or read[0].denominator != 1 or read[0] > 366:
        return None
    return -int(read[0]) if back else int(read[0])
