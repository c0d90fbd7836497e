"""Sound is not cut by the collection of garbage, and garbage is collected all the same."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import weakref
from collections.abc import AsyncIterator, Iterator

import pytest

from assistant.audio import collector
from assistant.audio.collector import Collector


class Knot:
    """Refers to itself, so that only a collection frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("EVERY_SECONDS", "QUIET_SECONDS", "_LOOK_SECONDS"):
        monkeypatch.setattr(collector, name, 0.02)
    thresholds = gc.get_threshold()
    yield
    assert gc.get_threshold() == thresholds
    assert gc.get_freeze_count() == 0


@contextlib.asynccontextmanager
async def collecting(quiet: list[bool]) -> AsyncIterator[None]:
    task = asyncio.create_task(Collector(lambda: quiet[0]).run())
    await asyncio.sleep(0)
    yield
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def aged_garbage() -> weakref.ref[Knot]:
    """Has outlived the collections of young objects, which go on."""
    knot = Knot()
    gc.collect(0)
    gc.collect(1)
    return weakref.ref(knot)


@pytest.mark.parametrize("longest", [60.0, 0.1])
async def test_garbage_waits_for_a_silence_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch, longest: float
) -> None:
    monkeypatch.setattr(collector, "LONGEST_SECONDS", longest)
    quiet = [False]
    async with collecting(quiet):
        garbage = aged_garbage()
        await asyncio.sleep(0.4)
        assert (garbage() is None) == (longest < 1.0)

        quiet[0] = True
        await asyncio.sleep(0.2)
        assert garbage() is None


async def test_what_outlived_a_collection_is_freed_by_a_whole_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("WHOLE_SECONDS", "WHOLE_QUIET_SECONDS"):
        monkeypatch.setattr(collector, name, 0.3)
    async with collecting([True]):
        knot = Knot()
        await asyncio.sleep(0.1)
        garbage = weakref.ref(knot)
        del knot
        await asyncio.sleep(0.1)
        assert garbage() is not None
        await asyncio.sleep(0.4)
        assert garbage() is None
