"""Candidates: what a judge makes of a turn, memories that have no place yet, and what it will not
keep.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from rapidfuzz.fuzz import ratio

from assistant.language.lexicon import FEELING
from assistant.memory.base import Category, Claim, Memory, Turn


@dataclass(frozen=True, slots=True)
class Candidate:
    """A memory before it has an id and a journal."""

    text: str
    category: Category
    turn: int
    """Number of the user's turn it was made of."""
    confidence: float = 0.8
    people: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    claim: Claim | None = None
    asked: bool = False
    """The user asked for it to be remembered."""
    weighty: bool = False
    """Worth writing down at once."""
    corrects: bool = False
    """Told as a correction: "no, it is called …", "actually …"."""
    commitment: bool = False
    """Somebody undertook to do something."""

    def placed(self, id: str, journal: str, persona: str, at: datetime) -> Memory:
        """The memory it becomes."""
        return Memory(
            id=id,
            text=self.text,
            category=self.category,
            at=at,
            persona=persona,
            turn=self.turn,
            journal=journal,
            confidence=self.confidence,
            people=self.people,
            topics=self.topics,
            claim=self.claim,
        )


@dataclass(frozen=True, slots=True)
class RefusedCandidate:
    """Something that is not kept, although the user may have asked for it."""

    reason: str
    """What it is: "a card number", "a password"."""
    turn: int
    asked: bool = False

    def sentence(self) -> str:
        """To be said to the user."""
        return f"I do not keep {self.reason}. A password manager is the right place for it."


Outcome = Candidate | RefusedCandidate


class Judge(Protocol):
    """Decides what of a turn is remembered. `who` is the user's name, "" where unknown."""

    def judge(self, turn: Turn, who: str = "") -> Sequence[Outcome]: ...


# What a turn shows without telling it: its topics, by the words that give them away, for
# filters and for the head of a journal; a mood; or that it is none of the user's.

_WORDS = {
    "work": "work works working job boss office colleague company career meeting deadline project "
    "client interview promotion salary shift profession workplace team",
    "study": "study studies studying exam exams university school college course class thesis "
    "degree homework lecture learn learns learning teacher student",
    "family": "sister brother mother father mum mom dad wife husband son daughter uncle aunt "
    "cousin grandmother grandfather parents kids children family baby niece nephew grandma grandpa",
    "friends": "friend friends flatmate roommate neighbour neighbor",
    "love": "girlfriend boyfriend partner date wedding married engaged divorced anniversary",
    "pets": "dog cat parrot hamster rabbit horse bird puppy kitten pet pets fish tortoise budgie",
    "health": "doctor dentist hospital surgery allergic allergy diabetes asthma migraine sick ill "
    "medicine therapy diet sleep insomnia pregnant health operation",
    "travel": "fly flies flying flight trip travel travels travelling holiday vacation airport "
    "train journey visit visits abroad hotel",
    "home": "live lives house flat apartment moved moving garden kitchen renovating rent home",
    "food": "cook cooking eat eats vegan vegetarian food recipe coffee tea chocolate pizza "
    "restaurant baking breakfast dinner lunch cheese wine beer",
    "music": "music guitar piano violin band song concert sing singing jazz album drums choir "
    "recital orchestra",
    "sport": "run runs running marathon swim swimming football tennis gym yoga cycling climbing "
    "hiking race training match basketball skiing",
    "books and films": "book books novel reading film films movie series cinema poetry",
    "games": "game games chess gaming",
    "money": "money saving savings mortgage bank loan debt budget tax",
    "technology": "computer code programming software app robot linux python phone",
    "nature": "hike forest mountain mountains sea beach lake bird plants",
}
_TOPIC = {word: topic for topic, words in _WORDS.items() for word in words.split()}


def topics_of(text: str, limit: int = 3) -> tuple[str, ...]:
    """At most `limit` topics, most mentioned first."""
    counts: dict[str, int] = {}
    for word in re.findall(r"[a-z]+", text.lower()):
        if topic := _TOPIC.get(word):
            counts[topic] = counts.get(topic, 0) + 1
    return tuple(sorted(counts, key=lambda topic: -counts[topic])[:limit])


ECHO = 85.0
"""Likeness (0…100) from which a user's turn is the assistant's words said back."""
_MOOD = re.compile(
    rf"\bI(?: am| feel| have been|['’]m)(?: \w+)? (?P<mood>{FEELING}|tired|exhausted|good|great|"
    r"fine|bad|terrible|awful|wonderful|bored|calm)\b",
    re.IGNORECASE,
)


def mood_of(text: str) -> str:
    """ "tired"; "" where none is told."""
    match = _MOOD.search(text)
    return match["mood"].lower() if match else ""


def is_echo(text: str, lately: Iterable[Turn]) -> bool:
    """Whether these words are the assistant's among the last turns, which the microphone heard."""
    said = [turn.text for turn in lately if turn.side == "agent"]
    long = len(text.split()) >= 4
    return long and any(ratio(text.lower(), words.lower()) >= ECHO for words in said)
