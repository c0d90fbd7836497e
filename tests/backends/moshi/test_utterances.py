"""What is heard and read of a model that never stops putting out frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.backends.moshi.utterances import LONGEST_SOUND, PRE_ROLL, REST
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SAMPLES,
    AgentText,
    AudioOut,
    UtteranceEnded,
)
from tests.backends.moshi.fake_engine import VOICED_FRAMES, Studio

CALL = 'TOOL_CALL: {"name": "change_theme", "arguments": {"persona_name": "GLaDOS"}}'


@pytest.fixture
def studio() -> Studio:
    return Studio()


def test_words_come_with_spaces_as_a_transcript_joins_them(studio: Studio) -> None:
    studio.script(5, "▁Good", 2, "▁even", "ing", ",", 4, "▁sir", ".")
    studio.push(50)
    assert studio.words() == ["Good", " evening,", " sir."]


def test_a_words_place_is_where_it_sounds(studio: Studio) -> None:
    studio.script(5, "▁Good", 6, "▁evening", 20)
    studio.push(50)
    good, evening = studio.of(AgentText)
    assert good.start == PRE_ROLL * FRAME_SAMPLES, "the frames before it are no part of it"
    assert evening.start == (PRE_ROLL + 7) * FRAME_SAMPLES
    assert good.start < good.end <= evening.start < evening.end
    sound = studio.sound()
    assert sound[good.start] > 0, "the word's own frame sounds"
    assert evening.end <= studio.ended()[good.utterance]


def test_between_utterances_nothing_is_sent_and_nothing_of_them_is_cut(studio: Studio) -> None:
    studio.script(20, "▁One", 60, "▁two", 60)
    studio.push(20)
    assert studio.of(AudioOut) == []
    studio.push(130)
    assert [event.utterance for event in studio.of(UtteranceEnded)] == [
        FIRST_OWN_UTTERANCE,
        FIRST_OWN_UTTERANCE + 1,
    ]
    assert len(studio.made_at()) == 2 * VOICED_FRAMES
    for number, samples in studio.ended().items():
        assert samples == studio.sound(number).size
        assert samples == (PRE_ROLL + VOICED_FRAMES + REST) * FRAME_SAMPLES


def test_a_hum_without_words_is_heard_from_its_beginning(studio: Studio) -> None:
    studio.model.hums = lambda step: 30 <= step < 40
    studio.push(80)
    assert studio.made_at() == list(range(30, 40))
    assert studio.words() == []
    assert len(studio.ended()) == 1


def test_a_hum_that_never_ends_does_not_speak_for_ever(studio: Studio) -> None:
    studio.model.hums = lambda step: step >= 30
    studio.push(300)
    assert len(studio.ended()) == 1
    assert len(studio.made_at()) <= LONGEST_SOUND + PRE_ROLL


def test_a_click_is_no_utterance(studio: Studio) -> None:
    studio.model.hums = lambda step: step == 30
    studio.push(80)
    assert studio.of(AudioOut) == []


def test_interruption_is_silent_at_once_and_stays_so(studio: Studio) -> None:
    studio.script(5, *["▁word", 1] * 30)
    studio.push(20)
    number = FIRST_OWN_UTTERANCE
    assert number not in studio.ended()
    studio.backend.interrupt()
    heard = studio.sound().size
    assert studio.ended() == {number: heard}
    before = len(studio.model.columns)
    studio.push(6)
    assert studio.sound().size == heard
    forced = list(studio.model.columns)[before:]
    assert all((column == forced[0]).all() for column in forced), "the codes of silence"
    assert studio.ended() == {number: heard}


def test_a_call_is_told_and_not_heard(studio: Studio) -> None:
    studio.script(5, "▁Right", 3, "▁TOOL", "_CALL", ":", 1, '▁{"name":', '▁"x"', "}", 40)
    studio.push(80)
    assert studio.calls() == ['TOOL_CALL: {"name": "x"}']
    assert studio.said() == "Right"
    last = 6 + VOICED_FRAMES - 1
    assert studio.made_at() == list(range(6, last + 1)), "sound of the call was heard"


def test_an_utterance_that_is_only_a_call_has_no_sound_at_all(studio: Studio) -> None:
    studio.script(5, *list("▁" + CALL.replace(" ", "▁")), 40)
    studio.push(200)
    assert studio.calls() == [CALL]
    assert studio.of(AudioOut) == []
    assert studio.of(AgentText) == []


def test_a_call_that_cannot_be_read_is_told_as_it_was_written(studio: Studio) -> None:
    studio.script(5, "▁TOOL_CALL:", '▁{"name":', "▁oops", "}", 40)
    studio.push(80)
    (text,) = studio.calls()
    assert text.startswith("TOOL_CALL:")
    assert "oops" in text
    assert studio.of(AudioOut) == []


def test_a_call_that_breaks_off_is_told_after_a_while(studio: Studio) -> None:
    studio.script(5, "▁TOOL_CALL:", '▁{"name":', 200, "▁Sorry", ".", 40)
    studio.push(300)
    assert len(studio.calls()) == 1
    assert studio.said() == "Sorry."


def test_what_only_looks_like_the_beginning_of_a_call_is_heard_in_full(studio: Studio) -> None:
    studio.script(5, "▁TOO", "L", "BOX", 3, "▁Mister", "▁T", 30)
    studio.push(80)
    assert studio.calls() == []
    assert studio.said() == "TOOLBOX Mister T"
    assert studio.made_at() == list(range(6, 17)), "in order, without a gap"


@settings(max_examples=60, deadline=None)
@given(
    cuts=st.sets(st.integers(1, len(CALL)), max_size=25),
    pauses=st.lists(st.integers(0, 2), min_size=30, max_size=30),
    before=st.sampled_from(["", "▁Certainly,▁sir.", "▁The▁tool▁T"]),
    after=st.sampled_from(["", "▁Done."]),
)
def test_a_call_is_never_heard_wherever_its_tokens_are_cut(
    cuts: set[int], pauses: list[int], before: str, after: str
) -> None:
    studio = Studio()
    text = "▁" + CALL.replace(" ", "▁")
    edges = [0, *sorted(cuts), len(text)]
    call: list[str | int] = []
    for begin, end, pause in zip(edges, edges[1:], pauses, strict=False):
        call += [text[begin:end], pause]
    if not call[-2].endswith("}"):  # type: ignore[union-attr]
        call.append(text[edges[len(call) // 2] :])
    studio.script(5, *[before][: len(before)], 5, *call, 12, *[after][: len(after)], 60)
    first = 5 + bool(before) + 5
    length = sum(piece if isinstance(piece, int) else 1 for piece in call)
    studio.push(300)
    assert studio.calls() == [CALL]
    spoken = (before + after).replace("▁", " ").split()
    assert " ".join(studio.words()).split() == spoken
    assert not [step for step in studio.made_at() if first < step <= first + length]


def test_sound_is_sent_frame_by_frame_as_it_is_made(studio: Studio) -> None:
    studio.script(5, "▁Hello", 4, "▁there")
    for _ in range(20):
        before = studio.sound().size
        studio.push(1)
        assert studio.sound().size - before in (0, FRAME_SAMPLES, (PRE_ROLL + 1) * FRAME_SAMPLES)
    assert np.isfinite(studio.sound()).all()
