"""From a turn's text to what it asks for: a list of intents with their slots.

A wrong guess is worse than none: whatever matches no pattern as a whole becomes `cannot` (a
question or an order), `statement` (something told) or `not_understood`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

from assistant.brain.scripted import knowledge, remarks, requests
from assistant.brain.scripted.intents import Intent, vague
from assistant.brain.scripted.politeness import forms, name_pattern, without_name
from assistant.language import arithmetic
from assistant.language.lexicon import NAMED_DAYS
from assistant.language.numbers import read_number
from assistant.language.person import name_told
from assistant.language.tokens import Sentence, Word, sentences

MAX_INTENTS = 3
"""Of one turn; more is a speech, and the first requests count."""
_MAX_WORDS = 40
"""A sentence longer than this matches no pattern."""


@dataclass(frozen=True, slots=True)
class Understood:
    """One thing a turn asks for."""

    intent: Intent
    slots: Mapping[str, str] = field(default_factory=dict)


VAGUE: frozenset[Intent] = frozenset({"cannot", "statement", "not_understood"})
"""Intents that say only that nothing better was found."""
SOCIAL: frozenset[Intent] = frozenset(
    {"hello", "thanks", "apology", "yes", "no", "compliment", "mood_good", "insult"}
)
"""Intents that ask for no answer of their own where a request stands beside them."""

_GREETING = re.compile(
    r"(?:hello(?: there| again)?|hi(?: there| again)?|hiya|howdy|greetings|good (?:morning|"
    r"afternoon|evening|day)|hey there)(?= )"
)
_CALLS = frozenset({"hey", "yo", "oh hey"})
_MORE = frozenset({"and", "also", "plus", "then", "but"})


def understand(text: str, names: Sequence[str] = ()) -> list[Understood]:
    """What a turn asks for, in its order; at least one entry, at most `MAX_INTENTS`.

    `names` are what the user may call the persona ("Jarvis"): taken off where they are vocatives.
    """
    called = name_pattern(names)
    found: list[Understood] = []
    for sentence in sentences(text):
        found += _sentence(sentence, called)
    return _settle(found)


def prepare() -> None:
    """Do beforehand, in any thread, what the first turn would have to wait for."""
    understand("nothing that any pattern knows")


def _settle(found: list[Understood]) -> list[Understood]:
    """Keep what matters: vague parts give way to requests, repetitions go."""
    if not found:
        return [Understood("not_understood")]
    clear = [part for part in found if part.intent not in VAGUE]
    asked = [part for part in clear if part.intent not in SOCIAL]
    unclear = [part for part in found if part.intent in VAGUE]
    doubt = [part for part in unclear if part.intent == "cannot"]
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


def _sentence(sentence: Sentence, called: re.Pattern[str] | None) -> list[Understood]:
    """One sentence: whole if it is known as such, else in its parts, else vague."""
    sentence = without_name(sentence, called)
    if not len(sentence):
        return [Understood("hello")]
    if len(sentence) > _MAX_WORDS:
        return [Understood(vague(sentence))]
    if parts := _split(sentence, called):
        return parts
    if clear := _clear(sentence):
        return clear
    if match := _GREETING.match(sentence.text):
        rest = sentence.part(len(sentence.span(0, match.end())))
        return [Understood("hello"), *_sentence(rest, called)]
    return [Understood(vague(sentence))]


_Seen = dict[tuple[tuple[Word, ...], frozenset[int]], list[Understood]]


def _split(
    sentence: Sentence, called: re.Pattern[str] | None, seen: _Seen | None = None
) -> list[Understood]:
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
        left = without_name(sentence.part(0, joint), called)
        right = without_name(sentence.part(second), called)
        if right.text in ("you", "yourself"):
            right = sentence.part(joint)
        if not len(left) or not len(right) or _leftover(right):
            continue
        key = right.words, right.breaks
        if key not in seen:
            seen[key] = _split(right, called, seen) or _clear(right)
        rest = seen[key]
        if not rest and joint not in sentence.breaks:
            continue
        # "Hey" before a request only calls; it greets where it stands alone.
        first = [] if left.text in _CALLS else _clear(left)
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


def _clear(sentence: Sentence) -> list[Understood]:
    """What a sentence asks for with the politeness taken off step by step; empty if unknown."""
    for form in forms(sentence):
        if found := _match(form):
            return found
    return []


@cache
def _table() -> tuple[tuple[Intent, re.Pattern[str]], ...]:
    """In order: the first that matches a whole sentence wins.

    Compiling takes some 50 ms, so it waits for the first turn, or for `prepare`.
    """
    return tuple(
        (intent, re.compile("|".join(f"(?:{text})" for text in texts)))
        for intent, texts in remarks.TABLE + requests.TABLE
    )


def _match(sentence: Sentence) -> list[Understood]:
    """The first reading of exactly these words."""
    text = sentence.text
    if named := name_told(sentence):
        name, rest = named
        return [Understood("name_told", {"name": name}), *(_clear(rest) if rest else [])]
    if arithmetic.evaluate(text) is not None:
        return [Understood("arithmetic", {"expression": text})]
    for intent, pattern in _table():
        if match := pattern.fullmatch(text):
            slots = {key: value for key, value in match.groupdict().items() if value}
            if intent == "date" and slots.get("when") and _days(slots["when"]) is None:
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
        return {"offset": str(_days(slots["when"]))}
    return {"year": "yes"} if slots.get("unit") == "year" else {}


def _days(when: str) -> int | None:
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
