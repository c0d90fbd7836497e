"""How the C library hands out memory to this process."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

_M_ARENA_MAX = -8
"""From glibc's `malloc.h`; see mallopt(3)."""


def use_one_heap() -> None:
    """All threads that begin from now on take their memory from one heap.

    glibc gives each a heap of its own, up to eight for each core, and never fills the gaps of one
    with what another wants: over thousands of turns, which go through several threads, these grow
    by 1 kB a turn. The threads here wait for each other anyway. Does nothing where the C library
    is another.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
