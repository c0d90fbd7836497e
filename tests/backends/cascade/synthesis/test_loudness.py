"""One answer in one loudness and with natural pauses, whatever the model makes of its clauses."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.loudness import integrated_loudness
from assistant.backends.cascade.synthesis.speaker import Speaker
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.backends.cascade.synthesis.tts import EFFECTS, dress, trim
from assistant.backends.cascade.synthesis.voice_cache import VoiceCache
from assistant.frames import SAMPLE_RATE, AnyEvent, VoiceSpec
from benchmarks.voices import ANSWER, VoiceLevels, apart, levels_of, measure
from tests.audio.frontend.voices import high_band, rms, voice


class UnevenEngine:
    """Speaks each clause louder or softer, and rumbles on for half a second after it."""

    label = "uneven"
    version = "uneven/1"

    def synthesize(
        self, text: str, voice_of: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        gain = 10 ** ((len(text) % 5 - 2) * 3 / 20)
        word = voice(1_800 * len(text.split()) + 4_000, 140) * np.float32(gain)
        tail = np.arange(SAMPLE_RATE // 2) / SAMPLE_RATE
        rumble = (0.01 * np.sin(2 * np.pi * 25 * tail)).astype(np.float32)
        return np.concatenate([np.zeros(3_000, np.float32), word, rumble])


def speak(folder: Path, text: str, effect: str = "none") -> list[AnyEvent]:
    events: list[AnyEvent] = []
    speaker = Speaker(UnevenEngine(), VoiceCache(folder, 0), events.append, inline=True)
    speaker.set_voice(VoiceSpec(effect=effect))
    speaker.say(1, text, final=True)
    return events


@pytest.mark.parametrize("effect", sorted(EFFECTS))
def test_clauses_are_equally_loud_and_pause_naturally(tmp_path: Path, effect: str) -> None:
    levels = levels_of("someone", speak(tmp_path, ANSWER, effect))
    assert len(levels.clauses) == 5
    assert levels.step <= 3.0
    assert levels.faults() == []


@pytest.mark.parametrize("mark", [".", "!", "?", "…", ":", ";", ",", " and"])
def test_pauses_are_neither_missed_nor_too_long(tmp_path: Path, mark: str) -> None:
    text = f"One two three four five six seven{mark} eight nine ten eleven."
    levels = levels_of("someone", speak(tmp_path, text))
    assert len(levels.gaps) == 1
    assert 60 <= levels.gaps[0] <= 350


def test_clauses_join_without_a_click(tmp_path: Path) -> None:
    from assistant.frames import AudioOut

    pcm = b"".join(e.pcm for e in speak(tmp_path, ANSWER) if isinstance(e, AudioOut))
    sound = np.frombuffer(pcm, "<f4")
    abrupt = UnevenEngine().synthesize("Yes.", VoiceSpec(), 1.0, Cancellation())
    assert high_band(abrupt) > 0.1, "the engine's own edges do click"
    assert high_band(sound) < 0.04


def test_a_rumble_after_the_last_word_is_not_waited_for() -> None:
    word = voice(24_000, 140)
    at = np.arange(12_000) / SAMPLE_RATE
    rumble = (0.02 * np.sin(2 * np.pi * 30 * at)).astype(np.float32)
    out = dress(np.concatenate([word, rumble]), VoiceSpec())
    assert len(out) / SAMPLE_RATE == pytest.approx(1.04, abs=0.03)
    low = np.abs(np.fft.rfft(dress(np.concatenate([word, word + rumble[:1].mean()]), VoiceSpec())))
    assert low[:20].max() < 0.01 * low.max()


def test_soft_consonants_at_the_end_are_kept() -> None:
    """An "f" is 20 dB below the vowel before it."""
    word = voice(12_000, 140)
    f = np.random.default_rng(4).normal(0, 0.1 * rms(word), 2_400).astype(np.float32)
    assert len(trim(np.concatenate([word, f, np.zeros(9_000, np.float32)]))) >= 12_000 + 2_400


def test_a_single_word_is_no_louder_than_its_neighbours() -> None:
    long, short = (dress(voice(n, 140), VoiceSpec()) for n in (72_000, 6_000))
    assert abs(integrated_loudness(long) - integrated_loudness(short)) < 1.0


def test_what_is_wrong_with_a_voice_is_said() -> None:
    fine = VoiceLevels("Fine", -20.0, (-20.0, -20.5), -2.0, (200.0,))
    bad = VoiceLevels("Bad", -23.0, (-20.0, -24.0), -0.5, (20.0, 500.0))
    assert fine.faults() == []
    assert [fault.split(":")[0] for fault in bad.faults()] == ["Bad"] * 4
    assert apart([fine, bad]) == pytest.approx(3.0)


def test_each_persona_is_measured_with_its_own_voice(tmp_path: Path) -> None:
    voices = {"Softly": VoiceSpec(gain=-6.0), "Plain": VoiceSpec()}
    said: list[VoiceSpec] = []

    def say(spec: VoiceSpec) -> list[AnyEvent]:
        said.append(spec)
        events: list[AnyEvent] = []
        speaker = Speaker(UnevenEngine(), VoiceCache(tmp_path, 0), events.append, inline=True)
        speaker.set_voice(spec)
        speaker.say(1, ANSWER, final=True)
        return events

    levels = measure(voices, say)
    assert said == list(voices.values())
    assert apart(levels) == pytest.approx(6.0, abs=0.5)
