"""Memory view: what a front end shows of memory, and what a person may do to it there.

It is told to the user, in the second person (`told`), whatever the journals say.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Protocol, runtime_checkable

from assistant.language.person import first_person, sentence
from assistant.memory.base import (
    Claim,
    Corrects,
    Filters,
    Forgotten,
    Found,
    Journal,
    Memory,
    MemoryFailure,
    MemoryStore,
    Turn,
)
from assistant.memory.deletion.plan import DeletionPreview, find_struck
from assistant.memory.extraction import the_rules
from assistant.memory.extraction.candidates import Candidate, RefusedCandidate
from assistant.memory.extraction.secrets import secret_in
from assistant.memory.journal.escaping import whole_number
from assistant.memory.journal.provenance import correct_by_hand, replace_by
from assistant.memory.profile.profile import Profile, profile_of
from assistant.memory.recall import Recall
from assistant.memory.recorder import Recorder
from assistant.memory.retrieval.relevance import to_the_point
from assistant.memory.told import (
    in_third_person,
    name_in,
    once,
    told_hits,
    told_memory,
    told_preview,
    told_profile,
)

# Changes that a person makes to what is remembered, in any store.


@runtime_checkable
class Previews(Protocol):
    """A store that forgets more than it is asked for, and says so before."""

    def preview(self, ids: Sequence[str]) -> DeletionPreview: ...


def correct(store: MemoryStore, id: str, text: str, claim: Claim | None = None) -> Memory:
    """What a memory should say; the old one becomes history. Raises `MemoryFailure`."""
    if isinstance(store, Corrects):
        return store.correct(id, text, claim)
    journal, old = _find(store, id)
    new = correct_by_hand(journal, old, text, claim, datetime.now().astimezone())
    store.write(journal)
    return new


def settle(store: MemoryStore, right: str, wrong: Sequence[str]) -> None:
    """Of memories that do not agree this one holds; the others become history. Raises
    `MemoryFailure`."""
    if isinstance(store, Corrects):
        store.settle(right, wrong)
        return
    for id in wrong:
        journal, _ = _find(store, id)
        replace_by(journal, id, right)
        store.write(journal)


def preview(store: MemoryStore, ids: Sequence[str]) -> DeletionPreview:
    """What goes with these memories and turns. Raises `MemoryFailure`."""
    if isinstance(store, Previews):
        return store.preview(ids)
    return find_struck(store, frozenset(ids))


def reworded(old: Memory, text: str, who: str = "") -> tuple[str, Claim | None]:
    """The sentence that a person wrote in place of a memory's, and what it claims.

    Raises `MemoryFailure` where it holds what is never kept.
    """
    text = sentence(text)
    if secret := secret_in(text):
        raise MemoryFailure(RefusedCandidate(secret, old.turn).sentence())
    claim = old.claim
    if claim is None or not claim.value:
        return text, _claim_of(text, who, old.at)
    before, found, after = old.text.partition(claim.value)
    value = text[len(before) : len(text) - len(after)].strip()
    if found and value and text == f"{before}{value}{after}":
        return text, replace(claim, value=value)
    return text, _claim_of(text, who, old.at)


def _claim_of(text: str, who: str, at: datetime) -> Claim | None:
    """As the rules read it where the user says it."""
    turn = Turn(1, "user", "You", first_person(text, who), at)
    drafts = [each for each in the_rules().judge(turn, who) if isinstance(each, Candidate)]
    return drafts[0].claim if len(drafts) == 1 else None


def _find(store: MemoryStore, id: str) -> tuple[Journal, Memory]:
    journal = id.rpartition("/")[0]
    named = [each.journal for each in store.memories() if each.id == id]
    for each in named or [journal]:
        found = store.read(each)
        for memory in found.memories:
            if memory.id == id:
                return found, memory
    raise MemoryFailure(f'there is no memory "{id[:80]}"')


NEIGHBOURS = 2
"""Turns that are shown before and after the one that a memory comes from."""
HITS = 30


@dataclass(frozen=True, slots=True)
class CurrentMemory:
    """All that holds now."""

    profile: Profile
    memories: tuple[Memory, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class TurnSource:
    """Where something was said."""

    journal: str
    turn: int
    """0: nobody said it, it was written by hand."""
    turns: tuple[Turn, ...] = ()
    """It and its neighbours; empty where it is not kept any more."""


class NoMemoryView:
    """Nothing is remembered: there is nothing to see. `private`: nothing of the conversation is
    kept in any other way either."""

    enabled = False
    private = False

    async def book(self) -> CurrentMemory:
        """All that holds now, by subject and by age. Raises `MemoryFailure`, as all here do."""
        return CurrentMemory(Profile(), ())

    async def look_up(self, words: str) -> Sequence[Found]:
        """What a person looks for, best first."""
        return ()

    async def source(self, id: str) -> TurnSource:
        """Where it was said; `id` is of a memory, or "JOURNAL#TURN" of a turn."""
        raise MemoryFailure("nothing is remembered")

    async def preview(self, ids: Sequence[str]) -> DeletionPreview:
        """What goes if these memories or turns are forgotten; nothing is changed."""
        return DeletionPreview()

    async def forget(self, deletion: DeletionPreview) -> Forgotten:
        """Let it go, without a trace."""
        return Forgotten(0, 0, 0)

    async def strike(self, ids: Iterable[str]) -> Forgotten:
        """Forget what was recalled, by its ids, and where it was said."""
        return Forgotten(0, 0, 0)

    async def correct(self, memory: Memory, text: str) -> Memory:
        """What a memory should say; the old one becomes history."""
        raise MemoryFailure("nothing is remembered")

    async def settle(self, right: str, wrong: Sequence[str]) -> None:
        """Of memories that do not agree the one with the id `right` holds."""


class MemoryView(NoMemoryView):
    """The same with a store; all of it is read beside the event loop."""

    enabled = True
    store: MemoryStore
    recall: Recall
    recorder: Recorder

    @abstractmethod
    def _limit(self) -> str:
        """Slug of the persona whose memories alone may be seen; "": no walls."""

    @abstractmethod
    async def known(self) -> Sequence[Memory]:
        """All that holds, newest first."""

    async def book(self) -> CurrentMemory:
        memories = await self.known()

        def look() -> CurrentMemory:
            who, today = name_in(memories), _today()
            profile = told_profile(profile_of(memories), who, today)
            return CurrentMemory(profile, tuple(told_memory(m, who, today) for m in once(memories)))

        return await self.recall.run(look)

    async def look_up(self, words: str) -> Sequence[Found]:
        if not self.private:
            await self.recorder.write()
        filters = Filters(persona=self._limit())

        def look() -> list[Found]:
            found = to_the_point(words, self.store.search(words, filters, HITS))
            return told_hits(found, self.recorder.who, _today(), self.store)

        return await self.recall.run(look)

    async def source(self, id: str) -> TurnSource:
        return await self.recall.run(lambda: _source(self.store, id))

    async def preview(self, ids: Sequence[str]) -> DeletionPreview:
        if not self.private:
            await self.recorder.write()
        deletion = await self.recall.run(lambda: preview(self.store, ids))
        return told_preview(deletion, self.recorder.who, _today())

    async def correct(self, memory: Memory, text: str) -> Memory:
        who = self.recorder.who

        def edit() -> Memory:
            same = (each for each in self.store.memories() if each.id == memory.id)
            words, claim = reworded(next(same, memory), in_third_person(text, who), who)
            return correct(self.store, memory.id, words, claim)

        new = await self.recorder.edit(edit)
        self.recall.drop()
        return told_memory(new, who, _today())

    async def settle(self, right: str, wrong: Sequence[str]) -> None:
        await self.recorder.edit(lambda: settle(self.store, right, wrong))
        self.recall.drop()


def _today() -> date:
    return datetime.now().astimezone().date()


def _source(store: MemoryStore, id: str) -> TurnSource:
    journal, _, number = id.partition("#")
    turn = whole_number(number)
    if not turn:
        memory = next((each for each in store.memories() if each.id == id), None)
        if memory is None:
            raise MemoryFailure("it is not remembered any more")
        journal, turn = memory.journal, memory.turn
    near = range(turn - NEIGHBOURS, turn + NEIGHBOURS + 1) if turn else range(0)
    turns = tuple(each for each in store.read(journal).turns if each.number in near)
    return TurnSource(journal, turn, turns)
