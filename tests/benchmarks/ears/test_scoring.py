"""Made-up events, counted as a person would count them."""

from __future__ import annotations

import pytest

from assistant.language.command_patterns import SpokenCommand
from benchmarks.ears.listening import FinalText
from benchmarks.ears.scoring import Said, group, score

STOP = SpokenCommand("stop")
TIMER = SpokenCommand("set_timer", {"when": "five minutes"})
CALLS = {"stop": STOP, "five": TIMER, "fifty": SpokenCommand("set_timer", {"when": "fifty"})}


def act(text):
    return CALLS.get(text.text)


def said(begin, end, text="", **more):
    return Said("a.wav", begin, end, text, bare=more.pop("bare", text), **more)


def heard(began, end, text, *, after=0.5, waited=0.5):
    return FinalText(text, began, end, end + after, waited)


def test_a_turn_heard_as_it_was_said_is_nothing_but_that():
    result = score([said(1, 3, "turn it off")], [heard(0.9, 3, "Turn it off.")], act)

    assert (result.against_reference.errors, result.against_reference.words) == (0, 3)
    assert (result.lost, result.split, result.merged, result.late) == (0, 0, 0, 0)
    assert (result.false_turns, result.cut_off) == (0, 0)
    assert result.waits == [pytest.approx(500)]


def test_a_recording_with_words_and_no_text_is_lost():
    result = score([said(1, 2, "yes"), said(4, 5, "no")], [heard(1, 2, "yes")], act)

    assert (result.lost, result.speech) == (1, 2)
    assert (result.against_reference.errors, result.against_reference.words) == (1, 2)


def test_a_recording_in_which_even_the_weights_find_no_words_is_not_lost():
    result = score([said(1, 2)], [], act)

    assert (result.lost, result.speech, result.clips) == (0, 0, 1)


def test_where_nobody_wrote_a_text_the_weights_have_the_word():
    unwritten = said(1, 2, bare="yes please", bare_here="yes")

    result = score([unwritten, said(4, 5, "no", bare="now")], [heard(1, 5, "yes no")], act)

    assert (result.against_reference.errors, result.against_reference.words) == (0, 2)
    assert (result.against_bare.errors, result.against_bare.words) == (1, 2)
    assert result.bare_against_reference.errors == 1


def test_two_texts_of_one_recording_are_a_split_and_their_words_count_together():
    turns = [heard(1, 2, "set a timer"), heard(2.6, 4, "for five minutes")]

    result = score([said(1, 4, "set a timer for 5 minutes")], turns, act)

    assert (result.split, result.merged, result.false_turns) == (1, 0, 0)
    assert result.against_reference.errors == 0
    assert result.waits == [pytest.approx(500)]


def test_one_text_over_two_recordings_is_a_merge_and_neither_is_lost():
    result = score([said(1, 2, "yes"), said(3, 4, "no")], [heard(1, 4, "yes no")], act)

    assert (result.merged, result.split, result.lost) == (1, 0, 0)
    assert (result.against_reference.errors, result.against_reference.words) == (0, 2)


def test_words_that_come_a_second_after_the_wait_are_late():
    on_time = score([said(1, 2, "yes")], [heard(1, 2, "yes", after=1.9, waited=1.5)], act)
    late = score([said(1, 2, "yes")], [heard(1, 4, "yes", after=0.5, waited=0.5)], act)

    assert (on_time.late, late.late) == (0, 1)
    assert late.waits == [pytest.approx(2500)]


def test_who_waits_for_ever_is_late_whatever_he_meant_to_wait():
    result = score([said(1, 2, "yes")], [heard(1, 2, "yes", after=6, waited=6)], act)

    assert result.late == 1


def test_a_turn_that_was_over_before_the_recording_is_cut_off_and_waits_for_nothing():
    result = score([said(1, 5, "yes but no")], [heard(1, 2, "yes")], act)

    assert (result.cut_off, result.waits) == (1, [])


def test_a_text_in_a_gap_is_a_false_turn_and_what_it_starts_a_false_action():
    turns = [heard(1, 2, "yes"), heard(4, 5, "stop")]

    result = score([said(1, 2, "yes"), said(8, 9, "no")], turns, act)

    assert (result.false_turns, result.false_actions, result.lost) == (1, 1, 1)


def test_a_text_that_only_touches_a_recording_does_not_belong_to_it():
    _, strays = group([said(3, 5, "yes")], [heard(1, 3.05, "stop")])

    assert [each.text for each in strays] == ["stop"]


def test_text_of_a_laugh_is_a_phantom_and_no_word_error():
    laugh = said(1, 2, is_speech=False, bare="ha")

    result = score([laugh, said(4, 5, "yes")], [heard(1, 2, "you"), heard(4, 5, "yes")], act)

    assert (result.phantoms, result.wordless, result.against_reference.errors) == (1, 1, 0)
    assert result.against_bare.words == 1


def test_an_action_counts_where_it_is_the_one_that_was_asked_for():
    recordings = [said(1, 2, "five", expected=TIMER), said(4, 5, "stop", expected="stop")]

    right = score(recordings, [heard(1, 2, "five"), heard(4, 5, "stop")], act)
    wrong = score(recordings, [heard(1, 2, "fifty"), heard(4, 5, "top")], act)

    assert (right.actions, right.actions_found, right.false_actions) == (2, 2, 0)
    assert (wrong.actions, wrong.actions_found, wrong.false_actions) == (2, 0, 1)


def test_an_action_that_is_done_twice_is_false_once():
    recordings = [said(1, 5, "stop stop", expected="stop")]

    result = score(recordings, [heard(1, 2, "stop"), heard(3, 5, "stop")], act)

    assert (result.actions_found, result.false_actions) == (1, 1)


def test_slots_are_found_in_whatever_belongs_to_the_recording():
    order = said(1, 5, bare="a large coffee", slots=("large", "coffee", "two sugars"))

    result = score([order], [heard(1, 2, "a large"), heard(3, 5, "coffee, 2 sugars")], act)

    assert (result.slots_found, result.slots) == (3, 3)


def test_scores_of_folders_add_up():
    one = score([said(1, 2, "yes")], [heard(1, 2, "yes")], act)

    both = one + score([said(1, 2, "no")], [], act)

    assert (both.speech, both.lost, both.against_reference.words, len(both.waits)) == (2, 1, 2, 1)
