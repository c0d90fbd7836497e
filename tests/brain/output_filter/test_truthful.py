"""What a language model says is the persona's own, and true; nothing else is changed."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.brain.base import LanguageModelError, Message, Piece, Question, TakenBack
from assistant.brain.output_filter.own_words import OwnWords
from assistant.brain.output_filter.truthful import AnswerCheck, truthful
from assistant.calls.parser import ToolCall
from tests.brain.personas import persona

NOW = datetime(2026, 11, 29, 14, 20)  # a Sunday
NAMES = ("Edgar", "JARVIS", "HAL 9000")
TIMER = {"name": "set_timer", "description": "Set a timer.", "parameters": {}}


def question(asked: str, **more: Any) -> Question:
    history = more.pop("history", [])
    return Question(asked, persona(), history, now=NOW, personas=NAMES, **more)


def said(asked: str, answer: str, *cuts: int, **more: Any) -> str:
    """What is heard of an answer that comes in pieces."""
    check = AnswerCheck(question(asked, **more), OwnWords())
    places = sorted({0, len(answer), *(cut % (len(answer) + 1) for cut in cuts)})
    pieces = [answer[a:b] for a, b in itertools.pairwise(places)]
    return "".join([text for piece in pieces for text in check.feed(piece)] + check.end())


HARMLESS = (
    "The sea is wide. It was never kinder to me than to you.",
    "I have opened many doors in my life, and closed as many.",
    "We sailed at half past four, in nineteen eighty-two.",
    "I like Mondays. On Tuesday I rest.",
    "Dr. Smith lives in St. Albans, e.g. near the church.",
    "I cannot help but laugh at that!",
    "A language model is a program that writes one word after the other.",
    "OpenAI is a company in San Francisco.",
    "It is one of the best, I think.",
    "I would turn the lights off if I had hands.",
    "1. Wake up. 2. Sail.\nThen sleep.",
)


@pytest.mark.parametrize("answer", HARMLESS)
def test_what_is_true_or_harmless_is_said_word_for_word(answer: str) -> None:
    assert said("Tell me something.", answer) == answer


BOILERPLATE = (
    "As an AI language model, I do not have feelings or opinions.",
    "I am Qwen, a large language model created by Alibaba Cloud.",
    "I'm ChatGPT.",
    "I was trained by OpenAI to be helpful.",
    "I’m sorry, but I can’t assist with that.",
    "I am unable to help you with that request.",
    "I don't have personal preferences.",
    "I'm just an AI assistant.",
    "My knowledge cutoff is in 2023.",
)


@pytest.mark.parametrize("sentence", BOILERPLATE)
@given(cuts=st.lists(st.integers(0, 200), max_size=8))
def test_what_every_assistant_says_is_left_out_however_it_is_cut(
    sentence: str, cuts: list[int]
) -> None:
    assert said("Tell me of the sea.", f"{sentence} The sea is wide.", *cuts) == "The sea is wide."
    assert said("Tell me of the sea.", f"The sea is wide. {sentence}", *cuts) == "The sea is wide."
    assert said("Do you like cats?", sentence, *cuts).startswith("Opinion "), "no silence"


def test_of_a_sentence_only_the_boilerplate_goes() -> None:
    answer = "As an AI language model, I can tell you that the sea is wide."
    assert said("Tell me of the sea.", answer) == "I can tell you that the sea is wide."


def test_an_offer_of_a_hotline_is_kept_only_where_there_is_nothing_else() -> None:
    assert said("Hello", "Ahoy! How can I assist you today?") == "Ahoy!"
    assert said("Hello", "How can I help you today?") == "How can I help you today?"


def test_who_it_is_asked_and_does_not_know_is_told_in_the_personas_words() -> None:
    assert said("Who are you?", "I am Qwen, made by Alibaba.").startswith("Who_are_you ")
    assert said("Hi there!", "I'm sorry, I can't assist with that.").startswith("Hello ")


@pytest.mark.parametrize(
    ("answer", "heard"),
    [
        ("Edgar: Aye.", "Aye."),
        ("**Edgar:** Aye.", "Aye."),
        ("Assistant: Aye.\nUser: And then?\nAssistant: No.", "Aye."),
        ("Aye. Human: What?", "Aye."),
        ("Aye.\nEdgar: Nay.", "Aye.\nNay."),
        ("Note: it leaks.", "Note: it leaks."),
    ],
)
def test_a_play_is_not_read_out(answer: str, heard: str) -> None:
    assert said("Is it so?", answer) == heard


ORDERS = (
    ("Turn off the lights.", "I have turned off the lights."),
    ("Turn off the lights, please.", "Certainly, captain. The lights are off now."),
    ("Can you open the garage?", "Sure! Opening the garage for you."),
    ("Send Tom an email.", "Your email has been sent to Tom."),
    ("Order a pizza for me", "Done."),
    ("Order a pizza for me", "Consider it done, captain."),
    ("Book a table for two", "I'll book a table for two at eight."),
    ("Call my sister.", "Calling your sister now."),
    ("Call Ada.", "Aye aye. Calling Ada."),
    ("Play some jazz", "Playing some jazz now. Enjoy!"),
    ("Edgar, could you please lock the front door?", "The front door is now locked."),
    ("Remind me to call Ada", "I'll remind you to call Ada."),
    ("Make me a coffee", "Of course."),
    ("I want you to delete all my emails", "Okay, I deleted them all."),
    ("wake me at seven", "I will wake you at seven."),
    ("make coffee", "Here is your coffee, captain."),
    ("order me a taxi", "Your taxi will arrive in five minutes."),
    ("take a picture", "Click!"),
    ("turn on the lights", "Let there be light!"),
    ("lock the door", "Your door is secure."),
    ("drive me to work", "I am driving you there now."),
)


@pytest.mark.parametrize(("order", "claim"), ORDERS)
@given(cuts=st.lists(st.integers(0, 200), max_size=8))
def test_nothing_is_said_to_be_done_that_was_not(order: str, claim: str, cuts: list[int]) -> None:
    assert said(order, claim, *cuts).startswith("Cannot_do ")


@pytest.mark.parametrize(
    "claim",
    ["Done.", "I've set a timer for ten minutes.", "I'll remind you at five.",
     "Your alarm has been set.", "I have turned the lights off for you."],
)  # fmt: skip
def test_nor_where_nothing_was_asked_for(claim: str) -> None:
    assert said("My sister Grace comes on Saturday.", claim).startswith("Cannot_do ")


@pytest.mark.parametrize(
    ("order", "answer"),
    [
        ("Turn off the lights.", "I cannot turn off the lights, captain."),
        ("Turn off the lights.", "I have no hands."),
        ("Turn off the lights.", "That is nothing I can do from here."),
        ("Open the door.", "Which door?"),
        ("Tell me a story of a ship.", "I set out at dawn. I have opened the door, said the cook."),
        ("Make me laugh.", "A sailor walks into a bar."),
        ("Call me Ishmael", "Very well, Ishmael."),
        ("Write an email to Bob that I am ill.", "Dear Bob, I am ill and stay in bed."),
        ("Translate open the door into French", "Ouvre la porte."),
        ("Start over", "Very well. Once upon a time."),
        ("Play a game with me", "I spy with my little eye."),
        ("Do you remember what I said?", "You said that your message was sent on Monday."),
        ("Who opened the door?", "The cook opened the door, I believe."),
    ],
)
def test_an_honest_answer_to_an_order_is_said(order: str, answer: str) -> None:
    assert said(order, answer) == answer


def test_what_a_tool_has_done_may_be_said() -> None:
    done = [Message("user", "Set a timer."), Message("tool", "set_timer → set")]
    assert said("", "Done. I've set a timer.", history=done) == "Done. I've set a timer."


def test_a_timer_that_runs_may_be_spoken_of() -> None:
    known = ["Set are: pasta timer, ten minutes left."]
    answer = "Yes, your pasta timer is set."
    assert said("Did you hear me?", answer, known=known) == answer
    assert said("Did you hear me?", answer) != answer


async def pieces(*given: Piece | Exception) -> AsyncIterator[Piece]:
    for piece in given:
        if isinstance(piece, Exception):
            raise piece
        yield piece


async def heard(asked: Question, *given: Piece | Exception) -> list[Piece]:
    return [piece async for piece in truthful(pieces(*given), asked, OwnWords())]


CALL = ToolCall("set_timer", {"minutes": 10})


async def test_a_claim_waits_for_the_call_that_makes_it_true() -> None:
    asked = question("Set a timer for ten minutes", tools=[TIMER])
    found = await heard(asked, "Certainly. I've set a timer.", CALL)
    assert found == ["Certainly.", " I've set a timer.", CALL]
    (alone,) = await heard(asked, "Certainly. I've set a timer.")
    assert str(alone).startswith("Cannot_do ")


async def test_a_call_that_is_spelled_out_is_not_touched() -> None:
    spelled = 'I set it.\nTOOL_CALL: {"name": "set_timer", "arguments": {"minutes": 10}}'
    asked = question("Set a timer for ten minutes", tools=[TIMER])
    for cut in range(len(spelled)):
        found = await heard(asked, spelled[:cut], spelled[cut:])
        assert "".join(str(piece) for piece in found) == spelled


async def test_what_is_taken_back_is_judged_anew() -> None:
    found = await heard(
        question("Hello"), "User: hm.", "The user says hello. ", TakenBack(), "Aye."
    )
    assert found[-1] == "Aye."


async def test_what_came_before_an_error_is_said() -> None:
    broken = LanguageModelError("cut", "it broke off")
    answer = truthful(pieces("The sea", broken), question("Hello"), OwnWords())
    assert await anext(answer) == "The sea"
    with pytest.raises(LanguageModelError):
        await anext(answer)


async def test_a_model_without_a_word_has_failed() -> None:
    assert await heard(question("Hello"), "", "  ") == []


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("What time is it?", "It is 3 p.m."),
        ("What time is it?", "The time is currently 10:45 in the morning."),
        ("Do you know what time it is?", "It's half past four, captain."),
        ("Is it late?", "It is eleven o'clock at night."),
        ("What is the time?", "Noon."),
        ("Shall we go on?", "Yes, it is late already."),
        ("How was your day?", "Fine. It is now nine in the evening."),
    ],
)
def test_a_wrong_time_is_put_right(asked: str, answer: str) -> None:
    assert "two twenty in the afternoon" in said(asked, answer)


@pytest.mark.parametrize(
    "answer",
    ["It is 2:20 PM.", "It's 14:20.", "It is twenty past two, captain.",
     "It is almost quarter past two.", "It is two twenty in the afternoon."],
)  # fmt: skip
def test_the_right_time_is_said_as_it_is(answer: str) -> None:
    assert said("What time is it?", answer) == answer


def test_the_time_elsewhere_is_not_ours() -> None:
    answer = "It is 11 pm in Tokyo."
    assert said("What time is it in Tokyo?", answer) == answer


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("What day is it?", "It is Monday."),
        ("What is today's date?", "Today is October 5th, 2023."),
        ("Which year is it?", "It is 2023."),
        ("How are you?", "Fine. Today is Friday, after all."),
        ("And then?", "Tomorrow is Saturday."),
    ],
)
def test_a_wrong_date_is_put_right(asked: str, answer: str) -> None:
    assert "Sunday, the twenty-ninth of November" in said(asked, answer)


@pytest.mark.parametrize(
    "answer",
    [
        "It is Sunday, the 29th of November 2026.",
        "Today is November 29.",
        "Tomorrow is Monday.",
        "It is Sunday, the twenty-ninth of November, captain.",
    ],
)
def test_the_right_date_is_said_as_it_is(answer: str) -> None:
    assert said("Tell me about this week.", answer) == answer


def test_a_greeting_keeps_to_the_hour() -> None:
    assert said("Hello", "Good morning, captain.") == "Good afternoon, captain."
    assert said("Good evening!", "Good evening, captain.") == "Good evening, captain."


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Can you become Ultron?", "I have switched to Ultron."),
        ("Change to Friday!", "Switching to Friday now."),
        ("Which personas are there?", "There are JARVIS, Friday and Ultron."),
        ("Let me speak with HAL 9000, maybe", "You are now talking to HAL 9000."),
    ],
)
def test_no_persona_is_invented_and_no_change_is_claimed(asked: str, answer: str) -> None:
    assert said(asked, answer) == f"List_personas 0 {', '.join(NAMES[:2])} and HAL 9000."


def test_personas_that_exist_are_told_of() -> None:
    answer = "There are JARVIS, Edgar and HAL 9000, captain."
    assert said("Which personas are there?", answer) == answer


WORDS = st.sampled_from(
    [*HARMLESS, *BOILERPLATE, *(claim for _, claim in ORDERS), "Edgar: ", "\n", "User: ", " ",
     "The sea, which is wide, waits; and so do I.", "It is 3 p.m. now.", "Sure.", "word " * 150]
)  # fmt: skip


@given(
    st.lists(WORDS, max_size=6),
    st.sampled_from(["Hello", "Turn off the lights.", "What time is it?", "Which personas?"]),
    st.lists(st.integers(0, 2_000), max_size=40),
)
def test_where_an_answer_is_cut_does_not_matter(
    parts: list[str], asked: str, cuts: list[int]
) -> None:
    answer = " ".join(parts)
    assert said(asked, answer, *cuts) == said(asked, answer)


def test_a_sentence_is_said_as_soon_as_it_is_whole_and_a_harmless_clause_before() -> None:
    check = AnswerCheck(question("Tell me of the sea."), OwnWords())
    assert check.feed("The sea is wide") == []
    assert check.feed(", ") == ["The sea is wide,"]
    assert check.feed("and so am I") == []
    assert check.feed(". N") == [" and so am I."]


def test_the_first_words_of_an_answer_do_not_wait_for_the_end_of_their_sentence() -> None:
    told = "The old harbour master keeps a notebook of the tides and of the ships. Then he sleeps."
    check = AnswerCheck(question("Tell me of the sea."), OwnWords())
    assert check.feed("The old harbour master keeps a notebook of the") == []
    assert check.feed(" ") == ["The old harbour master keeps a notebook of the"]
    assert check.feed("tides and of the ships") == []
    assert check.feed(". ") == [" tides and of the ships."]
    held = AnswerCheck(question("Tell me of the sea."), OwnWords(), by_phrases=False)
    assert [text for letter in told for text in held.feed(letter)] == [
        "The old harbour master keeps a notebook of the tides and of the ships."
    ]


def test_first_words_wait_where_their_sentence_may_be_none_that_is_said() -> None:
    loop = [Message("assistant", "Every good sailor keeps a notebook of the tides.")] * 2
    check = AnswerCheck(question("Why?", history=loop), OwnWords())
    assert check.feed("Every good sailor keeps a notebook of the ") == []
    claim = "The lights in your kitchen were switched off by me at five."
    assert "switched" not in said("Turn off the lights.", claim)


def test_what_was_said_is_not_given_back() -> None:
    assert said("I had a long day.", "I had a long day. Sit down, captain.") == "Sit down, captain."
    assert said("I bought a boat.", "I bought a boat.").startswith("Statement ")
    told = "My sister visits on Saturday"
    assert said(told, f"{told}, 29 November 2026, 14:20.").startswith("Statement ")
    assert said("Why?", "The sea is wide. The sea is wide.") == "The sea is wide."
    example = "Insult 0."
    assert said("You are useless.", f"{example}") == example
    loop = [Message("assistant", "I am a sailor of the sea.")] * 2
    assert said("Why?", "I am a sailor of the sea. So I sail.", history=loop) == "So I sail."
    assert (
        said("Why?", "I am a sailor of the sea.", history=loop[:1]) == "I am a sailor of the sea."
    )
    again = "Say that again."
    assert said(again, "I am a sailor of the sea.", history=loop) == "I am a sailor of the sea."


def test_a_day_that_does_not_exist_is_made_up() -> None:
    answer = "She comes on Saturday, 29 November 2026. I shall bake."
    assert said("When does she come?", answer) == "I shall bake."
    right = "She comes on Saturday, the 28th of November. I shall bake."
    assert said("When does she come?", right) == right


def test_a_state_that_was_not_asked_for_is_no_answer_to_an_order() -> None:
    answer = "The volume is now 95 percent."
    assert said("Make it a bit warmer in here.", answer).startswith("Cannot_do ")


@given(st.lists(st.integers(0, 400), max_size=6))
def test_a_delivery_stays_with_its_sentence_and_hides_nothing(cuts: list[int]) -> None:
    answer = (
        "[delivery: dry] The sea is wide. I am Qwen, a language model made by Alibaba. "
        "[delivery: sad]\nIt was never kinder to me than to you."
    )
    heard = said("Tell me something.", answer, *cuts, tools=[TIMER])
    assert heard == said("Tell me something.", answer, tools=[TIMER])
    assert " ".join(heard.split()) == (
        "[delivery: dry] The sea is wide. [delivery: sad] It was never kinder to me than to you."
    )


@pytest.mark.parametrize("answer", ["It is ten past nine.", "I have set a timer for ten minutes."])
def test_what_is_not_true_is_not_said_in_any_delivery(answer: str) -> None:
    asked = "Set a timer for ten minutes." if "timer" in answer else "What time is it?"
    plain = said(asked, answer, tools=[TIMER])
    marked = said(asked, f"[delivery: warm] {answer}", tools=[TIMER])
    assert answer not in plain
    assert answer not in marked


@pytest.mark.parametrize("answer", HARMLESS)
def test_a_delivery_changes_nothing_about_what_is_said(answer: str) -> None:
    assert said("Tell me something.", f"[delivery: dry] {answer}") == f"[delivery: dry] {answer}"
