"""The measurement: spoken questions, answers that nobody has heard before, real time.

The questions are rendered before; the model is `stand_in`, asked by the project's own client with
everything that looks after its answers. No sound is kept, so every clause is rendered while
somebody waits for it.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from assistant.audio.types import Float32
from assistant.bench.brain_latency import QUESTIONS
from assistant.bench.report import Measurement
from assistant.bench.spoken_questions import (
    SpokenQuestions,
    spoken,
    with_sound_in_memory,
    without_fillers,
    without_kept_sound,
)
from assistant.brain.ahead import AheadCounts
from assistant.brain.base import Brain, Piece, Question
from assistant.brain.choose import FallbackBrain
from assistant.brain.openai.capabilities import CapabilitiesCache, ModelCapabilities
from assistant.brain.openai.client import OpenAIBrain
from assistant.brain.openai.speculation import SpeculativeBrain
from assistant.brain.scripted import ScriptedBrain, prepare
from assistant.config.schema import Config
from assistant.locations import scratch_dir
from assistant.personas.loading import LoadedPersonas
from assistant.private_files import scratch_folder
from assistant.session.events import FirstSample, Notice, SessionEvent
from assistant.session.factory import find_personas
from benchmarks.first_word import rival, stand_in

AIM = "aim: p50 ≤ 1000 ms, p95 ≤ 1600 ms"
REST = 1.0
"""Seconds of silence after an answer."""
LONGEST_TURN = 60.0
"""Seconds after which a turn counts as unanswered."""


def measure(
    config: Config,
    turns: int = 24,
    *,
    busy: bool = False,
    preparing: bool = False,
    hesitating: bool = False,
    python: str | None = None,
) -> list[Measurement]:
    """Milliseconds, and gaps. `turns` at most as many as there are `QUESTIONS`; `busy`: beside one
    process that never rests; `preparing`: while the persona's lines are rendered ahead, from an
    empty cache; `hesitating`: so, and with the persona's words before answers that take a while;
    `python`: an interpreter that has pipecat, see `rival`. Raises `BackendError` where the backend
    cannot be loaded."""
    ahead = preparing or hesitating
    settings = with_sound_in_memory(config) if ahead else without_kept_sound(config)
    personas = find_personas(settings)
    if not hesitating:
        personas = without_fillers(personas, settings.session.persona)
    seed = time.time_ns() % 1_000_000_007
    watch = Watch()
    with scratch_folder(scratch_dir()) as folder, _beside(busy):
        questions = spoken(QUESTIONS[:turns])
        again = [list(frames) for frames in questions]  # a conversation uses up what it is given
        asyncio.run(_hold(settings, personas, Path(folder), questions, seed, watch))
        ours = watch.rows(len(questions))
        if python is None:
            told = "not asked for: --rival PYTHON, an interpreter that has pipecat"
            return [*ours, Measurement("the same with pipecat", "ms", (), told)]
        theirs = asyncio.run(rival.measure(python, again, Path(folder), seed + 1, settings.stt))
    return [*ours, *theirs, rival.compared(ours[0], theirs[0])]


@contextmanager
def _beside(busy: bool) -> Iterator[None]:
    """Something else that wants a core."""
    if not busy:
        yield
        return
    other = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        other.kill()
        other.wait()


async def _hold(
    config: Config,
    personas: LoadedPersonas,
    folder: Path,
    questions: list[list[Float32]],
    seed: int,
    watch: Watch,
) -> None:
    async with stand_in.running(seed) as url:
        conversation = Conversation(config, personas, folder, questions, url, watch)
        await conversation.run()
    watch.gaps = conversation.audio.playback.underruns
    if conversation.problem is not None:
        raise conversation.problem


# One turn, and what is made of many.


@dataclass(slots=True)
class Turn:
    """Seconds on one clock, or None where it did not come to that."""

    asked: float
    """The model was asked."""
    token: float | None = None
    passed: float | None = None
    """The first words that may be said had passed everything that looks after an answer."""
    latency: float | None = None
    word: float | None = None
    """As `latency`, of a word before the answer."""
    stages: dict[str, float] = field(default_factory=dict)


class Watch:
    """All turns of a run."""

    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.begun = AheadCounts()
        """Answers that were begun in a pause."""
        self.gaps = 0
        """Times that playback ran dry within an answer."""

    def listen(self, event: SessionEvent) -> None:
        if not isinstance(event, FirstSample) or not self.turns:
            return
        turn = self.turns[-1]
        turn.word = turn.word or event.word
        if event.latency is not None and turn.latency is None:
            turn.latency, turn.stages = event.latency, dict(event.stages)

    def rows(self, asked: int) -> list[Measurement]:
        """The table; `asked` questions were asked."""

        def stage(name: str) -> tuple[float, ...]:
            return self._values(lambda turn: turn.stages.get(name))

        answered = self._values(lambda turn: turn.latency and 1000 * turn.latency)
        missing = asked - len(answered)
        note = f"{AIM}; {missing} of {asked} not answered" if missing else AIM
        words = self._values(lambda turn: turn.word and 1000 * turn.word)
        first = self._values(lambda turn: _first(turn) and 1000 * (_first(turn) or 0.0))
        told = f"of {len(answered)} answers {len(words)} with a word before them"
        hesitating = [Measurement("  … or a word before it", "ms", first, told)] if words else []
        return [
            Measurement("end of speech → first sample", "ms", answered, note),
            *hesitating,
            Measurement("  wait", "ms", stage("wait")),
            Measurement("  transcription", "ms", stage("transcribe")),
            Measurement(
                "  model asked → first token",
                "ms",
                self._values(lambda turn: _ms(turn.asked, turn.token)),
            ),
            Measurement(
                "  → first words that may be said",
                "ms",
                self._values(lambda turn: _ms(turn.token, turn.passed)),
            ),
            Measurement("  all of these, and what is between", "ms", stage("answer")),
            Measurement("  first sound", "ms", stage("voice")),
            Measurement("  device", "ms", stage("device")),
            Measurement("gaps inside answers", "", (float(self.gaps),), "aim: 0"),
            Measurement(
                "answers begun in a pause and used",
                "",
                (float(self.begun.used),),
                f"{self.begun.begun} begun, {self.begun.thrown_away} thrown away",
            ),
        ]

    def _values(self, of: Callable[[Turn], float | None]) -> tuple[float, ...]:
        return tuple(value for turn in self.turns if (value := of(turn)) is not None)


def _first(turn: Turn) -> float | None:
    return turn.latency if turn.word is None else min(turn.word, turn.latency or turn.word)


def _ms(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else 1000 * max(0.0, end - start)


class TimedModel:
    """A model's brain, and when each answer was asked for and began."""

    def __init__(self, brain: SpeculativeBrain | FallbackBrain, watch: Watch) -> None:
        self.label = brain.label
        self._brain = brain
        self._watch = watch

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        turn = Turn(time.perf_counter())
        self._watch.turns.append(turn)
        async with aclosing(cast("AsyncGenerator[Piece]", self._brain.answer(question))) as pieces:
            async for piece in pieces:
                if isinstance(piece, str) and piece.strip():
                    turn.token = turn.token or time.perf_counter()
                yield piece

    # Ahead: see `base.Anticipates`.

    @property
    def memory_tokens(self) -> int | None:
        return self._brain.memory_tokens

    def read_ahead(self, question: Question) -> None:
        self._brain.read_ahead(question)

    def expect(self, question: Question) -> None:
        self._brain.expect(question)

    def listen(self, told: Callable[[str], None]) -> None:
        self._brain.listen(told)

    def withdraw(self) -> None:
        self._brain.withdraw()

    async def close(self) -> None:
        await self._brain.close()


class TimedAnswers(TimedModel):
    """The same behind everything that looks after answers: when the first words came out of it."""

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        async with aclosing(cast("AsyncGenerator[Piece]", self._brain.answer(question))) as pieces:
            async for piece in pieces:
                if isinstance(piece, str) and piece.strip() and self._watch.turns:
                    turn = self._watch.turns[-1]
                    turn.passed = turn.passed or time.perf_counter()
                yield piece


class Conversation(SpokenQuestions):
    """One with the stand-in for a model."""

    def __init__(
        self,
        config: Config,
        personas: LoadedPersonas,
        folder: Path,
        questions: list[list[Float32]],
        url: str,
        watch: Watch,
    ) -> None:
        self._url = url
        self._watch = watch
        super().__init__(
            config,
            personas,
            folder,
            questions,
            self._make_brain,
            rest=REST,
            longest_turn=LONGEST_TURN,
        )
        self.session.subscribe(watch.listen)

    async def _make_brain(self, notify: Callable[[Notice], None]) -> Brain:
        await asyncio.to_thread(prepare)
        # A model that was talked to before: of one that was not, the first answer is held back for
        # a moment, once, see `UnopenedReasoning`.
        known = CapabilitiesCache()
        known.learn(self._url, stand_in.MODEL, ModelCapabilities(unopened=False))
        model = SpeculativeBrain(OpenAIBrain(self._url, stand_in.MODEL, traits=known))
        self._watch.begun = model.ahead.counts
        timed = TimedModel(model, self._watch)
        return TimedAnswers(FallbackBrain(timed, ScriptedBrain(), self._failed), self._watch)
