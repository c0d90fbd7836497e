"""Deletion matching: where else something is told that shall be forgotten.

A memory has been said, answered and perhaps repeated, so taking out its sentence is not enough.
These are the rules, on the side of forgetting:

- the turn that it comes from, and the answers to it that repeat any of its words;
- every text that says the same, or holds the whole of it, where that has three words or more
  that tell something;
- every text that holds its value ("Picasso") with another of its words ("parrot");
- every text that holds its value at all, where that is a name or a number and no memory that
  stays has it: then it was only known through what is forgotten;
- topics made of nothing but its words, and commitments as texts are.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.language.lexicon import STOP_WORDS, TALK_WORDS, word_set
from assistant.language.tokens import singular
from assistant.memory.base import Journal, Memory, Turn

MIN_WORDS = 3
"""Of a text that tell something, for it to be looked for elsewhere: not "How are you today?"."""
CACHED = 50_000
"""Texts whose words are kept, since a profile asks for the same ones again and again."""
_WORD = re.compile(r"\w+(?:['’]\w+)*")
_COMMON = (STOP_WORDS - word_set("done may might mine must us whose") | TALK_WORDS) | word_set(
    "don't down few forget further i'm i've isn't it's once only other ours own same says that's "
    "theirs through under until wants while you're"
)
"""Fewer stop words than elsewhere: "may" may be a month or a name, and a text whose words are all
too common is not looked for."""


@lru_cache(maxsize=CACHED)
def plain(text: str) -> str:
    """Words only, in small letters, for comparing."""
    return " ".join(match[0] for match in _WORD.finditer(text.casefold().replace("’", "'")))


@lru_cache(maxsize=CACHED)
def content_words(text: str) -> frozenset[str]:
    """The words that tell something, without plurals and possessives."""
    words = plain(text).split()
    return frozenset(stem for word in words if word not in _COMMON and (stem := _stem(word)))


def forget_words_known() -> None:
    """What was read while something was forgotten is not kept in memory either."""
    plain.cache_clear()
    content_words.cache_clear()


def _stem(word: str) -> str:
    """Always a beginning of the word, so that a page can be searched for it."""
    return singular(word.removesuffix("'s"))


def holds(text: str, phrase: str) -> bool:
    """Whether the words of `phrase` stand in `text` one after the other; both are `plain`."""
    return bool(phrase) and f" {phrase} " in f" {text.replace(chr(39) + 's ', ' ')} {text} "


@dataclass(frozen=True, slots=True)
class _Needle:
    value: str
    company: frozenset[str]
    """One of these has to stand in the same text; empty: the value is enough."""


class Traces:
    """Tells what holds something of what shall be forgotten."""

    def __init__(
        self,
        memories: Sequence[Memory],
        turns: Sequence[Turn],
        staying: Sequence[Memory],
        words: Sequence[str] = (),
    ) -> None:
        """`staying`: all other memories; `words`: whatever holds all words of one goes too."""
        texts = [plain(text) for text in [m.text for m in memories] + [t.text for t in turns]]
        self._long = {text for text in texts if len(content_words(text)) >= MIN_WORDS}
        self._topics = [content_words(memory.text) for memory in memories]
        self._words = [found for each in words if (found := set(plain(each).split()))]
        known = [(plain(memory.text), content_words(memory.text)) for memory in staying]
        self._needles = [
            needle for memory in memories if (needle := _needle(memory, known)) is not None
        ]
        wholes = [*self._long, *(each.value for each in self._needles)]
        self._signs = [each.split() for each in wholes]
        self._signs += [[_stem(word) for word in each] for each in self._words]

    def __contains__(self, text: str) -> bool:
        said, words = plain(text), content_words(text)
        return (
            any(holds(said, each) for each in self._long)
            or any(_is_in(needle, said, words) for needle in self._needles)
            or any(_all_in(each, said, words) for each in self._words)
        )

    def begins_one(self, text: str) -> bool:
        """Whether a text, cut off in the middle, is the beginning of one that goes."""
        said = plain(text)
        return said.count(" ") + 1 >= MIN_WORDS and any(
            each.startswith(f"{said} ") for each in self._long
        )

    def may_be_in(self, page: str) -> bool:
        """Whether any text of a whole file can be among them: quick, and never wrongly no."""
        page = page.casefold().replace("’", "'")
        return any(all(word in page for word in sign) for sign in self._signs)

    def has_topic(self, topic: str) -> bool:
        """For the few words of a topic, a mood, a name."""
        words = content_words(topic)
        return topic in self or bool(words and any(words <= each for each in self._topics))


def answers(journal: Journal, turn: Turn, texts: Iterable[str]) -> list[Turn]:
    """What was said by the other side right after a turn, and repeats a word of `texts`."""
    words = set[str]().union(*(content_words(text) for text in texts))
    later = journal.turns[journal.turns.index(turn) + 1 :]
    following = []
    for each in later:
        if each.side == turn.side:
            break
        following.append(each)
    return [each for each in following if content_words(each.text) & words]


def _is_in(needle: _Needle, said: str, words: frozenset[str]) -> bool:
    return holds(said, needle.value) and (not needle.company or bool(needle.company & words))


def _all_in(wanted: set[str], said: str, words: frozenset[str]) -> bool:
    every = words.union(said.split())
    return all(word in every or _stem(word) in every for word in wanted)


def _needle(memory: Memory, known: Sequence[tuple[str, frozenset[str]]]) -> _Needle | None:
    """`known`: the words of the memories that stay."""
    if memory.claim is None or not (value := plain(memory.claim.value)):
        return None
    words = content_words(f"{memory.text} {memory.claim.subject} {memory.claim.attribute}")
    company = frozenset(words - content_words(memory.claim.value))
    distinct = any(char.isupper() or char.isdigit() for char in memory.claim.value)
    if distinct and not any(holds(text, value) and not company & its for text, its in known):
        return _Needle(value, frozenset())
    return _Needle(value, company) if company else None
