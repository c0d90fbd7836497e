"""Requests of other programs (Claude Code, by `assistant mcp`): who may speak when.

One program at a time has the floor, in the order in which they asked. It speaks once the user and
the assistant have finished; `answers` listens for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress

import msgspec

from assistant.calls.parser import ToolCall
from assistant.language.delivery.marks import mark
from assistant.language.delivery.named import DELIVERIES, find_delivery
from assistant.language.endings import ending
from assistant.memory.conversation import ConversationMemory
from assistant.memory.service import MemoryService
from assistant.personas.loading import Persona
from assistant.session.backend_events import BackendEvents
from assistant.session.clients.answers import AnswerListener
from assistant.session.clients.requests import (
    Answer,
    Answers,
    AnyRequest,
    AnyResult,
    Ask,
    Recall,
    Remember,
    RequestError,
    Speak,
    Spoken,
    Told,
    check,
)
from assistant.session.event_bus import EventBus
from assistant.session.events import StateChanged
from assistant.session.persona_switch import PersonaRoster
from assistant.session.signals import AgentTurnEnded, BackendGone, BackendReady, StopAnswer
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.messages import AgentUtterance
from assistant.session.turns.turn_taking import TurnTaking
from assistant.terminal.sanitize import clean_line
from assistant.tools.registry import ToolResult

Progress = Callable[[str], None]
Stage = Callable[[bool, Progress], AbstractAsyncContextManager[object]]
"""Whether it listens, too, and who hears what it waits for: what has to be there meanwhile."""

GRACE = 0.7
"""Seconds of silence after which nobody is about to go on: it takes 0.6 to begin to speak
(Levinson and Torreira 2015, "Timing in turn-taking", section 2)."""
SPEAKS, ASKS, LISTENS = "speaks", "asks", "waits for the answer"
BEGUN = frozenset({SPEAKS, ASKS, LISTENS})
"""What progress tells of a request that the user hears by now."""
_LONGEST_NAME = 40


class ClientRequests:
    """Belongs to the event loop."""

    def __init__(
        self,
        bus: EventBus,
        agent_turn: AgentTurn,
        turn_taking: TurnTaking,
        backend: BackendEvents,
        roster: PersonaRoster,
        memory: ConversationMemory,
        run_tool: Callable[[ToolCall], Awaitable[ToolResult]],
        listener: AnswerListener,
    ) -> None:
        self.listener = listener
        self.stage: Stage = lambda listens, progress: nullcontext()
        self.grace = GRACE
        self._bus = bus
        self._agent_turn = agent_turn
        self._turn_taking = turn_taking
        self._backend = backend
        self._roster = roster
        self._memory = memory
        self._run_tool = run_tool
        self._floor = asyncio.Lock()
        """Fair: who waits longest is next."""
        self._waiting = 0
        self._changed = asyncio.Event()
        """Somebody began or ended."""
        self._ended: dict[int, AgentTurnEnded] = {}
        """By turn: those of ours that are over and that nobody has looked at yet."""
        bus.on(AgentTurnEnded, self._turn_ended)
        for kind in (StateChanged, BackendReady, BackendGone):
            bus.on(kind, lambda event: self._changed.set())

    @property
    def busy(self) -> bool:
        """Somebody speaks, asks, or waits for it."""
        return self._floor.locked()

    async def serve(self, client: str, request: AnyRequest, progress: Progress) -> AnyResult:
        """See `SessionFrontend.serve_client`."""
        client = clean_line(client).strip()[:_LONGEST_NAME] or "another program"
        request = check(request)
        result: AnyResult
        match request:
            case Remember(text=text):
                result = await self._remember(text)
            case Recall(query=query):
                result = _told(await self._run_tool(_call("recall", query=query)))
            case Speak():
                persona, text = self._persona(request.persona), _with_delivery(request)
                async with self._turn_of(progress), self.stage(False, progress):
                    result = await self._speak(client, text, persona, progress)
            case Ask():
                async with self._turn_of(progress), self.stage(True, progress):
                    result = await self._ask(client, request, progress)
        return result

    @asynccontextmanager
    async def _turn_of(self, progress: Progress) -> AsyncIterator[None]:
        """One program's turn to speak; who waits for it is told how many there are before."""
        if self._floor.locked():
            before = self._waiting + 1
            requests = "one request is" if before == 1 else f"{before} requests are"
            progress(f"waits for its turn: {requests} before it")
        self._waiting += 1
        try:
            await self._floor.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._floor.release()

    # -- speaking --------------------------------------------------------------------------

    async def _speak(
        self, client: str, text: str, persona: Persona | None, progress: Progress
    ) -> Spoken:
        await self._until_free(progress)
        progress(SPEAKS)
        aloud = self._agent_turn.speech.has_voice()
        ended = await self._say(client, text, persona)
        return Spoken(ended.heard, ended.interrupted, aloud)

    async def _say(self, client: str, text: str, persona: Persona | None = None) -> AgentTurnEnded:
        """Until it was heard. Cancelled, it falls silent."""
        if persona is None:
            utterance = self._agent_turn.say_for(client, text)
        else:
            voice = persona.voice.spec()
            utterance = self._agent_turn.say_for(client, text, persona.slug, voice)
        try:
            while utterance.turn not in self._ended:
                self._changed.clear()
                await self._changed.wait()
            return self._ended[utterance.turn]
        finally:
            self._silence(utterance)

    def _silence(self, utterance: AgentUtterance) -> None:
        """Where nobody waits for it any more."""
        if utterance in self._agent_turn.speech.active:
            self._bus.publish(StopAnswer())
        self._ended.pop(utterance.turn, None)

    def _turn_ended(self, event: AgentTurnEnded) -> None:
        if event.utterance.client:
            self._ended[event.utterance.turn] = event
        self._changed.set()

    async def _until_free(self, progress: Progress) -> None:
        """Nobody speaks, or is about to go on. Raises `RequestError` where nothing can be said for
        others."""
        while True:
            if self._backend.converses:
                raise RequestError(
                    "this model speaks for itself only", "start with: assistant --backend cascade"
                )
            waits = self._waits_for()
            if waits:
                progress(waits)
            self._changed.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(None if waits else self.grace):
                    await self._changed.wait()
                continue
            return

    def _waits_for(self) -> str:
        """What has to be over first, "" for nothing."""
        match self._turn_taking.state:
            case "initializing":
                return "waits until the voice is loaded"
            case "listening" | "thinking":
                return "waits until the user has finished talking"
        if self._turn_taking.state == "speaking" or self._agent_turn.speech.active:
            return "waits until the assistant has finished speaking"
        return ""

    def _persona(self, name: str) -> Persona | None:
        """Whose voice it shall be; None: that of the persona in charge. Raises `RequestError`."""
        if not name:
            return None
        everyone = self._roster.everyone()
        for each in everyone:
            if name.casefold() in (each.slug.casefold(), each.name.casefold()):
                return None if each is self._roster.current else each
        known = ", ".join(each.slug for each in everyone)
        raise RequestError(f"there is no persona called “{clean_line(name)}”", f"choose of {known}")

    # -- asking ----------------------------------------------------------------------------

    async def _ask(self, client: str, request: Ask, progress: Progress) -> Answers:
        """Whoever declines or is not there is not asked the rest."""
        answers: list[Answer] = []
        last = len(request.questions) - 1
        await self._until_free(progress)
        for at, question in enumerate(request.questions):
            answer = await self._ask_one(client, question, request.timeout_s, progress)
            if answer.outcome == "answered" and (at < last or ending(answer.text) == "unfinished"):
                answer = await self._whole(answer, progress)
            answers.append(answer)
            if answer.outcome != "answered":
                break
        return Answers(answers)

    async def _ask_one(
        self, client: str, question: str, seconds: float, progress: Progress
    ) -> Answer:
        """As often as the user wants to hear it again."""
        while True:
            self.listener.open(client, question)
            try:
                progress(ASKS)
                await self._say(client, question)
                progress(LISTENS)
                answer = await self.listener.answer_within(seconds)
            finally:
                self.listener.close()
            if answer is not None:
                return answer

    async def _whole(self, answer: Answer, progress: Progress) -> Answer:
        """With what the user adds to it before he has finished."""
        self.listener.additions = additions = list[str]()
        try:
            await self._until_free(progress)
        finally:
            self.listener.additions = None
        return msgspec.structs.replace(answer, text=" ".join([answer.text, *additions]))

    # -- memory ----------------------------------------------------------------------------

    async def _remember(self, text: str) -> Told:
        """By the tool that "remember that …" runs: what it refuses (a password) is refused."""
        call = _call("remember", text=text)
        if not isinstance(self._memory, MemoryService):
            return _told(await self._run_tool(call))
        with self._memory.vouching(text):
            return _told(await self._run_tool(call))


def _with_delivery(request: Speak) -> str:
    """Raises `RequestError` where no delivery is called that."""
    if not request.delivery:
        return request.text
    name = find_delivery(request.delivery)
    if name is None:
        raise RequestError(
            f"there is no delivery called “{clean_line(request.delivery)}”",
            f"choose of {', '.join(DELIVERIES)}",
        )
    return mark(name) + request.text


def _call(name: str, **arguments: str) -> ToolCall:
    return ToolCall(name, dict(arguments), origin="client")


def _told(result: ToolResult) -> Told:
    if not result.ok and result.content.startswith("there is no tool"):
        text = "Memory is switched off (memory.enabled): nothing is kept, and nothing is known."
        return Told(text, done=False)
    return Told(result.spoken or result.content, done=result.ok)
