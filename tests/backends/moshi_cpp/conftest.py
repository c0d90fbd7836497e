"""The stand-in as a program in a folder, weights that look like some, and the backend on both."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import frames as f
from assistant.backends.moshi_cpp import child
from assistant.backends.moshi_cpp.backend import MoshiCppBackend
from tests.processes import is_alive, until

STAND_IN = Path(__file__).parent
QUIET = np.zeros(f.FRAME_SAMPLES, np.float32)
LOUD = (0.3 * np.sin(np.arange(f.FRAME_SAMPLES) / 5)).astype(np.float32)
MakeProgram = Callable[..., Path]
MakeWeights = Callable[..., Path]


@pytest.fixture
def make_program(tmp_path: Path) -> MakeProgram:
    """A `moshi-sts` that does this wrong."""

    def make(mode: str = "", **settings: Any) -> Path:
        place = tmp_path / f"bin-{mode or 'well'}"
        place.mkdir(exist_ok=True)
        program = place / "moshi-sts"
        words = ", ".join([repr(mode), *(f"{key}={value!r}" for key, value in settings.items())])
        program.write_text(
            f"#!{sys.executable} -S\nimport sys\nsys.path.insert(0, {str(STAND_IN)!r})\n"
            f"import stand_in\nstand_in.run({words})\n"
        )
        program.chmod(0o755)
        return program

    return make


@pytest.fixture
def make_weights(tmp_path: Path) -> MakeWeights:
    """A folder as moshi.cpp's author publishes them, with little in it."""

    def make(kind: str = "personaplex") -> Path:
        folder = tmp_path / f"{kind}-7b-q4_k-GGUF"
        (folder / "voices").mkdir(parents=True, exist_ok=True)
        names = {
            "moshi_name": "model-q4_k.gguf",
            "mimi_name": "../common/mimi.gguf",
            "tokenizer_name": "../common/tokenizer.model",
        }
        config = "personaplex-config.json" if kind == "personaplex" else "config.json"
        (folder / config).write_text(json.dumps(names))
        (tmp_path / "common").mkdir(exist_ok=True)
        for name in names.values():
            (folder / name).write_bytes(b"GGUF" + bytes(12))
        for voice in ("NATF1", "NATM1"):
            (folder / "voices" / f"{voice}.gguf").write_bytes(b"GGUF" + bytes(12))
        return folder

    return make


def persona(name: str, voice: str | None = None) -> f.PersonaPrompt:
    return f.PersonaPrompt(
        slug=name.lower(), name=name, text=f"{name} the machine. It is kind.", voice_prompt=voice
    )


class Driver:
    """The backend as the worker drives it, and all that it told."""

    def __init__(self, log: Path) -> None:
        self.events: list[f.AnyEvent] = []
        self.backend = MoshiCppBackend(self.events.append, patience=1.0)
        self._log = log
        self._number = 0

    def load(
        self,
        program: Path,
        model: Path,
        *,
        live: bool = False,
        prompt: f.PersonaPrompt | None = None,
        **options: Any,
    ) -> str:
        settings = {"program": str(program), "model": str(model), "whisper": "none", **options}
        command = f.Load(options=settings, names=[], virtual_clock=not live, prompt=prompt)
        return self.backend.load(command)

    def push(self, frame: np.ndarray = QUIET, count: int = 1, pace: float = 0.0) -> None:
        for _ in range(count):
            self.backend.push(self._number, frame)
            self._number += 1
            time.sleep(pace)

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def push_until(self, condition: Callable[[], object], most: int = 1500) -> None:
        """The microphone goes on until then, four times as fast as one."""
        for _ in range(most):
            if condition():
                return
            self.push(pace=f.FRAME_SECONDS / 4)
        raise AssertionError(f"it did not happen within {most} frames: {self.events[-12:]}")

    @property
    def words(self) -> str:
        return "".join(event.text for event in self.of(f.AgentText)).strip()

    @property
    def samples(self) -> int:
        return sum(len(event.pcm) // 4 for event in self.of(f.AudioOut))

    @property
    def runs(self) -> list[dict[str, Any]]:
        """Every start of the program: its process and its arguments."""
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def gone(self) -> None:
        """None of them is left."""
        for run in self.runs:
            until(lambda pid=run["pid"]: not is_alive(pid), "the program was gone")  # type: ignore[misc]


@pytest.fixture
def driver(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Driver]:
    log = tmp_path / "runs.jsonl"
    monkeypatch.setenv("STAND_IN_LOG", str(log))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(child, "DELAY_MS", 2)  # a test has no time for more
    driver = Driver(log)
    open_before = _open_files()
    yield driver
    driver.backend.close()
    driver.gone()
    assert _open_files() <= open_before, "a pipe or a terminal was left open"


def _open_files() -> int:
    """Descriptors of this process; 0 where it cannot be told."""
    place = Path("/proc/self/fd")
    return len(os.listdir(place)) if place.is_dir() else 0  # noqa: PTH208
