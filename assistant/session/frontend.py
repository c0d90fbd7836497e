"""What a front end may ask of a session: the dashboard, plain mode, `assistant talk`, a web page.

Front ends see this, `assistant.session.events` and the level histories, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, Protocol

from assistant.audio.base import DeviceChoice
from assistant.audio.levels import LevelHistory
from assistant.frames import AgentState
from assistant.memory.conversation import MemoryFrontend
from assistant.personas.loading import Persona
from assistant.session.events import SessionEvent


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
