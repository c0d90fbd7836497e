"""From the turns of a conversation to its journal, and when that is written.

All of it on one thread, that of the `Recorder`.
"""

from __future__ import annotations

import logging
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

from assistant.memory.base import (
    Defers,
    Forgotten,
    Journal,
    Memory,
    MemoryFailure,
    MemoryStore,
    Turn,
)
from assistant.memory.extraction import the_rules
from assistant.memory.extraction.candidates import (
    Candidate,
    Judge,
    Outcome,
    is_echo,
    mood_of,
    topics_of,
)
from assistant.memory.extraction.deduplicate import KnownMemories
from assistant.memory.extraction.llm import Extracted
from assistant.memory.extraction.secrets import without_secrets
from assistant.memory.journal.merging import doubted, drop, free_id, withdraw
from assistant.memory.told import users_name

T = TypeVar("T")
MAX_TOPICS = 5
LONGEST = 400
"""Turns of a journal. A file is written whole each time something weighty is told, so what goes on
for longer is continued in the next one."""
_log = logging.getLogger(__name__)


class JournalWriter:
    """Collects the turns of one conversation and keeps what matters; arguments and methods
    as of `Recorder`, which calls them on its thread."""

    def __init__(
        self,
        store: MemoryStore,
        *,
        who: str,
        private: bool,
        walls: bool,
        write_every: float,
        judge: Judge | None,
        now: Callable[[], datetime],
        on_problem: Callable[[MemoryFailure], None],
        on_kept: Callable[[Memory, bool], None],
    ) -> None:
        self.who = who
        self.private = private
        self._store = store
        self._walls = walls
        self._every = write_every
        self._judge = judge
        """None: the rules, once they are wanted."""
        self._now = now
        self._on_problem = on_problem
        self._on_kept = on_kept
        self._numbers: dict[str, int] = {}
        self._known = KnownMemories(store, self._numbers)
        self._journal: Journal | None = None
        self._on_disk: frozenset[str] = frozenset()
        """Ids of the journal's memories that were written."""
        self._judged_last: tuple[str, Sequence[Outcome]] = ("", ())
        """The user's last turn, and what became of it."""
        self._topics: Counter[str] = Counter()
        self._dirty = False
        self._written = time.monotonic()
        self._told = ""
        self._number = 0
        self._lately: deque[Turn] = deque(maxlen=4)
        self._before = ""
        """The journal in which this conversation began, or was continued."""
        self._read = 0
        """The last turn that a language model has judged."""

    @property
    def unwritten(self) -> list[Memory]:
        """What was learnt in this conversation and could not be written, or was not yet."""
        journal = self._journal
        memories = [] if journal is None else list(journal.memories)
        return [each for each in memories if each.id not in self._on_disk and not each.replaced_by]

    @property
    def journal(self) -> Journal | None:
        """The one that is being written; None before the first turn."""
        return self._journal

    @property
    def ongoing(self) -> tuple[str, ...]:
        """The ids of the journals that hold what was said last."""
        journal = self._journal
        return tuple(id for id in (self._before, journal.id if journal else "") if id)

    def take(self, turn: Turn, persona: str) -> None:
        if turn.side == "user":
            self._turn_the_page()
        journal = self._begun(turn.at, persona)
        self._number += 1
        turn = replace(turn, number=self._number)
        journal.turns.append(replace(turn, text=without_secrets(turn.text)))
        self._lately.append(turn)
        self._dirty = True
        if turn.side == "user" and not is_echo(turn.text, self._lately):
            self._note_mood(turn.text)
            outcomes = self._judged(turn)
            self._judged_last = turn.text, outcomes
            if self._keep([each for each in outcomes if isinstance(each, Candidate)], persona):
                self.write()

    def _judged(self, turn: Turn) -> Sequence[Outcome]:
        if self._judge is None:
            self._judge = the_rules()
        return self._judge.judge(turn, self.who)

    def remember(self, text: str, persona: str) -> Sequence[Outcome]:
        if self.private:
            return []
        journal = self._begun(self._now(), persona)
        own = [each.number for each in journal.turns if each.side == "user"]
        number = own[-1] if own else 1
        turn = Turn(number, "user", "You", f"Remember that {text}", self._now())
        outcomes = self._judged(turn) or the_rules().judge(turn, self.who)
        self._keep_for_sure(outcomes, persona)
        return outcomes

    def acknowledge(self, text: str, persona: str) -> Sequence[Outcome]:
        heard, outcomes = self._judged_last
        if heard != text or not outcomes:
            return self.remember(text, persona)
        self._keep_for_sure(outcomes, persona)
        return outcomes

    def _keep_for_sure(self, outcomes: Sequence[Outcome], persona: str) -> None:
        """On disk, also what was known once and another program has forgotten since."""
        drafts = [each for each in outcomes if isinstance(each, Candidate)]
        journal = self._journal
        if journal is None or not drafts:
            return
        if self._dirty:
            self.write(loud=True)
        self._known = KnownMemories(self._store, self._numbers)
        asked = [each for each in drafts if each.asked]
        if new := [each for each in drafts if not self._known.holds(each, journal)] or asked:
            self._keep(new, persona)
            self.write(loud=True)

    def write_taught(self) -> None:
        if self._dirty and self.unwritten:
            self.write(loud=True)

    def unread(self) -> list[Turn]:
        journal = self._journal
        return [] if journal is None else [t for t in journal.turns if t.number > self._read]

    def learn(self, extracted: Extracted, persona: str) -> None:
        journal = self._journal
        if journal is None or not extracted.turns:
            return
        self._read = max(self._read, *extracted.turns)
        away = doubted(journal, extracted.turns)
        self._known.forget([memory.id for memory in away])
        withdraw(journal, away, [draft.text for draft in extracted.drafts])
        self._keep(extracted.drafts, persona)
        self.write()

    def _keep(self, drafts: Sequence[Candidate], persona: str) -> bool:
        """Whether anything of it wants to be written at once."""
        journal = self._journal
        assert journal is not None
        urgent = False
        for draft in drafts:
            self._topics.update(draft.topics)
            if draft.claim and draft.claim.attribute == "name" and draft.claim.subject == "user":
                self.who = journal.who = draft.claim.value
            kept = self._known.take(draft, journal, persona, self._now())
            if kept is not None:
                self._on_kept(kept, draft.asked)
                urgent = urgent or draft.weighty or draft.asked
                if draft.commitment:
                    journal.commitments.append(draft.text)
        return urgent

    def _turn_the_page(self) -> None:
        """A conversation that fills its journal is continued in another, once this one is safe."""
        journal = self._journal
        if journal is None or len(journal.turns) < LONGEST:
            return
        self.end()
        if self._dirty:
            journal.ended = None  # it could not be written: it goes on
        else:
            self._before, self._journal = journal.id, None

    def _begun(self, at: datetime, persona: str) -> Journal:
        if self._journal is not None and self._walls and self._journal.persona != persona:
            self.end()
            self._journal = None
            self.who = self._name_told_to(persona)
        if self._journal is None:
            self._number = self._read = 0
            self._on_disk = frozenset()
            self._topics.clear()
            id = free_id(at, persona, self._ids())
            self._journal = Journal(id=id, began=at, persona=persona, who=self.who)
        return self._journal

    def _ids(self) -> set[str]:
        try:
            return set(self._store.journals())
        except MemoryFailure:
            return set()

    def _name_told_to(self, persona: str) -> str:
        try:
            return users_name(self._store, persona)
        except MemoryFailure:
            return ""

    def _note_mood(self, text: str) -> None:
        assert self._journal is not None
        self._topics.update(topics_of(text))
        self._journal.mood = mood_of(text) or self._journal.mood

    def write(self, *, loud: bool = False) -> None:
        journal = self._journal
        if journal is None:
            return
        if not (journal.memories or any(turn.side == "user" for turn in journal.turns)):
            return
        journal.topics = [topic for topic, _ in self._topics.most_common(MAX_TOPICS)]
        self._written = time.monotonic()
        ids = {memory.id for memory in journal.memories}
        try:
            self._store.write(journal)
        except MemoryFailure as error:
            self._failed(error)
            if loud:
                raise
        else:
            self._dirty, self._told = False, ""
            if loud and isinstance(self._store, Defers) and (why := self._store.deferred()):
                raise MemoryFailure(why, "What is new is handed over as soon as it can be.", why)
            self._on_disk = frozenset(memory.id for memory in journal.memories)
            if ids != self._on_disk:  # edited by hand meanwhile, or by another program
                self._known = KnownMemories(self._store, self._numbers)

    def _failed(self, error: MemoryFailure) -> None:
        _log.warning("memory: %s", error.message)
        if error.message != self._told:
            self._told = error.message
            self._on_problem(error)

    def end(self) -> None:
        if self._journal is not None:
            self._journal.ended = self._now()
            self.write()

    def edit(self, edit: Callable[[], T]) -> T:
        if not self.private:
            self.write()
        done = edit()
        self._known = KnownMemories(self._store, self._numbers)
        if not self.private:
            self.write()
        return done

    def forget(self, ids: Sequence[str], also: Sequence[str]) -> Forgotten:
        unwritten = {memory.id for memory in self.unwritten}
        if self._dirty:
            self.write()
        unwritten &= {memory.id for memory in self.unwritten}
        self._drop({*ids, *also})
        try:
            return self._store.forget(ids)
        except MemoryFailure:
            if not unwritten or any("#" not in id and id not in unwritten for id in ids):
                raise
            return Forgotten(len(unwritten), 0, 0)  # it was in no file
        finally:
            self._known.forget([*ids, *also])

    def _drop(self, away: set[str]) -> None:
        """From the conversation that goes on."""
        journal = self._journal
        if journal is None:
            return
        drop(journal, away)
        if journal.id in away:
            self._journal = None

    def when_idle(self) -> float | None:
        if not self._dirty or self.private:
            return None
        left = self._written + self._every - time.monotonic()
        if left <= 0:
            self.write()
            return None if not self._dirty else self._every
        return left
