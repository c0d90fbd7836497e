from __future__ import annotations

import numpy as np

from assistant.audio.devices.loss_meter import (
    HEARD_SECONDS,
    NEVER_HEARD_SECONDS,
    SilenceDetector,
)

SECOND = np.zeros(24_000, dtype=np.float32)
VOICE = np.full(240, 0.01, dtype=np.float32)


def seconds_until_silent(silence_detector: SilenceDetector, *, muted: bool = False) -> int:
    for second in range(1, 200):
        if silence_detector.take(SECOND, muted=muted):
            assert silence_detector.silent
            return second
    raise AssertionError("never")


def test_a_microphone_that_never_gave_a_sound_is_told_and_taken_back_when_it_does() -> None:
    silence_detector = SilenceDetector()
    assert seconds_until_silent(silence_detector) == NEVER_HEARD_SECONDS
    assert not any(silence_detector.take(SECOND, muted=False) for _ in range(100)), "told once"
    assert silence_detector.take(VOICE, muted=False)
    assert not silence_detector.silent
    assert not silence_detector.take(VOICE, muted=False)


def test_one_that_was_heard_before_is_given_more_time() -> None:
    silence_detector = SilenceDetector()
    silence_detector.take(VOICE, muted=False)
    assert seconds_until_silent(silence_detector) == HEARD_SECONDS


def test_one_that_is_muted_in_the_mixer_is_told_at_once() -> None:
    silence_detector = SilenceDetector()
    silence_detector.take(VOICE, muted=False)
    assert seconds_until_silent(silence_detector, muted=True) == 1


def test_the_least_noise_is_no_silence() -> None:
    silence_detector = SilenceDetector()
    dither = SECOND.copy()
    dither[::24_000] = 1 / 32_768
    assert not any(silence_detector.take(dither, muted=False) for _ in range(100))


def test_another_microphone_begins_anew() -> None:
    silence_detector = SilenceDetector()
    for _ in range(19):
        silence_detector.take(SECOND, muted=False)
    silence_detector.restart()
    assert seconds_until_silent(silence_detector) == NEVER_HEARD_SECONDS
