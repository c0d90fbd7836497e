from __future__ import annotations

import numpy as np

from assistant.audio.levels import rising_chime
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    FirstSample,
    Notice,
    StateChanged,
    TurnEnded,
    TurnStarted,
)
from tests.session.conftest import EnterRoom


async def test_a_test_sound_is_heard_and_is_nobodys_turn(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.events.clear()
    for _ in range(2):
        room.session.play_test_sound()
        heard = await room.play(1.0)
        chime = rising_chime()
        assert np.corrcoef(heard[: chime.size], chime)[0, 1] > 0.99
    assert room.names(TurnStarted, TurnEnded, AgentSaid, FirstSample, StateChanged, Notice) == []
    assert room.history() == []
    assert room.transcript() == ""
    assert room.session.last_answer == ""


async def test_a_test_sound_does_not_talk_over_an_answer(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.session.say("Good evening.")
    await room.calm()
    answer = room.audio.playback.queued
    assert answer > 0
    room.session.play_test_sound()
    assert room.audio.playback.queued == answer


async def test_the_volume_holds_for_a_test_sound(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.session.set_volume(0.5)
    await room.play(0.5)
    room.session.play_test_sound()
    heard = await room.play(1.0)
    assert abs(np.abs(heard).max() - 0.5 * np.abs(rising_chime()).max()) < 0.01


async def test_the_chime_begins_and_ends_without_a_click_and_rises() -> None:
    chime = rising_chime()
    assert chime.dtype == np.float32
    assert abs(chime[0]) < 1e-3
    assert abs(chime[-1]) < 1e-3
    assert np.abs(np.diff(chime)).max() < 0.15
    dependencies = np.array_split(chime[: round(0.42 * 24_000)], 3)
    pitches = [int(np.argmax(np.abs(np.fft.rfft(part, 24_000)))) for part in dependencies]
    assert pitches == sorted(pitches)


async def test_what_was_lost_is_a_warning_and_what_is_back_is_not(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.session.sound.problem("The microphone is gone.", "It is taken up again.")
    room.session.sound.problem("Sound is back: Headset.", "")
    assert [notice.severity for notice in room.of(Notice)] == ["warning", "information"]
    assert len(room.of(AudioChanged)) >= 2
