"""Speech engine: what a text-to-speech engine has to be. It may be stopped from another thread at
any moment, so that rendering ahead never stands in the way of what has to be said now.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from assistant.audio.types import Float32
from assistant.frames import VoiceSpec


class Aborted(Exception):
    """The synthesis was cancelled."""


class Cancellation:
    """Stops a synthesis from another thread. Once cancelled it stays so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hooks: list[Callable[[], None]] = []
        self._cancelled = False

    @property
    def cancelled(self) -> bool:
        return self._cancelled

    def cancel(self) -> None:
        """Returns at once; the synthesis ends within milliseconds with `Aborted`."""
        with self._lock:
            self._cancelled = True
            for hook in self._hooks:
                hook()

    def check(self) -> None:
        """Raises `Aborted` if cancelled."""
        if self._cancelled:
            raise Aborted

    @contextmanager
    def calling(self, hook: Callable[[], None]) -> Iterator[None]:
        """While the block runs, `cancel` calls `hook` (on the cancelling thread)."""
        with self._lock:
            self.check()
            self._hooks.append(hook)
        try:
            yield
        finally:
            with self._lock:
                self._hooks.remove(hook)


class SpeechEngine(Protocol):
    """Turns words into raw speech. Safe to call from several threads."""

    label: str
    """For the status bar: "kokoro-82m int8"."""
    version: str
    """Changes whenever the same words would sound differently; part of every cache key."""

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        """Speak `text` (only words and punctuation) `rate` times as fast as usual.

        Returns float32 [n], 24 kHz mono. Raises `Aborted`, or `BackendError` where it cannot.
        """
