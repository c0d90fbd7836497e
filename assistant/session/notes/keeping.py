"""Keeping notes of one conversation, for whoever's context does not reach back to its beginning.

A full-duplex model asks for them (`NotesWanted`) before its context is full. A language model gets
them with its questions, in place of the messages that are not sent any more: made while nobody
speaks, and given up when somebody does, so that no turn waits for them.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from functools import partial

import msgspec

from assistant.brain.base import Completes, Message
from assistant.brain.prompt import blocks_gone
from assistant.frames import ChangePersona, Inject, NotesWanted, Prefill
from assistant.language.tokens import content
from assistant.memory.base import Turn
from assistant.memory.extraction import the_rules
from assistant.memory.extraction.candidates import Candidate, Judge
from assistant.session.backend_events import BackendEvents
from assistant.session.event_bus import EventBus
from assistant.session.events import TurnStarted
from assistant.session.notes.making import MOST_FACTS, SECONDS, Material, extractive, make_notes
from assistant.session.persona_switch import LineChooser, PersonaRoster
from assistant.session.signals import AgentTurnEnded, SummaryMade, ToAnswer
from assistant.session.turns.messages import History

_SPARE = 1.0
"""Seconds before a full-duplex model's last moment at which it has its notes."""
_HEAD = "Notes on the conversation so far"
log = logging.getLogger(__name__)


class ToldFacts:
    """What the user tells of himself in this conversation, as far as rules can tell."""

    def __init__(self) -> None:
        self._judge: Judge | None = None
        self._facts: deque[str] = deque(maxlen=4 * MOST_FACTS)
        self._number = 0

    def judge(self, turns: Sequence[Message]) -> list[str]:
        """All of them, with those of these turns. Loads the rules at first: a tenth of a second."""
        if self._judge is None:
            self._judge = the_rules()
        for turn in turns:
            self._number += 1
            if turn.role != "user":
                continue
            now = datetime.now().astimezone()
            said = Turn(self._number, "user", "You", turn.text, now)
            for found in self._judge.judge(said):
                if isinstance(found, Candidate) and found.text not in self._facts:
                    self._facts.append(found.text)
        return list(self._facts)

    def known(self) -> list[str]:
        return list(self._facts)

    def drop(self, texts: Sequence[str]) -> None:
        """Forget what these say."""
        gone = [content(text) for text in texts if content(text)]
        kept = [
            fact for fact in self._facts
            if not any(each <= content(fact) or content(fact) <= each for each in gone)
        ]  # fmt: skip
        self._facts = deque(kept, maxlen=self._facts.maxlen)


class _Making:
    """Makes one thing at a time of the talk, beside it; a fault costs that thing alone."""

    def __init__(
        self,
        bus: EventBus,
        history: History,
        roster: PersonaRoster,
        backend: BackendEvents,
        model: Callable[[], Completes | None],
    ) -> None:
        self._bus = bus
        self._history = history
        self._roster = roster
        self._backend = backend
        self._model = model
        self._facts = ToldFacts()
        self._making: asyncio.Task[None] | None = None

    async def settled(self) -> None:
        """Wait until nothing is being made."""
        if self._making is not None:
            await asyncio.wait({self._making})

    def close(self) -> None:
        """Give up what is being made."""
        task, self._making = self._making, None
        if task is not None:
            task.cancel()

    def _begin(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        self._making = asyncio.create_task(self._guarded(work, name), name=name)

    @staticmethod
    async def _guarded(work: Callable[[], Awaitable[None]], name: str) -> None:
        try:
            await work()
        except Exception:
            log.exception("while making %s", name)


class WindowNotes(_Making):
    """Answers `NotesWanted`: notes in the prompt of the persona in charge or, where the model has
    no prompt, as a context. A change of persona cancels it."""

    def __init__(
        self,
        bus: EventBus,
        history: History,
        roster: PersonaRoster,
        backend: BackendEvents,
        model: Callable[[], Completes | None],
        lines: LineChooser,
    ) -> None:
        super().__init__(bus, history, roster, backend, model)
        self._lines = lines
        self._until = 0
        """Messages that the notes know of, counted from the beginning."""
        self.notes = ""
        bus.on(NotesWanted, self._wanted)
        bus.on(ChangePersona, lambda command: self._begin_anew())

    def drop(self, texts: Sequence[str]) -> None:
        """The user wants this forgotten; what a model has made of it cannot be told apart."""
        self.close()
        self._facts.drop(texts)
        self.notes = ""

    def _begin_anew(self) -> None:
        """Another conversation: the state of the model knows nothing of the last one."""
        self.close()
        self._facts, self.notes = ToldFacts(), ""
        self._until = self._count

    @property
    def _count(self) -> int:
        return self._history.gone + len(self._history.messages())

    def _wanted(self, event: NotesWanted) -> None:
        self.close()
        if event.as_prompt and event.slug != self._roster.current.slug:
            return
        self._begin(partial(self._make, event), "notes")

    async def _make(self, event: NotesWanted) -> None:
        turns = since(self._history, self._until)
        count, persona = self._count, self._roster.current
        facts = await asyncio.to_thread(self._facts.judge, turns)
        material = Material(persona.name, turns, self.notes, facts)
        patience = min(SECONDS, event.seconds - _SPARE)
        self.notes, _ = await make_notes(self._model(), material, patience)
        self._until = count
        if not self.notes:
            return  # nothing was said: the prompt alone comes anew
        if event.as_prompt:
            prompt = msgspec.structs.replace(persona.prompt_for_backend(), notes=self.notes)
            heard = not self._backend.capabilities.snapshots
            line = self._lines.line(persona, "let_me_think") if heard else ""
            self._bus.publish(Prefill(prompt, swap=True, line=line))
        else:
            self._bus.publish(Inject(f"{_HEAD}: {self.notes}"))


class RunningSummary(_Making):
    """What was said before the messages that a language model is sent.

    The history goes in blocks; of each block that goes, the summary takes in what was said. It is
    another one only where a block goes, so that a prompt begins as the last one did.
    """

    def __init__(
        self,
        bus: EventBus,
        history: History,
        roster: PersonaRoster,
        backend: BackendEvents,
        model: Callable[[], Completes | None],
    ) -> None:
        super().__init__(bus, history, roster, backend, model)
        self._judged = 0
        self._text = ""
        self._covers = 0
        """Messages that it knows of, counted from the beginning."""
        self._ready: tuple[int, str] | None = None
        """The next one, and what it covers."""
        bus.on(AgentTurnEnded, lambda event: self._prepare())
        bus.on(TurnStarted, self._turn_started)
        bus.on(ToAnswer, lambda event: self.close())

    def of(self, count: int, *, asked: bool) -> str:
        """Of a conversation of `count` messages, all that is not sent any more; "" where all is.
        Returns at once: what no model has summed up when a question is `asked` is put together from
        what was said."""
        covers = blocks_gone(count)
        if covers <= self._covers:
            return self._text
        if self._ready is not None and self._ready[0] == covers:
            text = self._ready[1]
        elif asked:
            text = extractive(self._material(covers, self._facts.known()))
        else:
            return self._text  # who reads ahead is told when there is another one
        if asked:
            self._text, self._covers, self._ready = text, covers, None
        return text

    def drop(self, texts: Sequence[str]) -> None:
        """See `WindowNotes.drop`."""
        self.close()
        self._facts.drop(texts)
        self._text, self._ready = extractive(Material("", (), "", self._facts.known())), None

    def _material(self, covers: int, facts: Sequence[str]) -> Material:
        turns = since(self._history, self._covers)[: covers - self._covers]
        return Material(self._roster.current.name, turns, self._text, facts)

    def _turn_started(self, event: TurnStarted) -> None:
        if event.side == "user":
            self.close()  # the answer needs the model more

    def _prepare(self) -> None:
        """Nobody speaks: sum up what the next question will not bring along."""
        covers = blocks_gone(self._history.gone + len(self._history.messages()))
        is_made = self._ready is not None and self._ready[0] == covers
        if self._backend.capabilities.answers_by_itself or covers <= self._covers or is_made:
            return
        self.close()
        self._begin(partial(self._make, covers), "summary of the conversation")

    async def _make(self, covers: int) -> None:
        told = since(self._history, self._judged)[: covers - self._judged]
        self._judged = covers
        facts = await asyncio.to_thread(self._facts.judge, told)
        material = self._material(covers, facts)
        text, by_model = await make_notes(self._model(), material)
        if covers <= self._covers:
            return  # a question was quicker
        self._ready = covers, text
        log.debug("%d messages are summed up%s", covers, "" if by_model else " without a model")
        self._bus.publish(SummaryMade())


def since(history: History, until: int) -> list[Message]:
    """What was said after so many messages, as far as it is still there."""
    return history.messages()[max(0, until - history.gone) :]
