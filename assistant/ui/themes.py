"""A persona's look as a `textual.theme.Theme`, with the few variables that our style sheet adds.

Colours are parsed here, at load: Textual accepts any string when a theme is registered and fails
only when it is applied, in the middle of a conversation.
"""

from __future__ import annotations

from textual.color import Color
from textual.theme import Theme

from assistant.personas.checks import contrast
from assistant.personas.loading import Colors, Persona

PREFIX = "persona-"
"""Before a persona's slug, so that no persona can replace one of Textual's own themes."""

TERMINAL = "terminal"
"""The theme without a colour of its own: the terminal's background, for `NO_COLOR`."""

DEFAULTS = {
    "muted": "#8a8a8a",
    "line": "#5a5a5a",
    "wave-1": "#c0c0c0",
    "wave-2": "#a0a0a0",
    "wave-3": "#808080",
    "voice-1": "#c0c0c0",
    "voice-2": "#a0a0a0",
    "voice-3": "#808080",
    "on-primary": "#000000",
}
"""Our own variables, for themes that are not a persona's."""


def theme_of(persona: Persona) -> Theme:
    """The persona's look. Raises `textual.color.ColorParseError` for what is not a colour."""
    colors = persona.colors
    parsed = {
        name: Color.parse(value)
        for name, value in colors.model_dump().items()
        if isinstance(value, str)
    }
    background, primary = parsed["background"], parsed["primary"]
    readable = max(
        (background, parsed["foreground"], Color.parse("#000000"), Color.parse("#ffffff")),
        key=lambda candidate: contrast(candidate.hex, primary.hex),
    )
    muted = parsed["muted"]
    variables = {
        "muted": muted.hex,
        "line": background.blend(primary, 0.45).hex,
        "wave-1": primary.hex,
        "wave-2": background.blend(primary, 0.8).hex,
        "wave-3": background.blend(primary, 0.58).hex,
        "voice-1": parsed["accent"].hex,
        "voice-2": background.blend(parsed["accent"], 0.8).hex,
        "voice-3": background.blend(parsed["accent"], 0.58).hex,
        "on-primary": readable.hex,
        "text-muted": muted.hex,
        "border": primary.hex,
        "border-blurred": background.blend(primary, 0.45).hex,
        "block-cursor-background": primary.hex,
        "block-cursor-foreground": readable.hex,
        "block-cursor-text-style": "bold",
        "input-cursor-background": primary.hex,
        "input-cursor-foreground": readable.hex,
        "input-selection-background": background.blend(primary, 0.35).hex,
        "screen-selection-background": background.blend(primary, 0.35).hex,
        "scrollbar": background.blend(primary, 0.45).hex,
        "scrollbar-hover": primary.hex,
        "scrollbar-active": primary.hex,
        "scrollbar-background": background.hex,
        "scrollbar-background-hover": background.hex,
        "scrollbar-background-active": background.hex,
        "scrollbar-corner-color": background.hex,
    }
    return _theme(
        theme_name(persona.slug), {k: c.hex for k, c in parsed.items()}, variables, dark=colors.dark
    )


def theme_name(slug: str) -> str:
    """The name under which a persona's theme is registered."""
    return PREFIX + slug


def terminal_theme() -> Theme:
    """No colours at all but the terminal's own two: readable on any background."""
    own = "ansi_default"
    variables = dict.fromkeys(DEFAULTS, own) | {
        "ansi-background": own,
        "ansi-foreground": own,
        "border": own,
        "border-blurred": own,
        "block-cursor-foreground": own,
        "block-cursor-background": own,
        "block-cursor-text-style": "bold reverse",
        "input-cursor-text-style": "reverse",
        "input-selection-background": own,
        "scrollbar": own,
        "scrollbar-background": own,
    }
    colors = dict.fromkeys((*Colors.model_fields, "boost"), own)
    return _theme(TERMINAL, colors, variables, ansi=True)


def _theme(
    name: str,
    colors: dict[str, str],
    variables: dict[str, str],
    *,
    dark: bool = True,
    ansi: bool = False,
) -> Theme:
    return Theme(
        name=name,
        primary=colors["primary"],
        secondary=colors["secondary"],
        accent=colors["accent"],
        success=colors["success"],
        warning=colors["warning"],
        error=colors["error"],
        foreground=colors["foreground"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["panel"],
        boost=colors.get("boost"),
        dark=dark,
        ansi=ansi,
        variables=variables,
    )
