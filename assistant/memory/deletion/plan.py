"""The extent of an erasure, what has to go when something is to be forgotten: memories, their older
versions, and the turns in which it was said."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from assistant.language.tokens import content
from assistant.memory.base import Journal, Memory, MemoryStore, Turn
from assistant.memory.deletion.matching import answers

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
