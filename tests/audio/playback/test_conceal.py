"""A frame that comes late is not heard as a hole: the voice goes on for a moment, then sinks."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.playback.conceal import CONCEAL_SAMPLES, continuation, in_step
from assistant.audio.playback.jitter import JitterBuffer
from tests.audio.frontend.voices import FRAME, high_band, rms, voice

FADE = 120


def hiss(n: int) -> np.ndarray:
    noise = np.random.default_rng(2).normal(0, 0.1, n)
    return np.diff(noise, append=0).astype(np.float32)


@pytest.mark.parametrize("hertz", [85.0, 118.0, 165.0, 230.0, 310.0])
def test_a_voice_goes_on_as_it_would_have(hertz: float) -> None:
    sound = voice(2 * 24_000, hertz, glide=0)
    found = continuation(sound[:12_000])
    assert found is not None
    made_up, period = found
    beats = period * hertz / 24_000
    assert beats == pytest.approx(round(beats), abs=0.03)
    went_on = sound[12_000:12_240]
    assert rms(made_up[:240] - went_on) < 0.35 * rms(went_on)
    assert made_up.size == CONCEAL_SAMPLES


@pytest.mark.parametrize("hertz", [95.0, 190.0])
def test_it_sinks_to_silence_and_does_not_hum_on(hertz: float) -> None:
    sound = voice(24_000, hertz)
    made_up, _ = continuation(sound[:12_000]) or (np.zeros(0), 0)
    levels = [rms(made_up[at : at + 240]) for at in range(0, CONCEAL_SAMPLES, 240)]
    assert levels[0] == pytest.approx(rms(sound[11_000:12_000]), rel=0.3)
    assert levels[-1] < 0.1 * levels[0]
    assert made_up[-1] == 0
    assert levels[4] < 0.6 * levels[0]


def test_a_sound_that_glides_joins_on_without_a_click() -> None:
    sound = voice(3 * 24_000, 140, glide=4)
    for at in range(6_000, 60_000, 777):
        found = continuation(sound[:at])
        assert found is not None
        joined = np.concatenate((sound[at - 480 : at], found[0]))
        assert high_band(joined) < high_band(sound) + 0.003


@pytest.mark.parametrize(
    "past",
    [
        pytest.param(np.zeros(4_000, np.float32), id="silence"),
        pytest.param(hiss(4_000), id="hiss"),
        pytest.param(voice(4_000, 120) * np.float32(0.01), id="hardly anything"),
        pytest.param(
            voice(4_000, 120) * np.clip(np.linspace(8, -0.05, 4_000), 0, 1).astype(np.float32),
            id="the end of a word",
        ),
    ],
)
def test_what_is_no_voice_is_not_continued(past: np.ndarray) -> None:
    assert continuation(past) is None


def test_the_real_sound_is_entered_in_step() -> None:
    sound = voice(24_000, 125, glide=0)
    made_up, period = continuation(sound[:12_000]) or (np.zeros(0), 0)
    for gone in (0, 100, 333, 700):
        left = made_up[gone:]
        wait = in_step(left, sound[12_000:12_240], period)
        assert 0 <= wait <= period
        off = (gone + wait) % period
        assert min(off, period - off) < 0.1 * period
    assert in_step(made_up, sound[12_000:12_010], period) == 0, "too little to compare"


@pytest.mark.parametrize("block", [120, 240, 480, 960, 1_920])
@pytest.mark.parametrize("late", [240, 960, 1_920, 4_800])
def test_a_late_frame_leaves_no_hole_and_no_click_and_is_played_whole(
    block: int, late: int
) -> None:
    sound = voice(12 * FRAME, 130)
    buffer = JitterBuffer()
    buffer.write(1, sound[: 5 * FRAME])
    heard = [buffer.read(block) for _ in range(5 * FRAME // block)]
    heard += [buffer.read(block) for _ in range(-(-late // block))]
    assert buffer.played(1) == 5 * FRAME
    buffer.write(1, sound[5 * FRAME :])
    buffer.end(1, sound.size)
    heard += [buffer.read(block) for _ in range(9 * FRAME // block)]
    out = np.concatenate(heard)
    assert buffer.underruns == 1
    assert late <= buffer.concealed + block <= CONCEAL_SAMPLES + block or buffer.concealed > 1_600
    assert buffer.played(1) == sound.size
    gap = out[5 * FRAME :]
    assert rms(gap[:240]) > 0.5 * rms(sound[4 * FRAME : 5 * FRAME])
    rest = sound[5 * FRAME :]
    start = int(np.correlate(gap, rest[1_000:3_000], "valid").argmax()) - 1_000
    assert start <= -(-late // block) * block + 24_000 // 130 + 1, "it waited longer than a period"
    np.testing.assert_array_equal(gap[start + FADE : start + rest.size], rest[FADE:])
    assert high_band(out) < high_band(sound) + 0.003


def test_lateness_does_not_add_up() -> None:
    """After one late frame there is a cushion, and frames as late as that one are not heard."""
    sound = voice(40 * FRAME, 150)
    buffer = JitterBuffer()
    arrivals = [n * FRAME + (960 if n % 3 == 2 else 0) for n in range(40)]
    for now in range(0, 41 * FRAME, 240):
        for n, at in enumerate(arrivals):
            if at == now:
                buffer.write(1, sound[n * FRAME : (n + 1) * FRAME])
        if now == arrivals[-1]:
            buffer.end(1)
        buffer.read(240)
    assert buffer.underruns == 1
    assert 960 <= buffer.concealed <= 960 + 170


def test_nothing_is_made_up_where_an_answer_has_ended_or_a_word_has() -> None:
    ended = JitterBuffer()
    ended.write(1, voice(FRAME, 120))
    ended.end(1)
    assert not ended.read(2 * FRAME)[FRAME + FADE :].any()
    assert ended.concealed == ended.underruns == 0
    word = JitterBuffer()
    falling = np.clip(np.linspace(6, 0, 4 * FRAME), 0, 1).astype(np.float32)
    word.write(1, voice(4 * FRAME, 120) * falling)
    assert not word.read(5 * FRAME)[4 * FRAME + FADE :].any()
    assert word.concealed == 0
    assert word.underruns == 1


def test_concealment_sounds_but_was_not_played() -> None:
    buffer = JitterBuffer()
    buffer.write(1, voice(4 * FRAME, 120))
    buffer.read(4 * FRAME)
    assert buffer.queued == 0
    buffer.read(480)
    assert buffer.is_sounding
    assert buffer.played(1) == 4 * FRAME
    assert buffer.concealed == 480
    buffer.read(FRAME)
    assert not buffer.read(FRAME).any()
    assert not buffer.is_sounding
    assert buffer.concealed == CONCEAL_SAMPLES
    assert buffer.underruns == 1


@pytest.mark.parametrize("how", ["pause", "clear"])
def test_an_interruption_ends_concealment_too(how: str) -> None:
    buffer = JitterBuffer()
    buffer.write(1, voice(4 * FRAME, 120))
    buffer.read(4 * FRAME + 300)
    getattr(buffer, how)()
    assert not buffer.read(FRAME)[FADE:].any()


def test_another_answer_does_not_wait_for_the_end_of_concealment() -> None:
    buffer = JitterBuffer()
    buffer.write(1, voice(4 * FRAME, 120))
    buffer.read(4 * FRAME + 300)
    buffer.write(2, voice(4 * FRAME, 200))
    buffer.read(FRAME)
    assert buffer.first_sample_at(2) == 4 * FRAME + 300 + FADE
