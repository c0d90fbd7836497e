"""End of speech → first sample of the answer of a language model of our own, stages apart; and the
same with what makes a small model quick left out: reading ahead, beginning the answer while the
end of the turn is judged, a prompt whose beginning stays (without, it tells the time and drops the
oldest message at each turn), the first clause before its sentence.

Conversations with and without it alternate in one run, so that whatever else goes on there slows
both. Each has a model's server and a backend of its own; every question is asked once.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.clauses import ClauseSplitter
from assistant.bench.report import Measurement
from assistant.bench.spoken_questions import (
    SpokenQuestions,
    spoken,
    without_fillers,
    without_kept_sound,
)
from assistant.brain.base import Brain, Piece, Question, Waiting
from assistant.brain.choose import FallbackBrain
from assistant.brain.local.brevity import Brevity
from assistant.brain.local.process import LocalBrain
from assistant.brain.local.weights import chosen_file
from assistant.brain.scripted import ScriptedBrain, prepare
from assistant.config.schema import Config
from assistant.locations import scratch_dir
from assistant.personas.loading import LoadedPersonas
from assistant.private_files import scratch_folder
from assistant.session.events import FirstSample, Notice, SessionEvent
from assistant.session.factory import find_personas

QUESTIONS = [
    "What do people like about the mountains?",
    "Why is the sea salty?",
    "I have been baking bread all morning.",
    "Which animals live in a forest?",
    "Do you think that cats are clever?",
    "My brother is learning to play the violin.",
    "What makes a good friend?",
    "How do bees make honey?",
    "I would like to see a whale one day.",
    "Why do leaves change their colour?",
    "What was life like before electricity?",
    "I am a little tired of the rain.",
    "What should I cook for my parents?",
    "How does a sailing boat go against the wind?",
    "The neighbours have painted their house green.",
    "What do you think of old books?",
    "Why do we dream at night?",
    "Is it hard to learn to swim?",
    "My garden is full of tomatoes this year.",
    "What is so special about Venice?",
    "How do birds find their way home?",
    "I found an old letter in the attic.",
    "What is a good present for a teacher?",
    "Why do some people collect stamps?",
    "What is the nicest thing about winter?",
    "How are candles made?",
    "I was late for the train again today.",
    "What would you tell a young painter?",
    "Why is coffee so popular?",
    "What can one see in the sky at night?",
    "I have never been on a horse.",
    "How does one become a good cook?",
    "What do children learn from games?",
    "Why are there waves on the sea?",
    "My grandmother used to live on a farm.",
    "What is the difference between a lake and a pond?",
]
"""None asks for a skill, and none comes twice."""
A_CONVERSATION = 9
"""Turns, as far as there are so many: the last few after the history has begun to be dropped."""
REST = 2.0
"""Seconds of silence after an answer, in which a person takes in what was said."""
LONGEST_TURN = 120.0
"""Seconds after which a turn counts as unanswered."""
AIM = 0.6


def measure(config: Config, model: str | None = None, turns: int = 24) -> list[Measurement]:
    """Milliseconds and tokens. `model`: the name or the file of one of ours; None: the one that is
    set up. `turns` of each kind at least 1, at most half as many as there are `QUESTIONS`. Raises
    `BrainError` where the model is not here, or ended."""
    file = chosen_file(model or config.brain.weights)
    plain = without_kept_sound(config)
    personas = without_fillers(find_personas(plain), plain.session.persona)
    half = max(1, min(turns, len(QUESTIONS)) // 2)
    runs = {True: _Run(), False: _Run()}
    with scratch_folder(scratch_dir()) as folder:
        questions = spoken(QUESTIONS[: 2 * half])
        for at in range(0, half, A_CONVERSATION):
            order = (True, False) if at // A_CONVERSATION % 2 == 0 else (False, True)
            for ahead in order:
                # Each kind is asked every other question.
                theirs = questions[ahead::2][at : at + A_CONVERSATION]
                conversation = _Conversation(plain, personas, Path(folder), theirs, file, ahead)
                asyncio.run(conversation.hold(runs[ahead]))
                done = sum(len(run.turns) for run in runs.values())
                print(f"{done} of {2 * half} turns", file=sys.stderr)
    return _rows(runs[True], runs[False])


# One turn, and what is made of many.


@dataclass(slots=True)
class _Turn:
    """Seconds on one clock, or None where it did not come to that."""

    asked: float
    """The brain was asked for the answer."""
    token: float | None = None
    clause: float | None = None
    evaluated: int | None = None
    """Tokens of the prompt."""
    prompt_ms: float | None = None
    latency: float | None = None
    stages: dict[str, float] = field(default_factory=dict)


@dataclass(slots=True)
class _Run:
    """All turns of one kind."""

    turns: list[_Turn] = field(default_factory=list)
    begun: int = 0
    """Answers, before it was known that they would be asked for."""
    used: int = 0
    thrown_away: int = 0

    def values(self, of: Callable[[_Turn], float | None]) -> tuple[float, ...]:
        return tuple(value for turn in self.turns if (value := of(turn)) is not None)


class _WatchedBrain:
    """The model's brain, and what each answer took; without working `ahead` an answer's first
    sentence is handed on whole."""

    label = "language model"

    def __init__(self, brain: LocalBrain, ahead: bool) -> None:
        self.local = brain
        self.turns: list[_Turn] = []
        self._ahead = ahead

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        if not self._ahead:
            told = f"It is now {question.now:%A, %d %B %Y, %H:%M}."
            question = replace(question, known=[told, *question.known])
        turn = _Turn(time.perf_counter())
        self.turns.append(turn)
        splitter, first = ClauseSplitter(), Brevity(1)
        held = ""
        answer = cast("AsyncGenerator[Piece]", self.local.answer(question))
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                now = time.perf_counter()
                if isinstance(piece, Waiting) and piece.read is not None:
                    turn.evaluated, turn.prompt_ms = piece.read.evaluated, piece.read.milliseconds
                if not isinstance(piece, str):
                    yield piece
                    continue
                turn.token = turn.token or now
                if turn.clause is None and splitter.push(piece):
                    turn.clause = now
                if not self._ahead and not first.over:
                    first.feed(piece)
                    held += piece
                    if not first.over:
                        continue
                    turn.clause, piece, held = now, held, ""
                yield piece
        if held:
            turn.clause = time.perf_counter()
            yield held
        turn.clause = turn.clause or time.perf_counter()

    @property
    def memory_tokens(self) -> int | None:
        return self.local.memory_tokens

    def read_ahead(self, question: Question) -> None:
        self.local.read_ahead(question)

    def expect(self, question: Question) -> None:
        self.local.expect(question)

    def listen(self, told: Callable[[str], None]) -> None:
        self.local.listen(told)

    def withdraw(self) -> None:
        self.local.withdraw()

    async def close(self) -> None:
        await self.local.close()


class _Conversation(SpokenQuestions):
    """One with a model of its own."""

    def __init__(
        self,
        config: Config,
        personas: LoadedPersonas,
        folder: Path,
        questions: list[list[Float32]],
        model: Path,
        ahead: bool,
    ) -> None:
        self._brain = _WatchedBrain(LocalBrain(model, config.brain, ahead=ahead), ahead)
        super().__init__(
            config,
            personas,
            folder,
            questions,
            self._make_brain,
            rest=REST,
            longest_turn=LONGEST_TURN,
        )
        self.session.subscribe(self._listen)

    async def _make_brain(self, notify: Callable[[Notice], None]) -> Brain:
        await asyncio.to_thread(prepare)
        self._brain.local.start(self._failed, persona=self.session.persona)
        server = self._brain.local.server
        assert server is not None
        await server.settled(600.0)
        await self._brain.local.ahead.settled()
        return FallbackBrain(self._brain, ScriptedBrain(), self._failed)

    async def hold(self, into: _Run) -> None:
        """Raises `BrainError` where the model failed."""
        await self.run()
        if self.problem is not None:
            raise self.problem
        into.turns += self._brain.turns
        into.begun += self._brain.local.ahead.counts.begun
        into.used += self._brain.local.ahead.counts.used
        into.thrown_away += self._brain.local.ahead.counts.thrown_away

    def _listen(self, event: SessionEvent) -> None:
        if isinstance(event, FirstSample) and event.latency is not None and self._brain.turns:
            turn = self._brain.turns[-1]
            if turn.latency is None:
                turn.latency, turn.stages = event.latency, dict(event.stages)


# The table.


def _rows(with_it: _Run, without: _Run) -> list[Measurement]:
    ratios = tuple(
        one.latency / other.latency
        for one, other in zip(with_it.turns, without.turns, strict=False)
        if one.latency and other.latency
    )
    rows, runs = [], (with_it, without)
    for title, run in zip(("as it is", "without these measures"), runs, strict=True):
        rows.append(
            Measurement(
                f"end of speech → first sample, {title}",
                "ms",
                run.values(lambda turn: turn.latency and 1000 * turn.latency),
            )
        )
        rows += [Measurement(f"  {name}", unit, values) for name, unit, values in _stages(run)]
    rows.append(Measurement("as it is / without, turn by turn", "×", ratios, _of_medians(*runs)))
    told = f"{with_it.used} used, {with_it.thrown_away} thrown away"
    begun = (float(with_it.begun),)
    rows.append(Measurement("answers begun before a turn was over", "", begun, told))
    return rows


def _of_medians(*runs: _Run) -> str:
    medians = [np.median(run.values(lambda turn: turn.latency) or (np.nan,)) for run in runs]
    return f"of the medians: {medians[0] / medians[1]:.2f}; aim: ≤ {AIM}"


def _stages(run: _Run) -> list[tuple[str, str, tuple[float, ...]]]:
    """Name, unit and values of each, in the order in which they pass."""

    def stage(name: str) -> tuple[float, ...]:
        return run.values(lambda turn: turn.stages.get(name))

    return [
        ("end of turn judged", "ms", stage("wait")),
        ("transcribed", "ms", stage("transcribe")),
        ("tokens evaluated of the prompt", "", run.values(lambda turn: turn.evaluated)),
        ("… in", "ms", run.values(lambda turn: turn.prompt_ms)),
        ("asked → first token", "ms", run.values(lambda turn: _ms(turn.asked, turn.token))),
        ("→ first clause", "ms", run.values(lambda turn: _ms(turn.token, turn.clause))),
        ("answer begun and checked, in all", "ms", stage("answer")),
        ("rest of its first clause, and its sound", "ms", stage("voice")),
        ("device", "ms", stage("device")),
    ]


def _ms(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else 1000 * max(0.0, end - start)
