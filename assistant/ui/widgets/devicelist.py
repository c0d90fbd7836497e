"""Microphones or speakers to choose from, the one in use marked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from assistant.audio.base import DeviceChoice
from assistant.audio.levels import FLOOR_DB, LevelHistory
from assistant.ui.fitting import ellipsis, one_line, shortened

Kind = Literal["input", "output"]

NAME_LETTERS = 120
_INDENT_CELLS = 3
"""Cells of a row that are not the name's: indent, scroll bar."""
_IN_USE, _NOT_IN_USE = "✓ ", "  "
_NONE = {
    "input": "No microphone was found.",
    "output": "No speaker was found.",
}


class DeviceList(OptionList):
    """One direction's devices; the first row is whatever the system's default is."""

    def __init__(self, kind: Kind, *, id: str) -> None:
        super().__init__(id=id, classes="panel")
        self.kind: Kind = kind
        self.border_title = "Microphones" if kind == "input" else "Speakers"
        self._devices: list[DeviceChoice] | None = None
        """None: not known, or not to be had."""

    def show(self, choices: Sequence[DeviceChoice] | None) -> None:
        """What there is now. The cursor stays on the device that it was on, else goes to the one
        in use."""
        cursor = self._under_cursor()
        known = self._devices is not None
        self._devices = (
            None if choices is None else [choice for choice in choices if choice.kind == self.kind]
        )
        self._fill()
        if self._devices is not None:
            names = [device.name for device in self._devices]
            in_use = next((n for n, device in enumerate(self._devices, 1) if device.in_use), 0)
            kept = names.index(cursor) + 1 if cursor in names else 0
            self.highlighted = kept if known else in_use

    def use(self, name: str | None) -> None:
        """Move the mark to the device of this name, where it is one of these."""
        devices = self._devices
        if devices is None or not (name is None or any(d.name == name for d in devices)):
            return
        names = [device.name for device in devices]
        here = names.index(name) if name is not None else -1
        marked = [
            DeviceChoice(d.kind, d.name, d.is_default, n == here) for n, d in enumerate(devices)
        ]
        if marked != devices:
            self._devices = marked
            cursor = self.highlighted
            self._fill()
            self.highlighted = cursor

    def name_at(self, row: int) -> str | None:
        """Of the device in that row; None is the system's default."""
        return self._devices[row - 1].name if row and self._devices else None

    @property
    def in_use(self) -> str | None:
        return next((device.name for device in self._devices or () if device.in_use), None)

    def on_resize(self) -> None:
        self.call_after_refresh(self._rewrap)

    def _rewrap(self) -> None:
        cursor = self.highlighted
        self._fill()
        self.highlighted = cursor

    def _under_cursor(self) -> str | None:
        return None if self.highlighted is None else self.name_at(self.highlighted)

    def _fill(self) -> None:
        self.clear_options()
        if self._devices is None:
            return
        default = next((device.name for device in self._devices if device.is_default), "")
        self.add_option(Option(self._prompt("System default", default, in_use=False)))
        self.add_options(
            Option(self._prompt(device.name, "", in_use=device.in_use)) for device in self._devices
        )
        if not self._devices:
            self.add_option(Option(self._prompt(_NONE[self.kind], "", False), disabled=True))

    def _prompt(self, name: str, detail: str, in_use: bool) -> Content:
        room = max(8, self.content_size.width - _INDENT_CELLS)
        rows = Content.styled(
            shortened(one_line(name), NAME_LETTERS), "bold" if in_use else ""
        ).wrap(room)
        if detail:
            indented = Content.styled(shortened(one_line(detail), NAME_LETTERS), "$muted").wrap(
                room - 2
            )
            rows += [Content("  ") + row for row in indented]
        mark = Content.styled(_IN_USE if in_use else _NOT_IN_USE, "bold")
        return mark + Content("\n" + _NOT_IN_USE).join(rows)


# How loud a microphone is, for whoever sets it up: a bar with its peak held, and a word for it.

UPDATES_PER_SECOND = 12
HELD_LEVELS = 100
"""2 s: long enough that the pauses between words do not count as quiet."""
GOOD_DB = -30.0
"""Peak from which speech is far enough above a room's noise."""
LOUD_DB = -3.0
"""Peak from which the next louder word will clip."""
SILENT_DB = -90.0
"""Peak under which nothing is connected: any live microphone has more noise than that."""

_NOW_LEVELS = 5
_STALLED = timedelta(seconds=1.5)


class MeterReading(NamedTuple):
    """What the meter shows."""

    loudness: float
    """The last 100 ms, 0…1 as in `LevelSnapshot.levels`."""
    peak_db: float
    """Highest sample of the last 2 s, in dBFS."""
    clipped: bool

    @property
    def word(self) -> str:
        if self.clipped:
            return "too loud: it clips"
        if self.peak_db >= LOUD_DB:
            return "too loud"
        if self.peak_db >= GOOD_DB:
            return "good"
        return "quiet" if self.peak_db >= SILENT_DB else "silent"

    @property
    def style(self) -> str:
        if self.clipped or self.peak_db >= LOUD_DB:
            return "$error"
        return "$success" if self.peak_db >= GOOD_DB else "$warning"


def read(levels: LevelHistory) -> MeterReading:
    """The meter's reading just now."""
    seen = levels.snapshot(HELD_LEVELS)
    loudness = float(seen.levels[:_NOW_LEVELS].max())
    return MeterReading(loudness, float(seen.peaks_db.max()), bool(seen.clipped.any()))


class LevelMeter(Widget):
    """Two rows: the bar from -60 to 0 dBFS, and in words what to make of it."""

    ALLOW_SELECT = False

    def __init__(
        self, levels: LevelHistory, clock: Callable[[], datetime], *, id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self._levels = levels
        self._clock = clock
        self._count = -1
        self._moved = clock()
        self._reading: MeterReading | None = None
        self._named = ""

    def on_mount(self) -> None:
        self._poll()
        self.set_interval(1 / UPDATES_PER_SECOND, self._poll)

    def show(self, microphone: str | None, *, muted: bool) -> None:
        """Whose loudness it is; None: there is no microphone."""
        named = "no microphone" if microphone is None else microphone
        self._named = f"{named} (muted)" if muted and microphone is not None else named
        self.refresh()

    def _poll(self) -> None:
        now = self._clock()
        if self._levels.count != self._count:
            self._count, self._moved = self._levels.count, now
            reading = read(self._levels) if self._count else None
        elif now - self._moved > _STALLED:
            reading = None
        else:
            return
        if reading != self._reading:
            self._reading = reading
            self.refresh()

    def render(self) -> Content:
        width = self.content_size.width
        reading = self._reading
        if reading is None:
            words, style = "no sound comes from it", "$warning"
        elif reading.peak_db < SILENT_DB:
            words, style = f"{reading.word}: is it switched on?", reading.style
        else:
            decibels = f"{reading.peak_db:.0f} dB".replace("-", "−")
            words, style = f"{reading.word} · peak {decibels}", reading.style
        name = ellipsis(self._named, width - cell_len(words) - 2)
        space = max(1, width - cell_len(words) - cell_len(name))
        return Content.assemble(
            *self._bar(width, reading, style), "\n", (words, f"bold {style}"), " " * space,
            (name, "$muted"),
        )  # fmt: skip

    @staticmethod
    def _bar(width: int, reading: MeterReading | None, style: str) -> list[tuple[str, str]]:
        if reading is None:
            return [("─" * width, "$line")]
        peak = min(1.0, max(0.0, 1.0 - reading.peak_db / FLOOR_DB))
        cells = ["─"] * width
        filled = round(width * reading.loudness)
        held = min(width - 1, round(width * peak))
        bar = "".join(["━"] * filled + cells[filled:])
        if peak == 0.0:
            return [(bar, "$line")]
        mark = "▲" if reading.clipped else "┃"
        before, after = bar[:held], bar[held + 1 :]
        return [
            (before[:filled], style),
            (before[filled:], "$line"),
            (mark, f"bold {style}"),
            (after[: max(0, filled - held - 1)], style),
            (after[max(0, filled - held - 1) :], "$line"),
        ]
