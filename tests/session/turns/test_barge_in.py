"""Talking over the assistant: it falls silent at once, and goes on where it was no interruption."""

from __future__ import annotations

from typing import cast

import numpy as np
import pytest

from assistant.frames import Capabilities, Interrupt, Overheard, UserText
from assistant.language.command_patterns import is_hum, saying
from assistant.session.event_bus import EventBus
from assistant.session.events import AgentSaid, AnswerPaused, AnswerResumed, ToolCalled, TurnStarted
from assistant.session.signals import AgentTurnEnded
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.messages import AgentUtterance
from assistant.session.turns.user_turn import SelfEcho
from tests.fakes import FakeAudio, FakeBrain, FakeFrontEnd
from tests.session.conftest import EnterRoom
from tests.session.room import Room

LONG = "One two three four five six seven eight nine ten eleven twelve thirteen fourteen."


async def speaking(enter_room: EnterRoom, *answers: str, **settings: object) -> Room:
    """In the middle of a long answer, in a room whose echo is cancelled."""
    audio = FakeAudio()
    audio.front = FakeFrontEnd(clean=True)
    room = await enter_room(FakeBrain([LONG], *([a] for a in answers)), audio=audio, **settings)
    await room.speak("Count.")
    await room.play(0.56)
    assert room.session.state == "speaking"
    return room


def front(room: Room) -> FakeFrontEnd:
    return room.audio.front


async def test_it_falls_silent_on_the_first_sign_of_a_voice(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room)
    front(room).user_speaks(True)
    assert len(room.of(AnswerPaused)) == 1
    assert room.session.state == "listening"
    await room.play(0.08)  # the fade
    assert not np.any(await room.play(0.4))
    assert not room.backend.of(Interrupt), "nothing is given up before there are words"


async def test_it_goes_on_where_no_words_follow(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room)
    front(room).user_speaks(True)
    front(room).user_speaks(False)
    await room.play(0.56)
    assert not room.of(AnswerResumed)
    await room.play(0.08)
    assert [event.reason for event in room.of(AnswerResumed)] == ["no_words"]
    await room.listen_to_the_end()
    assert room.answers() == [LONG]
    assert not room.of(AgentSaid)[-1].interrupted
    assert room.session.state == "idle"


async def test_it_waits_a_little_longer_while_words_are_being_written_down(
    enter_room: EnterRoom,
) -> None:
    room = await speaking(enter_room)
    front(room).user_speaks(True)
    room.begin_to_speak()
    front(room).user_speaks(False)
    await room.play(0.8)
    assert not room.of(AnswerResumed)
    room.finish_speaking("")
    assert room.of(AnswerResumed)


@pytest.mark.parametrize("words", ["Mm-hmm.", "Yeah.", "Right, right.", "Uh-huh.", "I see."])
async def test_a_backchannel_does_not_stop_it(enter_room: EnterRoom, words: str) -> None:
    room = await speaking(enter_room)
    front(room).user_speaks(True)
    room.begin_to_speak()
    await room.play(0.32)
    front(room).user_speaks(False)
    room.finish_speaking(words)
    assert [event.reason for event in room.of(AnswerResumed)] == ["backchannel"]
    await room.listen_to_the_end()
    assert room.answers() == [LONG]
    assert [role for role, _ in room.history()] == ["user", "assistant"]
    assert len(room.brain.questions) == 1


async def test_words_stop_it_and_are_answered(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room, "Nine.")
    front(room).user_speaks(True)
    room.begin_to_speak()
    await room.play(0.8)
    room.backend.emit(UserText(text="But what comes", final=False))
    await room.play(2.0)
    assert not room.of(AnswerResumed), "there are words: it does not go on"
    front(room).user_speaks(False)
    room.finish_speaking("But what comes after eight?")
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()
    heard, second = room.answers()
    assert LONG.startswith(heard)
    assert "six" not in heard
    assert second == "Nine."
    assert ("assistant", heard) in room.history()
    assert "fourteen" not in room.transcript()


async def test_an_answer_to_its_question_is_no_backchannel(enter_room: EnterRoom) -> None:
    audio = FakeAudio()
    audio.front = FakeFrontEnd(clean=True)
    brain = FakeBrain(["Shall I go on?"], ["Very well."])
    room = await enter_room(brain, audio=audio)
    await room.speak("Count.")
    await room.play(0.56)
    front(room).user_speaks(True)
    room.begin_to_speak()
    front(room).user_speaks(False)
    room.finish_speaking("Yes.")
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()
    assert brain.questions[-1].text == "Yes."
    assert room.answers()[-1] == "Very well."


async def test_stop_stops_it_before_the_turn_is_over(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room)
    front(room).user_speaks(True)
    room.begin_to_speak()
    room.backend.emit(UserText(text="Stop.", final=False))
    assert room.of(AgentSaid)[-1].interrupted
    room.finish_speaking("Stop.")
    await room.calm()
    assert [event.call.name for event in room.of(ToolCalled)] == ["stop"]
    assert room.session.state == "idle"


@pytest.mark.parametrize("words", ["Stop.", "Be quiet!", "Shut up."])
async def test_stop_is_heard_through_its_own_voice(enter_room: EnterRoom, words: str) -> None:
    room = await enter_room(FakeBrain([LONG]))
    assert not front(room).clean
    await room.speak("Count.")
    await room.play(0.56)
    room.backend.emit(Overheard(words))
    await room.calm()
    assert room.of(AgentSaid)[-1].interrupted
    assert [event.call.name for event in room.of(ToolCalled)] == ["stop"]


async def test_nothing_else_is_heard_through_its_own_voice(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain([LONG]))
    await room.speak("Count.")
    await room.play(0.56)
    room.backend.emit(Overheard("Change to GLaDOS."))
    room.begin_to_speak(noticed=False)
    room.finish_speaking("Change to GLaDOS.")
    await room.calm()
    await room.listen_to_the_end()
    assert room.answers() == [LONG]
    assert not room.of(ToolCalled)
    assert [event.turn for event in room.of(TurnStarted) if event.side == "user"] == [1]


async def test_its_own_stop_does_not_stop_it(enter_room: EnterRoom) -> None:
    room = await enter_room(
        FakeBrain(["Please stop. Or go on, as you like, for a long while yet."])
    )
    await room.speak("What should I do?")
    await room.play(0.56)
    room.backend.emit(Overheard("Please stop."))
    await room.calm()
    assert not room.of(ToolCalled)


async def test_its_own_words_are_no_turn_of_the_user(enter_room: EnterRoom) -> None:
    """Should the canceller fail and the front end be deceived, the words still tell."""
    room = await speaking(enter_room)
    front(room).user_speaks(True)
    room.begin_to_speak()
    front(room).user_speaks(False)
    room.finish_speaking("one, two, tree, four")
    await room.calm()
    assert len(room.brain.questions) == 1
    assert room.of(AnswerResumed)
    await room.listen_to_the_end()
    assert room.user_turns() == ["Count."]


async def test_a_turn_in_which_no_voice_was_noticed_is_an_echo(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room)
    room.begin_to_speak(noticed=False)
    room.finish_speaking("Something that nobody has said.")
    await room.calm()
    assert not room.of(AnswerPaused)
    assert len(room.brain.questions) == 1


async def test_a_long_noise_does_not_silence_it_for_good(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room)
    front(room).user_speaks(True)
    await room.play(2.8)
    assert not room.of(AnswerResumed)
    await room.play(0.4)
    assert room.of(AnswerResumed)


async def test_muted_it_is_not_interrupted(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room)
    room.session.set_muted(True)
    front(room).user_speaks(True)
    assert not room.of(AnswerPaused)


async def test_without_barge_in_only_stop_stops_it(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room, audio_settings={"barge_in": False})
    front(room).user_speaks(True)
    room.begin_to_speak()
    room.finish_speaking("What comes after nine?")
    await room.calm()
    assert not room.of(AnswerPaused)
    assert room.session.state == "speaking"
    room.begin_to_speak()
    room.finish_speaking("Stop.")
    await room.calm()
    assert room.of(AgentSaid)[-1].interrupted


async def test_where_nobody_writes_down_the_users_words_a_voice_that_lasts_interrupts(
    enter_room: EnterRoom,
) -> None:
    room = await speaking(enter_room)
    room.session._backend_events.capabilities = Capabilities(say=True)
    front(room).user_speaks(True)
    await room.play(0.64)
    assert room.of(AgentSaid)[-1].interrupted
    assert room.session.state != "speaking"


async def test_a_key_that_interrupts_leaves_nothing_paused(enter_room: EnterRoom) -> None:
    room = await speaking(enter_room, "Next.")
    front(room).user_speaks(True)
    room.session.interrupt()
    front(room).user_speaks(False)
    await room.type("And now?")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Next."


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "nothing"), ("...", "nothing"), ("Mm.", "backchannel"), ("Yeah, yeah.", "backchannel"),
        ("Yes, tell me more", "words"), ("Wait.", "words"), ("No.", "words"), ("42", "words"),
        ("Stop", "words"), ("Right, but why?", "words"), ("Thank you.", "backchannel"),
    ],
)  # fmt: skip
def test_what_means_go_on_and_what_does_not(text: str, what: str) -> None:
    assert saying(text) == what


class Silent:
    """An agent turn of which nothing is heard just now."""

    def words_sounding(self) -> str:
        return ""


def test_words_it_said_long_ago_are_the_users_again() -> None:
    now = 0.0
    bus = EventBus(lambda: now)
    own = SelfEcho(bus, cast("AgentTurn", Silent()))
    said = AgentUtterance(1, 1, "jarvis")
    bus.publish(AgentTurnEnded(said, "The capital of France is Paris.", interrupted=False))
    assert own.echoes("the capital of France is Paris")
    assert own.echoes("capital of friends is Paris")
    assert not own.echoes("what is the capital of Spain")
    assert not own.echoes("Paris.")
    now = 20.0
    assert not own.echoes("the capital of France is Paris")


@pytest.mark.parametrize("text", ["Mm-hmm.", "Hmm", "Uh-huh.", "Mm.", "Um, er…", "Oh."])
def test_a_hum_is_no_line_of_a_transcript(text: str) -> None:
    assert is_hum(text)


@pytest.mark.parametrize("text", ["Yeah.", "Him.", "Mum!", "Right.", "Oh, Paris.", "…", "8"])
def test_a_word_is(text: str) -> None:
    assert not is_hum(text)


@pytest.mark.parametrize("stumbles", [False, True])
async def test_two_words_of_its_own_just_after_it_spoke_are_a_late_echo(
    enter_room: EnterRoom, stumbles: bool
) -> None:
    """On a machine that can hardly keep up. Elsewhere they are the user's."""
    audio = FakeAudio()
    audio.front = FakeFrontEnd()
    audio.front.stumbles = stumbles
    room = await enter_room(FakeBrain(["Good to have you back."], ["Yes."], ["Yes."]), audio=audio)
    await room.speak("Hello.")
    await room.listen_to_the_end()
    await room.play(0.56)
    await room.speak("You back.")
    await room.listen_to_the_end()
    assert len(room.answers()) == (1 if stumbles else 2)
    await room.play(1.6)
    await room.speak("You back.")
    await room.listen_to_the_end()
    assert room.answers()[-1] == "Yes."
