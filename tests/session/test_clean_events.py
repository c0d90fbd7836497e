"""Whatever a model, a file, a device or a journal holds: no front end is told of it unclean."""

from __future__ import annotations

import dataclasses
import typing
import unicodedata
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel

from assistant.audio.base import DeviceChoice
from assistant.calls.parser import ToolCall
from assistant.memory.base import Found, Memory, Turn
from assistant.memory.deletion.plan import DeletionPreview
from assistant.personas.loading import Persona, load_personas
from assistant.session import events
from assistant.session.event_bus import EventBus
from assistant.session.events import AgentSaid, Notice, PersonaChanged, SessionEvent, UserSaid
from assistant.tools.registry import ToolResult
from tests.fakes import FakeAudio, FakeBrain
from tests.session.room import Room

NASTY = "\x1b]52;c;aGk=\x07\x1b[2Ja\x9b31mb\u202ec\r\nYou: d\x00\u200b [/] [bold]"
CLEAN = "abc\nYou: d [/] [bold]"
ONE_LINE = "abc You: d [/] [bold]"


def _persona() -> Persona:
    persona = next(iter(load_personas().loaded.values()))
    return persona.model_copy(update={"name": NASTY, "greetings": [NASTY]})


_MEMORY = Memory(NASTY, NASTY, "personal", datetime.now(UTC), NASTY, 1, NASTY, people=(NASTY,))
_CALL = ToolCall(NASTY, {NASTY: [NASTY, {"deep": NASTY}]}, NASTY)
_VALUES: dict[str, Any] = {
    "persona": _persona(),
    "call": _CALL,
    "result": ToolResult(_CALL, True, NASTY, NASTY),
    "found": (Found(NASTY, NASTY, datetime.now(UTC), NASTY, 1.0, _MEMORY),),
    "doomed": DeletionPreview(
        (_MEMORY,), (NASTY,), (NASTY,), turns=(Turn(1, "user", NASTY, NASTY, datetime.now(UTC)),)
    ),
}


def _event(kind: type[SessionEvent]) -> SessionEvent:
    """An event of this kind with foreign text wherever it can hold text."""
    hints = typing.get_type_hints(kind)
    given: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        hint = hints[field.name]
        if kind is PersonaChanged or field.name in ("call", "result", "found", "doomed"):
            given[field.name] = _VALUES.get(field.name, 1.0)
        elif hint == list[str]:
            given[field.name] = [NASTY]
        elif typing.get_origin(hint) is dict:
            given[field.name] = {NASTY: 1}
        else:
            given[field.name] = 1 if hint in (int, float, bool) else NASTY
    return kind(**given)


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list | tuple):
        return [text for each in value for text in _texts(each)]
    if isinstance(value, BaseModel):
        return _texts(value.model_dump())
    if isinstance(value, msgspec.Struct):
        return [t for name in value.__struct_fields__ for t in _texts(getattr(value, name))]
    if dataclasses.is_dataclass(value):
        return [t for f in dataclasses.fields(value) for t in _texts(getattr(value, f.name))]
    return []


def _told(*told: SessionEvent) -> list[SessionEvent]:
    event_bus = EventBus(lambda: 1.0)
    heard: list[SessionEvent] = []
    event_bus.subscribe(heard.append)
    for event in told:
        event_bus.publish(event)
    return heard


KINDS = sorted(SessionEvent.__subclasses__(), key=lambda kind: kind.__name__)


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_of_every_event_is_clean(kind: type[SessionEvent]) -> None:
    given = _event(kind)
    [event] = _told(given)
    texts = _texts(event)
    assert len(texts) == len(_texts(given))
    for text in texts:
        assert not [c for c in text if unicodedata.category(c) in ("Cc", "Cf") and c != "\n"]
        assert "52;c" not in text
        if "abc" in text:
            assert text in (CLEAN, ONE_LINE)


def test_notices_and_names_are_one_line_and_what_is_said_keeps_its_lines() -> None:
    said = UserSaid(turn=1, text=NASTY, final=True)
    spoken = AgentSaid(turn=2, persona="hal", final=True, played=NASTY)
    heard = _told(said, spoken, Notice(text=NASTY), PersonaChanged(persona=_persona()))
    assert heard[0].text == CLEAN  # type: ignore[attr-defined]
    assert heard[1].played == CLEAN  # type: ignore[attr-defined]
    assert heard[2].text == ONE_LINE  # type: ignore[attr-defined]
    assert heard[3].persona.name == ONE_LINE  # type: ignore[attr-defined]


def test_an_attack_cut_into_pieces_does_not_get_through() -> None:
    pieces = [" Hello\x1b", "]52;c;", "aGk", "=\x1b", "\\ wor", "ld\x9b3", "1m ", "Иван"]
    heard = _told(
        *(AgentSaid(turn=1, persona="hal", text=piece) for piece in pieces),
        AgentSaid(turn=1, persona="hal", final=True, played="Hello"),
    )
    assert "".join(e.text for e in heard if isinstance(e, AgentSaid)) == " Hello world Иван"


def test_two_answers_at_once_do_not_mix() -> None:
    heard = _told(
        AgentSaid(turn=1, persona="hal", text="a\x1b["),
        AgentSaid(turn=2, persona="hal", text="31m b"),
        AgentSaid(turn=1, persona="hal", text="31m c"),
    )
    assert [e.text for e in heard if isinstance(e, AgentSaid)] == ["a", "31m b", " c"]


def test_nothing_is_copied_that_was_clean() -> None:
    persona = next(iter(load_personas().loaded.values()))
    [event] = _told(events.PersonaChanged(persona=persona))
    assert isinstance(event, PersonaChanged)
    assert event.persona is persona


class _NastyAudio(FakeAudio):
    """A microphone with a name from a stranger."""

    async def devices(self) -> list[DeviceChoice]:
        return [DeviceChoice("input", NASTY, True, False)]

    async def use_device(self, kind: str, name: str | None) -> None:
        self.microphone = name


async def test_a_device_is_shown_clean_and_chosen_by_what_is_shown(tmp_path: Path) -> None:
    room = await Room(tmp_path, audio=_NastyAudio()).enter()
    [device] = await room.session.devices()
    assert device.name == ONE_LINE
    await room.session.use_device("input", device.name)
    assert room.audio.microphone == NASTY
    assert room.of(events.AudioChanged)[-1].microphone == ONE_LINE
    await room.session.stop()


async def test_what_is_typed_and_what_a_model_says_is_kept_clean(tmp_path: Path) -> None:
    room = await Room(tmp_path, FakeBrain(["Well\x1b", "]0;t\x07", " done\x9b1m"])).enter()
    await room.type("tell \x1b[31mme\x1b[0m\u202e a story")
    await room.listen_to_the_end()
    await room.session.stop()
    assert room.user_turns() == ["tell me a story"]
    assert room.answers() == ["Well done"]
    kept = room.transcript()
    assert "tell me a story" in kept
    assert "Well done" in kept
    assert not {"\x1b", "\x9b", "\u202e"} & set(kept)


async def test_who_is_asked_whether_a_tool_may_run_sees_nothing_but_words(tmp_path: Path) -> None:
    asked: list[ToolCall] = []

    async def no(call: ToolCall) -> bool:
        asked.append(call)
        return False

    call = (
        'TOOL_CALL: {"name": "change_theme", "arguments": {"persona_name": "\\u001b[2JHAL\\u202e"}}'
    )
    room = Room(tmp_path, FakeBrain([call]), permissions={"change_theme": "ask"})
    await room.enter()
    room.session.askers.add(no)
    await room.type("Somebody else, perhaps?")
    await room.session.stop()
    assert [each.arguments for each in asked] == [{"persona_name": "HAL"}]
