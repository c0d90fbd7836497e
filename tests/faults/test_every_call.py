"""The whole program, killed by strace at its system calls that change files.

A few of the calls in each run; with ASSISTANT_EVERY_CALL=3 every third, which takes minutes.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.commands.memory.stored import PARROT, House
from tests.interruption import copy_of, strace_kill

STRIDE = int(os.environ.get("ASSISTANT_EVERY_CALL", "37"))
TOO_MANY = 5_000
FACTS = frozenset(
    {"Ada's parrot is called Picasso.", "Grace is Ada's sister.", "Ada gives a talk on Friday."}
)

pytestmark = [
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
    pytest.mark.skipif(sys.platform != "linux", reason="strace is for Linux"),
]


@dataclass(frozen=True)
class Command:
    """What is run, and which facts may be there after it."""

    words: tuple[str, ...]
    after: frozenset[str] = FACTS
    prepare: Callable[[House], object] = lambda house: None


def edit_profile(house: House) -> None:
    path = house.memory / "profile.md"
    path.write_text(path.read_text().replace("on Friday", "on Monday"))


def without_memory(house: House) -> None:
    shutil.rmtree(house.memory)


def without_index(house: House) -> None:
    for path in house.memory.glob("index*"):
        path.unlink()


MONDAY = FACTS - {"Ada gives a talk on Friday."} | {"Ada gives a talk on Monday."}
COMMANDS = {
    "list": Command(("memory", "list"), prepare=without_index),
    "edited": Command(("memory", "list"), MONDAY, edit_profile),
    "edit": Command(
        ("memory", "edit", "2026-03-09T190500-glados/1", "--text", "Ada gives a talk on Monday."),
        MONDAY,
    ),
    "forget": Command(
        ("memory", "forget", PARROT, "--yes"), FACTS - {"Ada's parrot is called Picasso."}
    ),
    "import": Command(("memory", "import", "all.zip"), prepare=without_memory),
    "export": Command(("memory", "export", "new.zip", "--yes")),
    "rebuild": Command(("memory", "rebuild")),
    "config": Command(("config", "set", "audio.volume", "0.25")),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_killed_at_its_system_calls_a_command_loses_and_invents_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    command = COMMANDS[name]
    house = House(tmp_path / "home", monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    house.fill()
    assert set(house.texts()) == FACTS
    assert house.run("export", "all.zip") == 0
    command.prepare(house)
    copy_of(house.home, tmp_path / "begun")
    before = frozenset() if name == "import" else FACTS
    at = 1 + sum(map(ord, name)) % STRIDE
    while True:
        copy_of(tmp_path / "begun", house.home)
        killed = strace_kill([sys.executable, "-m", "assistant", *command.words], os.environ, at)
        check(house, before, command.after, f"{name}, killed at call {at}")
        if not killed:
            break
        at += STRIDE
        assert at < TOO_MANY
    assert set(house.texts()) == command.after


def check(house: House, before: frozenset[str], after: frozenset[str], when: str) -> None:
    found = frozenset(house.texts())
    assert before & after <= found <= before | after, f"{when}: {found}"
    assert frozenset(house.texts()) == found, f"{when}: and it changes by itself"
    assert house.run("doctor") == 0, f"{when}: {house.out}"
    assert "will be taken over" not in house.out
    assert "does not say" not in house.out
