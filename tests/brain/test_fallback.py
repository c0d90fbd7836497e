"""When the language model fails, the persona still answers, and says who speaks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from random import Random

import pytest

from assistant.brain.base import BrainError, FailureKind, LanguageModelError, Question
from assistant.brain.choose import FIRST_PAUSE_SECONDS, FallbackBrain
from assistant.brain.scripted import ScriptedBrain
from tests.brain.personas import persona


class Model:
    """A language model that says `script` and fails where it meets an error in it."""

    label = "big · Server"
    small = False

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
    setup = Setup("And. ", "So. ", "On.")
    pieces = setup.brain.answer(Question(text="Go on", persona=persona(), history=[]))
    assert await anext(aiter(pieces)) == "And."
    await pieces.aclose()  # type: ignore[attr-defined]
    assert setup.model.open == 0


async def test_closing_closes_both() -> None:
    setup = Setup()
    await setup.brain.close()
    assert setup.model.closed


LIES = "It is five in the morning. Done. I have become Ultron."


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("What time is it?", "Time "),
        ("Is it late already?", "Time "),
        ("What day is it tomorrow?", "is"),
        ("What is my name?", "Name_unknown "),
        ("What is two plus two?", "Arithmetic "),
        ("Can you become Ultron?", "List_personas "),
        ("Is there a persona called Friday?", "List_personas "),
        ("who are all the characters you can be?", "List_personas "),
        ("let me talk to Siri", "List_personas "),
        ("Is Darth Vader one of your personas?", "List_personas "),
        ("Hello, what time is it?", "Time "),
    ],
)
async def test_what_rules_know_no_model_is_asked(asked: str, answered: str) -> None:
    setup = Setup(LIES)
    now, names = datetime(2026, 11, 21, 9, 41), ["Edgar", "JARVIS"]
    question = Question(asked, persona(), [], now=now, personas=names)
    answer = "".join([str(piece) async for piece in setup.brain.answer(question)])
    assert answered in answer
    assert not any(lie in answer for lie in ("five", "Done", "Ultron"))
    assert setup.model.asked == 0


async def test_what_was_told_is_answered_by_rules_and_what_was_not_by_the_model() -> None:
    setup = Setup("Your parrot is a mystery to me.")
    assert await setup.ask("What is my parrot called?") == "Your parrot is a mystery to me."
    await setup.ask("My parrot is called Bruno.")
    assert "your parrot is called Bruno" in await setup.ask("What is my parrot called?")
    assert setup.model.asked == 2


async def test_for_a_small_model_the_persona_speaks_where_it_has_words() -> None:
    setup = Setup("I am Qwen.")
    small = Setup("I am Qwen.")
    small.model.small = True
    for asked, key in (
        ("Hello", "Hello "), ("My name is Ada", "Name_learned "), ("Who are you?", "Who_are_you "),
        ("Turn off the lights in the kitchen.", "Cannot_do "), ("Call my mother.", "Cannot_do "),
    ):  # fmt: skip
        assert key in await small.ask(asked)
    assert small.model.asked == 0
    small.model.script = ("It is wide.",)
    assert await small.ask("Tell me something about the sea.") == "It is wide."
    await setup.ask("Hello")
    assert setup.model.asked == 1, "a large one finds words of its own"


async def test_what_a_model_claims_is_put_right_and_costs_no_failure() -> None:
    setup = Setup("I have turned ", "them off. ", "It is dark now.")
    assert (await setup.ask("Turn off the lights.")).startswith("Cannot_do ")
    assert (setup.brain.label, setup.told) == ("big · Server", [])
