"""Latency with a language model of our own: what is asked, and what is made of the answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from assistant.bench import brain_latency as bench
from assistant.bench.brain_latency import QUESTIONS
from assistant.brain.base import BrainError, Piece, PromptRead, Question, Waiting
from assistant.brain.local.process import LocalBrain
from assistant.config.schema import Config
from assistant.language.intents import IntentRouter
from tests.brain.personas import persona
from tests.session.room import cast_of_characters


class Pieces:
    """A model's brain that says these."""

    def __init__(self, *pieces: Piece) -> None:
        self._pieces = pieces
        self.known: list[str] = []

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        self.known = list(question.known)
        for piece in self._pieces:
            await asyncio.sleep(0)
            yield piece


READ = Waiting(read=PromptRead(21, 400, 350.0))
WORDS = ("Well, ", "the sea ", "is wide. ", "And deep.")


async def said(model: Pieces, *, ahead: bool) -> tuple[list[str], bench._Turn]:
    brain = bench._WatchedBrain(cast("LocalBrain", model), ahead)
    asked = Question("Why is the sea salty?", persona(), [])
    pieces = [piece async for piece in brain.answer(asked) if isinstance(piece, str)]
    return pieces, brain.turns[0]


async def test_without_the_measures_a_first_sentence_is_waited_for_and_the_time_told() -> None:
    model = Pieces(READ, *WORDS)
    pieces, _ = await said(model, ahead=False)
    assert pieces == ["Well, the sea is wide. ", "And deep."]
    assert len(model.known) == 1
    assert "It is now" in model.known[0]
    pieces, turn = await said(model, ahead=True)
    assert pieces == list(WORDS)
    assert model.known == []
    assert (turn.evaluated, turn.prompt_ms) == (21, 350.0)
    assert turn.clause is not None


def test_the_ratio_is_of_turns_that_were_answered_both_times() -> None:
    quick, slow = bench._Run(), bench._Run()
    for seconds in (1.0, 2.0, None):
        quick.turns.append(bench._Turn(0.0, latency=seconds))
        slow.turns.append(bench._Turn(0.0, latency=4.0))
    ratio = next(row for row in bench._rows(quick, slow) if row.unit == "×")
    assert ratio.values == (0.25, 0.5)
    assert "0.38" in ratio.note
    empty = next(row for row in bench._rows(bench._Run(), bench._Run()) if row.unit == "×")
    assert empty.values == ()


def test_every_question_is_new_and_wants_an_answer_in_words() -> None:
    assert len(set(QUESTIONS)) == len(QUESTIONS)
    router = IntentRouter([p.spoken_names() for p in cast_of_characters()])
    assert [text for text in QUESTIONS if router.route(text, None) is not None] == []


def test_a_model_that_is_not_here_is_told_with_a_remedy() -> None:
    with pytest.raises(BrainError, match="not on this machine") as caught:
        bench.measure(Config(), "no-such-model", 2)
    assert "setup brain" in caught.value.remedy


@pytest.mark.weights
@pytest.mark.timeout(900)
def test_a_real_model_is_measured_both_ways() -> None:
    pytest.importorskip("xllamacpp")
    file = os.environ.get("ASSISTANT_TESTS_MODEL", "")
    if not Path(file).is_file():
        pytest.skip("ASSISTANT_TESTS_MODEL names no GGUF file")
    rows = bench.measure(Config(), file, 2)
    assert all(row.values for row in rows if row.name.startswith("end of speech"))
    assert len([row for row in rows if row.name.strip() == "asked → first token"]) == 2
