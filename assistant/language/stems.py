"""Stems and content words: the words of a sentence that carry its matter, in a form in which they
can be compared.
"""

from __future__ import annotations

import re

from assistant.language.lexicon import word_set

_EMPTY = word_set(
    """a about actually after again all also always am an and any anything are as ask at be because
    been before but by call called can could did do does doing done don for from get give go going
    good got had has have he hello her here hey hi him his how i if in into is it its just know
    let like lot make may me mean might mine more most much must my myself name named need never
    nice no not now of off oh ok okay on one or our out over please really remember remind right
    say said say see she should so some something still sure tell than thank thanks that the their
    them then there they thing things think this those to today told too up us user user's very
    want was we well were what when where which who whose why will with would yeah yes yet you
    your s t m re ve ll d"""
)


def content(text: str) -> frozenset[str]:
    """Words of matter, without their commonest endings."""
    found = re.findall(r"[^\W_]+", text.casefold().replace("’", "'").replace("'s", " "))
    return frozenset(stem(word) for word in found if word not in _EMPTY)


_LINKING = word_set(
    "a an the user users they them their my your i you am is are be called named name names has"
    " have got that whose which who and to there"
)
_IDENTITY = re.compile(r"\b(?:is|are|called|named|name|names|whose)\b|'s\b")


def gist(text: str, who: str = "") -> tuple[str, ...]:
    """What a sentence says, whoever says it and however: "I have a cat called Pixel", "The user's
    cat is Pixel." Where it only tells what something is, the order says nothing either. `who`: the
    user's name, which may stand for the user."""
    if who:
        text = re.sub(rf"\b{re.escape(who)}(?='s\b| )(?! is the user)", "the user", text)
    low = text.casefold().replace("’", "'")
    found = re.findall(r"[^\W_]+(?:[:.]\d+)?", low.replace("'s", " "))
    words = tuple(stem(word) for word in found if word not in _LINKING)
    if len(words) == 2 and _IDENTITY.search(low):
        return tuple(sorted(words))
    return words or tuple(found)


def stem(word: str) -> str:
    """ "parrots" and "parrot" are one; numbers and short words stay, and so does "news"."""
    if word == "news":
        return word
    for ending in ("ing", "ies", "es", "ed", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 3 and not word.endswith("ss"):
            return word[: -len(ending)] + ("y" if ending == "ies" else "")
    return word.removesuffix("e") if len(word) > 4 else word
