"""Who speaks when: interruptions, second thoughts, and sounds that were no words."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from assistant.frames import Interrupt
from assistant.language.inverse_normalisation.written import written
from assistant.session.events import AgentSaid, FirstSample
from tests.fakes import FakeBrain
from tests.session.conftest import EnterRoom
from tests.session.room import Room


async def test_a_turn_goes_from_listening_over_thinking_to_speaking_and_idle(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["Two words."]))
    room.now = 1.0
    room.begin_to_speak()
    room.finish_speaking("How many words?")
    room.now = 1.5
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()
    assert room.states()[-4:] == ["listening", "thinking", "speaking", "idle"]
    assert room.history() == [("user", "How many words?"), ("assistant", "Two words.")]
    first = room.of(FirstSample)[0]
    assert first.latency is not None
    assert 0.5 <= first.latency <= 0.6


async def test_an_interrupted_answer_stays_as_far_as_it_was_heard(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["One two three four five six seven eight nine ten."]))
    await room.speak("Say the numbers up to ten.")
    await room.play(0.4)
    room.session.interrupt()
    assert room.session.state == "idle"
    assert room.answers() == ["One two three four"]
    assert room.of(AgentSaid)[-1].interrupted
    assert room.history()[-1] == ("assistant", "One two three four")
    assert "One two three four …" in room.transcript()
    assert "five" not in room.transcript()
    await room.play(0.08)  # the fade that keeps it from clicking
    assert not np.any(await room.play(1.0))


async def test_an_interrupted_model_is_not_kept_talking(enter_room: EnterRoom) -> None:
    more = asyncio.Event()
    brain = FakeBrain(["A first sentence. ", more, "A second one."])
    room = await enter_room(brain)
    room.begin_to_speak()
    room.finish_speaking("Talk to me.")
    await room.calm()
    room.session.interrupt()
    more.set()
    await room.session.settled()
    await room.calm()
    assert brain.given_up == 1
    assert "second" not in room.backend.said()
    assert room.session.state == "idle"


async def test_who_goes_on_before_the_answer_sounds_gets_one_answer_to_both_halves(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(["What about it?"], ["It is sunny in Vienna."])
    room = await enter_room(brain)
    await room.speak("What is the weather.")
    room.begin_to_speak()
    assert room.session.state == "listening"
    assert not np.any(await room.play(0.8)), "the first answer must wait while the user goes on"
    room.finish_speaking("like in Vienna?")
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()
    assert [q.text for q in brain.questions] == [
        "What is the weather.",
        "What is the weather like in Vienna?",
    ]
    assert [text for text in room.answers() if text] == ["It is sunny in Vienna."]
    assert room.history() == [
        ("user", "What is the weather like in Vienna?"),
        ("assistant", "It is sunny in Vienna."),
    ]


async def test_who_goes_on_while_the_model_thinks_gets_one_answer_too(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain([asyncio.Event()], ["Both halves."])
    room = await enter_room(brain)
    room.begin_to_speak()
    room.finish_speaking("First half")
    await room.calm()
    room.begin_to_speak()
    room.finish_speaking("second half.")
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()
    assert brain.given_up == 1
    assert brain.questions[-1].text == "First half second half."
    assert [text for text in room.answers() if text] == ["Both halves."]


async def test_a_command_said_before_the_answer_sounds_stands_for_itself(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(["What about it?"])
    room = await enter_room(brain)
    await room.speak("What is the weather.")
    room.begin_to_speak()
    room.finish_speaking("Change to GLaDOS.")
    await room.session.settled()
    await room.calm()
    assert room.session.persona.slug == "glados"
    assert len(brain.questions) == 1


async def test_who_was_taken_to_be_done_and_goes_on_gets_one_answer_to_both_halves(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(["Ask whatever you like, I am listening."], ["It will rain."])
    room = await enter_room(brain)
    await room.speak("I have a question.")
    await room.play(0.5)
    room.begin_to_speak()
    await room.play(0.4)
    room.finish_speaking("About the weather.")
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()
    assert brain.questions[-1].text == "I have a question about the weather."
    assert room.user_turns() == ["I have a question.", "About the weather."]
    cut, answer = room.answers()
    assert "Ask whatever you like,".startswith(cut)
    assert answer == "It will rain."
    assert room.history() == [
        ("user", "I have a question."),
        ("assistant", cut),
        ("user", "I have a question about the weather."),
        ("assistant", answer),
    ]


async def heard_of(room: Room, first: str, seconds: float, second: str) -> None:
    """The user says one half, hears the answer to it for so long, and says the other."""
    await room.speak(first)
    await room.play(seconds)
    room.begin_to_speak()
    await room.play(0.4)
    room.finish_speaking(second)
    await room.session.settled()
    await room.calm()


ANSWER = " ".join(["That is quite a lot of words for one who has only just begun to speak."] * 5)


@pytest.mark.parametrize(
    ("first", "seconds", "second", "whole"),
    [
        ("48.", 1.6, "Ridge Road 407.", "48 Ridge Road 407."),
        ("I would like", 2.4, "a cup of tea.", "I would like a cup of tea."),
        ("My number is 8 8 5.", 2.0, "1 1 2.", "My number is 885 112."),
        (
            "I went to the market yesterday.",
            0.6,
            "There was a man with a dog.",
            "I went to the market yesterday. There was a man with a dog.",
        ),
    ],
)
async def test_who_goes_on_into_the_answer_is_answered_as_a_whole(
    enter_room: EnterRoom, first: str, seconds: float, second: str, whole: str
) -> None:
    brain = FakeBrain([ANSWER], ["Both halves."])
    room = await enter_room(brain)
    await heard_of(room, first, seconds, second)
    await room.listen_to_the_end()
    assert [question.text for question in brain.questions] == [written(first), whole]
    cut, answer = room.answers()
    assert ANSWER.startswith(cut)
    assert cut != ANSWER
    assert answer == "Both halves."


async def test_who_is_cut_off_twice_is_answered_as_a_whole_too(enter_room: EnterRoom) -> None:
    brain = FakeBrain([ANSWER], [ANSWER], ["All of it."])
    room = await enter_room(brain)
    await heard_of(room, "48.", 1.0, "Ridge Road.")
    await room.play(1.4)
    room.begin_to_speak()
    await room.play(0.4)
    room.finish_speaking("407.")
    await room.session.settled()
    await room.calm()
    assert brain.questions[-1].text == "48 Ridge Road 407."


@pytest.mark.parametrize(
    ("first", "seconds", "second"),
    [
        ("I had a long day.", 0.5, "Never mind."),
        ("I had a long day.", 1.6, "There was a man with a dog."),
        ("48.", 3.6, "Ridge Road is nice."),
        ("Two.", 1.6, "Tell me a story."),
    ],
)
async def test_a_reply_to_the_answer_is_no_second_half(
    enter_room: EnterRoom, first: str, seconds: float, second: str
) -> None:
    brain = FakeBrain([ANSWER], ["Fine."])
    room = await enter_room(brain)
    await heard_of(room, first, seconds, second)
    assert brain.questions[-1].text == second


async def test_a_command_into_the_answer_stays_a_command(enter_room: EnterRoom) -> None:
    brain = FakeBrain([ANSWER])
    room = await enter_room(brain)
    await heard_of(room, "I would like", 0.5, "Change to GLaDOS.")
    assert room.session.persona.slug == "glados"
    assert [question.text for question in brain.questions] == ["I would like"]


async def test_who_has_listened_to_the_answer_does_not_go_on_with_the_question(
    enter_room: EnterRoom,
) -> None:
    brain = FakeBrain(["One two three four five six seven eight nine."], ["Fine."])
    room = await enter_room(brain)
    await room.speak("Count for me.")
    await room.play(2.0)
    room.begin_to_speak()
    room.finish_speaking("But a little louder.")
    await room.session.settled()
    await room.calm()
    assert brain.questions[-1].text == "But a little louder."


async def test_an_answer_that_waited_for_a_cough_is_given_all_the_same(
    enter_room: EnterRoom,
) -> None:
    room = await enter_room(FakeBrain(["All four words here."]))
    await room.speak("Say four words.")
    room.begin_to_speak()
    assert not np.any(await room.play(0.4))
    room.finish_speaking("")
    await room.calm()
    await room.listen_to_the_end()
    assert room.answers() == ["All four words here."]
    assert room.user_turns() == ["Say four words."]
    assert room.session.state == "idle"


async def test_a_cough_in_silence_is_nothing(enter_room: EnterRoom) -> None:
    room = await enter_room()
    room.begin_to_speak()
    assert room.session.state == "listening"
    room.finish_speaking("")
    await room.calm()
    assert room.session.state == "idle"
    assert room.user_turns() == []
    assert room.brain.questions == []


async def test_a_command_done_is_not_put_before_the_next_sentence(enter_room: EnterRoom) -> None:
    brain = FakeBrain(["Late."])
    room = await enter_room(brain)
    await room.speak("Change to GLaDOS.")
    await room.speak("What time is it?")
    assert [q.text for q in brain.questions] == ["What time is it?"]
    assert brain.questions[0].persona.slug == "glados"


async def test_who_begins_while_an_answer_ends_is_listened_to(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["One two."]))
    await room.type("Count.")
    await room.play(0.08)
    room.begin_to_speak()
    await room.listen_to_the_end()
    assert room.answers() == ["One two."]
    assert room.session.state == "listening"
    room.finish_speaking("")
    await room.calm()
    assert room.states()[-3:] == ["listening", "thinking", "idle"]


async def test_a_new_question_ends_the_old_answer(enter_room: EnterRoom) -> None:
    """With headphones, and typed lines: the user may speak at any time."""
    brain = FakeBrain(["One two three four five six seven eight."], ["Nine."])
    room = await enter_room(brain)
    await room.type("Count.")
    await room.play(0.24)
    await room.type("And then?")
    await room.listen_to_the_end()
    assert room.backend.of(Interrupt)
    assert room.answers() == ["One two", "Nine."]
    assert room.history() == [
        ("user", "Count."),
        ("assistant", "One two"),
        ("user", "And then?"),
        ("assistant", "Nine."),
    ]
    written = room.transcript()
    turns = ["Count.", "One two …", "And then?", "Nine."]
    assert sorted(turns, key=written.index) == turns


async def test_the_repeat_key_says_a_cut_answer_again_in_full(enter_room: EnterRoom) -> None:
    room = await enter_room(FakeBrain(["One two three four five."]))
    await room.speak("Count.")
    await room.play(0.24)
    room.session.repeat()
    await room.session.settled()
    await room.calm()
    await room.listen_to_the_end()
    assert room.answers() == ["One two", "One two three four five."]
