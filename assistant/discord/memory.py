"""Memory of a room: each person who has agreed has a memory of his own, in a folder of his own.

The speaker's is asked first; of the others, only theirs whose name was said. What is kept of
somebody goes as a whole (`forget_person`), and with it what others have told of him.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from assistant.brain.base import Completes
from assistant.config.schema import MemoryConfig
from assistant.discord.people import People
from assistant.language.tokens import content
from assistant.memory.base import Filters, Forgotten, Found, MemoryFailure
from assistant.memory.conversation import NoMemory
from assistant.memory.factory import open_store_in
from assistant.memory.recall import NOTHING, Recalled
from assistant.memory.service import MemoryService
from assistant.memory.store.contents import Places
from assistant.memory.told import defused, tokens
from assistant.private_files import remove_tree
from assistant.session.events import SessionEvent
from assistant.tools.builtin.memory import PendingDeletion, memory_tools
from assistant.tools.registry import Tool, ToolError

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
        transcripts: Path | None = None,
        speaking: Callable[[], str] = lambda: "",
        on_speaker: Callable[[str], None] = lambda name: None,
    ) -> None:
        """`folder` has a folder for each person; `speaking` tells who speaks at this moment;
        `on_speaker` hears whose turn is answered."""
        super().__init__(why=NOT_AGREED)
        self.budget_tokens = config.budget_tokens
        self.enabled = config.enabled and not config.private
        self._config = config
        self._people = people
        self._folder = folder
        self._transcripts = transcripts
        self._speaking = speaking
        self._on_speaker = on_speaker
        self.pending = PendingDeletion()
        """What the speaker was asked to confirm."""
        self._speaker = ""
        self._services: dict[int, MemoryService] = {}
        self._model: Completes | None = None
        self._begun: tuple[Any, ...] | None = None

    # -- whose -------------------------------------------------------------------------------------

    def speaks(self, name: str) -> None:
        if name != self._speaker:
            self.pending.what, self.pending.deletion = "", None  # another's yes is no answer
        self._speaker = name
        self._on_speaker(name)

    def _of(self, name: str) -> MemoryService | None:
        user = self._people.id_of(name) if name else None
        return None if user is None else self._service(user)

    def _service(self, user: int) -> MemoryService | None:
        """None: he has not agreed, or nothing is remembered here."""
        if not self.enabled or not self._people.has_agreed(user):
            return None
        service = self._services.get(user)
        if service is None:
            service = self._services[user] = self._open(user)
        return service

    def _open(self, user: int) -> MemoryService:
        places = Places(self._of_person(user) / "memory", self._transcripts)
        service = MemoryService(
            open_store_in(self._config, places),
            walls=self._config.walls,
            budget_tokens=self._config.budget_tokens,
            write_every=60 * self._config.write_every_minutes,
        )
        service.recorder.who = self._people.name(user)
        if self._begun is not None:
            service.begin(*self._begun)
        if self._model is not None:
            service.use_model(self._model)
        return service

    def _of_person(self, user: int) -> Path:
        return self._folder / str(user)

    # -- `ConversationMemory` ----------------------------------------------------------------------

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None] = lambda texts: None,
    ) -> None:
        self._begun = (emit, persona, on_forgotten)
        for service in self._services.values():
            service.begin(*self._begun)

    def use_model(self, model: Completes) -> None:
        self._model = model
        for service in self._services.values():
            service.use_model(model)

    def prepare(self, partial: str) -> None:
        if (service := self._of(self._speaking())) is not None:
            service.prepare(partial)

    def heard(self, text: str) -> None:
        if (service := self._of(self._speaker)) is not None:
            service.heard(text)

    def said(self, text: str, persona: str, name: str) -> None:
        if (service := self._of(self._speaker)) is not None:
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
            service = self._service(user) if name != speaker and _names(text, name) else None
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
        return NOT_AGREED if service is None else await service.acknowledge(text)

    async def keep_taught(self) -> str:
        service = self._of(self._speaker)
        return "" if service is None else await service.keep_taught()

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        """Of the speaker only: what others told is not his."""
        service = self._of(self._speaker)
        return () if service is None else service.as_told(recalled)

    async def close(self) -> None:
        services, self._services = self._services, {}
        for service in services.values():
            await service.close()

    # -- what people ask ---------------------------------------------------------------------------

    def tools(self) -> list[Tool]:
        """Those of memory, for whoever speaks."""
        return memory_tools(cast("MemoryService", _Speakers(self)), self.pending)

    def speakers_memory(self) -> MemoryService:
        """Raises `ToolError` where there is none."""
        service = self._of(self._speaker)
        if service is None:
            raise ToolError(NOT_AGREED)
        return service

    async def forget_person(self, user: int) -> Forgotten:
        """All that is kept of him, and what others told of him. Raises `MemoryFailure` or `OSError`
        where something could not be reached; what could is gone then."""
        name = self._people.name(user)
        gone = Forgotten(0, 0, 0)
        service = self._service(user)
        self._services.pop(user, None)
        try:
            if service is not None:
                gone = await _empty(service)
                await service.close()
        finally:
            self._people.withdraw(user)
            if self._of_person(user).exists():
                remove_tree(self._of_person(user))
        for other in list(self._people.agreed()):
            gone = _sum(gone, await self._forget_about(other, name))
        return gone

    async def _forget_about(self, user: int, name: str) -> Forgotten:
        service = self._service(user)
        if service is None or not name:
            return Forgotten(0, 0, 0)
        await service.recorder.write()
        about = await service.recall.run(lambda: service.store.memories(Filters(person=name)))
        if not about:
            return Forgotten(0, 0, 0)
        return await service.strike([memory.id for memory in about])

    async def known_of(self, user: int) -> tuple[list[str], list[str]]:
        """How somebody stands to others, and what happened lately: sentences. Raises
        `MemoryFailure`."""
        service = self._service(user)
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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._room.speakers_memory(), name)


async def _empty(service: MemoryService) -> Forgotten:
    await service.recorder.write()
    journals = await service.recall.run(lambda: list(service.store.journals()))
    if not journals:
        return Forgotten(0, 0, 0)
    return await service.forget(await service.preview(journals))


def _sum(one: Forgotten, other: Forgotten) -> Forgotten:
    return Forgotten(
        one.memories + other.memories, one.turns + other.turns, one.journals + other.journals
    )


def _names(text: str, name: str) -> bool:
    """Whether somebody is named in this, by his whole name or by its first word."""
    parts = {name.casefold(), name.casefold().split()[0]} if name.split() else set[str]()
    return any(
        re.search(rf"(?<!\w){re.escape(part)}(?!\w)", text.casefold()) and bool(content(part))
        for part in parts
    )
