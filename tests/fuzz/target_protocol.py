"""Messages of the wire between processes, of Moshi servers and of sessions: understood or refused,
and what is understood can be passed on."""

from __future__ import annotations

import contextlib

import msgspec

from assistant.backends import wire
from assistant.backends.server import protocol
from assistant.backends.server.protocol import Request, ServerReport
from assistant.frames import ChangePersona, Inject, Interrupt, Push, Say
from assistant.memory.remote.protocol import Forget, Misunderstood, Search, Written, decode, encode
from assistant.serving.conversation import persona_prompt
from assistant.serving.server import asked_persona
from assistant.session import protocol as session
from assistant.session.events import FirstSample, UserSaid

NAME = "protocol"
SEEDS = [
    wire.encode(Push(3, bytes(16))),
    wire.encode(Say(1, "Good evening.", True)),
    wire.encode(ChangePersona(persona_prompt(protocol.PersonaRequest(text="You are.")))),
    wire.encode(Inject("a \ud83d b")) + wire.encode(Interrupt()),
    protocol.metadata(Request(say=protocol.SayRequest(7, "a b", False, 1.5), interrupt=True)),
    protocol.metadata(Request(persona=protocol.PersonaRequest(voice_prompt="NATF1.pt"))),
    protocol.metadata(
        ServerReport(hello=protocol.ServerHello(engine="x"), lag=protocol.Behind(0.5, 3))
    ),
    protocol.text("hello"),
    protocol.error("busy"),
    b"/api/chat?text_prompt=You+are&voice_prompt=NATM1.pt",
    b'{"query": "a", "filters": {"since": "2026-11-21T19:05:03+00:00"}, "limit": 3}',
    b'{"ids": ["a", "b"]}',
    session.encode(UserSaid(turn=2, text="a \ud83d b", final=True)),
    session.encode(FirstSample(turn=3, latency=0.5, stages={"wait": 240.0}), "msgpack"),
    session.encode(session.UseDevice("input", "USB")),
    session.encode(session.Hello(1, confirms=True), "msgpack"),
]


def one(data: bytes) -> None:
    """Raises only where something comes out that is not promised."""
    _wire(data)
    _message(data)
    _session(data, "json")
    _session(data, "msgpack")
    with contextlib.suppress(ValueError):
        asked_persona(data.decode("utf-8", "surrogateescape"))
    for kind in (Search, Forget, Written):
        with contextlib.suppress(Misunderstood):
            encode(decode(data, kind))


def _wire(data: bytes) -> None:
    for decoder in (wire.decode_command, wire.decode_event):
        with contextlib.suppress(msgspec.DecodeError):
            message = decoder(data)
            assert isinstance(wire.encode(message), bytes)


def _session(data: bytes, form: session.Form) -> None:
    for decoder in (session.decode_command, session.decode_message):
        with contextlib.suppress(session.ProtocolError):
            message = decoder(data, form)
            assert isinstance(session.encode(message, form), bytes)


def _message(data: bytes) -> None:
    parts = protocol.split(data)
    if parts is None:
        return
    _, payload = parts
    assert all(c.isprintable() or c == " " for c in protocol.read_text(payload))
    for body in (payload, data):
        request = protocol.read_request(body)
        if request is not None:
            protocol.metadata(request)
            if request.persona is not None:
                wire.encode(ChangePersona(persona_prompt(request.persona)))
            if request.say is not None:
                say = request.say
                wire.encode(Say(say.utterance, say.text, say.final, say.rate))
                protocol.metadata(ServerReport(begin=protocol.Begin(say.utterance)))
        report = protocol.read_report(body)
        if report is not None:
            protocol.metadata(report)
