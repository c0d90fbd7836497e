"""A room with a terminal and a sound card, and a voice to speak in it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from assistant.audio.wav import WavReader, WavWriter
from assistant.locations import models_dir
from tests.e2e.terminal import Terminal
from tests.e2e.virtual_card import VirtualCard, missing_programs
from tests.speech import RATE, kokoro


class Home:
    """Folders of a user's own. Weights and rendered voices are shared, as they are large."""

    def __init__(self, folder: Path, cache: Path) -> None:
        self.folder = folder
        self.environment = {
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CACHE_HOME": str(cache),
            "HF_HUB_OFFLINE": "1",
            "ASSISTANT_BRAIN__KIND": "scripted",
        }
        data = folder / "data" / "assistant"
        data.mkdir(parents=True)
        models_dir().mkdir(parents=True, exist_ok=True)
        (data / "models").symlink_to(models_dir())

    def transcript(self) -> str:
        folder = self.folder / "data" / "assistant" / "transcripts"
        return "".join(path.read_text("utf-8") for path in sorted(folder.glob("*.md")))

    def turns(self, name: str) -> list[str]:
        """What this one said, "You" included."""
        lines = self.transcript().splitlines()
        return [line.split("): ", 1)[1] for line in lines if line.startswith(f"**{name}** (")]


class Room:
    """A sound card and terminals, in one home."""

    def __init__(self, card: VirtualCard, home: Home) -> None:
        self.card = card
        self.home = home
        self._terminals = contextlib.ExitStack()

    def open(self, *arguments: str, before: str = "true") -> Terminal:
        """Start the program; what is left of it is ended with the room."""
        environment = {**self.card.environment, **self.home.environment}
        terminal = Terminal(environment, *arguments, before=before)
        self._terminals.callback(terminal.close)
        return terminal

    @contextlib.contextmanager
    def recording(self, name: str) -> Iterator[Path]:
        """What the speaker plays meanwhile."""
        wav = self.home.folder / f"{name}.wav"
        with self.card.recording(wav):
            yield wav

    def close(self) -> None:
        self._terminals.close()


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@contextlib.contextmanager
def furnished(folder: Path, cache: Path) -> Iterator[Room]:
    missing = missing_programs() + (["tmux"] if shutil.which("tmux") is None else [])
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)}")
    with VirtualCard(folder) as card, contextlib.closing(Room(card, Home(folder, cache))) as room:
        yield room


@pytest.fixture
def room(tmp_path: Path, cache: Path) -> Iterator[Room]:
    """A room for one test."""
    with furnished(tmp_path, cache) as made:
        yield made


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """A WAV file in which a person says this."""
    folder = tmp_path_factory.mktemp("spoken")

    def say(text: str) -> Path:
        path = folder / f"{abs(hash(text))}.wav"
        if not path.exists():
            voice = soxr.resample(kokoro(text), RATE, 24_000).astype(np.float32)
            with WavWriter(path) as writer:
                # Nobody's first word is the first sample of a stream.
                still = np.zeros(7_200, np.float32)
                writer.write(np.concatenate([still, voice, still]))
        return path

    return say


def loudness(wav: Path) -> float:
    """Seconds of it in which something sounds, by blocks of 20 ms."""
    reader = WavReader(wav)
    try:
        sound = np.concatenate(list(reader.blocks()))
    finally:
        reader.close()
    blocks = sound[: sound.size // 480 * 480].reshape(-1, 480)
    return float(np.count_nonzero(np.sqrt(np.mean(blocks**2, axis=1)) > 0.01)) * 0.02
