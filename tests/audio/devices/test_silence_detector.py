from __future__ import annotations

import numpy as np

from assistant.audio.devices.silence_detector import HEARD_SECONDS, NEVER_HEARD_SECONDS, Hush

SECOND = np.zeros(24_000, dtype=np.float32)
VOICE = np.full(240, 0.01, dtype=np.float32)


def seconds_until_silent(hush: Hush, *, muted: bool = False) -> int:
    for second in range(1, 200):
        if hush.take(SECOND, muted=muted):
            assert hush.silent
            return second
    raise AssertionError("never")


def test_a_microphone_that_never_gave_a_sound_is_told_and_taken_back_when_it_does() -> None:
    hush = Hush()
    assert seconds_until_silent(hush) == NEVER_HEARD_SECONDS
    assert not any(hush.take(SECOND, muted=False) for _ in range(100)), "told once"
    assert hush.take(VOICE, muted=False)
    assert not hush.silent
    assert not hush.take(VOICE, muted=False)


def test_one_that_was_heard_before_is_given_more_time() -> None:
    hush = Hush()
    hush.take(VOICE, muted=False)
    assert seconds_until_silent(hush) == HEARD_SECONDS


def test_one_that_is_muted_in_the_mixer_is_told_at_once() -> None:
    hush = Hush()
    hush.take(VOICE, muted=False)
    assert seconds_until_silent(hush, muted=True) == 1


def test_the_least_noise_is_no_silence() -> None:
    hush = Hush()
    dither = SECOND.copy()
    dither[::24_000] = 1 / 32_768
    assert not any(hush.take(dither, muted=False) for _ in range(100))


def test_another_microphone_begins_anew() -> None:
    hush = Hush()
    for _ in range(19):
        hush.take(SECOND, muted=False)
    hush.restart()
    assert seconds_until_silent(hush) == NEVER_HEARD_SECONDS
