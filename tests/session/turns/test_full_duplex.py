"""A model that listens, thinks and speaks by itself: what is left for the host to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SAMPLES,
    AgentText,
    AudioOut,
    CallSpelled,
    Capabilities,
    Inject,
    Interrupt,
    Lag,
    Prefill,
    Ready,
    Say,
    Substituted,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
    UtteranceEnded,
)
from assistant.session.events import (
    AgentSaid,
    BackendChosen,
    BrainChosen,
    FirstSample,
    LagChanged,
    PersonaChanged,
    ToolFinished,
)
from tests.fakes import FakeBrain
from tests.session.room import Room

MOSHI = Capabilities(
    full_duplex=True,
    answers_by_itself=True,
    text_prompt=True,
    voice_prompt=True,
    user_text=True,
    say=True,
    snapshots=True,
)
VOICE = encode_pcm(np.full(FRAME_SAMPLES, 0.2, np.float32))


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    room = Room(tmp_path)
    room.backend.capabilities = MOSHI
    return await room.enter()


def speak(room: Room, number: int, text: str, frames: int = 5) -> None:
    """The model says something by itself."""
    for n in range(frames):
        room.backend.emit(AudioOut(FIRST_OWN_UTTERANCE + number, VOICE))
        if n == 0:
            end = frames * FRAME_SAMPLES
            room.backend.emit(AgentText(FIRST_OWN_UTTERANCE + number, text, 0, end))
    room.backend.emit(UtteranceEnded(FIRST_OWN_UTTERANCE + number, frames * FRAME_SAMPLES))


async def test_a_typed_question_is_answered_though_a_cough_came_before_the_answer(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path, FakeBrain(["Fifty six."]))
    room.backend.capabilities = Capabilities(answers_by_itself=True, say=True, user_text=True)
    await room.enter()
    await room.type("What is seven times eight?")
    room.begin_to_speak()
    assert not np.any(await room.play(0.4)), "the answer waits for what the user has to add"
    room.finish_speaking("(sound of 0.4 s)")
    speak(room, 1, "Echo.")
    await room.listen_to_the_end()
    assert room.answers() == ["Fifty six.", "Echo."]
    await room.leave()


async def test_both_sides_are_written_down_and_no_brain_is_asked(room: Room) -> None:
    await room.speak("What is the capital of France?")
    assert room.states()[-1] == "idle", "whether it thinks, only the model knows"
    speak(room, 1, "Paris, I believe.")
    await room.listen_to_the_end()
    assert room.history() == [
        ("user", "What is the capital of France?"),
        ("assistant", "Paris, I believe."),
    ]
    assert not room.brain.questions
    assert room.of(BrainChosen)[-1].label == "the model itself"
    await room.leave()
    assert "Paris, I believe." in room.transcript()


async def test_every_persona_is_prefilled_the_one_in_charge_first(room: Room) -> None:
    asked = [command.prompt.slug for command in room.backend.of(Prefill)]
    assert asked[0] == room.session.persona.slug
    assert sorted(asked) == sorted(p.slug for p in room.session.personas())


async def test_a_spoken_change_takes_the_model_over(room: Room) -> None:
    speak(room, 1, "As I was saying, the capital", frames=50)
    await room.play(0.4)
    await room.speak("change to GLaDOS")
    assert [e.persona.slug for e in room.of(PersonaChanged)] == ["glados"]
    assert room.backend.of(Interrupt), "the old one falls silent"
    await room.listen_to_the_end()
    introduction = room.backend.of(Say)[-2 if not room.backend.of(Say)[-1].text else -1]
    assert introduction.text in room.session.persona.reintroductions


async def test_a_call_that_the_model_spells_out_is_run_and_it_learns_the_result(
    room: Room,
) -> None:
    speak(room, 1, "One moment.")
    room.backend.emit(
        CallSpelled(
            FIRST_OWN_UTTERANCE + 1,
            'TOOL_CALL: {"name": "set_volume", "arguments": {"percent": 40}}',
        )
    )
    await room.session.settled()
    await room.calm()
    finished = room.of(ToolFinished)
    assert len(finished) == 1
    assert finished[0].result.call.name == "set_volume"
    assert [c.context.split(":")[0] for c in room.backend.of(Inject)] == ["set_volume"]
    assert not any("TOOL_CALL" in e.text for e in room.of(AgentSaid))


async def test_a_call_that_cannot_be_read_is_told_to_person_and_model(room: Room) -> None:
    room.backend.emit(CallSpelled(FIRST_OWN_UTTERANCE, 'TOOL_CALL: {"name": }'))
    await room.session.settled()
    await room.calm()
    assert any("could not be read" in text for text in room.notices())
    assert "error" in room.backend.of(Inject)[0].context


async def test_what_is_on_its_way_when_it_is_interrupted_is_no_new_turn(room: Room) -> None:
    speak(room, 1, "As I was saying", frames=50)
    await room.play(0.4)
    room.session.interrupt()
    room.backend.emit(AudioOut(FIRST_OWN_UTTERANCE + 1, VOICE))
    room.backend.emit(AgentText(FIRST_OWN_UTTERANCE + 1, " and so on", 96000, 98000))
    room.backend.emit(UtteranceEnded(FIRST_OWN_UTTERANCE + 1, 98000))
    assert room.session.speech.quiet.is_set()
    assert len({event.turn for event in room.of(AgentSaid)}) == 1
    speak(room, 2, "Anyway.")
    assert not room.session.speech.quiet.is_set(), "the next one is heard"


async def test_speaking_over_the_model_does_not_hold_its_voice_back(room: Room) -> None:
    for _ in range(3):
        room.backend.emit(AudioOut(FIRST_OWN_UTTERANCE, VOICE))
    room.backend.emit(UserTurnStarted(side="user", at=room.now))
    assert np.abs(await room.play(0.08)).max() > 0.1


async def test_a_first_frame_alone_is_not_heard_yet_so_that_the_voice_does_not_stutter(
    room: Room,
) -> None:
    own = FIRST_OWN_UTTERANCE + 1
    room.backend.emit(AudioOut(own, VOICE))
    assert not (await room.play(0.08)).any()
    room.backend.emit(AudioOut(own, VOICE))
    assert np.count_nonzero(await room.play(0.16)) > 1.9 * FRAME_SAMPLES
    room.backend.emit(UtteranceEnded(own, 2 * FRAME_SAMPLES))
    short = own + 1
    room.backend.emit(AudioOut(short, VOICE))
    room.backend.emit(UtteranceEnded(short, FRAME_SAMPLES))
    assert (await room.play(0.16)).any(), "what is over is heard however short"


async def test_the_latency_counts_from_the_end_of_speech_though_the_words_come_late(
    room: Room,
) -> None:
    room.session.take_frame(0, np.zeros(FRAME_SAMPLES, np.float32))
    room.backend.emit(UserTurnStarted(side="user", at=0.0))
    room.now = 1.0
    room.session.take_frame(11, np.zeros(FRAME_SAMPLES, np.float32))
    room.backend.emit(UserTurnEnded(side="user", at=0.6))
    room.now = 1.2
    speak(room, 1, "Indeed.")
    await room.play(0.08)
    room.backend.emit(UserText(text="Is it so?", final=True, speech_end=0.6))
    await room.listen_to_the_end()
    [first] = room.of(FirstSample)
    assert first.latency is not None
    assert 0.4 < first.latency < 1.0


async def test_ten_seconds_of_lag_bring_advice_and_a_recovery_takes_it_back(room: Room) -> None:
    for seconds in range(12):
        room.now = float(seconds)
        room.backend.emit(Lag(0.5, seconds))
    told = room.of(LagChanged)
    assert not told[8].advice
    assert "quantize" in told[-1].advice
    room.backend.emit(Lag(0.0, 12))
    room.now = 20.0
    room.backend.emit(Lag(0.5, 13))
    assert not room.of(LagChanged)[-1].advice, "the ten seconds begin anew"


async def test_a_substitute_is_told_with_the_reason_and_answers_through_the_brain(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path)
    await room.session.start()
    room.backend.emit(Substituted("moshi-torch", "cascade", "the card is full", "use int8"))
    room.backend.come_up()
    await room.calm()
    assert any("moshi-torch cannot run: the card is full" in text for text in room.notices())
    chosen = room.of(BackendChosen)[-1]
    assert (chosen.name, chosen.ready) == ("cascade", True)
    assert "moshi-torch could not be loaded" in chosen.reason
    await room.speak("Who are you?")
    await room.listen_to_the_end()
    assert room.answers(), "the cascade's brain answers"
    await room.leave()


async def test_an_engines_limits_are_said(room: Room) -> None:
    room.backend.emit(Ready(MOSHI, "moshiko q8", note="knows no persona"))
    assert room.of(BackendChosen)[-1].note == "knows no persona"
