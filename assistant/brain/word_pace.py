"""How fast a language model writes, as it was seen lately."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import cast

from assistant.brain.base import Piece

QUICK = 10.0
"""Words a second: what follows the first five words, which take some 1.6 s to say, is written by
the time they have been heard, with what its rendering takes."""
_FEWEST = 6
"""Words of an answer from which a pace is taken."""
_ANSWERS = 3


class WordPace:
    """Of one model. `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._paces: deque[float] = deque(maxlen=_ANSWERS)
        """Words a second of the last answers."""

    @property
    def quick(self) -> bool:
        """Whether it writes faster than is spoken by so much that the beginning of a sentence may
        sound before the rest is written; False until that is known."""
        return bool(self._paces) and min(self._paces) >= QUICK

    async def timed(self, pieces: AsyncIterator[Piece]) -> AsyncGenerator[Piece]:
        """The same pieces. Closing it closes them."""
        text, began, last = "", 0.0, 0.0
        async with aclosing(cast("AsyncGenerator[Piece]", pieces)) as answer:
            async for piece in answer:
                if isinstance(piece, str):
                    last = self._clock()
                    began = began if text else last
                    text += piece
                yield piece
        words = len(text.split())
        if words >= _FEWEST:
            self._paces.append(words / max(last - began, 0.01))
