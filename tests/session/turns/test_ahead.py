"""The brain works ahead of a turn: begun answers, prompts that are read while nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime

from assistant.brain.base import Piece, Question
from assistant.frames import Expect, UserText
from assistant.memory.base import Journal, Memory, Turn
from assistant.memory.service import MemoryService
from assistant.session.events import MemoryRecalled
from assistant.session.turns import hesitation
from tests.fakes import FakeBrain, FakeMemoryStore
from tests.session.conftest import EnterRoom
from tests.session.room import Room

assert hesitation.FILLER_AFTER > 1.0, "none of these turns takes so long"


class AheadBrain(FakeBrain):
    """Keeps what it is asked to do ahead."""

    memory_tokens: int | None = None

    def __init__(self, *answers: list[str]) -> None:
        super().__init__(*[list(answer) for answer in answers])
        self.expected: list[Question] = []
        self.withdrawn = self.withdrawn_when_asked = 0
        self.read: list[Question] = []
        self.tell: Callable[[str], None] = lambda text: None

    def listen(self, told: Callable[[str], None]) -> None:
        self.tell = told

    def read_ahead(self, question: Question) -> None:
        self.read.append(question)

    def expect(self, question: Question) -> None:
        self.expected.append(question)

    def withdraw(self) -> None:
        self.withdrawn += 1

    def answer(self, question: Question) -> AsyncIterator[Piece]:
        self.withdrawn_when_asked = self.withdrawn
        return super().answer(question)


async def pause_after(room: Room, text: str) -> None:
    """The user has said this and pauses; whether the turn is over is being judged."""
    room.backend.emit(UserText(text=text, final=False, paused=True))
    await room.calm()


async def test_an_answer_is_begun_while_the_end_of_the_turn_is_judged(
    enter_room: EnterRoom,
) -> None:
    brain = AheadBrain(["It is a parrot."])
    room = await enter_room(brain)
    room.begin_to_speak()
    await pause_after(room, "What is that thing over there?")
    assert [question.text for question in brain.expected] == ["What is that thing over there?"]
    before = brain.withdrawn
    assert room.answers() == []
    assert room.history() == []
    assert room.transcript() == ""
    room.finish_speaking("What is that thing over there?")
    await room.session.settled()
    expected, asked = brain.expected[0], brain.questions[0]
    assert (expected.text, expected.history, expected.memory, expected.persona) == (
        asked.text,
        asked.history,
        asked.memory,
        asked.persona,
    ), "it is the same question, so that what was begun can be used"
    assert brain.withdrawn_when_asked == before


async def test_the_voice_is_told_what_an_answer_begins_with_before_it_is_said(
    enter_room: EnterRoom,
) -> None:
    brain = AheadBrain(["It is a parrot."])
    room = await enter_room(brain)
    room.begin_to_speak()
    await pause_after(room, "What is that thing over there?")
    brain.tell(" It is a par")
    brain.tell(" It is a parrot.")
    assert [e.text for e in room.backend.of(Expect)] == ["It is a par", "It is a parrot."]
    assert room.answers() == []
    room.backend.emit(UserText(text="What is that thing over there, or", final=False))
    await room.calm()
    assert room.backend.of(Expect)[-1].text == "", "the user goes on"


async def test_who_goes_on_has_it_thrown_away(enter_room: EnterRoom) -> None:
    brain = AheadBrain()
    room = await enter_room(brain)
    room.begin_to_speak()
    await pause_after(room, "I have a question")
    before = brain.withdrawn
    room.backend.emit(UserText(text="I have a question about my", final=False))
    await room.calm()
    assert brain.withdrawn > before
    assert len(brain.expected) == 1


async def test_a_command_and_a_sound_without_words_begin_no_answer(enter_room: EnterRoom) -> None:
    brain = AheadBrain()
    room = await enter_room(brain)
    room.begin_to_speak()
    await pause_after(room, "Set the volume to forty percent.")
    assert brain.expected == []
    room.begin_to_speak()
    await pause_after(room, "What is that thing over there?")
    before = brain.withdrawn
    room.finish_speaking("")
    assert brain.withdrawn > before


async def test_a_question_that_becomes_a_command_is_done_and_nothing_else(
    enter_room: EnterRoom,
) -> None:
    brain = AheadBrain()
    room = await enter_room(brain)
    room.begin_to_speak()
    await pause_after(room, "What do you think?")
    before = brain.withdrawn
    room.finish_speaking("Set the volume to forty percent.")
    await room.session.settled()
    assert brain.withdrawn > before
    assert brain.questions == []
    assert room.session.sound.volume == 0.4


async def test_what_comes_to_mind_ahead_is_not_told_before_the_turn_is_over(
    enter_room: EnterRoom,
) -> None:
    at, told = datetime(2026, 11, 1, tzinfo=UTC), "My parrot is called Picasso."
    journal = Journal("2026-11-01T120000-jarvis", at, "jarvis")
    journal.turns = [Turn(1, "user", "You", told, at)]
    journal.memories = [Memory(f"{journal.id}/1", told, "personal", at, "jarvis", 1, journal.id)]
    brain = AheadBrain(["Well, I hope."])
    room = await enter_room(brain, memory=MemoryService(FakeMemoryStore(journal)))
    room.begin_to_speak()
    words = "I wonder how my parrot might be today."
    room.backend.emit(UserText(text=words, final=False, paused=True))
    for _ in range(50):
        await asyncio.sleep(0.01)
        if brain.expected:
            break
    assert "Picasso" in brain.expected[0].memory
    assert room.of(MemoryRecalled) == []
    room.finish_speaking(words)
    await room.session.settled()
    assert len(room.of(MemoryRecalled)) == 1
    assert brain.questions[-1].memory == brain.expected[0].memory


async def test_the_next_prompt_is_read_once_an_answer_was_made_and_heard(
    enter_room: EnterRoom,
) -> None:
    brain = AheadBrain(["It is a parrot."])
    room = await enter_room(brain)
    await room.speak("What is that thing over there?")
    heard = [("user", "What is that thing over there?"), ("assistant", "It is a parrot.")]
    assert [(m.role, m.text) for m in brain.read[-1].history] == heard, "while it is being heard"
    await room.listen_to_the_end()
    assert [(m.role, m.text) for m in brain.read[-1].history] == heard


async def test_a_new_personas_prompt_is_read_while_it_introduces_itself(
    enter_room: EnterRoom,
) -> None:
    brain = AheadBrain()
    room = await enter_room(brain)
    await room.speak("Change to GLaDOS.")
    assert not room.session.is_silent, "it is still speaking"
    assert brain.read[-1].persona.slug == "glados"
