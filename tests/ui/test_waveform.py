"""Beads: newest left, drifting right, each keeping its size."""

from __future__ import annotations

import numpy as np
import pytest
from textual.app import App, ComposeResult

from assistant.audio.levels import LevelHistory
from assistant.ui.beat import Beat
from assistant.ui.model import StatusModel
from assistant.ui.themes import DEFAULTS
from assistant.ui.widgets.waveform import Levels, Waveform, microphone_word, sizes_of

GLYPHS = [" ", "·", "•", "●", "⬤"]
LEVEL = 480
"""Samples in 20 ms."""


def tone(dbfs: float) -> np.ndarray:
    """20 ms of a sine whose RMS is `dbfs` below a full-scale sine's."""
    t = np.arange(LEVEL) / 24_000
    return (10 ** (dbfs / 20) * np.sin(2 * np.pi * 500 * t)).astype(np.float32)


class Stage(App[None]):
    def __init__(self, history: LevelHistory, height: int = 1) -> None:
        super().__init__()
        self.wave = Waveform(history, GLYPHS)
        self.wave.styles.height = height

    def compose(self) -> ComposeResult:
        yield self.wave

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    def row(self, y: int = 0) -> str:
        return self.wave.render_line(y).text


@pytest.mark.parametrize(
    ("dbfs", "glyph"),
    [(-70, " "), (-52, " "), (-48, "·"), (-36, "•"), (-26, "●"), (-15, "⬤"), (0, "⬤")],
)
async def test_the_size_follows_loudness_in_decibels(dbfs: float, glyph: str) -> None:
    history = LevelHistory()
    app = Stage(history)
    async with app.run_test(size=(20, 1)):
        history.push(tone(dbfs))
        app.wave.poll()
        assert app.row() == glyph + " " * 19


async def test_the_newest_is_left_and_drifts_right_unchanged() -> None:
    history = LevelHistory()
    app = Stage(history)
    async with app.run_test(size=(8, 1)):
        for dbfs in (-15, -36, -26):
            history.push(tone(dbfs))
        app.wave.poll()
        assert app.row() == "●•⬤     "
        history.push(tone(-48))
        app.wave.poll()
        assert app.row() == "·●•⬤    "


async def test_a_clipped_level_is_marked_without_colour_too() -> None:
    history = LevelHistory()
    app = Stage(history)
    app.stylesheet.add_source("Waveform > .waveform--clipped { text-style: bold underline; }")
    async with app.run_test(size=(8, 1)):
        history.push(np.ones(LEVEL, dtype=np.float32))
        history.push(tone(-26))
        app.wave.poll()
        marked = [s.text for s in app.wave.render_line(0) if s.style and s.style.underline]
        assert marked == ["⬤"]
        assert app.row().startswith("●⬤")


async def test_in_a_tall_widget_loud_beads_cast_smaller_ones() -> None:
    history = LevelHistory()
    app = Stage(history, height=3)
    async with app.run_test(size=(4, 3)):
        history.push(tone(-15))
        app.wave.poll()
        above, middle, below = (app.row(y)[0] for y in range(3))
        assert middle == "⬤"
        assert above == below
        assert GLYPHS.index(above) < GLYPHS.index(middle)


async def test_nothing_is_drawn_while_nothing_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    history = LevelHistory()
    app = Stage(history)
    async with app.run_test(size=(8, 1)):
        drawn: list[object] = []
        monkeypatch.setattr(app.wave, "refresh", lambda *regions, **_: drawn.append(regions))
        for _ in range(5):
            history.push(np.zeros(LEVEL, dtype=np.float32))
            app.wave.poll()
        assert drawn == []
        history.push(tone(-15))
        app.wave.poll()
        assert len(drawn) == 1


def test_louder_is_never_smaller() -> None:
    sizes = sizes_of(np.linspace(0, 1, 200, dtype=np.float32))
    assert sizes[0] == 0
    assert sizes[-1] == 4
    assert (np.diff(sizes.astype(int)) >= 0).all()


# --- the strip -------------------------------------------------------------------------------


class Strips(App[None]):
    """Both sides, as the dashboard has them."""

    def __init__(self, height: int) -> None:
        super().__init__()
        self.mic, self.voice = LevelHistory(), LevelHistory()
        self.strip = Levels(self.mic, self.voice, GLYPHS, beat=Beat(1 / 25))
        self.strip.styles.height = height

    def compose(self) -> ComposeResult:
        yield self.strip

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DEFAULTS

    CSS = """
    Levels { layout: grid; grid-size: 2 2; grid-columns: 8 1fr; grid-rows: 1fr 1fr; }
    Waveform { height: 100%; }
    """

    def rows(self) -> list[str]:
        self.strip._poll()
        waves = (self.query_one("#microphone", Waveform), self.query_one("#voice", Waveform))
        return [wave.render_line(y).text for wave in waves for y in range(wave.size.height)]


async def test_both_voices_are_mirrored_about_the_middle_of_the_strip() -> None:
    app = Strips(height=4)
    async with app.run_test(size=(28, 4)):
        app.mic.push(tone(-15))
        app.voice.push(tone(-15))
        above, mic, voice, below = app.rows()
        assert mic[0] == voice[0] == "⬤"
        assert above[0] == below[0]
        assert GLYPHS.index(above[0]) < GLYPHS.index(mic[0])


async def test_an_idle_side_is_a_dim_line_and_a_sound_takes_its_place() -> None:
    app = Strips(height=2)
    async with app.run_test(size=(28, 2)):
        assert app.rows() == ["┈" * 20, "┈" * 20]
        app.mic.push(tone(-26))
        mic, voice = app.rows()
        assert mic == "●" + " " * 19
        assert voice == "┈" * 20
        app.mic.push(np.zeros(20 * LEVEL, dtype=np.float32))
        assert app.rows() == ["┈" * 20, "┈" * 20], "when it has drifted out of sight"


@pytest.mark.parametrize(
    ("status", "word"),
    [
        (StatusModel(audio_known=True, microphone="Desk"), "mic"),
        (StatusModel(audio_known=True, microphone="Desk", muted=True), "muted"),
        (StatusModel(audio_known=True), "no mic"),
        (StatusModel(audio_known=True, microphone="Desk", push_to_talk=True), "closed"),
        (StatusModel(microphone="D", push_to_talk=True, talking=True), "talking"),
    ],
)
def test_the_strip_says_whether_the_microphone_hears(status: StatusModel, word: str) -> None:
    assert microphone_word(status) == word
