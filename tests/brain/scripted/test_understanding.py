"""What a person says is taken for what they meant, or honestly for nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.brain.scripted import understand
from assistant.brain.scripted.understanding import MAX_INTENTS, VAGUE
from tests.brain.scripted.utterances import TABLE

NAMES = ["JARVIS", "Jarvis"]


def meaning(text: str) -> str:
    return " + ".join(part.intent for part in understand(text, NAMES))


@pytest.mark.parametrize(("text", "expected"), TABLE.items(), ids=list(TABLE))
def test_utterance_means_what_was_meant(text: str, expected: str) -> None:
    assert meaning(text) == expected


def test_table_is_wide_enough_to_mean_something() -> None:
    assert len(TABLE) >= 150
    assert sum(expected in VAGUE for expected in TABLE.values()) >= 40


@pytest.mark.parametrize(("text", "expected"), TABLE.items(), ids=list(TABLE))
def test_punctuation_and_capitals_do_not_matter(text: str, expected: str) -> None:
    """A recogniser may give neither, but for names a capital letter is all there is."""
    if " + " in expected or any(c.isdigit() for c in text) or expected in VAGUE:
        return
    bare = "".join(c for c in text.lower() if c.isalnum() or c in " '")
    assert meaning(bare) == expected


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("My name is Ada Lovelace.", "Ada Lovelace"),
        ("my name is ada", "Ada"),
        ("MY NAME IS ADA", "Ada"),
        ("My name is Ada, nice to meet you.", "Ada"),
        ("i'm tom and i live in oslo", "Tom"),
        ("The name's Bond.", "Bond"),
        ("I am Siobhán.", "Siobhán"),
        ("Call me Mr. Fox", None),
        ("I'm Tired.", None),
        ("I'm Dutch.", None),
        ("I'm Going.", None),
        ("I'M TIRED", None),
        ("I'm peckish", None),
        ("call me later", None),
        ("call me back please", None),
        ("call me when you can", None),
    ],
)
def test_a_name_is_taken_only_where_one_was_given(text: str, name: str | None) -> None:
    told = [part.slots["name"] for part in understand(text, NAMES) if part.intent == "name_told"]
    assert told == ([name] if name else [])


@pytest.mark.parametrize(
    ("text", "fact"),
    [
        ("My parrot is called bruno", "your parrot is called Bruno"),
        ("My parrot's name is Bruno.", "your parrot is called Bruno"),
        ("I have a parrot named Bruno", "your parrot is called Bruno"),
        ("my cats are called Tom and Jerry", "your cats are called Tom and Jerry"),
        ("I live in New York.", "you live in New York"),
        ("I was born in 1980", "you were born in 1980"),
        ("Remember that I'm allergic to nuts.", "you are allergic to nuts"),
        ("remember that you are my friend", "I am your friend"),
        ("My favorite color is Green.", "your favourite colour is Green"),
        ("our house is near the river", "your house is near the river"),
    ],
)
def test_facts_are_said_back_to_the_user(text: str, fact: str) -> None:
    (part,) = understand(text, NAMES)
    assert (part.intent, part.slots["fact"]) == ("fact_told", fact)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("what day is it tomorrow", "1"),
        ("What's the date the day after tomorrow?", "2"),
        ("what day was it three days ago", "-3"),
        ("what date will it be in 10 days", "10"),
        ("What was yesterday's date?", "-1"),
    ],
)
def test_other_days_are_counted_from_today(text: str, offset: str) -> None:
    (part,) = understand(text, NAMES)
    assert (part.intent, part.slots.get("offset")) == ("date", offset)


@given(st.text(max_size=300))
def test_any_text_is_answered_with_something_and_never_fails(text: str) -> None:
    found = understand(text, NAMES)
    assert 1 <= len(found) <= MAX_INTENTS


_VOCABULARY = (
    "what is the my name time and i am you not it a called to of jarvis plus nine 7 forget ,"
)


@given(st.lists(st.sampled_from(_VOCABULARY.split()), max_size=25).map(" ".join))
def test_any_order_of_common_words_is_understood_somehow(text: str) -> None:
    assert 1 <= len(understand(text, NAMES)) <= MAX_INTENTS


def test_a_stammer_does_not_hold_up_the_conversation() -> None:
    """It took twice as long for every "and" more: minutes for this, in the event loop."""
    assert meaning("yes and " * 19 + "purple elephants").startswith("not_understood")


def test_a_very_long_turn_is_taken_at_its_beginning() -> None:
    assert meaning("what time is it? " + "and so on " * 5_000).startswith("time")
