from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import pytest_asyncio

from assistant.audio import duplex, streams
from assistant.audio.duplex import LiveAudio
from assistant.config import AudioConfig
from tests.audio.fake_sounddevice import FakeSoundDevice


class Room:
    """A LiveAudio, what it gave and what it complained about."""

    def __init__(self, sd: FakeSoundDevice) -> None:
        self.sd = sd
        self.frames: list[tuple[int, np.ndarray]] = []
        self.problems: list[str] = []
        self.audio = LiveAudio(AudioConfig())

    async def start(self, config: AudioConfig | None = None) -> LiveAudio:
        self.audio = LiveAudio(config or AudioConfig())
        await self.audio.start(
            lambda number, frame: self.frames.append((number, frame)),
            lambda text, remedy: self.problems.append(f"{text} {remedy}".strip()),
        )
        return self.audio

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - audio threads set no asyncio event
                await asyncio.sleep(0.005)

    def sound(self) -> np.ndarray:
        return np.concatenate([frame for _, frame in self.frames])


@pytest_asyncio.fixture
async def room(fake_sd: FakeSoundDevice, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Room]:
    """Streams here call only when a test makes them, so the watchdog has all the time it needs."""
    monkeypatch.setattr(streams, "STALLED_SECONDS", 3600.0)
    opened = Room(fake_sd)
    yield opened
    fake_sd.hung.release()
    await opened.audio.stop()


async def test_small_blocks_become_numbered_frames(room: Room) -> None:
    audio = await room.start()
    assert (audio.microphone, audio.speaker) == ("Built-in Microphone", "Built-in Speaker")
    microphone = room.sd.running("input")
    assert (microphone.rate, microphone.channels, microphone.blocksize) == (24_000, 1, 480)
    sound = np.random.default_rng(1).uniform(-1, 1, 4_800).astype(np.float32)
    for block in sound.reshape(-1, 480):
        microphone.hear(block)
    await room.until(lambda: len(room.frames) == 2)
    assert [number for number, _ in room.frames] == [0, 1]
    np.testing.assert_array_equal(room.sound(), sound[:3_840])
    assert audio.input_levels.count == 10
    assert room.problems == []


async def test_the_callbacks_own_buffer_is_not_kept(room: Room) -> None:
    await room.start()
    block = np.full(1_920, 0.5, dtype=np.float32)
    room.sd.running("input").hear(block)
    block[:] = 0.0
    await room.until(lambda: bool(room.frames))
    assert (room.sound() == 0.5).all()


async def test_broken_samples_are_put_right_at_the_door(room: Room) -> None:
    audio = await room.start()
    block = np.full(1_920, 0.5, dtype=np.float32)
    block[:3] = [np.nan, np.inf, 40.0]
    room.sd.running("input").hear(block)
    await room.until(lambda: bool(room.frames))
    assert room.sound()[:4].tolist() == [0.0, 0.0, 1.0, 0.5]
    assert audio.cleaned == 3


async def test_what_is_written_is_played_and_measured(room: Room) -> None:
    audio = await room.start()
    speaker = room.sd.running("output")
    audio.playback.write(1, np.full(960, 0.5, dtype=np.float32))
    played = np.concatenate([speaker.play(), speaker.play()])
    assert played.shape == (960, 1)
    assert (played[120:] == 0.5).all()
    await room.until(lambda: audio.output_levels.count == 2)
    assert audio.output_delay() == pytest.approx(0.03)


async def test_volume_comes_from_the_settings(room: Room) -> None:
    audio = await room.start(AudioConfig(volume=0.4))
    assert audio.playback.gain == 0.4


async def test_devices_locked_to_another_rate_and_to_stereo_are_resampled(room: Room) -> None:
    room.sd.devices = [
        ("Locked Microphone", 2, 0, {48_000}, {2}),
        ("Locked Speaker", 0, 2, {44_100}, {2}),
    ]
    audio = await room.start()
    assert room.problems == []
    microphone, speaker = room.sd.running("input"), room.sd.running("output")
    assert (microphone.rate, microphone.channels, microphone.blocksize) == (48_000, 2, 960)
    assert (speaker.rate, speaker.channels, speaker.blocksize) == (44_100, 2, 882)
    tone = (0.5 * np.sin(2 * np.pi * 1_000 * np.arange(48_000) / 48_000)).astype(np.float32)
    for block in tone.reshape(-1, 960):
        microphone.hear(block)
    await room.until(lambda: len(room.frames) == 12)
    spectrum = np.abs(np.fft.rfft(room.sound()[1_920:13_920]))
    assert np.argmax(spectrum) == 500  # 1 kHz in half a second
    audio.playback.write(
        1, (0.5 * np.sin(2 * np.pi * 1_000 * np.arange(24_000) / 24_000)).astype(np.float32)
    )
    played = np.concatenate([speaker.play() for _ in range(40)])
    np.testing.assert_array_equal(played[:, 0], played[:, 1])
    assert np.argmax(np.abs(np.fft.rfft(played[4_410:26_460, 0]))) == 500


@pytest.mark.parametrize(("missing", "works"), [("microphone", "output"), ("speaker", "input")])
async def test_one_missing_device_is_told_and_the_other_works(
    room: Room, missing: str, works: str
) -> None:
    room.sd.devices = [entry for entry in room.sd.devices if missing not in entry[0].casefold()]
    audio = await room.start()
    assert getattr(audio, missing) is None
    assert len(room.problems) == 1
    assert f"There is no {missing}." in room.problems[0]
    assert room.sd.running(works).device == 0


async def test_a_device_in_use_by_another_program_is_told(room: Room) -> None:
    room.sd.devices[0] = ("Busy Microphone", 2, 0, {48_000}, {0})
    audio = await room.start()
    assert audio.microphone is None
    assert "'Busy Microphone' cannot be opened" in room.problems[0]


async def test_a_name_that_fits_no_device_falls_back_to_the_default(room: Room) -> None:
    audio = await room.start(AudioConfig(input_device="Bluetooth"))
    assert audio.microphone == "Built-in Microphone"
    assert "No microphone is called 'Bluetooth'" in room.problems[0]


async def test_a_missing_library_is_told_and_nothing_else_happens(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise duplex.PortAudioUnavailable("missing", "PortAudio is not installed.", "Install it.")

    monkeypatch.setattr(streams, "import_sounddevice", missing)
    audio = await room.start()
    assert room.problems == ["PortAudio is not installed. Install it."]
    assert (audio.microphone, audio.speaker) == (None, None)


async def test_devices_that_are_not_there_yet_are_taken_when_they_come(room: Room) -> None:
    there, room.sd.devices = room.sd.devices, []
    started = room.sd.starts
    audio = await room.start()
    assert audio.microphone is None
    await room.until(lambda: room.sd.starts > started + 1)
    assert len(room.problems) == 2, "what is missing is said once, not at each attempt"
    room.sd.devices = there
    await room.until(lambda: audio.microphone is not None)
    assert room.problems[-1] == "Sound is back: Built-in Microphone and Built-in Speaker."


@pytest.mark.parametrize("how", ["ended", "stalled"])
async def test_a_lost_stream_is_opened_again_and_the_numbers_go_on(
    room: Room, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = await room.start()
    before = room.sd.running("input")
    before.hear(np.full(1_920, 0.5, dtype=np.float32))
    await room.until(lambda: len(room.frames) == 1)
    if how == "ended":
        before.finished()
    else:
        monkeypatch.setattr(streams, "STALLED_SECONDS", 0.0)
        await room.until(lambda: len(room.problems) == 1)
        monkeypatch.setattr(streams, "STALLED_SECONDS", 3600.0)
    await room.until(lambda: audio.microphone is not None and len(room.problems) == 2)
    assert room.problems[0].startswith("The sound devices were lost.")
    assert room.problems[1].startswith("Sound is back")
    assert before.closed
    after = room.sd.running("input")
    assert after is not before
    for _ in range(8):
        after.hear(np.full(480, 0.5, dtype=np.float32))
    await room.until(lambda: len(room.frames) >= 2)
    numbers = [number for number, _ in room.frames]
    assert numbers == sorted(set(numbers))
    assert audio.drops()["microphone"] >= 1


async def test_an_event_loop_that_is_held_up_loses_the_oldest_and_counts_it(room: Room) -> None:
    audio = await room.start()
    microphone = room.sd.running("input")
    blocks = np.repeat(np.arange(500, dtype=np.float32) / 1_000, 480).reshape(-1, 480)
    for block in blocks:  # ten seconds, and no chance to look at any of it
        microphone.hear(block)
    await room.until(lambda: bool(room.frames))
    assert audio.drops()["microphone"] == 75  # 6 of 10 seconds
    assert room.frames[-1][0] == 124
    np.testing.assert_array_equal(room.frames[-1][1], blocks[-4:].reshape(-1))


async def test_stopping_does_not_wait_for_a_hung_sound_server(room: Room) -> None:
    audio = await room.start()
    room.sd.hung.set()
    await asyncio.wait_for(audio.stop(), 20)  # the fake hangs for 60
    assert audio.microphone is None


async def test_starting_does_not_wait_for_a_hung_sound_server_and_tries_on(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplex, "OPEN_LIMIT", 0.1)
    room.sd.hung.set()
    audio = await room.start()
    await room.until(lambda: bool(room.problems))
    assert "does not answer" in room.problems[0]
    assert audio.microphone is None
    room.sd.hung.release()
    await room.until(lambda: audio.microphone is not None)


async def test_stopped_while_opening_leaves_nothing_open(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplex, "OPEN_LIMIT", 0.1)
    monkeypatch.setattr(duplex, "STOP_LIMIT", 0.1)
    room.sd.hung.set()
    audio = await room.start()
    await audio.stop()
    room.sd.hung.release()
    await asyncio.wrap_future(duplex.THREAD.submit(lambda: None))
    assert all(stream.closed for stream in room.sd.streams)
