"""The memories of those who have agreed: opened when they are needed, closed to who withdraws, and
forgotten as a whole."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from assistant.brain.base import Completes
from assistant.config.schema import MemoryConfig
from assistant.discord.people.agreements import People
from assistant.discord.people.kept import places_of
from assistant.discord.people.naming import comparable
from assistant.discord.people.relations import Relation, relations_in, told_of
from assistant.loops import BackgroundTasks
from assistant.memory.base import Forgotten, Journal, Memory, MemoryFailure
from assistant.memory.factory import LazyStore, open_store_in
from assistant.memory.service import MemoryService
from assistant.memory.store.contents import Places
from assistant.private_files import remove_tree
from assistant.session.events import MemoryKept, SessionEvent

log = logging.getLogger(__name__)


class PeopleMemories:
    """By user id; `folder` holds all that is kept of people (see `kept`)."""

    def __init__(self, config: MemoryConfig, people: People, folder: Path) -> None:
        self.folder = folder
        self.told_about: set[str] = set()
        """Names of whom somebody has told, as they compare."""
        self._config = config
        self._people = people
        self._services: dict[int, MemoryService] = {}
        self._stores: dict[int, _ConsentedStore] = {}
        self._called: dict[int, str] = {}
        self._dropped: list[MemoryService] = []
        """Of who has withdrawn: to be closed."""
        self._model: Completes | None = None
        self._begun: tuple[Any, ...] | None = None
        self._background = BackgroundTasks()
        people.on_withdrawn = self._withdrawn

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None],
    ) -> None:
        """See `ConversationMemory`."""
        self._begun = (emit, persona, on_forgotten)
        for user, service in self._services.items():
            self._begin(service, user)

    def use_model(self, model: Completes) -> None:
        """See `ConversationMemory`."""
        self._model = model
        for service in self._services.values():
            service.use_model(model)

    async def close(self) -> None:
        """Writes what is not written, but for those who have withdrawn."""
        self._background.cancel()
        self._people.agreed()  # who has withdrawn elsewhere is noticed now, at the latest
        services, self._services = self._services, {}
        self._dropped += services.values()
        await self._close_dropped()

    def of(self, user: int) -> MemoryService | None:
        """None: he has not agreed."""
        if not self._people.has_agreed(user):
            return None
        service = self._services.get(user) or self._open(user)
        if self._called[user] != (name := self._people.name(user)):
            service.recorder.who = self._called[user] = name  # renamed meanwhile
        return service

    def _open(self, user: int) -> MemoryService:
        store = _ConsentedStore(self._config, places_of(self.folder, user))
        service = MemoryService(
            store,
            walls=self._config.walls,
            budget_tokens=self._config.budget_tokens,
            write_every=60 * self._config.write_every_minutes,
        )
        self._services[user], self._stores[user] = service, store
        service.recorder.who = self._called[user] = self._people.name(user)
        if self._begun is not None:
            self._begin(service, user)
        if self._model is not None:
            service.use_model(self._model)
        return service

    def _begin(self, service: MemoryService, user: int) -> None:
        assert self._begun is not None
        emit, persona, on_forgotten = self._begun

        def told(event: SessionEvent) -> None:
            if isinstance(event, MemoryKept):
                self._know_of(event.memory, user)
            emit(event)

        service.begin(told, persona, on_forgotten)
        self._background.run(self._look_whom_it_names(service, user))

    async def _look_whom_it_names(self, service: MemoryService, user: int) -> None:
        with suppress(MemoryFailure, asyncio.CancelledError):
            for memory in await service.known():
                self._know_of(memory, user)

    def _know_of(self, memory: Memory, user: int) -> None:
        self.told_about.update(comparable(name) for name in memory.people)
        claim = memory.claim
        if claim is not None and (claim.subject, claim.attribute) == ("user", "name"):
            self._people.also_called(user, claim.value)

    def _withdrawn(self, user: int) -> None:
        """What was not written yet never will be."""
        service, store = self._services.pop(user, None), self._stores.pop(user, None)
        if store is not None:
            store.consented = False
        if service is not None:
            self._dropped.append(service)

    async def relations(self) -> list[Relation]:
        """All that those who agreed have told. What cannot be read of one is left out."""
        found: list[Relation] = []
        for user in self._people.agreed():
            service = self.of(user)
            try:
                known = await service.known() if service is not None else []
            except MemoryFailure as error:
                log.warning("how people stand cannot be read: %s", error)
                continue
            found += relations_in(known, user, self._people)
        return found

    async def forget_person(self, user: int) -> Forgotten:
        """All that is kept of him, and what others told of him, whether anything is remembered at
        present or not. Raises `MemoryFailure` or `OSError` where something could not be reached;
        what could is gone then."""
        names = self._people.names(user)
        folder = places_of(self.folder, user).folder.parent
        gone = Forgotten(0, 0, 0)
        try:
            if self._people.has_agreed(user) or folder.exists():
                service = self._services.get(user) or self._open(user)
                gone = await _empty(service)
        finally:
            self._people.withdraw(user)
            self._withdrawn(user)
            await self._close_dropped()
            if folder.exists():
                remove_tree(folder)
        for other in list(self._people.agreed()):
            gone = _sum(gone, await self._forget_about(other, names))
        return gone

    async def _close_dropped(self) -> None:
        while self._dropped:
            await self._dropped.pop().close()

    async def _forget_about(self, user: int, names: Mapping[str, str]) -> Forgotten:
        """What this one told of somebody with these names."""
        service = self._services.get(user) or self._open(user)
        await service.recorder.write()
        ids = await service.recall.run(lambda: told_of(service.store, names))
        if not ids:
            return Forgotten(0, 0, 0)
        return await service.strike(ids)


class _ConsentedStore(LazyStore):
    """Of one person: takes nothing more once he has withdrawn, from whatever is still open."""

    def __init__(self, config: MemoryConfig, places: Places) -> None:
        super().__init__(lambda: open_store_in(config, places).store)
        self.consented = True

    def write(self, journal: Journal) -> None:
        if self.consented:
            super().write(journal)


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
