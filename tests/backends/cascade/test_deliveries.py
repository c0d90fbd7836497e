"""Each delivery is heard for what it is, in a man's voice and in a woman's, and understood."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.backends.cascade.synthesis.kokoro import KokoroEngine
from assistant.backends.cascade.synthesis.loudness import integrated_loudness, true_peaks
from assistant.backends.cascade.synthesis.retune import track_pitch
from assistant.backends.cascade.synthesis.tts import render, stream
from assistant.frames import VoiceSpec
from assistant.language.delivery.named import DELIVERIES
from tests.backends.cascade.test_voices import SENTENCE, words_right

VOICES = {"man": VoiceSpec(kokoro={"bm_george": 1.0}), "woman": VoiceSpec(kokoro={"af_heart": 1.0})}
LEAST_WORDS = 0.85


def semitones(sound: Float32) -> float:
    pitch = track_pitch(sound)
    return float(12 * np.log2(np.median(pitch[pitch > 0])))


def voiced(sound: Float32) -> float:
    """Share of the time in which there is a voice."""
    return float((track_pitch(sound) > 0).mean())


class Booth:
    """The real voice and the real recogniser, loaded once."""

    def __init__(self) -> None:
        self.engine = KokoroEngine()
        self.recogniser = Recognizer.load("packaged:tiny.en")
        self._plain: dict[str, Float32] = {}

    def plain(self, who: str) -> Float32:
        """The sentence as the voice says it by itself."""
        if who not in self._plain:
            self._plain[who] = render(self.engine, SENTENCE, VOICES[who])
        return self._plain[who]


@pytest.fixture(scope="module")
def booth(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Booth]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield Booth()


@pytest.mark.weights
@pytest.mark.xdist_group("deliveries")
@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_changes_what_it_says_it_does_and_is_understood(booth: Booth, name: str) -> None:
    who = ("man", "woman")[list(DELIVERIES).index(name) % 2]
    wanted, plain = DELIVERIES[name].prosody, booth.plain(who)
    sound = render(booth.engine, SENTENCE, VOICES[who], prosody=wanted)
    louder = integrated_loudness(sound) - integrated_loudness(plain)
    assert len(plain) / len(sound) == pytest.approx(wanted.rate, rel=0.08)
    assert louder == pytest.approx(wanted.gain, abs=1.0)
    assert 20 * np.log10(true_peaks(sound).max()) < -1.4
    assert words_right(booth.recogniser, sound) >= LEAST_WORDS
    if wanted.effect == "whisper":
        assert voiced(sound) < 0.2
    else:
        assert semitones(sound) - semitones(plain) == pytest.approx(wanted.pitch, abs=0.4)


@pytest.mark.weights
@pytest.mark.xdist_group("deliveries")
def test_a_whisper_in_chunks_has_no_voice_and_no_click(booth: Booth) -> None:
    whisper = DELIVERIES["whispering"].prosody
    parts = [part.sound for part in stream(booth.engine, SENTENCE, VOICES["man"], prosody=whisper)]
    sound = np.concatenate(parts)
    assert len(parts) > 2
    assert voiced(sound) < 0.2
    steps = np.abs(np.diff(sound))
    at = 0
    for part in parts[:-1]:
        at += len(part)
        around = np.concatenate([steps[at - 1_200 : at - 24], steps[at + 24 : at + 1_200]])
        assert steps[at - 24 : at + 24].max() <= 1.5 * around.max()
    assert words_right(booth.recogniser, sound) >= LEAST_WORDS
