"""Whether a reading of text grows with the text, or with its square."""

from __future__ import annotations

import time
from collections.abc import Callable

_ATTEMPTS = 6


def grows_with_its_length(read: Callable[[str], object], short: str, long: str) -> bool:
    """Ten times the text, about ten times the time; a pattern that looks back again and again over
    what it has seen takes a hundred times as long.

    Of several attempts one is enough: on a busy machine any of them may be slow by chance, while
    a hundredfold is there each time.
    """

    def seconds(text: str) -> float:
        begun = time.process_time()
        read(text)
        return time.process_time() - begun

    return any(seconds(long) < 45 * max(seconds(short), 0.01) for _ in range(_ATTEMPTS))
