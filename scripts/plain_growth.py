#!/usr/bin/env python3
"""What a conversation without an end costs: memory and time of `assistant plain`, line by line.

    scripts/plain_growth.py --lines 2000

Types varied small talk, and every tenth line something new to be remembered, into one process with
the echo backend; each line waits for the answer to the one before. Prints the resident memory of
the host and of the backend, the part of the host's that is its own (not mapped from files), and
what a line took since the row above. `--facts 0` leaves out what is to be remembered, `--private`
keeps nothing. All of it happens in a temporary home. Linux only.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.memory.small_talk import WORDS, small_talk

MARKS = (100, 500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 10_000)
PATIENCE = 60.0
"""Seconds that an answer may take on a busy machine."""
ORDERS = ("stop", "quiet", "change", "forget", "switch")
"""Words that may be an order to the program, which is not answered like talk."""
_PLACES = ("CONFIG", "DATA", "CACHE", "STATE")


def lines(count: int, every: int, seed: int = 3) -> Iterator[str]:
    """Small talk; each line of a number that `every` divides is a new fact."""
    talk = iter(small_talk(4 * count, seed=seed, facts=0.0))
    chance = random.Random(seed)
    for number in range(1, count + 1):
        if every and number % every == 0:
            yield f"Remember that my favourite number {number} is {chance.choice(WORDS['art'])}."
            continue
        text = next(talk).text
        while any(word in text.lower() for word in ORDERS):
            text = next(talk).text
        yield text


class Plain:
    """`assistant plain` in a home of its own."""

    def __init__(self, home: Path, options: Sequence[str]) -> None:
        places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in _PLACES}
        own = {"ASSISTANT_BRAIN__KIND": "scripted", "HF_HUB_OFFLINE": "1", "HOME": str(home)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assistant", "plain", "--backend", "echo", *options],
            env={**os.environ, **places, **own},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )
        self.pid = self._process.pid
        self._answers = 0
        self._news = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def say(self, line: str) -> None:
        """Returns when it is answered."""
        assert self._process.stdin is not None
        with self._news:
            before = self._answers
        self._process.stdin.write(f"{line}\n")
        self.answered(before + 1)

    def answered(self, count: int) -> None:
        """Wait for so many answers since the start."""
        with self._news:
            if not self._news.wait_for(lambda: self._answers >= count, PATIENCE):
                raise SystemExit(f"no answer {count}")

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if ": " in line and not line.startswith("You: "):
                with self._news:
                    self._answers += 1
                    self._news.notify_all()


def resident(pid: int) -> tuple[float, float]:
    """All of a process's resident memory, and what of it is mapped from no file, in kB."""
    status = Path("/proc", str(pid), "status").read_text("utf-8")
    found = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return float(found["VmRSS"].split()[0]), float(found["RssAnon"].split()[0])


def children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path("/proc", str(pid), "task").iterdir():
        found += map(int, (task / "children").read_text("utf-8").split())
    return found


def measure(home: Path, options: argparse.Namespace) -> None:
    plain = Plain(home, ["--private"] if options.private else [])
    plain.answered(1)
    print("  line   host kB   its own  child kB  kB/line  ms/line")
    last, before, began = 0, 0.0, time.monotonic()
    for number, line in enumerate(lines(options.lines, options.facts), 1):
        plain.say(line)
        if number not in MARKS and number != options.lines:
            continue
        seconds = time.monotonic() - began
        host, own = resident(plain.pid)
        child = sum(resident(each)[0] for each in children(plain.pid))
        grown = f"{(own - before) / (number - last):8.2f}" if last else f"{'':8}"
        each = 1_000 * seconds / (number - last)
        print(f"{number:6} {host:9.0f} {own:9.0f} {child:9.0f} {grown} {each:8.1f}", flush=True)
        last, before, began = number, own, time.monotonic()
    plain.close()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--lines", type=int, default=2_000)
    parser.add_argument("--facts", type=int, default=10, help="every so many lines; 0: none")
    parser.add_argument("--private", action="store_true", help="nothing is kept")
    with tempfile.TemporaryDirectory(prefix="plain-growth-") as folder:
        measure(Path(folder), parser.parse_args(arguments))
    return 0


if __name__ == "__main__":
    sys.exit(main())
