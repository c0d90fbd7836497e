"""Loudness as a string of beads: the newest left, older ones drifting right, sizes kept."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from assistant.audio.levels import LevelHistory
from assistant.ui.beat import Beat
from assistant.ui.letters import in_place
from assistant.ui.model import StatusModel

THRESHOLDS = np.array([0.17, 0.37, 0.53, 0.70], dtype=np.float32)
"""Levels from which each larger glyph is drawn: -50, -38, -28 and -18 dBFS."""

HALO_STEP = np.float32(0.22)
"""How much louder a level must be to show one row further from the middle."""

_CLIPPED = np.uint8(255)
_NOTHING = np.uint8(254)
"""All of a row: nothing is heard."""
_IDLE = ("┈", "─")
"""The second where the terminal cannot write the first: it has a likeness everywhere."""
_FADES = (0.22, 0.55, 1.0)
"""Where, as a part of the width, a bead loses colour on its way right."""


Stands = Literal["top", "middle", "bottom"]


def sizes_of(levels: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Index of the glyph, 0…4, for levels in 0…1 (linear in decibels); any shape."""
    return np.searchsorted(THRESHOLDS, levels, side="right").astype(np.uint8)


class Waveform(Widget):
    """One bead for each 20 ms. In a taller widget loud beads cast smaller ones above and below, or
    on one side only. Where all is silent there may be a dim line in place of nothing.

    It reads the history when it is told to (`poll`) and draws only when a bead has changed, so that
    silence costs next to nothing.
    """

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "waveform--near",
        "waveform--middle",
        "waveform--far",
        "waveform--clipped",
        "waveform--idle",
    }

    def __init__(
        self,
        levels: LevelHistory,
        glyphs: Sequence[str],
        *,
        stands: Stands = "middle",
        line: bool = False,
        click: str = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        """`stands`: the row of the beads themselves; `line`: show it while all is silent; `click`:
        what a click does."""
        super().__init__(id=id, classes=classes)
        self._stands = stands
        self._line = line
        self._click = click
        self._history = levels
        self._glyphs = tuple(in_place(glyph) for glyph in glyphs)
        self._count = -1
        self._beads: NDArray[np.uint8] = np.zeros((1, 0), dtype=np.uint8)
        self._strips: list[Strip | None] = []
        self._styles: tuple[Style, Style, Style, Style, Style] | None = None
        self._framed: list[Strip] = []

    def set_glyphs(self, glyphs: Sequence[str]) -> None:
        """Another persona's beads."""
        self._glyphs = tuple(in_place(glyph) for glyph in glyphs)
        self._forget()

    def poll(self) -> None:
        """Draw what is new, if anything is."""
        if self._history.count != self._count and self.content_size.width:
            self._read()

    def on_resize(self) -> None:
        self._read()

    async def on_click(self) -> None:
        if self._click:
            await self.run_action(self._click)

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._styles = None
        self._forget()

    def render_line(self, y: int) -> Strip:
        """One row of the strip, from the cache where its beads have not moved."""
        if y >= len(self._strips):
            return Strip.blank(self.content_size.width, self.rich_style)
        strip = self._strips[y]
        if strip is None:
            strip = self._strips[y] = self._draw(self._beads[y])
        return strip

    def refresh(
        self,
        *regions: Region,
        repaint: bool = True,
        layout: bool = False,
        recompose: bool = False,
    ) -> Self:
        """As ever; without a region the frame is drawn anew, too."""
        if not regions:
            self._framed = []
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows with their frame. Only beads move, so the frame is kept and they are put into it:
        taking every row through Textual's borders and filters costs three times as much."""
        if not self._framed:
            self._framed = super().render_lines(Region(0, 0, *self.outer_size))
            self._strips = [None] * len(self._strips)
        left, top, width, height = self.content_region.translate(-self.region.offset)
        strips = []
        for y in crop.line_range:
            strip = self._framed[y]
            row = y - top
            if 0 <= row < height and row < len(self._strips) and self._strips[row] is None:
                beads = self.render_line(row)
                end = strip.crop(left + width)
                strip = Strip.join([strip.crop(0, left), beads, end])
                self._framed[y] = strip
            strips.append(strip)
        if crop.column_span != (0, self.outer_size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def _forget(self) -> None:
        self._strips = [None] * len(self._strips)
        self.refresh()

    def _read(self) -> None:
        width, height = self.content_size
        if not width or not height:
            return
        levels, clipped, _, self._count = self._history.snapshot(width)
        middle = {"top": 0, "middle": (height - 1) // 2, "bottom": height - 1}[self._stands]
        distance = np.abs(np.arange(height, dtype=np.float32) - middle)[:, None]
        # The further a row from the middle, the louder a level has to be to reach it.
        beads = sizes_of((levels[None, :] - HALO_STEP * distance).astype(np.float32))
        beads[middle, clipped] = _CLIPPED
        if self._line and not beads[middle].any():
            beads[middle] = _NOTHING
        if beads.shape != self._beads.shape:
            self._strips = [None] * height
            self._beads = beads
            self.refresh()
            return
        changed = np.flatnonzero((beads != self._beads).any(axis=1)).tolist()
        self._beads = beads
        for row in changed:
            self._strips[row] = None
        if changed:
            # Only these rows: the border and its titles stay as they are.
            self.refresh(*(Region(0, row, width, 1) for row in changed))

    def _draw(self, beads: NDArray[np.uint8]) -> Strip:
        """A row as few segments: one for each fade, cut where a bead clipped."""
        near, middle, far, clipped_style, idle = self._resolve_styles()
        width = len(beads)
        if width and beads[0] == _NOTHING:
            line = _IDLE[0] if in_place(_IDLE[0]) == _IDLE[0] else in_place(_IDLE[1])
            return Strip([Segment(line * width, idle)], width)
        loudest = self._glyphs[-1]
        text = "".join(
            [loudest if bead == _CLIPPED else self._glyphs[bead] for bead in beads.tolist()]
        )
        edges = [0, *(round(width * part) for part in _FADES)]
        clipped = np.flatnonzero(beads == _CLIPPED).tolist()
        segments: list[Segment] = []
        for start, end, style in zip(edges, edges[1:], (near, middle, far), strict=False):
            at = start
            for column in clipped:
                if at <= column < end:
                    if column > at:
                        segments.append(Segment(text[at:column], style))
                    segments.append(Segment(text[column], clipped_style))
                    at = column + 1
            if end > at:
                segments.append(Segment(text[at:end], style))
        return Strip(segments, width)

    def _resolve_styles(self) -> tuple[Style, Style, Style, Style, Style]:
        if self._styles is None:
            self._styles = (
                self._style("waveform--near"),
                self._style("waveform--middle"),
                self._style("waveform--far"),
                self._style("waveform--clipped"),
                self._style("waveform--idle"),
            )
        return self._styles

    def _style(self, component: str) -> Style:
        """The style as the terminal will get it: without colour where there is to be none."""
        segments = [Segment("x", self.get_component_rich_style(component))]
        background = self.background_colors[1]
        for line_filter in self.get_line_filters():
            segments = line_filter.apply(segments, background)
        return segments[0].style or Style.null()


# One strip of sound: the microphone's beads stand on the assistant's, which hang below.


class Levels(Vertical):
    """The user's voice above, the persona's below, mirrored. One clock looks at both histories, so
    that they are drawn together."""

    BLANK = True

    def __init__(
        self,
        microphone: LevelHistory,
        voice: LevelHistory,
        glyphs: Sequence[str],
        *,
        beat: Beat,
        id: str | None = None,
    ) -> None:
        """`beat`: when it is looked whether there is anything new."""
        super().__init__(id=id)
        self._beat = beat
        mute, choose = "app.toggle_microphone", "app.pick_devices"
        self._microphone = Waveform(
            microphone, glyphs, stands="bottom", line=True, click=mute, id="microphone"
        )
        self._voice = Waveform(voice, glyphs, stands="top", line=True, click=choose, id="voice")
        self._mic_label = LevelLabel(mute, id="microphone-label")
        self._voice_label = LevelLabel(choose, id="voice-label")
        for widget in (self._microphone, self._mic_label):
            widget.tooltip = "Click to mute or unmute"
        for widget in (self._voice, self._voice_label):
            widget.tooltip = "Click to choose microphone and speaker"

    def compose(self) -> ComposeResult:
        yield self._mic_label
        yield self._microphone
        yield self._voice_label
        yield self._voice

    def on_mount(self) -> None:
        self.set_timer(self._beat.until(), self._begin)

    def set_glyphs(self, glyphs: Sequence[str]) -> None:
        """Another persona's beads."""
        self._microphone.set_glyphs(glyphs)
        self._voice.set_glyphs(glyphs)

    def show(self, status: StatusModel) -> None:
        """Whether the microphone hears, and whether there is a speaker."""
        self._mic_label.show(microphone_word(status), marked=status.closed)
        no_speaker = status.audio_known and status.speaker is None
        self._voice_label.show("no voice" if no_speaker else "voice", marked=no_speaker)

    def _begin(self) -> None:
        self.set_interval(self._beat.seconds, self._poll)

    def _poll(self) -> None:
        self._microphone.poll()
        self._voice.poll()


def microphone_word(status: StatusModel) -> str:
    """Whether it hears, in the strip's few cells."""
    if status.audio_known and status.microphone is None:
        return "no mic"
    if status.muted:
        return "muted"
    if status.push_to_talk:
        return "talking" if status.talking else "closed"
    return "mic"


class LevelLabel(Static):
    """Whose sound a row of the strip is; a click does something about it."""

    def __init__(self, click: str, *, id: str) -> None:
        super().__init__(id=id, classes="level-label", markup=False)
        self._click = click
        self._shown = ""

    def show(self, word: str, *, marked: bool) -> None:
        """`marked`: something that the user should know."""
        self.set_class(marked, "-marked")
        if word != self._shown:
            self._shown = word
            self.update(word)

    async def on_click(self) -> None:
        await self.run_action(self._click)
