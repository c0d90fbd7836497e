"""What strangers call their devices, write in files and let a model say: shown, never obeyed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from textual.driver import Driver
from textual.drivers import headless_driver
from textual.pilot import Pilot

from assistant.audio.base import DeviceChoice
from assistant.calls.parser import ToolCall
from assistant.memory.base import Claim, Found
from assistant.personas.loading import Persona
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    ConversationResumed,
    Dropped,
    Failure,
    LagChanged,
    LoadProgress,
    MemoryRecalled,
    Notice,
    PastTurn,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    ToolCalled,
    ToolFinished,
    UserSaid,
)
from assistant.terminal.sanitize import clean_line
from assistant.tools.registry import ToolResult
from assistant.ui.app import DashboardApp
from assistant.ui.letters import inert
from assistant.ui.screens.dialog import ConfirmGate
from assistant.ui.screens.memory import MemoryScreen
from tests.fakes import BUTLER, CORE, FRIEND, READY, FakeSession, until
from tests.ui.looking import see, text
from tests.ui.remembered import journal, remembering

MakeApp = Callable[..., DashboardApp]

NASTY = {
    "markup that closes nothing": "[/]",
    "markup": "[red]x[/red]",
    "a click": "[@click=app.quit]q[/]",
    "markup without an end": "[bold $primary",
    "a link": "[link=http://evil.example]x[/link]",
    "brackets and backslashes": r"\[\\[ /\]",
    "an action": "x'), app.quit('",
    "clear the screen": "ab\x1b[2Jcd",
    "clipboard": "ab\x1b]52;c;aGVsbG8=\x07cd",
    "clipboard, 8 bits": "ab\x9d52;c;aGVsbG8=\x9ccd",
    "colour, 8 bits": "ab\x9b31mcd",
    "the end of a paste": "ab\x1b[201~cd",
    "reading direction": "ab\u202ecd\u202c",
    "an isolate": "ab\u2066cd",
    "line breaks": "ab\r\ncd\n\nef\x85gh\u2028ij",
    "NUL and bell": "ab\x00cd\x07",
    "tabs": "ab\tcd\t\tef",
    "much": "ab " * 3_300,
    "one long word": "x" * 10_000,
    "wide": "李明 の 한국어 " * 4,
    "marks": "e\u0301" + "Z" + "\u0335" * 60,
    "joined": "👩‍👩‍👧 🏴󠁧󠁢󠁥󠁮󠁧󠁿 ❤️",
    "half a character": "ab\ud800cd",
    "nothing": "",
    "blank": "   \n\t ",
}

OWN = re.compile(r"\x1b\[(?:[\d;]*m|\d+;\d+H|\?(?:2026|25|1004)[hl])|\x1b\]22;[a-z-]*\x07|\r?\n")
"""What Textual itself writes: colours, cursor, synchronised output, shape of the pointer."""


class Written(headless_driver.HeadlessDriver):
    """Keeps what would be written to the terminal."""

    bytes_written: list[str]

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.__dict__.setdefault("bytes_written", []).append(data)


@pytest.fixture
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless_driver, "HeadlessDriver", Written)


def written(driver: Driver | None) -> str:
    assert isinstance(driver, Written)
    return OWN.sub("", "".join(driver.bytes_written))


def called(nasty: str, persona: Persona = CORE) -> Persona:
    """A persona that calls itself so (no file with that would be loaded today)."""
    return persona.model_copy(update={"name": nasty[:40], "summary": nasty[:200]})


def events(nasty: str) -> Iterator[SessionEvent]:
    """Every event that carries text, with this text everywhere."""
    call = ToolCall(nasty, {nasty: nasty, "list": [nasty, {nasty: 1}]})
    at = datetime(2026, 11, 21, 18, 19, 7)
    yield AudioChanged(microphone=nasty, speaker=nasty, echo=nasty)
    yield AudioChanged(microphone=nasty, speaker=nasty, echo=nasty, muted=True)
    yield BackendChosen(name=nasty, reason=nasty, engine=nasty, note=nasty)
    yield LoadProgress(text=nasty, fraction=0.4)
    yield BackendChosen(name=nasty, reason=nasty, engine=nasty, note=nasty, ready=True)
    yield BrainChosen(label=nasty)
    yield UserSaid(turn=1, text=nasty, final=False)
    yield UserSaid(turn=1, text=nasty, final=True)
    yield AgentSaid(turn=1, persona=nasty, text=nasty)
    yield AgentSaid(turn=1, persona=nasty, text=nasty)
    yield AgentSaid(turn=1, persona=nasty, final=True, played=nasty)
    yield UserSaid(turn=2, text=nasty, final=True, typed=True)
    yield AgentSaid(turn=2, persona=nasty, text=nasty)
    yield AgentSaid(turn=2, persona=nasty, final=True, played=nasty, interrupted=True)
    yield PersonaChanged(persona=called(nasty, FRIEND))
    yield PersonasReloaded(slugs=[nasty], failed=[nasty])
    yield PersonasReloaded(slugs=[nasty], failed=[nasty, nasty])
    yield ToolCalled(call=call)
    yield ToolFinished(result=ToolResult(call, True, nasty, nasty))
    yield ToolFinished(result=ToolResult(call, False, nasty, nasty))
    yield MemoryRecalled(found=(Found(nasty, nasty, at, nasty, 1.0),))
    yield Dropped(counts={nasty: 3})
    yield LagChanged(seconds=2.0, dropped=3, advice=nasty)
    yield Notice(text=nasty)
    yield Notice(text=nasty, severity="warning", key=nasty)
    yield Notice(text=nasty, severity="error", remedy=nasty)
    turns = (PastTurn("You", nasty, nasty), PastTurn(nasty, nasty, interrupted=True))
    yield ConversationResumed(id=nasty, began=nasty, turns=turns)
    yield Failure(text=nasty)
    yield Failure(text=nasty, remedy=nasty)


def session_of(nasty: str) -> FakeSession:
    session = FakeSession([BUTLER, called(nasty)], on_start=READY)
    session.choices = [
        DeviceChoice("input", nasty, is_default=True, in_use=True),
        DeviceChoice("output", nasty, is_default=True, in_use=True),
    ]
    claims = [Claim("user", "sister's name", f"{nasty}{name}") for name in ("Ann", "Grace")]
    told = [(nasty, f"{nasty} {each.value}", "relational", each, 0.9) for each in claims]
    session.memory = remembering(journal(*told, (nasty, f"{nasty} Ada", "personal", None, 0.9)))
    return session


def shown(nasty: str) -> str:
    """The beginning of what a person can read of it."""
    return clean_line(nasty)[:6].strip()


@pytest.mark.usefixtures("_terminal")
@pytest.mark.parametrize("kind", NASTY)
async def test_nothing_that_is_told_ends_the_dashboard_or_acts_on_the_terminal(
    make_app: MakeApp, kind: str
) -> None:
    nasty = NASTY[kind]
    session = session_of(nasty)
    app = make_app(session)
    gate = ConfirmGate()
    gate.connect(app)
    async with app.run_test(size=(150, 44), notifications=True) as pilot:
        await see(pilot, "prepared answers")
        for number, event in enumerate(events(nasty)):
            session.emit(event)
            if number % 4 == 0:
                await pilot.pause()
        await see(pilot, shown(nasty))
        assert session.persona is BUTLER
        for screen in (_transcript, _picker, _palette, _devices, _memory, _help):
            await screen(pilot, nasty)
        await _confirm(pilot, gate, nasty)
        await pilot.press("n")
        await until(lambda: session.persona.slug == CORE.slug, pilot.pause)
        driver = app._driver
    assert app.return_code is None or app.return_code == 0
    acting = re.findall(
        r"[^\n ]?[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", (written(driver))
    )
    assert not acting


async def _transcript(pilot: Pilot[None], nasty: str) -> None:
    session = pilot.app.session  # type: ignore[attr-defined]
    session.emit(AgentSaid(turn=9, persona=nasty, text=nasty, final=True, played=f"{nasty} END"))
    await pilot.pause(0.2)
    await see(pilot, "END")


async def _picker(pilot: Pilot[None], nasty: str) -> None:
    await pilot.press("p", "down")
    await see(pilot, "keep as it was", shown(nasty))
    await pilot.press("escape")


async def _palette(pilot: Pilot[None], nasty: str) -> None:
    await pilot.press("ctrl+p")
    await pilot.press(*"Talk with")
    await pilot.pause(0.4)
    await see(pilot, f"Talk with {shown(nasty)}".strip())
    await pilot.press("escape")
    await until(lambda: len(pilot.app.screen_stack) == 1, pilot.pause)


async def _devices(pilot: Pilot[None], nasty: str) -> None:
    session = pilot.app.session  # type: ignore[attr-defined]
    await pilot.press("d")
    await see(pilot, "System default", shown(nasty))
    await pilot.press("down", "enter")
    await see(pilot, "Say something.")
    session.failing["devices"] = RuntimeError(nasty)
    await pilot.press("r")
    await pilot.pause()
    del session.failing["devices"]
    session.emit(Notice(text=nasty, severity="warning", remedy=nasty))
    await pilot.pause()
    await pilot.press("escape")


async def _memory(pilot: Pilot[None], nasty: str) -> None:
    app = pilot.app
    await pilot.press("m")
    await see(pilot, "enter answers it", shown(nasty))
    await pilot.press("enter")
    await see(pilot, "the others become history", shown(nasty))
    await pilot.press("escape")
    memory = app.screen
    assert isinstance(memory, MemoryScreen)
    rows = memory._list.rows
    memory._list.highlighted = next(n for n, row in enumerate(rows) if row.memory is not None)
    await pilot.press("enter")
    await see(pilot, "▸")
    memory._source.scroll_end(animate=False)  # below what was said, which may be long
    await see(pilot, "journal 2026-11-20")
    await pilot.press("e")
    await see(pilot, "It says now:", shown(nasty))
    await pilot.press("escape", "f")
    await see(pilot, "Forget this for good?", shown(nasty))
    await pilot.press("escape", "slash", *"Ada")
    await pilot.pause(0.4)
    await see(pilot, "Found")
    await pilot.press("escape", "escape")
    await until(lambda: len(app.screen_stack) == 1, pilot.pause)


async def _help(pilot: Pilot[None], nasty: str) -> None:
    await pilot.press("question_mark")
    await see(pilot, "microphone.toggle")
    await pilot.press("escape")


async def _confirm(pilot: Pilot[None], gate: ConfirmGate, nasty: str) -> None:
    asked = asyncio.create_task(gate(ToolCall(nasty, {nasty: nasty, "last": "END"})))
    await see(pilot, "The language model wants to run", "Yes, once  (y)", "No  (n)")
    if len(nasty) < 1_000:
        await see(pilot, '"END"')
    await pilot.press("down", "up", "y")
    assert await asked


async def test_what_is_asked_before_a_tool_runs_hides_nothing(make_app: MakeApp) -> None:
    session = FakeSession(on_start=READY)
    app = make_app(session)
    gate = ConfirmGate()
    gate.connect(app)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        call = ToolCall("write", {"file": "notes\u202etxt.exe", "text": "a\n\x1b[2Jb\u200b"})
        asked = asyncio.create_task(gate(call))
        await see(pilot, r"notes\u202etxt.exe", r"a\n\u001b[2Jb\u200b")
        await pilot.press("escape")
        assert not await asked


async def test_a_long_argument_leaves_the_answers_in_sight(make_app: MakeApp) -> None:
    session = FakeSession(on_start=READY)
    app = make_app(session)
    gate = ConfirmGate()
    gate.connect(app)
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, "Butler")
        words = " ".join(f"word{number}" for number in range(400))
        asked = asyncio.create_task(gate(ToolCall("write", {"text": words})))
        await see(pilot, "word0", "Yes, once  (y)", "No  (n)")
        await pilot.press(*["down"] * 3)
        await until(lambda: "word0 " not in text(app), pilot.pause)
        await pilot.press("escape")
        assert not await asked


def test_the_last_gate_keeps_the_width_of_a_row() -> None:
    assert inert("plain") == "plain"
    assert inert("a\x1b[2J\u202eb\x00") == "a[2Jb"
    assert inert("a\ud800b") == "a b"[:1] + "b" + " "
    assert inert("👩‍👩‍👧 ❤️") == "👩‍👩‍👧 ❤️"
