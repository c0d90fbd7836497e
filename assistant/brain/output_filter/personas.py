"""Personas that an answer tells of: which there are, and which one speaks."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from assistant.brain.output_filter.deeds import DENIED
from assistant.language.lexicon import DAYS, MONTHS

_PERSONA_ASKED = re.compile(
    r"\bis there (?:a|an|any) (?:persona|theme|character|voice|personality)\b"
    r"|\b(?:can|could|will|would) you (?:please )?(?:become|turn into|switch to|change to"
    r"|change into|transform into) (?!an?\b)[\w'-]+(?: [\w'-]+)?(?: please)?\W*$"
    r"|\b(?:let me|can I|could I|may I|I (?:want|would like|'d like) to) (?:talk|speak|chat)"
    r" (?:to|with) (?!(?:you|me|my|the|an?|him|her|them|it|this|that|your|some\w*|any\w*)\b)"
    r"[\w'-]+(?: [\w'-]+)?(?: please)?\W*$"
    r"|\b(?:who|which|what|how many)\b.{0,30}\b(?:personas?|characters?|personalities|voices)\b"
    r".{0,20}\b(?:you|there|available)\b(?!.*\b(?:like|love|hate|think|prefer|favou?rite)\b)"
    r"|\bis \w+(?: \w+)? (?:one of )?(?:your|the|a) (?:personas?|characters?|voices)\W*$",
    re.IGNORECASE,
)
_NAME = r"(?P<name>(?-i:[A-Z0-9])[\w.'-]*(?: (?-i:[A-Z0-9])[\w.'-]*){0,3})"
_SWITCHED = re.compile(
    rf"\b(?:(?:switch|chang|transform|turn|morph)(?:ed|ing)(?: you| myself| over| back| the "
    rf"(?:persona|theme|voice))?"
    rf" (?:in)?to (?:the )?{_NAME}|(?:I(?:'ve| have) become|I(?:'m| am) now|becoming|you(?:'re"
    rf"| are) now (?:talking|speaking) (?:to|with)) (?:the )?{_NAME.replace('name', 'name2')})",
    re.IGNORECASE,
)
_OF_PERSONAS = re.compile(
    r"\b(?:personas?|themes?|characters?|personalit(?:y|ies)|voices?|switch to|change to|who else"
    r"|become|turn into|talk to|speak to|speak with|talk with)\b",
    re.IGNORECASE,
)
_LIST_ASKED = re.compile(
    r"\b(?:personas?|themes?)\b|\b(?:characters?|personalit(?:y|ies)|voices?)\b.*"
    r"\b(?:are there|do you have|have you got|can you|available|there are|you know)\b",
    re.IGNORECASE,
)
_CAPITAL = re.compile(r"(?<![.!?:]\s)(?<!^)(?<!^[\"“ ])\b[A-Z][\w'-]+(?: [A-Z0-9][\w'-]*)*")
_NO_NAMES = frozenset(
    [
        "I",
        "I'm",
        "I'll",
        "I've",
        "I'd",
        "Sir",
        "Madam",
        "Mr",
        "Mrs",
        "Dr",
        "God",
        "English",
        "British",
        "American",
    ]
)
_EVERYBODYS = frozenset(word.casefold() for word in _NO_NAMES) | set(DAYS) | set(MONTHS)


def asks_personas(text: str) -> bool:
    return _OF_PERSONAS.search(text) is not None


def false_persona(
    sentence: str, asked: str, current: Collection[str], names: Sequence[str]
) -> bool:
    """Whether a sentence tells of a change of persona that was none, or, where personas are spoken
    of, names one that does not exist. `current`: what the one that speaks is called; `names`: of
    all that there are."""
    changed = _SWITCHED.search(sentence)
    if changed is not None and not DENIED.search(sentence[: changed.start()]):
        name = (changed["name"] or changed["name2"]).casefold().rstrip(".'-")
        if asks_personas(asked) or name in {each.casefold() for each in names}:
            return name not in {each.casefold() for each in current}
    if not names or not _LIST_ASKED.search(asked) or DENIED.search(sentence):
        return False
    there = {word.casefold() for name in (*names, *current) for word in re.split(r"[\s-]+", name)}
    words = (word for found in _CAPITAL.findall(sentence) for word in re.split(r"[\s-]+", found))
    return any(
        word.casefold().removesuffix("'s") not in there
        and word.casefold() not in there | _EVERYBODYS
        for word in words
    )


def asked_of_persona(text: str) -> bool:
    """Asked for one persona, or for all: to tell which there are is an answer."""
    return _PERSONA_ASKED.search(text) is not None
