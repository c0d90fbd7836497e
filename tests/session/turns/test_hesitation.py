"""Who will take a while to answer says a word first, as people do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from assistant.brain.base import Piece, Question
from assistant.frames import Prefetched
from assistant.session.events import FirstSample
from assistant.session.turns.hesitation import AnswerDelays, is_worth_a_thought
from tests.fakes import FakeBrain
from tests.session.conftest import EnterRoom
from tests.session.room import Room


@pytest.mark.parametrize(
    ("text", "is_worth_it"),
    [
        ("What is the meaning of it all?", True),
        ("And why do cats purr", True),
        ("Tell me something about the sea.", True),
        ("You like the sea, don't you?", True),
        ("Hello there, my friend.", False),
        ("Thank you very much.", False),
        ("I went to the market today.", False),
        ("Why?", False),
    ],
)
def test_only_a_question_is_worth_a_thought(text: str, is_worth_it: bool) -> None:
    assert is_worth_a_thought(text) is is_worth_it


def test_whoever_answers_quickly_does_not_hesitate() -> None:
    delays = AnswerDelays()
    asked = "What is the meaning of it all?"
    assert not delays.worth_hesitating(asked), "nobody knows yet"
    for _ in range(5):
        delays.took(0.4)
    assert not delays.worth_hesitating(asked)
    for _ in range(3):
        delays.took(1.2)
    assert delays.worth_hesitating(asked) == 1.2


def test_nobody_hesitates_at_every_turn_unless_each_takes_long() -> None:
    delays = AnswerDelays()
    asked = "What is the meaning of it all?"
    for _ in range(5):
        delays.took(1.2)
    delays.hesitated(True)
    assert not delays.worth_hesitating(asked)
    delays.hesitated(False)
    assert delays.worth_hesitating(asked)
    for _ in range(5):
        delays.took(2.5)
    delays.hesitated(True)
    assert delays.worth_hesitating(asked)


class SlowBrain(FakeBrain):
    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        await asyncio.sleep(0.2)
        yield "Forty two, as ever."


async def ask(room: Room, text: str) -> None:
    room.begin_to_speak()
    room.finish_speaking(text)
    await room.session.settled()
    await room.listen_to_the_end()


async def test_a_word_of_the_persona_fills_the_wait_and_is_no_part_of_the_answer(
    enter_room: EnterRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnswerDelays, "worth_hesitating", lambda self, asked: 1.2)
    room = await enter_room(SlowBrain())
    lines = room.session.persona.lines.hesitations
    for line in lines:
        room.backend.emit(Prefetched(line))
    await ask(room, "What is the meaning of it all?")
    word, answer = room.answers()
    assert word in lines
    assert len(word) * 0.07 <= 1.2
    assert answer == "Forty two, as ever."
    assert [m.text for m in room.session.history.messages() if m.role == "assistant"] == [answer]
    first, second = (event.latency for event in room.of(FirstSample))
    assert first is None
    assert second is not None, "how long the answer took is told of the answer"
    await ask(room, "And what is the meaning of the sea?")
    assert room.answers()[2] in lines
    assert room.answers()[2] != word, "never the same twice running"


async def test_a_word_that_is_not_rendered_yet_would_only_take_longer(
    enter_room: EnterRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnswerDelays, "worth_hesitating", lambda self, asked: 1.2)
    room = await enter_room(SlowBrain())
    await ask(room, "What is the meaning of it all?")
    assert room.answers() == ["Forty two, as ever."]


async def test_an_answer_that_is_there_at_once_needs_no_word_before_it(
    enter_room: EnterRoom, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AnswerDelays, "worth_hesitating", lambda self, asked: 1.2)
    room = await enter_room(FakeBrain(["Forty two, as ever."]))
    for line in room.session.persona.lines.hesitations:
        room.backend.emit(Prefetched(line))
    await ask(room, "What is the meaning of it all?")
    assert room.answers() == ["Forty two, as ever."]
