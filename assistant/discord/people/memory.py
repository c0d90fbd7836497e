"""Memory of a room: each person who has agreed has a memory of his own, in a folder of his own.

The speaker's is asked first; of the others, only theirs whose name was said. What is kept of
somebody goes as a whole (`forget_person`), and with it what others have told of him.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from assistant.brain.base import Completes
from assistant.config.schema import MemoryConfig
from assistant.discord.people.agreements import People
from assistant.discord.people.memories import PeopleMemories
from assistant.discord.people.naming import comparable, is_named
from assistant.discord.people.relations import (
    node_of,
    relation_skill,
    told_of_one,
    told_of_two,
)
from assistant.language.command_patterns import SpokenCommand
from assistant.memory.base import Found, MemoryFailure
from assistant.memory.conversation import NoMemory
from assistant.memory.recall import NOTHING, Recalled
from assistant.memory.service import MemoryService
from assistant.memory.told import defused, tokens
from assistant.session.events import SessionEvent
from assistant.skills import SkillSet
from assistant.tools.builtin.memory import PendingDeletion, memory_tools
from assistant.tools.registry import Tool, ToolError

_NOT_OF = "I keep nothing of what names {name}, who has not agreed to it."
NOT_AGREED = "I keep nothing of what you tell me, unless you use the command remember-me."
_OF_OTHERS = 3
"""Memories of somebody else that come to mind at his name."""
_RELATIONS = 4
_LATELY = 2

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RoomRecalled(Recalled):
    """What came to mind, and who is there."""

    present: tuple[str, ...] = ()
    others: tuple[Found, ...] = ()
    """What others are known for whose name was said."""

    def context(self, budget_tokens: int, now: datetime | None = None) -> str:
        names = ", ".join(f'"{defused(name)}"' for name in self.present)
        room = f"You are in a voice channel with {names}." if len(self.present) > 1 else ""
        cost = tokens(room) + 1 if room else 0
        if cost > budget_tokens:
            return ""
        everything = replace(self, found=(*self.found, *self.others))
        told = Recalled.context(everything, budget_tokens - cost, now)
        return "\n".join(part for part in (room, told) if part)


class RoomMemory(NoMemory):
    """A `ConversationMemory` that knows who speaks. Of who has not agreed it keeps nothing."""

    def __init__(
        self,
        config: MemoryConfig,
        people: People,
        folder: Path,
        *,
        speaking: Callable[[], str] = lambda: "",
        on_speaker: Callable[[str], None] = lambda name: None,
    ) -> None:
        """`folder` holds all that is kept of people (see `kept`); `speaking` tells who speaks at
        this moment; `on_speaker` hears whose turn is answered."""
        super().__init__(why=NOT_AGREED)
        self.budget_tokens = config.budget_tokens
        self.enabled = config.enabled and not config.private
        self._people = people
        self.memories = PeopleMemories(config, people, folder)
        self._speaking = speaking
        self._on_speaker = on_speaker
        self.pending = PendingDeletion()
        """What the speaker was asked to confirm."""
        self._speaker = ""
        self._keeps_turn = False
        self._skills = SkillSet([relation_skill(self.how_people_stand, self.is_known)])

    # -- whose -------------------------------------------------------------------------------------

    def speaks(self, name: str) -> None:
        if name != self._speaker:
            self.pending.what, self.pending.deletion = "", None  # another's yes is no answer
        self._speaker = name
        self._on_speaker(name)

    def _of(self, name: str) -> MemoryService | None:
        user = self._people.id_of(name) if name else None
        return None if user is None else self._memory_of(user)

    def _memory_of(self, user: int) -> MemoryService | None:
        """None: he has not agreed, or nothing is remembered here."""
        return self.memories.of(user) if self.enabled else None

    # -- `ConversationMemory` ----------------------------------------------------------------------

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None] = lambda texts: None,
    ) -> None:
        self.memories.begin(emit, persona, on_forgotten)

    def use_model(self, model: Completes) -> None:
        self.memories.use_model(model)

    def prepare(self, partial: str) -> None:
        for user in self._people.present:
            self._memory_of(user)  # opened while somebody speaks, not when an answer is due
        if (service := self._of(self._speaking())) is not None:
            service.prepare(partial)

    def heard(self, text: str) -> None:
        service = self._of(self._speaker)
        self._keeps_turn = service is not None and not self._people.names_stranger(text)
        if service is not None and self._keeps_turn:
            service.heard(text)

    def said(self, text: str, persona: str, name: str) -> None:
        service = self._of(self._speaker)
        if service is not None and self._keeps_turn and not self._people.names_stranger(text):
            service.said(text, persona, name)

    async def recalled(self, text: str) -> Recalled:
        return await self._in_the_room(self._speaker, text, foreseen=False)

    async def foreseen(self, text: str) -> Recalled:
        return await self._in_the_room(self._speaking(), text, foreseen=True)

    async def _in_the_room(self, speaker: str, text: str, *, foreseen: bool) -> Recalled:
        service = self._of(speaker)
        own = NOTHING
        if service is not None:
            own = await (service.foreseen(text) if foreseen else service.recalled(text))
        others = tuple(await self._of_others(speaker, text))
        present = tuple(self._people.name(user) for user in self._people.present)
        return RoomRecalled(own.words, own.found, own.who or speaker, present, others)

    async def _of_others(self, speaker: str, text: str) -> list[Found]:
        """What is remembered of those whose name was said, and who have agreed."""
        found: list[Found] = []
        for user in self._people.agreed():
            name = self._people.name(user)
            service = self._memory_of(user) if name != speaker and is_named(text, name) else None
            if service is None:
                continue
            try:
                hits = [hit for hit in await service.search(text) if hit.memory is not None]
            except MemoryFailure as error:
                log.warning("what is remembered of others cannot be read: %s", error)
                continue
            found += hits[:_OF_OTHERS]
        return found

    async def news(self, text: str) -> str:
        service = self._of(self._speaker)
        return "" if service is None else await service.news(text)

    async def how_been(self, days: int, period: str) -> str:
        service = self._of(self._speaker)
        return NOT_AGREED if service is None else await service.how_been(days, period)

    async def acknowledge(self, text: str) -> str:
        service = self._of(self._speaker)
        if service is not None and (stranger := self._people.names_stranger(text)):
            return _NOT_OF.format(name=stranger)
        return NOT_AGREED if service is None else await service.acknowledge(text)

    async def keep_taught(self) -> str:
        service = self._of(self._speaker)
        return "" if service is None else await service.keep_taught()

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        """Of the speaker only: what others told is not his."""
        service = self._of(self._speaker)
        return () if service is None else service.as_told(recalled)

    async def close(self) -> None:
        await self.memories.close()

    # -- what people ask ---------------------------------------------------------------------------

    def tools(self) -> list[Tool]:
        """Those of memory, for whoever speaks, and who people are to each other."""
        own = memory_tools(cast("MemoryService", _Speakers(self)), self.pending)
        return [*own, *self._skills.tools]

    def spoken(self, text: str) -> SpokenCommand | None:
        """The call that a question about people asks for."""
        return self._skills.call(text)

    def refuse_strangers(self, text: str) -> None:
        """Raises `ToolError`, which is said."""
        if stranger := self._people.names_stranger(text):
            told = _NOT_OF.format(name=stranger)
            raise ToolError(told, spoken=told)

    def speakers_memory(self) -> MemoryService:
        """Raises `ToolError` where there is none."""
        service = self._of(self._speaker)
        if service is None:
            raise ToolError(NOT_AGREED)
        return service

    async def how_people_stand(self, who: str, other: str = "") -> str:
        """Who somebody is to others, or how two stand to each other: sentences to be said."""
        relations = await self.memories.relations() if self.enabled else []
        names = [self._asked_name(each) for each in (who, other) if each]
        nodes = [node_of(name, self._people) for name in names]
        if len(nodes) == 2:
            told = told_of_two(nodes[0], nodes[1], relations)
            unknown = f"Nobody has told me how {names[0]} and {names[1]} stand to each other."
            return " ".join(told[:_RELATIONS]) or unknown
        told = told_of_one(nodes[0], relations)
        if not told and isinstance(nodes[0], int):
            of_relations, lately = await self.known_of(nodes[0])
            told = of_relations + lately
        return " ".join(told[:_RELATIONS]) or f"Nobody has told me who {names[0]} is."

    def is_known(self, name: str) -> bool:
        """Whether this may be somebody of here, or of whom one of them has told."""
        asked = self._asked_name(name)
        return bool(
            asked
            and self.enabled
            and (self._people.is_somebody(asked) or comparable(asked) in self.memories.told_about)
        )

    def _asked_name(self, name: str) -> str:
        name = name.strip()
        return self._speaker if name.casefold() in ("i", "me") else name

    async def known_of(self, user: int) -> tuple[list[str], list[str]]:
        """How somebody stands to others, and what happened lately: sentences. Raises
        `MemoryFailure`."""
        service = self._memory_of(user)
        if service is None:
            return [], []
        known = await service.known()
        relations = [memory.text for memory in known if memory.category == "relational"]
        others = [memory.text for memory in known if memory.category != "relational"]
        return relations[:_RELATIONS], others[:_LATELY]


class _Speakers:
    """Stands for the memory of whoever speaks when it is asked."""

    def __init__(self, room: RoomMemory) -> None:
        self._room = room

    def has_said(self, text: str) -> bool:
        """Raises `ToolError` where it names somebody who has not agreed: those words were not
        heard by any memory, and shall not be kept."""
        self._room.refuse_strangers(text)
        return self._room.speakers_memory().has_said(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room.speakers_memory(), name)
