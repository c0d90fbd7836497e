"""A turn in the pieces that each tell one thing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from assistant.language.clock import find_clock
from assistant.language.dates import find_date
from assistant.language.lexicon import CAPITALISED, HESITATION, OFTEN, TELLING_LEAD_INS
from assistant.language.person import plain, third_person
from assistant.memory.base import Category, Claim
from assistant.memory.extraction.candidates import Candidate, topics_of

_SENTENCES = re.compile(
    r"(?<=[.!?;…])(?<!\bDr\.)(?<!\bMr\.)(?<!\bMs\.)(?<!\bSt\.)(?<!\bMrs\.)(?<!\bProf\.)"
    r"(?<!\b[ap]\.m\.)\s+|\n+|\s[-–—]+\s"
)
_PARTS = re.compile(
    r",? (?:and|but|so|because)(?: also| (?:these|those) days| now| today)? "
    r"(?=(?:I|my|our|we) )(?!I are\b)"
    r"|,? and (?=(?-i:[A-Z])\w+ is )"
    r"|, (?=(?:I|my|our) (?!\w+,))"
    r"|,? but |, (?:so )?that is why |, which "
    r"|,? and (?=(?:he|she|it|his|her|its) )",
    re.IGNORECASE,
)
_LEAD = re.compile(
    rf"(?:(?:{HESITATION}|oh my god|{TELLING_LEAD_INS}|yep|nope|ok|you know(?: what)?|guess what"
    r"|btw|in fact|frankly|basically|obviously|correction|hi|hello|fun fact|fyi|for the record"
    r"|just so you know(?: that)?|i (?:forgot|wanted|have) to (?:say|mention|tell you)(?: that)?"
    r"|i (?:already )?told you(?: that)?|as i said|like i said|i should (?:say|mention)(?: that)?"
    r"|this is(?= (?:my|our) [\w -]{2,30} (?-i:[A-Z]))"
    r"|(?:good )?(?:morning|evening|afternoon)|unfortunately|luckily|fortunately|sadly|finally"
    r"|good news|bad news|nice to meet you|it is true(?: that)?)\b[,.:!…-]*\s+)",
    re.IGNORECASE,
)
_FILLER = re.compile(rf"(?<=\s)(?:{HESITATION}|like,|you know,|i mean,)\s+", re.IGNORECASE)
_OFTEN_FIRST = re.compile(
    rf"(?P<day>(?:{OFTEN})\b[^,]{{0,40}}?,? )(?=(?:I|we|my|our|there) )", re.IGNORECASE
)
_CORRECTING = re.compile(
    r"(?:no|nope|wait|sorry|actually|correction|i mean|i meant|wrong|not quite)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing told, with opened contractions and without lead-in or closing stop."""

    text: str
    turn: int
    today: date
    who: str = ""
    corrects: bool = False
    """Begins with "no", "actually", "sorry"."""

    @property
    def dated(self) -> str:
        """Its words, with the day that they name written out."""
        when = find_date(self.text, self.today)
        if when is None:
            return self.text
        return f"{self.text[: when.start].rstrip()} {when.spoken}{self.text[when.end :]}"

    @property
    def names(self) -> tuple[str, ...]:
        """Capitalised words that stand within it, and are no days or months."""
        found = re.findall(r"(?<=[a-z,] )[A-Z][a-z]+\b", self.text)
        return tuple(name for name in found if name.lower() not in CAPITALISED)

    def draft(
        self,
        category: Category,
        claim: tuple[str, str, str] | None = None,
        *,
        text: str | None = None,
        people: tuple[str, ...] = (),
        confidence: float = 0.8,
        weighty: bool = False,
        commitment: bool = False,
    ) -> Candidate:
        """A memory of this clause; `text` instead of its own words, still the user's."""
        told = third_person(self.dated if text is None else text, self.who)
        return Candidate(
            text=told,
            category=category,
            turn=self.turn,
            confidence=confidence,
            people=people,
            topics=topics_of(told),
            claim=Claim(*(_neutral(each) for each in claim)) if claim else None,
            weighty=weighty,
            corrects=self.corrects,
            commitment=commitment,
        )


def _neutral(words: str) -> str:
    """ "a place near me" → "a place near them"."""
    for own, other in (("my|our", "their"), ("me|us", "them"), ("i|we", "they")):
        words = re.sub(rf"\b(?:{own})\b", other, words, flags=re.IGNORECASE)
    return words.replace("they was", "they were").replace("they am", "they are")


def sentences_of(text: str) -> list[str]:
    """Sentences with opened contractions, each with its closing mark."""
    return [piece.strip() for piece in _SENTENCES.split(plain(text)) if piece.strip()]


def without_lead(text: str) -> tuple[str, bool]:
    """A sentence without "well", "by the way"; and whether its lead-in announced a correction."""
    text = _FILLER.sub("", text)
    corrects = False
    while match := _LEAD.match(text):
        corrects = corrects or bool(_CORRECTING.match(match.group()))
        text = text[match.end() :]
    return text, corrects


def day_last(text: str, today: date) -> str:
    """ "Next week I fly to Oslo" → "I fly to Oslo next week"; "every Tuesday" and "at 3" alike."""
    often = _OFTEN_FIRST.match(text)
    if often is not None:
        return f"{text[often.end() :]} {often['day'][:1].lower()}{often['day'][1:].rstrip(', ')}"
    when = find_date(text, today)
    if when is None or when.start or not text[when.end :].strip(" ,"):
        return text
    end = when.end
    clock = find_clock(text[end:])
    if clock is not None and not text[end : end + clock.start].strip(" ,"):
        end += clock.end
    day = text[:end]
    return f"{text[end:].strip(' ,')} {day[:1].lower()}{day[1:]}"


def parts_of(sentence: str) -> Iterator[str]:
    """ "I am a nurse and I live in Oslo" → its two halves."""
    for part in _PARTS.split(sentence):
        if part and part.strip():
            yield part.strip()
