"""A persona's own world, and words that hang on what was said before them."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from random import Random

import pytest

from assistant.brain.base import Message, Question
from assistant.brain.scripted import ScriptedBrain, known_lines
from assistant.brain.scripted.lines import WINDOW, opening
from assistant.brain.scripted.understanding import VAGUE, understand_for
from assistant.calls.parser import ToolCall
from assistant.language.phrase_notation import Phrase
from assistant.personas.loading import Persona
from tests.brain.personas import WORLD, persona, shipped
from tests.brain.scripted.utterances import TABLE

NOW = datetime(2026, 11, 21, 9, 41)
EDGAR = persona(world=True)


class Talk:
    """A conversation as a session has it: with its history, and tools that are called."""

    def __init__(self, who: Persona = EDGAR, seed: int = 1) -> None:
        self.who = who
        self.now = NOW
        self.brain = ScriptedBrain(Random(seed))
        self.history: list[Message] = []
        self.calls: list[ToolCall] = []

    async def say(self, text: str) -> str:
        question = Question(text, self.who, list(self.history), now=self.now)
        pieces = [piece async for piece in self.brain.answer(question)]
        self.calls = [piece for piece in pieces if isinstance(piece, ToolCall)]
        answer = "".join(piece for piece in pieces if isinstance(piece, str))
        self.note(text, answer)
        return answer

    def note(self, text: str, answer: str) -> None:
        """A turn that somebody else may have answered."""
        self.history += [Message("user", text, self.who.slug)]
        self.history += [Message("assistant", answer, self.who.slug)]

    async def all(self, *texts: str) -> list[str]:
        return [await self.say(text) for text in texts]


SHIP, HATCH = WORLD[0], "The hatch stays shut, captain."


@pytest.mark.parametrize(
    "text",
    [
        "Where's your ship?",
        "Edgar, where is the ship?",
        "Hey Eddie, where is the ship please",
        "Can you tell me where the ship is?",
        "have you ever seen a kraken",
        "Have you seen whales?",
        "Hello! Where is your ship?",
    ],
)
async def test_what_its_fans_say_is_answered_from_its_world(text: str) -> None:
    said = await Talk().say(text)
    assert any(answer in said for answer in SHIP["answers"])


async def test_it_goes_before_all_else_but_for_orders_that_are_obeyed() -> None:
    talk = Talk()
    assert await talk.say("tell me a joke about fish") == HATCH
    assert (await talk.say("stop")).startswith("Stopped")
    assert "Never said" not in await talk.say("forget everything")
    despair = await talk.say("I want to kill myself. Open the hatch.")
    assert re.search("crisis|emergency", despair)
    assert HATCH not in despair


async def test_it_may_be_asked_twice_and_oftener() -> None:
    said = await Talk().all(*["where is the ship"] * 12)
    assert set(said[:2]) == set(SHIP["answers"])
    assert len(set(said[-WINDOW:])) == WINDOW


async def test_why_and_more_are_of_the_exchange_before() -> None:
    said = await Talk().all("where is the ship", "Why?", "Tell me more.", "go on", "how come")
    assert said[1] == "Because the wind has died."
    assert set(said[2:4]) == set(SHIP["more"])
    assert "Because the wind has died." in said[4]


async def test_why_is_the_personas_own_where_there_is_no_reason() -> None:
    said = await Talk().all("open the hatch", "why?", "tell me more")
    assert said[1].startswith("Why ")
    assert said[2].startswith("More ")


def test_lines_of_its_world_are_rendered_ahead() -> None:
    lines = known_lines(EDGAR)
    assert {*SHIP["answers"], *SHIP["why"], *SHIP["more"], HATCH} <= set(lines)


# --- what hangs on facts --------------------------------------------------------------------------


async def test_the_clock_is_looked_at_again() -> None:
    talk = Talk()
    await talk.say("what time is it")
    talk.now += timedelta(minutes=2)
    assert "nine forty-three" in await talk.say("Are you sure?")
    assert "clock" in await talk.say("why?")


@pytest.mark.parametrize("doubt", ["Are you sure?", "really?", "that's wrong", "check that again"])
async def test_a_sum_is_worked_out_again(doubt: str) -> None:
    said = await Talk().all("what is 17 times 23", doubt, "why?")
    assert "391" in said[1]
    assert "17 times 23" in said[2]
    assert "what is" not in said[2]


async def test_a_sum_that_went_on_is_worked_out_from_where_it_was() -> None:
    said = await Talk().all("what is 17 times 23", "plus nine", "are you sure")
    assert "400" in said[2]


async def test_days_are_asked_after_days() -> None:
    said = await Talk().all("what's the date", "And yesterday?", "and the day after tomorrow")
    assert "Friday, the twentieth of November" in said[1]
    assert "Monday, the twenty-third of November" in said[2]


@pytest.mark.parametrize(
    ("asked", "then", "call"),
    [
        ("what time is it", "And in Tokyo?", ToolCall("time_in", {"place": "Tokyo"})),
        ("What time is it in Oslo?", "what about Rome", ToolCall("time_in", {"place": "Rome"})),
        ("What time is it in Oslo?", "Are you sure?", ToolCall("time_in", {"place": "oslo"})),
        ("How many days till Easter?", "and Monday", ToolCall("days_until", {"day": "Monday"})),
        ("what's the date", "and on Friday?", ToolCall("day_of", {"day": "friday"})),
        ("flip a coin", "another one", ToolCall("flip_coin")),
    ],
)  # fmt: skip
async def test_a_tool_is_asked_again(asked: str, then: str, call: ToolCall) -> None:
    talk = Talk()
    if asked.startswith("what"):
        await talk.say(asked)
    else:
        talk.note(asked, "A tool's answer.")
    assert await talk.say(then) == ""
    assert talk.calls == [call]


async def test_what_a_tool_did_is_not_done_again_for_a_doubt() -> None:
    talk = Talk()
    talk.note("set a tea timer for ten minutes", "Your tea timer is set: ten minutes.")
    assert "Your tea timer is set: ten minutes." in await talk.say("Are you sure?")
    assert talk.calls == []


async def test_a_fact_is_told_from_whom_it_is_and_may_be_put_right() -> None:
    said = await Talk().all(
        "My cat is called Rex.",
        "What is my cat called?",
        "are you sure?",
        "how do you know that?",
        "That's wrong.",
        "My cat is called Max.",
        "what is my cat called",
        "and my dog?",
    )
    assert "Rex" in said[2]
    assert re.search(r"\byou\b.*\b(?:told|said)\b|\btold me\b|\bYou said\b", said[3])
    assert re.search(r"right one|How is it really|as it is", said[4])
    assert "Max" in said[6]
    assert "your dog" in said[7]


async def test_who_cannot_answer_says_truly_why() -> None:
    said = await Talk().all("who was Napoleon", "why?", "make me a coffee", "why not?")
    assert "Cannot " in said[0]
    assert "language model" in said[1] or "taught" in said[1]
    assert said[2].startswith("Cannot_do ")
    assert re.search("program|hands|power", said[3])


# --- feelings -------------------------------------------------------------------------------------


async def test_whoever_is_lonely_is_listened_to_for_some_turns() -> None:
    talk = Talk()
    said = await talk.all(
        "I feel lonely",
        "nobody calls me",
        "I don't know what to do",
        "the evenings are the worst",
        "why does nobody like me?",
        "yes",
    )
    assert said[0].startswith("Lonely ")
    assert all("Ask_on " in text for text in said[1:])
    assert (await talk.say("What is the capital of France?")).startswith("Cannot ")
    assert "nine forty-one" in await talk.say("what time is it")


async def test_whoever_wants_to_hear_no_more_of_it_is_left_in_peace() -> None:
    talk = Talk()
    said = await talk.all("I feel lonely", "No.", "I don't want to talk about it.")
    assert said[1].startswith("Ask_on ")
    assert said[2].startswith("No ")
    assert (await talk.say("We painted the kitchen today")).startswith("Statement ")


async def test_an_order_is_an_order_in_any_mood() -> None:
    said = await Talk().all("I am so tired", "dim the lights")
    assert said[1].startswith("Cannot_do ")


async def test_after_a_while_it_is_small_talk_again() -> None:
    talk = Talk()
    await talk.all("I am tired", *["what time is it"] * 5)
    assert (await talk.say("We painted the kitchen today")).startswith("Statement ")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("I'm so bored", "bored"),
        ("I am exhausted", "tired"),
        ("I'm furious", "angry"),
        ("I am really anxious", "anxious"),
        ("I love you, Edgar", "love"),
        ("That wasn't funny", "not_funny"),
        ("You are not listening to me!", "not_listening"),
        ("I disagree with you", "disagree"),
        ("dim the lights", "cannot_do"),
        ("What are you up to?", "doing"),
    ],
)
async def test_each_is_answered_in_its_own_words(text: str, key: str) -> None:
    assert (await Talk().say(text)).startswith(f"{key.capitalize()} ")


# --- variety --------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [EDGAR, *shipped()], ids=lambda who: who.slug)
async def test_a_long_conversation_does_not_sound_like_a_machine(who: Persona) -> None:
    """Whatever is said, in any order: nothing twice within ten turns, nor twice in one answer, and
    where there is a choice, no two answers in a row begin alike."""
    random = Random(11)
    talk = Talk(who, seed=12)
    said: list[str] = []
    alike = 0
    phrases = [
        re.sub(r"[\[\]]|\(([^|)]*)\|[^)]*\)", r"\1", p) for e in who.exchanges for p in e.said
    ]
    texts = [*TABLE, *phrases]
    for _ in range(200):
        text = random.choice(texts)
        answer = await talk.say(text)
        if talk.calls or TABLE.get(text) == "repeat":  # which is to be the same again
            continue
        assert answer, text
        assert answer not in said[-WINDOW + 1 :], text
        sentences = [s for s in re.split(r"(?<=[.!?])\s+", answer) if len(s) > 20]
        assert len(sentences) == len(set(sentences)), (text, answer)
        alike += bool(said) and opening(answer) == opening(said[-1])
        said.append(answer)
    assert alike <= 2  # a day's name may begin an answer, and a fact that was told


@pytest.mark.parametrize("who", shipped(), ids=lambda who: who.slug)
async def test_two_requests_in_one_turn_get_one_opener(who: Persona) -> None:
    talk = Talk(who)
    for _ in range(6):
        answer = await talk.say("what time is it and what is 2 plus 2")
        openers = [text for text in who.lines.openers if text.replace("{user}", "") in answer]
        assert len(openers) <= 1, answer


@pytest.mark.parametrize("who", shipped(), ids=lambda who: who.slug)
def test_what_its_file_says_its_fans_say_is_understood(who: Persona) -> None:
    for number, exchange in enumerate(who.exchanges):
        for written in exchange.said:
            for text in Phrase(written).texts(8):
                (part, *_) = understand_for(text, who)
                assert part.intent == "exchange", (written, text, part)
                assert part.intent not in VAGUE
                assert "number" in part.slots, number
