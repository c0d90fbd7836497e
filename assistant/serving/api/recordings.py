"""Recordings that clients send: read whatever they are, and cut at silences into pieces that speech
recognition takes.

WAV is read by ourselves (its headers lie more often than not), Ogg/Opus by libopus and FLAC, MP3,
AAC, Ogg/Vorbis and AIFF by Symphonia, both through sphn. What that cannot open (WebM, M4A, FLAC
that was streamed) ffmpeg reads, where the user has installed it.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.devices.reblock import Reblocker
from assistant.audio.resample import OFFLINE, StreamResampler, clean, mixdown
from assistant.audio.types import Float32
from assistant.audio.vad import OFF, ON, RATE, AutomaticGain, Vad
from assistant.audio.wav import AudioFileError, WavReader
from assistant.backends.server.opus import OpusDecoder
from assistant.frames import FRAME_SECONDS, SAMPLE_RATE, TRANSCRIBE_SECONDS
from assistant.serving.api.errors import ApiError

MOST_SECONDS = 4 * 3600.0
"""Of one recording: 25 MB of the worst MP3 would be seven hours."""
READABLE = "wav, flac, mp3, aac, ogg (Opus, Vorbis) and aiff"
_BLOCK_SECONDS = 60.0
_BLOCK_SAMPLES = 8_000_000
"""Decoded at a time, of all channels: a few bytes may claim many of either."""
_RATES = (1_000, 768_000)
_PRE_ROLL = 1.0
"""Seconds before a block that are decoded with it: the first frames of MP3 behind a jump lack what
went before them. (With Vorbis 20 ms are lost at a jump all the same.)"""
_BLOCK_BYTES = 65_536
_SNIFFED = 4_096
"""Bytes of a file's beginning that tell what it is."""
_DEMUXERS = ((0, b"\x1a\x45\xdf\xa3", "matroska"), (4, b"ftyp", "mov"), (0, b"fLaC", "flac"))
"""How files begin (at this byte, with these), and what ffmpeg calls their kind."""


def _unreadable(what: str = "this is no recording that can be read") -> ApiError:
    remedy = f"There can be read: {READABLE}"
    if shutil.which("ffmpeg") is None:
        remedy += "; with ffmpeg installed where this server runs, webm and m4a"
    return ApiError(415, what, f"{remedy}.", param="file")


def read_frames(path: Path) -> Iterator[Float32]:
    """The recording as frames of 24 kHz mono, float32 [1920], the last one padded with silence.
    Raises `ApiError` for what is none."""
    with path.open("rb") as file:
        head = file.read(_SNIFFED)
    reblocker, most = Reblocker(), round(MOST_SECONDS / FRAME_SECONDS)
    for sound in _sound(path, head):
        for number, frame in reblocker.push(clean(sound)[0]):
            if number >= most:
                raise ApiError(
                    413, f"the recording is longer than {MOST_SECONDS / 3600:g} hours",
                    "Send it in parts.", param="file",
                )  # fmt: skip
            yield frame
    for _, frame in reblocker.flush():
        yield frame


def _sound(path: Path, head: bytes) -> Iterator[Float32]:
    """24 kHz mono, in blocks."""
    if not head:
        raise _unreadable("the recording is empty")
    if head[:4] in (b"RIFF", b"RIFX", b"RF64"):
        return _wav(path)
    if head[:4] == b"OggS" and b"OpusHead" in head:
        return _opus(path)
    kinds = (kind for at, begins, kind in _DEMUXERS if head[at:].startswith(begins))
    kind = next(kinds, None)
    try:
        if kind == "matroska":  # in which Symphonia counts milliseconds for samples
            raise _unreadable()
        return _symphonia(path)
    except ApiError:
        if kind is None or shutil.which("ffmpeg") is None:
            raise
        return _by_ffmpeg(path, kind)


def _wav(path: Path) -> Iterator[Float32]:
    try:
        reader = WavReader(path)
    except AudioFileError as error:
        raise _unreadable(error.message.replace(str(path), "the recording")) from None
    try:
        yield from _resampled(reader.blocks(), reader.format.rate)
    finally:
        reader.close()


def _opus(path: Path) -> Iterator[Float32]:
    decoder, heard = OpusDecoder(), False
    with path.open("rb") as file:
        while data := file.read(_BLOCK_BYTES):
            sound, _ = decoder.decode(data, round(MOST_SECONDS * SAMPLE_RATE))
            heard = heard or sound.size > 0
            yield sound
    if not heard:
        raise _unreadable("there is no sound in this Ogg file")


def _symphonia(path: Path) -> Iterator[Float32]:
    import sphn

    reader = _guarded(sphn.FileReader, str(path))
    rate = int(reader.sample_rate)
    if not _RATES[0] <= rate <= _RATES[1]:
        raise _unreadable(f"no recording has {rate} samples a second")
    return _resampled(_blocks(reader), rate)


def _blocks(reader: Any) -> Iterator[Float32]:
    rate, most = int(reader.sample_rate), _BLOCK_SAMPLES // max(1, int(reader.channels))
    seconds = min(_BLOCK_SECONDS, max(1, most // int(reader.sample_rate)))
    at, whole = 0.0, int(seconds * rate)
    while True:
        early = min(at, _PRE_ROLL)
        decoded = _guarded(reader.decode, at - early, early + seconds)
        block = np.asarray(decoded, np.float32)[:, round(early * rate) :]
        if not block.size:
            return
        yield mixdown(np.ascontiguousarray(block.T))
        if block.shape[1] < whole:
            return
        at += seconds


def _guarded(call: Any, *values: object) -> Any:
    """A call of a library in another language, on a stranger's bytes."""
    try:
        return call(*values)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a panic of Rust's is no `Exception`
        raise _unreadable() from error


def _by_ffmpeg(path: Path, kind: str) -> Iterator[Float32]:
    """It is told what the file is: left to guess, it would follow what a playlist points at."""
    command = [
        "ffmpeg", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "file,pipe",
        "-f", kind, "-i", f"file:{path}", "-vn", "-f", "f32le", "-ac", "1",
        "-ar", str(SAMPLE_RATE), "pipe:1",
    ]  # fmt: skip
    heard = False
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        try:
            assert process.stdout is not None
            while data := process.stdout.read(_BLOCK_BYTES):
                heard = True
                yield np.frombuffer(data[: len(data) // 4 * 4], "<f4")
        finally:
            process.kill()
    if not heard:
        raise _unreadable("there is no sound in this file")


def _resampled(blocks: Iterator[Float32], rate: int) -> Iterator[Float32]:
    resampler = StreamResampler(rate, SAMPLE_RATE, OFFLINE)
    for block in blocks:
        yield resampler.process(clean(block)[0])
    yield resampler.process(np.zeros(0, np.float32), last=True)


# Cut where nobody speaks: a piece as long as can be understood at a time, and no longer.

_PAD = 3
"""Frames of silence that a piece begins and ends with."""
_SHORT, _LONG = round(4 / FRAME_SECONDS), round(15 / FRAME_SECONDS)
_LONGEST = int(TRANSCRIBE_SECONDS / FRAME_SECONDS) - 2 * _PAD - 1
_LOOK_BACK = round(8 / FRAME_SECONDS)
"""Frames among which the best place is looked for where somebody speaks without a pause."""
_LEAST_VOICED = 2
"""Frames of voice under which it was a click."""


def _pause_ends(frames: int) -> int:
    """Frames of silence that end a piece of this length."""
    seconds = 1.0 if frames < _SHORT else 0.56 if frames < _LONG else 0.24
    return round(seconds / FRAME_SECONDS)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of speech."""

    start: float
    """Seconds from the recording's beginning."""
    sound: Float32
    """float32 [n], 16 kHz mono."""

    @property
    def seconds(self) -> float:
        return self.sound.size / RATE


def pieces_of(sound: Float32, rate: int) -> list[Float32]:
    """Float32 [n] of this rate as 16 kHz, in pieces that are written down at a time: what is short
    in one piece, as it was heard."""
    if sound.size <= TRANSCRIBE_SECONDS * rate:
        return [StreamResampler(rate, RATE, OFFLINE).process(sound, last=True)]
    resampler, reblocker = StreamResampler(rate, SAMPLE_RATE, OFFLINE), Reblocker()
    frames = [*reblocker.push(resampler.process(sound, last=True)), *reblocker.flush()]
    return [piece.sound for piece in SpeechPieces().of(frame for _, frame in frames)]


@dataclass(frozen=True, slots=True)
class _Frame:
    number: int
    probability: float
    sound: Float32


class SpeechPieces:
    """Frames in, the pieces that are spoken out. `seconds`: how much was heard so far."""

    def __init__(self) -> None:
        self._vad = Vad(AutomaticGain())
        self._count = 0
        self._before: deque[_Frame] = deque(maxlen=_PAD)
        self._frames: list[_Frame] = []
        self._silent = 0
        self._voice = False

    @property
    def seconds(self) -> float:
        return self._count * FRAME_SECONDS

    def of(self, frames: Iterator[Float32]) -> Iterator[Piece]:
        """All pieces of a recording, as its frames come."""
        for frame in frames:
            yield from self._push(frame)
        yield from self._cut(len(self._frames))

    def _push(self, sound: Float32) -> Iterator[Piece]:
        windows = self._vad.push(sound)
        probability = max((window.probability for window in windows), default=0.0)
        frame = _Frame(self._count, probability, self._vad.downsampled)
        self._count += 1
        self._voice = probability >= (OFF if self._voice else ON)
        if not self._frames:
            if not self._voice:
                self._before.append(frame)
                return
            self._frames = [*self._before]
            self._before.clear()
        self._frames.append(frame)
        self._silent = 0 if self._voice else self._silent + 1
        if self._silent >= _pause_ends(len(self._frames)):
            yield from self._cut(len(self._frames) - self._silent + _PAD)
        elif len(self._frames) >= _LONGEST:
            lately = self._frames[-_LOOK_BACK:]
            softest = min(range(len(lately)), key=lambda at: lately[at].probability)
            yield from self._cut(len(self._frames) - _LOOK_BACK + softest + 1)

    def _cut(self, at: int) -> Iterator[Piece]:
        """The frames up to `at` are a piece; what is behind goes on."""
        piece, rest = self._frames[:at], self._frames[at:]
        goes_on = any(frame.probability >= ON for frame in rest)
        self._frames = rest if goes_on else []
        if not goes_on:
            self._before.extend(rest)
            self._silent = 0
        if sum(frame.probability >= OFF for frame in piece) >= _LEAST_VOICED:
            sound = np.concatenate([frame.sound for frame in piece])
            yield Piece(piece[0].number * FRAME_SECONDS, sound)
