"""Both waveforms side by side: the microphone's and the assistant's own.

They are widgets of their own in a plain row, without a container each: for every update the
compositor goes through all that lies on the rows that changed.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from assistant.audio.levels import LevelHistory
from assistant.ui.fitting import ellipsis
from assistant.ui.model import StatusModel
from assistant.ui.widgets.statusline import microphone_text
from assistant.ui.widgets.waveform import Waveform

_FRAME_CELLS = 6


class Level(Waveform):
    """A waveform whose border names whose sound it is, and the device."""

    def __init__(
        self, levels: LevelHistory, glyphs: Sequence[str], *, id: str, click: str = ""
    ) -> None:
        super().__init__(levels, glyphs, id=id, classes="panel")
        self._click = click
        self._title = ""
        self._device = ""

    def show(self, title: str, device: str) -> None:
        """Name both; they are cut between words where the frame is too narrow."""
        if (title, device) != (self._title, self._device):
            self._title, self._device = title, device
            self._fit()

    def on_resize(self) -> None:
        super().on_resize()
        self._fit()

    async def on_click(self) -> None:
        if self._click:
            await self.run_action(self._click)

    def _fit(self) -> None:
        room = self.outer_size.width - _FRAME_CELLS
        # As content: of a plain string the border would read the markup.
        self.border_title = Content(ellipsis(self._title, room))
        self.border_subtitle = Content(ellipsis(self._device, room))


class Levels(Horizontal):
    """The row of both. One clock looks at both histories, so that they are drawn together."""

    BLANK = True

    def __init__(
        self,
        microphone: LevelHistory,
        voice: LevelHistory,
        glyphs: Sequence[str],
        *,
        updates_per_second: float,
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._microphone = Level(microphone, glyphs, id="microphone", click="app.toggle_microphone")
        self._microphone.tooltip = "Click to mute or unmute"
        self._voice = Level(voice, glyphs, id="voice", click="app.pick_devices")
        self._voice.tooltip = "Click to choose microphone and speaker"
        self._period = 1.0 / updates_per_second

    def compose(self) -> ComposeResult:
        yield Static("mic", classes="level-label")
        yield self._microphone
        yield Static("out", classes="level-label")
        yield self._voice

    def on_mount(self) -> None:
        self.set_interval(self._period, self._poll)

    def set_glyphs(self, glyphs: Sequence[str]) -> None:
        """Another persona's beads."""
        self._microphone.set_glyphs(glyphs)
        self._voice.set_glyphs(glyphs)

    def show(self, status: StatusModel, persona: str) -> None:
        """Names and devices in the frames; a microphone that hears nothing is marked."""
        self._microphone.show("Microphone", microphone_text(status, width=200))
        speaker = status.speaker or ("no speaker" if status.audio_known else "")
        self._voice.show(persona, speaker)
        self._microphone.set_class(status.closed, "-closed")

    def _poll(self) -> None:
        self._microphone.poll()
        self._voice.poll()
