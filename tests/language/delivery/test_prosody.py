"""Whatever comes together, it sounds like the same person, and nothing jumps."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.cascade.synthesis.tts import EFFECTS
from assistant.frames import Prosody
from assistant.language.delivery.named import DELIVERIES, find_delivery
from assistant.language.delivery.prosody import (
    GAINS,
    NEUTRAL,
    PAUSES,
    PITCHES,
    RATES,
    combined,
    eased,
    limited,
)

NUMBERS = st.one_of(st.floats(-50, 50), st.sampled_from([math.nan, math.inf, -math.inf]))
PROSODIES = st.builds(Prosody, rate=NUMBERS, pitch=NUMBERS, gain=NUMBERS, pauses=NUMBERS)
RANGES = {"rate": RATES, "pitch": PITCHES, "gain": GAINS, "pauses": PAUSES}


@given(st.lists(PROSODIES, min_size=2, max_size=6))
def test_no_sentence_leaves_the_range_or_jumps_by_more_than_a_third_of_it(
    wanted: list[Prosody],
) -> None:
    said = [eased(None, wanted[0])]
    for each in wanted[1:]:
        said.append(eased(said[-1], each))
    for name, (low, high) in RANGES.items():
        values = [getattr(each, name) for each in said]
        assert all(low - 0.006 <= value <= high + 0.006 for value in values)
        steps = [abs(b - a) for a, b in pairwise(values)]
        assert max(steps) <= (high - low) / 3


@given(st.sampled_from(sorted(DELIVERIES)), st.sampled_from(sorted(DELIVERIES)))
def test_every_delivery_is_reached_within_three_sentences(before: str, after: str) -> None:
    said = eased(None, DELIVERIES[before].prosody)
    for _ in range(3):
        said = eased(said, DELIVERIES[after].prosody)
    assert said == limited(DELIVERIES[after].prosody)


def test_what_is_asked_for_together_adds_up() -> None:
    both = combined(Prosody(rate=0.9, pitch=-0.5, pauses=1.2), Prosody(rate=1.1, gain=-3.0))
    assert both.rate == pytest.approx(0.99)
    assert (both.pitch, both.gain, both.pauses, both.effect) == (-0.5, -3.0, 1.2, "")
    assert combined(Prosody(effect="whisper"), NEUTRAL).effect == "whisper"


def test_there_are_at_least_twelve_deliveries_and_no_two_are_alike() -> None:
    assert len(DELIVERIES) >= 12
    assert len({delivery.prosody for delivery in DELIVERIES.values()}) == len(DELIVERIES)
    assert {d.prosody.effect or "none" for d in DELIVERIES.values()} <= set(EFFECTS)


@pytest.mark.parametrize("name", DELIVERIES)
def test_no_delivery_is_further_from_neutral_than_one_step(name: str) -> None:
    prosody = DELIVERIES[name].prosody
    assert eased(NEUTRAL, prosody) == limited(prosody) == prosody


def test_names_are_found_as_people_write_them() -> None:
    assert find_delivery(" Dry ") == "dry"
    assert find_delivery("whisper") == "whispering"
    assert find_delivery("operatic") is None
