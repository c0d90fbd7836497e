"""Music with somebody singing: chords, bass and drums made from nothing, and a voice whose words
were spoken and are sung here.

The singer is a channel vocoder (Dudley 1939, "Remaking speech"): the spectral envelope of the
speech, from its cepstrum (Oppenheim & Schafer 1968), shapes harmonics of the melody's pitch where
the speech is voiced, and noise where it is not.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

SECONDS = 24.0
"""Until it begins again."""
_BEAT = 0.6
_ROOTS = (0, 7, 9, 5)
"""Semitones of the chords over the key: I, V, vi, IV."""
_CHORDS = ((0, 4, 7), (0, 4, 7), (0, 3, 7), (0, 4, 7))
_SCALE = (0, 2, 4, 7, 9, 12)
"""Pentatonic: whatever is sung fits the chords."""
_HOP = SAMPLE_RATE // 200
_FRAME = 1024
_LIFTER = round(0.0022 * SAMPLE_RATE)
"""Quefrencies under it are the envelope: those of a pitch lie above."""
_SLOWER = 0.75
"""Sung words last longer than spoken ones."""
_VIBRATO = 0.02
_Curve = NDArray[np.float64]


def song(lyrics: Float32, seed: int) -> Float32:
    """float32 [24 s at 24 kHz], root mean square 1, of `lyrics`: speech, float32 [n], 24 kHz.

    The same seed gives the same song.
    """
    dice = np.random.default_rng([seed, 7])
    key = 110.0 * 2 ** (int(dice.integers(-3, 5)) / 12)
    voice, band = sung(lyrics, 2 * key, dice), _band(key, dice)
    whole = np.resize(voice, band.size)
    mixed = 1.4 * whole / np.std(whole) + band / np.std(band)
    return np.asarray(mixed / np.sqrt(np.mean(mixed**2)), np.float32)


def _band(key: float, dice: np.random.Generator) -> _Curve:
    sound = np.zeros(round(SECONDS * SAMPLE_RATE))
    for beat in range(int(SECONDS / _BEAT)):
        at, bar = beat * _BEAT, beat // 4 % 4
        root = key * 2 ** (_ROOTS[bar] / 12)
        if beat % 2 == 0:
            _put(sound, at, 0.8 * _plucked(root / 2, 1.0))
        for semitones in _CHORDS[bar]:
            _put(sound, at, 0.3 * _plucked(root * 2 ** (1 + semitones / 12), 0.9))
        _put(sound, at, 0.8 * _kick() if beat % 2 == 0 else 0.5 * _hiss(0.15, 18, dice))
        _put(sound, at + _BEAT / 2, 0.2 * _hiss(0.05, 60, dice))
    return sound


def _put(sound: _Curve, at: float, piece: _Curve) -> None:
    start = round(at * SAMPLE_RATE)
    room = max(0, sound.size - start)
    sound[start : start + piece.size] += piece[:room]


def _plucked(hertz: float, seconds: float) -> _Curve:
    """A string: harmonics, the higher ones dying sooner."""
    time = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    parts = (
        np.sin(2 * np.pi * k * hertz * time) * np.exp(-(2 + k) * time) / k
        for k in range(1, 9)
        if k * hertz < SAMPLE_RATE / 2
    )
    return np.asarray(sum(parts), np.float64)


def _kick() -> _Curve:
    time = np.arange(SAMPLE_RATE // 5) / SAMPLE_RATE
    return np.asarray(
        np.sin(2 * np.pi * (50 * time + 4 * (1 - np.exp(-20 * time)))) * np.exp(-15 * time)
    )


def _hiss(seconds: float, decay: float, dice: np.random.Generator) -> _Curve:
    """High noise that dies away: a drum, a consonant."""
    noise = np.diff(dice.standard_normal(round(seconds * SAMPLE_RATE) + 1))
    return np.asarray(noise * np.exp(-decay * np.arange(noise.size) / SAMPLE_RATE))


def sung(speech: Float32, key: float, dice: np.random.Generator) -> _Curve:
    """The words of float32 [n] at 24 kHz on a melody around `key` hertz, [n / 0.75]."""
    padded = np.pad(speech.astype(np.float64), _FRAME // 2)
    starts = np.arange(0, speech.size, _SLOWER * _HOP).astype(int)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[starts] * np.hanning(_FRAME)
    power = np.abs(np.fft.rfft(frames))
    envelope = np.exp(_smooth(np.log(power + 1e-6)))
    samples = starts.size * _HOP
    voiced = np.repeat(_is_voiced(power), _HOP)
    source = _pulses(_melody(samples, key, dice)) * voiced
    source += 0.1 * dice.standard_normal(samples) * (1.05 - voiced)
    return _shaped(source, envelope)


def _smooth(spectra: _Curve) -> _Curve:
    """Log spectra [frames, bins] without their fine structure."""
    cepstra = np.fft.irfft(spectra)
    cepstra[:, _LIFTER:-_LIFTER] = 0.0
    return np.fft.rfft(cepstra).real


def _is_voiced(power: _Curve) -> _Curve:
    """0 or 1 a frame: voices are strong below 1.5 kHz, hissed consonants above 3 kHz."""
    per_bin = SAMPLE_RATE / _FRAME
    low, high = round(1500 / per_bin), round(3000 / per_bin)
    return np.where(power[:, :low].sum(axis=1) > power[:, high:].sum(axis=1), 1.0, 0.0)


def _melody(samples: int, key: float, dice: np.random.Generator) -> _Curve:
    """Hertz, [samples]: notes of half a beat to two, gliding into each other, with vibrato."""
    pitch, at, step = np.empty(samples), 0, 2
    while at < samples:
        length = round(_BEAT * float(dice.choice([0.5, 0.5, 1.0, 2.0])) * SAMPLE_RATE)
        step = int(np.clip(step + dice.integers(-2, 3), 0, len(_SCALE) - 1))
        pitch[at : at + length] = key * 2 ** (_SCALE[step] / 12)
        at += length
    glide = np.ones(SAMPLE_RATE // 20)
    smooth = np.convolve(np.pad(pitch, glide.size // 2, mode="edge"), glide / glide.size, "valid")
    time = np.arange(samples) / SAMPLE_RATE
    return smooth[:samples] * (1 + _VIBRATO * np.sin(2 * np.pi * 5.5 * time))


def _pulses(pitch: _Curve) -> _Curve:
    """A pulse a period, so all harmonics alike: the envelope has the voice's slope already."""
    cycles = np.floor(np.cumsum(pitch) / SAMPLE_RATE)
    pulses = np.diff(cycles, prepend=0.0)
    return pulses * np.sqrt(SAMPLE_RATE / pitch) * 0.1


def _shaped(source: _Curve, envelope: _Curve) -> _Curve:
    """`source` [n] through the envelopes [frames, bins], one a hop, by overlap and add."""
    window = np.hanning(_FRAME)
    padded, sound = np.pad(source, _FRAME // 2), np.zeros(source.size + _FRAME)
    for number, shape in enumerate(envelope):
        at = number * _HOP
        piece = np.fft.rfft(padded[at : at + _FRAME] * window)
        sound[at : at + _FRAME] += np.fft.irfft(piece * shape) * window
    return sound[_FRAME // 2 : -(_FRAME // 2)]
