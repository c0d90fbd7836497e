"""The session protocol: nothing is lost, newer sides are understood, rubbish is named."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args, get_origin

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.calls.parser import ToolCall
from assistant.personas.loading import Persona
from assistant.session import protocol as p
from assistant.session.events import SessionEvent, StateChanged, ToolCalled, UserSaid
from tests.fakes import BUTLER, CORE, FakeSession

FORMS: tuple[p.Form, ...] = ("json", "msgpack")
_KINDS = [*SessionEvent.__subclasses__(), *p.FrontendReply.__subclasses__()]
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
_ZONES = st.integers(-720, 720).map(lambda minutes: timezone(timedelta(minutes=minutes)))
_LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(),
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(allow_nan=False, allow_infinity=False),
    type(None): st.none(),
    datetime: st.datetimes(timezones=st.just(UTC) | _ZONES),
    Persona: st.sampled_from([BUTLER, CORE]),
    Any: _JSON,
}


def _values(hint: Any) -> st.SearchStrategy[Any]:
    """Anything of this type, as deep as it goes."""
    if hint in _LEAVES:
        return _LEAVES[hint]
    kind, inner = get_origin(hint), get_args(hint)
    if kind is typing.Literal:
        return st.sampled_from(inner)
    if kind in (typing.Union, types.UnionType):
        return st.one_of(*(_values(each) for each in inner))
    if kind is typing.Annotated:
        limits = {c: getattr(inner[1], c) for c in ("ge", "le")}
        return st.floats(limits["ge"], limits["le"])
    if kind is dict:
        return st.dictionaries(_values(inner[0]), _values(inner[1]), max_size=3)
    if kind is list:
        return st.lists(_values(inner[0]), max_size=3)
    if kind is tuple:
        return st.lists(_values(inner[0]), max_size=3).map(tuple)
    hints = typing.get_type_hints(hint, include_extras=True)
    if dataclasses.is_dataclass(hint):
        names = [field.name for field in dataclasses.fields(hint)]
    else:
        names = list(hint.__struct_fields__)
    return st.builds(hint, **{name: _values(hints[name]) for name in names})


MESSAGES = st.one_of(*(_values(kind) for kind in _KINDS))
COMMANDS = st.one_of(*(_values(kind) for kind in p.FrontendCommand.__subclasses__()))


@pytest.mark.parametrize("form", FORMS)
@given(message=MESSAGES)
def test_every_message_comes_out_as_it_went_in(form: p.Form, message: p.Message) -> None:
    data = p.encode(message, form)
    assert p.decode_message(data, form) == message
    assert form == "msgpack" or b"\n" not in data


@pytest.mark.parametrize("form", FORMS)
@given(command=COMMANDS)
def test_every_command_comes_out_as_it_went_in(form: p.Form, command: p.FrontendCommand) -> None:
    assert p.decode_command(p.encode(command, form), form) == command


@given(data=st.binary())
def test_rubbish_is_a_protocol_error_and_nothing_else(data: bytes) -> None:
    for form in FORMS:
        for decode in (p.decode_message, p.decode_command):
            with pytest.raises(p.ProtocolError) as caught:
                decode(data, form)
            assert caught.value.remedy


@pytest.mark.parametrize("form", FORMS)
def test_what_cannot_be_written_is_told_all_the_same(form: p.Form) -> None:
    call = ToolCall("guess", {"half": "\ud83d", "big": 2**70, "deep": [{"\ud83d": -(2**70)}]})
    told = p.decode_message(p.encode(ToolCalled(call=call), form), form)
    assert isinstance(told, ToolCalled)
    arguments = {"half": "?", "big": str(2**70), "deep": [{"?": str(-(2**70))}]}
    assert told.call.arguments == arguments


def test_fields_of_a_newer_version_are_left_alone() -> None:
    newer = {"type": "UserSaid", "turn": 1, "text": "Hi.", "final": True, "language": "en"}
    read = p.decode_message(json.dumps(newer).encode())
    assert read == UserSaid(turn=1, text="Hi.", final=True)
    welcome = json.loads(p.encode(p.Welcome(1, "idle", BUTLER, [])))
    welcome["persona"]["hat"] = "bowler"
    welcome["persona"]["colors"]["hat"] = "#000000"
    read = p.decode_message(json.dumps(welcome).encode())
    assert isinstance(read, p.Welcome)
    assert read.persona == BUTLER


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"type": "Sing"}', "“Sing” is no message of version 1"),
        (b'{"type": "UserSaid", "turn": 1}', "“UserSaid” is no message"),  # no command
        (b'{"text": "hello"}', "needs a type"),
        (b'["SendText"]', "needs a type"),
        (b'{"type": "SendText"}', "SendText: .*`text`"),
        (b'{"type": "SetVolume", "volume": 7}', "SetVolume: .*<= 1"),
        (b'{"type": "UseDevice", "kind": "both"}', "UseDevice: .*both"),
        (b"[" * 100_000, "no json message"),
    ],
)
def test_a_command_that_cannot_be_read_is_named(data: bytes, words: str) -> None:
    with pytest.raises(p.ProtocolError, match=words) as caught:
        p.decode_command(data)
    assert len(str(caught.value)) < 300


def test_what_is_no_number_is_no_volume() -> None:
    data = msgspec.msgpack.encode({"type": "SetVolume", "volume": float("nan")})
    with pytest.raises(p.ProtocolError, match="SetVolume"):
        p.decode_command(data, "msgpack")


@pytest.mark.parametrize(("version", "older"), [(0, "the other side"), (2, "this program")])
def test_who_speaks_another_version_is_told_what_to_update(version: int, older: str) -> None:
    p.check_version(p.Hello(p.VERSION))
    with pytest.raises(p.ProtocolError) as caught:
        p.check_version(p.Hello(version))
    assert older in caught.value.remedy


ASKED: list[tuple[p.FrontendCommand, tuple[str, object]]] = [
    (p.SendText("hello"), ("send_text", "hello")),
    (p.SayText("hello"), ("say", ("hello",))),
    (p.SwitchPersona(CORE.slug), ("set_persona", CORE.slug)),
    (p.SwitchBrain("scripted"), ("change_brain", "scripted")),
    (p.InterruptAnswer(), ("interrupt", None)),
    (p.RepeatAnswer(), ("repeat", None)),
    (p.SetMuted(True), ("set_muted", True)),
    (p.SetPushToTalk(True), ("set_push_to_talk", True)),
    (p.PressTalkKey(True), ("talk_key", True)),
    (p.UseDevice("output", "Living Room"), ("use_device", ("output", "Living Room"))),
    (p.SetVolume(0.5), ("set_volume", 0.5)),
    (p.SetSpeechRate(1.5), ("set_speech_rate", 1.5)),
    (p.PlayTestSound(), ("play_test_sound", None)),
    (p.PlaySample(CORE.slug, "dry"), ("sample", (CORE.slug, "dry"))),
    (p.StopSession(), ("stop", None)),
]


@pytest.mark.parametrize(("command", "call"), ASKED, ids=lambda value: type(value).__name__)
async def test_each_command_is_one_call(
    command: p.FrontendCommand, call: tuple[str, object]
) -> None:
    session = FakeSession()
    await p.apply(command, session)
    assert session.calls == [call]


def test_no_command_is_forgotten() -> None:
    answered = {p.Hello, p.AskBrains, p.AskDevices, p.AnswerConfirm, p.ServeClient, p.CancelRequest}
    answered |= {p.AskLastAnswer, p.AskMemory, p.ForgetMemories}
    answered |= {p.AskConversations, p.ReadConversation, p.ResumeConversation}
    assert {type(command) for command, _ in ASKED} | answered == set(
        p.FrontendCommand.__subclasses__()
    )


async def test_a_persona_that_there_is_not_is_named_with_those_that_there_are() -> None:
    session = FakeSession()
    with pytest.raises(p.ProtocolError, match="nobody") as caught:
        await p.apply(p.SwitchPersona("nobody"), session)
    assert BUTLER.slug in caught.value.remedy
    assert session.calls == []


@given(state=st.sampled_from(["idle", "speaking"]))
def test_the_schema_names_every_message_by_its_type(state: Any) -> None:
    told = json.loads(p.encode(StateChanged(state=state)))
    definition = p.schema()["$defs"]["StateChanged"]
    assert set(told) == set(definition["properties"])
    kinds = {kind.__name__ for kind in (*_KINDS, *p.FrontendCommand.__subclasses__())}
    assert kinds <= set(p.schema()["$defs"])
