"""A browser's microphone and speaker: what it sends is heard whole, and what is said goes there."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from assistant.audio.devices.remote import BLOCK_SAMPLES, RemoteAudio
from assistant.audio.frontend.frontend import FrontEndMirror, FrontEndState
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.audio.types import Float32
from assistant.config.schema import AudioConfig
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from tests.fakes import until

BLOCKS_A_FRAME = FRAME_SAMPLES // BLOCK_SAMPLES


class Page:
    """The other side: what it was sent, and what the session heard of it."""

    def __init__(self) -> None:
        self.playback = JitterBuffer()
        self.sent: list[bytes] = []
        self.flushes = 0
        self.heard: list[tuple[int, Float32]] = []
        self.front = FrontEndMirror(FrontEndState())
        self.audio = RemoteAudio(
            "Chrome on Android",
            AudioConfig(),
            self.playback,
            self.front,
            (LevelHistory(), LevelHistory()),
            send=self.sent.append,
            flush=self._flush,
        )

    def _flush(self) -> None:
        self.flushes += 1

    async def start(self) -> None:
        await self.audio.start(lambda n, s: self.heard.append((n, s)), lambda text, remedy: None)

    def speak(self, first: int, blocks: int, level: float = 0.25) -> None:
        block = (np.full(BLOCK_SAMPLES, level) * 32767).astype("<i2").tobytes()
        for number in range(first, first + blocks):
            self.audio.hear(number % 2**32, block)

    @property
    def sound(self) -> Float32:
        return np.frombuffer(b"".join(self.sent), "<i2").astype(np.float32) / np.float32(32767)


@pytest.fixture
async def page():  # type: ignore[no-untyped-def]
    made = Page()
    await made.start()
    yield made
    await made.audio.stop()


async def test_what_it_sends_is_heard_sample_by_sample(page: Page) -> None:
    page.speak(0, 3 * BLOCKS_A_FRAME)
    await until(lambda: len(page.heard) == 3)
    assert [number for number, _ in page.heard] == [0, 1, 2]
    assert np.allclose(np.concatenate([pcm for _, pcm in page.heard]), 0.25, atol=1e-3)
    assert page.audio.drops()["microphone"] == 0


async def test_a_lost_block_is_a_gap_and_not_a_shift(page: Page) -> None:
    page.speak(0, 2)
    page.speak(3, 5)
    await until(lambda: len(page.heard) == 2)
    first, second = (pcm for _, pcm in page.heard)
    assert np.allclose(first[:960], 0.25, atol=1e-3)
    assert not first[960:1440].any(), "the block that never came"
    assert np.allclose(first[1440:], 0.25, atol=1e-3)
    assert np.allclose(second, 0.25, atol=1e-3)
    assert page.audio.drops()["microphone"] == 1


async def test_numbers_begin_anew_after_the_last_one(page: Page) -> None:
    page.speak(2**32 - 2, BLOCKS_A_FRAME)
    await until(lambda: len(page.heard) == 1)
    assert np.allclose(page.heard[0][1], 0.25, atol=1e-3)


async def test_half_a_sample_does_no_harm(page: Page) -> None:
    page.audio.hear(0, b"\x00\x10\x20")
    page.speak(1, BLOCKS_A_FRAME)
    await until(lambda: len(page.heard) == 1)


async def test_what_is_said_goes_there_in_real_time_silence_included(page: Page) -> None:
    await until(lambda: len(page.sent) > 5)
    assert not page.sound.any()
    spoken = np.full(SAMPLE_RATE // 5, 0.5, np.float32)
    page.playback.write(1, spoken)
    page.playback.end(1)
    assert len(page.sent[0]) == 2 * BLOCK_SAMPLES
    await until(lambda: not page.playback.is_sounding)
    loud = page.sound[np.abs(page.sound) > 0.4]
    assert len(loud) > 0.9 * len(spoken)


async def test_who_is_interrupted_is_told_to_drop_what_waits(page: Page) -> None:
    page.playback.write(1, np.full(SAMPLE_RATE, 0.5, np.float32))
    await until(lambda: page.playback.played(1) > 0)
    assert page.flushes == 0
    page.playback.clear()
    assert page.flushes == 1


async def test_what_waits_in_the_page_counts_as_not_heard_yet(page: Page) -> None:
    page.audio.buffered(2400, latency=0.03)
    assert page.audio.output_delay() == pytest.approx(0.13)
    page.audio.buffered(-5, latency=-1.0)
    assert page.audio.output_delay() == 0.0
    page.audio.buffered(10**9)
    assert page.audio.output_delay() == 2.0, "no page holds back more than that"


async def test_once_stopped_it_says_and_hears_nothing_more() -> None:
    page = Page()
    await page.start()
    await page.audio.stop()
    said = len(page.sent)
    page.speak(0, 2 * BLOCKS_A_FRAME)
    page.playback.clear()
    await asyncio.sleep(0.1)
    assert (len(page.sent), page.heard, page.flushes) == (said, [], 0)
