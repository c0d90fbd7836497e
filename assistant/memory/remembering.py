"""Memory as a session sees it: told of every turn, asked before every answer.

`NoMemory` is the same without any: everything may be asked of it, and nothing comes of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from assistant.brain.base import Completes
from assistant.events import MemoryForgotten, MemoryRecalled, Notice, SessionEvent, Severity
from assistant.memory.base import (
    Filters,
    Forgotten,
    Found,
    Memory,
    MemoryFailure,
    MemoryStore,
    Reports,
)
from assistant.memory.book import ClosedBook, OpenBook
from assistant.memory.confidential import without_secrets
from assistant.memory.drafts import Judge, Outcome, Refused
from assistant.memory.editing import foretell
from assistant.memory.extract import Extractor
from assistant.memory.greeting import greeting, personas_of, users_name
from assistant.memory.keeper import Keeper
from assistant.memory.oblivion import Doomed, find_doomed, with_unwritten
from assistant.memory.recall import NOTHING, Recall, Recalled
from assistant.memory.told import as_said, told_hits
from assistant.memory.unwritten import NOT_MADE_OUT, PRIVATE, not_written
from assistant.memory.wording import content

T = TypeVar("T")
OPENING = 1.0
"""Seconds that a greeting may wait for what is known."""
PAUSE = 15.0
"""Seconds of silence after which a language model may be asked what was worth remembering."""
ENOUGH = 4
"""Turns of the user that are worth the asking."""
LAST_WORD = 5.0
"""Seconds that the end of a conversation may wait for a language model's verdict."""
WRITING = 8.0
"""Seconds that an answer may wait until what it acknowledges is on disk."""
CLOSING = 10.0
"""Seconds that the end of a conversation may wait for its journal."""
_log = logging.getLogger(__name__)


class NoMemory(ClosedBook):
    """Remembers nothing."""

    budget_tokens = 0
    met: frozenset[str] = frozenset()
    """Slugs of the personas that the user has talked to, as far as that may be known. Once it has
    `opened`."""
    why = ""
    """Said where the user tells something and nothing is kept; "": it goes without saying."""

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None] = lambda texts: None,
    ) -> None:
        """`persona` gives the slug of the one in charge; `on_forgotten(texts)` hears what else has
        to forget. Call in the event loop."""

    async def opened(self) -> str:
        """One sentence more for the greeting; "" for none."""
        return ""

    def prepare(self, partial: str) -> None:
        """The user has said this so far."""

    def heard(self, text: str) -> None:
        """The user's turn."""

    def said(self, text: str, persona: str, name: str) -> None:
        """What was heard of the assistant's."""

    def without_secrets(self, text: str) -> str:
        """As it may be written down."""
        return text

    async def recalled(self, text: str) -> Recalled:
        """What comes to mind at the user's words."""
        return NOTHING

    async def news(self, text: str) -> str:
        """What comes to mind, quoted, and has not yet in this conversation; "" for nothing."""
        return ""

    async def acknowledge(self, text: str) -> str:
        """Keep what the user's turn tells, before the answer says that it is remembered. Returns
        what has to be said where it is not: one or two sentences."""
        return self.why

    async def keep_taught(self) -> str:
        """Keep what the last turn taught, whatever the answer says. Returns the same, once."""
        return ""

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        """The same as the user would say it: "my parrot is called Picasso"."""
        return ()

    async def close(self) -> None:
        """The conversation is over."""


class Remembering(OpenBook, NoMemory):
    """`walls`: no persona knows what another was told. `private`: reads, but keeps nothing."""

    def __init__(
        self,
        store: MemoryStore,
        *,
        private: bool = False,
        walls: bool = False,
        budget_tokens: int = 400,
        write_every: float = 300.0,
        judge: Judge | None = None,
        on_name: Callable[[str], None] = lambda name: None,
        on_forgotten: Callable[[Sequence[str]], None] = lambda texts: None,
    ) -> None:
        """`write_every` is in seconds; `on_name` hears the user's name where it is known."""
        self.store = store
        self.private = private
        self.budget_tokens = budget_tokens
        self._walls = walls
        self._on_name = on_name
        self._on_forgotten = [on_forgotten]
        self._emit: Callable[[SessionEvent], None] = lambda event: None
        self._persona: Callable[[], str] = lambda: ""
        self._loop: asyncio.AbstractEventLoop | None = None
        self._told: set[str] = set()
        self._extractor: Extractor | None = None
        self._extracting: asyncio.Task[None] | None = None
        self._given: set[str] = set()
        """What a model that answers by itself has been told in this conversation."""
        self._last_heard: list[str] = []
        self._noted: list[tuple[str, str]] = []
        """What no journal holds, as the user says it, with the persona it was told to."""
        self._said_of = ""
        """The reason why nothing can be written that was spoken last."""
        self.keeper = Keeper(
            store,
            private=private,
            walls=walls,
            write_every=write_every,
            judge=judge,
            on_problem=self._problem,
        )
        self.recall = Recall(
            store,
            persona=self._limit,
            current=lambda: self.keeper.ongoing,
            on_problem=self._problem,
        )

    def begin(
        self,
        emit: Callable[[SessionEvent], None],
        persona: Callable[[], str],
        on_forgotten: Callable[[Sequence[str]], None] = lambda texts: None,
    ) -> None:
        self._emit = emit
        self._persona = persona
        self._loop = asyncio.get_running_loop()
        self._on_forgotten.append(on_forgotten)
        if isinstance(self.store, Reports):
            self.store.report_to(self._news)

    async def opened(self) -> str:
        self.keeper.warm()

        def look() -> tuple[frozenset[str], str, str]:
            limit = self._limit()
            name = users_name(self.store, limit)
            met = frozenset() if self.private else personas_of(self.store.journals())
            return met, name, greeting(self.store, datetime.now().astimezone(), limit, name)

        with suppress(TimeoutError):
            try:
                async with asyncio.timeout(OPENING):
                    self.met, name, sentence = await self.recall.run(look)
            except MemoryFailure as error:
                self._problem(error)
                return ""
            if name:
                self.keeper.who = name
                self._on_name(name)
            return sentence
        return ""

    def use_model(self, model: Completes) -> None:
        """Let a language model decide what is remembered, in pauses and at the end."""
        self._extractor = Extractor(model)

    def prepare(self, partial: str) -> None:
        self._leave_model_alone()
        self.recall.prepare(partial)

    def heard(self, text: str) -> None:
        self._leave_model_alone()
        self._last_heard = [*self._last_heard[-5:], text]
        self.keeper.heard(text, self._persona())

    def said(self, text: str, persona: str, name: str) -> None:
        self.keeper.said(text, persona, name)
        if self._extractor is not None and not self.private and self._extracting is None:
            self._extracting = asyncio.create_task(self._extract_in_pause(), name="memory")

    def without_secrets(self, text: str) -> str:
        return without_secrets(text)

    async def recalled(self, text: str) -> Recalled:
        recalled = await self.recall.take(text)
        if recalled.found:
            today = datetime.now().astimezone().date()
            self._emit(
                MemoryRecalled(found=tuple(told_hits(recalled.found, self.keeper.who, today)))
            )
        return replace(recalled, who=self.keeper.who)

    async def news(self, text: str) -> str:
        recalled = await self.recalled(text)
        new = tuple(hit for hit in recalled.found if hit.id not in self._given)
        self._given.update(hit.id for hit in new)
        return replace(recalled, found=new).context(self.budget_tokens) if new else ""

    async def acknowledge(self, text: str) -> str:
        if self.private:
            return PRIVATE
        try:
            outcomes = await self._in_time(self.keeper.acknowledge(text, self._persona()))
        except MemoryFailure as error:
            self.report(error)
            return not_written(error)
        self._said_of = ""
        self.recall.drop()
        refused = [each.sentence() for each in outcomes if isinstance(each, Refused)]
        return refused[0] if refused else "" if outcomes else NOT_MADE_OUT

    async def keep_taught(self) -> str:
        if self.private:
            return ""
        try:
            await self._in_time(self.keeper.write_taught())
        except MemoryFailure as error:
            said = self._said_of
            self.report(error)
            return "" if said == error.spoken else not_written(error)
        self._said_of = ""
        return ""

    def report(self, error: MemoryFailure) -> None:
        """Show it with its remedy and the names of files, which are not spoken."""
        self._said_of = error.spoken
        self._problem(error)

    def note(self, text: str) -> None:
        """Know this, as the user says it, as long as the conversation lasts."""
        self._noted.append((self._persona(), text))

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        who, today = self.keeper.who, datetime.now().astimezone().date()
        remembered = [hit.memory for hit in recalled.found if hit.memory is not None]
        hits = [as_said(memory, who, today) for memory in remembered]
        unwritten = [as_said(memory, who, today) for memory in self.keeper.unwritten]
        limit = self._limit()
        noted = [text for persona, text in self._noted if limit in ("", persona)]
        return list(dict.fromkeys([*reversed(noted), *reversed(unwritten), *hits]))

    async def close(self) -> None:
        self._leave_model_alone()
        self.recall.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                if self._extractor is not None and not self.private:
                    await self.keeper.write()  # whatever happens to the model
                await self._extract(1)
        try:
            async with asyncio.timeout(CLOSING):
                await self.keeper.close()
        except TimeoutError:
            _log.error("memory: the journal could not be written in time")

    # -- what the tools ask ------------------------------------------------------------------------

    @property
    def last_words(self) -> str:
        """The user's last turn."""
        return self._last_heard[-1] if self._last_heard else ""

    def has_said(self, text: str) -> bool:
        """Whether the user's last turns hold at least half of the matter of this text."""
        wanted = content(text)
        said = frozenset[str]().union(*(content(turn) for turn in self._last_heard))
        return not wanted or 2 * len(wanted & said) >= len(wanted)

    async def remember(self, text: str) -> Sequence[Outcome]:
        """Keep this because the user asked for it: on disk when this returns. Raises
        `MemoryFailure`; then it is known as long as the conversation lasts."""
        outcomes = await self._in_time(self.keeper.remember(text, self._persona()))
        self.recall.drop()
        return outcomes

    async def known(self) -> Sequence[Memory]:
        """All that holds, newest first. Raises `MemoryFailure`."""
        filters = Filters(persona=self._limit())
        if not self.private:
            await self.keeper.write()
        unwritten = self.keeper.unwritten
        try:
            written = await self.recall.run(lambda: self.store.memories(filters))
        except MemoryFailure as error:
            if not unwritten:
                raise
            self._problem(error)
            return unwritten[::-1]
        there = {memory.id for memory in written}
        return [*(each for each in reversed(unwritten) if each.id not in there), *written]

    async def search(self, query: str) -> list[Found]:
        """Best first, what could not be written too. Raises `MemoryFailure`."""
        words = content(query)
        unwritten = [
            Found(each.id, each.text, each.at, each.persona, 1.0, each)
            for each in self.keeper.unwritten
            if words & content(each.text)
        ]
        try:
            found = await self.recall.search(query)
        except MemoryFailure as error:
            if not unwritten:
                raise
            self._problem(error)
            return unwritten
        return [*unwritten, *found]

    async def doomed(self, what: str) -> Doomed:
        """What would be forgotten with these words, and all that stands or falls with it. Raises
        `MemoryFailure`."""
        if not self.private:
            await self.keeper.write()
        current, limit = self._current(), self._limit()

        def look() -> Doomed:
            doomed = find_doomed(self.store, what, current, limit)
            if doomed.everything or not doomed.ids:
                return doomed
            return foretell(self.store, doomed.ids)

        words = content(what)
        unwritten = [m for m in self.keeper.unwritten if words and words <= content(m.text)]
        return with_unwritten(await self.recall.run(look), unwritten, self.keeper.journal)

    async def forget(self, doomed: Doomed) -> Forgotten:
        """Raises `MemoryFailure`."""
        gone = await self.keeper.forget(doomed.ids, doomed.gone)
        self.recall.drop()
        texts = [content(text) for text in doomed.texts]
        self._noted = [
            (persona, noted)
            for persona, noted in self._noted
            if not (doomed.everything or any(content(noted) <= text for text in texts))
        ]
        for tell in self._on_forgotten:
            tell(doomed.texts)
        self._emit(MemoryForgotten(doomed=doomed))
        return gone

    async def strike(self, ids: Iterable[str]) -> Forgotten:
        return await self.forget(await self.foretell(list(ids)))

    async def _extract_in_pause(self) -> None:
        await asyncio.sleep(PAUSE)
        await self._extract(ENOUGH)

    async def _extract(self, enough: int) -> None:
        """Have the model judge what it has not seen, if that is so many turns of the user's."""
        if self._extractor is None or self.private:
            return
        turns = await self.keeper.unread()
        if sum(turn.side == "user" for turn in turns) < enough:
            return
        extracted = await self._extractor.extract(turns, self.keeper.who)
        if extracted is not None:
            await self.keeper.learn(extracted, self._persona())

    def _leave_model_alone(self) -> None:
        """The user speaks: the answer needs the model more."""
        task, self._extracting = self._extracting, None
        if task is not None:
            task.cancel()

    # -- inside ------------------------------------------------------------------------------------

    def _limit(self) -> str:
        return self._persona() if self._walls else ""

    def _current(self) -> str:
        journal = self.keeper.journal
        return journal.id if journal is not None else ""

    async def _in_time(self, work: Awaitable[T]) -> T:
        """Raises `MemoryFailure` where the disk does not answer; it may still be written later."""
        try:
            async with asyncio.timeout(WRITING):
                return await work
        except TimeoutError:
            raise MemoryFailure(
                "memory could not be written in time",
                "Is the disk slow, or a network folder away?",
                "the disk does not answer",
            ) from None

    def _problem(self, error: MemoryFailure) -> None:
        """From any thread; each told once."""
        if error.message in self._told or self._loop is None:
            return
        self._told.add(error.message)
        self._notify(error.message, error.remedy or "Details are in the log.", "memory")

    def _news(self, text: str, remedy: str) -> None:
        """From any thread: what the store has to say, each time."""
        self._notify(text, remedy, "memory-store")

    def _notify(self, text: str, remedy: str, key: str) -> None:
        severity: Severity = "warning" if remedy else "information"
        notice = Notice(text=text, remedy=remedy, severity=severity, key=key)
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._emit, notice)
