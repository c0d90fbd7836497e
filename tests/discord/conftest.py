"""The bot on a Discord of its own, with a backend in the test's hands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

pytest.importorskip("discord", reason="discord.py is not installed")
pytest.importorskip("davey", reason="davey is not installed")
pytest.importorskip("nacl", reason="PyNaCl is not installed")

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from assistant.audio.types import Float32
from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import Choice
from assistant.backends.wire import decode_pcm, encode_pcm
from assistant.commands import discord as command
from assistant.config.schema import Config
from assistant.discord import audio, room
from assistant.discord.bot import Bot
from assistant.discord.floor import Floor
from assistant.discord.problems import load_opus
from assistant.frames import (
    SAMPLE_RATE,
    AnyEvent,
    AudioOut,
    Load,
    Push,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
)
from assistant.loops import ExitDeadline
from assistant.session.dependencies import SessionDependencies
from tests import fakes
from tests.discord.fake import LOUNGE, TOKEN, FakeDiscord
from tests.fakes import FakeBackendProcess, FakeBrain

RATE = 48_000
SPOKEN = 300.0
"""Hertz of the assistant's voice."""


@pytest.fixture(autouse=True)
def opus() -> None:
    """Tests of voice need the system's library."""
    try:
        load_opus()
    except Exception:
        pytest.skip("libopus is not installed")


class LoudIsVoice:
    """A voice detector for tones: whatever is loud is a voice, and 0.1 s behind it."""

    def __init__(self) -> None:
        self._since = 99

    def __call__(self, block: Float32) -> bool:
        self._since = 0 if float(np.abs(block).max()) > 0.02 else self._since + 1
        return self._since < 5


def tone(seconds: float, hertz: float = 440.0, rate: int = RATE) -> np.ndarray:
    """float32 [n], 48 kHz unless told otherwise."""
    at = np.arange(round(seconds * rate)) / rate
    return (0.3 * np.sin(2 * np.pi * hertz * at)).astype(np.float32)


def pitch(sound: np.ndarray, rate: int) -> float:
    """The strongest frequency in hertz, 0 where it is silent."""
    if sound.size == 0 or float(np.abs(sound).max()) < 0.02:
        return 0.0
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(sound.size)))
    return float(np.argmax(spectrum) * rate / sound.size)


async def until(condition: Callable[[], object], what: str = "") -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"it did not happen within 10 s: {what}")


class ReadyBackend(FakeBackendProcess):
    """It has loaded as soon as it is started, and speaks in a tone that a telephone carries."""

    def __init__(self, load: Load, on_event: Callable[[AnyEvent], None]) -> None:
        def audible(event: AnyEvent) -> None:
            if isinstance(event, AudioOut):
                seconds = decode_pcm(event.pcm).size / SAMPLE_RATE
                sound = tone(seconds, SPOKEN, SAMPLE_RATE)
                event = AudioOut(event.utterance, encode_pcm(sound))
            on_event(event)

        super().__init__(load, audible)

    def start(self) -> None:
        super().start()
        asyncio.get_running_loop().call_soon(self.come_up)


class Running:
    """The bot, what it told on the terminal, and what its session is made of."""

    def __init__(self, fake: FakeDiscord) -> None:
        self.fake = fake
        self.told: list[str] = []
        self.brain = FakeBrain()
        self.backend: ReadyBackend
        self.bot: Bot
        self.task: asyncio.Task[int]

    @property
    def room(self) -> room.Room:
        return self.bot.room

    def frames(self) -> list[tuple[int, np.ndarray]]:
        """What the session heard: frames by number, float32 at 24 kHz."""
        return [(each.frame, decode_pcm(each.pcm)) for each in self.backend.of(Push)]

    def heard(self, hertz: float) -> list[int]:
        """The numbers of the frames with this tone."""
        return [n for n, frame in self.frames() if abs(pitch(frame, 24_000) - hertz) < 20]

    def understand(self, text: str, numbers: list[int]) -> None:
        """The backend has made these words of those frames."""
        began, ended = 0.08 * numbers[0], 0.08 * (numbers[-1] + 1)
        self.backend.emit(UserTurnStarted(side="user", at=began))
        self.backend.emit(UserTurnEnded(side="user", at=ended))
        self.backend.emit(UserText(text=text, final=True, speech_end=ended))

    async def command(self, who: int, called: str, **options: Any) -> str:
        """Use a slash command; returns the answer."""
        before = len(self.fake.answers)
        await self.fake.command(who, called, **options)
        await until(lambda: len(self.fake.answers) > before, f"an answer to /{called}")
        return self.fake.answers[-1]

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


Start = Callable[..., Any]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Start:
    """`async with start(in_lounge=(1,), **settings) as running`: a bot that has joined, where
    `channel` (the Lounge) is not None; `ready=False`: one that is just starting."""

    @contextlib.asynccontextmanager
    async def starting(
        *,
        in_lounge: tuple[int, ...] = (1,),
        channel: str | None = "Lounge",
        ready: bool = True,
        prepare: Callable[[FakeDiscord], None] = lambda fake: None,
        token: str = TOKEN,
        **settings: Any,
    ) -> AsyncIterator[Running]:
        monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
        async with FakeDiscord(tmp_path) as fake:
            monkeypatch.setattr(fakes, "SAMPLES_A_WORD", 480)  # it speaks quickly
            monkeypatch.setattr("assistant.discord.bot._SERVERS_LIMIT", 0.1)
            monkeypatch.setattr(Route, "BASE", fake.base)
            monkeypatch.setattr(DiscordWebSocket, "DEFAULT_GATEWAY", yarl.URL(fake.gateway_url))
            for who in in_lounge:
                fake.people[who].channel = LOUNGE
            prepare(fake)
            running = Running(fake)
            _in_hand(running, monkeypatch)
            config = Config.model_validate(
                {"discord": {"channel": channel, **settings}, "brain": {"kind": "scripted"}}
            )
            with ExitDeadline(60) as deadline:
                running.task = asyncio.create_task(
                    command.run_bot(config, token, deadline, fake.connector())
                )
                try:
                    if ready:
                        await until(lambda: running.task.done() or _is_there(running, channel))
                        if running.task.done():
                            running.task.result()
                    yield running
                finally:
                    await running.stop()

    return starting


def _is_there(running: Running, channel: str | None) -> bool:
    fake = running.fake
    if not fake.commands or not hasattr(running, "bot"):
        return False
    return channel is None or bool(fake.written and running.bot.voice is not None)


def _in_hand(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Backend, brain and terminal of the bot that is started next."""
    make_dependencies = room.make_dependencies

    def make(*arguments: Any, **options: Any) -> SessionDependencies:
        made = make_dependencies(*arguments, **options)

        def make_backend(load: Any, on_event: Any) -> BackendProcess:
            running.backend = ReadyBackend(load, on_event)
            return cast("BackendProcess", running.backend)

        async def make_brain(notify: Any) -> Any:
            return running.brain

        made.make_backend, made.choice = make_backend, Choice("fake", "for a test")
        made.make_brain, made.brains = make_brain, None
        return made

    class KnownBot(Bot):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            running.bot = self

    monkeypatch.setattr(room, "make_dependencies", make)
    monkeypatch.setattr(audio, "Floor", lambda: Floor(LoudIsVoice))
    monkeypatch.setattr("assistant.discord.bot.Bot", KnownBot)
    monkeypatch.setattr(command, "tell", running.told.append)
