"""Whether something that was found has to do with what was asked, and is not only the nearest there
is: an index always finds something.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from assistant.language.lexicon import CUT_OFF, STOP_WORDS, word_set
from assistant.language.tokens import content, stem
from assistant.memory.base import Found, Side
from assistant.memory.retrieval.embedding import load_embedder, units

# What a question asks for: its telling words, the people it names, and whose words it wants.

_ASKING = word_set(
    "say said tell told talk talked speak spoke mention mentioned discuss discussed remember "
    "recall know happen happened thing things anything something else new"
)
"""A question of nothing but these ("what did we talk about?") asks for all there is."""
_UNTELLING = STOP_WORDS | CUT_OFF | {"won"}
"""Of "won't", mostly: in a question "who won" it is the other words that tell."""

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


MEANS_THE_SAME = 0.3
"""Cosine from which a text is about what a search asks for though it has none of its words. Of
short texts that have nothing to do with one another most have less than 0.2, all less than 0.3."""
LONG = 15
"""Words of matter in what a user says at once, from which any common word is in it somewhere."""
SENTENCES = 12
"""Of a long text, that are looked at."""
_SENTENCE = re.compile(r"(?<=[.!?;:…])\s+|\n+")
_WORD = re.compile(r"\w+")


def to_the_point(query: str, hits: Sequence[Found]) -> list[Found]:
    """The hits that have a word of matter in common with a search, or mean the same. Where the
    search asks for nothing in particular ("what did we talk about?"), all of them."""
    wanted = _wanted(query)
    if wanted is None:
        return list(hits)
    near = _near(query, hits) if content(query) else set()
    return [hit for hit in hits if hit.id in near or wanted & _words_of(hit)]


def sentences_of_long(text: str) -> list[str]:
    """Those of a long text that say most, in their order."""
    found = [each.strip() for each in _SENTENCE.split(text) if content(each)]
    telling = sorted(found, key=lambda each: -len(content(each)))[:SENTENCES]
    return [each for each in found if each in telling][:SENTENCES]


def concerns(sentence: str, hit: Found) -> bool:
    """Whether a sentence of a long text is about what was found: they have two words of matter in
    common, which are most of what was found; or it names what a memory is about."""
    said, words = content(sentence), _words_of(hit)
    common = said & content(hit.text)
    if len(common) >= 2 and 2 * len(common) >= len(content(hit.text)) and _has_name(common, hit):
        return True
    claim = hit.memory.claim if hit.memory else None
    if claim is None or not claim.value[:1].isupper():
        return False
    value = content(claim.value)
    about = content(f"{claim.subject} {claim.attribute}") & said & words
    return bool(value) and value <= said and bool(about)


def _has_name(common: frozenset[str], hit: Found) -> bool:
    """Words that everybody uses all day are no sign, two of them neither."""
    if hit.memory is not None or len(common) >= 3:
        return True
    names = re.findall(r"(?<=[a-z,] )[A-Z]\w+", hit.text)
    return any(stem(name.casefold()) in common for name in names)


def _wanted(query: str) -> frozenset[str] | None:
    """Words of which a hit has to have one; None: any will do."""
    words = [word.casefold() for word in _WORD.findall(query)]
    if len(words) > 1 and not parse_query(query).words:
        return None
    matter = content(query)
    if matter:
        return matter
    telling = [word for word in words if word not in STOP_WORDS] or words
    return frozenset(stem(word) for word in telling)


def _words_of(hit: Found) -> frozenset[str]:
    text = hit.text
    if (memory := hit.memory) is not None:
        claim = memory.claim
        parts = [claim.subject, claim.attribute, claim.value] if claim else []
        text = " ".join([text, *parts, *memory.people, *memory.topics])
    every = frozenset(stem(word) for word in _WORD.findall(text.casefold()))
    return every | content(text)


def _near(query: str, hits: Sequence[Found]) -> set[str]:
    """Ids of those that mean the same, as far as that can be told here."""
    embedder = load_embedder()
    if embedder is None or not hits:
        return set()
    vectors = units(embedder.sums([query, *(hit.text for hit in hits)]))
    cosines = vectors[1:] @ vectors[0]
    return {hit.id for hit, cosine in zip(hits, cosines, strict=True) if cosine >= MEANS_THE_SAME}
