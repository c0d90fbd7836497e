"""A voice is raised against its own speaker's, never against others'."""

from __future__ import annotations

import msgspec
import pytest

from assistant.emotion.speaker import LEAST, MOST, THRESHOLD, SpeakerBaseline, arousal_of
from assistant.frames import VoiceFeatures

USUAL = VoiceFeatures(
    f0_median=3.0, f0_high=6.0, f0_range=5.0, alpha_ratio=18.0, hammarberg_index=22.0, voiced=2.0
)
RAISED = VoiceFeatures(
    f0_median=9.0, f0_high=13.0, f0_range=9.0, alpha_ratio=10.0, hammarberg_index=14.0, voiced=2.0
)


def like(voice: VoiceFeatures, by: float) -> VoiceFeatures:
    """Nearly the same, in every feature."""
    return msgspec.structs.replace(
        voice, f0_median=voice.f0_median + by, alpha_ratio=voice.alpha_ratio - by
    )


def knowing(turns: int, voice: VoiceFeatures = USUAL) -> SpeakerBaseline:
    baseline = SpeakerBaseline()
    for number in range(turns):
        baseline.add(like(voice, 0.3 * (-1) ** number))
    return baseline


def test_nothing_is_told_before_five_usual_turns() -> None:
    assert knowing(LEAST - 1).score(RAISED) is None
    assert arousal_of(knowing(LEAST - 1).score(RAISED)) == 0
    assert knowing(LEAST).score(RAISED) is not None


def test_a_raised_voice_stands_out_and_the_usual_one_does_not() -> None:
    baseline = knowing(LEAST)

    assert arousal_of(baseline.score(RAISED)) > 0.9
    assert arousal_of(baseline.score(USUAL)) < 0.1


def test_somebody_with_a_high_voice_is_not_excited_for_it() -> None:
    assert arousal_of(knowing(LEAST, RAISED).score(RAISED)) < 0.1


def test_one_wild_number_does_not_decide() -> None:
    broken = msgspec.structs.replace(USUAL, f0_high=60.0)

    score = knowing(LEAST).score(broken)

    assert score is not None
    assert score < THRESHOLD


def test_a_voice_that_stays_is_the_usual_one_after_a_while() -> None:
    baseline = knowing(LEAST)
    for _ in range(MOST):
        baseline.add(RAISED)

    assert len(baseline) == MOST
    assert arousal_of(baseline.score(RAISED)) < 0.1


@pytest.mark.parametrize("seconds", [0.0, 0.3])
def test_a_mere_yes_neither_tells_nor_counts(seconds: float) -> None:
    short = msgspec.structs.replace(RAISED, voiced=seconds)
    baseline = knowing(LEAST)
    baseline.add(short)

    assert len(baseline) == LEAST
    assert baseline.score(short) is None


def test_raised_turns_in_a_row_do_not_become_usual_at_once() -> None:
    baseline = knowing(LEAST)
    first = baseline.score(RAISED)

    for _ in range(3):
        baseline.add(RAISED)

    assert baseline.score(RAISED) == first
