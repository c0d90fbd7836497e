"""A request to which nothing can be added ends the user's turn at once; whoever may go on is not
cut off."""

from __future__ import annotations

import pytest

from assistant.language.endings import ending
from assistant.language.intents import IntentRouter
from tests.skills.test_requests import ALONE, ORDINARY, REQUESTS, SKILLS

ROUTER = IntentRouter([])


@pytest.mark.parametrize(
    "words",
    ["flip a coin", "Please roll two dice.", "is my microphone on", "When is my next alarm?",
     "cancel all timers", "add milk and eggs to my shopping list", "clear my to-do list",
     "stop the stopwatch", "do I have any alarms set", "when is Easter"],
)  # fmt: skip
def test_a_whole_request_ends_the_turn(words: str) -> None:
    assert ROUTER.is_complete_command(words)
    assert SKILLS.call(words) or ALONE.call(words)


@pytest.mark.parametrize(
    "words",
    ["set a timer for ten minutes", "set a timer", "set an alarm for seven", "add milk",
     "add milk and eggs", "remind me to call Ada", "remind me to call Ada at nine", "snooze",
     "cancel the timer", "wake me at seven", "put bread", "spell necessary", "how many miles",
     "remind me every day", "add milk to my"],
)  # fmt: skip
def test_what_may_go_on_is_waited_for(words: str) -> None:
    assert not ROUTER.is_complete_command(words)


def beginnings(sentence: str) -> list[str]:
    words = sentence.split()
    return [" ".join(words[:end]) for end in range(1, len(words))]


def test_no_sentence_is_cut_where_it_was_not_before() -> None:
    """The beginning of a longer one may look like a request; then the rules for ends of sentences
    must have taken it for whole already."""
    sentences = [*ORDINARY, *(words for words, _, _ in REQUESTS)]
    cut = [
        (start, sentence)
        for sentence in sentences
        for start in beginnings(sentence)
        if ROUTER.is_complete_command(start)
        and (call := SKILLS.call(start)) is not None
        and call != SKILLS.call(sentence)  # nothing but politeness follows
        and ending(start, -0.2, ()) not in ("complete", "command")
    ]
    assert cut == []


def test_nothing_ordinary_is_a_whole_request() -> None:
    told = [each for each in ORDINARY if ROUTER.is_complete_command(each)]
    assert told == []
