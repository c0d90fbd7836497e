"""Who is cut off is waited for longer next time; who is quick is not slowed for ever."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.backends.cascade.endpointing.pacing import Narration, Pacing, SpeakerPace
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.registry import backend_options
from assistant.config.schema import Config
from assistant.frames import FRAME_SECONDS

CONFIG = TurnConfig()
STORY = "I went to the market yesterday and there was a man with a very large dog."


def turn(pacing: Pacing, begins: float, ends: float, wait: float = 352.0) -> float:
    """A statement that was over after that silence; returns how long was waited."""
    pacing.began(begins)
    pacing.words("I had a long day.", "sentence")
    waited = pacing.wait(wait, "sentence")
    pacing.over(ends, "sentence")
    return waited


def test_who_goes_on_after_the_end_is_waited_for_longer() -> None:
    pacing = Pacing(CONFIG)
    first = turn(pacing, 0, 2)
    second = turn(pacing, 2.9, 4)
    assert first == 352
    assert second > 420
    assert turn(pacing, 4.9, 6) > second


def test_who_comes_back_later_has_said_all() -> None:
    pacing = Pacing(CONFIG)
    turn(pacing, 0, 2)
    assert turn(pacing, 5, 6) == 352


def test_a_clock_that_begins_anew_teaches_nothing() -> None:
    pacing = Pacing(CONFIG, pace := SpeakerPace())
    pace.factor = 1.5
    turn(pacing, 60, 62)
    turn(pacing, 1, 3)
    assert pace.factor == 1.5


def test_who_replies_to_what_was_said_was_not_cut_off() -> None:
    pacing = Pacing(CONFIG)
    turn(pacing, 0, 2)
    for _ in range(round(1.2 / FRAME_SECONDS)):
        pacing.frame(speaking=True)
    assert turn(pacing, 4, 5) == 352


def test_a_command_is_never_slowed_and_teaches_nothing() -> None:
    pacing = Pacing(CONFIG, pace := SpeakerPace())
    pacing.began(0)
    pacing.words("Change to GLaDOS.", "command")
    pacing.wait(240, "command")
    pacing.over(1, "command")
    pacing.began(2)
    assert pace.factor == 1
    pace.factor = 2
    assert pacing.wait(240, "command") == pacing.wait(240, "wordless") == 240
    assert pacing.wait(352, "sentence") == 704


def test_whole_turns_make_it_quick_again() -> None:
    pacing = Pacing(CONFIG)
    turn(pacing, 0, 2)
    slow = turn(pacing, 3.2, 5)
    waits = [turn(pacing, at, at + 2) for at in range(10, 210, 10)]
    assert waits == sorted(waits, reverse=True)
    assert waits[0] < slow
    assert waits[-1] < 370


def test_a_pause_that_was_only_just_waited_out_keeps_it_slow() -> None:
    pace = SpeakerPace()
    pace.factor = 2.0
    pacing = Pacing(CONFIG, pace)
    for at in range(0, 100, 10):
        pacing.began(at)
        pacing.words("I had a long day.", "sentence")
        assert pacing.wait(352, "sentence") == pytest.approx(704)
        pacing.resumed(600)
        pacing.words("I had a long day at work.", "sentence")
        pacing.wait(352, "sentence")
        pacing.over(at + 3, "sentence")


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0.3, 10), st.floats(200, 2000)), max_size=30))
def test_nobody_waits_for_ever(turns: list[tuple[float, float, float]]) -> None:
    pacing, now = Pacing(CONFIG), 0.0
    for gap, length, wait in turns:
        waited = turn(pacing, now + gap, now + gap + length, wait)
        assert wait <= waited <= max(3_000, wait)
        now += gap + length


def test_it_is_remembered_and_readable(tmp_path: Path) -> None:
    file = tmp_path / "data" / "pauses.json"
    pace = SpeakerPace(file)
    assert not file.exists(), "nothing is known of who has not spoken"
    pace.needed(2.0)
    again = SpeakerPace(file)
    assert again.factor == pytest.approx(pace.factor, abs=0.01)
    assert json.loads(file.read_text()) == {"factor": pytest.approx(pace.factor, abs=0.01)}
    file.unlink()
    assert SpeakerPace(file).factor == 1


def test_without_a_file_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    SpeakerPace().needed(2.0)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"factor": null}', '{"factor": NaN}', '{"factor": -3}', '"x"', "{}"]
)
def test_a_file_that_makes_no_sense_is_none(tmp_path: Path, content: str) -> None:
    file = tmp_path / "pauses.json"
    file.write_text(content)
    assert SpeakerPace(file).factor == 1


def test_a_file_cannot_make_it_wait_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "pauses.json"
    file.write_text('{"factor": 1e9}')
    assert SpeakerPace(file).factor < 3


def test_a_disk_that_takes_nothing_does_not_end_the_turn(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    SpeakerPace(tmp_path / "data" / "pauses.json").needed(2.0)


# -- stories -------------------------------------------------------------------------------------


def told(pacing: Pacing, text: str, ending: str = "sentence") -> float:
    pacing.words(text, ending)
    return pacing.wait(352, ending)


def test_who_tells_a_story_is_let_finish() -> None:
    pacing = Pacing(CONFIG)
    pacing.began(0)
    assert told(pacing, f"{STORY} {STORY}") == 352, "without a pause it may be all"
    pacing.resumed(300)
    assert told(pacing, f"{STORY} {STORY} It was white.") == CONFIG.narration_silence_ms


def test_a_question_at_the_end_of_a_story_is_answered_at_once() -> None:
    pacing = Pacing(CONFIG)
    pacing.began(0)
    told(pacing, f"{STORY} {STORY}")
    pacing.resumed(300)
    assert told(pacing, f"{STORY} {STORY} What do you think?", "complete") == 352


def test_long_statements_one_after_the_other_are_a_story_and_short_turns_end_it() -> None:
    narration = Narration()

    def turn(text: str, ending: str) -> bool:
        narration.began(went_on=False)
        tells = narration.tells(text, ending)
        narration.over(ending)
        return tells

    assert [turn(STORY, "sentence") for _ in range(3)] == [False, False, True]
    assert not turn("That was it.", "sentence")
    assert not turn(STORY, "sentence")
    assert not turn("Tell me a joke.", "complete")
    assert not turn(STORY, "sentence")


def test_little_gaps_between_words_are_no_pauses_of_a_story() -> None:
    pacing = Pacing(CONFIG)
    pacing.began(0)
    for _ in range(4):
        told(pacing, f"{STORY} {STORY}")
        pacing.resumed(150)
    assert told(pacing, f"{STORY} {STORY}") == 352


# -- whether it is remembered --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "kept"),
    [
        ({}, True),
        ({"memory": {"enabled": False}}, False),
        ({"memory": {"private": True}}, False),
        ({"memory": {"encryption": "passphrase"}}, False),
        ({"session": {"save": False}}, False),
    ],
)
def test_nothing_is_remembered_of_who_wants_nothing_kept(
    settings: dict[str, object], kept: bool
) -> None:
    options = backend_options("cascade", Config.model_validate(settings))
    assert options.get("keep_pauses", False) is kept
