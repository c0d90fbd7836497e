"""The conversations of `conversations.toml`, and the judging of answers by their rules.

An answer is good, acceptable, or bad with the reasons why. Rules that name words of a persona's
file are not asked of a language model, which speaks for itself; but it may not parrot what was
said, nor talk like a help desk, nor say almost the same again.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from rapidfuzz import fuzz

from assistant.brain.scripted import fill, variants
from assistant.errors import AssistantError
from assistant.language.clock import spoken_date, spoken_time
from assistant.language.tokens import content
from assistant.personas.loading import Exchange, Persona

CONVERSATIONS = Path(__file__).with_name("conversations.toml")
ORDINARY = Path(__file__).with_name("ordinary.txt")
WINDOW = 10
"""Turns within which no answer may come back."""
_WORDY = 60
"""Words of an answer from which it is too long to be spoken."""
_RULES = frozenset(
    {"say", "kind", "match", "never", "best", "tool", "lines", "world", "part", "vague"}
)
_REPEATED = re.compile(
    r"As I said before\.|Once more, then\.|time I repeat myself|The answer stays the same\."
)
_EXCUSE = re.compile(r"\bwithout (?:a )?(?:language )?model|\bas an ai\b|language model", re.I)

_HELP_DESK = re.compile(
    r"feel free to|how (?:can|may) i (?:assist|help)|(?:happy|glad|here|assigned) to (?:assist|"
    r"help)|"
    r"as an ai|i(?:'m| am) (?:just )?an ai\b|any other questions|do you need anything else|"
    r"please go on with your",
    re.IGNORECASE,
)
_ALIKE = 85.0
"""Percent of two answers in common from which they are almost the same."""
_PARROTED = 3
"""Words of the user's at the beginning of an answer, from which it is parroted."""

Verdict = Literal["good", "acceptable", "bad"]


class BrokenRules(AssistantError):
    """The file of conversations cannot be judged by."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One thing that is said, and what its answer must be; see the head of the file."""

    say: str
    kind: str
    match: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    best: tuple[str, ...] = ()
    tool: str = ""
    lines: tuple[str, ...] = ()
    world: str = ""
    part: Literal["answers", "why", "more"] = "answers"
    vague: bool = False


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Turns that belong together, to one persona."""

    persona: str
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a turn."""

    text: str
    tools: tuple[str, ...] = ()
    persona: str = ""
    """Slug of who is in charge then."""
    at: datetime = field(default_factory=datetime.now)


@dataclass(frozen=True, slots=True)
class Judgement:
    verdict: Verdict
    reasons: tuple[str, ...] = ()


def read_dialogues(path: Path = CONVERSATIONS) -> list[Dialogue]:
    """Raises `BrokenRules` where a turn has a rule that there is none of."""
    tables: list[dict[str, Any]] = tomllib.loads(path.read_text("utf-8"))["conversation"]
    return [
        Dialogue(each["persona"], tuple(_turn(turn, each["kind"]) for turn in each["turns"]))
        for each in tables
    ]


def _turn(written: dict[str, Any], kind: str) -> Turn:
    if unknown := set(written) - _RULES:
        raise BrokenRules(
            f"{written.get('say')!r} has the unknown rule {', '.join(sorted(unknown))}",
            f"there are {', '.join(sorted(_RULES))}",
        )
    many = {
        key: (value,) if isinstance(value, str) else tuple(value)
        for key, value in written.items()
        if key in ("match", "never", "best", "lines")
    }
    return Turn(**{"kind": kind, **written, **many})


def read_ordinary(path: Path = ORDINARY) -> list[str]:
    """Sentences that ask for nothing."""
    lines = path.read_text("utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def judge(
    turn: Turn, answer: Answer, persona: Persona, earlier: Sequence[Answer], *, model: bool
) -> Judgement:
    """By the rules of the turn and by those for all. `earlier`: the answers before it, the last one
    at the end. `model`: a language model answered."""
    faults = [
        *_deeds(turn, answer, persona),
        *_words(turn, answer),
        *(_manners(turn, answer, earlier) if model else _own_words(turn, answer, persona)),
        *_vagueness(turn, answer, persona),
    ]
    again = answer.text in [each.text for each in earlier[-WINDOW:]]
    if again and turn.tool != "repeat":
        faults.append("said already within ten turns")
    if faults:
        return Judgement("bad", tuple(faults))
    flaws = _flaws(turn, answer, earlier, model=model)
    if model and turn.world and not _of_its_world(turn, answer, persona):
        flaws.append("nothing of its world in it")
    return Judgement("acceptable" if flaws else "good", tuple(flaws))


def _deeds(turn: Turn, answer: Answer, persona: Persona) -> list[str]:
    faults = []
    wanted = [turn.tool] if turn.tool else []
    if list(answer.tools) != wanted:
        ran = ", ".join(answer.tools) or "nothing"
        faults.append(f"ran {ran}, not {turn.tool or 'nothing'}")
    if answer.persona != persona.slug:
        faults.append(f"became {answer.persona}")
    return faults


def _words(turn: Turn, answer: Answer) -> list[str]:
    faults = [] if answer.text else ["no answer"]
    faults += [f"lacks /{each}/" for each in turn.match if not found(each, answer)]
    return faults + [f"has /{each}/" for each in turn.never if found(each, answer)]


def found(pattern: str, answer: Answer) -> bool:
    """Whether the pattern is in the answer, its placeholders filled for when it was given."""
    at = answer.at
    minutes = {spoken_time(at), spoken_time(at - timedelta(minutes=1))}
    filled = pattern.replace("{time}", f"(?:{'|'.join(minutes)})")
    for name, offset in (("date", 0), ("yesterday", -1), ("tomorrow", 1)):
        filled = filled.replace(f"{{{name}}}", spoken_date(at, offset=offset))
    return re.search(filled, answer.text, re.IGNORECASE) is not None


def _own_words(turn: Turn, answer: Answer, persona: Persona) -> list[str]:
    faults = []
    if turn.lines and not any(_holds(answer, persona, variants(persona, k)) for k in turn.lines):
        faults.append(f"no line of {' or '.join(turn.lines)}")
    if turn.world:
        texts = [t for each in _exchanges(turn, persona) for t in getattr(each, turn.part)]
        if not _holds(answer, persona, texts):
            faults.append(f"not of its world: {turn.world}, {turn.part}")
    return faults


def _manners(turn: Turn, answer: Answer, earlier: Sequence[Answer]) -> list[str]:
    """What a small model does where it has nothing to say."""
    faults = []
    said, answered = _plain_words(turn.say), _plain_words(answer.text)
    if len(said) >= _PARROTED and answered[:_PARROTED] == said[:_PARROTED]:
        faults.append("parrots what was said")
    if desk := _HELP_DESK.search(answer.text):
        faults.append(f"talks like a help desk: {desk[0]}")
    if any(fuzz.ratio(answer.text, each.text) >= _ALIKE for each in earlier[-WINDOW:]):
        faults.append("almost the same within ten turns")
    return faults


def _of_its_world(turn: Turn, answer: Answer, persona: Persona) -> bool:
    """Whether a word of the persona's own answers is in it, that the user did not bring in."""
    texts = [t for e in _exchanges(turn, persona) for t in (*e.answers, *e.why, *e.more)]
    return bool(content(answer.text) & (content(" ".join(texts)) - content(turn.say)))


def _plain_words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.casefold())


def _exchanges(turn: Turn, persona: Persona) -> list[Exchange]:
    """Those of the persona's world that the turn is about."""
    return [
        each
        for each in persona.exchanges
        if any(turn.world in said.casefold() for said in each.said)
    ]


def _vagueness(turn: Turn, answer: Answer, persona: Persona) -> list[str]:
    if turn.vague:
        return []
    keys = ["cannot", "not_understood"]
    if turn.kind == "feelings" or turn.say.rstrip().endswith("?"):
        keys.append("statement")
    keys = [key for key in keys if key not in turn.lines]
    faults = [f"vague: {key}" for key in keys if _holds(answer, persona, variants(persona, key))]
    told = turn.tool or turn.lines or turn.match or turn.world
    if not told and _EXCUSE.search(answer.text):
        faults.append("an excuse")
    return faults


def _holds(answer: Answer, persona: Persona, templates: Sequence[str]) -> bool:
    """Whether one of these lines is in the answer, whatever their placeholders were filled with."""
    for template in templates:
        text = fill(template, persona, {}) or template
        pattern = r".+?".join(re.escape(part) for part in re.split(r"\{\w+\}", text))
        named = r".+?".join(re.escape(part) for part in re.split(r"\{\w+\}", template))
        if re.search(rf"{pattern}|{named}", answer.text, re.IGNORECASE):
            return True
    return False


def _flaws(turn: Turn, answer: Answer, earlier: Sequence[Answer], *, model: bool) -> list[str]:
    flaws = []
    if not model:
        flaws += [f"lacks /{each}/" for each in turn.best if not found(each, answer)]
    if _REPEATED.search(answer.text):
        flaws.append("repeats itself, and says so")
    if len(answer.text.split()) > _WORDY:
        flaws.append("long")
    if earlier and _beginning(earlier[-1]) == _beginning(answer):
        flaws.append("begins as the answer before")
    return flaws


def _beginning(answer: Answer) -> str:
    return " ".join(answer.text.casefold().split()[:3])
