"""Looking up what is known while the user still speaks, so that the answer does not wait for it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from assistant.language.person import plain
from assistant.language.tokens import content
from assistant.memory.base import ANY, Filters, Found, MemoryFailure, MemoryStore
from assistant.memory.extraction.filters import is_order, is_question
from assistant.memory.recorder import WorkerThread
from assistant.memory.retrieval.relevance import LONG, concerns, sentences_of_long, to_the_point
from assistant.memory.told import defused, quote, tokens

T = TypeVar("T")
LIMIT = 8
"""Hits that are looked at."""
LIKE = 0.2
"""Score from which a memory is worth telling that shares no word with what was said, only its
sense. (An index scores how well something fits; about 1 is a hit in the words.)"""
PATIENCE = 0.05
"""Seconds an answer may wait where the last words brought something new."""
TYPED_PATIENCE = 0.5
"""Seconds where nothing could be prepared, because the words came all at once."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What came to mind at some words."""

    words: frozenset[str] = frozenset()
    found: tuple[Found, ...] = ()
    who: str = ""
    """The user's name, where it is known."""

    def context(self, budget_tokens: int, now: datetime | None = None) -> str:
        """For a prompt: marked as memory, quoted, within the budget; "" where there is nothing."""
        called = f'The user is called "{defused(self.who)}".' if self.who else ""
        cost = tokens(called) + 1 if called else 0
        if cost > budget_tokens:
            return ""
        notes = quote(self.found, budget_tokens - cost, now or datetime.now().astimezone())
        return "\n".join(part for part in (called, notes) if part)


NOTHING = Recalled()


class Recall:
    """Prepares on partial transcripts; is asked at the end of the turn.

    `persona` gives the slug that sees only its own memories ("": there are no walls). `current`
    gives the ids of the journals of this conversation: their turns are in the history anyway.
    """

    def __init__(
        self,
        store: MemoryStore,
        *,
        persona: Callable[[], str] = lambda: "",
        current: Callable[[], tuple[str, ...]] = tuple,
        on_problem: Callable[[MemoryFailure], None] = lambda error: None,
    ) -> None:
        self._store = store
        self._persona = persona
        self._current = current
        self._on_problem = on_problem
        self._worker = WorkerThread("memory-recall")
        self._wanted: frozenset[str] = frozenset()
        self._latest = NOTHING
        self._latest_for = ""
        """The persona that may know it."""

    def prepare(self, partial: str) -> None:
        """The user has said this so far. Returns at once."""
        words = content(partial)
        if words and words != self._wanted:
            self._wanted = words
            filters = self._filters()
            self._worker.put(lambda: self._search(partial, words, filters))

    async def look(self, text: str) -> Recalled:
        """What `take` would give if the turn ended so; it stays prepared."""
        found = await self.take(text)
        self._latest, self._latest_for = found, self._persona()
        self._wanted = found.words
        return found

    async def take(self, text: str) -> Recalled:
        """What is known about the turn that has ended, without waiting where it was prepared."""
        words = content(text)
        prepared = self._latest if self._latest_for == self._persona() else NOTHING
        self._latest, self._wanted = NOTHING, frozenset()
        if not words:
            return NOTHING
        if prepared.words >= words:
            return prepared
        patience = PATIENCE if prepared.words else TYPED_PATIENCE
        filters = self._filters()
        search = self._worker.ask(lambda: self._find(text, words, filters))
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                return await asyncio.wrap_future(search)
        _log.info("memory: not found in time")
        return prepared

    async def run(self, job: Callable[[], T]) -> T:
        """Do something that reads memory on this thread, beside the event loop."""
        return await self._worker.wait(job)

    def worth_saying(self, hits: Sequence[Found], text: str) -> list[Found]:
        """Those hits that are about what was asked for."""
        return to_the_point(text, self._worth_saying(hits, content(text)))

    async def search(self, text: str, limit: int = LIMIT) -> list[Found]:
        """What the user told, searched for at their word. Raises `MemoryFailure`."""
        filters = self._filters()

        def search() -> list[Found]:
            hits = self._store.search(text, filters, limit)
            return [hit for hit in hits if hit.memory or self._is_users(hit)]

        return await self._worker.wait(search)

    def drop(self) -> None:
        """Something was forgotten: what is prepared may hold it."""
        self._latest, self._wanted = NOTHING, frozenset()

    def close(self) -> None:
        self._worker.close()

    def _filters(self) -> Filters:
        persona = self._persona()
        return Filters(persona=persona) if persona else ANY

    def _search(self, text: str, words: frozenset[str], filters: Filters) -> None:
        if words == self._wanted:  # else the user has said more meanwhile
            found = self._find(text, words, filters)
            if words == self._wanted:
                self._latest, self._latest_for = found, filters.persona

    def _find(self, text: str, words: frozenset[str], filters: Filters) -> Recalled:
        try:
            if len(words) > LONG:
                return Recalled(words, tuple(self._found_in_long(text, filters)[:LIMIT]))
            hits = self._store.search(text, filters, 2 * LIMIT)
        except MemoryFailure as error:
            _log.warning("memory: %s", error.message)
            self._on_problem(error)
            return Recalled(words)
        found = self._worth_saying(hits, words)[:LIMIT]
        return Recalled(words, tuple(hit for hit in found if hit.memory or self._is_users(hit)))

    def _found_in_long(self, text: str, filters: Filters) -> list[Found]:
        """A pasted text has every common word in it: each sentence is looked up alone. Raises
        `MemoryFailure`."""
        found: dict[str, Found] = {}
        for sentence in sentences_of_long(text):
            hits = [
                hit
                for hit in self._store.search(sentence, filters, LIMIT)
                if concerns(sentence, hit)
            ]
            for hit in self._worth_saying(hits, content(sentence)):
                if hit.memory or self._is_users(hit):
                    found.setdefault(hit.text.casefold(), hit)
        return sorted(found.values(), key=lambda hit: hit.memory is None)

    def _is_users(self, hit: Found) -> bool:
        """What the assistant said once may have been wrong, and is not held to be known."""
        journal, _, number = hit.id.partition("#")
        try:
            turns = self._store.read(journal).turns
        except (MemoryFailure, KeyError):
            return False
        return any(turn.side == "user" and str(turn.number) == number for turn in turns)

    def _worth_saying(self, hits: Sequence[Found], words: frozenset[str]) -> list[Found]:
        """Memories first, then turns; each text once; no turn of the conversation that goes on."""
        memories: list[Found] = []
        turns: list[Found] = []
        current = tuple(f"{id}#" for id in self._current())
        seen: set[str] = set()
        for hit in hits:
            shared = words & content(hit.text)
            if hit.text.casefold() in seen:
                continue
            seen.add(hit.text.casefold())
            if hit.memory is not None:
                if shared or hit.score >= LIKE:
                    memories.append(hit)
            elif shared and not hit.id.startswith(current) and _tells(hit):
                turns.append(hit)
        return memories + turns


def _tells(hit: Found) -> bool:
    """Whether a turn says something: what was only asked or ordered once is no help."""
    text = plain(hit.text)
    return not (is_question(text) or is_order(text))
