"""A real disk of a few hundred kilobytes: it can be filled, emptied and made read-only."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

_FILL = "fill"


class SmallDisk:
    """Mounted at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> None:
        """To the last byte."""
        with suppress(OSError), (self.path / _FILL).open("ab", buffering=0) as stream:
            while True:
                stream.write(bytes(1024))

    def empty(self) -> None:
        (self.path / _FILL).unlink(missing_ok=True)

    def read_only(self, yes: bool = True) -> None:
        options = "remount,ro" if yes else "remount,rw"
        subprocess.run(["mount", "-o", options, str(self.path)], check=True, timeout=20)


@contextmanager
def small_disk(path: Path, kilobytes: int = 1024) -> Iterator[SmallDisk]:
    """Skips the test where this system lets nobody mount one."""
    path.mkdir(parents=True)
    if shutil.which("mount") is None:
        pytest.skip("there is no mount here")
    command = ["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "tmpfs", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    if done.returncode:
        pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=False, timeout=20)
