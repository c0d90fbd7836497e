#!/usr/bin/env python3
"""Kill `assistant plain` again and again while somebody tells it things; nothing that it has
acknowledged may be lost, and nothing invented.

    scripts/kill_plain.py --kills 300

Each round types lines ("my cat is called …") into a fresh process and ends it with SIGKILL at a
random moment. After each, every name of which an answer said that it is remembered has to be in the
journals, every line that was answered in a transcript, and no memory may hold anything else. At the
end `assistant memory doctor` has to agree. All of it happens in a temporary home.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.memory.store.journals import JournalTree

KINDS = ("cat", "dog", "parrot", "horse", "rabbit", "canary", "boat", "guitar", "sister", "cousin")
WAYS = (
    "my {kind} is called {name}",
    "my {kind}'s name is {name}",
    "remember that my {kind} is called {name}",
)
LONGEST = 0.5
"""Seconds after a line until the process is killed, at most."""
PATIENCE = 60.0
"""Seconds that an answer may take on a busy machine."""


@dataclass(slots=True)
class Told:
    """What happened over all rounds."""

    typed: set[str] = field(default_factory=set)
    """Names."""
    acknowledged: set[str] = field(default_factory=set)
    lines: set[str] = field(default_factory=set)
    """Those that were answered."""


class Process:
    """`assistant plain` in a home of its own."""

    def __init__(self, home: Path, options: Sequence[str] = ()) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "assistant", "plain", *options],
            env=environment(home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
            start_new_session=True,
        )
        self.said: list[str] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def type(self, line: str) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(f"{line}\n")
            self._process.stdin.flush()

    def wait_for(self, count: int, patience: float) -> bool:
        """Whether so many lines were said in time."""
        with self._news:
            return self._news.wait_for(lambda: len(self.said) >= count, patience)

    def kill(self) -> None:
        """It and all that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._reader.join(5)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._news:
                self.said.append(line.rstrip("\n"))
                self._news.notify_all()


def environment(home: Path) -> dict[str, str]:
    places = {f"XDG_{name}_HOME": str(home / name.lower()) for name in _PLACES}
    quick = {"ASSISTANT_BACKEND__NAME": "echo", "HF_HUB_OFFLINE": "1", "HOME": str(home)}
    return {**os.environ, **places, **quick}


_PLACES = ("CONFIG", "DATA", "CACHE", "STATE")


def one_round(home: Path, told: Told, chance: random.Random) -> None:
    """Tell it a few things, and kill it at some moment of it."""
    process = Process(home)
    try:
        if chance.random() < 0.1:
            time.sleep(chance.uniform(0, 2))  # while it starts
            return
        if not process.wait_for(1, PATIENCE):
            raise SystemExit(f"it did not greet: {process.said}")
        for _ in range(chance.randint(1, 6)):
            name = "".join(chance.choices("bdfgklmnprst", k=2)) + f"a{len(told.typed)}"
            name = "".join(c for c in name if c.isalpha()).capitalize() + _letters(len(told.typed))
            line = chance.choice(WAYS).format(kind=chance.choice(KINDS), name=name)
            told.typed.add(name)
            before = len(process.said)
            process.type(line)
            if chance.random() < 0.4:
                process.wait_for(before + 2, chance.uniform(0, LONGEST))
                note(process.said, before, name, line, told)
                return
            process.wait_for(before + 2, PATIENCE)
            note(process.said, before, name, line, told)
    finally:
        process.kill()


def note(said: Sequence[str], before: int, name: str, line: str, told: Told) -> None:
    """What was answered until now counts: the person has read it."""
    answers = [each for each in said[before:] if name in each and not each.startswith("You: ")]
    if answers:
        told.lines.add(line)
        told.acknowledged.add(name)


def _letters(number: int) -> str:
    out = ""
    while number:
        number, digit = divmod(number, 20)
        out += "bcdfghjklmnpqrstvwxz"[digit] + "aeiou"[digit % 5]
    return out


def lost(home: Path, told: Told) -> list[str]:
    """What is wrong with what is there now, in words."""
    data = home / "data" / "assistant"
    tree = JournalTree(data / "memory" / "journals")
    texts = [memory.text for id in tree.ids() for memory in tree.read(id).journal.memories]
    words = set(" ".join(texts).replace(".", " ").split())
    files = sorted((data / "transcripts").glob("*.md"))
    transcripts = "\n".join(path.read_text("utf-8") for path in files)
    wrong = [f"{name} was acknowledged, and is in no journal" for name in told.acknowledged - words]
    wrong += [f"“{line}” is in no transcript" for line in told.lines if line not in transcripts]
    typed = told.typed
    wrong += [f"“{text}” was never told" for text in texts if not typed & set(_words(text))]
    wrong += [str(problem) for problem in tree.problems()]
    return wrong


def _words(text: str) -> list[str]:
    return text.replace(".", " ").split()


def doctor(home: Path) -> str:
    """What it says where it does not agree; "" where all is well."""
    command = [sys.executable, "-m", "assistant", "memory", "doctor"]
    done = subprocess.run(
        command, env=environment(home), capture_output=True, text=True, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def main(arguments: Sequence[str] | None = None) -> int:
    """1 where something was lost or invented."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    chance, told = random.Random(options.seed), Told()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="kill-plain-") as folder:
        home = Path(folder)
        for number in range(1, options.kills + 1):
            one_round(home, told, chance)
            if wrong := lost(home, told):
                print(f"after kill {number}:", *wrong, sep="\n  ")
                return 1
            if number % 25 == 0:
                print(f"{number} kills, {len(told.acknowledged)} of {len(told.typed)} acknowledged")
        subprocess.run(
            [sys.executable, "-m", "assistant", "memory", "list"],
            env=environment(home),
            stdout=subprocess.DEVNULL,
            check=True,
        )
        if wrong := [*lost(home, told), *filter(None, [doctor(home)])]:
            print("at the end:", *wrong, sep="\n  ")
            return 1
    seconds = time.monotonic() - began
    print(
        f"{options.kills} kills in {seconds:.0f} s: {len(told.typed)} facts told,"
        f" {len(told.acknowledged)} acknowledged, all of them there, nothing else, doctor agrees"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
