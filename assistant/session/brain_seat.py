"""Brain seat: who answers in this session, told to front ends, and changed while it goes on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from assistant.brain.base import Brain, BrainChoice, BrainError, Completes
from assistant.brain.choose import FallbackBrain
from assistant.brain.switch import BrainSwitch
from assistant.frames import Substituted
from assistant.loops import BackgroundTasks
from assistant.memory.conversation import ConversationMemory
from assistant.models.web import is_loopback
from assistant.personas.loading import Persona
from assistant.session.backend_events import BackendEvents
from assistant.session.event_bus import EventBus
from assistant.session.events import BrainChosen, Notice, Severity
from assistant.session.signals import BackendReady

log = logging.getLogger(__name__)


_TOLD_AFTER = 0.7
"""Seconds after which a change that is not done yet is told: a model may take a minute to load."""


class BrainSeat:
    """Holds the brain that answers, from `begin` on, and those before it until their last answer
    has ended. A change never touches an answer that is being made."""

    def __init__(
        self,
        bus: EventBus,
        brains: BrainSwitch | None,
        memory: ConversationMemory,
        backend: BackendEvents,
        background: BackgroundTasks,
    ) -> None:
        """`brains`: None where who answers cannot be changed."""
        self._bus = bus
        self._brains = brains
        self._memory = memory
        self._backend = backend
        self._background = background
        self._brain: Brain | None = None
        self._retired: list[Brain] = []
        self._told = ""
        self._begun = asyncio.Event()
        self._changing: asyncio.Task[None] | None = None
        bus.on(BackendReady, lambda event: self._backend_ready())
        bus.on(Substituted, lambda event: self._wake())
        bus.on(BrainChosen, self._label_told)

    def begin(
        self,
        brain: Brain,
        let_answer: Callable[[Brain], None],
        settled: Callable[[], Awaitable[None]],
    ) -> None:
        """This one answers first. `let_answer(brain)`: from the next turn on; `settled()` returns
        when no answer is being made."""
        self._let_answer = let_answer
        self._settled = settled
        self._use(brain)
        self._begun.set()

    @property
    def brain(self) -> Brain | None:
        """Who answers; None where nobody does yet."""
        return self._brain

    @property
    def url(self) -> str | None:
        """Where questions are sent; "" where nowhere, None where nobody answers yet."""
        return None if self._brain is None else str(getattr(self._brain, "url", ""))

    def language_model(self) -> Completes | None:
        """The language model that answers, where one does; see `base.Completes`. A private
        conversation is shown to none elsewhere: it may be one in which no model was to answer."""
        if not isinstance(self._brain, FallbackBrain):
            return None
        if self._memory.private and self._brain.url and not is_loopback(self._brain.url):
            return None
        return self._brains or self._brain

    async def choices(self) -> list[BrainChoice]:
        """Who could answer."""
        if self._brains is not None:
            return await self._brains.choices()
        label = self._brain.label if self._brain is not None else ""
        return [BrainChoice(label, label, "", in_use=True)] if label else []

    def change(self, name: str, persona: Persona) -> asyncio.Task[None]:
        """Let this one answer, once it can; a second wish takes the first's place."""
        if self._changing is not None:
            self._changing.cancel()
        self._changing = asyncio.create_task(self._change(name, persona), name="change of brain")
        return self._changing

    def watch(self, persona: Callable[[], Persona]) -> None:
        """From now on a server of the user's that starts or ends is noticed."""
        if self._brains is not None:
            self._background.run(self._brains.watch(self._use_found, persona))

    async def close(self) -> None:
        """All of them, at the same time: a child process may take two seconds to end."""
        if self._changing is not None:
            self._changing.cancel()
            await asyncio.gather(self._changing, return_exceptions=True)
        brains = [*self._retired, *([self._brain] if self._brain is not None else [])]
        for fault in await asyncio.gather(*(b.close() for b in brains), return_exceptions=True):
            if isinstance(fault, Exception):
                log.error("while closing a brain", exc_info=fault)

    # -- changing ----------------------------------------------------------------------------

    async def _change(self, name: str, persona: Persona) -> None:
        await self._begun.wait()
        loop = asyncio.get_running_loop()
        waiting = loop.call_later(_TOLD_AFTER, self._tell_of_loading, name)
        try:
            if self._brains is None:
                raise BrainError("Who answers cannot be changed here.", "Set it: brain.kind")
            self._use(await self._brains.change(name, persona))
        except BrainError as error:
            self._notice(error.message, error.remedy, "warning")
        except Exception as error:
            log.exception("while changing who answers")
            self._notice(f"{name} cannot answer: {error}", "The log tells more.", "error")
        else:
            self._tell_where_unheard()
        finally:
            waiting.cancel()

    def _use_found(self, brain: Brain, why: str) -> None:
        self._use(brain)
        self._notice(why)

    def _use(self, brain: Brain) -> None:
        old, self._brain = self._brain, brain
        if isinstance(brain, FallbackBrain):
            self._memory.use_model(self._brains or brain)
        self._let_answer(brain)
        self._tell_who_answers()
        if old is not None and old is not brain:
            self._retired.append(old)
            self._background.run(self._retire(old))

    async def _retire(self, brain: Brain) -> None:
        await self._settled()
        self._tell_who_answers()  # its last answer may have told that it failed
        await brain.close()
        self._retired.remove(brain)

    # -- the backend -------------------------------------------------------------------------

    def _backend_ready(self) -> None:
        if not self._backend.capabilities.answers_by_itself:
            self._wake()
        self._tell_who_answers()

    def _wake(self) -> None:
        """A backend is in charge that does not answer by itself: a model is needed now."""
        if self._brains is not None:
            self._brains.wake()

    # -- telling -----------------------------------------------------------------------------

    def _label_told(self, event: BrainChosen) -> None:
        self._told = event.label

    def _tell_who_answers(self) -> None:
        label = "" if self._brain is None else self._brain.label
        if self._backend.capabilities.answers_by_itself:
            label = "the model itself"
        if label and label != self._told:
            self._bus.publish(BrainChosen(label=label))

    def _tell_of_loading(self, name: str) -> None:
        before = self._brain.label if self._brain is not None else ""
        self._notice(f"{name} is being loaded. Until it can answer, {before} does.")

    def _tell_where_unheard(self) -> None:
        """Where the backend answers by itself, the status line goes on to say so."""
        if self._backend.capabilities.answers_by_itself and self._brain is not None:
            self._notice(f"{self._brain.label} answers what you type; the backend what it hears.")

    def _notice(self, text: str, remedy: str = "", severity: Severity = "information") -> None:
        self._bus.publish(Notice(text=text, remedy=remedy, severity=severity, key="brain"))
