"""What is remembered, as it is told to the user: "Your cat is called Pixel.", once, and what is
over as something that was.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date

from assistant.memory.base import Found, Memory
from assistant.memory.dates import DATE_OF, When, parse_iso
from assistant.memory.oblivion import Doomed
from assistant.memory.profile import Item, Profile, Question
from assistant.memory.telling import first_person, second_person, sentence, third_person
from assistant.memory.wording import gist

_YOU_ARE = (("you are", "I am"), ("you're", "I am"), ("you were", "I was"), ("yourself", "myself"))
_TO_YOU = re.compile(
    r"\b(to|for|with|of|about|at|from|by|than|on|calls?|loves?|likes?|hates?|knows?|visits?) you\b",
    re.IGNORECASE,
)


def told(memory: Memory, who: str, today: date) -> str:
    """A whole sentence, said to the user, whose name is `who`."""
    return sentence(second_person(as_of(memory, who, today), who))


def as_of(memory: Memory, who: str, today: date) -> str:
    """Its sentence, in the third person; of an appointment that is over: that it was."""
    claim = memory.claim
    if claim is None or not claim.attribute.startswith(DATE_OF):
        return memory.text
    days = parse_iso(claim.value)
    if days is None or days[1] >= today:
        return memory.text
    what = claim.attribute.removeprefix(DATE_OF)
    whose = "" if re.match(r"\w+ing\b", what) else f"{who or 'The user'}'s "
    time = claim.value.partition(" ")[2]
    day = When(*days, 0, 0).spoken
    return sentence(f"{whose}{what} was {day} {time}")


def in_third_person(text: str, who: str) -> str:
    """What a person wrote of themselves, or to themselves: "Your cat is called Pixel" → "The user's
    cat is called Pixel."; what is in the third person already stays."""
    if re.search(r"\byou(?:rs?|rself|'re)?\b", text, re.IGNORECASE) is None:
        return text
    for you, me in _YOU_ARE:
        text = re.sub(rf"\b{you}\b", me, text, flags=re.IGNORECASE)
    text = re.sub(r"\byour\b", "my", text, flags=re.IGNORECASE)
    text = re.sub(r"\byours\b", "mine", text, flags=re.IGNORECASE)
    text = _TO_YOU.sub(r"\1 me", text)
    return third_person(re.sub(r"\byou\b", "I", text, flags=re.IGNORECASE), who)


def as_said(memory: Memory, who: str, today: date) -> str:
    """As the user would say it: "my parrot is called Picasso"."""
    return first_person(as_of(memory, who, today), who)


def once(memories: Iterable[Memory]) -> list[Memory]:
    """Those that say something new, in their order; of two that say the same, the one with a claim,
    then the surer one."""
    memories = list(memories)
    who = name_in(memories)
    best: dict[object, Memory] = {}
    for memory in memories:
        key = gist(memory.text, who)
        held = best.get(key)
        if held is None:
            best[key] = memory
        elif _rank(memory) > _rank(held):
            best[key] = memory  # in the place of the other
    return list(best.values())


def name_in(memories: Iterable[Memory]) -> str:
    """The user's name, as they told it last; `memories` are newest first."""
    claims = (memory.claim for memory in memories if memory.claim is not None)
    return next((c.value for c in claims if (c.subject, c.attribute) == ("user", "name")), "")


def told_memory(memory: Memory, who: str, today: date) -> Memory:
    return replace(memory, text=told(memory, who, today))


def told_found(found: Found, who: str, today: date) -> Found:
    """A turn stays as it was said."""
    if found.memory is None:
        return found
    memory = told_memory(found.memory, who, today)
    return replace(found, text=memory.text, memory=memory)


def told_hits(found: Sequence[Found], who: str, today: date) -> list[Found]:
    """What a search has found, each thing once."""
    kept = {memory.id for memory in once(hit.memory for hit in found if hit.memory is not None)}
    return [
        told_found(hit, who, today) for hit in found if hit.memory is None or hit.memory.id in kept
    ]


def told_profile(profile: Profile, who: str, today: date) -> Profile:
    sections = {
        title: tuple(
            Item(item.memory, item.history, told(item.memory, who, today)) for item in items
        )
        for title, items in profile.sections.items()
    }
    questions = tuple(
        Question(each.text, tuple(told_memory(m, who, today) for m in each.memories))
        for each in profile.questions
    )
    return Profile(sections, questions)


def told_doomed(doomed: Doomed, who: str, today: date) -> Doomed:
    return replace(doomed, memories=tuple(told_memory(m, who, today) for m in doomed.memories))


def _rank(memory: Memory) -> tuple[bool, float]:
    return memory.claim is not None, memory.confidence
