"""Every voice is equally loud, never clips or clicks, and each effect does what it is for."""

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.loudness import (
    TARGET_LUFS,
    integrated_loudness,
    level,
    true_peaks,
)
from assistant.backends.cascade.synthesis.retune import track_pitch
from assistant.backends.cascade.synthesis.tts import EFFECTS, dress, fade, shift_pitch
from assistant.frames import SAMPLE_RATE, VoiceSpec

SECOND = SAMPLE_RATE


def vowel(hertz: float, seconds: float = 1.5, glide: float = 0.0) -> Float32:
    """A buzz through two formants: as much of a voice as a test needs."""
    at = np.arange(int(seconds * SECOND)) / SECOND
    pitch = hertz * 2 ** (glide * np.sin(2 * np.pi * 1.5 * at) / 12)
    phase = 2 * np.pi * np.cumsum(pitch) / SECOND
    total = np.zeros_like(at)
    for n in range(1, 30):
        of = n * hertz
        strength = 1 / (1 + ((of - 600) / 150) ** 2) + 0.5 / (1 + ((of - 1500) / 250) ** 2) + 0.02
        total += strength * np.sin(n * phase)
    envelope = np.minimum(1, np.minimum(at, at[::-1]) / 0.05)
    return (0.2 * total * envelope / np.abs(total).max()).astype(np.float32)


def centroid(sound: Float32) -> float:
    power = np.abs(np.fft.rfft(sound))
    return float((power * np.fft.rfftfreq(len(sound), 1 / SECOND)).sum() / power.sum())


def spread(sound: Float32) -> float:
    pitch = track_pitch(sound)
    return float(np.std(12 * np.log2(pitch[pitch > 0])))


@pytest.mark.parametrize("effect", sorted(EFFECTS))
@pytest.mark.parametrize("gain", [0.1, 1.0, 30.0])
def test_quiet_and_loud_voices_come_out_equally_loud(effect: str, gain: float) -> None:
    out = dress(vowel(140, glide=3) * np.float32(gain), VoiceSpec(effect=effect))
    assert integrated_loudness(out) == pytest.approx(TARGET_LUFS, abs=1.0)
    assert 20 * np.log10(true_peaks(out).max()) < -1.0
    assert np.isfinite(out).all()
    assert out.dtype == np.float32


@pytest.mark.parametrize("effect", sorted(EFFECTS))
def test_clips_begin_and_end_in_silence(effect: str) -> None:
    out = dress(vowel(140)[5_000:20_000], VoiceSpec(effect=effect))
    assert abs(out[0]) < 1e-4
    assert abs(out[-1]) < 1e-4
    assert len(out) == pytest.approx(15_000, abs=0.1 * SECOND)


def test_loudness_is_that_of_the_standard() -> None:
    """BS.1770: a 997 Hz sine at 0 dBFS in one channel is -3.01 LUFS."""
    sine = np.sin(2 * np.pi * 997 * np.arange(5 * SECOND) / SECOND).astype(np.float32)
    assert integrated_loudness(sine) == pytest.approx(-3.01, abs=0.1)
    assert integrated_loudness(np.float32(0.1) * sine) == pytest.approx(-23.01, abs=0.1)


def test_silence_between_words_does_not_count() -> None:
    word = vowel(140)
    gap = np.zeros(2 * SECOND, np.float32)
    spaced = np.concatenate([word, gap, word])
    assert integrated_loudness(spaced) == pytest.approx(integrated_loudness(word), abs=0.8)


def test_single_loud_peaks_are_turned_down_and_the_rest_is_not() -> None:
    peaky = vowel(140)
    peaky[20_000:20_020] = 0.95
    out = level(peaky)
    quiet = slice(22_000, 30_000)
    gain = np.abs(out[quiet]).max() / np.abs(peaky[quiet]).max()
    assert 20 * np.log10(true_peaks(out).max()) < -1.0
    assert out[20_000:20_020].max() < 0.95 * gain
    assert np.corrcoef(out[quiet], peaky[quiet])[0, 1] > 0.999


@pytest.mark.parametrize("semitones", [-4.0, 5.0])
def test_pitch_moves_by_semitones_and_keeps_the_time(semitones: float) -> None:
    before = vowel(150)
    after = shift_pitch(before, semitones)
    ratio = np.median(track_pitch(after)[20:-20]) / np.median(track_pitch(before)[20:-20])
    assert 12 * np.log2(ratio) == pytest.approx(semitones, abs=0.3)
    assert len(after) == len(before)


@pytest.mark.parametrize("hertz", [75.0, 110.0, 190.0, 300.0])
def test_the_pitch_of_a_voice_is_found(hertz: float) -> None:
    assert np.median(track_pitch(vowel(hertz))) == pytest.approx(hertz, rel=0.02)
    assert not track_pitch(np.zeros(SECOND, np.float32)).any()


def test_a_cylon_has_one_note_and_glados_sings_on_a_scale() -> None:
    voice = vowel(150, glide=4)
    assert spread(EFFECTS["cylon"](voice)) < 0.4 < spread(voice)
    sung = track_pitch(EFFECTS["glados"](voice))
    notes = 12 * np.log2(sung[sung > 0] / 55)
    on_scale = np.abs(notes[:, None] - (np.arange(0, 60, 12)[:, None] + [0, 3, 5, 7, 10]).ravel())
    assert (on_scale.min(axis=1) < 0.4).mean() > 0.7


def test_colours_go_where_they_should() -> None:
    voice = vowel(140)
    assert centroid(EFFECTS["hal"](voice)) < centroid(voice)
    assert centroid(EFFECTS["robot"](voice)) > centroid(voice)
    spectrum = np.abs(np.fft.rfft(EFFECTS["radio"](voice)))
    hertz = np.fft.rfftfreq(len(voice), 1 / SECOND)
    assert spectrum[hertz < 160].max() < 0.1 * spectrum[(hertz > 400) & (hertz < 2000)].max()


def test_an_unknown_effect_is_none_and_nothing_stays_nothing() -> None:
    voice = vowel(140)
    plain = dress(voice, VoiceSpec())
    np.testing.assert_array_equal(dress(voice, VoiceSpec(effect="no such")), plain)
    assert dress(np.zeros(0, np.float32), VoiceSpec(effect="dalek", pitch=2)).size == 0
    assert fade(np.ones(3, np.float32)).shape == (3,)
    for effect in EFFECTS:
        assert np.isfinite(dress(np.zeros(4_000, np.float32), VoiceSpec(effect=effect))).all()


@pytest.mark.parametrize("hertz", [90.0, 150.0, 240.0])
def test_a_whisper_has_no_voice_but_the_same_vowel(hertz: float) -> None:
    voice = vowel(hertz)
    whisper = EFFECTS["whisper"](voice)
    assert (track_pitch(voice) > 0).mean() > 0.8
    assert (track_pitch(whisper) > 0).mean() < 0.15
    np.testing.assert_array_equal(whisper, EFFECTS["whisper"](voice))
    bands = [(450, 750), (850, 1150), (1350, 1650)]

    def power(sound: Float32) -> list[float]:
        spectrum = np.abs(np.fft.rfft(sound)) ** 2
        at = np.fft.rfftfreq(len(sound), 1 / SECOND)
        return [10 * np.log10(spectrum[(at > a) & (at < b)].mean()) for a, b in bands]

    first, between, second = power(whisper)
    assert first > between + 3
    assert second > between + 1


def test_a_whisper_is_silent_where_the_voice_is() -> None:
    word = vowel(140, seconds=0.5)
    gap = np.zeros(SECOND // 2, np.float32)
    whisper = EFFECTS["whisper"](np.concatenate([word, gap, word]))
    inside = whisper[int(0.6 * SECOND) : int(0.9 * SECOND)]
    assert np.abs(inside).max() < 0.01 * np.abs(whisper).max()
