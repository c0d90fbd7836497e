"""A persona's colours become a theme, and what cannot be read is found before it is worn."""

from __future__ import annotations

import pytest
from textual.color import Color, ColorParseError

from assistant.personas.checks import contrast
from assistant.ui.themes import DEFAULTS, terminal_theme, theme_name, theme_of
from tests.fakes import AMBER, BUTLER, CORE, DARK, FRIEND


@pytest.mark.parametrize("persona", [BUTLER, CORE, FRIEND], ids=lambda p: p.slug)
def test_every_own_variable_is_a_colour(persona) -> None:  # type: ignore[no-untyped-def]
    theme = theme_of(persona)
    assert set(DEFAULTS) <= set(theme.variables)
    for name in DEFAULTS:
        Color.parse(theme.variables[name])


@pytest.mark.parametrize("persona", [BUTLER, CORE, FRIEND], ids=lambda p: p.slug)
def test_a_chosen_line_can_be_read(persona) -> None:  # type: ignore[no-untyped-def]
    variables = theme_of(persona).variables
    ink, paper = variables["on-primary"], persona.colors.primary
    assert contrast(Color.parse(ink).hex, paper) >= 4.5


def test_light_and_dark_are_told_apart() -> None:
    assert theme_of(BUTLER).dark
    assert not theme_of(FRIEND).dark


def test_a_persona_cannot_replace_one_of_textuals_themes() -> None:
    assert theme_name("nord") != "nord"


def test_what_is_no_colour_fails_at_load() -> None:
    colors = AMBER.model_copy(update={"accent": "#zzzzzz"})
    with pytest.raises(ColorParseError):
        theme_of(CORE.model_copy(update={"colors": colors}))


def test_contrast_is_wcags() -> None:
    black, white = "#000000", "#ffffff"
    assert contrast(black, white) == pytest.approx(21)
    assert contrast(white, black) == pytest.approx(21)
    assert contrast("#777777", white) == pytest.approx(4.48, abs=0.01)


def test_the_terminals_own_theme_names_no_colour() -> None:
    theme = terminal_theme()
    values = {theme.primary, theme.background, theme.foreground, theme.variables["muted"]}
    assert values == {"ansi_default"}
    assert DARK.primary not in str(theme)
