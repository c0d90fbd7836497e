"""How far an answer has been heard is told word by word, by what was really played."""

from __future__ import annotations

import numpy as np

from assistant.audio.files import NullAudio
from assistant.backends.wire import encode_pcm
from assistant.brain.base import Piece
from assistant.frames import FRAME_SAMPLES, AgentText, AudioOut
from assistant.loops import BackgroundTasks
from assistant.session.event_bus import EventBus
from assistant.session.events import AgentSaid, AnswerProgress, FirstSample
from assistant.session.turns.agent_turn import ProgressTeller
from assistant.session.turns.playback_tracker import PlaybackTracker
from tests.fakes import FakeBrain, until
from tests.session.conftest import EnterRoom

ANSWER: Piece = "One two three four five."


async def test_each_word_is_told_as_it_begins_and_none_before(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain([ANSWER]))
    await room.speak("Count to five for me, slowly.")
    assert not room.of(AnswerProgress)
    await room.play(0.24)  # each word of the fake voice takes 0.1 s
    begun = [event.words for event in room.of(AnswerProgress)]
    assert begun == sorted(set(begun))
    assert begun[-1] in (2, 3)
    await room.listen_to_the_end()
    assert max(event.words for event in room.of(AnswerProgress)) <= 5
    turn = room.of(AgentSaid)[-1].turn
    assert {event.turn for event in room.of(AnswerProgress)} == {turn}


async def test_what_is_interrupted_is_told_no_further(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain([ANSWER]))
    await room.speak("Count to five for me, slowly.")
    await room.play(0.24)
    room.session.interrupt()
    told = len(room.of(AnswerProgress))
    await room.play(0.4)
    assert len(room.of(AnswerProgress)) == told
    heard = room.of(AgentSaid)[-1].played
    assert abs(len(heard.split()) - room.of(AnswerProgress)[-1].words) <= 1


async def test_without_an_input_clock_it_looks_by_itself_and_stops_with_the_sound() -> None:
    told: list[int] = []
    bus = EventBus(lambda: 0.0)
    bus.on(AnswerProgress, lambda event: told.append(event.words))
    audio = NullAudio()
    speech = PlaybackTracker(bus, audio.playback)
    background = BackgroundTasks()
    teller = ProgressTeller(bus, audio, speech, background)
    utterance = speech.begin(1, "jarvis")
    samples = 10 * FRAME_SAMPLES
    speech.text(AgentText(utterance.number, "One two three four.", 0, samples))
    speech.audio(AudioOut(utterance.number, encode_pcm(np.full(samples, 0.1, np.float32))))
    audio.playback.read(FRAME_SAMPLES)
    utterance.sounded = True
    bus.publish(FirstSample(turn=1))
    await until(lambda: told == [1])
    audio.playback.read(6 * FRAME_SAMPLES)
    await until(lambda: told == [1, 4])
    speech.interrupt()
    await until(lambda: not teller._runs)
    background.cancel()
