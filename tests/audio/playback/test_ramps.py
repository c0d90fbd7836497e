"""No click at any edge, whatever the size of the device's blocks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from assistant.audio.playback.jitter import REWIND_SECONDS, JitterBuffer
from assistant.audio.playback.ramps import DUCKED
from tests.audio.frontend.voices import FRAME, high_band, rms, voice

FADE = 120
BLOCKS = [120, 240, 333, 480, 960, 1_920]
TENTH = 2_400


def set_gain(buffer: JitterBuffer, gain: float) -> None:
    buffer.gain = gain


EDGES: dict[str, list[Callable[[JitterBuffer], object]]] = {
    "start and end": [],
    "pause": [lambda b: b.pause(), lambda b: b.resume()],
    "pause and go back": [lambda b: b.pause(), lambda b: b.resume(REWIND_SECONDS)],
    "stop": [lambda b: b.clear(), lambda b: b.write(2, voice(FRAME, 200))],
    "another answer": [
        lambda b: (b.clear(), b.write(2, voice(FRAME, 200)), b.write(3, voice(3 * FRAME, 90)))
    ],
    "volume": [lambda b: set_gain(b, 0.2), lambda b: set_gain(b, 1.0)],
    "mute": [lambda b: set_gain(b, 0.0), lambda b: set_gain(b, 1.0)],
    "duck": [lambda b: b.duck(True), lambda b: b.duck(False)],
    "duck, pause, go on": [
        lambda b: b.duck(True),
        lambda b: b.pause(),
        lambda b: (b.duck(False), b.resume(0.1)),
    ],
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
    buffer.resume(0.1)
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


def test_ducking_turns_down_by_12_db_smoothly_and_leaves_the_volume_alone() -> None:
    buffer = JitterBuffer()
    buffer.write(1, np.full(48_000, 0.8, np.float32))
    buffer.gain = 0.5
    buffer.read(4_800)
    buffer.duck(True)
    down = np.concatenate([buffer.read(240) for _ in range(10)])
    assert buffer.gain == 0.5
    assert buffer.ducked
    np.testing.assert_allclose(down[960:], 0.4 * DUCKED, rtol=1e-5)
    assert 20 * np.log10(down[-1] / 0.4) == pytest.approx(-12, abs=0.1)
    assert down[700] > 0.45 * 0.4, "not all at once"
    assert np.abs(np.diff(down)).max() < 0.001
    buffer.gain = 1.0
    assert buffer.read(2_400)[-1] == pytest.approx(0.8 * DUCKED, rel=1e-5)
    buffer.duck(False)
    up = buffer.read(2_400)
    assert up[-1] == np.float32(0.8)
    assert np.abs(np.diff(up)).max() < 0.001
    assert not buffer.ducked


def test_a_ducked_voice_still_counts_as_sounding() -> None:
    """What the guard against the own voice asks is what was played, however softly."""
    buffer = JitterBuffer()
    buffer.write(1, np.full(FRAME, 0.004, np.float32))
    buffer.duck(True)
    buffer.read(960)
    assert buffer.is_sounding
    assert buffer.sounded_until == 960
    assert buffer.played(1) == 960


def words() -> np.ndarray:
    """Words of 150 ms with 50 ms between them."""
    sound = voice(48_000, 130)
    sound[(np.arange(sound.size) % 4_800) >= 3_600] = 0
    return sound


def test_going_back_begins_between_words_and_counts_nothing_twice() -> None:
    sound = words()
    buffer = JitterBuffer()
    finished: list[int] = []
    buffer.on_finished.append(finished.append)
    buffer.write(1, sound)
    buffer.end(1, sound.size)
    stop = 3 * 4_800 + 2_000
    buffer.read(stop)
    buffer.pause()
    buffer.read(FRAME)
    buffer.resume(0.2)
    gone_back = stop + buffer.queued - sound.size
    assert 0.1 * 24_000 <= gone_back <= 0.3 * 24_000
    assert not sound[stop - gone_back], "it begins in a gap"
    again = buffer.read(gone_back - 100)
    assert buffer.played(1) == stop
    np.testing.assert_array_equal(again[600:], sound[stop - gone_back :][600 : gone_back - 100])
    assert not finished
    rest = buffer.read(sound.size)
    assert buffer.played(1) == sound.size
    assert finished == [1]
    np.testing.assert_array_equal(
        rest[: sound.size - stop + 100 - FADE], sound[stop - 100 : sound.size - FADE]
    )
    assert buffer.first_sample_at(1) == 0


def test_what_was_heard_is_told_truly_when_interrupted_in_what_is_heard_again() -> None:
    buffer = JitterBuffer()
    buffer.write(1, words())
    for _ in range(3):
        buffer.read(6_000)
        buffer.pause()
        buffer.read(FRAME)
        buffer.resume(0.2)
    heard = buffer.played(1)
    assert 6_000 < heard < 18_000
    buffer.read(1_000)
    assert buffer.clear() == {1: heard}
    assert buffer.queued == 0


def test_there_is_nothing_to_go_back_to_in_what_is_over_or_was_never_heard() -> None:
    buffer = JitterBuffer()
    buffer.write(1, words())
    buffer.pause()
    buffer.resume(0.2)
    assert buffer.queued == 48_000, "it had not begun"
    buffer.read(48_000)
    buffer.end(1, 48_000)
    buffer.pause()
    buffer.read(480)
    buffer.resume(0.2)
    assert buffer.queued == 0
    buffer.write(2, words())
    buffer.read(1_000)
    buffer.pause()
    buffer.read(480)
    buffer.clear()
    buffer.resume(0.2)
    assert buffer.queued == 0
    assert not buffer.read(FRAME).any()


def test_going_back_at_the_beginning_goes_to_the_beginning() -> None:
    buffer = JitterBuffer()
    sound = voice(48_000, 130)
    buffer.write(1, sound)
    buffer.read(1_000)
    buffer.pause()
    buffer.read(480)
    buffer.resume(0.2)
    assert 0 < buffer.queued - 47_000 <= 1_000
    buffer.read(48_000)
    assert buffer.played(1) == 48_000
