"""Sounds of a voice that are no words, as speech recognition writes them down: laughter, grunts."""

from __future__ import annotations

import re

from assistant.language.lexicon import HUM

_SYLLABLE = r"(?:h+(?:a+|e+|i+|o+|u+))"
_JOINED = rf"(?:(?:b?w|m[uw]|m)?[aeiou]*{_SYLLABLE}{{2,}}h*|tee-?hee|h(?:eh|ah)+)"
"""Laughter in one word: "haha", "hehehe", "bwahaha", "ahahah", "heh"."""
_APART = (
    r"(?:a+h?[\W_]+)?(?:ha+h?[\W_]+){1,}ha+h?|(?:hee[\W_]+)+hee|(?:he[\W_]+){2,}he|(?:ho[\W_]+)+ho"
    r"|(?:(?:uh|mm)[\W_]+)?(?:huh[\W_]+){2,}h(?:uh)?"
)
"""… in several: "ha ha ha", "uh-huh-huh-huh". "He, he said" is not."""
_LAUGH = re.compile(
    rf"(?<![\w'’])(?:(?:{_APART}|{_JOINED})(?:[\W_]+(?:{_APART}|{_JOINED}|ha))*)(?![\w'’])",
    re.IGNORECASE,
)
_HA = re.compile(r"(^|[.!?…]\s+)ha\b(?=\s*(?:[,.!?…-]|$))", re.IGNORECASE)
"""A single one opens a sentence and is set off: "Ha, very funny"."""
_LONG_LAUGH = re.compile(rf"{_SYLLABLE}{{3,}}h*|(?:\w+[\W_]+){{2,}}\w+", re.IGNORECASE)
_QUOTING = re.compile(
    r"\b(?:say|says|said|saying|word|words|write|wrote|writes|written|spell|spelled|type|typed"
    r"|call|called|named|mean|means|does|is|the|a|an|like|text|goes|went|go)\W*$",
    re.IGNORECASE,
)
"""Before laughter that is spoken of, not laughed."""
_LETTER_RUN = re.compile(r"(?:\W*\b([a-z])\b)(?:\W+\1\b){4,}\W*", re.IGNORECASE)
_LONG_VOWEL = re.compile(r"([aeiouhms])\1{5,}|([aeiou])\2*(h)\3{3,}", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_GRUNT = re.compile(rf"(?:{HUM}|u+h|h+u+h|ugh+|[ao]+|e+h)", re.IGNORECASE)


def without_laughter(text: str) -> str:
    """The words of a transcript, without the laughter written among them.

    "Ha ha, that's good." → "That's good."; what is only spoken of stays ("say ha ha").
    """
    rest = _LAUGH.sub(_struck, text)
    rest = _HA.sub(lambda match: match[1], rest)
    if rest == text:
        return text
    return _tidied(rest, capital=text.lstrip()[:1].isupper())


def is_vocalisation(text: str) -> bool:
    """Whether a voice made these sounds and said nothing: laughter, or one grunt or letter over
    and over ("M M M M M", "uh uh uh uh", "aaaaaaah"). A single hum may be an answer: it is none."""
    if not _WORD.search(text):
        return False
    rest = without_laughter(text)
    tokens = [token.lower() for token in _WORD.findall(rest)]
    if not tokens or _LETTER_RUN.fullmatch(rest):
        return True
    if len(tokens) >= 4 and all(_GRUNT.fullmatch(token) for token in tokens):
        return True
    return all(_LONG_VOWEL.fullmatch(token) or _is_held(token) for token in tokens)


def _is_held(token: str) -> bool:
    """One sound held: "ahhhhhhh", "Aaaaaaaah", "hmmmmmmmm"."""
    return len(token) >= 7 and len(set(token)) <= 2 and set(token) <= set("aeiouhm")


def _struck(match: re.Match[str]) -> str:
    """Nothing in the place of laughter; what is quoted, or may be part of a sentence, stays."""
    before, after = match.string[: match.start()], match.string[match.end() :]
    if _QUOTING.search(before):
        return match[0]
    opens = not before.strip() or before.rstrip()[-1:] in ",.!?;:…-–—"
    closes = not after.strip(" .,!?…-")
    return " " if opens or closes or _LONG_LAUGH.fullmatch(match[0]) else match[0]


def _tidied(text: str, *, capital: bool) -> str:
    """Without the marks that laughter has left standing alone."""
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r"\s+([,.!?;:])", r"\1", text)
    text = re.sub(r"([,.!?;:])(?:\s*[,;:])+", r"\1", text)
    text = re.sub(r"([.!?])(?:\s*[.!?])+", r"\1", text)
    text = re.sub(r"[,;:]+(?=[.!?]|\s*$)", "", text).strip()
    text = re.sub(r"^[\s,.!?;:…–—-]+", "", text)
    return text[:1].upper() + text[1:] if capital else text
