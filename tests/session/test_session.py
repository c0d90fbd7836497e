"""One conversation, from the first frame to the saved transcript, on fake devices."""

from __future__ import annotations

import asyncio
import itertools
from pathlib import Path

import numpy as np
import pytest

from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_BYTES,
    AgentText,
    AudioOut,
    Capabilities,
    ChangePersona,
    Failed,
    Interrupt,
    Prefetch,
    Push,
    Say,
    SetNames,
    Status,
    UserText,
    UtteranceEnded,
)
from assistant.memory.service import MemoryService
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    BackendChosen,
    Dropped,
    Failure,
    FirstSample,
    LoadProgress,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    UserSaid,
)
from tests.fakes import FakeAudio, FakeBrain, FakeMemoryStore
from tests.session.conftest import EnterRoom, enter_room
from tests.session.room import Room, cast_of_characters

__all__ = ["enter_room"]

SILENCE = bytes(FRAME_BYTES)


# --- greeting and introductions -------------------------------------------------------


async def test_it_greets_once_and_only_when_it_can_be_heard(tmp_path: Path) -> None:
    room = Room(tmp_path, greeting=True)
    await room.session.start()
    assert room.backend.of(Say) == []
    room.backend.come_up()
    await room.calm()
    await room.listen_to_the_end()
    assert len(room.answers()) == 1
    room.backend.crash()
    room.backend.come_up()
    await room.calm()
    await room.listen_to_the_end()
    assert len(room.answers()) == 1
    await room.leave()


async def test_without_a_speaker_it_greets_in_writing_at_once(tmp_path: Path) -> None:
    room = Room(tmp_path, greeting=True, audio=FakeAudio(speaker=False))
    await room.session.start()
    assert len(room.answers()) == 1
    room.backend.come_up()
    await room.calm()
    assert len(room.answers()) == 1
    assert room.backend.of(Say) == []
    await room.leave()


async def test_no_greeting_where_none_is_wanted(enter_room: EnterRoom) -> None:
    room = await enter_room(greeting=False)
    assert room.backend.of(Say) == []
    assert room.session.state == "idle"


async def test_nobody_introduces_himself_in_the_same_words_twice_running(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room()
    for slug in ["glados", "jarvis"] * 6:
        await room.session.change_persona(slug)
        await room.calm()
        await room.listen_to_the_end()
    for slug in ("glados", "jarvis"):
        lines = [e.played for e in room.of(AgentSaid) if e.final and e.persona == slug and e.played]
        assert len(lines) == 6
        assert all(a != b for a, b in itertools.pairwise(lines))


# --- personas -------------------------------------------------------------------------


async def test_a_backend_that_is_away_comes_back_when_somebody_writes_or_asks_to_repeat(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room()
    room.session.repeat()
    await room.calm()
    await room.session.send_text("hello")
    await room.calm()
    assert room.backend.started_again == 0
    room.backend.crash()
    room.backend.is_away = True
    room.session.repeat()
    await room.session.send_text("are you there?")
    assert room.backend.started_again == 2
    room.backend.is_away = False
    room.backend.come_up()
    await room.calm()


async def test_a_key_changes_the_persona_at_once_in_mid_answer(enter_room: EnterRoom) -> None:
    more = asyncio.Event()
    brain = FakeBrain(["One two three four five six. ", more, "Seven eight."])
    room = await enter_room(brain)
    room.begin_to_speak()
    room.finish_speaking("Count.")
    await room.calm()
    await room.play(0.24)
    await room.session.change_persona("glados")
    more.set()
    await room.calm()
    assert brain.given_up == 1, "the old persona's model has nothing more to say"
    await room.listen_to_the_end()
    heard = room.answers()
    assert heard[0] == "One two"
    assert heard[1] in room.session.persona.reintroductions
    assert len(heard) == 2
    assert room.session.state == "idle"
    prompts = [command.prompt.slug for command in room.backend.of(ChangePersona)]
    assert prompts[-1] == "glados"
    assert room.of(PersonaChanged)[0].latency is None


async def test_the_new_persona_answers_and_signs_the_transcript(enter_room: EnterRoom) -> None:
    brain = FakeBrain(["Still alive."])
    room = await enter_room(brain)
    await room.session.change_persona("glados")
    await room.speak("How are you?")
    await room.listen_to_the_end()
    assert brain.questions[0].persona.slug == "glados"
    assert "**GLaDOS**" in room.transcript()
    assert "Still alive." in room.transcript()


async def test_the_persona_in_charge_again_is_no_change(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.session.change_persona("jarvis")
    assert room.of(PersonaChanged) == []
    assert room.backend.of(Say) == []


async def test_an_unknown_persona_is_an_error_and_changes_nothing(enter_room: EnterRoom) -> None:
    room = await enter_room()
    with pytest.raises(KeyError):
        await room.session.change_persona("zaphod")
    assert room.session.persona.slug == "jarvis"


async def test_a_spoken_change_tells_how_long_it_took(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.now = 5.0
    room.audio.hear()
    room.backend.emit(
        UserText(text="Change to GLaDOS.", final=True, speech_end=0.08, stages={"wait": 200.0})
    )
    room.now = 5.4
    await room.session.settled()
    assert room.of(PersonaChanged)[0].latency == pytest.approx(0.4)


async def test_a_changed_persona_file_is_taken_up_while_running(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Good evening."]))
    jarvis, *others = cast_of_characters()
    assert jarvis.slug == "jarvis"
    slower = jarvis.model_copy(
        update={"name": "Edwin", "voice": jarvis.voice.model_copy(update={"speed": 0.8})}
    )
    room.session.replace_personas([slower, *others], ["broken.toml:3: no name"])
    assert room.of(PersonasReloaded)[0].failed == ["broken.toml:3: no name"]
    assert room.of(PersonaChanged)[0].persona.name == "Edwin"
    assert room.backend.of(ChangePersona)[-1].prompt.voice.speed == 0.8
    assert "Edwin" in [names.name for names in room.backend.of(SetNames)[-1].names]
    assert room.backend.of(Say) == [], "a saved file is no reason to speak"
    await room.speak("Hello.")
    await room.listen_to_the_end()
    assert "**Edwin**" in room.transcript()


async def test_a_new_persona_file_can_be_asked_for_by_voice(enter_room: EnterRoom) -> None:
    room = await enter_room()
    marvin = next(p for p in cast_of_characters() if p.slug == "marvin")
    newcomer = marvin.model_copy(
        update={"slug": "rosalind", "name": "Rosalind", "aliases": [], "sounds_like": []}
    )
    room.session.replace_personas([*cast_of_characters(), newcomer], [])
    await room.speak("Change to Rosalind.")
    assert room.session.persona.slug == "rosalind"


async def test_the_persona_that_speaks_outlives_its_file(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["I am still here."]))
    room.session.replace_personas([p for p in cast_of_characters() if p.slug != "jarvis"], [])
    assert room.session.persona.slug == "jarvis"
    await room.speak("Are you still there?")
    await room.listen_to_the_end()
    assert room.answers() == ["I am still here."]


async def test_introductions_are_rehearsed_before_they_are_needed(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.session.change_persona("glados")
    prepared = [line.text for line in room.backend.of(Prefetch)[-1].lines]
    jarvis = cast_of_characters()[0]
    assert set(jarvis.reintroductions) <= set(prepared)


# --- microphone -----------------------------------------------------------------------


def heard_by_backend(room: Room) -> list[bool]:
    """For each frame whether the backend got the microphone's sound, or silence."""
    return [command.pcm != SILENCE for command in room.backend.of(Push)]


async def test_mute_sends_silence_and_never_a_gap(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.audio.hear()
    room.session.set_muted(True)
    room.audio.hear(2)
    room.session.set_muted(False)
    room.audio.hear()
    assert heard_by_backend(room) == [True, False, False, True]
    assert [command.frame for command in room.backend.of(Push)] == [0, 1, 2, 3]
    assert [event.muted for event in room.of(AudioChanged)][-2:] == [True, False]


async def test_push_to_talk_opens_only_while_the_key_is_down(enter_room: EnterRoom) -> None:
    room = await enter_room(audio_settings={"mode": "push-to-talk"})
    room.audio.hear()
    room.session.talk_key(True)
    room.audio.hear()
    room.session.talk_key(False)
    room.audio.hear()
    assert heard_by_backend(room) == [False, True, False]


async def test_the_talk_key_silences_the_assistant(enter_room: EnterRoom) -> None:
    room = await enter_room(
        FakeBrain(["One two three four five."]), audio_settings={"mode": "push-to-talk"}
    )
    await room.type("Count.")
    await room.play(0.16)
    room.session.talk_key(True)
    assert room.session.speech.quiet.is_set()
    assert room.backend.of(Interrupt)


async def test_the_backend_knows_when_the_assistants_own_voice_may_be_in_the_sound(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["One two three."]))
    await room.play(0.08)
    await room.type("Count.")
    await room.play(0.24)
    own = [push.speaking and not push.clean for push in room.backend.of(Push)]
    assert own == [False, True, True, True]
    await room.listen_to_the_end()
    await room.play(0.08)
    assert not room.backend.of(Push)[-1].clean, "the room still rings"
    await room.play(0.5)
    assert room.backend.of(Push)[-1].clean


async def test_with_a_headset_what_it_hears_is_the_user(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["One two three."]), audio_settings={"headset": True})
    await room.type("Count.")
    await room.play(0.08)
    push = room.backend.of(Push)[-1]
    assert (push.speaking, push.clean) == (True, True)


async def test_what_is_muted_while_speaking_is_forgotten_partials_too(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room()
    room.begin_to_speak()
    room.backend.emit(UserText(text="half a sen", final=False))
    room.backend.emit(UserText(text="", final=True))
    turns = [(e.text, e.final) for e in room.of(UserSaid)]
    assert turns == [("half a sen", False), ("", True)]
    assert room.history() == []


async def test_lost_devices_are_told_and_typing_goes_on(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["In writing, then."]))
    room.audio.lose()
    assert room.of(AudioChanged)[-1].speaker is None
    assert room.notices() == ["The sound devices were lost."]
    await room.type("Can you hear me?")
    assert room.answers() == ["In writing, then."]
    assert room.backend.of(Say) == []


async def test_lost_frames_are_counted_for_all_to_see(
    enter_room: EnterRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await enter_room()
    room.backend.dropped = 3
    for _ in range(150):
        await asyncio.sleep(0.02)
        if room.of(Dropped):
            break
    assert room.of(Dropped)[0].counts["backend"] == 3


# --- volume and rate ------------------------------------------------------------------


async def test_volume_and_rate_stay_within_bounds_and_are_heard(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["One two three."]))
    assert room.session.set_volume(2.0) == 1.0
    assert room.session.set_volume(-1.0) == 0.0
    assert room.session.set_speech_rate(9.0) == 2.0
    await room.type("Count.")
    await room.play(0.08)  # it falls silent without a click
    assert not np.any(await room.play(0.24))
    assert room.backend.of(Say)[0].rate == 2.0
    last = room.of(AudioChanged)[-1]
    assert (last.volume, last.rate) == (0.0, 2.0)


# --- without sound --------------------------------------------------------------------


async def test_a_typed_conversation_needs_no_sound_at_all(enter_room: EnterRoom) -> None:
    room = await enter_room(
        FakeBrain(["Good ", "evening."]), audio=FakeAudio(microphone=False, speaker=False)
    )
    await room.type("  Hello.  ")
    assert room.user_turns() == ["Hello."]
    assert room.answers() == ["Good evening."]
    assert room.session.state == "idle"
    await room.type("Change to GLaDOS.")
    assert room.answers()[-1] in room.session.persona.reintroductions


async def test_empty_lines_are_no_turns(enter_room: EnterRoom) -> None:
    room = await enter_room()
    await room.type("   ")
    assert room.user_turns() == []


async def test_who_types_before_the_voice_is_there_is_answered_in_writing(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(["Already here."]))
    await room.session.start()
    await room.type("Are you there?")
    assert room.answers() == ["Already here."]
    assert room.session.state == "initializing"
    room.backend.come_up()
    assert room.session.state == "idle"
    await room.leave()


async def test_who_types_before_it_is_known_who_answers_is_answered_then(tmp_path: Path) -> None:
    """All of it: nobody has interrupted anything yet."""
    brain = FakeBrain(["Now I know."], ["Ten."])
    room = Room(tmp_path, brain, audio=FakeAudio(speaker=False))
    room.brain_found.clear()
    starting = asyncio.create_task(room.session.start())
    await room.calm()
    await room.session.send_text("Who answers me?")
    await room.session.send_text("And how late is it?")
    room.brain_found.set()
    await starting
    await room.session.settled()
    await room.calm()
    assert room.user_turns() == ["Who answers me?", "And how late is it?"]
    assert room.answers() == ["Now I know.", "Ten."]
    await room.leave()


# --- backend --------------------------------------------------------------------------


async def test_a_backend_that_dies_in_mid_answer_loses_nothing_that_was_heard(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(["One two three four."], ["I am back."])
    room = await enter_room(brain)
    await room.speak("Count.")
    await room.play(0.24)
    room.backend.crash()
    assert room.notices() == ["the fake backend stopped (killed)"]
    await room.listen_to_the_end()
    assert room.answers() == ["One two three four."], "what had come still sounds"
    assert room.session.state == "initializing"
    assert room.of(AgentSaid)[-1].interrupted
    room.backend.come_up()
    await room.calm()
    assert room.session.state == "idle"
    await room.speak("Are you there?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "I am back."
    assert brain.questions[1].history[:2] == room.session.history.messages()[:2]
    assert "Count." in room.transcript()
    assert "One two three four." in room.transcript()
    assert "I am back." in room.transcript()


async def test_a_backend_that_dies_while_the_user_speaks_forgets_the_half_sentence(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["An answer that waits."], ["Yes."]))
    await room.speak("Say something.")
    room.begin_to_speak()
    room.backend.emit(UserText(text="and th", final=False))
    room.backend.crash()
    assert room.of(UserSaid)[-1].text == ""
    room.backend.come_up()
    await room.calm()
    await room.speak("Do you hear me?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Yes."


async def test_after_a_crash_in_mid_turn_the_next_answer_is_not_held_back(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["First."]))
    await room.speak("One.")
    room.begin_to_speak()  # holds the answer…
    room.backend.crash()  # …and nobody will ever tell how that turn ended
    room.backend.come_up()
    await room.calm()
    room.session.say("Good to be back.")
    await room.calm()
    assert np.any(await room.play(0.8))


async def test_a_backend_that_cannot_run_leaves_a_conversation_in_writing(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path, FakeBrain(["Without a voice."]), greeting=True)
    await room.session.start()
    room.backend.emit(Failed(message="no weights", remedy="assistant pull", fatal=True))
    await room.calm()
    assert [(f.text, f.remedy) for f in room.of(Failure)] == [("no weights", "assistant pull")]
    assert room.session.state == "idle"
    assert len(room.answers()) == 1, "it greets in writing"
    await room.type("And now?")
    assert room.answers()[1] == "Without a voice."
    await room.leave()


async def test_loading_is_told(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.backend.emit(Status("loading the voice", 0.5))
    assert room.of(LoadProgress)[-1].fraction == 0.5
    chosen = room.of(BackendChosen)
    assert [(c.name, c.ready) for c in chosen] == [("fake", False), ("fake", True)]
    assert chosen[1].engine == "fake ears, fake voice"


async def test_a_backend_without_a_voice_is_answered_for_in_writing(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(["Only words."]))
    await room.session.start()
    room.backend.capabilities = Capabilities(user_text=True)
    room.backend.come_up()
    await room.speak("Hello.")
    assert room.answers() == ["Only words."]
    assert room.backend.of(Say) == []
    await room.leave()


# --- listeners and the end ------------------------------------------------------------


async def test_a_listener_that_fails_costs_the_others_nothing(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["Never mind."]))
    heard: list[SessionEvent] = []

    def broken(event: SessionEvent) -> None:
        raise RuntimeError("a widget's mistake")

    room.session.subscribe(broken)
    room.session.subscribe(heard.append)
    await room.speak("Hello.")
    await room.listen_to_the_end()
    assert room.answers() == ["Never mind."]
    assert any(isinstance(event, AgentSaid) and event.final for event in heard)


async def test_who_has_left_is_told_nothing(enter_room: EnterRoom) -> None:
    room = await enter_room()
    heard: list[SessionEvent] = []
    leave = room.session.subscribe(heard.append)
    leave()
    room.session.set_muted(True)
    assert heard == []


async def test_leaving_in_mid_answer_keeps_what_was_heard(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(["One two three four.", asyncio.Event()]))
    await room.enter()
    room.begin_to_speak()
    room.finish_speaking("Count.")
    await room.calm()
    await room.play(0.24)
    await room.leave()
    assert "**You**" in room.transcript()
    assert "One two …" in room.transcript()
    assert room.backend.stopped
    assert room.audio.stopped
    assert room.brain.closed


async def test_leaving_goes_to_its_end_whatever_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await Room(tmp_path, FakeBrain(["Bye."])).enter()

    async def fail() -> None:
        raise OSError("the device is on fire")

    monkeypatch.setattr(room.backend, "stop", fail)
    await room.leave()
    assert room.audio.stopped
    assert room.brain.closed


# --- backends that answer by themselves ----------------------------------------------------


async def test_a_backend_that_answers_by_itself_is_not_talked_over_by_a_brain(
    tmp_path: Path,
) -> None:
    room = Room(tmp_path)
    room.session.set_volume(1.0)
    await room.session.start()
    room.backend.capabilities = Capabilities(user_text=True, say=True, answers_by_itself=True)
    room.backend.come_up()
    room.now = 1.0
    await room.speak("What do you think?")
    own = FIRST_OWN_UTTERANCE + 1
    room.backend.emit(AgentText(own, "I think so.", 0, 4800))
    room.backend.emit(AudioOut(own, encode_pcm(np.full(4800, 0.1, np.float32))))
    room.backend.emit(UtteranceEnded(own, 4800))
    await room.listen_to_the_end()
    assert room.brain.questions == []
    assert room.answers() == ["I think so."]
    assert room.history() == [("user", "What do you think?"), ("assistant", "I think so.")]
    assert room.of(FirstSample)[0].latency is not None
    await room.speak("Change to GLaDOS.")
    assert room.session.persona.slug == "glados", "commands are obeyed whoever listens"
    await room.leave()


async def test_two_front_ends_may_both_end_it(tmp_path: Path) -> None:
    room = Room(tmp_path, FakeBrain(), memory=MemoryService(FakeMemoryStore()))
    await room.enter()
    await asyncio.gather(room.session.stop(), room.session.stop())
    await room.session.stop()
