"""What a session tells one front end alone, beside the events that it tells all of them."""

from __future__ import annotations

from typing import Any

import msgspec

from assistant.audio.base import DeviceChoice
from assistant.brain.base import BrainChoice
from assistant.calls.parser import ToolCall
from assistant.frames import AgentState
from assistant.memory.base import Memory
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import Persona
from assistant.session.clients.requests import AnyResult
from assistant.session.events import AnySessionEvent, PastTurn


class FrontendReply(msgspec.Struct, frozen=True, tag=True):
    """Session → this front end alone."""


class PersonaListed(msgspec.Struct, frozen=True):
    slug: str
    name: str
    summary: str
    colors: dict[str, Any] = {}
    """As in a persona's file, for a picker that shows it."""
    face: dict[str, Any] = {}
    """The same."""


class Welcome(FrontendReply, frozen=True):
    """Answers `Hello`. Behind it come the events that tell how things stand."""

    version: int
    state: AgentState
    persona: Persona
    personas: list[PersonaListed]
    """In the order of the picker."""


class ConfirmAsked(FrontendReply, frozen=True):
    """May this tool run? `AnswerConfirm` with the same `id` says so; no answer is a no."""

    id: int
    call: ToolCall


class ConfirmWithdrawn(FrontendReply, frozen=True):
    """The question has become void."""

    id: int


class BrainsFound(FrontendReply, frozen=True):
    brains: list[BrainChoice]


class DevicesFound(FrontendReply, frozen=True):
    devices: list[DeviceChoice]


class Replay(FrontendReply, frozen=True):
    """The conversation so far: see `SessionFrontend.replay`."""

    events: list[AnySessionEvent]


class Levels(FrontendReply, frozen=True):
    """How loud both sides were since the last one, about ten times a second: 0 (−60 dBFS or less)
    to 1 (a full-scale sine) for each 20 ms, the newest last."""

    input: list[float]
    output: list[float]


class LastAnswer(FrontendReply, frozen=True):
    text: str


class MemoryFound(FrontendReply, frozen=True):
    id: int
    enabled: bool
    """Whether anything is remembered from one conversation to the next."""
    private: bool
    """Nothing of this conversation is kept."""
    memories: list[Memory]
    """Best or newest first."""


class ForgetPreview(FrontendReply, frozen=True):
    id: int
    preview: DeletionPreview


class MemoriesForgotten(FrontendReply, frozen=True):
    id: int


class ConversationListed(msgspec.Struct, frozen=True):
    """An earlier conversation."""

    conversation: str
    """What `ReadConversation` and `ResumeConversation` call it."""
    began: str
    """When, in words and as the clock of the session's machine goes: "Saturday 21 November 2026,
    18:19"."""
    turns: int
    """Of both sides."""
    names: list[str]
    """Personas that spoke, in order."""
    first: str
    """How it began: the user's first words, else the assistant's."""


class ConversationsFound(FrontendReply, frozen=True):
    id: int
    conversations: list[ConversationListed]
    """The newest first."""


class ConversationRead(FrontendReply, frozen=True):
    id: int
    conversation: str
    began: str
    """As in `ConversationListed`."""
    turns: tuple[PastTurn, ...]
    """The oldest first."""
    before: int = 0
    """Turns before these, for which there was no room."""


class ConversationTakenOver(FrontendReply, frozen=True):
    id: int


class RequestProgress(FrontendReply, frozen=True):
    """What a request waits for, in words."""

    id: int
    text: str


class RequestDone(FrontendReply, frozen=True):
    id: int
    result: AnyResult


class RequestFailed(FrontendReply, frozen=True):
    id: int
    text: str
    remedy: str


class CommandRefused(FrontendReply, frozen=True):
    """What was asked could not be read or done; the connection goes on."""

    text: str
    remedy: str


class Goodbye(FrontendReply, frozen=True):
    """The connection ends; nothing comes behind this."""

    reason: str
    remedy: str = ""
