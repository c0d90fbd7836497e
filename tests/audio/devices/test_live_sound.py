"""LiveAudio on a real PortAudio and a real sound server, with a virtual card."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio
from scipy.signal import correlate

from assistant.audio.devices.live import LiveAudio
from assistant.audio.devices.rescan import DeviceScanner
from assistant.audio.wav import WavReader, WavWriter
from assistant.config.schema import AudioConfig
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

    def __init__(self, config: AudioConfig | None = None) -> None:
        self.audio = LiveAudio(config or AudioConfig(headset=True))
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

    async def told(self, beginning: str) -> None:
        """Until the last line begins so; which clears the record."""
        await self.until(lambda: bool(self.problems) and self.problems[-1].startswith(beginning))
        self.problems.clear()

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


async def heard_at_speaker(
    card: VirtualCard, listener: Listener, folder: Path, sound: np.ndarray
) -> float:
    """How much of `sound`, played, comes out of the speaker; the best of some, see `best`."""

    async def record() -> np.ndarray:
        with card.recording(folder / "heard.wav"):
            await listener.play(sound)
        return load(folder / "heard.wav")

    return await best(record, sound)


async def test_what_is_played_is_heard_at_the_speaker(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    assert listener.problems == []
    assert listener.audio.speaker
    sound = chirp(0.8)
    started: list[int] = []
    listener.audio.playback.on_first_sample.append(started.append)

    assert await heard_at_speaker(virtual_card, listener, tmp_path, sound) > 0.95
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
    await listener.until(lambda: listener.audio.microphone is None and bool(listener.problems))
    virtual_card.start()
    await listener.until(lambda: bool(listener.audio.microphone and listener.audio.speaker))
    await listener.until(lambda: len(listener.problems) >= 2)
    assert listener.problems[0].startswith("The sound devices were lost;")
    assert listener.problems[1].startswith("Sound is back")
    await listener.frames_more(3)
    sound = chirp(0.5)

    assert await heard_at_speaker(virtual_card, listener, tmp_path, sound) > 0.95


async def test_a_hung_sound_server_is_noticed_and_does_not_hold_up_the_end(
    virtual_card: VirtualCard, listener: Listener
) -> None:
    await listener.frames_more(3)
    virtual_card.hang()
    await listener.until(lambda: bool(listener.problems))
    assert listener.problems[0].startswith("The sound devices were lost;")
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


MICROPHONE = "Remapped Monitor of Null Output"


def plug_in_microphone(card: VirtualCard) -> None:
    card.pactl(
        *("load-module", "module-remap-source", "source_name=mic"),
        *("master=micin.monitor", "channels=1"),
    )


def unplug(card: VirtualCard, named: str) -> None:
    """Unload what made the source or sink of that name."""
    [number] = [
        line.split()[0]
        for line in card.pactl("list", "short", "modules").splitlines()
        if {f"source_name={named}", f"sink_name={named}"} & set(line.split())
    ]
    card.pactl("unload-module", number)


def plug_in_headset(card: VirtualCard, rate: int) -> None:
    """A headset's microphone and speaker, at a rate of their own."""
    for name, channels in (("hsin", 1), ("hs", 2)):
        card.pactl(
            *("load-module", "module-null-sink", f"sink_name={name}", f"rate={rate}"),
            *(f"channels={channels}", "norewinds=1"),
            f"sink_properties=device.description={name.upper()}",
        )
    card.pactl(
        *("load-module", "module-remap-source", "source_name=hsmic", "master=hsin.monitor"),
        *("channels=1", "source_properties=device.description=Headset"),
    )


def unplug_headset(card: VirtualCard) -> None:
    for name in ("hsmic", "hs", "hsin"):
        unplug(card, name)


async def test_an_unplugged_microphone_is_not_replaced_by_what_the_speaker_plays(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    """The server moves the stream to the speaker's monitor, and no callback is missing."""
    await listener.frames_more(3)
    unplug(virtual_card, "mic")
    await listener.told("The microphone is gone (" + MICROPHONE)
    assert listener.audio.microphone is None
    assert listener.audio.speaker, "the other one is not touched"
    frames = len(listener.frames)
    playback = listener.audio.playback
    sound = chirp(0.5)
    playback.write(1, sound)
    playback.end(1)
    await listener.until(lambda: playback.played(1) == sound.size)
    assert len(listener.frames) == frames, "the assistant would hear itself"
    plug_in_microphone(virtual_card)
    await listener.told("Sound is back: " + MICROPHONE)
    await listener.frames_more(6)
    assert likeness(listener.sound(), sound) < 0.5
    wav = save(tmp_path / "say.wav", chirp(0.8))

    async def speak() -> np.ndarray:
        said = virtual_card.start_speaking(wav)
        await listener.until(lambda: said.poll() is not None)
        await listener.frames_more(6)
        return listener.sound()

    assert await best(speak, chirp(0.8)) > 0.95


@contextlib.contextmanager
def recording_own_stream(card: VirtualCard, wav: Path) -> Iterator[None]:
    """What this process plays. A recorder of `spk.monitor` would be moved away with the default
    source when a microphone appears."""
    streams = json.loads(card.pactl("-f", "json", "list", "sink-inputs"))
    [own] = [s for s in streams if s["properties"]["application.process.id"] == str(os.getpid())]
    command = ["parec", f"--monitor-stream={own['index']}", "--rate=24000", "--channels=1"]
    command += ["--format=s16le", "--file-format=wav", "--latency-msec=20", str(wav)]
    wav.unlink(missing_ok=True)
    recorder = subprocess.Popen(command, env=os.environ | card.environment)
    try:
        end = time.monotonic() + 10
        while not (wav.exists() and wav.stat().st_size > 44) and time.monotonic() < end:
            time.sleep(0.02)
        yield
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.wait(timeout=10)


async def test_an_answer_is_not_cut_when_the_microphone_is_lost_meanwhile(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    await listener.frames_more(3)
    sound = chirp(2.0)

    async def record() -> np.ndarray:
        playback = listener.audio.playback
        listener.utterance += 1
        until = playback.position + sound.size + 24_000
        with recording_own_stream(virtual_card, tmp_path / "heard.wav"):
            playback.write(listener.utterance, sound)
            playback.end(listener.utterance)
            unplug(virtual_card, "mic")
            await listener.until(lambda: listener.audio.microphone is None)
            plug_in_microphone(virtual_card)
            await listener.until(lambda: listener.audio.microphone is not None)
            await listener.until(lambda: playback.position > until)
        return load(tmp_path / "heard.wav")

    assert await best(record, sound) > 0.95, "not one block of it is missing"


@pytest.mark.parametrize(
    ("suspend", "device", "side"),
    [("suspend-source", "mic", "microphone"), ("suspend-sink", "spk", "speaker")],
)
async def test_a_suspended_device_is_noticed_and_taken_up_when_it_wakes(
    virtual_card: VirtualCard, listener: Listener, suspend: str, device: str, side: str
) -> None:
    """Nothing is reported, and the stream calls itself active."""
    await listener.frames_more(3)
    virtual_card.pactl(suspend, device, "1")
    await listener.told(f"The {side} is gone")
    assert getattr(listener.audio, side) is None
    for _ in range(25):
        await asyncio.sleep(0.1)
    assert listener.problems == [], "it is not taken for back while it sleeps"
    virtual_card.pactl(suspend, device, "0")
    await listener.told("Sound is back")
    assert getattr(listener.audio, side)
    await listener.frames_more(3)


async def test_a_sound_server_that_answers_again_goes_on(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    await listener.frames_more(3)
    virtual_card.hang()
    await listener.told("The sound devices were lost")
    frozen = 0.0
    for _ in range(20):
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(0.05)
        frozen = max(frozen, asyncio.get_running_loop().time() - before)
    assert frozen < 2.0, "the screen stands still"
    virtual_card.wake()
    await listener.until(lambda: bool(listener.audio.microphone and listener.audio.speaker))
    await listener.frames_more(6)
    sound = chirp(0.5)

    assert await heard_at_speaker(virtual_card, listener, tmp_path, sound) > 0.95


async def test_a_headset_that_comes_goes_and_comes_back_with_another_rate(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    """As Bluetooth does when it turns from music to calls; the user lets it be the default."""
    await listener.frames_more(3)
    for rate in (44_100, 16_000):
        plug_in_headset(virtual_card, rate)
        virtual_card.pactl("set-default-source", "hsmic")
        virtual_card.pactl("set-default-sink", "hs")
        await listener.until(lambda: listener.audio.microphone == "Headset")
        await listener.until(lambda: listener.audio.speaker == "HS")
        sound = chirp(0.5)

        async def record(sound: np.ndarray = sound) -> np.ndarray:
            with virtual_card.recording(tmp_path / "heard.wav", "hs.monitor"):
                await listener.play(sound)
            return load(tmp_path / "heard.wav")

        assert await best(record, sound) > 0.95
        unplug_headset(virtual_card)
        await listener.until(lambda: listener.audio.microphone == MICROPHONE)
        await listener.until(lambda: listener.audio.speaker not in (None, "HS"))
        await listener.frames_more(3)
    assert "The microphone is now Headset." in listener.problems
    assert not any("sound devices" in line for line in listener.problems)
    numbers = [number for number, _ in listener.frames]
    assert numbers == sorted(set(numbers))


async def test_a_chosen_device_is_used_given_up_only_while_it_is_away_and_found_again(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    plug_in_headset(virtual_card, 44_100)
    choices = {(c.kind, c.name): c for c in await listener.audio.devices()}
    assert choices["input", MICROPHONE].in_use
    assert choices["input", MICROPHONE].is_default
    assert not choices["output", "HS"].in_use
    assert not any("Monitor of HS" in name for _, name in choices)
    await listener.audio.use_device("output", "HS")
    assert listener.audio.speaker == "HS"
    await listener.audio.use_device("input", "headset")
    assert listener.audio.microphone == "Headset"
    assert listener.problems == ["The speaker is now HS.", "The microphone is now Headset."]
    sound = chirp(0.5)

    async def record() -> np.ndarray:
        with virtual_card.recording(tmp_path / "heard.wav", "hs.monitor"):
            await listener.play(sound)
        return load(tmp_path / "heard.wav")

    assert await best(record, sound) > 0.95
    virtual_card.pactl("set-default-source", "mic")
    unplug(virtual_card, "hsmic")
    await listener.until(lambda: listener.audio.microphone == MICROPHONE)
    unplug_rest = ("hs", "hsin")
    for name in unplug_rest:
        unplug(virtual_card, name)
    plug_in_headset(virtual_card, 16_000)
    await listener.until(lambda: listener.audio.microphone == "Headset")
    await listener.until(lambda: listener.audio.speaker == "HS")
    await listener.audio.use_device("input", None)
    assert listener.audio.microphone == MICROPHONE
    await listener.frames_more(3)


async def test_a_device_that_is_named_in_the_settings_may_be_the_sound_servers(
    virtual_card: VirtualCard,
) -> None:
    plug_in_headset(virtual_card, 44_100)
    opened = Listener(AudioConfig(headset=True, input_device="Headset", output_device="hs"))
    await opened.start()
    try:
        assert (opened.audio.microphone, opened.audio.speaker) == ("Headset", "HS")
        assert opened.problems == []
    finally:
        await opened.audio.stop()


async def test_what_there_is_is_seen_from_a_process_of_its_own(virtual_card: VirtualCard) -> None:
    """And a sound server that hangs, hangs only that."""
    scanner = DeviceScanner()
    try:
        before = await scanner.look()
        assert before is not None
        assert before.names["input"]
        assert before.defaults["output"] in before.names["output"]
        virtual_card.kill()
        gone = await scanner.look()
        assert gone is not None
        assert gone.defaults["output"] != before.defaults["output"]
        virtual_card.start()
        assert await scanner.look() == before
        virtual_card.hang()
        assert await scanner.look() is None
        virtual_card.wake()
        assert await scanner.look() == before
    finally:
        virtual_card.wake()
        await scanner.close()


async def test_a_microphone_that_the_mixer_mutes_is_told_and_taken_back(
    virtual_card: VirtualCard, listener: Listener, tmp_path: Path
) -> None:
    await listener.frames_more(3)
    virtual_card.pactl("set-source-mute", "mic", "1")
    await listener.told("The microphone is muted in the system's mixer.")
    virtual_card.pactl("set-source-mute", "mic", "0")
    wav = save(tmp_path / "say.wav", chirp(0.8))
    said = virtual_card.start_speaking(wav)
    await listener.told("The microphone is heard again.")
    await listener.until(lambda: said.poll() is not None)


async def test_a_loose_plug_is_not_told_twenty_times(
    virtual_card: VirtualCard, listener: Listener
) -> None:
    await listener.frames_more(3)
    for _ in range(8):
        unplug(virtual_card, "mic")
        await listener.until(lambda: listener.audio.microphone is None)
        plug_in_microphone(virtual_card)
        await listener.until(lambda: listener.audio.microphone is not None)
        await listener.frames_more(1)
    assert len(listener.problems) <= 5
    assert "comes and goes" in listener.problems[-1]
