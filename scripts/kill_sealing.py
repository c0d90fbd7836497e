"""Kills `assistant memory encrypt` and `decrypt` at every system call that changes a file.

    PYTHONPATH=. python scripts/kill_sealing.py [--step 1]

After each kill memory is opened again: nothing may be lost, no word may be readable where
encryption is on, objects of git included, and the doctor has to agree. Needs Linux, strace and git;
takes a quarter of an hour. Calls of the programs that are started (git) are counted in each of them
by itself, so that they are killed too, the first ones at the same counts as the command.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.commands.memory.stored import House
from tests.commands.memory.test_interrupted_encryption import WORD, furnish, readable, settings
from tests.interruption import FILE_CALLS, copy_of

CALLS = f"{FILE_CALLS},write,chmod,fchmod,fchmodat"
TOO_MANY = 5_000


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill encryption at every change of a file.")
    parser.add_argument("--step", type=int, default=1, help="try every n-th call")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kill-sealing-") as place:
        home = Path(place) / "home"
        environment = _environment(home)
        facts = _begin(home, environment)
        copy_of(home, Path(place) / "readable")
        bad = _way("encrypt", home, environment, facts, options.step)
        copy_of(Path(place) / "readable", home)
        _run(environment, "memory", "encrypt")
        bad += _way("decrypt", home, environment, facts, options.step)
    print(f"{bad} faults")
    return 1 if bad else 0


def _environment(home: Path) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name[:4] != "XDG_"}
    environment |= {f"XDG_{name}_HOME": str(home / name.lower()) for name in _HOMES}
    return environment | {
        "ASSISTANT_MEMORY_PASSPHRASE": WORD,
        "PYTHONDONTWRITEBYTECODE": "1",
        "HF_HUB_OFFLINE": "1",
    }


_HOMES = ("CONFIG", "DATA", "CACHE", "STATE")


def _begin(home: Path, environment: Mapping[str, str]) -> list[str]:
    import pytest

    with pytest.MonkeyPatch.context() as patch:
        house = House(home, patch)
        furnish(house)
    return _facts(environment)


def _way(word: str, home: Path, environment: Mapping[str, str], facts: list[str], step: int) -> int:
    whole = home.with_name(f"before-{word}")
    copy_of(home, whole)
    bad = tried = 0
    for at in range(1, TOO_MANY, step):
        copy_of(whole, home)
        done = _strace(environment, at, "memory", word)
        tried += 1
        for what in _wrong(home, environment, facts):
            bad += 1
            print(f"{word}, killed at call {at}: {what}", flush=True)
        if done.returncode == 0:
            break
    print(f"{word}: {tried} points, up to call {at}", flush=True)
    return bad


def _wrong(home: Path, environment: Mapping[str, str], facts: list[str]) -> list[str]:
    try:
        found = _facts(environment)
    except (RuntimeError, ValueError) as error:
        return [f"it cannot be opened: {error}"]
    wrong = [] if found == facts else [f"lost: {set(facts) - set(found)}"]
    doctor = _run(environment, "memory", "doctor", check=False)
    if doctor.returncode:
        wrong.append(f"the doctor does not agree: {doctor.stdout}")
    if "encryption" in settings(home) and (words := readable(home)):
        wrong.append(f"readable: {words}")
    return wrong


def _facts(environment: Mapping[str, str]) -> list[str]:
    told = json.loads(_run(environment, "memory", "list", "--json").stdout)
    return sorted(each["text"] for each in told)


def _run(
    environment: Mapping[str, str], *words: str, check: bool = True
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, "-m", "assistant", *words],
        env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if check and done.returncode:
        raise RuntimeError(done.stderr)
    return done


def _strace(
    environment: Mapping[str, str], at: int, *words: str
) -> subprocess.CompletedProcess[str]:
    inject = f"inject={CALLS}:signal=SIGKILL:when={at}"
    return subprocess.run(
        ["strace", "-f", "-qqq", "-o", os.devnull, "-e", f"trace={CALLS}", "-e", inject,
         sys.executable, "-m", "assistant", *words],
        env=dict(environment), stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=False,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
