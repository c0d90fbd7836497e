"""A change of persona is an event: the colours go over, they do not jump."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from assistant.ui.app import DashboardApp
from assistant.ui.fade import FADE_SECONDS, CrossFade
from assistant.ui.themes import theme_of
from tests.fakes import BUTLER, CORE, FRIEND, FakeSession
from tests.ui.looking import see

MakeApp = Callable[..., DashboardApp]


def colour_at(part: float, style: str) -> tuple[int, ...]:
    """What a style of the light persona's looks like on the way from the dark one."""
    fade = CrossFade()
    fade.begin(theme_of(BUTLER), theme_of(FRIEND))
    fade.step(10.0)
    fade.step(10.0 + part * FADE_SECONDS)
    (segment,) = fade.apply([Segment("x", Style.parse(style))], Color(0, 0, 0))
    assert segment.style is not None
    color = segment.style.bgcolor or segment.style.color
    assert color is not None
    return tuple(color.get_truecolor())


def ground_of_last_row(app: DashboardApp) -> tuple[int, ...]:
    """Of the status, which stands on the panel's colour."""
    strip = app.screen._compositor.render_strips()[-2]
    grounds = [s.style.bgcolor for s in strip if s.style and s.style.bgcolor]
    return tuple(grounds[-1].get_truecolor())


def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
    return all(abs(a - b) <= 2 for a, b in zip(one, other, strict=True))


def rgb(hexadecimal: str) -> tuple[int, ...]:
    return Color.parse(hexadecimal).rgb


@pytest.mark.parametrize("role", ["background", "panel", "surface"])
def test_a_ground_goes_from_the_old_one_to_the_new_one(role: str) -> None:
    old, new = getattr(BUTLER.colors, role), getattr(FRIEND.colors, role)
    start, middle, end = (colour_at(part, f"on {new}") for part in (0.0, 0.5, 0.999))
    assert start == rgb(old)
    assert all(
        abs(m - (a + b) / 2) <= 1 for m, a, b in zip(middle, rgb(old), rgb(new), strict=True)
    )
    assert all(abs(a - b) <= 1 for a, b in zip(end, rgb(new), strict=True))


def test_words_go_over_too_and_what_is_no_colour_of_the_theme_stays() -> None:
    assert colour_at(0.0, FRIEND.colors.foreground) == rgb(BUTLER.colors.foreground)
    assert colour_at(0.3, "#123456") == rgb("#123456")


def test_afterwards_it_does_nothing() -> None:
    fade = CrossFade()
    fade.begin(theme_of(BUTLER), theme_of(FRIEND))
    assert fade.step(10.0)
    assert not fade.step(10.0 + FADE_SECONDS)
    segments = [Segment("x", Style.parse("red"))]
    assert fade.apply(segments, Color(0, 0, 0)) is segments


async def test_a_change_of_persona_fades_and_comes_to_an_end(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        now = [10.0]
        app._fade.clock = lambda: now[0]
        await session.change_persona(CORE.slug)
        await see(pilot, CORE.name)
        app._fade.go_on()
        old, new = BUTLER.colors.panel, CORE.colors.panel
        assert near(ground_of_last_row(app), rgb(old))
        now[0] += FADE_SECONDS / 2
        app._fade.go_on()
        await pilot.pause()
        shown = ground_of_last_row(app)
        assert not near(shown, rgb(old))
        assert not near(shown, rgb(new))
        now[0] += FADE_SECONDS
        app._fade.go_on()
        await pilot.pause()
        assert near(ground_of_last_row(app), rgb(new))
        assert app._fade._timer is None, "nothing runs on"


async def test_where_nothing_may_move_the_colours_are_there_at_once(
    make_app: MakeApp, session: FakeSession
) -> None:
    app = make_app(session, animation=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await see(pilot, "prepared answers")
        await session.change_persona(CORE.slug)
        await pilot.pause()
        assert not app._fade.active
