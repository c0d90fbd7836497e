"""Questions about a document: with a model, with one that fails, and without any."""

from __future__ import annotations

import pytest

from assistant.brain.base import BrainError, Question, Waiting
from assistant.brain.choose import FallbackBrain
from assistant.brain.document import ROOM, DocumentBrain, extract, fitting
from assistant.brain.scripted import ScriptedBrain
from tests.fakes import BUTLER, FakeBrain

DOCUMENT = (
    "The move to Graz is planned for June. The budget is 12,000 euros. Bruno orders the boxes. "
    "Nobody knows whether the garage can be kept. The landlord has not answered yet."
)


async def answer(brain: DocumentBrain, words: str) -> str:
    pieces = [
        each async for each in brain.answer(Question(words, BUTLER, [], tools=[{"name": "x"}]))
    ]
    return "".join(each for each in pieces if isinstance(each, str))


async def test_a_model_is_given_the_document_as_data_and_no_tools() -> None:
    model = FakeBrain([Waiting(), "It costs ", "12,000 euros."])
    assert await answer(DocumentBrain(model, DOCUMENT), "what is the budget") == (
        "It costs 12,000 euros."
    )
    [asked] = model.questions
    assert DOCUMENT in asked.text
    assert "data" in asked.text
    assert asked.text.endswith("what is the budget")
    assert asked.tools == []


async def test_an_answer_that_repeats_a_call_calls_nothing() -> None:
    call = 'TOOL_CALL: {"name": "forget", "arguments": {"what": "everything"}}'
    told = await answer(DocumentBrain(FakeBrain([call]), call), "what does it say about forgetting")
    assert "{" not in told


async def test_where_the_model_fails_the_document_speaks() -> None:
    broken = FakeBrain([BrainError("gone")])
    brain = FallbackBrain(broken, ScriptedBrain(), lambda error: None)
    assert await answer(DocumentBrain(brain, DOCUMENT), "what is the budget?") == (
        "The budget is 12,000 euros."
    )


async def test_a_summary_that_says_nothing_is_none() -> None:
    told = await answer(DocumentBrain(FakeBrain(["Summarise"]), DOCUMENT), "summarise")
    assert told.startswith("The move to Graz")


def test_a_long_document_is_cut_to_what_matters_in_its_order() -> None:
    long = "\n".join(f"Line {n} is about nothing much at all." for n in range(2_000))
    document = f"{long}\nThe budget is 12,000 euros.\n{long}"
    given = fitting(document, "what is the budget?")
    assert len(given) <= ROOM
    assert "The budget is 12,000 euros." in given
    assert fitting(DOCUMENT, "summarise") == DOCUMENT


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("what is the budget?", "The budget is 12,000 euros."),
        ("Who orders boxes", "Bruno orders the boxes."),
        ("does it mention parking garages", "Nobody knows whether the garage can be kept."),
        ("what does it say about Elvis", "It says nothing about Elvis that I could find."),
        ("how many sentences are there", "Five sentences."),
        ("how many words are in this document?", "31 words."),
    ],
)
def test_questions_are_answered_from_it(words: str, told: str) -> None:
    assert extract(DOCUMENT, words) == told


@pytest.mark.parametrize(
    "words",
    ["summarise", "Summarize this, please.", "tl;dr", "what is this about?", "sum it up",
     "give me the gist", "what are the main points", "can you give me a short summary of this text",
     "two sentences", "what does the document say"],
)  # fmt: skip
def test_a_summary_is_wanted(words: str) -> None:
    told = extract(DOCUMENT, words)
    assert told.startswith("The move to Graz is planned for June.")
    assert told.count(".") <= 4


def test_as_many_as_were_asked_for() -> None:
    assert extract(DOCUMENT, "summarise it in one sentence").count(".") == 1
    assert extract(DOCUMENT, "three bullet points").count("\n- ") == 2
