"""The backend contract: an engine turns the user's frames into the assistant's frames and text.

A backend lives in the child process and knows nothing of screens, devices, tools or colours. It is
driven from one thread (the worker's) and reports through `emit`, which any of its threads may call.
All timing inside it (silence, ends of turns) counts frames, never the wall clock, so that a
conversation on the virtual clock gives the same events each time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from assistant.audio.types import Float32
from assistant.errors import AssistantError
from assistant.frames import (
    AnyEvent,
    Capabilities,
    Load,
    PersonaPrompt,
    PrefetchLine,
    Prosody,
    SpokenNames,
    Transcribe,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL
from assistant.models.environments import install_command, missing
from assistant.models.hardware import Hardware

if TYPE_CHECKING:
    from assistant.config.schema import Config


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

    def say(
        self,
        utterance: int,
        text: str,
        *,
        final: bool,
        rate: float = 1.0,
        prosody: Prosody = NEUTRAL,
        voice: VoiceSpec | None = None,
    ) -> None:
        """Speak this piece in the persona's voice; pieces stream, `final` closes the utterance.
        `prosody` and `voice`, as in `frames.Say`, are left alone by who cannot do them."""

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """Render these in the background, at low priority, in this order."""

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        """This will probably be said: see `frames.Expect`."""

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """Build this prompt's snapshot beside the conversation; with `swap`, go over to it at the
        next pause. Does nothing where there are no snapshots."""

    def inject(self, context: str) -> None:
        """Tool result or memory: known, not spoken."""

    def interrupt(self) -> None:
        """Stop speaking now."""

    def close(self) -> None:
        """Free threads and memory."""


@runtime_checkable
class BeginsAnew(Protocol):
    """A backend without snapshots whose model takes a prompt only at a conversation's beginning."""

    def begin_anew(self, prompt: PersonaPrompt, line: str) -> None:
        """At the next pause, with the prompt's notes; `line` is said until it speaks again."""


@runtime_checkable
class WritesDown(Protocol):
    """A backend that also writes down sound which is no part of the conversation."""

    def transcribe(self, command: Transcribe) -> None:
        """Beside the conversation; emits `Transcribed`, whatever comes of it."""


class BackendError(AssistantError):
    """A backend cannot go on."""


# How backends are registered, and whether each can run here. Nothing heavy is imported:
# packages are looked for, not loaded, and nobody is asked over a network.

Look = Callable[[], Hardware]
"""Only called where the machine matters: asking a graphics driver takes a while."""


@dataclass(frozen=True, slots=True)
class BackendReport:
    """One backend as it stands on this machine."""

    name: str
    available: bool
    reason: str
    """Why it can or cannot run here."""
    remedy: str = ""
    chosen: bool = False
    suited: bool = True
    """Whether `auto` may take it: what runs here, but slower than speech, is only for tests."""

    @property
    def in_short(self) -> str:
        """The reason, and the command that changes it where there is one."""
        command = self.remedy if self.remedy.startswith("assistant ") else ""
        return f"{self.reason}; {command}" if command else self.reason


Options = dict[str, str | int | float | bool | None]
"""A backend's own settings, as they cross the wire."""


def can_run(config: Config, look: Look) -> BackendReport:
    """The check of a backend that asks for nothing."""
    return BackendReport("", True, "installed")


def no_options(config: Config) -> Options:
    return {}


@dataclass(frozen=True, slots=True)
class BackendSpec:
    """A backend as it is registered, under its name; making one of these imports nothing heavy."""

    engine: str | Callable[[Emit], Backend]
    """What makes it, in the backend process, or where that is found: "module:attribute"."""
    check: Callable[[Config, Look], BackendReport] = can_run
    """Whether it can run here, without heavy imports; the report gets the backend's name."""
    options: Callable[[Config], Options] = no_options
    """What `Load.options` will be."""
    auto: int = 0
    """Its place among those that `auto` may take, from 1; 0: it has to be asked for by name."""


def packages_missing(
    config: Config, modules: tuple[str, ...], python: str | None = None
) -> tuple[str, str] | None:
    """Reason and remedy where the backend's interpreter lacks top-level `modules`; None where
    all are there. `python`: that of an isolated environment."""
    interpreter = config.backend.python or python
    absent = missing(modules, interpreter)
    if absent is None:
        return (
            f"{interpreter} cannot be started",
            "assistant config unset backend.python, or correct it",
        )
    if not absent:
        return None
    where = f" in {interpreter}" if interpreter else ""
    return f"packages missing{where}: {', '.join(absent)}", ""


def check_echo(config: Config, look: Look) -> BackendReport:
    return BackendReport("echo", True, "loopback without weights, for tests", suited=False)


def check_server(config: Config, look: Look) -> BackendReport:
    """Whether a server is set and could be called; not whether it answers."""
    name, server = "moshi-server", config.backend.server
    if server.url is None:
        return BackendReport(
            name,
            False,
            "no server is set",
            "assistant config set backend.server.url ws://HOST:8998/api/chat",
        )
    lacking = packages_missing(config, ("websockets", "sphn"))
    if lacking is not None:
        remedy = lacking[1] or install_command("server")
        return BackendReport(name, False, lacking[0], remedy)
    return BackendReport(name, True, server.url)
