"""Twelve people: each is understood, and none is taken for another."""

from __future__ import annotations

import difflib
import itertools
import re
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy.signal import find_peaks, resample_poly, spectrogram

from assistant import locations
from assistant.audio.types import Float32
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.backends.cascade.synthesis.kokoro import KokoroEngine
from assistant.backends.cascade.synthesis.loudness import integrated_loudness, true_peaks
from assistant.backends.cascade.synthesis.tts import EFFECTS, render
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.personas.loading import Voice

SENTENCE = "There are twelve of us on this ship, and each of us has a different voice."
WORD = "Yes."
LEAST_DISTANCE = 2.0
"""Semitones, over pitch and brightness together (a trained ear tells one apart)."""


def shipped_voices() -> dict[str, VoiceSpec]:
    """slug → voice of every persona that we ship."""
    tables = {
        path.stem: tomllib.loads(path.read_text(encoding="utf-8"))
        for path in sorted(locations.themes_dir().glob("*.toml"))
    }
    return {slug: Voice(**table.get("voice", {})).spec() for slug, table in tables.items()}


def median_pitch(sound: Float32) -> float:
    """Hertz: the first strong peak of the autocorrelation, over voiced stretches of 40 ms."""
    found = []
    for start in range(0, len(sound) - 960, 480):
        part = sound[start : start + 960] - sound[start : start + 960].mean()
        if np.sqrt((part**2).mean()) < 0.03:
            continue
        likeness = np.correlate(part, part, "full")[959:] / np.arange(960, 0, -1)
        likeness /= likeness[0]
        peaks, _ = find_peaks(likeness[: SAMPLE_RATE // 60], height=0.5)
        peaks = peaks[peaks > SAMPLE_RATE // 400]
        if peaks.size:
            near_best = peaks[likeness[peaks] > 0.85 * likeness[peaks].max()]
            found.append(SAMPLE_RATE / near_best[0])
    return float(np.median(found))


def spectral_centroid(sound: Float32) -> float:
    """Hertz: mean over the louder parts of the centre of the magnitude spectrum."""
    hertz, _, power = spectrogram(sound, SAMPLE_RATE, nperseg=1024, mode="magnitude")
    loud = (power**2).sum(axis=0) > 1e-3 * (power**2).sum(axis=0).max()
    return float(((hertz[:, None] * power).sum(0) / power.sum(0).clip(1e-9))[loud].mean())


def words_right(recogniser: Recognizer, sound: Float32) -> float:
    """Share of the sentence's words that come back, in order."""
    text = recogniser.transcribe(resample_poly(sound, 2, 3).astype(np.float32)).text
    said, back = (
        re.findall(r"[a-z']+", t.lower().replace("12", "twelve")) for t in (SENTENCE, text)
    )
    blocks = difflib.SequenceMatcher(None, said, back, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks) / len(said)


def test_every_shipped_voice_exists() -> None:
    with np.load(locations.assets_dir() / "kokoro" / "voices_en.npz") as archive:
        known = set(archive.files)
    for slug, voice in shipped_voices().items():
        assert voice.effect in EFFECTS, slug
        assert voice.kokoro, slug
        assert set(voice.kokoro) <= known, slug


@pytest.mark.weights
@pytest.mark.timeout(600)
def test_every_persona_is_understood_unlike_the_others_and_as_loud_as_they(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    engine = KokoroEngine()
    recogniser = Recognizer.load("packaged:tiny.en")
    heard, features, loudness, words, peaks = {}, {}, {}, {}, {}
    for slug, voice in shipped_voices().items():
        sound = render(engine, SENTENCE, voice)
        word = render(engine, WORD, voice)
        loudness[slug], words[slug] = integrated_loudness(sound), integrated_loudness(word)
        peaks[slug] = 20 * np.log10(max(true_peaks(sound).max(), true_peaks(word).max()))
        heard[slug] = words_right(recogniser, sound)
        features[slug] = 12 * np.log2([median_pitch(sound), spectral_centroid(sound)])
    assert {slug: share for slug, share in heard.items() if share < 0.9} == {}
    alike = {
        pair: round(float(np.hypot(*(features[pair[0]] - features[pair[1]]))), 2)
        for pair in itertools.combinations(features, 2)
    }
    assert {pair: apart for pair, apart in alike.items() if apart < LEAST_DISTANCE} == {}
    assert max(loudness.values()) - min(loudness.values()) <= 2.0, loudness
    assert {slug: lufs for slug, lufs in words.items() if abs(lufs - loudness[slug]) > 3.0} == {}
    assert {slug: peak for slug, peak in peaks.items() if peak > -1.0} == {}
