"""What is said of a coding agent's work: its answer in a sentence or two, its words read aloud."""

from __future__ import annotations

import re

from assistant.language.summary import passages

SPOKEN = 300
"""Characters of an answer that are read aloud."""

_CALL = re.compile(r"TOOL_CALL\s*:")
_MARKS = re.compile(r"[`*_#|<>{}\[\]\\~]+")


def told_of(text: str) -> str:
    """An agent's message in a sentence or two: the first, and what it asks at the end. Code, tables
    and marks of Markdown are left out, and what looks like a call of a tool."""
    said = [
        " ".join(_MARKS.sub(" ", each.text).split())
        for each in passages(text)
        if not each.title and not _CALL.search(each.text)
    ]
    said = [each for each in said if re.search(r"[^\W\d_]", each)]
    if not said:
        return ""
    chosen = [said[0]]
    if len(said) > 1 and said[-1].endswith("?"):
        chosen.append(said[-1])
    elif len(said) == 2 and sum(map(len, said)) <= SPOKEN:
        chosen = said
    return " ".join(ended(cut(each, SPOKEN)) for each in chosen)


def aloud(text: str) -> str:
    """Without the marks that nobody reads aloud."""
    return " ".join(re.sub(r"[`*·]+", " ", text).split())


def cut(text: str, longest: int) -> str:
    """At most about so many characters, whole words."""
    return text if len(text) <= longest else f"{text[:longest].rsplit(' ', 1)[0]} …"


def ended(text: str) -> str:
    """With a mark at its end."""
    return text if text.endswith((".", "!", "?", "…", ":")) else f"{text}."


def capital(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With a capital and a mark."""
    return ended(capital(text))


def ago(seconds: float) -> str:
    """How long ago, in words."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "a moment ago"
    return "a minute ago" if minutes == 1 else f"{minutes} minutes ago"
