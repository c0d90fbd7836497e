"""Speech for tests: synthesised on the spot, the same every time.

espeak-ng costs a hundredth of a second a sentence and sounds like a machine; Kokoro costs a third
of the sentence's length and sounds like a person. Personas' names are written as they are spoken.
"""

from __future__ import annotations

import functools
import shutil
import subprocess

import numpy as np
import pytest
import soxr

from assistant.audio.types import Float32

RATE = 16_000
FRAME = 1_920

SPOKEN = {
    "GLaDOS": "gladoss",
    "HAL 9000": "Hal nine thousand",
    "TARS": "tarz",
    "KITT": "kitt",
    "C-3PO": "see three pee oh",
    "JARVIS": "Jarvis",
    "Dalek": "dahlek",
}
"""How a text-to-speech engine has to be told some of the names."""


@functools.cache
def espeak(
    text: str, voice: str = "en-us", words_per_minute: int = 150, pitch: int = 50
) -> Float32:
    """float32 [n] at 16 kHz, peak 0.5; skips the test where espeak-ng is not installed."""
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    for name, spoken in SPOKEN.items():
        text = text.replace(name, spoken)
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "-p", str(pitch), "--stdout"]
    wav = subprocess.run([*command, text], capture_output=True, check=True).stdout
    sound = np.frombuffer(wav[44:], "<i2").astype(np.float32)
    return _levelled(soxr.resample(sound, 22_050, RATE))


@functools.cache
def _kokoro_engine() -> object:
    from assistant.backends.cascade.synthesis.kokoro import KokoroEngine

    return KokoroEngine(threads=2)


def kokoro(text: str, voice: str = "af_heart", speed: float = 1.0) -> Float32:
    """float32 [n] at 16 kHz, peak 0.5. `voice` is a style vector, or several joined by "+"."""
    from assistant.backends.cascade.synthesis.kokoro import KokoroEngine
    from assistant.backends.cascade.synthesis.speech_engine import Cancellation
    from assistant.frames import VoiceSpec

    engine = _kokoro_engine()
    assert isinstance(engine, KokoroEngine)
    blend = dict.fromkeys(voice.split("+"), 1.0)
    sound = engine.synthesize(text, VoiceSpec(kokoro=blend, speed=speed), 1.0, Cancellation())
    return _levelled(soxr.resample(sound, 24_000, RATE))


def _levelled(sound: Float32) -> Float32:
    return (sound / max(1e-6, float(np.abs(sound).max())) * 0.5).astype(np.float32)


def silence(seconds: float) -> Float32:
    return np.zeros(round(seconds * RATE), np.float32)


def pink_noise(samples: int, seed: int = 0) -> Float32:
    """float32 [samples], root mean square 1: as much power in every octave, like a room."""
    white = np.fft.rfft(np.random.default_rng(seed).standard_normal(samples))
    bins = np.maximum(np.arange(white.size), 1)
    pink = np.fft.irfft(white / np.sqrt(bins), samples)
    return (pink / np.sqrt(np.mean(pink**2))).astype(np.float32)


def in_noise(sound: Float32, snr_db: float, seed: int = 0) -> Float32:
    """The sound with pink noise that lies `snr_db` under its voiced parts."""
    voiced = sound[np.abs(sound) > 0.02]
    level = float(np.sqrt(np.mean(voiced**2))) * 10 ** (-snr_db / 20)
    return np.clip(sound + pink_noise(sound.size, seed) * level, -1, 1).astype(np.float32)


def frames(sound: Float32, rate: int = RATE) -> list[Float32]:
    """The sound as whole frames, float32 [1920] at 24 kHz; the last is filled with silence."""
    at_24k = soxr.resample(sound, rate, 24_000).astype(np.float32)
    whole = np.pad(at_24k, (0, -at_24k.size % FRAME))
    return list(whole.reshape(-1, FRAME))
