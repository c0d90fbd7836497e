"""What a question asks for: its telling words, the people it names, and whose words it wants."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from assistant.language.lexicon import CUT_OFF, STOP_WORDS, word_set
from assistant.memory.base import Side

_ASKING = word_set(
    "say said tell told talk talked speak spoke mention mentioned discuss discussed remember "
    "recall know happen happened thing things anything something else new"
)
"""A question of nothing but these ("what did we talk about?") asks for all there is."""
_UNTELLING = STOP_WORDS | CUT_OFF | {"won"}
"""Of "won't", mostly: in a question "who won" it is the other words that tell."""
_WORD = re.compile(r"\w+")
_USER = re.compile(r"\b(i|my|me|mine|myself)\b", re.IGNORECASE)
_SAY = "say|said|tell|told|suggest|recommend|promise|mention|explain|advise"
_AGENT = re.compile(rf"\byou (?:\w+ly |ever |just )?(?:{_SAY})", re.IGNORECASE)
_MOST = 32
"""Words of a query: more say no more, and each costs a look-up."""


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A question, taken apart."""

    words: tuple[str, ...]
    """To look for, lower case, each once. Empty: it asks for nothing in particular."""
    meaning: str
    """What to compare by meaning: the question without the names of those who speak in it."""
    speakers: frozenset[str] = frozenset()
    """Who is named of those that spoke, lower case."""
    side: Side | None = None
    """Whose words are asked for, where "I" or "you" says so."""


def parse_query(text: str, speakers: Collection[str] = ()) -> SearchQuery:
    """`speakers`: names of everybody who ever spoke, lower case. Their names pick turns by who
    said them, not by who is talked about, so they are no words to look for among others."""
    found = [word.lower() for word in _WORD.findall(text)]
    telling = [w for w in dict.fromkeys(found) if w not in _UNTELLING]
    named = frozenset(name for name in speakers if _names(name, found))
    parts = {part for name in named for part in name.split()}
    words = [word for word in telling if word not in parts] or telling
    if _ASKING.issuperset(words):
        words = []
    meaning = " ".join(part for part in text.split() if _bare(part) not in parts)
    return SearchQuery(tuple(words[:_MOST]), meaning or text, named, _side(text))


def match_expression(words: Collection[str]) -> str:
    """For FTS5: any of the words. They are quoted, so none can act as an operator."""
    return " OR ".join(f'"{word}"' for word in words)


def match_phrase(text: str) -> str:
    """For FTS5: these words in this order."""
    return f'"{" ".join(_WORD.findall(text))}"'


def _names(name: str, found: list[str]) -> bool:
    parts = name.split()
    return bool(parts) and name != "you" and all(part in found for part in parts)


def _bare(word: str) -> str:
    """Without what clings to it: "Grace's," is "grace"."""
    first = _WORD.search(word.lower())
    return first.group() if first else ""


def _side(text: str) -> Side | None:
    if _AGENT.search(text):
        return "agent"
    return "user" if _USER.search(text) else None
