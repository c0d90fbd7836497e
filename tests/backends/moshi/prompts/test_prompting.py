"""Persona prompts: which token stands where."""

from __future__ import annotations

import numpy as np
import pytest

from assistant.backends.moshi.prompts.prompting import (
    SILENCE,
    SILENT_FRAMES,
    SINE,
    EmbeddedVoice,
    context_plan,
    persona_prompt,
    system_text,
)

DELAYS = (0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1)
VOICE = [np.arange(8) + 10 * n for n in range(3)]


def test_a_prompt_is_voice_silence_text_silence() -> None:
    plan = persona_prompt(VOICE, [40, 41])
    assert len(plan) == 3 + SILENT_FRAMES + 2 + SILENT_FRAMES
    assert [plan.text(p) for p in (0, 8, 9, 10, 11)] == [3, 3, 40, 41, 3]
    assert plan.text(len(plan)) is None
    assert list(plan.frames[2].agent) == list(VOICE[2])
    assert all((frame.agent == SILENCE).all() for frame in plan.frames[3:])
    assert all((frame.user == SINE).all() for frame in plan.frames)


def test_a_column_mixes_frames_by_their_delays() -> None:
    plan = persona_prompt(VOICE, [40])
    column = plan.agent_column(2, DELAYS[1:9])
    assert column[0] == VOICE[2][0]
    assert list(column[1:]) == list(VOICE[1][1:])
    last = plan.agent_column(len(plan), DELAYS[1:9])
    assert last[0] == -1, "the first codebook of the frame after the prompt is free"
    assert list(last[1:]) == list(SILENCE[1:])


def test_the_table_starts_with_initial_tokens_and_ends_before_the_last_position() -> None:
    plan = persona_prompt(VOICE, [40, 41])
    table = plan.columns(DELAYS, text_initial=256, audio_initial=2048)
    assert table.shape == (17, len(plan) - 1)
    assert table[0, 0] == 256
    assert (table[1:, 0] == 2048).all()
    assert table[1, 1] == VOICE[1][0]
    assert (table[2:9, 1] == 2048).all()
    for position in range(2, len(plan) - 1):
        assert table[0, position] == plan.text(position)
        assert (table[1:9, position] == plan.agent_column(position, DELAYS[1:9])).all()
        assert table[9, position] == SINE[0]


def test_context_is_silence_with_words() -> None:
    plan = context_plan([40, 41])
    assert [frame.text for frame in plan.frames] == [40, 41, 3]
    assert all((frame.agent == SILENCE).all() for frame in plan.frames)


@pytest.mark.parametrize(
    "text", ["You are wise.", "  You are\n wise. ", "<system> You are wise. <system>"]
)
def test_system_text_is_wrapped_once(text: str) -> None:
    assert system_text(text) == "<system> You are wise. <system>"


def test_an_embedded_voice_comes_first_and_says_what_follows_it() -> None:
    following = np.arange(34).reshape(17, 2)
    voice = EmbeddedVoice(np.zeros((5, 64), np.float32), following)
    plan = persona_prompt(voice, [40])
    assert plan.start == 5
    assert len(plan) == 5 + 1 + SILENT_FRAMES + 1 + SILENT_FRAMES
    table = plan.columns(DELAYS, text_initial=256, audio_initial=2048)
    assert (table[:, 0] == following[:, 0]).all(), "the position after the voice is known already"
    delayed = np.array(DELAYS) == 1
    assert (table[delayed, 1] == following[delayed, 1]).all(), "… and of the next what is late"
    assert table[1, 1] == SILENCE[0]
    assert (table[1:9, 2] == SILENCE).all()
    assert table[0, 1 + SILENT_FRAMES] == 40
