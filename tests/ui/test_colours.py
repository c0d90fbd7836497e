"""Every panel in no, 16, 256 and all colours: its words are read, its cursor is seen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from rich.color import ColorSystem

from assistant.locations import transcripts_dir
from assistant.personas.checks import contrast
from assistant.personas.loading import Persona
from assistant.session.events import AgentSaid, AnswerProgress, PersonaChanged
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
from assistant.ui.app import DashboardApp
from tests.fakes import BUTLER, CORE, FRIEND, READY, FakeSession, conversation
from tests.ui.looking import see, segments, text
from tests.ui.remembered import evening, recalled, remembering

MakeApp = Callable[..., DashboardApp]
FRIDAY = datetime(2026, 7, 17, 9, 41)
PANELS: dict[str, tuple[list[str], str]] = {
    "dashboard": ([], "What I know about you"),
    "picker": (["p"], "keep as it was"),
    "brains": (["b"], "Who answers?"),
    "devices": (["d"], "System default"),
    "memory": (["m"], "To be asked"),
    "question": (["m", "enter"], "Which is right?"),
    "palette": (["ctrl+p"], "Mute or unmute"),
    "help": (["question_mark"], "microphone.toggle"),
    "page": (["up", "up"], "Core 9 takes over"),
    "found": (["ctrl+f", *"six"], "1 of 1"),
    "drawer": (["a"], "What happened"),
    "history": (["h"], "with Butler"),
    "reading": (["h", "enter"], "Friday 17 July"),
    "times": (["w"], "Where the time"),
    "save": (["ctrl+s"], "as Markdown"),
    "tour": (["v"], "1 of "),
}
LEAST_CONTRAST = 2.0
"""Where a terminal has 16 colours of its own, none is nearer; all colours reach 4.5 by the check
of personas."""
_DOTS = "".join(chr(code) for code in range(0x2800, 0x2900))
_DRAWN = " ─│╭╮╰╯━┃┏┓┗┛▔▁▎▌▐▇▆▅▄▃▂█▀●🔎▊┈" + _DOTS


def talking(persona: Persona) -> FakeSession:
    session = FakeSession(on_start=READY)
    session.persona = persona
    session.memory = remembering(evening())
    store = TranscriptStore(transcripts_dir())
    for name, words in (("You", "Do owls sleep?"), ("Butler", "By day.")):
        store.append(TranscriptEntry(FRIDAY, "", name, words))
    store.close()
    return session


def told(session: FakeSession) -> None:
    """A conversation with a bit of all that can stand in it."""
    before, *rest = conversation(persona=session.persona.slug)
    session.emit(before, *rest[:-2], recalled(), PersonaChanged(persona=CORE), *rest[-2:])
    session.emit(PersonaChanged(persona=session.persona))
    session.emit(AgentSaid(turn=9, persona="core", text="A word sounds."))
    session.emit(AnswerProgress(turn=9, words=2))


@pytest.mark.parametrize("panel", PANELS)
async def test_without_colour_all_is_there_and_the_cursor_is_seen(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, panel: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    session = talking(BUTLER)
    app = make_app(session)
    keys, words = PANELS[panel]
    async with app.run_test(size=(120, 40)) as pilot:
        await see(pilot, "prepared answers")
        told(session)
        await see(pilot, "A word sounds.")
        await pilot.press(*keys)
        await see(pilot, words)
        if panel != "help":
            assert "mic     " in text(app)  # the dashboard behind is not blank
        if panel not in ("help", "dashboard", "drawer", "times", "tour", "save"):
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
        await see(pilot, "prepared answers")
        told(session)
        await see(pilot, "A word sounds.")
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
