"""Who hears voices where there are none is no companion."""

import numpy as np
import pytest

from assistant.audio.vad import (
    OFF,
    ON,
    AutomaticGain,
    Downsampler,
    Vad,
    VoiceProbability,
    Window,
)
from tests import speech


def listen(sound, vad=None):
    vad = vad or Vad()
    return [window for frame in speech.frames(sound) for window in vad.push(frame)]


@pytest.mark.parametrize("hertz", [100, 1000, 5000])
def test_downsampling_keeps_a_tone_and_its_place_in_time(hertz):
    at = np.arange(20 * 1920) / 24_000
    tone = np.sin(2 * np.pi * hertz * at).astype(np.float32)
    down = Downsampler()

    out = np.concatenate([down(tone[i : i + 1920]) for i in range(0, tone.size, 1920)])

    late = np.sin(2 * np.pi * hertz * (np.arange(out.size) / 16_000 - 0.001))
    assert out.size == 20 * 1280
    assert np.abs(out - late)[200:].max() < 1e-3


def test_downsampling_does_not_fold_hiss_into_speech():
    hiss = np.sin(2 * np.pi * 9_500 * np.arange(19_200) / 24_000).astype(np.float32)

    assert np.abs(Downsampler()(hiss)[200:]).max() < 1e-3


def test_windows_lie_every_32_ms_on_the_clock():
    windows = listen(speech.silence(1.6))

    assert [w.time for w in windows] == pytest.approx([0.032 * (n + 1) for n in range(50)])


def test_the_clock_follows_the_frame_numbers_over_a_gap():
    vad = Vad()
    silent = np.zeros(1920, np.float32)
    vad.push(silent, 0)

    after = vad.push(silent, 100)

    assert 8.0 < after[-1].time <= 8.08


def test_a_frame_of_the_wrong_size_is_refused():
    with pytest.raises(ValueError, match="1920"):
        Vad().push(np.zeros(1000, np.float32))


def test_speech_is_found_where_it_is():
    said = speech.espeak("change to GLaDOS, please")
    said = said[: np.flatnonzero(np.abs(said) > 0.01)[-1]]
    sound = np.concatenate([speech.silence(1), said, speech.silence(1)])

    voiced = [w.time for w in listen(sound) if w.probability >= ON]

    assert 0.9 < voiced[0] < 1.3
    assert voiced[-1] == pytest.approx(1 + said.size / 16_000, abs=0.25)
    inside = said.size / 16_000 / 0.032
    assert len(voiced) > 0.7 * inside


@pytest.mark.parametrize("level", [0.003, 0.03, 0.2])
@pytest.mark.parametrize("kind", ["white", "pink", "hum", "clicks", "silence"])
def test_no_noise_is_taken_for_a_voice(kind, level):
    rng = np.random.default_rng(1)
    n = 4 * 16_000
    at = np.arange(n) / 16_000
    sound = {
        "white": lambda: rng.standard_normal(n) * level,
        "pink": lambda: speech.pink_noise(n) * level,
        "hum": lambda: (np.sin(314 * at) + 0.3 * np.sin(942 * at)) * level,
        "clicks": lambda: np.where(rng.random(n) < 2e-4, 4 * level, 0.0),
        "silence": lambda: np.zeros(n),
    }[kind]()

    windows = listen(np.clip(sound, -1, 1).astype(np.float32))

    assert max(w.probability for w in windows) < OFF


def test_the_same_sound_gives_the_same_answer_after_a_reset():
    sound = np.concatenate([speech.espeak("who else is there"), speech.silence(0.3)])
    vad = Vad()
    first = listen(sound, vad)
    vad.reset()

    assert listen(sound, vad) == first
    assert all(isinstance(w, Window) for w in first)


def found(windows):
    """Share of the windows that are speech."""
    return np.mean([window.probability >= ON for window in windows])


def test_a_soft_voice_is_amplified_for_the_detector():
    soft = 0.002 * speech.espeak("turn on the lights in the kitchen please")

    assert found(listen(soft, Vad(AutomaticGain()))) > found(listen(soft)) + 0.2
    quiet = Vad(AutomaticGain())
    quiet.amplifies = False
    assert found(listen(soft, quiet)) == found(listen(soft))


@pytest.mark.parametrize("level", [0.0003, 0.003, 0.03])
def test_amplified_noise_is_no_voice(level):
    noise = (level * speech.pink_noise(160_000)).astype(np.float32)

    assert found(listen(noise, Vad(AutomaticGain()))) == 0


def test_a_loud_voice_after_silence_is_not_distorted():
    gain = AutomaticGain()
    for _ in range(1000):
        gain(np.zeros(512, np.float32), -120.0)
    loud = np.full(512, 0.3, np.float32)

    assert np.array_equal(gain(loud, -10.5), loud)


def onset_after(silent_blocks):
    """What the barge-in's detectors make of a voice after so much silence, in blocks of 10 ms."""
    said = speech.espeak("stop")
    at = np.arange(0, said.size, 2 / 3)
    voice = np.interp(at, np.arange(said.size), said).astype(np.float32)
    sound = np.concatenate([np.zeros(silent_blocks * 240, np.float32), voice])
    voices = VoiceProbability()
    hops = [h for block in sound[: sound.size // 240 * 240].reshape(-1, 240)
            for h in voices.push(block)]  # fmt: skip
    return [hop.probability for hop in hops][-(voice.size * 2 // 3 // 256) :]


def test_a_voice_over_the_assistant_is_noticed_alike_after_any_silence():
    silence = 64 * 16  # both detectors have forgotten a whole number of half seconds

    assert onset_after(silence) == pytest.approx(onset_after(4 * silence), abs=1e-6)
