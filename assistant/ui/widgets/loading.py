"""A bar while the backend loads; the rest of the dashboard does not wait for it."""

from __future__ import annotations

from textual.content import Content
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from assistant.ui.fitting import ellipsis, lines_of, shortened

_BLOCK = 6
_FRAMES_PER_SECOND = 8


class LoadingBar(Widget):
    """One row: bar, percentage where it is known, and what is being done."""

    ALLOW_SELECT = False

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._text = "starting"
        self._fraction: float | None = None
        self._phase = 0
        self._timer: Timer | None = None

    def on_mount(self) -> None:
        self._timer = self.set_interval(1 / _FRAMES_PER_SECOND, self._step, pause=True)
        self._run_timer()

    def show(self, text: str, fraction: float | None) -> None:
        """`fraction` in 0…1, None where it cannot be known."""
        self._text, self._fraction = text, fraction
        self.display = True
        self._run_timer()
        self.refresh()

    def hide(self) -> None:
        self.display = False
        self._run_timer()

    def _run_timer(self) -> None:
        moving = self.display and self._fraction is None and self.app.animation_level != "none"
        if self._timer is not None:
            (self._timer.resume if moving else self._timer.pause)()

    def _step(self) -> None:
        self._phase += 1
        self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        bar = max(8, min(40, width // 3))
        percent = f" {self._fraction:4.0%}" if self._fraction is not None else ""
        text = ellipsis(self._text, width - bar - len(percent) - 2)
        return Content.assemble(self._bar(bar), (percent, "bold $primary"), "  ", (text, "$muted"))

    def _bar(self, width: int) -> Content:
        if self._fraction is not None:
            done = round(width * min(1.0, max(0.0, self._fraction)))
            return Content.assemble(("━" * done, "$primary"), ("─" * (width - done), "$line"))
        start = self._phase % (width - _BLOCK + 1)
        return Content.assemble(
            ("─" * start, "$line"),
            ("━" * _BLOCK, "$primary"),
            ("─" * (width - _BLOCK - start), "$line"),
        )


# What is broken and stays broken, until it is put away with a click or works again.

LETTERS_SHOWN = 1_000


class Banner(Static):
    """Hidden where nothing is wrong."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id, markup=False)
        self.display = False

    def show(self, text: str) -> None:
        self.update(f"✗ {shortened(lines_of(text), LETTERS_SHOWN)}")
        self.display = True

    def hide(self) -> None:
        self.display = False

    def on_click(self) -> None:
        self.hide()
