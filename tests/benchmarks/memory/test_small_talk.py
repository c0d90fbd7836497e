"""A long day of small talk leaves what was told and nothing else."""

from __future__ import annotations

from datetime import datetime

import pytest

from assistant.memory.base import Memory
from assistant.memory.extraction.junk import junk
from benchmarks.memory.small_talk import small_talk
from benchmarks.memory.talk import measure_small_talk


@pytest.mark.parametrize("seed", [1, 7])
def test_a_thousand_turns_leave_little_and_no_junk(seed: int) -> None:
    report = measure_small_talk(1000, seed)
    assert report.turns == 1000
    assert 20 <= report.facts <= 90
    assert report.junk == []
    assert report.wrong == []
    assert report.recall >= 0.9, report.missed
    assert "1000 turns" in report.lines()[0]


def test_the_same_seed_is_the_same_talk() -> None:
    assert list(small_talk(50, 3)) == list(small_talk(50, 3))
    assert list(small_talk(50, 3)) != list(small_talk(50, 4))


@pytest.mark.parametrize(
    ("text", "said", "rule"),
    [
        ("What is the user's name?", "what is my name", "question"),
        ("The user is hungry.", "I'm hungry", "moment"),
        ("The user loves it.", "I love it", "dangling"),
        ("It was great.", "It was great", "dangling"),
        ("The user might move to Oslo.", "I might move to Oslo", "doubtful"),
        ("The user is a baker.", "In the film I am a baker", "doubtful"),
        ("Hello to the user.", "hello", "manners"),
        ("The user likes the assistant's voice.", "I like your voice", "assistant"),
        ("I live in Oslo.", "I live in Oslo", "person"),
        ("The user's password is hunter2.", "my password is hunter2", "secret"),
        ("The user owns a castle in Spain.", "Good morning to you", "invented"),
        ("The user lives in the.", "I live in the", "broken"),
        ("The user is.", "I am", "broken"),
        ("The user has.", "I have", "empty"),
        ("The user lives in Oslo.", "I live in Oslo", "repeated"),
        ("The user's parrot is called Picasso.", "my parrot is called Picasso", ""),
        ("The user has a talk on Friday, 27 November 2026.", "I have a talk on Friday", ""),
    ],
)
def test_a_reader_would_call_it_junk_for_this_reason(text: str, said: str, rule: str) -> None:
    now = datetime(2026, 11, 21).astimezone()
    earlier = Memory("a/1", "The user lives in Oslo.", "personal", now, "jarvis", 1, "a")
    memory = Memory("a/2", text, "personal", now, "jarvis", 2, "a")
    assert junk(memory, said, [earlier]) == rule
