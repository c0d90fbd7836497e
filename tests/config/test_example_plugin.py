"""The example package, installed as a user would, is used by voice."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soxr

from assistant.audio.wav import WavWriter
from assistant.commands.event_log import read_events
from assistant.session.events import AgentSaid, ToolFinished, UserSaid
from tests.speech import RATE, kokoro

pytest.importorskip("setuptools")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "assistant-tea"
ANSWER = "Green tea takes 2 minutes, at 75 degrees."


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """In which the package is installed."""
    folder = tmp_path_factory.mktemp("example")
    source = shutil.copytree(EXAMPLE, folder / "source")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--target", folder / "site"]
    subprocess.run([*pip, *offline, source], check=True, timeout=120)
    homes = {f"XDG_{each}_HOME": str(folder / each) for each in ("CONFIG", "DATA", "STATE")}
    paths = [str(folder / "site"), str(Path.cwd()), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        **homes,
        "PYTHONPATH": os.pathsep.join(each for each in paths if each),
        "ASSISTANT_BRAIN__KIND": "scripted",
    }


def assistant(environment: dict[str, str], *arguments: str) -> str:
    """What it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "assistant", *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=True,
    )
    return done.stdout


def test_the_example_is_as_short_as_it_is_said_to_be() -> None:
    lines = (EXAMPLE / "assistant_tea.py").read_text("utf-8").splitlines()
    assert len(lines) <= 40


def test_it_answers_in_words(environment: dict[str, str]) -> None:
    question = "please, how long does green tea take?"
    assert ANSWER in assistant(environment, "ask", question)
    assert "green tea" not in assistant(environment, "ask", "do you like green tea?").lower()


def test_doctor_lists_it(environment: dict[str, str]) -> None:
    told = assistant(environment, "doctor")
    assert "tool “tea” of assistant-tea" in told


@pytest.mark.weights
@pytest.mark.xdist_group("talk")
def test_it_answers_by_voice(environment: dict[str, str], tmp_path: Path) -> None:
    voice = soxr.resample(kokoro("How long does green tea take?"), RATE, 24_000)
    pause = np.zeros(12_000, np.float32)
    with WavWriter(tmp_path / "in.wav") as writer:
        writer.write(np.concatenate([pause, voice.astype(np.float32), pause]))
    files = [f"--{each}" for each in ("input", "output", "events")]
    paths = [str(tmp_path / each) for each in ("in.wav", "out.wav", "events.jsonl")]
    options = [each for pair in zip(files, paths, strict=True) for each in pair]
    assistant(environment, "talk", *options, "--no-greeting", "--no-save")
    events = list(read_events(tmp_path / "events.jsonl"))
    heard = [each.text for each in events if isinstance(each, UserSaid) and each.final]
    assert "green tea" in " ".join(heard).lower()
    results = [each.result for each in events if isinstance(each, ToolFinished)]
    assert [(each.call.name, each.ok) for each in results] == [("steeping_time", True)]
    said = " ".join(each.text for each in events if isinstance(each, AgentSaid))
    assert "Green tea takes" in said
