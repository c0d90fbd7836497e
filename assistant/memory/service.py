"""Memory service: memory as a session sees it, told of every turn, asked before every answer.

`conversation.NoMemory` is the same without any.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta

from assistant.brain.base import Completes
from assistant.language.tokens import content
from assistant.memory.base import (
    Filters,
    Forgotten,
    Found,
    Memory,
    MemoryFailure,
    MemoryStore,
    Reports,
)
from assistant.memory.deletion.plan import DeletionPreview, find_deletion, with_unwritten
from assistant.memory.extraction.candidates import Judge, Outcome
from assistant.memory.extraction.llm import Extractor
from assistant.memory.extraction.secrets import without_secrets
from assistant.memory.feelings import feelings_of, told
from assistant.memory.recall import Recall, Recalled
from assistant.memory.recorder import Recorder
from assistant.memory.told import (
    as_said,
    greeting,
    personas_of,
    told_hits,
    told_memory,
    users_name,
)
from assistant.memory.unwritten import PRIVATE, Unwritten, in_time
from assistant.memory.view import MemoryView, preview
from assistant.session.events import (
    MemoryForgotten,
    MemoryKept,
    MemoryRecalled,
    Notice,
    SessionEvent,
    Severity,
)

OPENING = 1.0
"""Seconds that a greeting may wait for what is known."""
PAUSE = 15.0
"""Seconds of silence after which a language model may be asked what was worth remembering."""
ENOUGH = 4
"""Turns of the user that are worth the asking."""
LAST_WORD = 5.0
"""Seconds that the end of a conversation may wait for a language model's verdict."""
CLOSING = 10.0
"""Seconds that the end of a conversation may wait for its journal."""
_log = logging.getLogger(__name__)


class MemoryService(MemoryView):
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
        self.met: frozenset[str] = frozenset()
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
        self._vouched = ""
        self.recorder = Recorder(
            store,
            private=private,
            walls=walls,
            write_every=write_every,
            judge=judge,
            on_problem=self._problem,
            on_kept=self._kept,
        )
        self._unwritten = Unwritten(self.recorder, self._problem)
        self.recall = Recall(
            store,
            persona=self._limit,
            current=lambda: self.recorder.ongoing,
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
        self.recorder.warm()

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
                self.recorder.who = name
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
        self.recorder.heard(text, self._persona())

    def said(self, text: str, persona: str, name: str) -> None:
        self.recorder.said(text, persona, name)
        if self._extractor is not None and not self.private and self._extracting is None:
            self._extracting = asyncio.create_task(self._extract_in_pause(), name="memory")

    def without_secrets(self, text: str) -> str:
        return without_secrets(text)

    async def recalled(self, text: str) -> Recalled:
        recalled = await self.recall.take(text)
        if recalled.found:
            today = datetime.now().astimezone().date()
            self._emit(
                MemoryRecalled(found=tuple(told_hits(recalled.found, self.recorder.who, today)))
            )
        return replace(recalled, who=self.recorder.who)

    async def foreseen(self, text: str) -> Recalled:
        return replace(await self.recall.look(text), who=self.recorder.who)

    async def news(self, text: str) -> str:
        recalled = await self.recalled(text)
        new = tuple(hit for hit in recalled.found if hit.id not in self._given)
        self._given.update(hit.id for hit in new)
        return replace(recalled, found=new).context(self.budget_tokens) if new else ""

    async def acknowledge(self, text: str) -> str:
        if self.private:
            self.note(text)
            return PRIVATE
        why = await self._unwritten.acknowledge(text, self._persona())
        self.recall.drop()
        return why

    async def keep_taught(self) -> str:
        return "" if self.private else await self._unwritten.keep_taught()

    def report(self, error: MemoryFailure) -> None:
        """Show it with its remedy and the names of files, which are not spoken."""
        self._unwritten.report(error)

    def note(self, text: str) -> None:
        """Know this, as the user says it, as long as the conversation lasts."""
        self._unwritten.note(text, self._persona())

    def as_told(self, recalled: Recalled) -> Sequence[str]:
        who, today = self.recorder.who, datetime.now().astimezone().date()
        remembered = [hit.memory for hit in recalled.found if hit.memory is not None]
        hits = [text for each in remembered for text in as_said(each, who, today)]
        return list(dict.fromkeys([*self._unwritten.as_told(self._limit()), *hits]))

    async def close(self) -> None:
        self._leave_model_alone()
        self.recall.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORD):
                if self._extractor is not None and not self.private:
                    await self.recorder.write()  # whatever happens to the model
                await self._extract(1)
        try:
            async with asyncio.timeout(CLOSING):
                await self.recorder.close()
        except TimeoutError:
            _log.error("memory: the journal could not be written in time")

    # -- what the tools ask ------------------------------------------------------------------------

    @property
    def last_words(self) -> str:
        """The user's last turn."""
        return self._last_heard[-1] if self._last_heard else ""

    def has_said(self, text: str) -> bool:
        """Whether the user's last turns hold at least half of the matter of this text."""
        if text == self._vouched:
            return True
        wanted = content(text)
        said = frozenset[str]().union(*(content(turn) for turn in self._last_heard))
        return not wanted or 2 * len(wanted & said) >= len(wanted)

    @contextmanager
    def vouching(self, text: str) -> Iterator[None]:
        """Meanwhile this counts as said by the user: a program of his asks to keep it."""
        self._vouched = text
        try:
            yield
        finally:
            self._vouched = ""

    async def remember(self, text: str) -> Sequence[Outcome]:
        """Keep this because the user asked for it: on disk when this returns. Raises
        `MemoryFailure`; then it is known as long as the conversation lasts."""
        outcomes = await in_time(self.recorder.remember(text, self._persona()))
        self.recall.drop()
        return outcomes

    async def known(self) -> Sequence[Memory]:
        """All that holds, newest first. Raises `MemoryFailure`."""
        filters = Filters(persona=self._limit())
        if not self.private:
            await self.recorder.write()
        unwritten = self.recorder.unwritten
        try:
            written = await self.recall.run(lambda: self.store.memories(filters))
        except MemoryFailure as error:
            if not unwritten:
                raise
            self._problem(error)
            return unwritten[::-1]
        there = {memory.id for memory in written}
        return [*(each for each in reversed(unwritten) if each.id not in there), *written]

    async def how_been(self, days: int, period: str) -> str:
        began = (datetime.now().astimezone() - timedelta(days=days)).replace(hour=0, minute=0)
        persona = self._limit()
        if not self.private:
            await self.recorder.write()
        return await self.recall.run(
            lambda: told(feelings_of(self.store, began, persona=persona), period)
        )

    async def search(self, query: str) -> list[Found]:
        """Best first, what could not be written too. Raises `MemoryFailure`."""
        unwritten = self._unwritten.hits(query)
        try:
            found = await self.recall.search(query)
        except MemoryFailure as error:
            if not unwritten:
                raise
            self._problem(error)
            return unwritten
        return [*unwritten, *found]

    async def deletion(self, what: str) -> DeletionPreview:
        """What would be forgotten with these words, and all that stands or falls with it. Raises
        `MemoryFailure`."""
        if not self.private:
            await self.recorder.write()
        current, limit = self._current(), self._limit()

        def look() -> DeletionPreview:
            deletion = find_deletion(self.store, what, current, limit)
            if deletion.everything or not deletion.ids:
                return deletion
            return preview(self.store, deletion.ids)

        unwritten = self._unwritten.about(what)
        try:
            written = await self.recall.run(look)
        except MemoryFailure:
            if not unwritten:
                raise
            written = DeletionPreview()
        return with_unwritten(written, unwritten, self.recorder.journal)

    def forget_noted(self, what: str) -> bool:
        """Whether something was known of it that no file holds; it is not any more."""
        texts = self._unwritten.drop_noted(what)
        for tell in self._on_forgotten if texts else ():
            tell(texts)
        return bool(texts)

    async def forget(self, deletion: DeletionPreview) -> Forgotten:
        """Raises `MemoryFailure`."""
        gone = await self.recorder.forget(deletion.ids, deletion.gone)
        self.recall.drop()
        self._unwritten.forget(deletion)
        for tell in self._on_forgotten:
            tell(deletion.texts)
        self._emit(MemoryForgotten(deletion=deletion))
        return gone

    async def strike(self, ids: Iterable[str]) -> Forgotten:
        return await self.forget(await self.preview(list(ids)))

    async def _extract_in_pause(self) -> None:
        await asyncio.sleep(PAUSE)
        await self._extract(ENOUGH)

    async def _extract(self, enough: int) -> None:
        """Have the model judge what it has not seen, if that is so many turns of the user's."""
        if self._extractor is None or self.private:
            return
        turns = await self.recorder.unread()
        if sum(turn.side == "user" for turn in turns) < enough:
            return
        extracted = await self._extractor.extract(turns, self.recorder.who)
        if extracted is not None:
            await self.recorder.learn(extracted, self._persona())

    def _leave_model_alone(self) -> None:
        """The user speaks: the answer needs the model more."""
        task, self._extracting = self._extracting, None
        if task is not None:
            task.cancel()

    # -- inside ------------------------------------------------------------------------------------

    def _limit(self) -> str:
        return self._persona() if self._walls else ""

    def _current(self) -> str:
        journal = self.recorder.journal
        return journal.id if journal is not None else ""

    def _problem(self, error: MemoryFailure) -> None:
        """From any thread; each told once."""
        if error.message in self._told or self._loop is None:
            return
        self._told.add(error.message)
        self._notify(error.message, error.remedy or "Details are in the log.", "memory")

    def _kept(self, memory: Memory, asked: bool) -> None:
        """From the recorder's thread."""
        told_to_user = told_memory(memory, self.recorder.who, datetime.now().astimezone().date())
        self._tell(MemoryKept(memory=told_to_user, asked=asked))

    def _news(self, text: str, remedy: str) -> None:
        """From any thread: what the store has to say, each time."""
        self._notify(text, remedy, "memory-store")

    def _notify(self, text: str, remedy: str, key: str) -> None:
        severity: Severity = "warning" if remedy else "information"
        self._tell(Notice(text=text, remedy=remedy, severity=severity, key=key))

    def _tell(self, event: SessionEvent) -> None:
        """From any thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody listens any more
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._emit, event)
