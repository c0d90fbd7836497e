"""What the user says of himself tells how he is; the same words of others tell nothing."""

from __future__ import annotations

import pytest

from assistant.emotion.feeling import KINDS
from assistant.emotion.words import NOTHING, REPEATED, read
from benchmarks.emotion.sentences import load, score
from tests.language.growth import grows_with_its_length


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("frustrated", "I already told you, the one in the kitchen"),
        ("frustrated", "how many times do i have to say it"),
        ("frustrated", "No, I said Berlin, not Bern."),
        ("frustrated", "This stupid thing doesn't work again!"),
        ("excited", "I got the job!"),
        ("excited", "guess what we are having a baby"),
        ("confused", "Wait, what? I don't get it."),
        ("confused", "that went right over my head"),
        ("tired", "I haven't slept in two days"),
        ("tired", "i am so exhausted i can't keep my eyes open"),
        ("sad", "My grandmother died last night."),
        ("sad", "nobody ever calls me"),
        ("calm", "Take your time, there's no hurry."),
    ],
)
def test_a_feeling_is_told_by_what_people_say_when_they_have_it(kind: str, text: str) -> None:
    found = read(text)

    assert found.kind == kind
    assert found.signs[0].reason.startswith("said “")


@pytest.mark.parametrize(
    "text",
    [
        "I'm not tired",
        "I am not sad at all, really",
        "She was so sad in the film",
        "He said I am tired",
        "my brother says he's exhausted",
        "“I'm so lonely”, she wrote",
        'The song is called "I am so tired"',
        "play I'm so tired by the Beatles",
        "If I'm tired tomorrow, wake me later",
        "when I'm sad I listen to jazz",
        "Tell my boss I'm exhausted",
        "are you tired of answering",
        "What does frustrated mean?",
        "I was lonely as a kid",
        "My phone died",
        "I'm tired of pasta",
        "the colours are red, green and blue",
        "I have no idea what the capital of Laos is, tell me",
        "what time is it",
        "",
    ],
)
def test_words_of_others_of_other_times_and_their_denial_tell_nothing(text: str) -> None:
    assert read(text).kind is None


def test_a_request_that_is_made_again_and_again_was_not_heard() -> None:
    request = "turn the radio in the kitchen off"

    once, twice = (
        read(request, [request]),
        read(request, [request, "Turn the radio in the kitchen off!"]),
    )

    assert once.kind is None
    assert once.signs[0].name == REPEATED
    assert twice.kind == "frustrated"


def test_short_orders_may_be_given_as_often_as_one_likes() -> None:
    assert read("louder", ["louder", "louder"]) == NOTHING


def test_a_mild_correction_counts_with_an_exclamation_or_a_second_sign() -> None:
    assert read("That's wrong").kind is None
    assert read("That's wrong!").kind == "frustrated"
    assert read("That's wrong, this is ridiculous").kind == "frustrated"


def test_a_cue_that_was_wrong_for_this_user_weighs_less() -> None:
    assert read("I miss my brother").kind == "sad"
    assert (
        read("I miss my brother", weigh=lambda name: 0.5 if name == "sad: loss" else 1).kind is None
    )


def test_most_of_our_own_sentences_are_read_and_neutral_ones_left_alone() -> None:
    for sentences in load().values():
        found = score(sentences)

        assert set(found.total) == set(KINDS)
        assert found.recall >= 0.7
        assert found.alarms <= 0.05


def test_whatever_is_typed_is_read() -> None:
    for text in ("!!!", "“", "a" * 5_000, "I am so " * 400, "\x00\u202e(((", "no " * 300):
        read(text, [text])


@pytest.mark.parametrize(
    "words", ["so", "i am so", "and i am", "no i said", "you are not", "it is", "a little bit"]
)
def test_a_long_turn_takes_no_longer_than_its_length(words: str) -> None:
    assert grows_with_its_length(read, f"{words} " * 20, f"{words} " * 200)
