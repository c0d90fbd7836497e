"""Speech as files and streams: sound of 24 kHz mono in, bytes out as soon as there are some.

WAV and PCM are ours, Ogg/Opus is libopus through sphn. MP3, AAC and FLAC have no small, well-kept
encoder under a permissive licence; where the user has installed ffmpeg, that makes them.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from collections.abc import AsyncGenerator, Callable

import numpy as np

from assistant.audio.devices.reblock import Reblocker
from assistant.audio.types import Float32
from assistant.audio.wav import wav_header
from assistant.backends.server.opus import OpusEncoder
from assistant.errors import AssistantError
from assistant.frames import SAMPLE_RATE

Sounds = AsyncGenerator[Float32]
Encode = Callable[[Sounds], AsyncGenerator[bytes]]
"""Closed, it closes where the sound comes from."""

_UNKNOWN_LENGTH = 0xFFFFFFFF
"""Of a stream, as other programs write it."""
_FFMPEG = {
    "mp3": ("-f", "mp3", "-b:a", "96k"),
    "aac": ("-f", "adts", "-b:a", "96k"),
    "flac": ("-f", "flac"),
}
"""Its options, by the name of the format."""
MEDIA_TYPES = {
    "wav": "audio/wav", "pcm": "audio/pcm", "opus": "audio/ogg", "mp3": "audio/mpeg",
    "aac": "audio/aac", "flac": "audio/flac",
}  # fmt: skip
DEFAULT_FORMAT = "wav"


class EncodingError(AssistantError):
    """It could not be written in that format."""


def formats() -> list[str]:
    """Those that can be had on this machine."""
    return [name for name in MEDIA_TYPES if name not in _FFMPEG or shutil.which("ffmpeg")]


def encoder(name: str) -> Encode:
    """The encoder of a format that is among `formats`. What it makes raises `EncodingError`."""
    if name in _FFMPEG:
        return lambda sounds: _by_ffmpeg(sounds, _FFMPEG[name])
    return {"wav": _wav, "pcm": pcm16_stream, "opus": _opus}[name]


def pcm16(sound: Float32) -> bytes:
    """float32 [n] in −1…1 → signed 16 bits, little-endian."""
    return np.round(np.clip(sound, -1.0, 1.0) * 32_767).astype("<i2").tobytes()


async def pcm16_stream(sounds: Sounds) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(sounds):
        async for sound in sounds:
            if sound.size:
                yield pcm16(sound)


async def _wav(sounds: Sounds) -> AsyncGenerator[bytes]:
    header = wav_header(SAMPLE_RATE, _UNKNOWN_LENGTH)
    async with contextlib.aclosing(pcm16_stream(sounds)) as pieces:
        async for data in pieces:
            yield header + data
            header = b""


async def _opus(sounds: Sounds) -> AsyncGenerator[bytes]:
    writer, reblocker = OpusEncoder(), Reblocker()
    async with contextlib.aclosing(sounds):
        async for sound in sounds:
            frames = reblocker.push(sound)
            if data := b"".join(writer.encode(frame) for _, frame in frames):
                yield data
    if data := b"".join(writer.encode(frame) for _, frame in reblocker.flush()):
        yield data


async def _by_ffmpeg(sounds: Sounds, options: tuple[str, ...]) -> AsyncGenerator[bytes]:
    source = ("-f", "s16le", "-ar", str(SAMPLE_RATE), "-ac", "1", "-i", "pipe:0")
    try:
        process = await asyncio.create_subprocess_exec(
            "ffmpeg", "-hide_banner", "-loglevel", "error", *source, *options,
            "-flush_packets", "1", "pipe:1",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
    except OSError as error:
        raise EncodingError(f"ffmpeg cannot be started: {error}") from None
    assert process.stdin is not None
    assert process.stdout is not None
    feeding = asyncio.create_task(_feed(sounds, process.stdin), name="ffmpeg-feed")
    try:
        while data := await process.stdout.read(16_384):
            yield data
        await feeding
        if await process.wait():
            raise EncodingError("ffmpeg could not write this format", "ask for wav, pcm or opus")
    finally:
        feeding.cancel()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await asyncio.wait({feeding})
        await process.wait()


async def _feed(sounds: Sounds, pipe: asyncio.StreamWriter) -> None:
    try:
        async with contextlib.aclosing(pcm16_stream(sounds)) as pieces:
            async for data in pieces:
                pipe.write(data)
                await pipe.drain()
    except (BrokenPipeError, ConnectionResetError):
        pass  # why, its exit code tells
    finally:
        pipe.close()
