"""Cross-fade of themes: what is drawn in the new one's colours is shown on its way from the old.

A theme of its own for every step would have the style sheet read again each time (150 ms); here
only what goes to the screen is recoloured.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.color import Color, ColorParseError
from textual.filter import LineFilter
from textual.theme import Theme
from textual.timer import Timer

FADE_SECONDS = 0.3
STEPS_PER_SECOND = 15

_FIELDS = (
    "background", "surface", "panel", "foreground", "primary", "secondary", "accent",
    "success", "warning", "error",
)  # fmt: skip
_NEAR = 3
"""Textual takes colours through another space, which may cost a step or two of 255."""
Rgb = tuple[int, int, int]


class CrossFade(LineFilter):
    """A filter of rows; does nothing but between `go` (or `begin`) and the last `step`."""

    def __init__(self, app: App[Any] | None = None) -> None:
        """`app`: whose screens are drawn anew at every step; None: somebody else sees to that."""
        super().__init__()
        self.clock: Callable[[], float] = time.monotonic
        self._app = app
        self._timer: Timer | None = None
        self._pairs: dict[Rgb, Rgb] = {}
        self._began: float | None = None
        self._part = 1.0
        self._recolored = lru_cache(maxsize=2048)(self._recolor)

    @property
    def active(self) -> bool:
        return self._part < 1.0

    def begin(self, old: Theme, new: Theme) -> None:
        """Go from one look to the other; the time runs from the first `step`, because reading the
        style sheet anew may take as long as all of it."""
        self._pairs = dict(_pairs(old, new))
        self._began, self._part = None, 0.0
        self._recolored.cache_clear()

    def step(self, now: float) -> bool:
        """How far it is by now, in seconds on any clock; False once it is over."""
        if self._began is None:
            self._began = now
        self._part = min(1.0, (now - self._began) / FADE_SECONDS)
        self._recolored.cache_clear()
        return self.active

    def go(self, old: Theme, new: Theme) -> None:
        """All of it, where anything may move: from one look to the other, which is worn already."""
        app = self._app
        if app is None or app.animation_level == "none" or app.no_color or old is new:
            return
        self.begin(old, new)
        if self._timer is not None:
            self._timer.stop()
        self._timer = app.set_interval(1 / STEPS_PER_SECOND, self.go_on)

    def go_on(self) -> None:
        """Draw everything as it is by now."""
        if not self.step(self.clock()) and self._timer is not None:
            self._timer.stop()
            self._timer = None
        for screen in self._app.screen_stack if self._app is not None else ():
            for widget in screen.walk_children(with_self=True):
                widget.notify_style_update()
                widget.refresh()

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Rows as they look on the way."""
        if not self.active:
            return segments
        return [
            Segment(text, self._recolored(style), control) if style is not None else segment
            for segment in segments
            for text, style, control in (segment,)
        ]

    def _recolor(self, style: Style) -> Style:
        ink, ground = self._between(style.color), self._between(style.bgcolor)
        if ink is None and ground is None:
            return style
        return style + Style(color=ink, bgcolor=ground)

    def _between(self, color: RichColor | None) -> RichColor | None:
        """None: it is no colour of the theme's, and stays."""
        if color is None or color.triplet is None:
            return None
        new = tuple(color.triplet)
        for known, old in self._pairs.items():
            if all(abs(a - b) <= _NEAR for a, b in zip(known, new, strict=True)):
                mixed = (round(a + (b - a) * self._part) for a, b in zip(old, new, strict=True))
                return RichColor.from_rgb(*mixed)
        return None


def _pairs(old: Theme, new: Theme) -> list[tuple[Rgb, Rgb]]:
    """Each colour of the new theme, and what the old one has in its place."""
    pairs = [(getattr(new, name), getattr(old, name)) for name in _FIELDS]
    pairs += [
        (value, old.variables[name])
        for name, value in new.variables.items()
        if name in old.variables
    ]
    found = []
    for to, start in pairs:
        try:
            found.append((Color.parse(to).rgb, Color.parse(start).rgb))
        except (ColorParseError, TypeError):
            continue  # "bold", or a colour that one of them does not name
    return found[::-1]  # where two roles share a colour, the first one's counts
