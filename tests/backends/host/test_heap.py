"""Whatever the threads of a session take of memory comes from one heap."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_THREADS = """
import ctypes, threading
from assistant.backends.host.child import use_one_heap
{first}
held = []
threads = [threading.Thread(target=lambda: held.append(bytearray(50_000))) for _ in range(4)]
[each.start() for each in threads]
[each.join() for each in threads]
ctypes.CDLL(None).malloc_stats()
"""


def heaps(first: str) -> int:
    """As glibc counts them, after four threads took some memory in a process."""
    program = [sys.executable, "-c", _THREADS.format(first=first)]
    done = subprocess.run(program, capture_output=True, text=True, check=True)
    return done.stderr.count("Arena ")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_threads_share_one_heap() -> None:
    assert heaps("use_one_heap()") < heaps("")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_a_session_is_made_with_one_heap() -> None:
    made = (
        "from assistant.session.factory import make_session; "
        "from assistant.config.schema import Config; "
        "from tests.fakes import FakeAudio; "
        "config = Config(); config.backend.name = 'echo'; make_session(config, FakeAudio())"
    )
    assert heaps(made) == heaps("use_one_heap()")
