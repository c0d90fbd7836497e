"""What a front end may ask of a session: the dashboard, plain mode, `assistant talk`, a web page.

Front ends see this, `assistant.session.events` and the level histories, and nothing else. One in
another process speaks `assistant.session.protocol`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Literal, Protocol

from assistant.audio.base import DeviceChoice, Float32
from assistant.audio.levels import LevelHistory
from assistant.brain.base import BrainChoice
from assistant.frames import AgentState
from assistant.memory.conversation import MemoryFrontend
from assistant.personas.loading import Persona
from assistant.session.askers import Askers
from assistant.session.clients.requests import AnyRequest, AnyResult
from assistant.session.events import Notice, SessionEvent
from assistant.session.past_conversations import PastConversations

Beside = Callable[["SessionFrontend"], Awaitable[None]]
"""Runs beside a conversation until it is stopped."""


class SessionFrontend(Protocol):
    """One conversation. All methods belong to the event loop's thread."""

    input_levels: LevelHistory
    output_levels: LevelHistory
    askers: Askers
    """A front end that can ask the user whether a tool may run adds itself; where none has, a tool
    that needs the user's consent is refused."""

    @property
    def persona(self) -> Persona:
        """The one in charge."""

    @property
    def state(self) -> AgentState: ...

    @property
    def is_silent(self) -> bool:
        """Nothing is being said, and nothing that is known already waits to be."""

    @property
    def last_answer(self) -> str:
        """The last thing that was said, in full even where it was interrupted."""

    @property
    def memory(self) -> MemoryFrontend: ...

    @property
    def past(self) -> PastConversations:
        """Earlier conversations, as far as they were saved."""

    async def resume(self, id: str) -> None:
        """Go on with an earlier conversation: its last turns count as said in this one, which is
        told aloud and by `ConversationResumed`. Raises `PastConversationError`."""

    def personas(self) -> list[Persona]:
        """In the order of the picker."""

    def subscribe(self, listener: Callable[[SessionEvent], None]) -> Callable[[], None]:
        """Every event from now on, in order, in the event loop; returns how to end it."""

    def standing(self) -> list[SessionEvent]:
        """How things stand, for a front end that comes later: the last event of each kind that
        holds until the next (devices, backend, brain, lag)."""

    def replay(self) -> list[SessionEvent]:
        """The conversation so far, a turn an event, for a front end that comes later; one that is
        under way is not final, and its further pieces come to whoever subscribes at once."""

    def at_start(self, notices: list[Notice], *work: Beside) -> None:
        """Tell these and run these beside the conversation, once it has started."""

    async def start(self) -> None:
        """Open devices, start the backend, greet. Returns early: progress comes as events."""

    async def stop(self) -> None:
        """Input, then backend, then output; the transcript is saved. Never raises."""

    async def settled(self) -> None:
        """Wait until no answer is being made."""

    async def finished(self) -> None:
        """Wait until the last answer has been made and heard."""

    async def change_persona(self, slug: str) -> None:
        """As if a key or a tool had asked; unknown slugs raise `KeyError`."""

    async def brains(self) -> list[BrainChoice]:
        """Who could answer, with a look for servers on this machine; one is in use."""

    def change_brain(self, name: str) -> asyncio.Future[None]:
        """Let this one answer from the next turn on, once it can. What comes of it is told:
        `BrainChosen`, or a `Notice` why the old one stays. Who wants to wait for that gets what is
        done then; it is cancelled where a second wish takes the first's place.
        """

    async def send_text(self, text: str) -> None:
        """A typed turn of the user."""

    def greet(self) -> None:
        """Greet now: somebody is there at last. Nothing where anything was said already."""

    def say(self, *texts: str) -> None:
        """Say this, in one piece or in several, as a turn of the persona in charge."""

    async def serve_client(
        self, client: str, request: AnyRequest, progress: Callable[[str], None]
    ) -> AnyResult:
        """Do what another program wants, which calls itself `client`: one after another, each once
        the user has finished talking. `progress` hears what it waits for. Cancelled, it falls
        silent and listens no longer. Raises `RequestError`."""

    def sample(self, slug: str, delivery: str = "") -> None:
        """Let this persona's voice be heard, in its own delivery or in the one of this name, while
        nothing else is said; no part of the conversation. Unknown slugs raise `KeyError`."""

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

    def replace_personas(self, personas: list[Persona], failed: list[str]) -> None:
        """The persona files changed on disk; `failed`: one message a broken file."""

    def take_frame(self, number: int, samples: Float32) -> None:
        """One frame of the user's sound, where no device brings it: float32 [FRAME_SAMPLES]."""

    async def feed(self, number: int, samples: Float32) -> None:
        """The same on a virtual clock: with everything it causes, before the next."""


MakeSession = Callable[[], SessionFrontend]
"""Makes the session, in the running event loop; nothing slow may happen in it."""
