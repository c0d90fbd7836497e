"""Devices that are open only while somebody speaks or is asked."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assistant.audio.base import OnFrame
from assistant.audio.devices.on_demand import SILENT_FRAMES, OnDemandAudio
from assistant.audio.playback.jitter import JitterBuffer
from assistant.config.schema import AudioConfig
from assistant.frames import FRAME_SAMPLES
from tests.fakes import FakeAudio


class Devices(FakeAudio):
    """As `LiveAudio` is made; opened once."""

    made: list[Devices]

    def __init__(self, config: AudioConfig, playback: JitterBuffer | None = None) -> None:
        super().__init__()
        self.playback = playback or self.playback
        self.open = False
        self.made.append(self)

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        assert not self.stopped
        self.open = True
        await super().start(on_frame, on_problem)

    async def stop(self) -> None:
        self.open = False
        await super().stop()


def on_demand() -> OnDemandAudio:
    Devices.made = []
    return OnDemandAudio(AudioConfig(), Devices)  # type: ignore[arg-type]


async def test_they_are_closed_but_while_they_are_needed() -> None:
    audio = on_demand()
    await audio.start(lambda number, samples: None, lambda text, remedy: None)
    assert (audio.microphone, audio.speaker) == (None, None)
    assert not any(each.open for each in Devices.made)
    for _ in range(2):
        await audio.open()
        assert (audio.microphone, audio.speaker) == ("fake microphone", "fake speaker")
        assert [each.open for each in Devices.made].count(True) == 1
        await audio.close()
        assert (audio.microphone, audio.speaker) == (None, None)
        assert not any(each.open for each in Devices.made)
    await audio.open()
    await audio.stop()
    assert not any(each.open for each in Devices.made)


async def test_what_hears_the_frames_knows_of_no_break() -> None:
    audio = on_demand()
    heard: list[tuple[int, float]] = []
    await audio.start(
        lambda number, samples: heard.append((number, float(samples[0]))),
        lambda text, remedy: None,
    )
    for frames in (3, 2):
        await audio.open()
        live = next(each for each in Devices.made if each.open)
        live.hear(frames)
        await audio.close()
        live.hear(4)  # what comes late is heard by nobody
    assert [number for number, _ in heard] == list(range(5 + 2 * SILENT_FRAMES))
    loud = [number for number, level in heard if level > 0]
    assert loud == [0, 1, 2, SILENT_FRAMES + 3, SILENT_FRAMES + 4]


async def test_what_was_not_heard_is_not_said_later() -> None:
    audio = on_demand()
    await audio.start(lambda number, samples: None, lambda text, remedy: None)
    await audio.open()
    audio.playback.write(1, np.full(10 * FRAME_SAMPLES, 0.3, np.float32))
    await audio.close()
    await audio.open()
    assert audio.playback is Devices.made[1].playback
    assert audio.playback.queued == 0
    await audio.close()
