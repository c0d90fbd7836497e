"""Nobody wants to be answered in the middle of a sentence, or to wait after a whole one."""

from typing import get_args

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assistant.language.endings import Ending, ending

COMPLETE = [
    "What time is it?",
    "What are you looking at?",
    "Who is it for?",
    "Is it?",
    "Is the light on?",
    "What did you say?",
    "How much do you want?",
    "What is it like?",
    "Who did you give it to?",
    "Tell me a joke.",
    "Turn the lights on.",
    "Please turn it off.",
    "Okay, play some music.",
    "I was out all day. What's the news?",
    "what is the capital of France",
    "What can you tell me?",
    "Why not?",
    "What time is it in the place where you are?",
    "How are you getting on?",
    "how are you getting on",
    "When is that from?",
    "How many people are you with?",
    "Where did you get the dress from?",
    "What is the box made of?",
]
ANSWERS = [
    "Yes.",
    "Never mind.",
    "No, thank you.",
    "Yes, please.",
    "I don't know.",
    "Stop.",
    "Me too.",
    "Mm-hmm.",
]
SENTENCES = [
    "I had a long day.",
    "No, I am not.",
    "It was raining when I left the house.",
    "That's what I meant.",
    "I know what you mean.",
    "He told me that I can.",
]
UNFINISHED = [
    "I was thinking.",
    "I was thinking about",
    "Remind me too.",
    "I would like to.",
    "I'd like...",
    "What is the?",
    "What is the last?",
    "Set a timer for.",
    "Call me when.",
    "I like tea and.",
    "Because I don't.",
    "If it rains tomorrow.",
    "I live in.",
    "We went to a very.",
    "I want to talk to.",
    "Can you, um?",
    "How far is it from?",
    "When I was in.",
    "When we drove to.",
    "Who is the president of.",
    "In my opinion.",
    "Okay, so.",
    "Let me think.",
    "We need milk, eggs,",
    "I want",
    "Can you get?",
    "Tell me about",
    "Um, tell me.",
    "Could you give me",
    "Well, what is?",
    "And how are",
]


@pytest.mark.parametrize("text", COMPLETE)
def test_a_reply_is_due_to_a_question_or_a_request(text):
    assert ending(text) == "complete"


@pytest.mark.parametrize("text", ANSWERS)
def test_a_short_answer_is_all(text):
    assert ending(text) == "answer"


@pytest.mark.parametrize("text", SENTENCES)
def test_a_statement_is_whole_but_may_be_added_to(text):
    assert ending(text) == "sentence"


@pytest.mark.parametrize("text", UNFINISHED)
def test_what_owes_a_word_is_waited_for_whatever_mark_stands_after_it(text):
    assert ending(text) == "unfinished"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("My number is 555.", "dictated"),
        ("Five, five.", "dictated"),
        ("There are two reasons.", "doubtful"),
        ("Twenty.", "unknown"),
        ("the red one", "unknown"),
        ("", "unknown"),
        ("…", "unknown"),
    ],
)
def test_numbers_and_announcements_are_doubted(text, expected):
    assert ending(text) == expected


def test_a_word_or_two_that_the_recogniser_guessed_are_no_sentence():
    assert ending("Well armed.", confidence=-1.5) == "doubtful"
    assert ending("Yes.", confidence=-1.5) == "answer"
    assert ending("The boat left the harbour.", confidence=-1.5) == "sentence"


@pytest.mark.parametrize(
    ("text", "rivals", "expected"),
    [
        ("Turn off the lights end.", [("and", 0.07)], "doubtful"),
        ("What is that?", [("there", 0.07), ("the", 0.02)], "doubtful"),
        ("Do you remember that?", [("the", 0.27)], "unfinished"),
        ("We went to a vary.", [("very", 0.3), ("v", 0.1)], "unfinished"),
        ("We need milk eggs.", [(",", 0.28)], "doubtful"),
        ("Show me the weather.", [("whether", 0.01)], "complete"),
        ("How far away is the moon?", [("moon", 0.2)], "complete"),
        ("My favourite colour is green.", [("...", 0.26), (",", 0.08)], "sentence"),
        ("I was thinking about.", [("it", 0.3)], "unfinished"),
    ],
)
def test_a_word_that_owes_another_counts_even_where_it_is_not_the_likeliest(text, rivals, expected):
    assert ending(text, -0.2, tuple(rivals)) == expected


@given(st.text(st.sampled_from("aB ,.!?'’1-…"), max_size=14) | st.text(max_size=20))
@example("Hello. '.")
@example("Hello. ,.")
def test_whatever_the_recogniser_makes_of_noise_has_an_ending(text: str):
    assert ending(text) in get_args(Ending)
