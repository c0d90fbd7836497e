"""Which speech engine is loaded, where the settings leave that to the machine (`auto`).

The best come first: each is loaded and says a typical clause a few times, until one is quick
enough. What was found is kept with a fingerprint of machine and engines; see `choice`.
"""

from __future__ import annotations

import logging
import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines.catalog import (
    AUTO,
    DEFAULT,
    EngineSpec,
    engines_here,
)
from assistant.backends.cascade.synthesis.engines.choice import (
    Speed,
    VoiceChoice,
    fingerprint,
    remember,
    remembered,
)
from assistant.backends.cascade.synthesis.speech_engine import SpeechEngine
from assistant.backends.cascade.synthesis.tts import load_engine, stream
from assistant.frames import SAMPLE_RATE, VoiceSpec

log = logging.getLogger(__name__)

CLAUSE = "The kettle is on, and the train to the coast leaves in half an hour."
_RUNS = 5
_MOST_SECONDS = 3.0
"""From which on two runs of one engine have to do."""
_FEWEST_RUNS = 2

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class LoadedVoice:
    """An engine, and what a person is told of how it was chosen."""

    engine: SpeechEngine
    note: str = ""
    """Empty where there was nothing to choose, or it was known already."""


def load_voice(
    name: str,
    *,
    threads: int = 0,
    voice: str | None = None,
    measure: bool = True,
    tell: Tell = lambda text: None,
) -> LoadedVoice:
    """Load the engine of that name, or the best for this machine where it is `auto`.

    `voice`: a further voice for the engine that is named; `auto` takes none, since each engine has
    files of its own. `measure`: time may be measured; otherwise (the virtual clock, where the same
    has to come out each time) `auto` is what was chosen before, or else the best. Raises
    `BackendError` where nothing can be loaded.
    """
    if name != AUTO:
        return LoadedVoice(load_engine(name, threads=threads, voice=voice))
    here = engines_here()
    known = remembered(here, threads)
    if known is not None:
        here.sort(key=lambda spec: spec.name != known.engine)
    elif len(here) > 1 and measure:
        tell("measuring which voice this machine is quick enough for")
        return _measured(here, threads)
    return LoadedVoice(_first_that_loads([spec.name for spec in here] or [DEFAULT], threads))


def _first_that_loads(names: list[str], threads: int) -> SpeechEngine:
    *others, last = names
    for name in others:
        engine = _loaded(name, threads)
        if engine is not None:
            return engine
    return load_engine(last, threads=threads)


def _loaded(name: str, threads: int) -> SpeechEngine | None:
    """None where its files are damaged: there are others."""
    try:
        return load_engine(name, threads=threads)
    except BackendError as error:
        log.warning("The voice engine %s cannot be used: %s", name, error.message)
        return None


def _measured(here: list[EngineSpec], threads: int) -> LoadedVoice:
    busy = _is_busy()
    found: dict[str, Speed] = {}
    engine: SpeechEngine | None = None
    name = DEFAULT
    for spec in here:
        engine = None  # before the next is loaded: two may be more than there is room for
        engine = _loaded(spec.name, threads)
        speed = _speed_or_none(spec.name, engine) if engine is not None else None
        if speed is None:
            continue
        found[spec.name], name = speed, spec.name
        if speed.is_enough:
            break
    else:  # too slow is better than none
        name = min(found, key=lambda each: found[each].first_sample_ms, default=DEFAULT)
        engine = None
        engine = load_engine(name, threads=threads)
    choice = VoiceChoice(engine=name, speeds=found, fingerprint=fingerprint(here, threads))
    if not busy:
        remember(choice)
    note = f"voice: {choice.in_words()}"
    log.warning("%s%s", note, ", measured while the machine was busy" if busy else "")
    assert engine is not None
    return LoadedVoice(engine, note)


def _speed_or_none(name: str, engine: SpeechEngine) -> Speed | None:
    try:
        return speed_of(engine)
    except BackendError as error:
        log.warning("The voice engine %s cannot speak: %s", name, error.message)
        return None


def _is_busy() -> bool:
    """Whether others compute on this machine: what is measured then holds for this time only."""
    try:
        return os.getloadavg()[0] > (os.cpu_count() or 1)
    except (AttributeError, OSError):  # Windows does not tell
        return False


def speed_of(engine: SpeechEngine) -> Speed:
    """How quick it is with a typical clause, after one that warms it up. Raises `BackendError`
    where it cannot speak."""
    _timed(engine)
    runs: list[Speed] = []
    began = time.perf_counter()
    while len(runs) < _RUNS and (
        len(runs) < _FEWEST_RUNS or time.perf_counter() - began < _MOST_SECONDS
    ):
        runs.append(_timed(engine))
    return Speed(
        first_sample_ms=statistics.median(run.first_sample_ms for run in runs),
        real_time_factor=statistics.median(run.real_time_factor for run in runs),
    )


def _timed(engine: SpeechEngine) -> Speed:
    began = time.perf_counter()
    first, samples = 0.0, 0
    for part in stream(engine, CLAUSE, VoiceSpec()):
        first = first or time.perf_counter() - began
        samples += len(part.sound)
    took = time.perf_counter() - began
    if not samples:
        raise BackendError("The voice engine gives no sound.", "Choose another one.")
    return Speed(first_sample_ms=1000 * first, real_time_factor=took * SAMPLE_RATE / samples)
