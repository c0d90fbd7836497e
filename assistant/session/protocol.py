"""Session protocol: every session event and every command of a front end, as JSON or msgpack.

A front end in another process speaks it (`session.remote`), and files of `--events` are its JSON,
one message a line. A message is an object; `type` is the name of its class, here or in
`session.events`:

    {"type": "UserSaid", "turn": 2, "text": "Hello.", "final": true, "typed": false, "t": 3.1}
    {"type": "SendText", "text": "what time is it"}

It begins with `Hello`, which says the version. Within a version messages and fields may come, none
goes or changes its meaning: a field that is not known is left alone, a message that is not known is
a `ProtocolError`. `assistant events schema` writes all of it down as a JSON schema.
"""

from __future__ import annotations

import functools
import operator
from typing import Annotated, Any, Literal

import msgspec

from assistant.audio.base import DeviceChoice
from assistant.backends.wire import writable
from assistant.brain.base import BrainChoice
from assistant.calls.parser import ToolCall
from assistant.errors import AssistantError
from assistant.frames import AgentState
from assistant.memory.base import Memory
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import Persona
from assistant.session.clients.requests import AnyRequest, AnyResult
from assistant.session.events import AnySessionEvent, SessionEvent
from assistant.session.frontend import SessionFrontend
from assistant.terminal.sanitize import clean_line

VERSION = 1
Form = Literal["json", "msgpack"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Rate = Annotated[float, msgspec.Meta(ge=0.5, le=2.0)]


class ProtocolError(AssistantError):
    """A message that cannot be read or followed."""


# -- what a front end asks -------------------------------------------------------------------------


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
    `ForgetMemories`, `ServeClient`) is for whoever holds the connection. Raises `ProtocolError`,
    and what the session raises."""
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


# -- what a session tells, beside its events -------------------------------------------------------


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


# -- the codec -------------------------------------------------------------------------------------

Message = SessionEvent | FrontendReply | Hello
"""What goes from a session to a front end, or into a file of events (which begins with `Hello`)."""

_EVENTS = SessionEvent.__subclasses__()
_COMMANDS = FrontendCommand.__subclasses__()
_REPLIES = FrontendReply.__subclasses__()
_AnyMessage: Any = functools.reduce(operator.or_, [*_EVENTS, *_REPLIES, Hello])
_AnyFrontendCommand: Any = functools.reduce(operator.or_, _COMMANDS)


def _as_builtins(value: Any) -> Any:
    if isinstance(value, Persona):
        return value.model_dump()
    raise NotImplementedError(f"{type(value).__name__} cannot be told")


def _from_builtins(kind: type, value: Any) -> Any:
    return Persona.model_validate(_known(Persona, value))


def _known(table: Any, value: Any) -> Any:
    """Without the keys that a newer version has: in a persona's file they would be mistakes."""
    fields = getattr(table, "model_fields", None)
    if fields is None or not isinstance(value, dict):
        return value
    return {k: _known(fields[k].annotation, each) for k, each in value.items() if k in fields}


_MODULES: dict[Form, Any] = {"json": msgspec.json, "msgpack": msgspec.msgpack}
_ENCODERS = {form: each.Encoder(enc_hook=_as_builtins) for form, each in _MODULES.items()}
_MESSAGES = {f: m.Decoder(_AnyMessage, dec_hook=_from_builtins) for f, m in _MODULES.items()}
_ASKED = {form: each.Decoder(_AnyFrontendCommand) for form, each in _MODULES.items()}


def encode(message: Message | FrontendCommand, form: Form = "json") -> bytes:
    """One message, JSON without a line break in it. Nothing is lost but what JSON cannot say: half
    a character becomes a "?", a number beyond 64 bits a text, no number (NaN) null."""
    data: bytes
    try:
        data = _ENCODERS[form].encode(message)
    except (UnicodeEncodeError, OverflowError):
        plain = msgspec.to_builtins(message, enc_hook=_as_builtins)
        data = _ENCODERS[form].encode(writable(plain))
    return data


def decode_message(data: bytes, form: Form = "json") -> Message:
    """What a session has told. Raises `ProtocolError`."""
    message: Message = _decoded(_MESSAGES[form], data, form, {*_EVENTS, *_REPLIES, Hello})
    return message


def decode_command(data: bytes, form: Form = "json") -> FrontendCommand:
    """What a front end has asked. Raises `ProtocolError`."""
    command: FrontendCommand = _decoded(_ASKED[form], data, form, set(_COMMANDS))
    return command


def check_version(hello: Hello) -> None:
    """Raises `ProtocolError` where the other side speaks another version."""
    if hello.version != VERSION:
        older = "the other side" if hello.version < VERSION else "this program"
        raise ProtocolError(
            f"this is version {VERSION} of the session protocol, not {hello.version}",
            f"update {older}",
        )


def _decoded(decoder: Any, data: bytes, form: Form, known: set[type]) -> Any:
    try:
        try:
            return decoder.decode(data)
        except msgspec.ValidationError as error:
            problem = _problem(_MODULES[form].decode(data), str(error), known)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        problem = f"this is no {form} message: {clean_line(str(error))}"
    raise ProtocolError(problem, "assistant events schema tells what there is")


def _problem(message: Any, found: str, known: set[type]) -> str:
    kind = message.get("type") if isinstance(message, dict) else None
    if not isinstance(kind, str):
        return "a message needs a type"
    if kind not in {each.__name__ for each in known}:
        return f"“{clean_line(kind)[:60]}” is no message of version {VERSION}"
    return f"{kind}: {clean_line(found)[:200]}"


def schema() -> dict[str, Any]:
    """JSON schema of all messages: a message is either `#/$defs/Message` or `#/$defs/Command`."""
    (message, command), definitions = msgspec.json.schema_components(
        [_AnyMessage, _AnyFrontendCommand], schema_hook=_schema_of, ref_template=f"{_DEFS}{{name}}"
    )
    persona = Persona.model_json_schema(ref_template=f"{_DEFS}{{model}}")
    definitions |= persona.pop("$defs") | {Persona.__name__: persona}
    definitions |= {"Message": message, "Command": command}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Session protocol of assistant, version {VERSION}",
        "description": "What a session tells its front ends (Message), and what they ask of it.",
        "anyOf": [{"$ref": f"{_DEFS}Message"}, {"$ref": f"{_DEFS}Command"}],
        "$defs": dict(sorted(definitions.items())),
    }


_DEFS = "#/$defs/"


def _schema_of(kind: type) -> dict[str, Any]:
    return {"$ref": f"{_DEFS}{kind.__name__}"}
