"""LiveAudio on a real PortAudio and a real sound server, with a virtual card."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from scipy.signal import correlate

from assistant.audio.duplex import LiveAudio
from assistant.audio.wav import WavReader, WavWriter
from assistant.config import AudioConfig
from tests.e2e.virtual_card import VirtualCard

pytestmark = [pytest.mark.sound, pytest.mark.xdist_group("sound")]


def chirp(seconds: float) -> np.ndarray:
    """A tone that climbs, so that it matches itself at one place only."""
    t = np.arange(round(seconds * 24_000)) / 24_000
    envelope = np.minimum(1.0, np.minimum(t, seconds - t) / 0.01)
    phase = 2 * np.pi * (300 * t + 1_500 * t**2)
    return (0.5 * np.sin(phase) * envelope).astype(np.float32)


def likeness(heard: np.ndarray, said: np.ndarray) -> float:
    """Highest normalised cross-correlation of `said` anywhere in `heard`."""
    products = correlate(heard, said, "valid")
    power = np.maximum(correlate(heard**2, np.ones_like(said), "valid"), 1e-9)
    return float(np.max(products / np.sqrt(power * np.sum(said**2))))


async def best(attempt: Callable[[], Awaitable[np.ndarray]], said: np.ndarray) -> float:
    """The likeness of the best of some attempts: a busy machine may lose a block of one.

    Half a sample of delay more or less costs 0.02 of it.
    """
    found = 0.0
    for _ in range(5):
        found = max(found, likeness(await attempt(), said))
        if found > 0.95:
            break
    return found


def load(path: Path) -> np.ndarray:
    reader = WavReader(path)
    try:
        return np.concatenate(list(reader.blocks()))
    finally:
        reader.close()


def save(path: Path, sound: np.ndarray) -> Path:
    with WavWriter(path) as writer:
        writer.write(sound)
    return path


class Listener:
    """A LiveAudio with its frames and complaints."""

    def __init__(self) -> None:
        self.audio = LiveAudio(AudioConfig())
        self.frames: list[tuple[int, np.ndarray]] = []
        self.problems: list[str] = []
        self.utterance = 0

    async def start(self) -> None:
        await self.audio.start(
            lambda number, frame: self.frames.append((number, frame)),
            lambda text, remedy: self.problems.append(text),
        )

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(40):
            while not condition():  # noqa: ASYNC110 - audio threads set no asyncio event
                await asyncio.sleep(0.02)

    async def frames_more(self, n: int) -> None:
        wanted = len(self.frames) + n
        await self.until(lambda: len(self.frames) >= wanted)

    async def play(self, sound: np.ndarray) -> None:
        """Play it to its end, and a little longer, as the card is some blocks behind."""
        self.utterance += 1
        utterance = self.utterance
        self.audio.playback.write(utterance, sound)
        self.audio.playback.end(utterance)
        await self.until(lambda: self.audio.playback.played(utterance) == sound.size)
        await self.frames_more(6)

    def sound(self) -> np.ndarray:
        return np.concatenate([frame for _, frame in self.frames])


@pytest_asyncio.fixture
async def listener(virtual_card: VirtualCard) -> AsyncIterator[Listener]:
    opened = Listener()
    await opened.start()
    yield opened
    virtual_card.wake()
    await opened.audio.stop()


async def test_what_is_played_is_heard_at_the_speaker(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    assert listener.problems == []
    assert listener.audio.speaker
    sound = chirp(0.8)
    started: list[int] = []
    listener.audio.playback.on_first_sample.append(started.append)

    async def record() -> np.ndarray:
        with virtual_card.recording(tmp_path / "heard.wav"):
            await listener.play(sound)
        return load(tmp_path / "heard.wav")

    assert await best(record, sound) > 0.95
    assert started[0] == 1
    assert listener.audio.output_levels.snapshot(200).levels.max() > 0.8


async def test_what_is_said_arrives_in_numbered_frames(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    assert listener.audio.microphone
    sound = chirp(0.8)
    wav = save(tmp_path / "say.wav", sound)

    async def speak() -> np.ndarray:
        said = virtual_card.start_speaking(wav)
        await listener.until(lambda: said.poll() is not None)
        await listener.frames_more(6)
        return listener.sound()

    assert await best(speak, sound) > 0.95
    numbers = [number for number, _ in listener.frames]
    assert numbers == sorted(set(numbers))
    assert listener.audio.input_levels.snapshot(200).levels.max() > 0.8


async def test_in_a_room_the_microphone_hears_the_speaker(
    virtual_card: VirtualCard, listener: Listener
) -> None:
    virtual_card.echo()
    await listener.frames_more(6)
    sound = chirp(0.3)

    async def play() -> np.ndarray:
        await listener.play(sound)
        return listener.sound()

    assert await best(play, sound) > 0.8


async def test_a_sound_server_that_dies_and_comes_back_is_taken_up_again(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    await listener.frames_more(3)
    virtual_card.kill()
    await listener.until(lambda: len(listener.problems) == 1)
    assert listener.audio.microphone is None
    virtual_card.start()
    await listener.until(lambda: listener.audio.microphone is not None)
    assert listener.problems[0] == "The sound devices were lost."
    assert listener.problems[1].startswith("Sound is back")
    await listener.frames_more(3)
    sound = chirp(0.5)

    async def record() -> np.ndarray:
        with virtual_card.recording(tmp_path / "heard.wav"):
            await listener.play(sound)
        return load(tmp_path / "heard.wav")

    assert await best(record, sound) > 0.95
    assert listener.audio.drops()["microphone"] > 0


async def test_a_hung_sound_server_is_noticed_and_does_not_hold_up_the_end(
    virtual_card: VirtualCard, listener: Listener
) -> None:
    await listener.frames_more(3)
    virtual_card.hang()
    await listener.until(lambda: bool(listener.problems))
    assert listener.problems[0] == "The sound devices were lost."
    await asyncio.wait_for(listener.audio.stop(), 20)  # the server still hangs


async def test_without_a_microphone_it_says_so_and_plays_all_the_same(
    tmp_path: Path, virtual_card: VirtualCard
) -> None:
    """The sound server hands out the speaker's monitor instead, which must not be listened to."""
    virtual_card.pactl("set-default-source", "spk.monitor")
    opened = Listener()
    await opened.start()
    try:
        assert opened.audio.microphone is None
        assert opened.audio.speaker
        assert opened.problems == ["There is no microphone."]
        sound = chirp(0.5)
        playback = opened.audio.playback

        async def record() -> np.ndarray:
            until = playback.position + 36_000
            with virtual_card.recording(tmp_path / "heard.wav"):
                playback.write(1, sound)
                await opened.until(lambda: playback.position > until)
            return load(tmp_path / "heard.wav")

        assert await best(record, sound) > 0.95
        assert opened.frames == []
    finally:
        await opened.audio.stop()
