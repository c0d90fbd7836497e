"""A television that talks on is no reason to wait; a user who speaks softly is no television."""

import numpy as np
import pytest

from assistant.audio.vad import Window
from assistant.backends.cascade.endpointing.levels import NearVoice
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.endpointing.sound import faded_background
from assistant.backends.cascade.endpointing.turn import (
    SpeechResumed,
    SpeechStarted,
    TurnDetector,
    TurnEnd,
)
from tests import speech

TALK = "The government announced new plans for the railway this morning, and critics were quick"
ASKED = "turn on the lights in the kitchen please"


def at(sound, decibels):
    """Speech whose loud windows have this level, dB full scale."""
    power = np.mean(sound[: sound.size // 512 * 512].reshape(-1, 512) ** 2, axis=1)
    loud = 10 * np.log10(np.percentile(power, 80))
    return (sound * 10 ** ((decibels - loud) / 20)).astype(np.float32)


def user(decibels=-24.0, text=ASKED):
    return at(speech.espeak(text), decibels)


def television(seconds, decibels):
    """Another voice, without a pause."""
    voice = speech.espeak(TALK, voice="en-gb", words_per_minute=170, pitch=30)
    return at(np.resize(voice[np.abs(voice) > 0.003], round(seconds * 16_000)), decibels)


def room(*pieces, behind=None):
    """The pieces one after another, over what talks on behind them."""
    sound = np.concatenate(pieces)
    hiss = 10 ** (-72 / 20) * np.random.default_rng(0).standard_normal(sound.size)
    if behind is not None:
        sound = sound + television(sound.size / 16_000, behind)
    return (sound + hiss).astype(np.float32)


def listen(sound, detector=None):
    """The turns that are found: (begin, last voiced sample, when it was over, sound)."""
    detector = detector or TurnDetector()
    turns, began = [], 0.0
    for number, frame in enumerate(speech.frames(sound)):
        for signal in detector.push(number, frame):
            if isinstance(signal, SpeechStarted):
                began = signal.at
            elif isinstance(signal, TurnEnd):
                turns.append((began, signal.at, (number + 1) * 0.08, signal.audio))
    return turns


def seconds(sound):
    return sound.size / 16_000


@pytest.mark.parametrize("below", [10, 20])
def test_a_television_that_talks_on_does_not_keep_a_turn_open(below):
    said = user()
    sound = room(
        speech.silence(5), said, speech.silence(3), said, speech.silence(3), behind=-24 - below
    )
    ends = [5 + seconds(said), 8 + 2 * seconds(said)]

    over = [decided for _, _, decided, _ in listen(sound)]

    for end in ends:
        assert any(-0.2 <= decided - end <= 1.5 for decided in over), (end, over)


def test_a_television_begins_no_turn_once_the_user_is_known():
    said = user()
    sound = room(speech.silence(5), said, speech.silence(8), behind=-44)

    began = [began for began, *_ in listen(sound)]

    assert not [each for each in began if each > 5 + seconds(said)]


def test_words_of_a_television_before_the_user_spoke_are_not_his():
    said = user()
    sound = room(speech.silence(5), said, speech.silence(2), behind=-40)

    turn = next(t for t in listen(sound) if t[1] > 5.5)

    assert seconds(turn[3]) < seconds(said) + 1.2


@pytest.mark.parametrize("drop", [12, 20])
def test_who_speaks_softly_after_speaking_loudly_is_heard_where_nobody_else_talks(drop):
    loud, soft = user(-22), user(-22 - drop)
    gap = speech.silence(2.5)

    turns = listen(room(speech.silence(1), loud, gap, loud, gap, soft, gap, soft, gap))

    assert len(turns) == 4
    assert all(seconds(turn[3]) > seconds(soft) - 0.1 for turn in turns)


def test_the_soft_end_of_a_sentence_is_not_cut():
    said = user()
    fall = np.interp(np.arange(said.size), [said.size - 12_000, said.size - 8_000], [1, 10**-0.7])
    soft = (said * fall).astype(np.float32)

    ((_, whole, _, _),) = listen(room(speech.silence(1), said, speech.silence(2)))
    ((_, at_end, _, _),) = listen(room(speech.silence(1), soft, speech.silence(2)))

    assert at_end > whole - 0.2


def test_a_whisper_begins_a_turn():
    said = user(-58)

    turns = listen(room(speech.silence(2), said, speech.silence(2)))

    assert len(turns) == 1
    assert seconds(turns[0][3]) > seconds(said) - 0.2


def test_the_users_level_is_that_of_his_voiced_windows():
    near = NearVoice()
    for _ in range(60):
        near.push(-30.0, 0.9, in_turn=True)
    assert near.level == pytest.approx(-30, abs=0.5)
    near.turn_ended()
    for _ in range(60):
        near.push(-70.0, 0.0, in_turn=False)
    assert near.level == pytest.approx(-30, abs=0.5), "what is no speech is not the user"
    assert near.threshold is None


def test_a_voice_that_is_ten_decibels_weaker_and_talks_on_is_behind_the_user():
    near = NearVoice()
    for _ in range(60):
        near.push(-30.0, 0.9, in_turn=True)
    near.turn_ended()
    for _ in range(60):
        near.push(-40.0, 0.9, in_turn=False)
    assert near.threshold is not None
    assert -40 < near.threshold < -33
    assert not near.is_near


def test_only_what_is_far_from_the_near_voice_is_faded():
    sound = np.full(32_000, 0.01, np.float32)
    sound[12_000:20_000] = 0.3

    faded = faded_background(sound, -25.0)

    assert faded[12_000:20_000] == pytest.approx(sound[12_000:20_000])
    assert np.abs(faded[:6_000]).max() < 0.001
    assert np.abs(faded[-6_000:]).max() < 0.001
    assert faded[10_500] == pytest.approx(0.01), "words begin softly"


@pytest.mark.parametrize(("band", "singer"), [(-40, -34), (-36, -31)])
def test_who_begins_to_sing_where_music_played_before_is_no_reason_to_wait(band, singer):
    said = user()
    sound = room(speech.silence(5), said, television(8, singer))
    music = (10 ** (band / 20) * speech.pink_noise(sound.size)).astype(np.float32)
    end = 5 + seconds(said)

    over = [decided for _, _, decided, _ in listen(sound + music)]

    assert any(-0.2 <= decided - end <= 1.5 for decided in over), (end, over)


class Script:
    """A voice activity detector that hears somebody all the time, at the levels of a script."""

    amplifies = True
    downsampled = np.zeros(1280, np.float32)

    def __init__(self, levels):
        self.levels, self.told = levels, 0

    def reset(self, frame_number=0):
        pass

    def push(self, frame, number):
        first, self.told = self.told, min(int((number + 1) * 2.5), len(self.levels))
        return [Window((n + 1) * 0.032, 0.9, self.levels[n]) for n in range(first, self.told)]


def scripted(*parts, end_silence_ms=480):
    """The signals of a turn detector. Parts: (seconds, dB full scale)."""
    levels = [level for seconds, level in parts for _ in range(round(seconds / 0.032))]
    detector = TurnDetector(TurnConfig(end_silence_ms=end_silence_ms), vad=Script(levels))
    frame = np.zeros(1920, np.float32)
    return [s for n in range(int(len(levels) / 2.5)) for s in detector.push(n, frame)]


HIM, THEM, SWELL = (1.5, -26.0), (1.5, -38.0), (0.1, -31.0)


def count(signals, kind):
    return sum(isinstance(each, kind) for each in signals)


def test_a_syllable_behind_the_user_that_swells_begins_no_turn():
    known = [HIM, THEM, THEM, HIM, THEM]

    assert count(scripted(*known, SWELL, THEM, SWELL, THEM), SpeechStarted) == count(
        scripted(*known, THEM), SpeechStarted
    )
    assert count(scripted(*known, HIM, THEM), SpeechStarted) > count(
        scripted(*known, THEM), SpeechStarted
    )


def test_a_syllable_behind_the_user_that_swells_ends_no_pause_of_his():
    known = [HIM, THEM, THEM, HIM, (0.7, -38.0)]
    resumed = [
        count(scripted(*known, after, THEM, end_silence_ms=1200), SpeechResumed)
        for after in (THEM, (0.064, -31.0), (0.4, -27.0))
    ]

    assert resumed == [0, 0, 1]


def test_who_grows_louder_over_a_television_is_no_second_person():
    soft, louder, behind = (0.8, -33.0), (1.2, -21.0), (3.0, -46.0)

    signals = scripted((1.5, -33.0), behind, soft, behind, (1.5, -33.0), behind, soft, louder, THEM)

    *_, last = (each for each in signals if isinstance(each, TurnEnd))
    assert last.spoken > 1.4
