"""`python -m benchmarks channel`: what a tick of a voice channel costs, by how many people speak.

A tick is 20 ms of real time: what it costs is heard as nothing below that. People speak all at
once, the dearest case; the assistant speaks, too. Virtual clock, no network.
"""

from __future__ import annotations

import time

import discord
import numpy as np

from assistant.audio.types import Float32
from assistant.bench.report import Measurement
from assistant.config.schema import AudioConfig
from assistant.discord.audio import DiscordAudio
from assistant.discord.problems import require_libraries
from assistant.discord.rtp import Packet
from assistant.frames import SAMPLE_RATE

PEOPLE = (0, 1, 3, 8)
_WARM = 100
"""Ticks that are not counted: detectors are loaded in them."""


class _Nowhere:
    """A voice connection to nobody."""

    name = "nowhere"

    def send_opus(self, packet: bytes) -> None:
        pass

    def speaking(self, now: bool) -> None:
        pass


def measure(seconds: float = 20.0) -> list[Measurement]:
    """Of so many seconds of sound each. Raises `DiscordError` where the packages are missing."""
    require_libraries()
    words = _speech_like()
    return [_row(people, words, round(50 * seconds)) for people in PEOPLE]


def _row(people: int, words: list[bytes], ticks: int) -> Measurement:
    audio = DiscordAudio(AudioConfig())
    audio.attach(_Nowhere())
    spoken = np.concatenate([_noise(SAMPLE_RATE, seed) for seed in range(4)])
    costs = []
    for tick in range(_WARM + ticks):
        if not audio.playback.is_sounding:
            audio.playback.write(tick, spoken)
            audio.playback.end(tick)
        for user in range(people):
            audio.put(user, Packet(user, tick % 65_536, 960 * tick, words[tick % len(words)]))
        began = time.perf_counter()
        audio.tick()
        costs.append(1000 * (time.perf_counter() - began))
    note = "of 20 ms" if people else "of 20 ms; the assistant alone"
    return Measurement(f"{people} people speak", "ms", tuple(costs[_WARM:]), note)


def _speech_like() -> list[bytes]:
    """Five seconds of noise that rises and falls as syllables do, in packets."""
    encoder = discord.opus.Encoder()
    sound = np.concatenate([_noise(48_000, seed) for seed in range(5)])
    pcm = (np.repeat(sound, 2) * 32767).astype(np.int16)
    return [encoder.encode(pcm[at : at + 1920].tobytes(), 960) for at in range(0, pcm.size, 1920)]


def _noise(samples: int, seed: int) -> Float32:
    syllables = 0.5 + 0.5 * np.sin(2 * np.pi * 4 * np.arange(samples) / samples)
    noise = np.random.default_rng(seed).normal(0, 0.1, samples)
    return np.clip(noise * syllables, -1, 1).astype(np.float32)
