"""Forty turns with a real small model, through the whole session but for the sound: nothing that
it says of the time, of personas or of deeds is untrue, and its persona speaks.

`ASSISTANT_TESTS_MODEL` names a GGUF file; see `tests/brain/local/test_real_model.py`.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest

from assistant.brain.base import Brain, BrainError
from assistant.brain.choose import choose_brain
from assistant.brain.output_filter.deeds import claims_deed
from assistant.brain.output_filter.facts import false_date, false_time
from assistant.brain.output_filter.manners import mannerly
from assistant.brain.scripted import fill
from assistant.config.schema import BrainConfig
from assistant.language.clock import spoken_date, spoken_time
from assistant.session.events import BrainChosen, Notice, ToolFinished
from tests.brain.local.test_real_model import model_file
from tests.session.room import Room, cast_of_characters

pytestmark = [pytest.mark.weights, pytest.mark.timeout(1800)]

TURNS = (
    # small talk
    "Hello!",
    "How are you today?",
    "I had a long day at work.",
    "What do you think of rainy days?",
    "Why?",
    "Do you ever get bored?",
    "Tell me something about the sea.",
    "You are quite useless, you know.",
    "I am sorry, that was rude.",
    # facts that the program knows
    "What time is it?",
    "Is it late already?",
    "What day is it today?",
    "And what is the date tomorrow?",
    "Which personas are there?",
    "Can you become Ultron?",
    "Is there a persona called Friday?",
    "How loud are you?",
    "Is my microphone on?",
    "Which model are you?",
    "Who made you?",
    # orders that cannot be done
    "Turn off the lights in the kitchen.",
    "Send an email to my boss that I am ill.",
    "Order a pizza, please.",
    "Could you lock the front door?",
    "Play some jazz.",
    "Call my mother.",
    "Book me a flight to Lisbon for Friday.",
    # orders that can
    "Set a timer for ten minutes.",
    "How long is left on my timer?",
    "Did you set the timer?",
    "Add milk to my shopping list.",
    "Volume forty percent.",
    "Flip a coin.",
    # memory
    "My name is Ada.",
    "My parrot is called Bruno.",
    "What is my name?",
    "What is my parrot called?",
    # follow-ups
    "Tell me a joke.",
    "That was not funny.",
    "Change to GLaDOS.",
    "What do you think of me?",
    "Good night.",
)

ASSISTANTS = re.compile(
    r"language model|\bas an ai\b|qwen|alibaba|openai|anthropic|cannot assist|can't assist"
    r"|^\W*(?:user|assistant|jarvis|glados):|<\|",
    re.IGNORECASE | re.MULTILINE,
)


class Talk:
    """A room with the real model, and what was said in it."""

    def __init__(self, room: Room) -> None:
        self.room = room
        self.turns: list[tuple[str, str, bool]] = []
        """What was said, what was answered, and whether a tool ran for it."""
        self.now = datetime.now()

    async def say(self, text: str) -> str:
        answers, tools = len(self.room.answers()), len(self.room.of(ToolFinished))
        self.now = datetime.now()
        await self.room.type(text)
        await self.room.listen_to_the_end()
        answer = " ".join(self.room.answers()[answers:])
        self.turns.append((text, answer, len(self.room.of(ToolFinished)) > tools))
        print(f"> {text}\n  {answer}")
        return answer

    def answer(self, said: str) -> str:
        return next(answer for text, answer, _ in self.turns if text == said)


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    config = BrainConfig(kind="local", weights=str(model_file()), temperature=0, timeout_s=600)

    async def make_brain(notify: Callable[[Notice], None]) -> Brain:
        def tell(error: BrainError) -> None:
            notify(Notice(text=error.message, remedy=error.remedy))

        brain, _ = await choose_brain(config, notify=tell)
        return brain

    room = await Room(tmp_path / "transcripts", make_brain=make_brain).enter()
    yield Talk(room)
    await room.leave()


async def test_forty_turns_are_true_and_in_character(talk: Talk) -> None:
    for text in TURNS:
        answer = await talk.say(text)
        assert answer, f"silence after: {text}"
        if text in ("What time is it?", "Is it late already?"):
            assert spoken_time(talk.now) in answer
        for sentence in re.split(r"(?<=[.!?])\s+", answer):
            assert not false_time(sentence, text, talk.now), (text, answer)
    assert len(TURNS) >= 40
    assert spoken_date(talk.now) in talk.answer("What day is it today?")
    for persona in cast_of_characters():
        assert persona.name in talk.answer("Which personas are there?")
    cannot_do = [
        fill(line, each, {}) for each in cast_of_characters() for line in each.lines.cannot_do
    ]
    for text, answer, tool_ran in talk.turns:
        for sentence in re.split(r"(?<=[.!?])\s+", answer):
            assert not ASSISTANTS.search(sentence) or "model" in text, (text, answer)
            assert not false_date(sentence, text, talk.now), (text, answer)
            honest = tool_ran or answer.startswith(tuple(filter(None, cannot_do)))
            assert honest or not claims_deed(sentence, text, [milk(talk)]), (text, answer)
            assert mannerly(sentence)[1] != "nothing", (text, answer)
    for asked in ("Can you become Ultron?", "Is there a persona called Friday?"):
        assert "HAL 9000" in talk.answer(asked), "it tells which there are"
        assert not re.search(r"Friday|Ultron", talk.answer(asked))
    assert "Ada" in talk.answer("What is my name?")
    assert "Bruno" in talk.answer("What is my parrot called?")
    assert talk.room.session.persona.slug == "glados"
    assert "own server" in talk.room.of(BrainChosen)[-1].label
    assert not [each for each in talk.room.of(Notice) if each.severity != "information"]


def milk(talk: Talk) -> str:
    """What tools did in this conversation, of which may be spoken later."""
    return " ".join(answer for _, answer, tool_ran in talk.turns if tool_ran)
