"""Phrases: from the user's words to a skill's tool and its arguments.

A phrase must cover all that is left of a sentence when politeness and the persona's name are taken
off, so that "the timer on my oven is broken" stays an ordinary sentence. Its named groups become
the tool's arguments, in the spelling that the user gave them; where the pattern alone cannot tell
(is "parsec" a unit?), a `read` function looks at them and may say no.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from assistant.language.command_patterns import SpokenCommand
from assistant.language.lexicon import COURTESIES_AFTER, HESITATION, LEAD_INS, either
from assistant.language.numbers import ONES, SCALES, TENS, read_number
from assistant.language.tokens import Sentence, sentences
from assistant.tools.registry import Tool, tool

log = logging.getLogger(__name__)

_LONGEST = 30
"""Words in the longest request; whoever says more is telling something."""
_N = rf"(?:\d+(?:\.\d+)?|a|an|half|quarter|{either([*ONES, *TENS, *SCALES, 'hundred', 'dozen'])})"
NUMBER = rf"{_N}(?: (?:and |point )?{_N})*"
"""A pattern of a number, in figures or words; `amount` tells whether it is one."""

_COURTESY = (
    rf"(?:{LEAD_INS}|{HESITATION}|hi|hello|hey there|alright|all right|excuse me|quickly|good"
    r"|good (?:morning|afternoon|evening))"
)
_LEAD = re.compile(
    rf"(?:{_COURTESY}|(?:can|could|would|will) you(?: be so kind (?:as to|and)| tell me| help me)?"
    r"|(?:can|could) (?:i|we)|i (?:want|would like|need) you to|i (?:want|would like) to"
    r"|would you mind|go ahead and|tell me|do you know|help me|i want to know|you can|i asked) "
)
_AFTER = "|".join(each for each in COURTESIES_AFTER.split("|") if each != "today")
"""Without what may be the day that is asked for."""
_TAIL = re.compile(rf" (?:{_AFTER}|for us|right away|if you would|if you will|my friend)")

Read = Callable[[dict[str, str]], Mapping[str, Any] | None]
"""The groups of a match → arguments; None where this is no such request after all."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """One way to ask."""

    pattern: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    """Those that the words themselves do not hold."""
    read: Read = dict


def says(pattern: str, read: Read = dict, /, **arguments: Any) -> Phrase:
    """A phrase: a regular expression over the normal words of `language.tokens`."""
    return Phrase(pattern, arguments, read)


@dataclass(frozen=True, slots=True)
class Skill:
    """A tool, and how people ask for it."""

    name: str
    phrases: tuple[Phrase, ...]
    tool: Tool | None = None
    """None: a tool that there is already."""
    answered: Callable[[str], Mapping[str, Any] | None] = lambda words: None
    """Arguments of the call that answers a question which the tool has asked back. Any other words
    close the question."""


def skill(
    *phrases: str | Phrase, offered: bool = False, destroys: bool = False
) -> Callable[[Callable[..., Any]], Skill]:
    """Make a skill of a function. `offered`, `destroys`: see `Tool`."""

    def make(function: Callable[..., Any]) -> Skill:
        made = tool(offered=offered, destroys=destroys)(function)
        return Skill(made.name, tuple(each if isinstance(each, Phrase) else says(each)
                                      for each in phrases), made)  # fmt: skip

    return make


class SkillSet:
    """The skills of a session."""

    def __init__(
        self, skills: Iterable[Skill], names: Callable[[], Sequence[str]] = lambda: ()
    ) -> None:
        """`names()`: what the user may call the persona, which is taken off."""
        self._skills = tuple(skills)
        self._names = names
        self._table: list[tuple[re.Pattern[str], Phrase, str]] = []

    @property
    def tools(self) -> list[Tool]:
        return [each.tool for each in self._skills if each.tool is not None]

    def prepare(self) -> None:
        """Do beforehand, in any thread, what the first turn would have to wait for."""
        self._table = self._table or [
            (re.compile(phrase.pattern), phrase, each.name)
            for each in self._skills
            for phrase in each.phrases
        ]

    def call(self, text: str) -> SpokenCommand | None:
        """The call that a turn asks for, if it asks for one and for nothing else."""
        called = _called(tuple(self._names()))
        request = _request(text, called)
        if request is None:
            return None
        self.prepare()
        for form in _forms(request, called):
            for pattern, phrase, name in self._table:
                match = pattern.fullmatch(form.text)
                if match is None:
                    continue
                said = {key: _spoken(form, match, key) for key in match.groupdict()}
                read = phrase.read({key: text for key, text in said.items() if text})
                if read is not None:
                    return SpokenCommand(name, {**phrase.arguments, **read})
        return None

    def follow_up(self, text: str) -> SpokenCommand | None:
        """The call that answers a question which a skill has asked back."""
        called = _called(tuple(self._names()))
        request = _request(text, called)
        words = next((form.text for form in _forms(request, called)), "") if request else ""
        for each in self._skills:
            arguments = each.answered(words)
            if arguments is not None:
                return SpokenCommand(each.name, dict(arguments))
        return None


def contained(theirs: Skill) -> Skill:
    """A plugin's skill: where it fails to read words, they ask for nothing of it, and that costs
    the conversation nothing."""

    def guarded(read: Callable[..., Mapping[str, Any] | None]) -> Callable[..., Any]:
        def look(said: Any) -> Mapping[str, Any] | None:
            try:
                return read(said)
            except Exception:
                log.exception("the skill %s of a plugin could not read “%s”", theirs.name, said)
                return None

        return look

    phrases = tuple(replace(each, read=guarded(each.read)) for each in theirs.phrases)
    return replace(theirs, phrases=phrases, answered=guarded(theirs.answered))


def _request(text: str, called: str) -> Sentence | None:
    """The one sentence that is more than a courtesy, or the one that there is."""
    text = re.sub(r":(?=\s)", ",", text)
    found = sentences(re.sub(r"(?<=\d)-(?=[^\W\d_])", " ", text))
    mere = re.compile(rf"(?:(?:{_COURTESY}|{called or 'please'})(?: |$))+")
    kept = [each for each in found if not mere.fullmatch(each.text)]
    kept = kept or found
    return kept[0] if len(kept) == 1 and len(kept[0]) <= _LONGEST else None


@lru_cache(maxsize=8)
def _called(names: tuple[str, ...]) -> str:
    spellings = {" ".join(each.text for each in sentences(name)) for name in names} - {""}
    return "|".join(sorted(map(re.escape, spellings), key=len, reverse=True))


def _forms(sentence: Sentence, called: str) -> Iterator[Sentence]:
    """As little of the sentence as can be, then ever more: what is open at its end ("between Rome
    and Paris") must not take the courtesy in ("for us")."""
    address = re.compile(rf"(?:{called}) ") if called else None
    addressed = re.compile(rf" (?:{called})") if called else None
    pending, found = [sentence], dict[str, Sentence]()
    while pending:
        form = pending.pop(0)
        if form.text in found or not len(form):
            continue
        found[form.text] = form
        for pattern in (_LEAD, address):
            if pattern and (match := pattern.match(form.text)):
                pending.append(form.part(match.group().count(" ")))
        for pattern in (_TAIL, addressed):
            blanks = (at for at, letter in enumerate(form.text) if letter == " ")
            start = next((at for at in blanks if pattern and pattern.fullmatch(form.text, at)), 0)
            if start:
                pending.append(form.part(0, form.text[:start].count(" ") + 1))
    return reversed(found.values())


def _spoken(sentence: Sentence, match: re.Match[str], group: str) -> str:
    """What a group holds as the user spelt it, with the commas."""
    start, end = match.span(group)
    if start < 0 or start == end:
        return ""
    first = sentence.text[:start].count(" ")
    words = sentence.words[first : first + match.group(group).strip().count(" ") + 1]
    parts = [
        f"{',' if at and first + at in sentence.breaks else ''}{' ' if at else ''}{word.spoken}"
        for at, word in enumerate(words)
    ]
    return "".join(parts)


def amount(text: str) -> Fraction | None:
    """The number that these words are, "two and a half" and "a" (one) among them; None for any
    others."""
    words = text.lower().replace("-", " ").split()
    if words[:1] in (["minus"], ["negative"]):
        inner = amount(" ".join(words[1:]))
        return None if inner is None else -inner
    joined = " ".join(words)
    for part, value in (("half", Fraction(1, 2)), ("quarter", Fraction(1, 4))):
        if joined in (part, f"a {part}", f"{part} a", f"{part} an", f"{part} of a"):
            return value
        for ending in (f" and a {part}", f" and {part}"):
            if joined.endswith(ending):
                whole = amount(joined.removesuffix(ending))
                return None if whole is None else whole + value
    if words in (["a"], ["an"]):
        return Fraction(1)
    read = read_number(words)
    return read[0] if read is not None and read[1] == len(words) else None
