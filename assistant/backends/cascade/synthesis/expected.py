"""A clause that will probably be said in a moment, rendered as far as time allows.

Rendering goes on where it stopped once the clause is said after all, so that nothing of the work is
lost, and nobody waits for more of it than of a clause that nobody had expected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation
from assistant.backends.cascade.synthesis.tts import SoundPart


class ExpectedClause:
    """For one thread, but for `cancellation`."""

    def __init__(self, key: str, parts: Callable[[Cancellation], Iterator[SoundPart]]) -> None:
        """`key`: of the voice cache; `parts` renders it."""
        self.key = key
        self.cancellation = Cancellation()
        self._rendered: list[SoundPart] = []
        self._rest = parts(self.cancellation)

    def render(self, wanted: Callable[[], bool]) -> None:
        """Part after part, for as long as it is `wanted`. Whatever goes wrong is told to whoever
        says the clause."""
        try:
            while wanted() and (part := next(self._rest, None)) is not None:
                self._rendered.append(part)
        except Exception as error:
            self._rest = _raising(error)

    def sound(self) -> Iterator[SoundPart]:
        """All parts, those that are rendered at once. Raises what rendering raises."""
        yield from self._rendered
        yield from self._rest

    def forget(self) -> None:
        """It was not said."""
        self.cancellation.cancel()
        self._rendered.clear()
        self._rest = _raising(Aborted())


def _raising(error: Exception) -> Iterator[SoundPart]:
    raise error
    yield
