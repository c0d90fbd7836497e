"""Who the user is, made from memories: what holds now, what held before, and what is unclear.

Newer corrects older where it was said to (`replaced_by`), where the older was a guess, or where it
says the same. Two sure claims that do not agree are asked about, not guessed; both are shown.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from assistant.language.dates import DATE_OF
from assistant.language.lexicon import EVENT, OFTEN
from assistant.language.tokens import gist
from assistant.memory.base import Claim, Memory
from assistant.memory.deletion.plan import content_words, plain
from assistant.memory.journal.escaping import escape, escape_block

SURE_ENOUGH = 0.6
"""Confidence from which a claim is not given up for another without asking."""
FACTS = "Facts"
PEOPLE = "People"
PROJECTS = "Projects and goals"
PLANS = "Plans and appointments"
HABITS = "Habits and schedules"
TASTES = "Hobbies and tastes"
NOTES = "The persona's own notes"
SECTIONS = (FACTS, PEOPLE, PLANS, PROJECTS, HABITS, TASTES, NOTES)
QUESTIONS = "To be asked"
BEFORE = "before: "
HINT = (
    "Made from the journals. Correct a line, and it is corrected there; delete one with the line"
    " below it,\nand it is forgotten; add one that begins with “- ”, and it is remembered."
)
_OFTEN = re.compile(rf"\b(?:{OFTEN})\b", re.IGNORECASE)
_DAY = re.compile(r"\b(?:19|20)\d\d\b")
_TO_BE = re.compile(
    rf"\b(?:wants? to remember to|appointment|deadline|birthday|plans? to|going to|{EVENT}"
    r" (?:on|at|is|starts|begins))\b",
    re.IGNORECASE,
)
"""Of what is to come where no date tells it, as a language model may write it."""
_USER = ("user", "the user", "i", "me")
_TASTES = content_words(
    "likes dislikes loves hates enjoys favourite favorite prefers taste hobby hobbies music food"
)
_MANY = content_words(
    "likes dislikes loves hates enjoys hobby hobbies pet friend sibling sister brother child son"
    " daughter cousin colleague project goal plan habit allergy language instrument speaks plays"
    " knows visited interest skill sport has owns note feels feeling mood appointment meeting"
)
"""Attributes that have several values at a time."""


@dataclass(frozen=True, slots=True)
class Item:
    """Something that holds, or is unclear."""

    memory: Memory
    history: tuple[Memory, ...] = ()
    """What it corrected, newest first."""
    told: str = ""
    """The same said to the user, where it is to be."""

    @property
    def text(self) -> str:
        return self.told or shown(self.memory)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Sure claims that do not agree."""

    text: str
    """To be said to the user: "Is your sister called Grace or Ann?"."""
    memories: tuple[Memory, ...]


@dataclass(frozen=True, slots=True)
class Profile:
    """All that is known, in `SECTIONS`."""

    sections: dict[str, tuple[Item, ...]] = field(default_factory=dict)
    questions: tuple[Contradiction, ...] = ()

    @property
    def items(self) -> list[Item]:
        return [item for section in self.sections.values() for item in section]

    def facts(self, subject: str, attribute: str = "") -> list[Memory]:
        """What is claimed of somebody, surest and newest first; several where it is unclear."""
        wanted, what = _subject(subject), plain(attribute)
        found = [
            item.memory
            for item in self.items
            if (claim := item.memory.claim) is not None
            and _subject(claim.subject) == wanted
            and (not what or plain(claim.attribute) == what)
        ]
        return sorted(found, key=lambda memory: (memory.confidence, memory.at), reverse=True)

    def markdown(self) -> str:
        """The file, each item with date, confidence, journal and turn; "" where nothing is."""
        if not self.items:
            return ""
        name = next((m.claim.value for m in self.facts("user", "name") if m.claim), "you")
        lines = [f"# What I know of {escape(name)}", "", HINT]
        if self.questions:
            lines += ["", f"## {QUESTIONS}", ""]
            lines += [f"- {escape(question.text)}" for question in self.questions]
        for title, items in self.sections.items():
            lines += ["", f"## {title}", ""]
            for item in items:
                lines += _entry(item.memory, "")
                for old in item.history:
                    lines += _entry(old, "  ", BEFORE)
        return "\n".join(lines) + "\n"


def profile_of(memories: Iterable[Memory]) -> Profile:
    """`memories`: all, those that were corrected too, in any order."""
    everything = sorted(memories, key=lambda memory: (memory.at, memory.id))
    by_id = {memory.id: memory for memory in everything}
    history: dict[str, list[Memory]] = {}
    for memory in everything:
        if memory.replaced_by and (final := _final(memory, by_id)):
            history.setdefault(final.id, []).append(memory)
    items: list[Item] = []
    questions: list[Contradiction] = []
    for group in _groups(_unrepeated(everything)):
        holding, older = _settle(group)
        if len(holding) > 1:
            questions.append(Contradiction(_question(holding), tuple(holding)))
        for memory in holding:
            old = [*history.get(memory.id, []), *older]
            old += [each for one in older for each in history.get(one.id, [])]
            old = [each for each in old if not _same(each, memory)]
            items.append(Item(memory, tuple(sorted(old, key=lambda m: m.at, reverse=True))))
    sections: dict[str, list[Item]] = {title: [] for title in SECTIONS}
    for item in sorted(items, key=lambda item: item.text.casefold()):
        sections[_section(item.memory)].append(item)
    return Profile({title: tuple(its) for title, its in sections.items() if its}, tuple(questions))


def shown(memory: Memory) -> str:
    """A claim as "parrot's name: Picasso" or "Grace, job: painter", else the sentence."""
    claim = memory.claim
    if claim is None or not (claim.attribute and claim.value):
        return memory.text
    return f"{prefix(claim)}{claim.value}"


def prefix(claim: Claim) -> str:
    whose = "" if _subject(claim.subject) == "user" else f"{claim.subject}, "
    return f"{whose}{claim.attribute}: "


def _entry(memory: Memory, indent: str, before: str = "") -> list[str]:
    first, *rest = escape_block(before + shown(memory))
    rest = [f"\\{line}" if line.startswith(("-", "*", "+")) else line for line in rest]
    source = f"from {memory.journal}#{memory.turn}" if memory.turn else "by hand"
    trailer = (
        f"({memory.at:%Y-%m-%d}; confidence {memory.confidence:g}; {source};"
        f" id {escape(memory.id, ';')})"
    )
    below = [f"{indent}  {line}" if line else "" for line in [*rest, trailer]]
    return [f"{indent}- {first}", *below]


def _subject(text: str) -> str:
    text = plain(text)
    return "user" if text in _USER else text


def _final(memory: Memory, by_id: dict[str, Memory]) -> Memory | None:
    """What holds in its place; None where that was forgotten."""
    seen = set[str]()
    while memory.replaced_by and memory.id not in seen:
        seen.add(memory.id)
        following = by_id.get(memory.replaced_by)
        if following is None:
            return None
        memory = following
    return None if memory.replaced_by else memory


def _groups(memories: Sequence[Memory]) -> list[list[Memory]]:
    """Memories that hold and may contradict or repeat one another, oldest first in each."""
    groups: dict[tuple[str, ...], list[Memory]] = {}
    for memory in memories:
        if memory.replaced_by:
            continue
        claim = memory.claim
        if claim is None:
            key: tuple[str, ...] = (plain(memory.text) or memory.id,)
        elif claim.attribute.startswith(DATE_OF) or (
            content_words(claim.attribute) & _MANY and not claim.attribute.endswith("name")
        ):
            key = (_subject(claim.subject), plain(claim.attribute), plain(claim.value))
        else:
            key = (_subject(claim.subject), plain(claim.attribute))
        groups.setdefault(key, []).append(memory)
    return list(groups.values())


def _unrepeated(memories: Sequence[Memory]) -> list[Memory]:
    """Without those that say in other words what another says that holds; history stays."""
    names = [m.claim.value for m in memories if m.claim and m.claim.attribute == "name"]
    who = names[-1] if names else ""
    best: dict[tuple[str, ...], Memory] = {}
    for memory in memories:
        if not memory.replaced_by:
            held = best.get(key := gist(memory.text, who))
            if held is None or _weight(memory) >= _weight(held):
                best[key] = memory
    kept = {memory.id for memory in best.values()}
    return [memory for memory in memories if memory.replaced_by or memory.id in kept]


def _weight(memory: Memory) -> tuple[bool, float]:
    """What is claimed can be asked for and corrected."""
    return memory.claim is not None, memory.confidence


def _settle(group: Sequence[Memory]) -> tuple[list[Memory], list[Memory]]:
    """What holds (several: unclear), and what is history; oldest first."""
    best: dict[str, Memory] = {}
    for memory in group:
        value = _value(memory)
        held = best.get(value)
        if held is None or memory.confidence >= held.confidence:
            best[value] = memory
    values = sorted(best.values(), key=lambda memory: (memory.at, memory.id))
    sure = [memory for memory in values if memory.confidence >= SURE_ENOUGH]
    holding = sure or values[-1:]
    return holding, [memory for memory in values if memory not in holding]


def _value(memory: Memory) -> str:
    return plain(memory.claim.value if memory.claim else memory.text)


def _same(one: Memory, other: Memory) -> bool:
    return one.id == other.id or shown(one) == shown(other)


def _question(memories: Sequence[Memory]) -> str:
    claim = memories[0].claim
    values = [memory.claim.value for memory in memories if memory.claim]
    choice = " or ".join([", ".join(values[:-1]), values[-1]])
    if claim is None:
        return f"Which is right: {choice}?"
    mine = _subject(claim.subject) == "user"
    whose = "your" if mine else f"{claim.subject}'s"
    who = claim.attribute.removesuffix("'s name").removesuffix(" name")
    if claim.attribute == "name":
        return f"Are you called {choice}?" if mine else f"Is {claim.subject} called {choice}?"
    if who != claim.attribute:
        return f"Is {whose} {who} called {choice}?"
    return f"Which is right for {whose} {claim.attribute}: {choice}?"


def _section(memory: Memory) -> str:
    claim = memory.claim
    of_user = claim is None or _subject(claim.subject) == "user"
    if memory.category == "emotional" or (claim and plain(claim.subject) == plain(memory.persona)):
        return NOTES
    if memory.category == "relational":
        return PEOPLE
    if memory.category == "contextual":
        return PROJECTS
    if memory.category == "temporal":
        return PLANS if _is_plan(memory) else HABITS
    if content_words(claim.attribute if claim else memory.text) & _TASTES:
        return TASTES
    return FACTS if of_user else PEOPLE


def _is_plan(memory: Memory) -> bool:
    """Whether it happens on a day, and not again and again; a birthday has its day, too."""
    attribute = memory.claim.attribute if memory.claim else ""
    if attribute.startswith(DATE_OF) or attribute.endswith("birthday"):
        return True
    text = f"{memory.text} {attribute}"
    return not _OFTEN.search(text) and bool(_DAY.search(text) or _TO_BE.search(text))
