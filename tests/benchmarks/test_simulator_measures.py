"""What the simulator says about a conversation, shown on conversations written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.calls.parser import ToolCall
from assistant.session.events import (
    AgentSaid,
    AnswerPaused,
    AnswerResumed,
    FirstSample,
    SessionEvent,
    ToolCalled,
    ToolFinished,
    TurnStarted,
    UserSaid,
)
from assistant.tools.registry import ToolResult
from benchmarks.simulator.measures import Measures, measure
from benchmarks.simulator.script import Deed, Meant
from benchmarks.simulator.tape import Envelopes, LiveTape
from benchmarks.simulator.words import count_words

SECONDS = 20


def tape(*played: tuple[float, float]) -> Envelopes:
    """The assistant is heard between these seconds."""
    envelope = np.zeros(1000 * SECONDS, np.float32)
    for begin, end in played:
        envelope[round(1000 * begin) : round(1000 * end)] = 0.1
    return Envelopes(envelope, np.zeros_like(envelope))


def deed(meant: Meant, begin: float, end: float, *, paused: bool = False) -> Deed:
    return Deed(meant=meant, text="words", begin=begin, end=end, paused=paused)


def asked(turn: int, begin: float, end: float) -> list[SessionEvent]:
    """A turn of the user's as the session tells of it."""
    return [
        TurnStarted(t=begin + 0.1, side="user", turn=turn),
        UserSaid(t=end + 0.4, turn=turn, text="words", final=True),
    ]


def said(turn: int, begin: float, end: float, *, interrupted: bool = False) -> list[SessionEvent]:
    """An answer that sounds between these seconds."""
    return [
        FirstSample(t=begin + 0.02, turn=turn),
        AgentSaid(t=end, turn=turn, persona="p", final=True, interrupted=interrupted),
    ]


def test_a_turn_that_is_answered_is_taken_over_after_the_time_until_its_sound() -> None:
    m = measure([*asked(1, 1, 2), *said(2, 2.5, 4)], [deed("turn", 1, 2)], tape((2.55, 4)))
    assert (m.answered, m.turns) == (1, 1)
    assert m.latencies == pytest.approx([0.55])
    assert m.problems == []


def test_a_turn_without_an_answer_counts_against_the_rate() -> None:
    deeds = [deed("turn", 1, 2), deed("turn", 6, 7)]
    m = measure([*asked(1, 6, 7), *said(2, 7.5, 9)], deeds, tape((7.5, 9)))
    assert (m.answered, m.turns) == (1, 2)
    assert m.latencies == pytest.approx([0.5])
    assert "1.0 s" in m.problems[0]


def test_an_answer_to_the_next_turn_does_not_answer_this_one() -> None:
    deeds = [deed("turn", 1, 2), deed("turn", 3, 4)]
    m = measure(said(2, 4.5, 6), deeds, tape((4.5, 6)))
    assert (m.answered, m.turns) == (1, 2)


def test_stopping_is_timed_to_the_end_of_the_fade() -> None:
    played = tape((2, 5.12))
    events = [*said(2, 2, 5.5, interrupted=True), *said(3, 6.5, 7)]
    m = measure(events, [deed("barge_in", 5, 6)], played)
    assert (m.interruptions, m.missed) == (1, 0)
    assert m.stops == pytest.approx([0.12])


def test_an_interruption_without_a_turn_of_the_users_is_counted_and_told() -> None:
    answers = said(2, 2, 5.5, interrupted=True)
    silent = measure(answers, [deed("barge_in", 5, 6)], tape((2, 5.1)))
    assert (silent.missed, silent.unwritten) == (0, 1)
    assert "5.0 s: “words” left no turn" in silent.problems
    written = measure([*answers, *asked(3, 5, 6)], [deed("barge_in", 5, 6)], tape((2, 5.1)))
    assert written.unwritten == 0


def test_a_breath_between_sentences_is_no_silence() -> None:
    m = measure(said(2, 2, 7, interrupted=True), [deed("stop", 5, 6)], tape((2, 5.1), (5.4, 6.5)))
    assert m.stops == pytest.approx([1.5])


def test_an_assistant_that_speaks_on_has_missed_the_interruption() -> None:
    m = measure(said(2, 2, 12), [deed("stop", 5, 6)], tape((2, 12)))
    assert (m.interruptions, m.missed, m.stops) == (1, 1, [])


def test_falling_silent_and_then_saying_it_all_the_same_is_missed_too() -> None:
    events = [
        *said(2, 2, 8),
        AnswerPaused(t=5.1, turn=2),
        AnswerResumed(t=6, turn=2, reason="no_words"),
    ]
    m = measure(events, [deed("barge_in", 5, 5.8)], tape((2, 5.1), (6, 8)))
    assert (m.interruptions, m.missed) == (1, 1)


def test_an_answer_that_was_over_anyway_needed_no_interruption() -> None:
    m = measure(said(2, 2, 5.2), [deed("barge_in", 5, 6)], tape((2, 5.2)))
    assert m.interruptions == 0


def test_speaking_into_silence_interrupts_nothing() -> None:
    assert measure([], [deed("barge_in", 5, 6)], tape((1, 2))).interruptions == 0


def test_stopping_for_a_backchannel_is_a_false_interruption() -> None:
    m = measure(said(2, 2, 5.8, interrupted=True), [deed("backchannel", 5, 5.4)], tape((2, 5.2)))
    assert (m.false_interruptions, m.harmless) == (1, 1)


def test_going_on_after_a_backchannel_is_only_a_needless_pause() -> None:
    events = [
        *said(2, 2, 9),
        AnswerPaused(t=5.1, turn=2),
        AnswerResumed(t=5.9, turn=2, reason="backchannel"),
    ]
    m = measure(events, [deed("backchannel", 5, 5.4)], tape((2, 5.1), (5.9, 9)))
    assert (m.false_interruptions, m.harmless) == (0, 1)
    assert m.needless_pauses == pytest.approx([0.8])


def test_staying_silent_after_a_cough_is_a_false_interruption() -> None:
    events: list[SessionEvent] = [FirstSample(t=2, turn=2), AnswerPaused(t=5.1, turn=2)]
    m = measure(events, [deed("sound", 5, 5.4)], tape((2, 5.1)))
    assert m.false_interruptions == 1
    assert "stayed so" in m.problems[0]


def test_stopping_for_an_interruption_is_none_of_these() -> None:
    m = measure(said(2, 2, 6, interrupted=True), [deed("barge_in", 5, 6)], tape((2, 5.1)))
    assert (m.false_interruptions, m.harmless) == (0, 0)


def test_words_that_nobody_spoke_are_a_self_trigger() -> None:
    events = [*said(2, 2, 6), *asked(3, 3, 5)]
    m = measure(events, [deed("turn", 0.2, 1)], tape((2, 6)))
    assert m.self_triggers == 1


def test_words_of_somebody_who_spoke_are_none() -> None:
    assert measure(asked(1, 3, 5), [deed("turn", 3, 5)], tape()).self_triggers == 0


def test_a_turn_that_nobody_spoke_and_that_had_no_words_is_a_false_start() -> None:
    m = measure([TurnStarted(t=3, side="user", turn=1)], [], tape())
    assert (m.self_triggers, m.false_starts) == (0, 1)


def test_an_answer_within_a_pause_cuts_the_turn_in_two() -> None:
    m = measure(
        [*said(2, 3, 4), *said(3, 6, 7)], [deed("turn", 1, 5, paused=True)], tape((3, 4), (6, 7))
    )
    assert (m.paused_turns, m.cut_turns) == (1, 1)


def test_two_answers_to_one_turn_cut_it_too() -> None:
    m = measure(
        [*said(2, 6, 7), *said(3, 8, 9)], [deed("turn", 1, 5, paused=True)], tape((6, 7), (8, 9))
    )
    assert m.cut_turns == 1


def test_two_transcripts_with_one_answer_are_split_but_not_cut() -> None:
    events = [*asked(1, 1, 2), *asked(3, 3, 5), *said(4, 5.5, 7)]
    m = measure(events, [deed("turn", 1, 5, paused=True)], tape((5.5, 7)))
    assert (m.paused_turns, m.cut_turns, m.split_turns) == (1, 0, 1)


CALL = ToolCall("look_up", {"what": "x"})


def finished(t: float, spoken: str | None = None) -> ToolFinished:
    return ToolFinished(t=t, result=ToolResult(CALL, True, "content", spoken))


@pytest.mark.parametrize(
    ("events", "lost"),
    [
        ([ToolCalled(t=2, call=CALL)], 1),
        ([ToolCalled(t=2, call=CALL), finished(4)], 1),
        ([ToolCalled(t=2, call=CALL), finished(4), *said(2, 4.1, 6)], 0),
        ([ToolCalled(t=2, call=CALL), finished(4, spoken="")], 0),
    ],
    ids=["never came back", "never told", "told", "nothing to tell"],
)
def test_a_result_that_never_reaches_the_user_is_lost(
    events: list[SessionEvent], lost: int
) -> None:
    m = measure(events, [deed("turn", 1, 2)], tape((4.1, 6)))
    assert (m.tool_calls, m.tool_results_lost) == (1, lost)


def test_a_call_that_the_user_stopped_owes_nothing() -> None:
    events: list[SessionEvent] = [ToolCalled(t=2, call=CALL)]
    m = measure(events, [deed("turn", 1, 2), deed("stop", 3, 3.5)], tape())
    assert m.tool_results_lost == 0


def test_several_conversations_add_up() -> None:
    whole = Measures(turns=1, stops=[0.1])
    whole.add(Measures(turns=2, answered=1, stops=[0.2]))
    assert (whole.turns, whole.answered, whole.stops) == (3, 1, [0.1, 0.2])


def test_the_tape_knows_how_long_the_assistant_has_been_heard() -> None:
    recording = LiveTape()
    loud, silent = np.full(480, 0.1, np.float32), np.zeros(480, np.float32)
    assert recording.spoken_for == 0
    for _ in range(50):
        recording.step(loud, silent)
    assert recording.spoken_for == pytest.approx(1.0, abs=0.03)
    for _ in range(20):
        recording.step(silent, silent)
    assert recording.spoken_for > 1.0, "a breath does not end it"
    assert recording.quiet_for == pytest.approx(0.4)
    for _ in range(20):
        recording.step(silent, silent)
    assert recording.spoken_for == 0


def test_words_are_counted_alike_however_they_are_written() -> None:
    assert count_words("It's 144, sir.") == count_words("its one, sir") == 3


def test_a_call_that_is_made_again_because_the_user_went_on_is_not_lost() -> None:
    events: list[SessionEvent] = [
        ToolCalled(t=2, call=CALL),
        ToolCalled(t=5, call=CALL),
        finished(8),
        *said(2, 8.1, 9),
    ]
    deeds = [deed("overtaken", 1, 2), deed("turn", 3, 4.5)]
    m = measure(events, deeds, tape((8.1, 9)))
    assert (m.tool_calls, m.tool_results_lost) == (2, 0)
    assert (m.answered, m.turns) == (1, 1), "what was overtaken needs no answer of its own"
