"""When the language model fails, the persona still answers, and says who speaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random

import pytest

from assistant.brain.base import BrainError, FailureKind, LanguageModelError, Question
from assistant.brain.choose import FIRST_PAUSE_SECONDS, FallbackBrain
from assistant.brain.scripted import ScriptedBrain
from tests.brain.personas import persona


class Model:
    """A language model that says `script` and fails where it meets an error in it."""

    label = "big · Server"

    def __init__(self, *script: str | BrainError) -> None:
        self.script = script
        self.asked = 0
        self.open = 0
        self.closed = False

    async def answer(self, question: Question) -> AsyncIterator[str]:
        self.asked += 1
        self.open += 1
        try:
            for piece in self.script:
                if isinstance(piece, BrainError):
                    raise piece
                yield piece
        finally:
            self.open -= 1

    async def close(self) -> None:
        self.closed = True


def failed(kind: FailureKind) -> LanguageModelError:
    return LanguageModelError(kind, f"it is {kind}", "do something")


class Setup:
    def __init__(self, *script: str | BrainError) -> None:
        self.model = Model(*script)
        self.told: list[str] = []
        self.now = 0.0
        self.took = 0.0
        self.scripted = ScriptedBrain(Random(1))
        self.brain = FallbackBrain(
            self.model,
            self.scripted,
            lambda error: self.told.append(error.message),
            clock=self.clock,
        )

    def clock(self) -> float:
        self.now += self.took
        return self.now

    async def ask(self, text: str = "Hello") -> str:
        question = Question(text=text, persona=persona(), history=[])
        return "".join([piece async for piece in self.brain.answer(question)])


async def test_the_model_answers_while_it_can() -> None:
    setup = Setup("Good ", "day.")
    assert await setup.ask() == "Good day."
    assert (setup.brain.label, setup.told) == ("big · Server", [])


@pytest.mark.parametrize(
    "script", [(failed("absent"),), ("", "\n", failed("cut")), (), ("  ",)], ids=str
)
async def test_before_the_first_word_the_persona_answers(script: tuple[str | BrainError]) -> None:
    setup = Setup(*script)
    assert (await setup.ask()).startswith("Hello ")
    assert setup.brain.label == "scripted"
    assert len(setup.told) == 1


async def test_after_the_first_word_the_failure_is_told_and_nothing_made_up() -> None:
    setup = Setup("Once upon a ", failed("cut"))
    with pytest.raises(LanguageModelError, match="it is cut"):
        await setup.ask()
    assert setup.brain.label == "big · Server"


async def test_each_kind_of_failure_is_told_once() -> None:
    setup = Setup(failed("absent"))
    for _ in range(3):
        await setup.ask()
    setup.model.script = (failed("refused"),)
    for _ in range(3):
        await setup.ask()
    assert setup.told == ["it is absent", "it is refused"]


async def test_a_model_that_comes_back_speaks_again() -> None:
    setup = Setup(failed("absent"))
    await setup.ask()
    setup.model.script = ("I am back.",)
    assert await setup.ask() == "I am back."
    assert setup.brain.label == "big · Server"


async def test_a_slow_model_does_not_keep_every_turn_waiting() -> None:
    setup = Setup(failed("slow"))
    setup.took = 15.0
    await setup.ask()
    setup.took = 0.0
    await setup.ask()
    assert setup.model.asked == 1
    setup.now += FIRST_PAUSE_SECONDS
    await setup.ask()
    assert setup.model.asked == 2


async def test_facts_told_to_the_model_are_known_to_the_persona() -> None:
    setup = Setup("How nice.")
    await setup.ask("My parrot is called Bruno.")
    setup.model.script = (failed("absent"),)
    assert "Bruno" in await setup.ask("What is my parrot called?")


async def test_an_interrupted_turn_ends_the_models_request() -> None:
    setup = Setup("and ", "so ", "on")
    pieces = setup.brain.answer(Question(text="Go on", persona=persona(), history=[]))
    assert await anext(aiter(pieces)) == "and "
    await pieces.aclose()  # type: ignore[attr-defined]
    assert setup.model.open == 0


async def test_closing_closes_both() -> None:
    setup = Setup()
    await setup.brain.close()
    assert setup.model.closed
