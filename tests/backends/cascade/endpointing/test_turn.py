"""A companion that interrupts, or that waits forever, is no company. Times on the input's clock."""

from dataclasses import dataclass

import numpy as np
import pytest

from assistant.audio.vad import Window
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.endpointing.turn import (
    Interim,
    Pause,
    SpeechResumed,
    SpeechStarted,
    StillSilent,
    TurnDetector,
    TurnEnd,
)
from assistant.frames import FRAME_SECONDS
from tests import speech

TONE = (0.2 * np.sin(2 * np.pi * 220 * np.arange(1280) / 16_000)).astype(np.float32)


@dataclass
class FakeVad:
    """Takes every frame whose first sample is above zero for speech; below zero it is sound that
    is not known for speech, and a quarter is as likely speech as not."""

    downsampled: np.ndarray = None
    rest: int = 0

    def reset(self, frame_number=0):
        self.rest = 0

    def push(self, frame, number):
        voiced = frame[0] > 0
        probability = 0.42 if frame[0] == 0.25 else 0.95 if voiced else 0.02
        self.downsampled = TONE if frame[0] != 0 else np.zeros(1280, np.float32)
        ready = self.rest + 1280
        windows, self.rest = divmod(ready, 512)
        end = (number + 1) * FRAME_SECONDS
        return [
            Window(end - (self.rest + 512 * left) / 16_000, probability)
            for left in range(windows - 1, -1, -1)
        ]


class Talk:
    """Pushes speech and silence into a detector and keeps what it says."""

    def __init__(self, is_read=False, **config):
        self.detector = TurnDetector(
            TurnConfig(**config),
            lambda text: text == "Change to GLaDOS.",
            vad=FakeVad(),
            is_read=is_read,
        )
        self.number = 0
        self.signals = []
        self.transcripts = {}

    def frames(self, count, value, words=None, closure=None):
        for _ in range(count):
            new = self.detector.push(self.number, np.full(1920, value, np.float32))
            self.number += 1
            self.signals += new
            for signal in new:
                if isinstance(signal, Pause) and words is not None:
                    self.detector.transcript(words, signal.number, closure=closure)
        return self

    def speak(self, seconds):
        return self.frames(round(seconds / FRAME_SECONDS), 0.5)

    def hush(self, seconds, words=None, closure=None):
        return self.frames(round(seconds / FRAME_SECONDS), 0.0, words, closure)

    def only(self, kind):
        return [s for s in self.signals if isinstance(s, kind)]


def test_a_turn_without_telling_words_ends_after_the_configured_silence():
    talk = Talk(end_silence_ms=480).hush(0.8).speak(1.6).hush(1.6)

    assert [type(s) for s in talk.signals] == [SpeechStarted, Interim, Pause, TurnEnd]
    started, over = talk.signals[0], talk.signals[-1]
    assert started.at == pytest.approx(0.8, abs=0.04)
    assert over.at == pytest.approx(2.4, abs=0.02)
    assert over.reason == "silence"
    assert 480 <= over.waited_ms <= 480 + 80


@pytest.mark.parametrize(
    ("words", "silence", "reason"),
    [
        ("Change to GLaDOS.", 240, "complete"),
        ("What is the capital of France?", 256, "complete"),
        ("Blue.", 480, "silence"),
        ("Yes.", 256, "complete"),
        ("I had a long day.", 352, "complete"),
        ("the red one", 480, "silence"),
        ("", 480, "silence"),
        ("My number is 555.", 1500, "silence"),
        ("Change to the", 2000, "silence"),
        ("I would like some bread and", 2000, "silence"),
        ("Well, let me think...", 2000, "silence"),
        ("First of all,", 2000, "silence"),
    ],
)
def test_the_words_decide_how_long_it_waits(words, silence, reason):
    talk = Talk().speak(1.6).hush(2.6, words)

    (over,) = talk.only(TurnEnd)
    assert silence <= over.waited_ms <= silence + 80
    assert over.reason == reason


def test_words_after_which_sentences_seldom_end_are_waited_for():
    talk = Talk().speak(1.6).hush(1.2, "Do you think I should?", closure=0.1).speak(0.8)

    assert not talk.only(TurnEnd)
    talk.hush(0.4, "Do you think I should sell the car?", closure=0.6)
    (over,) = talk.only(TurnEnd)
    assert over.waited_ms <= 256 + 80, "the closure of the first pause no longer counts"


def test_going_on_after_a_pause_throws_the_speculation_away():
    talk = Talk().speak(0.8).hush(0.24, "I had a long day.").speak(0.8).hush(1.2)

    kinds = [type(s) for s in talk.signals if not isinstance(s, Interim)]
    assert kinds == [SpeechStarted, Pause, SpeechResumed, Pause, TurnEnd]
    first, second = talk.only(Pause)
    (over,) = talk.only(TurnEnd)
    assert over.pause == second.number != first.number
    assert over.at == pytest.approx(1.84, abs=0.03)
    assert over.waited_ms >= 480  # the first pause's words no longer count


def test_a_transcript_that_comes_too_late_is_not_believed():
    talk = Talk().speak(0.8).hush(0.24).speak(0.8).hush(0.24)
    first, second = talk.only(Pause)
    talk.detector.transcript("Change to GLaDOS.", first.number)
    talk.hush(0.16)
    assert not talk.only(TurnEnd)

    talk.detector.transcript("Change to GLaDOS.", second.number)
    talk.hush(0.08)

    assert talk.only(TurnEnd)


def test_a_click_is_no_turn():
    assert Talk().hush(0.4).speak(0.08).hush(1.0).signals == []


def test_a_click_in_a_pause_does_not_count_as_going_on():
    talk = Talk().speak(1.0).hush(0.32)
    talk.detector.push(talk.number, np.full(1920, 0.5, np.float32))  # one frame is 2–3 windows
    resumed = talk.only(SpeechResumed)
    assert resumed == []


def test_what_was_said_before_it_was_noticed_is_kept():
    talk = Talk(pre_roll_ms=320).hush(2.0).speak(1.0).hush(1.0)

    (over,) = talk.only(TurnEnd)
    lead = np.flatnonzero(over.audio)[0] / 16_000
    assert 0.28 <= lead <= 0.36
    assert over.audio.size / 16_000 == pytest.approx(0.32 + 1.0 + 0.3, abs=0.05)


def test_a_voice_that_is_never_sure_to_be_one_begins_a_turn_when_it_lasts():
    assert not Talk().hush(1.0).frames(2, 0.25).hush(1.0).only(SpeechStarted)
    talk = Talk().hush(1.0).frames(12, 0.25).hush(1.0)

    (over,) = talk.only(TurnEnd)
    assert over.audio.size / 16_000 == pytest.approx(0.32 + 0.96 + 0.3, abs=0.1)


def test_words_that_are_known_for_speech_only_late_are_kept():
    talk = Talk().hush(2.0).frames(10, -0.5).speak(0.4).hush(1.0)

    (over,) = talk.only(TurnEnd)
    tone = np.flatnonzero(over.audio)
    assert (tone[-1] - tone[0]) / 16_000 == pytest.approx(1.2, abs=0.03)
    assert 0.1 <= tone[0] / 16_000 <= 0.3, "and a little of the silence before"


def test_a_noise_long_before_the_words_is_not_kept():
    talk = Talk().hush(2.0).frames(2, -0.5).hush(0.64).speak(0.8).hush(1.0)

    (over,) = talk.only(TurnEnd)
    assert over.audio.size / 16_000 == pytest.approx(0.32 + 0.8 + 0.3, abs=0.05)


def test_it_is_known_how_long_the_user_really_spoke():
    talk = Talk().speak(1.6).hush(0.24).speak(0.8).hush(1.0)

    (over,) = talk.only(TurnEnd)
    assert over.spoken == pytest.approx(2.4, abs=0.3)


def test_partial_transcripts_are_wanted_now_and_then_but_not_of_short_commands():
    assert not Talk().speak(1.2).hush(1.0).only(Interim)
    talk = Talk().speak(5.0)

    sizes = [s.audio.size / 16_000 for s in talk.only(Interim)]
    assert len(sizes) == 3
    assert np.diff(sizes) == pytest.approx(1.44, abs=0.1)


def test_nobody_talks_for_longer_than_whisper_can_hear():
    talk = Talk().speak(40).hush(1)

    over, rest = talk.only(TurnEnd)
    assert over.reason == "too_long"
    assert over.audio.size / 16_000 <= 30
    assert rest.at == pytest.approx(40, abs=0.02)


def test_letting_go_of_the_key_ends_the_turn_at_once():
    talk = Talk().speak(1.0)

    (over,) = talk.detector.force_end()

    assert over.reason == "interrupted"
    assert over.at == pytest.approx(1.0, abs=0.1)
    assert talk.detector.force_end() == []
    assert not talk.detector.speaking


def test_words_that_come_late_are_waited_for_as_long_as_they_may_tell_something():
    talk = Talk(is_read=True).speak(1.6).hush(0.96)
    assert not talk.only(TurnEnd), "a busy machine has not read them yet"

    (pause,) = talk.only(Pause)
    talk.detector.transcript("I had a long day.", pause.number)
    talk.hush(0.08)
    assert talk.only(TurnEnd)


def test_words_that_never_come_are_not_waited_for_for_ever():
    talk = Talk(is_read=True).speak(1.6).hush(1.76)

    (over,) = talk.only(TurnEnd)
    assert 1_500 <= over.waited_ms <= 1_600


def test_a_slow_machine_does_not_make_the_user_one_who_pauses():
    talk = Talk(is_read=True)
    for _ in range(4):
        talk.speak(1.2).hush(0.96)  # goes on before the words are there
    talk.speak(1.2).hush(0.96, "I had a long day.")

    (over,) = talk.only(TurnEnd)
    assert over.waited_ms <= 352 + 80


def test_who_was_cut_off_is_given_more_time_from_then_on():
    talk = Talk()
    for _ in range(3):
        talk.speak(1.2).hush(0.96, "I had a long day.")

    waits = [over.waited_ms for over in talk.only(TurnEnd)]
    assert waits == sorted(waits)
    assert waits[-1] > waits[0] + 100


def test_who_tells_a_story_with_pauses_is_not_answered_in_the_middle():
    story = "I went to the market and there was a man with a very large dog who barked."
    talk = Talk()
    for _ in range(3):
        talk.speak(2.4).hush(0.24, f"{story} {story}")
    talk.speak(2.4).hush(1.2, f"{story} {story}")
    assert not talk.only(TurnEnd)

    talk.speak(1.2).hush(0.4, f"{story} {story} What do you think?")
    assert talk.only(TurnEnd)


def test_a_pause_is_judged_again_where_somebody_listens():
    for listened, expected in ((False, 0), (True, 2)):
        config = TurnConfig(end_silence_ms=2000)
        detector = TurnDetector(config, vad=FakeVad(), is_listened_to=listened)
        pushed = [0.5] * 15 + [0.0] * 20
        signals = [
            signal
            for number, value in enumerate(pushed)
            for signal in detector.push(number, np.full(1920, value, np.float32))
        ]
        looks = [signal for signal in signals if isinstance(signal, StillSilent)]
        assert len(looks) == expected
        for look in looks:
            (pause,) = [signal for signal in signals if isinstance(signal, Pause)]
            assert look.number == pause.number
            assert look.audio.size > pause.audio.size + 0.1 * 16_000


def test_how_an_older_pause_sounded_is_not_believed():
    talk = Talk().speak(0.8).hush(0.24).speak(0.8).hush(0.24)
    first, second = talk.only(Pause)
    talk.detector.sounds_over(0.1, first.number)
    talk.detector.transcript("I had a long day.", second.number)
    talk.hush(0.24)

    assert talk.only(TurnEnd)


def test_reset_forgets_the_turn_without_a_word():
    talk = Talk().speak(1.0)
    talk.detector.reset(talk.number)
    talk.signals.clear()

    assert talk.hush(2.0).signals == []


def test_lost_frames_do_not_end_a_turn_and_do_not_bend_the_clock():
    talk = Talk().speak(0.8)
    talk.number += 5
    talk.speak(0.8).hush(1.0)

    (over,) = talk.only(TurnEnd)
    assert over.at == pytest.approx(2.0, abs=0.02)


@pytest.mark.parametrize("noisy", [False, True])
def test_real_speech_ends_where_it_ends(noisy):
    said = speech.espeak("I want to talk to Marvin")
    end = 0.6 + (np.flatnonzero(np.abs(said) > 0.01)[-1] / 16_000)
    sound = np.concatenate([speech.silence(0.6), said, speech.silence(1.2)])
    if noisy:
        sound = speech.in_noise(sound, 10)
    detector = TurnDetector()

    signals = [s for n, f in enumerate(speech.frames(sound)) for s in detector.push(n, f)]

    (over,) = [s for s in signals if isinstance(s, TurnEnd)]
    assert over.at == pytest.approx(end, abs=0.16 if noisy else 0.06)
