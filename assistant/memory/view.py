"""What a front end shows of memory, and what a person may do to it there.

It is told to the user, in the second person (`told`), whatever the journals say.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from assistant.memory.base import (
    Filters,
    Forgotten,
    Found,
    Memory,
    MemoryFailure,
    MemoryStore,
    Turn,
)
from assistant.memory.deletion.plan import Doomed
from assistant.memory.editing import correct, foretell, reworded, settle
from assistant.memory.journal.escaping import whole_number
from assistant.memory.profile.profile import Profile, profile_of
from assistant.memory.recall import Recall
from assistant.memory.recorder import Keeper
from assistant.memory.retrieval.relevance import to_the_point
from assistant.memory.told import (
    in_third_person,
    name_in,
    once,
    told_doomed,
    told_hits,
    told_memory,
    told_profile,
)

NEIGHBOURS = 2
"""Turns that are shown before and after the one that a memory comes from."""
HITS = 30


@dataclass(frozen=True, slots=True)
class Known:
    """All that holds now."""

    profile: Profile
    memories: tuple[Memory, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where something was said."""

    journal: str
    turn: int
    """0: nobody said it, it was written by hand."""
    turns: tuple[Turn, ...] = ()
    """It and its neighbours; empty where it is not kept any more."""


class ClosedBook:
    """Nothing is remembered: there is nothing to see. `private`: nothing of the conversation is
    kept in any other way either."""

    enabled = False
    private = False

    async def book(self) -> Known:
        """All that holds now, by subject and by age. Raises `MemoryFailure`, as all here do."""
        return Known(Profile(), ())

    async def look_up(self, words: str) -> Sequence[Found]:
        """What a person looks for, best first."""
        return ()

    async def source(self, id: str) -> Source:
        """Where it was said; `id` is of a memory, or "JOURNAL#TURN" of a turn."""
        raise MemoryFailure("nothing is remembered")

    async def foretell(self, ids: Sequence[str]) -> Doomed:
        """What goes if these memories or turns are forgotten; nothing is changed."""
        return Doomed()

    async def forget(self, doomed: Doomed) -> Forgotten:
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


class OpenBook(ClosedBook):
    """The same with a store; all of it is read beside the event loop."""

    enabled = True
    store: MemoryStore
    recall: Recall
    keeper: Keeper

    @abstractmethod
    def _limit(self) -> str:
        """Slug of the persona whose memories alone may be seen; "": no walls."""

    @abstractmethod
    async def known(self) -> Sequence[Memory]:
        """All that holds, newest first."""

    async def book(self) -> Known:
        memories = await self.known()

        def look() -> Known:
            who, today = name_in(memories), _today()
            profile = told_profile(profile_of(memories), who, today)
            return Known(profile, tuple(told_memory(m, who, today) for m in once(memories)))

        return await self.recall.run(look)

    async def look_up(self, words: str) -> Sequence[Found]:
        if not self.private:
            await self.keeper.write()
        filters = Filters(persona=self._limit())

        def look() -> list[Found]:
            found = to_the_point(words, self.store.search(words, filters, HITS))
            return told_hits(found, self.keeper.who, _today(), self.store)

        return await self.recall.run(look)

    async def source(self, id: str) -> Source:
        return await self.recall.run(lambda: _source(self.store, id))

    async def foretell(self, ids: Sequence[str]) -> Doomed:
        if not self.private:
            await self.keeper.write()
        doomed = await self.recall.run(lambda: foretell(self.store, ids))
        return told_doomed(doomed, self.keeper.who, _today())

    async def correct(self, memory: Memory, text: str) -> Memory:
        who = self.keeper.who

        def edit() -> Memory:
            same = (each for each in self.store.memories() if each.id == memory.id)
            words, claim = reworded(next(same, memory), in_third_person(text, who), who)
            return correct(self.store, memory.id, words, claim)

        new = await self.keeper.edit(edit)
        self.recall.drop()
        return told_memory(new, who, _today())

    async def settle(self, right: str, wrong: Sequence[str]) -> None:
        await self.keeper.edit(lambda: settle(self.store, right, wrong))
        self.recall.drop()


def _today() -> date:
    return datetime.now().astimezone().date()


def _source(store: MemoryStore, id: str) -> Source:
    journal, _, number = id.partition("#")
    turn = whole_number(number)
    if not turn:
        memory = next((each for each in store.memories() if each.id == id), None)
        if memory is None:
            raise MemoryFailure("it is not remembered any more")
        journal, turn = memory.journal, memory.turn
    near = range(turn - NEIGHBOURS, turn + NEIGHBOURS + 1) if turn else range(0)
    turns = tuple(each for each in store.read(journal).turns if each.number in near)
    return Source(journal, turn, turns)
