"""The face on the screen: it does what the session does, and moves only while something happens."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from textual.geometry import Region

from assistant.session.events import (
    AgentSaid,
    AnswerPaused,
    AnswerResumed,
    AudioChanged,
    StateChanged,
)
from assistant.ui.app import DashboardApp
from assistant.ui.faces.pose import OPENING_SECONDS
from assistant.ui.letters import write_in
from assistant.ui.widgets.face import (
    LARGE_CELLS,
    REST_SECONDS,
    STARTLED_SECONDS,
    PersonaFace,
)
from tests.fakes import BUTLER, CORE, READY, FakeSession
from tests.ui.looking import see, text
from tests.ui.remembered import evening, remembering

MakeApp = Callable[..., DashboardApp]


class Clock:
    """Seconds that a test lets pass."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def shown_face(app: DashboardApp) -> PersonaFace:
    return next(face for face in app.screen_stack[0].query(PersonaFace) if face.size)


def use(clock: Clock, app: DashboardApp) -> None:
    for face in app._dashboard._faces:
        face._clock = clock
        face._changed_at = face._opened_at = face._begun_at = face._ticked_at = clock.now


def cells_of(face: PersonaFace) -> dict[tuple[int, int], object]:
    """Letter and style of each cell."""
    return {
        (x, y): (segment.text, segment.style)
        for y in range(face.size.height)
        for x in range(face.size.width)
        for segment in face.render_line(y).crop(x, x + 1)
    }


def rows_of(face: PersonaFace) -> list[str]:
    return [face.render_line(y).text for y in range(face.size.height)]


@pytest.mark.parametrize("size", [(60, 24), (80, 24), (110, 24), (120, 40), (140, 34), (200, 55)])
async def test_there_is_one_face_where_there_is_room(
    make_app: MakeApp, session: FakeSession, size: tuple[int, int]
) -> None:
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        await see(pilot, BUTLER.name)
        faces = [face for face in app.screen.query(PersonaFace) if face.size]
        assert len(faces) == 1
        assert any(row.strip() for row in rows_of(faces[0]))


async def test_where_there_are_few_rows_the_conversation_has_them(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(60, 18)) as pilot:
        await see(pilot, BUTLER.name, "Conversation", "mic", "voice", "waiting for you")
        assert not [face for face in app.screen.query(PersonaFace) if face.size]
        assert app.query_one("#transcript").size.height >= 8


async def test_it_does_what_the_session_does(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        face = shown_face(app)
        pictures = {}
        for state in ("idle", "listening", "thinking", "speaking"):
            session.emit(StateChanged(state=state))
            await pilot.pause()
            assert face.mood == state
            pictures[state] = tuple(rows_of(face))
        session.emit(StateChanged(state="idle"))
        session.set_muted(True)
        await pilot.pause()
        assert face.mood == "asleep"
        session.set_muted(False)
        session.emit(StateChanged(state="speaking"), AnswerPaused(turn=3))
        await pilot.pause()
        assert face.mood == "surprised"
        session.emit(AnswerResumed(turn=3, reason="no_words"))
        await pilot.pause()
        assert face.mood == "speaking"
        assert len(set(pictures.values())) == 4


async def test_muted_it_still_speaks(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        session.emit(
            StateChanged(state="speaking"), AudioChanged(microphone="a", speaker="b", muted=True)
        )
        await pilot.pause()
        assert shown_face(app).mood == "speaking"


async def test_an_interruption_startles_it_for_a_moment(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=True)
    clock = Clock()
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        use(clock, app)
        face = shown_face(app)
        session.emit(StateChanged(state="speaking"))
        await pilot.pause()
        session.emit(
            AgentSaid(turn=1, persona="butler", text="One", final=True, interrupted=True),
            StateChanged(state="listening"),
        )
        await pilot.pause()
        assert face.mood == "surprised"
        clock.now += STARTLED_SECONDS + 0.01
        face._tick()
        assert face.mood == "listening"


async def test_it_moves_with_its_voice_while_it_speaks(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        clock = Clock()
        use(clock, app)
        clock.now += 10.0
        session.emit(StateChanged(state="speaking"))
        await pilot.pause()
        face = shown_face(app)
        assert face.is_moving
        clock.now += 1.0
        face._tick()
        soft = rows_of(face)
        session.output_levels.push(0.8 * np.ones(4800, dtype=np.float32))
        face._tick()  # at the same moment: nothing but the loudness is another
        assert rows_of(face) != soft


async def test_a_large_face_moves_in_fewer_frames(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session, animation=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        session.emit(StateChanged(state="speaking"))
        await pilot.pause()
        small = shown_face(app)._rate
        await pilot.resize_terminal(200, 55)
        await pilot.pause(0.2)
        assert shown_face(app).size.area > LARGE_CELLS
        assert 0 < shown_face(app)._rate < small


async def test_only_the_cells_that_have_changed_are_drawn_anew(
    make_app: MakeApp, session: FakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    lens = BUTLER.model_copy(update={"face": BUTLER.face.model_copy(update={"kind": "iris"})})
    session.replace_personas([lens])
    app = make_app(session, animation=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        clock = Clock()
        use(clock, app)
        clock.now += 10.0
        session.emit(StateChanged(state="speaking"))
        await pilot.pause()
        clock.now += 1.0
        face = shown_face(app)
        face._tick()
        before = cells_of(face)
        asked: list[Region] = []
        monkeypatch.setattr(face, "refresh", lambda *regions: asked.extend(regions))
        face._tick()
        assert asked == [], "the same picture"
        session.output_levels.push(0.3 * np.ones(4800, dtype=np.float32))
        face._tick()
        after = cells_of(face)
        changed = {at for at in before if before[at] != after[at]}
        drawn = {(x, y) for each in asked for y in each.line_range for x in each.column_range}
        assert changed
        assert changed <= drawn
        assert len(drawn) < len(before)


async def test_asleep_or_after_a_long_silence_nothing_runs(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=True)
    clock = Clock()
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        use(clock, app)
        face = shown_face(app)
        clock.now += OPENING_SECONDS + 1
        face._tick()
        assert face.is_moving, "it breathes"
        clock.now += REST_SECONDS
        face._tick()
        assert not face.is_moving
        assert face._timer is None
        session.emit(StateChanged(state="listening"))
        await pilot.pause()
        assert face.is_moving, "it is there again at once"
        session.emit(StateChanged(state="idle"))
        session.set_muted(True)
        await pilot.pause()
        clock.now += 1.0
        face._tick()
        assert face.mood == "asleep"
        assert not face.is_moving


async def test_a_face_that_is_not_on_the_screen_does_not_run(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.pause(0.1)
        moving = [face.id for face in app.screen.query(PersonaFace) if face.is_moving]
        assert moving == ["face"]
        await pilot.resize_terminal(200, 55)
        await pilot.pause(0.2)
        moving = [face.id for face in app.screen.query(PersonaFace) if face.is_moving]
        assert moving == ["large-face"]
        await pilot.resize_terminal(60, 18)
        await pilot.pause(0.2)
        assert not any(face.is_moving for face in app.screen.query(PersonaFace))


async def test_where_nothing_may_move_it_stands_still_and_is_there(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        face = shown_face(app)
        for state in ("idle", "listening", "thinking", "speaking"):
            session.emit(StateChanged(state=state))
            await pilot.pause()
            assert not face.is_moving
        before = rows_of(face)
        session.output_levels.push(np.ones(4800, dtype=np.float32))
        await pilot.pause(0.2)
        assert rows_of(face) == before
        assert any(row.strip() for row in before)


async def test_another_persona_brings_its_own_face(make_app: MakeApp, session: FakeSession) -> None:
    eyed = CORE.model_copy(update={"face": CORE.face.model_copy(update={"kind": "eye"})})
    session.replace_personas([BUTLER, eyed])
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        before = rows_of(shown_face(app))
        await session.change_persona("core")
        await see(pilot, "Core 9 takes over")
        assert rows_of(shown_face(app)) != before


async def test_on_a_terminal_of_few_letters_it_is_made_of_those(
    make_app: MakeApp, session: FakeSession
) -> None:
    write_in("ascii")
    try:
        app = make_app(session)
        async with app.run_test(size=(80, 24)) as pilot:
            await see(pilot, "prepared answers")
            assert text(app).isascii()
            assert any(row.strip() for row in rows_of(shown_face(app)))
    finally:
        write_in(None)


async def test_a_wide_terminal_tells_what_is_known_and_due(
    make_app: MakeApp,
) -> None:
    session = FakeSession(on_start=READY)
    session.memory = remembering(evening())
    app = make_app(session)
    async with app.run_test(size=(150, 40)) as pilot:
        await see(pilot, "What I know about you", "parrot is called Picasso", "Today")
        await see(pilot, "Nothing is due")
        await pilot.click("#known")
        await see(pilot, "To be asked")


async def test_a_terminal_that_is_made_wider_tells_what_was_learnt_before(
    make_app: MakeApp,
) -> None:
    session = FakeSession(on_start=READY)
    session.memory = remembering(evening())
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        await pilot.resize_terminal(150, 40)
        await see(pilot, "What I know about you", "parrot is called Picasso")
