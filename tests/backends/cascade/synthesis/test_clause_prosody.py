"""Each clause is said as was asked for, and what was rendered ahead sounds where it fits."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.clause_prosody import ClauseProsody, spoken_clauses
from assistant.backends.cascade.synthesis.clauses import ClauseSplitter
from assistant.backends.cascade.synthesis.speaker import Speaker
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.backends.cascade.synthesis.voice_cache import SoundsInMemory
from assistant.frames import SAMPLE_RATE, AgentText, AnyEvent, AudioOut, Prosody, VoiceSpec
from assistant.language.delivery.named import DELIVERIES
from assistant.language.delivery.prosody import NEUTRAL, PITCHES, RATES

BY_TEXT = Prosody(by_text=True)
SLOW = Prosody(rate=0.9, pauses=1.5, by_text=True)
TEXT = (
    "Well, yes (or so they say). Is it late? Then let us go, quickly! Or… not — as I said — today."
)


class ToneEngine:
    """A tone of 0.5 s at any rate; notes what it was asked."""

    label = "tone"
    version = "tone/1"

    def __init__(self) -> None:
        self.asked: list[tuple[str, float]] = []

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        self.asked.append((text, round(rate, 3)))
        return (0.1 * np.sin(np.arange(SAMPLE_RATE // 2) / 12)).astype(np.float32)


class Stage:
    def __init__(self) -> None:
        self.engine = ToneEngine()
        self.events: list[AnyEvent] = []
        self.cache = SoundsInMemory(10)
        self.speaker = Speaker(self.engine, self.cache, self.events.append, inline=True)
        self.speaker.set_voice(VoiceSpec(speed=1.0))

    def say(self, *pieces: tuple[str, Prosody], number: int = 1) -> None:
        for at, (text, prosody) in enumerate(pieces, start=1):
            self.speaker.say(number, text, final=at == len(pieces), prosody=prosody)

    def texts(self) -> list[AgentText]:
        return [event for event in self.events if isinstance(event, AgentText)]

    def gaps(self) -> list[float]:
        """Seconds of silence between each two clauses."""
        return [(b.start - a.end) / SAMPLE_RATE for a, b in pairwise(self.texts())]

    def sound(self) -> Float32:
        pieces = [event.pcm for event in self.events if isinstance(event, AudioOut)]
        return np.frombuffer(b"".join(pieces), "<f4")


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_clause_is_said_as_the_piece_asks_in_which_it_begins(stage: Stage) -> None:
    stage.say(("It is la", SLOW), ("te. Let us", BY_TEXT), (" go now.", SLOW))
    assert stage.engine.asked == [("It is late.", 0.9), ("Let us go now.", 1.0)]


def test_the_text_counts_only_where_it_may(stage: Stage) -> None:
    stage.say(("It is late (or so they say). Go on!", NEUTRAL))
    assert stage.engine.asked == [("It is late (or so they say).", 1.0), ("Go on!", 1.0)]
    stage.say(("It is late (or so they say). Go on!", BY_TEXT), number=2)
    assert stage.engine.asked[2:] == [
        ("It is late", 1.0),
        ("(or so they say).", 1.03),
        ("Go on!", 1.03),
    ]


def test_an_aside_early_in_an_answer_is_said_in_one_breath() -> None:
    said = spoken_clauses("The train to the coast (if it runs at all) leaves at nine.", BY_TEXT)
    assert [text for text, _ in said] == [
        "The train to the coast",
        "(if it runs at all)",
        "leaves at nine.",
    ]
    assert said[1][1].pitch < 0


def test_pauses_are_longer_where_they_are_to_be(stage: Stage) -> None:
    stage.say(("One two three. Four five six.", NEUTRAL))
    stage.say(("One two three. Four five six.", Prosody(pauses=1.5)), number=2)
    stage.say(("One two three. Four five six.", Prosody(pauses=0.6)), number=3)
    usual, _, longer, _, shorter = stage.gaps()
    # Both clauses' edges add a tenth of a second to each.
    assert longer + 0.1 == pytest.approx(1.5 * (usual + 0.1), abs=0.01)
    assert shorter + 0.1 == pytest.approx(0.6 * (usual + 0.1), abs=0.01)


def test_an_ellipsis_waits_longer_than_a_full_stop(stage: Stage) -> None:
    stage.say(("Let me think. Yes.", BY_TEXT))
    stage.say(("Let me think... Yes.", BY_TEXT), number=2)
    assert stage.gaps()[2] > 1.7 * stage.gaps()[0]


def test_a_line_that_was_rendered_ahead_sounds_only_where_it_is_said_so(tmp_path: Path) -> None:
    stage = Stage()
    stage.say(("Certainly, sir.", NEUTRAL))
    stage.say(("Certainly, sir.", BY_TEXT), number=2)
    assert len(stage.engine.asked) == 1
    stage.say(("Certainly, sir.", Prosody(gain=-3.0)), number=3)
    assert len(stage.engine.asked) == 2


def test_no_clause_jumps_from_the_one_before(stage: Stage) -> None:
    excited, sad = (DELIVERIES[name].prosody for name in ("excited", "sad"))
    wanted = [Prosody(rate=each.rate, by_text=True) for each in (excited, sad, excited, sad)]
    stage.say(*((f"This is sentence number {n}. ", how) for n, how in enumerate(wanted)))
    rates = [rate for _, rate in stage.engine.asked]
    assert max(abs(b - a) for a, b in pairwise(rates)) <= (RATES[1] - RATES[0]) / 3
    assert rates[0] == 1.12


def test_another_voice_begins_as_it_is_to_be_said(stage: Stage) -> None:
    fast, slow = Prosody(rate=1.2, by_text=True), Prosody(rate=0.8, by_text=True)
    stage.say(("Quick as that.", fast))
    stage.speaker.say(2, "Slowly now.", final=True, prosody=slow, voice=VoiceSpec(pitch=2.0))
    assert [rate for _, rate in stage.engine.asked] == [1.2, 0.8]


def test_a_prosody_out_of_all_bounds_is_brought_back(stage: Stage) -> None:
    stage.say(("One two.", Prosody(rate=9.0, pitch=40.0, gain=60.0, pauses=1e9)))
    stage.say(("One two.", Prosody(rate=float("nan"), gain=float("inf"))), number=2)
    assert [rate for _, rate in stage.engine.asked] == [RATES[1], 1.0]
    assert np.abs(stage.sound()).max() < 1.0


@given(st.lists(st.integers(1, 20), min_size=1, max_size=20))
def test_what_is_rendered_does_not_depend_on_where_the_text_was_cut(sizes: list[int]) -> None:
    splitter, prosody, spoken, at = ClauseSplitter(), ClauseProsody(), [], 0
    while at < len(TEXT):
        size = sizes[at % len(sizes)]
        begun = splitter.pending
        clauses = splitter.push(TEXT[at : at + size])
        at += size
        if at >= len(TEXT):
            clauses += splitter.flush()
        spoken += prosody.of(clauses, SLOW, begun=begun)
    whole = spoken_clauses(TEXT, SLOW)
    assert [text for text, _ in spoken] == [text for text, _ in whole]
    assert [how.pitch for _, how in spoken] == pytest.approx([how.pitch for _, how in whole])
    assert all(PITCHES[0] <= how.pitch <= PITCHES[1] for _, how in whole)
