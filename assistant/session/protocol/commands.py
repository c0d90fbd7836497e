"""What a front end asks of a session."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from assistant.errors import AssistantError
from assistant.session.clients.requests import AnyRequest
from assistant.session.frontend import SessionFrontend

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Rate = Annotated[float, msgspec.Meta(ge=0.5, le=2.0)]


class ProtocolError(AssistantError):
    """A message that cannot be read or followed."""


class FrontendCommand(msgspec.Struct, frozen=True, tag=True):
    """Front end → session; see the method of `SessionFrontend` that it calls."""


class Hello(FrontendCommand, frozen=True):
    """Comes first, and may come again: it is answered with `Welcome` and how things stand."""

    version: int
    confirms: bool = False
    """Whether a tool may run is to be asked here: see `ConfirmAsked`."""
    events: bool = True
    """False: only answers to what is asked here are told, and nothing of how things stand."""
    replay: bool = False
    """Tell what was said so far, too: `Replay` comes behind `Welcome`."""
    levels: bool = False
    """Tell the loudness of both sides, see `Levels`."""


class SendText(FrontendCommand, frozen=True):
    text: str


class SayText(FrontendCommand, frozen=True):
    text: str


class SwitchPersona(FrontendCommand, frozen=True):
    slug: str


class AskBrains(FrontendCommand, frozen=True):
    """Is answered with `BrainsFound`."""


class SwitchBrain(FrontendCommand, frozen=True):
    """Who answers from the next turn on; `BrainChosen` tells that it does, `Notice` why not."""

    name: str


class InterruptAnswer(FrontendCommand, frozen=True):
    pass


class RepeatAnswer(FrontendCommand, frozen=True):
    pass


class SetMuted(FrontendCommand, frozen=True):
    muted: bool


class SetPushToTalk(FrontendCommand, frozen=True):
    on: bool


class PressTalkKey(FrontendCommand, frozen=True):
    down: bool


class AskDevices(FrontendCommand, frozen=True):
    """Is answered with `DevicesFound`."""


class UseDevice(FrontendCommand, frozen=True):
    kind: Literal["input", "output"]
    name: str | None = None
    """None: the system's default."""


class SetVolume(FrontendCommand, frozen=True):
    volume: Share


class SetSpeechRate(FrontendCommand, frozen=True):
    rate: Rate


class PlayTestSound(FrontendCommand, frozen=True):
    pass


class PlaySample(FrontendCommand, frozen=True):
    """Let this persona's voice be heard; no part of the conversation."""

    slug: str
    delivery: str = ""
    """One of those that `assistant say --list-deliveries` names; empty: the persona's own."""


class AskLastAnswer(FrontendCommand, frozen=True):
    """Is answered with `LastAnswer`."""


class AskMemory(FrontendCommand, frozen=True):
    """What is remembered, or with `words` what fits them best; is answered with `MemoryFound`, or
    `RequestFailed`, of the same `id`."""

    id: int
    words: str = ""


class ForgetMemories(FrontendCommand, frozen=True):
    """Let these go. Not `sure`: `ForgetPreview` tells what that would be, and nothing is changed;
    else `MemoriesForgotten` comes, behind the event that tells everybody. Where it fails:
    `RequestFailed`."""

    id: int
    ids: list[str]
    sure: bool = False


class AskConversations(FrontendCommand, frozen=True):
    """Earlier conversations, or with `words` those in which all of them were said; is answered with
    `ConversationsFound`, or `RequestFailed`, of the same `id`."""

    id: int
    words: str = ""


class ReadConversation(FrontendCommand, frozen=True):
    """One that `ConversationsFound` has named; is answered with `ConversationRead`, or
    `RequestFailed`."""

    id: int
    conversation: str


class ResumeConversation(FrontendCommand, frozen=True):
    """Go on with it: its last turns count as said in this one. `ConversationResumed` tells
    everybody, then `ConversationTakenOver` comes; where it fails: `RequestFailed`."""

    id: int
    conversation: str


class AnswerConfirm(FrontendCommand, frozen=True):
    """To the question with this `id`; one that is not asked any more is no error."""

    id: int
    allowed: bool


class ServeClient(FrontendCommand, frozen=True):
    """What another program wants of the session. `RequestProgress` tells what it waits for, and
    `RequestDone` or `RequestFailed` with the same `id` ends it, or the end of the connection."""

    id: int
    client: str
    """As the program calls itself."""
    request: AnyRequest


class CancelRequest(FrontendCommand, frozen=True):
    """Nobody waits for that any more; one that is over is no error."""

    id: int


class StopSession(FrontendCommand, frozen=True):
    pass


async def apply(command: FrontendCommand, session: SessionFrontend) -> None:
    """Do what a front end asks. What wants an answer (`Hello`, `Ask…`, `AnswerConfirm`,
    `ForgetMemories`, `ReadConversation`, `ResumeConversation`, `ServeClient`) is for whoever holds
    the connection. Raises `ProtocolError`, and what the session raises."""
    match command:
        case SendText(text=text):
            await session.send_text(text)
        case SayText(text=text):
            session.say(text)
        case SwitchPersona(slug=slug):
            _check_persona(slug, session)
            await session.change_persona(slug)
        case SwitchBrain(name=name):
            session.change_brain(name)
        case InterruptAnswer():
            session.interrupt()
        case RepeatAnswer():
            session.repeat()
        case SetMuted(muted=muted):
            session.set_muted(muted)
        case SetPushToTalk(on=on):
            session.set_push_to_talk(on)
        case PressTalkKey(down=down):
            session.talk_key(down)
        case UseDevice(kind=kind, name=name):
            await session.use_device(kind, name)
        case SetVolume(volume=volume):
            session.set_volume(volume)
        case SetSpeechRate(rate=rate):
            session.set_speech_rate(rate)
        case PlayTestSound():
            session.play_test_sound()
        case PlaySample(slug=slug, delivery=delivery):
            _check_persona(slug, session)
            session.sample(slug, delivery)
        case StopSession():
            await session.stop()


def _check_persona(slug: str, session: SessionFrontend) -> None:
    slugs = [each.slug for each in session.personas()]
    if slug not in slugs:
        known = f"choose one of {', '.join(slugs)}"
        raise ProtocolError(f"there is no persona called “{slug}”", known)
