"""No click at any edge, whatever the size of the device's blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from assistant.audio.playback.jitter import JitterBuffer
from tests.audio.frontend.voices import FRAME, high_band, rms, voice

FADE = 120
BLOCKS = [120, 240, 333, 480, 960, 1_920]
TENTH = 2_400


def set_gain(buffer: JitterBuffer, gain: float) -> None:
    buffer.gain = gain


EDGES: dict[str, list[Callable[[JitterBuffer], object]]] = {
    "start and end": [],
    "pause": [lambda b: b.pause(), lambda b: b.resume()],
    "stop": [lambda b: b.clear(), lambda b: b.write(2, voice(FRAME, 200))],
    "another answer": [
        lambda b: (b.clear(), b.write(2, voice(FRAME, 200)), b.write(3, voice(3 * FRAME, 90)))
    ],
    "volume": [lambda b: set_gain(b, 0.2), lambda b: set_gain(b, 1.0)],
    "mute": [lambda b: set_gain(b, 0.0), lambda b: set_gain(b, 1.0)],
    "pause and go on at once": [lambda b: (b.pause(), b.resume(), b.pause(), b.resume())],
    "pause twice in a fade": [lambda b: b.pause(), lambda b: (b.resume(), b.read(40), b.pause())],
}


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("edge", EDGES)
def test_no_edge_clicks(edge: str, block: int) -> None:
    sound = voice(8 * TENTH, 130)
    buffer = JitterBuffer()
    buffer.write(1, sound)
    heard = [np.zeros(300, np.float32)]
    for step in [*EDGES[edge], lambda _: None]:
        heard += [buffer.read(block) for _ in range(-(-TENTH // block))]
        step(buffer)
    buffer.end(1)
    heard += [buffer.read(block) for _ in range(10 * TENTH // block)]
    out = np.concatenate(heard)
    assert rms(out) > 0.02
    assert high_band(out) < high_band(sound) + 0.004, "a step of half the level makes 0.06"


def test_a_click_would_be_noticed() -> None:
    """What the other tests measure does see a cut without a fade."""
    sound = voice(8 * TENTH, 130)
    cut = sound.copy()
    at = int(np.abs(cut[:TENTH]).argmax())
    cut[at:] = 0
    assert high_band(cut) > high_band(sound) + 0.02


@pytest.mark.parametrize("ago", [0, 1, 60, 119, 120, 700])
def test_a_pause_is_silent_within_10_ms_however_shortly_after_the_last_edge(ago: int) -> None:
    buffer = JitterBuffer()
    buffer.write(1, voice(4 * FRAME, 130))
    buffer.read(2 * FRAME)
    buffer.pause()
    buffer.read(FRAME)
    buffer.resume()
    buffer.read(ago)
    buffer.pause()
    after = buffer.read(FRAME)
    assert not after[240:].any()
    assert not buffer.is_sounding or after[:240].any()


def test_a_voice_comes_back_softly() -> None:
    buffer = JitterBuffer()
    buffer.write(1, voice(8 * FRAME, 130, glide=0))
    buffer.read(2 * FRAME)
    buffer.pause()
    buffer.read(FRAME)
    buffer.resume()
    back = buffer.read(FRAME)
    assert rms(back[:150]) < 0.2 * rms(back[960:])
    assert rms(back[480:720]) > 0.5 * rms(back[960:])
