"""What a front end may ask of a session: the dashboard, plain mode, `assistant talk`, a web page.

Front ends see this, `assistant.session.events` and the level histories, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Literal, Protocol

from assistant.audio.base import DeviceChoice
from assistant.audio.levels import LevelHistory
from assistant.frames import AgentState
from assistant.memory.base import Forgotten, Found, Memory
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.view import CurrentMemory, TurnSource
from assistant.personas.loading import Persona
from assistant.session.events import SessionEvent


class MemoryFrontend(Protocol):
    """What is remembered, to be shown and put right; see `assistant.memory.view`. All that is
    awaited raises `MemoryFailure`."""

    @property
    def enabled(self) -> bool:
        """Whether anything is remembered from one conversation to the next."""

    @property
    def private(self) -> bool:
        """Nothing of this conversation is kept."""

    async def book(self) -> CurrentMemory:
        """All that holds now, by subject and by age."""

    async def look_up(self, words: str) -> Sequence[Found]:
        """What a person looks for, best first."""

    async def source(self, id: str) -> TurnSource:
        """Where a memory was said; `id` may be that of a turn, "JOURNAL#TURN"."""

    async def preview(self, ids: Sequence[str]) -> DeletionPreview:
        """What goes if these memories or turns are forgotten; nothing is changed."""

    async def forget(self, deletion: DeletionPreview) -> Forgotten:
        """Let it go, without a trace."""

    async def strike(self, ids: Iterable[str]) -> Forgotten:
        """The same at once, for what was recalled."""

    async def correct(self, memory: Memory, text: str) -> Memory:
        """What a memory should say; the old one becomes history."""

    async def settle(self, right: str, wrong: Sequence[str]) -> None:
        """Of memories that do not agree the one with the id `right` holds."""


class SessionFrontend(Protocol):
    """One conversation. All methods belong to the event loop's thread."""

    input_levels: LevelHistory
    output_levels: LevelHistory

    @property
    def persona(self) -> Persona:
        """The one in charge."""

    @property
    def state(self) -> AgentState: ...

    @property
    def memory(self) -> MemoryFrontend: ...

    def personas(self) -> list[Persona]:
        """In the order of the picker."""

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        """Every event from now on, in order, in the event loop; returns how to end it."""

    async def start(self) -> None:
        """Open devices, start the backend, greet. Returns early: progress comes as events."""

    async def stop(self) -> None:
        """Input, then backend, then output; the transcript is saved. Never raises."""

    async def change_persona(self, slug: str) -> None:
        """As if a key or a tool had asked; unknown slugs raise `KeyError`."""

    async def send_text(self, text: str) -> None:
        """A typed turn of the user."""

    def interrupt(self) -> None:
        """Stop speaking and thinking now."""

    def repeat(self) -> None:
        """Say the last answer again."""

    def set_muted(self, muted: bool) -> None: ...

    def set_push_to_talk(self, on: bool) -> None:
        """Mode: with it on the microphone is open only between `talk_key` calls."""

    def talk_key(self, down: bool) -> None:
        """Push-to-talk: pressed or let go (terminals report no key release, so it toggles)."""

    async def devices(self) -> list[DeviceChoice]:
        """See `AudioIO.devices`."""

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """Go over to this microphone or speaker now, and keep to it; None: the system's default."""

    def play_test_sound(self) -> None:
        """A short rising chime through the speaker, while nothing is being said."""

    def set_volume(self, volume: float) -> float: ...

    def set_speech_rate(self, rate: float) -> float: ...
