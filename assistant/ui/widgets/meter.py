"""How loud a microphone is, for whoever sets it up: a bar with its peak held, and a word for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from rich.cells import cell_len
from textual.content import Content
from textual.widget import Widget

from assistant.audio.levels import FLOOR_DB, LevelHistory
from assistant.ui.fitting import ellipsis

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
