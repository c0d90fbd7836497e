"""The extent of an erasure, what has to go when something is to be forgotten: memories, their older
versions, and the turns in which it was said."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from assistant.language.lexicon import STOP_WORDS, TALK_WORDS, word_set
from assistant.language.tokens import content, singular
from assistant.memory.base import Journal, Memory, MemoryStore, Turn

# Deletion matching: where else something is told that shall be forgotten.

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


_LAST = re.compile(r"(?:that|it|this|what i (?:just )?(?:said|told you))", re.IGNORECASE)
_ASKS = re.compile(r"\b(?:forget|erase|delete|strike)\b", re.IGNORECASE)
_ALL = re.compile(
    r"(?:everything|all|all of it|all of that|me|about me|everything about me"
    r"|everything (?:that )?(?:you know(?: about me)?|i (?:ever )?(?:told|said)(?: to)?(?: you)?)"
    r"|all (?:your )?memories)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class DeletionPreview:
    """What is to be forgotten."""

    memories: tuple[Memory, ...] = ()
    """Those that hold: what a person would count."""
    ids: tuple[str, ...] = ()
    """Of everything that has to go, turns and corrected versions included."""
    texts: tuple[str, ...] = ()
    everything: bool = False
    turns: tuple[Turn, ...] = ()
    """Those that go, with what was answered, where a store can tell beforehand."""
    gone: tuple[str, ...] = ()
    """Ids of all that goes, where a store can tell beforehand; to ask for these would take more."""
    journals: tuple[str, ...] = ()
    """Ids of those of which nothing stays, where a store can tell beforehand."""


def find_deletion(
    store: MemoryStore, what: str, current: str = "", persona: str = ""
) -> DeletionPreview:
    """What these words mean: "my parrot", "Grace", "everything", "that" (the last thing kept in the
    journal `current`). All words of matter must be in what goes. Raises `MemoryFailure`.
    """
    what = what.strip().strip(".!?")
    journals = [store.read(id) for id in store.journals()]
    if persona:
        journals = [each for each in journals if each.persona == persona]
    if _ALL.fullmatch(what):
        memories = tuple(m for j in journals for m in j.memories if not m.replaced_by)
        texts = tuple(m.text for m in memories)
        return DeletionPreview(memories, tuple(j.id for j in journals), texts, everything=True)
    if _LAST.fullmatch(what):
        return _last(next((j for j in journals if j.id == current), None))
    words = content(what)
    if not words:
        return DeletionPreview()
    found = [m for j in journals for m in j.memories if words <= _all_words(m)]
    if not found and not any(_tells(turn, words) for j in journals for turn in j.turns):
        return DeletionPreview()
    return _with_turns(journals, found, words)


def find_struck(store: MemoryStore, ids: Collection[str]) -> DeletionPreview:
    """The same for memories, and turns ("JOURNAL#TURN"), that are known by their ids."""
    journals = [store.read(id) for id in {re.split("[#/]", id)[0] for id in ids}]
    found = [m for journal in journals for m in journal.memories if m.id in ids]
    deletion = _with_turns(journals, found, frozenset())
    turns = {
        id: turn.text
        for journal in journals
        for turn in journal.turns
        if (id := f"{journal.id}#{turn.number}") in ids and id not in deletion.ids
    }
    return replace(deletion, ids=(*deletion.ids, *turns), texts=(*deletion.texts, *turns.values()))


def with_unwritten(
    deletion: DeletionPreview, memories: Sequence[Memory], journal: Journal | None
) -> DeletionPreview:
    """And these of a journal that is in no file yet, with the turns that they come from and what
    was answered to them."""
    new = [each for each in memories if each.id not in deletion.ids]
    if journal is None or not new:
        return deletion
    turns = [turn for each in new for turn in journal.turns if turn.number == each.turn]
    texts = [each.text for each in new] + [turn.text for turn in turns]
    turns += [answer for turn in turns for answer in answers(journal, turn, texts)]
    return replace(
        deletion,
        memories=(*deletion.memories, *new),
        ids=(*deletion.ids, *(m.id for m in new), *(f"{journal.id}#{t.number}" for t in turns)),
        texts=(*deletion.texts, *texts),
    )


def _tells(turn: Turn, words: frozenset[str]) -> bool:
    """Whether the user spoke of this, other than to have it forgotten."""
    return turn.side == "user" and words <= content(turn.text) and not _ASKS.search(turn.text)


def _last(journal: Journal | None) -> DeletionPreview:
    if journal is None or not journal.memories:
        return DeletionPreview()
    turn = journal.memories[-1].turn
    return _with_turns([journal], [m for m in journal.memories if m.turn == turn], frozenset())


def _with_turns(
    journals: list[Journal], found: list[Memory], words: frozenset[str]
) -> DeletionPreview:
    """Memories, and the turns that they come from or that hold all these words."""
    sources = {(memory.journal, memory.turn) for memory in found}
    turns = [
        (f"{journal.id}#{turn.number}", turn.text)
        for journal in journals
        for turn in journal.turns
        if (journal.id, turn.number) in sources or (words and words <= content(turn.text))
    ]
    return DeletionPreview(
        memories=tuple(memory for memory in found if not memory.replaced_by),
        ids=(*(memory.id for memory in found), *(id for id, _ in turns)),
        texts=(*(memory.text for memory in found), *(text for _, text in turns)),
    )


def _all_words(memory: Memory) -> frozenset[str]:
    claim = memory.claim
    said = f"{claim.subject} {claim.attribute} {claim.value}" if claim else ""
    return content(f"{memory.text} {said} {' '.join(memory.people)}")
