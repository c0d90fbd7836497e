"""The picker: cards with faces, by keys and by mouse, in a narrow window too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.ui.app import DashboardApp
from assistant.ui.screens.picker import PickerScreen
from assistant.ui.widgets.cards import Card
from tests.fakes import BUTLER, CORE, FRIEND, PERSONAS, FakeSession, until
from tests.ui.looking import rows, see, text

MakeApp = Callable[..., DashboardApp]


def under_cursor(app: DashboardApp) -> str:
    card = app.screen.focused
    assert isinstance(card, Card)
    return card.persona.slug


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40), (200, 55)])
async def test_the_card_under_the_cursor_is_in_sight_whole(
    make_app: MakeApp, session: FakeSession, size: tuple[int, int]
) -> None:
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        await pilot.press("p")
        await see(pilot, "Choose a persona", "◂ now")
        for persona in PERSONAS[1:]:
            await pilot.press("right")
            await pilot.pause(0.02)
            assert under_cursor(app) == persona.slug
            card = app.screen.focused
            assert card is not None
            grid = app.screen.query_one("#picker-cards").region
            assert grid.contains_region(card.region)
            assert persona.name in text(app)


async def test_up_and_down_go_by_rows_of_cards(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("p")
        await see(pilot, "◂ now")
        await pilot.press("down")
        await pilot.pause(0.05)
        assert under_cursor(app) == PERSONAS[2].slug, "two cards stand beside each other"
        await pilot.press("up", "up")
        await pilot.pause(0.05)
        assert under_cursor(app) == BUTLER.slug
        await pilot.press("end")
        await pilot.pause(0.05)
        assert under_cursor(app) == PERSONAS[-1].slug


async def test_the_dashboard_wears_what_the_cursor_is_on_and_escape_puts_it_back(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("p", "right")
        await pilot.pause(0.1)
        assert app.theme == "persona-core"
        await pilot.press("escape")
        await pilot.pause(0.1)
        assert app.theme == "persona-butler"
        assert session.persona is BUTLER


@pytest.mark.parametrize("size", [(60, 18), (120, 40)])
async def test_a_click_on_a_card_chooses_it(
    make_app: MakeApp, session: FakeSession, size: tuple[int, int]
) -> None:
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        await pilot.press("p")
        await see(pilot, "Core 9")
        card = next(card for card in app.screen.query(Card) if card.persona is CORE)
        await pilot.click(card)
        await pilot.pause(0.1)
        assert session.persona is CORE
        assert not isinstance(app.screen, PickerScreen)


@pytest.mark.parametrize("size", [(60, 18), (80, 24), (120, 40)])
async def test_a_click_on_a_cards_note_lets_its_voice_be_heard_and_chooses_nobody(
    make_app: MakeApp, session: FakeSession, size: tuple[int, int]
) -> None:
    app = make_app(session)
    async with app.run_test(size=size) as pilot:
        await pilot.press("p")
        await see(pilot, "Core 9  ♪")
        line, y = next((line, y) for y, line in enumerate(rows(app)) if "Core 9  ♪" in line)
        await pilot.click(offset=(line.index("Core 9  ♪") + 8, y))
        await until(lambda: ("sample", ("core", "")) in session.calls, pilot.pause)
        assert isinstance(app.screen, PickerScreen)
        assert under_cursor(app) == "core"
        assert session.persona is BUTLER


async def test_a_click_on_the_face_opens_it(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, BUTLER.name)
        await pilot.click("#face")
        await until(lambda: isinstance(app.screen, PickerScreen), pilot.pause)


async def test_enter_chooses_what_the_cursor_is_on(make_app: MakeApp, session: FakeSession) -> None:
    app = make_app(session)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("p", "right", "right", "enter")
        await pilot.pause(0.1)
        assert session.persona is FRIEND


async def test_only_the_card_under_the_cursor_moves(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("p")
        await see(pilot, "◂ now")
        await pilot.press("right")
        await pilot.pause(0.1)
        moving = [card.persona.slug for card in app.screen.query(Card) if card._timer is not None]
        assert moving == [CORE.slug]
