"""Plain mode with a voice: piped lines are answered aloud."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.personas.loading import load_personas
from tests.e2e.conftest import Room, loudness
from tests.e2e.terminal import ROOT

pytestmark = [pytest.mark.sound, pytest.mark.weights, pytest.mark.xdist_group("sound")]


def test_piped_lines_are_answered_aloud(room: Room, spoken: Callable[[str], Path]) -> None:
    """The first line waits in a slow pipe until the voice is there."""
    spoken("Hello.")  # joins the weights, which the program finds then
    with room.recording("answers") as answers:
        process = subprocess.Popen(
            [sys.executable, "-m", "assistant"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **room.card.environment, **room.home.environment},
            cwd=ROOT,
            text=True,
        )
        assert process.stderr is not None
        told = []
        while not (told and told[-1].startswith("· backend: cascade")):
            told.append(process.stderr.readline())
            assert told[-1], "it ended before the voice was there"
        out, rest = process.communicate("who are you?\nchange to GLaDOS\n", timeout=120)
    assert process.returncode == 0
    lines = [line for line in out.splitlines() if line]
    assert [line.split(":")[0] for line in lines][-4:] == ["You", "JARVIS", "You", "GLaDOS"]
    introduction = lines[-1].split(": ", 1)[1]
    assert introduction in load_personas().loaded["glados"].reintroductions
    words = sum(len(line.split()) - 1 for line in lines if not line.startswith("You"))
    assert loudness(answers) > 0.1 * words
    for line in [*told, *rest.splitlines()]:
        assert line.startswith("· ")
