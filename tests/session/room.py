"""A whole session in a room of fakes: fake devices, a fake backend, a brain that reads a script."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np

from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import Choice
from assistant.brain.base import Brain, BrainError
from assistant.brain.switch import BrainSwitch
from assistant.config.schema import Config
from assistant.frames import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    AnyEvent,
    Load,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
)
from assistant.memory.conversation import ConversationMemory, NoMemory
from assistant.memory.service import MemoryService
from assistant.personas.loading import Persona, load_personas
from assistant.session.dependencies import MakeBrain, SessionDependencies
from assistant.session.events import AgentSaid, Notice, SessionEvent, StateChanged, UserSaid
from assistant.session.persona_switch import LineChooser
from assistant.session.session import Session
from assistant.session.transcript_store import TranscriptStore
from assistant.tools.builtin.memory import PendingDeletion, memory_tools
from tests.fakes import FakeAudio, FakeBackendProcess, FakeBrain

Event = TypeVar("Event", bound=SessionEvent)


@functools.cache
def cast_of_characters() -> tuple[Persona, ...]:
    """The personas we ship."""
    return tuple(load_personas().loaded.values())


class Room:
    """`events` holds everything the session told; time passes only when the test says so."""

    def __init__(
        self,
        folder: Path,
        brain: FakeBrain | None = None,
        *,
        audio: FakeAudio | None = None,
        greeting: bool = False,
        audio_settings: dict[str, Any] | None = None,
        permissions: dict[str, Any] | None = None,
        make_brain: MakeBrain | None = None,
        memory: ConversationMemory | None = None,
        brains: BrainSwitch | None = None,
        adapters: dict[str, Any] | None = None,
        personas: list[Persona] | None = None,
        expressive: bool = True,
        speaker: Callable[[float, float], str] = lambda began, ended: "",
    ) -> None:
        config = Config.model_validate(
            {
                "voice": {"expressive": expressive},
                "session": {"greeting": greeting, "permissions": permissions or {}},
                "audio": audio_settings or {},
                "adapters": adapters or {},
            }
        )
        self.now = 0.0
        self.always: list[str] = []
        """Tools that the user wants to run without being asked."""
        self.microphone_runs = True
        self.audio = audio or FakeAudio()
        self.brain = brain or FakeBrain()
        self.folder = folder
        self.brain_found = asyncio.Event()
        self.brain_found.set()
        self.brains = brains
        personas = personas or list(cast_of_characters())
        prefetched: set[str] = set()
        pending = PendingDeletion()
        tools = memory_tools(memory, pending) if isinstance(memory, MemoryService) else []
        self.session = Session(
            SessionDependencies(
                config=config,
                personas=personas,
                audio=self.audio,
                choice=Choice("fake", "for a test"),
                make_backend=self._make_backend,
                load=Load(options={}, names=[p.spoken_names() for p in personas]),
                make_brain=make_brain or self._make_brain,
                brains=brains,
                known_lines=lambda persona: list(persona.greetings),
                prefetched=prefetched,
                store=TranscriptStore(folder),
                lines=LineChooser(1, ready=prefetched.__contains__),
                clock=lambda: self.now,
                memory=memory or NoMemory(),
                tools=tools,
                remember_permission=self.always.append,
                follow_up=pending.answered,
                speaker=speaker,
            )
        )
        self.events: list[SessionEvent] = []
        self.session.subscribe(self.events.append)

    def _make_backend(self, load: Load, on_event: Callable[[AnyEvent], None]) -> BackendProcess:
        self.backend = FakeBackendProcess(load, on_event)
        return cast(BackendProcess, self.backend)

    async def _make_brain(self, notify: Callable[[Notice], None]) -> Brain:
        await self.brain_found.wait()
        if self.brains is None:
            return self.brain

        def tell(error: BrainError) -> None:
            notify(Notice(text=error.message, remedy=error.remedy, severity="warning"))

        found, _ = await self.brains.first(tell, None)
        return found

    async def enter(self) -> Room:
        """Start, and let the backend load."""
        await self.session.start()
        self.backend.come_up()
        await self.calm()
        return self

    # --- what the user does ------------------------------------------------------------------

    def begin_to_speak(self, *, noticed: bool = True) -> None:
        """The backend reports a turn; `noticed`: the front end heard the user's voice in it."""
        if noticed and self.audio.microphone:
            self.audio.front.voice = True
            self.audio.listen(at=self.now)
        self.backend.emit(UserTurnStarted(side="user", at=self.now))

    def finish_speaking(self, text: str, prompted: str | None = None, language: str = "") -> None:
        self.audio.front.voice = False
        self.backend.emit(UserTurnEnded(side="user", at=self.now))
        heard = UserText(
            text=text, final=True, prompted=prompted, speech_end=self.now, language=language
        )
        self.backend.emit(heard)

    async def speak(self, text: str, prompted: str | None = None, language: str = "") -> None:
        """A whole turn of the user, and the answer to it made (not yet heard)."""
        self.begin_to_speak()
        self.finish_speaking(text, prompted, language)
        await self.session.settled()
        await self.calm()

    async def type(self, text: str) -> None:
        await self.session.send_text(text)
        await self.session.settled()
        await self.calm()

    # --- what the world does -----------------------------------------------------------------

    async def calm(self) -> None:
        """Let everything that is due in the event loop happen."""
        for _ in range(20):
            await asyncio.sleep(0)

    async def play(self, seconds: float) -> np.ndarray:
        """The speaker plays for so long; returns what came out of it."""
        sound = []
        for _ in range(round(seconds * SAMPLE_RATE / FRAME_SAMPLES)):
            sound.append(self.audio.playback.read(FRAME_SAMPLES))
            self.now += FRAME_SAMPLES / SAMPLE_RATE
            if self.audio.microphone and self.microphone_runs:
                self.audio.listen()
            await self.calm()
        return np.concatenate(sound)

    async def listen_to_the_end(self) -> None:
        """Play until all has been said."""
        for _ in range(1000):
            if self.session.speech.quiet.is_set():
                return
            await self.play(0.08)
        raise AssertionError("it never stopped speaking")

    # --- what was seen -------------------------------------------------------------------------

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def names(self, *kinds: type[SessionEvent]) -> list[str]:
        """The names of these events, in the order in which they came."""
        return [type(event).__name__ for event in self.events if isinstance(event, kinds)]

    def states(self) -> list[str]:
        return [event.state for event in self.of(StateChanged)]

    def answers(self) -> list[str]:
        """What was heard of each finished turn of the assistant."""
        return [event.played for event in self.of(AgentSaid) if event.final]

    def user_turns(self) -> list[str]:
        return [event.text for event in self.of(UserSaid) if event.final]

    def notices(self) -> list[str]:
        return [event.text for event in self.of(Notice)]

    def transcript(self) -> str:
        """The transcript on disk."""
        return "\n".join(path.read_text("utf-8") for path in sorted(self.folder.glob("*.md")))

    def history(self) -> list[tuple[str, str]]:
        return [(message.role, message.text) for message in self.session.history.messages()]

    async def leave(self) -> None:
        await self.session.stop()
