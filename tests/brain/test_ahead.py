"""What is begun ahead is used where it was asked for, and else leaves nothing behind."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from assistant.brain.ahead import MOST_A_TURN, Ahead
from assistant.brain.base import BrainError, Message, Piece, PromptRead, Question, Waiting
from assistant.brain.local.process import PersonaSlots
from tests.brain.personas import persona


class Model:
    """Says what it was asked, a word at a time; `gate` holds its last one back."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.read: list[str] = []
        self.given_up = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.fails: BrainError | None = None

    async def answer(self, question: Question) -> AsyncGenerator[Piece]:
        self.asked.append(question.text)
        whole = False
        try:
            yield Waiting(read=PromptRead(40, 200, 900.0))
            yield "You said: "
            await self.gate.wait()
            if self.fails is not None:
                raise self.fails
            yield question.text
            whole = True
        finally:
            self.given_up += not whole

    async def read_it(self, question: Question) -> AsyncGenerator[Piece]:
        self.read.append(f"{question.persona.slug} {len(question.history)}")
        await self.gate.wait()
        yield Waiting(read=PromptRead(200, 0, 4000.0))


@pytest.fixture
def model() -> Model:
    return Model()


@pytest.fixture
def ahead(model: Model) -> Ahead:
    return Ahead(model.answer, model.read_it)


def asked(text: str, **others: object) -> Question:
    return replace(Question(text, persona(), []), **others)  # type: ignore[arg-type]


async def answer(ahead: Ahead, question: Question) -> tuple[str, list[bool]]:
    """The words, and of what was told of the prompt whether it was read ahead."""
    pieces = [piece async for piece in ahead.answer(question)]
    words = "".join(piece for piece in pieces if isinstance(piece, str))
    return words, [p.read.ahead for p in pieces if isinstance(p, Waiting) and p.read]


async def calm() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("final", ["Who are you?", "who are you", "Who are you…"])
async def test_what_was_begun_is_the_answer(ahead: Ahead, model: Model, final: str) -> None:
    ahead.expect(asked("Who are you?"))
    await calm()
    assert await answer(ahead, asked(final)) == ("You said: Who are you?", [True])
    assert model.asked == ["Who are you?"], "asked once"
    assert (ahead.counts.begun, ahead.counts.used, ahead.counts.thrown_away) == (1, 1, 0)


async def test_one_that_is_still_being_made_is_waited_for(ahead: Ahead, model: Model) -> None:
    model.gate.clear()
    ahead.expect(asked("Who are you?"))
    await calm()
    task = asyncio.create_task(answer(ahead, asked("Who are you?")))
    await calm()
    assert not task.done()
    model.gate.set()
    assert (await task)[0] == "You said: Who are you?"


@pytest.mark.parametrize(
    "final",
    [
        asked("Who are you two?"),
        asked("Who are you?", memory="Ada has a parrot."),
        asked("Who are you?", history=[Message("user", "Hello.")]),
        asked("Who are you?", persona=persona().model_copy(update={"slug": "other"})),
    ],
)
async def test_to_another_question_it_is_no_answer(
    ahead: Ahead, model: Model, final: Question
) -> None:
    model.gate.clear()
    ahead.expect(asked("Who are you?"))
    await calm()
    answering = asyncio.create_task(answer(ahead, final))
    await calm()
    assert model.given_up == 1
    model.gate.set()
    words, told = await answering
    assert words == f"You said: {final.text}"
    assert told == [False]
    assert (ahead.counts.used, ahead.counts.thrown_away) == (0, 1)


async def test_signs_of_arithmetic_are_words(ahead: Ahead) -> None:
    ahead.expect(asked("What is 5 - 3?"))
    await calm()
    assert (await answer(ahead, asked("What is 5 + 3?")))[0] == "You said: What is 5 + 3?"


async def test_a_turn_has_so_many_and_no_more(ahead: Ahead, model: Model) -> None:
    for number in range(MOST_A_TURN + 4):
        ahead.expect(asked(f"And {number}"))
        ahead.expect(asked(f"And {number}"))
        await calm()
    assert len(model.asked) == MOST_A_TURN
    await answer(ahead, asked("And so on"))
    ahead.expect(asked("Again"))
    await calm()
    assert model.asked[-1] == "Again", "the next turn has its own share"


async def test_a_failure_is_told_only_to_who_asks(ahead: Ahead, model: Model) -> None:
    model.fails = BrainError("broken")
    ahead.expect(asked("Who are you?"))
    await calm()
    with pytest.raises(BrainError, match="broken"):
        await answer(ahead, asked("Who are you?"))
    ahead.expect(asked("Who are you?"))
    await calm()
    model.fails = None
    assert await answer(ahead, asked("Who are you?")) == ("You said: Who are you?", [False])


async def test_nothing_is_read_while_an_answer_is_made(ahead: Ahead, model: Model) -> None:
    model.gate.clear()
    task = asyncio.create_task(answer(ahead, asked("Who are you?")))
    await calm()
    ahead.read_ahead(asked("Hello."))
    await calm()
    assert model.read == []
    model.gate.set()
    await task
    ahead.read_ahead(asked("Hello."))
    await ahead.settled()
    assert ahead.last_read == PromptRead(200, 0, 4000.0)


async def test_of_two_readings_the_newer_one_follows(ahead: Ahead, model: Model) -> None:
    model.gate.clear()
    ahead.read_ahead(asked("Hello."))
    await calm()
    ahead.read_ahead(asked("Hello.", history=[Message("user", "Hi.")]))
    ahead.read_ahead(asked("Hello.", history=[Message("user", "Hi."), Message("user", "Ho.")]))
    await calm()
    assert model.read == ["edgar 0"], "what is read has to be read anyway"
    model.gate.set()
    await ahead.settled()
    assert model.read == ["edgar 0", "edgar 2"]


async def test_another_personas_reading_is_given_up(ahead: Ahead, model: Model) -> None:
    model.gate.clear()
    ahead.read_ahead(asked("Hello."))
    await calm()
    model.gate.set()
    other = persona().model_copy(update={"slug": "other"})
    ahead.read_ahead(asked("Hello.", persona=other))
    await ahead.settled()
    assert model.read[-1] == "other 0"


async def test_it_can_be_closed_at_any_time(ahead: Ahead, model: Model) -> None:
    model.gate.clear()
    ahead.read_ahead(asked("Hello."))
    ahead.expect(asked("Who are you?"))
    await calm()
    await ahead.close()
    assert model.given_up == 1


def test_the_persona_that_was_away_longest_gives_up_its_slot() -> None:
    slots = PersonaSlots(3)
    assert [slots.of(name) for name in ("a", "b", "c", "a", "d", "a", "b")] == [0, 1, 2, 0, 1, 0, 2]
    slots.clear()
    assert slots.of("c") == 0


async def test_what_is_written_is_told_only_until_it_is_asked_for(
    ahead: Ahead, model: Model
) -> None:
    told: list[str] = []
    ahead.on_words = told.append
    model.gate.clear()
    ahead.expect(asked("Who is there?"))
    await asyncio.sleep(0.01)
    assert told == ["You said: "]
    pieces = ahead.answer(asked("Who is there?"))
    model.gate.set()
    assert [piece async for piece in pieces if isinstance(piece, str)] == [
        "You said: ",
        "Who is there?",
    ]
    assert told == ["You said: "]
