"""Every panel in no, 16, 256 and all colours: its words are read, its cursor is seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from rich.color import ColorSystem
from rich.segment import Segment
from textual._context import visible_screen_stack

from assistant.personas.checks import contrast
from assistant.personas.loading import Persona
from assistant.ui.app import DashboardApp
from tests.fakes import BUTLER, FRIEND, READY, FakeSession, conversation
from tests.ui.looking import see, text
from tests.ui.remembered import evening, remembering

MakeApp = Callable[..., DashboardApp]
PANELS = {
    "picker": (["p"], "keep as it was"),
    "brains": (["b"], "Who answers?"),
    "devices": (["d"], "System default"),
    "memory": (["m"], "To be asked"),
    "question": (["m", "enter"], "Which is right?"),
    "palette": (["ctrl+p"], "Talk with Wren"),
    "help": (["question_mark"], "microphone.toggle"),
}
LEAST_CONTRAST = 2.0
"""Where a terminal has 16 colours of its own, none is nearer; all colours reach 4.5 by the check
of personas."""
_DRAWN = " ─│╭╮╰╯━┃┏┓┗┛▔▁▎▌▐▇▆▅▄▃▂█●🔎▊"


def segments(app: DashboardApp) -> Iterator[Segment]:
    visible_screen_stack.set(app._background_screens)
    for strip in app.screen._compositor.render_strips():
        yield from strip


def talking(persona: Persona) -> FakeSession:
    session = FakeSession(on_start=READY)
    session.persona = persona
    session.memory = remembering(evening())
    return session


@pytest.mark.parametrize("panel", PANELS)
async def test_without_colour_all_is_there_and_the_cursor_is_seen(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, panel: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = talking(BUTLER)
    app = make_app(session)
    keys, words = PANELS[panel]
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "cascade")
        session.emit(*conversation())
        await see(pilot, "and how long will it")
        await pilot.press(*keys)
        await see(pilot, words)
        if panel != "help":
            assert "─ Microphone ─" in text(app)  # the dashboard behind is not blank
        if panel == "picker":
            assert "and how long will it" in text(app)
        if panel != "help":
            marked = [s.text for s in segments(app) if s.style and s.style.underline]
            assert any(words.strip() for words in marked)
        assert not any(s.style and s.style.color and s.style.color.triplet for s in segments(app))


@pytest.mark.parametrize("persona", [BUTLER, FRIEND], ids=["dark", "light"])
@pytest.mark.parametrize("panel", PANELS)
async def test_in_few_colours_no_word_has_the_colour_of_its_ground(
    make_app: MakeApp, persona: Persona, panel: str
) -> None:
    session = talking(persona)
    app = make_app(session)
    keys, words = PANELS[panel]
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "cascade")
        session.emit(*conversation(persona=persona.slug))
        await pilot.press(*keys)
        await see(pilot, words)
        for system in (ColorSystem.STANDARD, ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR):
            for segment in segments(app):
                style = segment.style
                if segment.text.strip(_DRAWN) and style and style.color and style.bgcolor:
                    pair = [
                        each.downgrade(system).get_truecolor().hex
                        for each in (style.color, style.bgcolor)
                    ]
                    assert contrast(*pair) >= LEAST_CONTRAST, (system, segment)
