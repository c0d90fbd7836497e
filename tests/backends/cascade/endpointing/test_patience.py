"""Who is sure answers at once, who doubts waits; and more doubt never means a shorter wait."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.cascade.endpointing.patience import TurnConfig, patience

CONFIG = TurnConfig()
WHOLE = ["complete", "sentence", "unknown"]


@pytest.mark.parametrize("ending", WHOLE)
@given(lower=st.floats(0, 1), higher=st.floats(0, 1))
def test_the_likelier_the_end_the_shorter_the_wait(ending, lower, higher):
    lower, higher = sorted([lower, higher])

    assert patience(CONFIG, ending, lower) >= patience(CONFIG, ending, higher)


@pytest.mark.parametrize("ending", WHOLE)
def test_what_hardly_ever_ends_a_sentence_is_waited_for_like_a_list(ending):
    assert patience(CONFIG, ending, 0.1) == patience(CONFIG, "doubtful", None)


def test_a_statement_that_needs_no_more_is_answered_like_a_question():
    assert patience(CONFIG, "sentence", 0.6) == patience(CONFIG, "complete", None)


@pytest.mark.parametrize("ending", WHOLE)
def test_where_nobody_knows_the_rules_hold(ending):
    assert patience(CONFIG, ending, None) == patience(CONFIG, ending, 0.3)


@pytest.mark.parametrize(
    "ending", ["command", "wordless", "answer", "doubtful", "dictated", "unfinished"]
)
@given(closure=st.floats(0, 1))
def test_where_the_rules_are_sure_they_hold(ending, closure):
    assert patience(CONFIG, ending, closure) == patience(CONFIG, ending, None)


@pytest.mark.parametrize("ending", [*WHOLE, "answer", "doubtful"])
@given(lower=st.floats(0, 1), higher=st.floats(0, 1), closure=st.none() | st.floats(0, 1))
def test_the_more_the_voice_sounds_over_the_shorter_the_wait(ending, lower, higher, closure):
    lower, higher = sorted([lower, higher])

    longer, shorter = (patience(CONFIG, ending, closure, over) for over in (lower, higher))

    assert longer >= shorter


@pytest.mark.parametrize("ending", ["command", "wordless", "dictated", "unfinished"])
@given(over=st.floats(0, 1))
def test_where_the_words_are_sure_the_voice_changes_nothing(ending, over):
    assert patience(CONFIG, ending, None, over) == patience(CONFIG, ending, None)


def test_a_plain_answer_is_hardly_slowed_by_how_it_sounds():
    assert patience(CONFIG, "answer", None, 0.4) == patience(CONFIG, "answer", None)
    assert patience(CONFIG, "answer", None, 0.0) == CONFIG.end_silence_ms


@pytest.mark.parametrize("ending", WHOLE)
def test_words_that_sound_whole_wait_where_the_voice_stays_up(ending):
    assert patience(CONFIG, ending, 0.6, 0.3) == patience(CONFIG, "doubtful", None)


@pytest.mark.parametrize("ending", [*WHOLE, "doubtful"])
def test_a_voice_that_falls_clears_up_what_the_words_leave_in_doubt(ending):
    assert patience(CONFIG, ending, 0.1, 0.98) < patience(CONFIG, ending, 0.1)


@pytest.mark.parametrize("ending", [*WHOLE, "doubtful", "dictated", "unfinished"])
def test_whoever_wants_to_be_given_time_is_given_it(ending):
    slow = TurnConfig(end_silence_ms=2_500)

    assert patience(slow, "unfinished", None) == patience(slow, "doubtful", None) == 2_500
    assert patience(slow, ending, 0.1) == 2_500
    assert patience(slow, "doubtful", None, 1.0) == 2_500
