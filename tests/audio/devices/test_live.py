from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
import pytest_asyncio

from assistant.audio.devices import live as duplex
from assistant.audio.devices import loss_meter as gaps
from assistant.audio.devices import loss_meter as silence_detector
from assistant.audio.devices import rescan as rescan
from assistant.audio.devices import streams
from assistant.audio.devices import supervisor as recorder
from assistant.audio.devices.live import LiveAudio
from assistant.audio.devices.pulse import Kind
from assistant.audio.devices.rescan import DeviceScan
from assistant.config.schema import AudioConfig
from tests.audio.devices.fake_sounddevice import FakeSoundDevice

PLAIN = AudioConfig(headset=True)
"""Nothing is taken out of the sound on its way."""


class Room:
    """A LiveAudio, what it gave and what it complained about."""

    def __init__(self, sd: FakeSoundDevice) -> None:
        self.sd = sd
        self.frames: list[tuple[int, np.ndarray]] = []
        self.problems: list[str] = []
        self.audio = LiveAudio(PLAIN)

    async def start(self, config: AudioConfig | None = None) -> LiveAudio:
        self.audio = LiveAudio(config or PLAIN)
        await self.audio.start(
            lambda number, frame: self.frames.append((number, frame)),
            lambda text, remedy: self.problems.append(f"{text} {remedy}".strip()),
        )
        return self.audio

    async def until(self, condition: Callable[[], bool], *, flowing: bool = False) -> None:
        """With `flowing` sound, silence, the streams call all the while."""
        async with asyncio.timeout(20):
            while not condition():
                if flowing:
                    self.sd.breathe()
                await asyncio.sleep(0.005)

    def sound(self) -> np.ndarray:
        return np.concatenate([frame for _, frame in self.frames])


class FakeScanner:
    """What another process's PortAudio would find."""

    def __init__(self, sd: FakeSoundDevice) -> None:
        self._sd = sd

    async def look(self) -> DeviceScan:
        there = [*self._sd.devices, *self._sd.plugged_in]
        names: dict[Kind, list[str]] = {
            "input": [name for name, inputs, _, _, _ in there if inputs],
            "output": [name for name, _, outputs, _, _ in there if outputs],
        }
        return DeviceScan(
            {kind: frozenset(found) for kind, found in names.items()},
            {kind: next(iter(found), None) for kind, found in names.items()},
        )

    async def close(self) -> None: ...


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
    await room.until(lambda: len(room.frames) == 2 and audio.input_levels.count == 10)
    assert [number for number, _ in room.frames] == [0, 1]
    np.testing.assert_array_equal(room.sound(), sound[:3_840])
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
    assert audio.sound.cleaned == 3


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
        raise recorder.PortAudioUnavailable("missing", "PortAudio is not installed.", "Install it.")

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
    await room.until(lambda: "Built-in Speaker" in " ".join(room.problems[2:]), flowing=True)
    assert audio.microphone == "Built-in Microphone"
    assert room.problems[2].startswith("Sound is back: Built-in Microphone")


@pytest.mark.parametrize("how", ["ended", "stalled"])
async def test_lost_streams_are_opened_again_and_the_numbers_go_on(
    room: Room, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = await room.start()
    before = room.sd.running("input")
    before.hear(np.full(1_920, 0.5, dtype=np.float32))
    await room.until(lambda: len(room.frames) == 1)
    if how == "ended":
        before.finished()
        room.sd.running("output").finished()
    else:
        monkeypatch.setattr(streams, "STALLED_SECONDS", 0.0)
        await room.until(lambda: len(room.problems) == 1)
        monkeypatch.setattr(streams, "STALLED_SECONDS", 3600.0)
    await room.until(lambda: bool(audio.microphone and audio.speaker), flowing=True)
    await room.until(lambda: len(room.problems) == 2, flowing=True)
    assert room.problems[0].startswith("The sound devices were lost;")
    assert room.problems[1].startswith("Sound is back: Built-in Microphone")
    assert before.closed or how == "stalled"  # which may go on by itself
    await room.until(lambda: len(room.frames) >= 2, flowing=True)
    numbers = [number for number, _ in room.frames]
    assert numbers == sorted(set(numbers))
    assert audio.drops()["microphone"] == 0, "nobody was too busy: there was no microphone"


async def test_a_lost_microphone_does_not_interrupt_the_speaker(room: Room) -> None:
    audio = await room.start()
    speaker = room.sd.running("output")
    starts = room.sd.starts
    room.sd.running("input").finished()
    await room.until(lambda: bool(room.problems))
    assert room.problems == [
        "The microphone is gone (Built-in Microphone); you can type meanwhile. "
        "It is taken up again when it is back."
    ]
    assert (audio.microphone, audio.speaker) == (None, "Built-in Speaker")
    await room.until(lambda: audio.microphone is not None, flowing=True)
    await room.until(lambda: len(room.problems) == 2, flowing=True)
    assert room.problems[1] == "Sound is back: Built-in Microphone."
    assert not speaker.closed
    assert room.sd.starts == starts, "PortAudio was not started anew"


async def test_a_device_that_calls_again_by_itself_needs_no_opening(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sound server that hung for a moment: its streams go on where they were."""
    audio = await room.start()
    microphone, speaker = room.sd.running("input"), room.sd.running("output")
    room.sd.hung.set()
    monkeypatch.setattr(streams, "STALLED_SECONDS", 0.0)
    await room.until(lambda: len(room.problems) == 1)
    monkeypatch.setattr(streams, "STALLED_SECONDS", 3600.0)
    await room.until(lambda: audio.speaker is not None, flowing=True)
    room.sd.hung.release()
    await room.until(lambda: bool(audio.microphone and audio.speaker), flowing=True)
    assert not speaker.closed or not microphone.closed


async def test_what_is_played_first_is_no_proof_that_a_speaker_is_back(room: Room) -> None:
    """A suspended device takes what fits into its buffer, and then nothing more."""
    audio = await room.start()
    room.sd.running("output").finished()
    await room.until(lambda: bool(room.problems))
    await room.until(lambda: len(room.sd.streams) == 3)
    for _ in range(5):
        room.sd.running("output").play()
    for _ in range(20):
        await asyncio.sleep(0.01)
    assert audio.speaker is None
    await room.until(lambda: audio.speaker is not None, flowing=True)


async def test_an_answer_waits_for_a_lost_speaker_and_then_goes_by(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = await room.start()
    there, room.sd.devices = room.sd.devices, room.sd.devices[:1]
    room.sd.running("output").finished()
    await room.until(lambda: audio.speaker is None)
    audio.playback.write(1, np.full(2_400, 0.5, dtype=np.float32))
    audio.playback.end(1)
    for _ in range(30):
        await asyncio.sleep(0.01)
    assert audio.playback.played(1) == 0
    monkeypatch.setattr(duplex, "PATIENCE", 0.0)
    await room.until(lambda: audio.playback.played(1) == 2_400)
    room.sd.devices = there


async def test_another_device_is_used_from_now_on_and_after_a_loss(room: Room) -> None:
    room.sd.devices.append(("Headset", 1, 0, {16_000}, {1}))
    audio = await room.start()
    assert [(d.kind, d.name, d.is_default, d.in_use) for d in await audio.devices()] == [
        ("input", "Built-in Microphone", True, True),
        ("input", "Headset", False, False),
        ("output", "Built-in Speaker", True, True),
    ]
    speaker = room.sd.running("output")
    await audio.use_device("input", "Headset")
    assert audio.microphone == "Headset"
    assert room.problems == ["The microphone is now Headset."]
    assert not speaker.closed
    headset = room.sd.running("input")
    assert headset.rate == 16_000
    for _ in range(10):
        headset.hear(np.full(320, 0.5, dtype=np.float32))
    await room.until(lambda: bool(room.frames))
    headset.finished()
    await room.until(lambda: audio.microphone is None)
    await room.until(lambda: audio.microphone is not None, flowing=True)
    assert audio.microphone == "Headset"
    await audio.use_device("input", None)
    assert audio.microphone == "Built-in Microphone"


async def test_a_device_that_is_not_there_is_told_and_the_default_taken(room: Room) -> None:
    audio = await room.start()
    await audio.use_device("output", "Bluetooth")
    assert room.problems == [
        "No speaker is called 'Bluetooth'; the system's default is used. "
        "Run `assistant devices` to see which there are."
    ]
    assert audio.speaker == "Built-in Speaker"


async def test_one_plugged_in_since_the_start_can_be_chosen(room: Room) -> None:
    audio = await room.start()
    room.sd.plugged_in = [("New Speaker", 0, 2, {48_000}, {2})]
    await audio.use_device("output", "New Speaker")
    assert audio.speaker == "New Speaker"
    assert audio.microphone == "Built-in Microphone"
    assert room.problems == ["The speaker is now New Speaker."]


async def test_one_that_is_another_after_it_was_plugged_in_again_is_found(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PortAudio has to look anew for it, which ends both streams: not while something is said."""
    monkeypatch.setattr(rescan, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(rescan, "DeviceScanner", lambda: FakeScanner(room.sd))
    _, speaker = room.sd.devices
    audio = await room.start()
    room.sd.devices = [("Unplugged", 0, 0, {48_000}, {1}), speaker]
    room.sd.running("input").finished()
    await room.until(lambda: bool(room.problems))
    starts = room.sd.starts
    audio.playback.write(1, np.full(48_000, 0.5, dtype=np.float32))
    room.sd.plugged_in = [("Other Microphone", 2, 0, {48_000}, {1})]
    for _ in range(40):
        await asyncio.sleep(0.01)
    assert room.sd.starts == starts
    audio.playback.clear()
    await room.until(lambda: len(room.problems) == 2, flowing=True)
    assert room.problems[1] == "Sound is back: Other Microphone."
    assert audio.speaker == "Built-in Speaker"
    assert room.sd.starts == starts + 1
    for _ in range(40):
        room.sd.breathe()
        await asyncio.sleep(0.01)
    assert room.sd.starts == starts + 1, "nothing is ended for what is known already"


async def test_another_default_of_the_system_is_followed_where_nothing_tells_of_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on macOS and Windows."""
    monkeypatch.setattr(rescan, "_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(rescan, "_DEFAULTS_MOVE_UNTOLD", True)
    monkeypatch.setattr(rescan, "DeviceScanner", lambda: FakeScanner(room.sd))
    audio = await room.start()
    room.sd.devices.insert(0, ("New Default", 2, 0, {48_000}, {1}))
    await room.until(lambda: audio.microphone == "New Default", flowing=True)
    await room.until(lambda: bool(room.problems))
    assert room.problems == ["The microphone is now New Default."]


async def test_a_microphone_that_gives_only_zeros_is_told_of(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence_detector, "NEVER_HEARD_SECONDS", 2.0)
    await room.start()
    microphone = room.sd.running("input")
    for _ in range(21):
        microphone.hear(np.zeros(2_400, dtype=np.float32))
    await room.until(lambda: bool(room.problems))
    assert "only silence" in room.problems[0]
    microphone.hear(np.full(480, 0.1, dtype=np.float32))
    await room.until(lambda: len(room.problems) == 2)
    assert room.problems[1] == "The microphone is heard again."


def hear_with_the_loop_held_up(room: Room, blocks: np.ndarray) -> None:
    """The microphone hears these while the event loop has no chance to take any of it."""
    start = room.audio.sound.frames
    for number, block in enumerate(blocks, start=1):
        room.sd.running("input").hear(block)
        while number % 20 == 0 and room.audio.sound.frames < start + number // 4:
            time.sleep(0.001)  # the sound thread works on, whatever the loop does


async def test_an_event_loop_that_is_held_up_loses_the_oldest_and_counts_it(room: Room) -> None:
    audio = await room.start()
    blocks = np.repeat(np.arange(500, dtype=np.float32) / 1_000, 480).reshape(-1, 480)
    hear_with_the_loop_held_up(room, blocks)  # ten seconds
    await room.until(lambda: len(room.frames) == 50)
    assert audio.drops()["microphone"] == 75  # 6 of 10 seconds
    assert [number for number, _ in room.frames] == list(range(75, 125))
    np.testing.assert_array_equal(room.frames[-1][1], blocks[-4:].reshape(-1))


async def test_a_held_up_loop_takes_other_calls_between_frames(room: Room) -> None:
    """A key that is pressed while seconds of sound wait is not behind all of them."""
    await room.start()
    hear_with_the_loop_held_up(room, np.full((200, 480), 0.1, dtype=np.float32))
    heard_at_key: list[int] = []
    asyncio.get_running_loop().call_soon(lambda: heard_at_key.append(len(room.frames)))
    await room.until(lambda: len(room.frames) == 50)
    assert heard_at_key[0] <= 8


async def test_a_microphone_that_goes_on_losing_sound_is_told_of(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gaps, "WINDOW_SECONDS", 9.0)
    await room.start()
    for _ in range(3):
        frames = len(room.frames)
        # Ten seconds at once, of which six are lost.
        hear_with_the_loop_held_up(room, np.full((500, 480), 0.01, dtype=np.float32))
        await room.until(lambda frames=frames: len(room.frames) >= frames + 49)
    (problem,) = room.problems
    assert "loses much of its sound" in problem
    for _ in range(20):
        frames = len(room.frames)
        for _ in range(50):
            room.sd.running("input").hear(np.full(480, 0.01, dtype=np.float32))
        await room.until(lambda frames=frames: len(room.frames) >= frames + 12)
    await room.until(lambda: len(room.problems) == 2)
    assert room.problems[1] == "The microphone's sound is whole again."


async def test_stopping_does_not_wait_for_a_hung_sound_server(room: Room) -> None:
    audio = await room.start()
    room.sd.hung.set()
    await asyncio.wait_for(audio.stop(), 20)  # the fake hangs for 60
    assert audio.microphone is None


async def test_starting_does_not_wait_for_a_hung_sound_server_and_tries_on(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "OPEN_LIMIT", 0.1)
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
    monkeypatch.setattr(recorder, "OPEN_LIMIT", 0.1)
    monkeypatch.setattr(duplex, "STOP_LIMIT", 0.1)
    room.sd.hung.set()
    audio = await room.start()
    await audio.stop()
    room.sd.hung.release()
    await asyncio.wrap_future(duplex.THREAD.submit(lambda: None))
    assert all(stream.closed for stream in room.sd.streams)
