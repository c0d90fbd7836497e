"""Five numbers of a voice: its pitch, how far that moves, and how its energy is spread."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.prosodic_features import RATE, measure
from assistant.audio.types import Float32
from assistant.frames import VoiceFeatures

SECONDS = 1.5


def voice(hertz: float, glide: float = 0.0, tilt: float = 1.5, seconds: float = SECONDS) -> Float32:
    """A buzz with overtones, float32 [n] at 16 kHz; `glide`: semitones it rises by; `tilt`: how
    fast overtones weaken."""
    t = np.arange(round(seconds * RATE)) / RATE
    f0 = hertz * 2 ** (glide * t / seconds / 12)
    phase = 2 * np.pi * np.cumsum(f0) / RATE
    parts = [np.sin(n * phase) / n**tilt for n in range(1, int(7_000 / hertz / 2))]
    return (0.1 * np.sum(parts, axis=0)).astype(np.float32)


def features(sound: Float32) -> VoiceFeatures:
    found = measure(sound)
    assert found is not None
    return found


@pytest.mark.parametrize("hertz", [80.0, 110.0, 150.0, 220.0, 330.0, 480.0])
def test_the_pitch_is_found_and_not_an_octave_of_it(hertz: float) -> None:
    assert features(voice(hertz)).f0_median == pytest.approx(12 * np.log2(hertz / 100), abs=0.2)


def test_a_voice_that_rises_has_a_wider_range() -> None:
    assert features(voice(150)).f0_range == pytest.approx(0, abs=0.2)
    assert features(voice(150, glide=10)).f0_range == pytest.approx(8, abs=0.7)


def test_a_sharper_voice_has_less_of_its_energy_below() -> None:
    soft, sharp = features(voice(150, tilt=2.0)), features(voice(150, tilt=0.7))

    assert sharp.alpha_ratio < soft.alpha_ratio - 5
    assert sharp.hammarberg_index < soft.hammarberg_index - 5


def test_how_far_the_microphone_is_changes_nothing() -> None:
    near, far = features(voice(150, glide=4)), features(0.02 * voice(150, glide=4))

    assert far.f0_median == pytest.approx(near.f0_median, abs=0.01)
    assert far.alpha_ratio == pytest.approx(near.alpha_ratio, abs=0.1)


def test_pauses_around_and_between_words_change_little() -> None:
    word, pause = voice(150, glide=3, seconds=0.5), np.zeros(RATE // 2, np.float32)
    noise = np.random.default_rng(1).normal(0, 1e-4, 4 * RATE).astype(np.float32)
    broken = np.concatenate([pause, word, pause, word, pause])
    whole = features(np.concatenate([word, word]))

    found = features(broken + noise[: broken.size])

    assert found.f0_median == pytest.approx(whole.f0_median, abs=0.3)
    assert found.voiced < SECONDS


@pytest.mark.parametrize(
    "sound",
    [
        np.zeros(0, np.float32),
        np.zeros(100, np.float32),
        np.zeros(3 * RATE, np.float32),
        np.random.default_rng(2).normal(0, 0.1, 3 * RATE).astype(np.float32),
        voice(150, seconds=0.1),
        np.full(RATE, 0.5, np.float32),
    ],
    ids=["nothing", "a click", "silence", "noise", "a moment", "a plug pulled out"],
)
def test_what_is_no_voice_tells_nothing(sound: Float32) -> None:
    assert measure(sound) is None


def test_real_speech_has_the_pitch_of_its_speaker() -> None:
    from tests import speech

    sound = speech.espeak("I would like to hear something about the railway")
    low = features(np.ascontiguousarray(sound[: 2 * RATE], np.float32))

    assert -9 < low.f0_median < 15
