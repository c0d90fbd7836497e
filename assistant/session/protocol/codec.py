"""Messages as JSON or msgpack, there and back, and their schema."""

from __future__ import annotations

import functools
import operator
from typing import Any, Literal

import msgspec

from assistant.backends.wire import writable
from assistant.personas.loading import Persona
from assistant.session.events import SessionEvent
from assistant.session.protocol.commands import FrontendCommand, Hello, ProtocolError
from assistant.session.protocol.replies import FrontendReply
from assistant.terminal.sanitize import clean_line

VERSION = 1
Form = Literal["json", "msgpack"]
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
