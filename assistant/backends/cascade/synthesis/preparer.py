"""Renders lines before they are needed, while nobody needs the processor for anything else."""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.clause_prosody import spoken_clauses
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation, SpeechEngine
from assistant.backends.cascade.synthesis.tts import render
from assistant.backends.cascade.synthesis.voice_cache import VoiceCache
from assistant.frames import PrefetchLine, Prosody, VoiceSpec

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _RenderTask:
    key: str
    text: str
    voice: VoiceSpec
    prosody: Prosody
    line: str | None
    """The line whose first clause this is: once that is there, the line sounds at once."""


class Preparer:
    """A thread of the lowest priority that fills the cache: the first clause of every line, in the
    order given, then the rest of each, because the rest can be rendered while the first sounds.

    `hold` stops it in the middle of a clause, within tens of milliseconds; that clause is begun
    anew after `release`.
    """

    def __init__(
        self,
        engine: SpeechEngine,
        cache: VoiceCache,
        on_ready: Callable[[str], None] = lambda line: None,
    ) -> None:
        """`on_ready` is told each line that would sound at once, on the preparing thread."""
        self._on_ready = on_ready
        self._engine = engine
        self._cache = cache
        self._changed = threading.Condition()
        self._tasks: deque[_RenderTask] = deque()
        self._holders: dict[str, float] = {}
        """Until when each of them wants the processor, seconds of the monotonic clock."""
        self._current: str | None = None
        self._cancellation = Cancellation()
        self._closed = False
        self._list = 0
        self._thread = threading.Thread(target=self._run, name="voice-preparer", daemon=True)
        self._thread.start()

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """Render these from now on, instead of what is left of the last list."""
        first: list[_RenderTask] = []
        rest: list[_RenderTask] = []
        for line in lines:
            for at, (clause, how) in enumerate(spoken_clauses(line.text, line.prosody)):
                key = self._cache.key(self._engine.version, clause, line.voice, 1.0, how)
                task = _RenderTask(key, clause, line.voice, how, None if at else line.text)
                (rest if at else first).append(task)
        with self._changed:
            self._tasks = deque(first + rest)
            self._list += 1
            self._changed.notify_all()

    def hold(self, holder: str, seconds: float = math.inf) -> None:
        """Leave the processor to `holder` until it releases it, or for so long."""
        with self._changed:
            self._holders[holder] = time.monotonic() + seconds
            self._cancellation.cancel()

    def release(self, holder: str) -> None:
        with self._changed:
            self._holders.pop(holder, None)
            self._changed.notify_all()

    def finish(self, key: str) -> None:
        """If this very clause is being rendered now, wait for it instead of beginning anew."""
        with self._changed:
            self._changed.wait_for(lambda: self._current != key or self._closed)

    def pending(self) -> int:
        """Clauses still to be looked at."""
        with self._changed:
            return len(self._tasks) + (self._current is not None)

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._tasks.clear()
            self._cancellation.cancel()
            self._changed.notify_all()
        self._thread.join(timeout=2.0)

    def _run(self) -> None:
        _lower_priority()
        while (taken := self._next()) is not None:
            task, cancellation, of_list = taken
            done = True
            try:
                if task.key not in self._cache:
                    sound = render(
                        self._engine, task.text, task.voice, 1.0, cancellation, task.prosody
                    )
                    self._cache.put(task.key, sound)
                if task.line is not None:
                    self._on_ready(task.line)
            except Aborted:
                done = False
            except BackendError as error:
                log.warning("Could not prepare %r: %s", task.text, error.message)
            except Exception:
                log.exception("Could not prepare %r", task.text)
            with self._changed:
                self._current = None
                if not done and of_list == self._list:
                    self._tasks.appendleft(task)
                self._changed.notify_all()

    def _held(self) -> bool:
        now = time.monotonic()
        return any(until > now for until in self._holders.values())

    def _next(self) -> tuple[_RenderTask, Cancellation, int] | None:
        with self._changed:
            while not (self._closed or (self._tasks and not self._held())):
                until = max(self._holders.values(), default=math.inf)
                wait = None if until == math.inf or not self._tasks else until - time.monotonic()
                self._changed.wait(wait)
            if self._closed:
                return None
            task = self._tasks.popleft()
            self._current = task.key
            self._cancellation = Cancellation()
            return task, self._cancellation, self._list


def _lower_priority() -> None:
    """Linux schedules threads apart; elsewhere a process has only one priority."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 19)
