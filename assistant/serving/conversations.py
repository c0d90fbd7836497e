"""Conversations in writing with other programs: a session each, without devices and without a
voice, kept for as long as its client goes on with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.audio.files import NullAudio
from assistant.backends.host.process import BackendProcess, NoBackend
from assistant.backends.registry import Choice
from assistant.config.schema import Config
from assistant.frames import AnyEvent, Load
from assistant.personas.loading import LoadedPersonas
from assistant.session.dependencies import SessionDependencies
from assistant.session.events import AgentSaid, SessionEvent
from assistant.session.factory import make_dependencies
from assistant.session.session import Session

MOST = 3
"""Conversations that are kept at a time; each may have a language model loaded. Of more the one
that was silent longest is over; while all of them are being answered, another one waits."""
IDLE_SECONDS = 600.0
"""Without a word, after which one is over."""
LONGEST_ANSWER = 120.0
"""Seconds that an answer may take."""
MOST_CHARACTERS = 4_000
"""Of one turn."""

Prepare = Callable[[SessionDependencies], None]


@dataclass(slots=True)
class _Conversation:
    session: Session
    began: asyncio.Future[None]
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    asked: int = 0
    """Questions that are being answered, or wait for that."""
    idle: asyncio.TimerHandle | None = None


class NoAnswer(Exception):
    """None came in time."""


class Conversations:
    """Belongs to the event loop."""

    def __init__(
        self,
        config: Config,
        personas: LoadedPersonas,
        *,
        remember: bool = False,
        prepare: Prepare = lambda dependencies: None,
    ) -> None:
        """`remember`: memory keeps them as it does a person's own. `prepare` may change what a
        session is made of."""
        self._config = _settings(config, remember=remember)
        self._personas = personas
        self._remember = remember
        self._prepare = prepare
        self._answering = asyncio.Semaphore(MOST)
        self._kept: dict[tuple[str, str], _Conversation] = {}
        """By persona and the client's name for it; who spoke last is last."""
        self._ending: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        return len(self._kept)

    async def answer(self, persona: str, name: str, text: str) -> str:
        """What the persona of this slug says to `text` in the conversation of this name; "" where
        it was asked to be silent. Raises `NoAnswer`, and `AssistantError` where it cannot begin."""
        key = (persona, name)
        try:
            async with asyncio.timeout(LONGEST_ANSWER), self._answering:
                conversation = self._conversation(key)
                conversation.asked += 1
                try:
                    return await self._answer(conversation, text)
                finally:
                    conversation.asked -= 1
                    if self._kept.get(key) is conversation:
                        self._rests(key, conversation)
        except TimeoutError:
            raise NoAnswer from None

    async def _answer(self, conversation: _Conversation, text: str) -> str:
        said: list[str] = []

        def listen(event: SessionEvent) -> None:
            if isinstance(event, AgentSaid) and event.final and event.played:
                said.append(event.played)

        session = conversation.session
        async with conversation.turn:
            await asyncio.shield(conversation.began)
            unsubscribe = session.subscribe(listen)
            try:
                await session.send_text(text[:MOST_CHARACTERS])
                await session.finished()
            except asyncio.CancelledError:
                session.interrupt()
                raise
            finally:
                unsubscribe()
        return "\n".join(said)

    async def close(self) -> None:
        for key in list(self._kept):
            self._end(key)
        if self._ending:
            await asyncio.wait(self._ending)

    def _conversation(self, key: tuple[str, str]) -> _Conversation:
        conversation = self._kept.pop(key, None)
        if conversation is None:
            silent = [other for other, each in self._kept.items() if not each.asked]
            for longest in silent[: max(0, len(self._kept) - MOST + 1)]:
                self._end(longest)
            session = self._make(key[0])
            conversation = _Conversation(session, asyncio.ensure_future(session.start()))
        if conversation.idle is not None:
            conversation.idle.cancel()
        self._kept[key] = conversation
        return conversation

    def _make(self, persona: str) -> Session:
        config = self._config.model_copy(deep=True)
        config.session.persona = persona
        dependencies = make_dependencies(
            config, NullAudio(), personas=self._personas, remember=self._remember
        )
        dependencies.choice = Choice("", "nothing is said aloud")
        dependencies.make_backend = _no_backend
        dependencies.prefetched.clear()
        dependencies.schedule.rings = False
        self._prepare(dependencies)
        return Session(dependencies)

    def _rests(self, key: tuple[str, str], conversation: _Conversation) -> None:
        if conversation.began.done() and conversation.began.exception() is not None:
            self._end(key)
        elif not conversation.asked:
            loop = asyncio.get_running_loop()
            conversation.idle = loop.call_later(IDLE_SECONDS, self._end, key)

    def _end(self, key: tuple[str, str]) -> None:
        conversation = self._kept.pop(key, None)
        if conversation is None:
            return
        if conversation.idle is not None:
            conversation.idle.cancel()
        ending = asyncio.create_task(_stop(conversation), name="conversation-end")
        self._ending.add(ending)
        ending.add_done_callback(self._ending.discard)


async def _stop(conversation: _Conversation) -> None:
    await asyncio.wait({conversation.began})
    await conversation.session.stop()


def _no_backend(load: Load, on_event: Callable[[AnyEvent], None]) -> BackendProcess:
    return NoBackend(load, on_event)


def _settings(config: Config, *, remember: bool) -> Config:
    """Nobody is here: no greeting, nothing on the desktop, no tools of other programs, whose
    questions nobody could answer."""
    config = config.model_copy(deep=True)
    config.backend.name = "echo"  # it can always be chosen, and is not started
    config.session.greeting = False
    config.session.notifications = False
    config.adapters = {}
    if not remember:
        config.session.save = False
    return config
