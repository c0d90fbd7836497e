"""The stand-in for a language model, and what is made of the turns that it answers."""

from __future__ import annotations

import asyncio
import time
from itertools import islice

import pytest

from assistant.backends.cascade.synthesis.clauses import split_clauses
from assistant.bench.brain_latency import QUESTIONS
from assistant.bench.report import Measurement
from assistant.brain.base import Question
from assistant.brain.openai.capabilities import CapabilitiesCache
from assistant.brain.openai.client import OpenAIBrain
from assistant.config.schema import Config
from assistant.session.events import FirstSample
from benchmarks.first_word import rival, run
from benchmarks.first_word.answers import invented
from benchmarks.first_word.run import TimedModel, Turn, Watch
from benchmarks.first_word.stand_in import MODEL, StandIn, running
from tests.brain.personas import persona


def test_no_clause_was_rendered_for_an_earlier_answer_or_an_earlier_run() -> None:
    one, other = ([*islice(invented(seed), 40)] for seed in (1, 2))
    assert len(set(one)) == 40
    assert not set(one) & set(other)
    first = [split_clauses(answer)[0] for answer in one]
    new = {clause for clause in first if len(clause.split()) > 5}
    assert len(new) > 20
    assert not new & {split_clauses(answer)[0] for answer in other}


async def test_the_projects_own_client_hears_it_word_by_word() -> None:
    async with running(7) as url:
        brain = OpenAIBrain(url, None, traits=CapabilitiesCache())
        watch = Watch()
        timed = TimedModel(brain, watch)
        answers = []
        for question in QUESTIONS[:2]:
            pieces = [p async for p in timed.answer(Question(question, persona(), []))]
            answers.append([piece for piece in pieces if isinstance(piece, str)])
        await timed.close()
    assert ["".join(pieces) for pieces in answers] == [*islice(invented(7), 2)]
    assert all(len(pieces) > 5 for pieces in answers[1:]), "streamed"
    assert MODEL in brain.label
    asked = watch.turns[1]
    assert asked.token is not None
    assert asked.token - asked.asked >= 0.1, "it thinks before its first word"


async def test_who_hangs_up_does_not_stop_it() -> None:
    server = await asyncio.start_server(StandIn(invented(1)).talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for _ in range(2):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 0\r\n\r\n")
        assert b"200" in await reader.readline()
        writer.close()
    server.close()


def test_what_was_not_answered_is_told() -> None:
    watch = Watch()
    now = time.perf_counter()
    watch.turns.append(Turn(now, now + 0.125, now + 0.5))
    watch.listen(FirstSample(turn=1, latency=0.75, stages={"wait": 300.0, "voice": 120.0}))
    watch.listen(FirstSample(turn=1, latency=3.0, stages={}))  # of a second utterance
    watch.turns.append(Turn(now))
    watch.gaps = 2
    rows = {row.name.strip(): row for row in watch.rows(3)}
    assert rows["end of speech → first sample"].values == (750.0,)
    assert "2 of 3 not answered" in rows["end of speech → first sample"].note
    assert rows["wait"].values == (300.0,)
    assert rows["first sound"].values == (120.0,)
    assert rows["model asked → first token"].values == pytest.approx((125.0,))
    assert rows["→ first words that may be said"].values == pytest.approx((375.0,))
    assert rows["gaps inside answers"].values == (2.0,)


def test_a_rival_hears_the_questions_that_a_conversation_has_used_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    heard: list[int] = []

    async def hold(config: object, personas: object, folder: object, questions: list[list[int]],
                   seed: int, watch: Watch) -> None:  # fmt: skip
        for frames in questions:
            frames.clear()

    async def measure(python: str, questions: list[list[int]], *more: object) -> list[Measurement]:
        heard.extend(len(frames) for frames in questions)
        return [Measurement("pipecat", "ms", (1.0,))]

    monkeypatch.setattr(run, "spoken", lambda texts: [[0] * 5 for _ in texts])
    monkeypatch.setattr(run, "_hold", hold)
    monkeypatch.setattr(rival, "measure", measure)
    run.measure(Config(), 2, python="python")
    assert heard == [5, 5]
