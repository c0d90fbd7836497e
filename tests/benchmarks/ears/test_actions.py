"""What a recording is to start, and whether it is that which was started."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.frames import SpokenNames
from assistant.language.command_patterns import SpokenCommand
from benchmarks.ears.actions import ActionReader, is_expected
from benchmarks.ears.manifest import ClipEntry, read_events

READER = ActionReader([SpokenNames(slug="glados", name="GLaDOS")])


def expected(text, events=""):
    return READER.expected(ClipEntry(Path("a.wav"), text, read_events(events), "", "tuning"))


@pytest.mark.parametrize(
    ("said", "heard", "right"),
    [
        ("set a timer for ten minutes", "Set a timer for 10 minutes.", True),
        ("set a timer for fifteen minutes", "Set a timer for 50 minutes.", False),
        ("change to GLaDOS", "Change to GLaDOS!", True),
        ("change to GLaDOS", "stop", False),
        ("I like tea", "stop", False),
    ],
)
def test_the_text_says_what_a_recording_is_to_start(said, heard, right):
    call = READER.read(heard)

    assert call is not None
    assert is_expected(call, expected(said)) is right


@pytest.mark.parametrize(
    ("written", "right"),
    [("change_theme", True), ("change_theme:glados", True), ("change_theme:hal", False),
     ("stop", False)],
)  # fmt: skip
def test_an_action_that_is_written_down_counts_and_its_argument_where_there_is_one(written, right):
    call = SpokenCommand("change_theme", {"persona_name": "GLaDOS"})

    assert is_expected(call, expected("anything", f"action={written}")) is right


@pytest.mark.parametrize("events", ["action=none", "kind=cough"])
def test_what_is_to_start_nothing_starts_nothing_whatever_it_sounds_like(events):
    assert expected("stop", events) is None
    assert expected("stop") is not None
