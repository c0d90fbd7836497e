"""How the user is over several turns: not every word counts, and he has the last one."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.emotion.corrections import CueWeights, corrected
from assistant.emotion.feeling import Feeling
from assistant.emotion.response import NEUTRAL, observation, prosody_for
from assistant.emotion.watch import FeelingWatch
from tests.emotion.test_speaker import RAISED, USUAL, like

PLAIN = ["what time is it", "set a timer for tea", "tell me about trains", "how far is it", "good"]


def used_to() -> FeelingWatch:
    """Knows the user's voice."""
    watch = FeelingWatch()
    for number, text in enumerate(PLAIN):
        watch.take(text, like(USUAL, 0.2 * number))
    return watch


def test_a_clear_word_counts_at_once_and_is_over_after_two_turns() -> None:
    watch = FeelingWatch()

    outcome = watch.take("I'm so exhausted")

    assert outcome.now is not None
    assert outcome.now.kind == "tired"
    assert watch.take("what time is it").now == Feeling(
        "tired", 0.0, outcome.now.confidence, outcome.now.cues, held=True
    )
    assert watch.take("set a timer").now is None


def test_a_raised_voice_alone_takes_two_turns_and_tells_no_kind() -> None:
    watch = used_to()

    first, second = watch.take("open the window", RAISED), watch.take("close the door", RAISED)

    assert first.now is None
    assert second.now is not None
    assert second.now.kind is None
    assert second.now.aroused
    assert second.now.cues == ("a raised voice",)


def test_weak_words_in_a_raised_voice_are_believed() -> None:
    text = "That's wrong"

    assert FeelingWatch().take(text).now is None
    outcome = used_to().take(text, RAISED)
    # The voice makes it sure enough to be told, the next turn that it stays.
    assert outcome.heard is not None
    assert outcome.heard.kind == "frustrated"
    assert "a raised voice" in outcome.heard.cues


def test_turns_of_feeling_are_no_measure_of_the_usual_voice() -> None:
    watch = FeelingWatch()
    for text in ("I'm furious", "This is ridiculous", "I've had enough", "I'm so angry", "ugh no"):
        watch.take(text, RAISED)
    for text in PLAIN[:4]:
        watch.take(text, USUAL)

    assert watch.take("open the window", RAISED).heard is None  # four usual turns are too few


@pytest.mark.parametrize(
    "text",
    [
        "I'm not tired",
        "No, I'm not tired at all.",
        "that's not how I feel",
        "Don't say I'm tired",
        "I am not sleepy, just bored",
    ],
)
def test_who_says_that_he_does_not_feel_so_is_believed(text: str) -> None:
    watch = FeelingWatch()
    watch.take("I need to lie down")

    outcome = watch.take(text)

    assert outcome.taken_back
    assert outcome.was == "tired"
    assert outcome.now is None
    assert watch.take("I need to lie down").now is None  # it has learnt


def test_nothing_is_taken_back_that_nobody_thought() -> None:
    watch = FeelingWatch()

    assert not watch.take("I'm not tired").taken_back
    assert not corrected("I'm not tired", "sad")


def test_what_was_wrong_is_remembered_without_a_word_of_it(tmp_path: Path) -> None:
    file = tmp_path / "feelings.json"
    watch = FeelingWatch(CueWeights(file))
    watch.take("I miss my brother")
    watch.take("that's not how I feel")

    assert "brother" not in file.read_text("utf-8")
    assert FeelingWatch(CueWeights(file)).take("I miss my brother").now is None

    watch.forget()

    assert not file.exists()
    assert watch.take("I miss my brother").now is not None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"weights": 3}', b'{"weights": {"sad: loss": "x"}}', b"\xff"]
)
def test_a_broken_file_is_no_memory(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "feelings.json"
    file.write_bytes(content)

    assert not CueWeights(file)


def test_where_nothing_can_be_written_it_is_known_as_long_as_the_program_runs(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").write_text("")
    weights = CueWeights(tmp_path / "file" / "feelings.json")

    weights.doubt(["sad: loss"])

    assert weights("sad: loss") < 1


def test_what_may_be_the_whole_turn_changes_nothing_yet() -> None:
    watch = FeelingWatch()

    foreseen = watch.foresee("I'm so exhausted")

    assert foreseen is not None
    assert foreseen.kind == "tired"
    assert watch.now is None


def test_arousal_alone_changes_at_most_the_pace() -> None:
    prosody = prosody_for(Feeling(None, 0.9, 0.9))

    assert prosody.rate != 1
    assert (prosody.pitch, prosody.pauses, prosody.gain) == (0, 1, 0)
    assert prosody_for(None) == NEUTRAL
    assert observation(Feeling(None, 0.9, 0.9)) == ""


def test_a_model_is_told_what_was_noticed_and_why() -> None:
    line = observation(Feeling("frustrated", 0, 0.8, ("said “I already told you”",)))

    assert line.startswith("The user sounds frustrated (said “I already told you”). Be calm")
