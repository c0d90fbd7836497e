"""Speech engines side by side: how quick, and how well they are understood.

Every sentence is new in each run and is said by four personas' voices, one a sentence. What is read
back is read by the best Whisper weights here that come in packages: its own mistakes are in the
word error rate, the same for all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
import soxr  # type: ignore[import-untyped]

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade import weights
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.backends.cascade.synthesis.engines.catalog import BEST_FIRST, engine_spec
from assistant.backends.cascade.synthesis.speech_engine import SpeechEngine
from assistant.backends.cascade.synthesis.tts import load_engine, stream
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.personas.loading import load_personas
from benchmarks.ears.words import WordErrors, word_errors
from benchmarks.first_word.answers import invented

JUDGES = ("packaged:base", "packaged:tiny.en")
SPEAKERS = ("samantha", "jarvis", "tars", "wren")
"""A woman and a man, American and British each; their effects are left out."""
_EARS_RATE = 16_000
_AROUND = 0.25
"""Seconds of silence around what is read back."""


@dataclass(slots=True)
class Row:
    """What one engine did."""

    engine: str
    label: str = ""
    licence: str = ""
    first_ms: list[float] = field(default_factory=list)
    """From words to their first sample."""
    factors: list[float] = field(default_factory=list)
    """Seconds of work for a second of speech."""
    errors: WordErrors = field(default_factory=WordErrors)
    problem: str = ""
    """Why there is nothing."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One rendering."""

    sound: Float32
    first_ms: float
    factor: float


def measure(
    names: Sequence[str] | None = None,
    count: int = 24,
    *,
    threads: int = 0,
    seed: int | None = None,
    tell: Callable[[str], None] = lambda text: None,
) -> list[Row]:
    """A row for each engine of `names` (unset: all), those that are not here with the reason."""
    sentences = list(islice(_sentences(time.time_ns() if seed is None else seed), count))
    judge = Recognizer.load(next((s for s in JUDGES if weights.is_here(s)), JUDGES[-1]), threads)
    rows = []
    for name in names or [spec.name for spec in BEST_FIRST]:
        tell(name)
        row = Row(name, licence=engine_spec(name).licence)
        try:
            engine = load_engine(name, threads=threads)
            row.label = engine.label
            _fill(row, engine, judge, sentences)
        except BackendError as error:
            row.problem = f"{error.message} {error.remedy}"
        rows.append(row)
    return rows


def _fill(row: Row, engine: SpeechEngine, judge: Recognizer, sentences: Sequence[str]) -> None:
    voices = speakers()
    say(engine, sentences[0], voices[0])  # the first time takes longer, everywhere
    for at, sentence in enumerate(sentences):
        spoken = say(engine, sentence, voices[at % len(voices)])
        row.first_ms.append(spoken.first_ms)
        row.factors.append(spoken.factor)
        row.errors += word_errors(sentence, read_back(judge, spoken.sound))


def say(engine: SpeechEngine, sentence: str, voice: VoiceSpec) -> Spoken:
    """Render a sentence and take the time. Raises `BackendError` where there is no sound."""
    began, first = time.perf_counter(), 0.0
    parts = []
    for part in stream(engine, sentence, voice):
        first = first or time.perf_counter() - began
        parts.append(part.sound)
    took = time.perf_counter() - began
    sound = np.concatenate(parts) if parts else np.zeros(0, np.float32)
    if not sound.size:
        raise BackendError(f"“{sentence}” gave no sound.", "Choose another engine.")
    return Spoken(sound, 1000 * first, took * SAMPLE_RATE / len(sound))


def read_back(judge: Recognizer, sound: Float32) -> str:
    """What Whisper writes of a rendering."""
    quiet = np.zeros(int(_AROUND * _EARS_RATE), np.float32)
    heard = np.asarray(soxr.resample(sound, SAMPLE_RATE, _EARS_RATE), np.float32)
    return judge.transcribe(np.concatenate([quiet, heard, quiet])).text


def speakers() -> list[VoiceSpec]:
    """The personas' voices, as the engine gives them: their effects are not the engine's."""
    personas = load_personas().loaded
    specs = [personas[slug].voice.spec() for slug in SPEAKERS]
    return [VoiceSpec(kokoro=s.kokoro, engines=s.engines, piper=s.piper) for s in specs]


def _sentences(seed: int) -> Iterator[str]:
    for answer in invented(seed):
        yield from (f"{sentence.strip('. ')}." for sentence in answer.split(". "))


def print_table(rows: Sequence[Row], *, as_json: bool) -> None:
    """A line for each engine, or one JSON object."""
    import json
    from dataclasses import asdict

    from rich.table import Table

    from assistant.bench.report import machine
    from assistant.commands.tables import console

    if as_json:
        found = [asdict(row) | {"word_error_rate": row.errors.rate} for row in rows]
        print(json.dumps({"bench": "engines", "machine": machine(), "rows": found}, indent=2))
        return
    table = Table(title=f"engines · {machine()}", title_justify="left")
    for column in ("engine", "real-time factor", "first sample", "words wrong", "licence", ""):
        table.add_column(column, justify="left" if column in ("engine", "licence", "") else "right")
    for row in rows:
        table.add_row(row.engine, *_figures(row), row.licence, row.problem or row.label)
    console().print(table)


def _figures(row: Row) -> tuple[str, str, str]:
    if not row.factors:
        return ("–", "–", "–")
    return (
        f"{statistics.median(row.factors):.3f}",
        f"{statistics.median(row.first_ms):.0f} ms",
        f"{row.errors.errors} of {row.errors.words} ({100 * (row.errors.rate or 0):.1f} %)",
    )
