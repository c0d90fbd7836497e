"""How the user has been: what lifts and what weighs, by person and topic, from journals alone.

Nothing is kept for it: it is read anew from what was said whenever somebody asks, so that what is
corrected or forgotten in a journal is corrected or forgotten here. It counts, and never concludes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from assistant.emotion.corrections import corrected
from assistant.emotion.feeling import Kind
from assistant.emotion.words import REPEATED, WordReading, read
from assistant.language.lexicon import CAPITALISED, WHICH_KIN, spoken_list
from assistant.language.numbers import cardinal
from assistant.memory.base import Journal, MemoryStore, Turn
from assistant.memory.extraction.candidates import topics_of

Sign = Literal["lifts", "weighs", ""]
_SIGNS: dict[Kind, Sign] = {
    "excited": "lifts",
    "calm": "lifts",
    "sad": "weighs",
    "tired": "weighs",
    "frustrated": "weighs",
    "confused": "",
}
_AT_THE_ASSISTANT = (REPEATED, "frustrated: corrects the assistant", "frustrated: told before")
"""Signs of a quarrel with the assistant, which is no part of the user's life."""
_LOOKED_BACK = 3
"""The user's turns in which he may take back how he seemed."""
LEAST = 2
"""Times from which something is a pattern."""
_TOLD = 3
"""Patterns of either kind that are read out."""
_KIN = re.compile(rf"\b(?:my|our) (?P<who>{WHICH_KIN})\b", re.IGNORECASE)
_NAME = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+\b")


@dataclass(frozen=True, slots=True)
class FeelingSeen:
    """A feeling in a turn of the user's."""

    kind: Kind
    at: datetime
    about: tuple[str, ...]
    """People and topics of the turn: "your sister", "Grace", "work"."""
    text: str
    """What was said."""
    source: str
    """The turn, "JOURNAL#NUMBER"."""

    @property
    def sign(self) -> Sign:
        """Whether it lifts, weighs or neither."""
        return _SIGNS[self.kind]


@dataclass(frozen=True, slots=True)
class Pattern:
    """Somebody or something that feelings of one sign came with, more than once."""

    about: str
    sign: Sign
    seen: tuple[FeelingSeen, ...]


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days."""

    begins: date
    """A Monday."""
    lifts: int
    weighs: int


def feelings_of(
    store: MemoryStore,
    since: datetime,
    *,
    persona: str = "",
    weigh: Callable[[str], float] = lambda name: 1.0,
) -> list[FeelingSeen]:
    """Feelings in what the user said since then, oldest first. `persona`: only what it was told;
    `weigh`: see `words.read`. Raises `MemoryFailure`."""
    found: list[FeelingSeen] = []
    for id in store.journals():
        if not _may_hold(id, since):
            continue
        journal = store.read(id)
        if persona and journal.persona != persona:
            continue
        found += [each for each in _in_journal(journal, weigh) if each.at >= since]
    return sorted(found, key=lambda each: each.at)


def patterns(seen: Sequence[FeelingSeen], least: int = LEAST) -> list[Pattern]:
    """What came with feelings of one sign, at least so often and mostly; the commonest first."""
    by: dict[tuple[str, Sign], list[FeelingSeen]] = {}
    for each in seen:
        for about in each.about if each.sign else ():
            by.setdefault((about, each.sign), []).append(each)
    found = []
    for (about, sign), own in by.items():
        other = by.get((about, "weighs" if sign == "lifts" else "lifts"), [])
        if len(own) >= least and len(own) > len(other):
            found.append(Pattern(about, sign, tuple(own)))
    return sorted(found, key=lambda each: (-len(each.seen), each.about))


def weeks(seen: Sequence[FeelingSeen], today: date, count: int) -> list[Week]:
    """The last so many weeks, the present one last."""
    monday = today - timedelta(days=today.weekday())
    begins = [monday - timedelta(weeks=back) for back in reversed(range(count))]
    made = []
    for begin in begins:
        own = [each for each in seen if begin <= each.at.date() < begin + timedelta(days=7)]
        signs = Counter(each.sign for each in own)
        made.append(Week(begin, signs["lifts"], signs["weighs"]))
    return made


def told(seen: Sequence[FeelingSeen], period: str) -> str:
    """The same to be said aloud; `period`: "this week". What was said, and no more."""
    if not seen:
        return f"You told me nothing of how you felt {period}."
    kinds = Counter(each.kind for each in seen).most_common()
    often = spoken_list([f"{kind} {_times(count)}" for kind, count in kinds])
    sentences = [f"By what you told me {period}, you were {often}."]
    found = patterns(seen)
    for sign, words in (("weighs", "What came with the hard moments"), ("lifts", "With the good")):
        own = [p for p in found if p.sign == sign][:_TOLD]
        if own:
            named = spoken_list([f"{p.about} {_times(len(p.seen))}" for p in own])
            sentences.append(f"{words}: {named}.")
    return " ".join(sentences)


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{cardinal(count)} times")


def _may_hold(journal: str, since: datetime) -> bool:
    """By the day in its name; a conversation may go on for some days."""
    try:
        return date.fromisoformat(journal[:10]) >= since.date() - timedelta(days=3)
    except ValueError:
        return True


def _in_journal(journal: Journal, weigh: Callable[[str], float]) -> Iterator[FeelingSeen]:
    seen: list[tuple[int, FeelingSeen]] = []
    said: list[str] = []
    for turn in journal.turns:
        if turn.side != "user":
            continue
        number = len(said)
        if seen and number - seen[-1][0] <= _LOOKED_BACK and corrected(turn.text, seen[-1][1].kind):
            seen.pop()
        else:
            reading = read(turn.text, said, weigh=weigh)
            if reading.kind is not None and not _is_quarrel(reading):
                seen.append((number, _seen(reading.kind, turn, journal.id)))
        said.append(turn.text)
    yield from (each for _, each in seen)


def _is_quarrel(reading: WordReading) -> bool:
    return all(sign.name in _AT_THE_ASSISTANT for sign in reading.signs)


def _seen(kind: Kind, turn: Turn, journal: str) -> FeelingSeen:
    people = [f"your {match['who'].lower()}" for match in _KIN.finditer(turn.text)]
    people += [name for name in _NAME.findall(turn.text) if name.lower() not in CAPITALISED]
    # A sister is family: one name for it is enough.
    topics = [each for each in topics_of(turn.text) if not (people and each == "family")]
    about = tuple(dict.fromkeys([*people, *topics]))
    return FeelingSeen(kind, turn.at, about, turn.text, f"{journal}#{turn.number}")
