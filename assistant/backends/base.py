"""The backend contract: an engine turns the user's frames into the assistant's frames and text.

A backend lives in the child process and knows nothing of screens, devices, tools or colours. It is
driven from one thread (the worker's) and reports through `emit`, which any of its threads may call.
All timing inside it (silence, ends of turns) counts frames, never the wall clock, so that a
conversation on the virtual clock gives the same events each time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from assistant.audio.types import Float32
from assistant.errors import AssistantError
from assistant.frames import (
    AnyEvent,
    Capabilities,
    Load,
    PersonaPrompt,
    PrefetchLine,
    SpokenNames,
)

Emit = Callable[[AnyEvent], None]


class Backend(Protocol):
    """One engine. Constructed as `Engine(emit)`; every method returns within a frame but `load`."""

    capabilities: Capabilities
    """Final once `load` has returned."""
    note: str
    """See `frames.Ready`."""

    def load(self, command: Load) -> str:
        """Load the weights, emitting `Status` on the way; return one line that names the engine.

        Raises `BackendError` where it cannot run.
        """

    def set_names(self, names: list[SpokenNames]) -> None:
        """Persona names that the user may speak."""

    def change_persona(self, prompt: PersonaPrompt) -> None:
        """Become this persona; puts a snapshot back where there is one."""

    def push(
        self,
        number: int,
        frame: Float32,
        *,
        speaking: bool = False,
        clean: bool = True,
        voice: bool = False,
    ) -> None:
        """Take one frame: float32 [1920], 24 kHz mono, in −1…1. The flags: see `frames.Push`."""

    def say(self, utterance: int, text: str, *, final: bool, rate: float = 1.0) -> None:
        """Speak this piece in the persona's voice; pieces stream, `final` closes the utterance."""

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """Render these in the background, at low priority, in this order."""

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """Build this prompt's snapshot beside the conversation; with `swap`, go over to it at the
        next pause. Does nothing where there are no snapshots."""

    def inject(self, context: str) -> None:
        """Tool result or memory: known, not spoken."""

    def interrupt(self) -> None:
        """Stop speaking now."""

    def close(self) -> None:
        """Free threads and memory."""


class BackendError(AssistantError):
    """A backend cannot go on."""
