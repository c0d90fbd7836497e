"""The targets there are, what is tried first, and one input tried."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Protocol, cast

PACKAGE = "tests.fuzz"
CORPUS = Path(__file__).with_name("corpus")
TOO_LONG = 10
"""Seconds in which an input is read: one that takes more is a fault, however busy the machine."""


class Target(Protocol):
    """A module `target_*.py`; see the package."""

    NAME: str
    SEEDS: list[bytes]

    def one(self, data: bytes) -> None: ...


class TooLong(BaseException):
    """No `Exception`: code that turns every surprise into a problem must not swallow it."""


def all_targets() -> list[Target]:
    here = [each.name for each in pkgutil.iter_modules([str(CORPUS.parent)])]
    names = sorted(name for name in here if name.startswith("target_"))
    return [cast(Target, importlib.import_module(f"{PACKAGE}.{name}")) for name in names]


def known_inputs(target: Target) -> list[tuple[str, bytes]]:
    """The seeds, and what was found before, each with a name."""
    seeds = [(f"seed {number}", data) for number, data in enumerate(target.SEEDS)]
    files = sorted(path for path in (CORPUS / target.NAME).glob("*") if path.is_file())
    return seeds + [(path.name, path.read_bytes()) for path in files]


def attempt(target: Target, data: bytes) -> None:
    """Raises what the target raises, and `TooLong`."""
    with _limited(), _unlogged():
        target.one(data)


@contextmanager
def _unlogged() -> Iterator[None]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _limited() -> Iterator[None]:
    """By a signal, on the main thread; where there is none (Windows) nothing is limited."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise TooLong(f"takes longer than {TOO_LONG} s")

    before = signal.signal(signal.SIGALRM, stop)
    timer = signal.setitimer(signal.ITIMER_REAL, TOO_LONG)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer)
        signal.signal(signal.SIGALRM, before)
