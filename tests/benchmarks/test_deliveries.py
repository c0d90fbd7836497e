"""The table of deliveries shows what a voice made of them."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE, Prosody, VoiceSpec
from benchmarks.deliveries import SENTENCES, measure, pitch_apart, words_back


def buzz(hertz: float, seconds: float, loudness: float) -> Float32:
    at = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    waves = sum(np.sin(2 * np.pi * n * hertz * at) / n for n in range(1, 12))
    return np.asarray(0.05 * loudness * waves, np.float32)


def render(text: str, voice: VoiceSpec, prosody: Prosody) -> Float32:
    return buzz(120 * 2 ** (prosody.pitch / 12), 2 / prosody.rate, 10 ** (prosody.gain / 20))


def test_rate_pitch_and_loudness_are_told_beside_the_voice_by_itself() -> None:
    heard = iter([*SENTENCES, SENTENCES[0], "", SENTENCES[2]])
    wanted = Prosody(rate=0.8, pitch=-1.0, gain=-3.0)
    (row,) = measure({"a": VoiceSpec()}, {"sad": wanted}, render, lambda sound: next(heard))
    assert row.rate == pytest.approx(0.8, abs=0.01)
    assert row.semitones == pytest.approx(-1.0, abs=0.15)
    assert row.louder == pytest.approx(-3.0, abs=0.2)
    assert row.words == pytest.approx(2 / 3)
    assert row.usual == 1.0


def test_a_whisper_has_no_pitch_to_tell() -> None:
    noise = np.random.default_rng(1).normal(0, 0.05, SAMPLE_RATE).astype(np.float32)
    assert pitch_apart(buzz(120, 1, 1), noise) is None


def test_words_come_back_in_order() -> None:
    assert words_back("Mind the gap.", "mind the cap") == pytest.approx(2 / 3)
    assert words_back("There are twelve.", "There are 12.") == 1.0
