"""WAV files as streams of mono float32, read and written in pieces.

The reader takes what people have: PCM of 8 to 32 bits, float of 32 and 64, plain or extensible
headers, any rate and number of channels, files whose header lies about their length.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

import numpy as np

from assistant.audio.resample import mixdown
from assistant.audio.types import Float32
from assistant.errors import AssistantError
from assistant.frames import SAMPLE_RATE

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_COMPRESSED = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "ADPCM", 49: "GSM", 85: "MP3"}
_OTHER_FILES = {b"ID3": "MP3", b"\xff\xfb": "MP3", b"fLaC": "FLAC", b"OggS": "Ogg", b"FORM": "AIFF"}
_CONVERT = "Convert it first: ffmpeg -i {name} -c:a pcm_s16le converted.wav"
_HIGHEST_RATE = 768_000
_MOST_CHANNELS = 64
_MOST_CHUNKS = 10_000
"""Before the sound; a file of empty ones would be walked through for ever."""
_LONGEST_FORMAT = 40
"""Bytes of a format chunk that mean something to us."""
_STREAMED = 0xFFFFFFFF
"""Length in the header of a file that was written to a pipe."""


class AudioFileError(AssistantError):
    """A file cannot be used."""


@dataclass(frozen=True, slots=True)
class WavFormat:
    """What the header says."""

    rate: int
    channels: int
    sample_bytes: int
    is_float: bool

    @property
    def block_bytes(self) -> int:
        """Bytes of one sample of all channels."""
        return self.channels * self.sample_bytes


class WavReader:
    """One WAV file, open. `warnings` says what is odd about it but can be lived with."""

    def __init__(self, path: Path) -> None:
        """Raises `AudioFileError` where there is nothing in it that could be heard."""
        self.path = path
        self.warnings: list[str] = []
        self._file = _open(path)
        try:
            self.format, self._left = self._find_data()
            self.seconds = self._left / self.format.block_bytes / self.format.rate
            """Length of the sound."""
        except BaseException:
            self._file.close()
            raise

    def blocks(self, samples: int = 16_384) -> Iterator[Float32]:
        """All of it, in blocks of at most `samples`: float32 [n], mono, not cleaned."""
        size = self.format.block_bytes
        decode = _decoder(self.format)
        while self._left >= size:
            data = self._file.read(min(samples * size, self._left))
            whole = len(data) // size * size
            if not whole:
                break
            self._left -= len(data)
            yield mixdown(decode(data[:whole]).reshape(-1, self.format.channels))

    def close(self) -> None:
        self._file.close()

    def _find_data(self) -> tuple[WavFormat, int]:
        """Walk the chunks up to the sound; returns its format and length in bytes."""
        start = self._file.read(12)
        self._check_magic(start)
        found: WavFormat | None = None
        for _ in range(_MOST_CHUNKS):
            header = self._file.read(8)
            if len(header) < 8:
                raise self._error("has no sound in it", "Record it again.")
            name, size = struct.unpack("<4sI", header)
            if name == b"fmt ":
                data = self._file.read(min(size, _LONGEST_FORMAT))
                found = self._read_format(data)
                self._file.seek(size + (size & 1) - len(data), 1)
            elif name == b"data" and found is None:
                raise self._error("is damaged: its format is not given before its sound")
            elif name == b"data" and found is not None:
                return found, self._sound_bytes(size, found)
            else:
                self._file.seek(size + (size & 1), 1)
        raise self._error("is damaged: it has no end of chunks before its sound")

    def _check_magic(self, start: bytes) -> None:
        if not start:
            raise self._error("is empty", "Record it again.")
        if start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE":
            return
        for magic, kind in _OTHER_FILES.items():
            if start.startswith(magic):
                raise self._error(f"is a {kind} file, not a WAV file")
        raise self._error("is not a WAV file")

    def _read_format(self, data: bytes) -> WavFormat:
        if len(data) < 16:
            raise self._error("is damaged: its header is too short")
        tag, channels, rate, _, block_bytes, _ = struct.unpack("<HHIIHH", data[:16])
        if tag == _EXTENSIBLE and len(data) >= 26:
            (tag,) = struct.unpack("<H", data[24:26])
        if tag not in (_PCM, _FLOAT):
            kind = _COMPRESSED.get(tag, f"format {tag}")
            raise self._error(f"is compressed ({kind}), which cannot be read")
        sample_bytes = block_bytes // channels if channels else 0
        known = (4, 8) if tag == _FLOAT else (1, 2, 3, 4)
        likely = channels <= _MOST_CHANNELS and 0 < rate <= _HIGHEST_RATE
        if sample_bytes not in known or block_bytes % channels or not likely:
            bits = 8 * sample_bytes
            raise self._error(f"cannot be read ({channels} channels, {bits} bits, {rate} Hz)")
        return WavFormat(rate, channels, sample_bytes, tag == _FLOAT)

    def _sound_bytes(self, said: int, found: WavFormat) -> int:
        here = self._file.tell()
        there = self._file.seek(0, 2) - here
        self._file.seek(here)
        if said in (0, _STREAMED) and there:
            said = there
        if there < said:
            lost = (said - there) / found.block_bytes / found.rate
            self.warnings.append(f"{self.path} is cut short: its last {lost:.1f} s are missing.")
        usable = min(said, there)
        if usable < found.block_bytes:
            raise self._error("has no sound in it", "Record it again.")
        return usable

    def _error(self, what: str, remedy: str = "") -> AudioFileError:
        return AudioFileError(f"{self.path} {what}.", remedy or _CONVERT.format(name=self.path))


class WavWriter:
    """24 kHz mono int16 to disk as it comes. The header is put right once a second, so that a
    crash costs at most the last second."""

    def __init__(self, path: Path, rate: int = SAMPLE_RATE, *, shown: Path | None = None) -> None:
        """`shown`: what errors call the file. Raises `AudioFileError` where nothing can be written
        there."""
        self.path = shown or path
        self._rate = rate
        self._samples = 0
        self._next_header = rate
        try:
            self._file: BinaryIO = path.open("wb")
            self._write_header()
        except OSError as error:
            raise self._error(error) from error

    def write(self, samples: Float32) -> None:
        """Append float32 [n] in −1…1. Raises `AudioFileError`, for one where the disk is full."""
        try:
            self._file.write(self.encode(samples))
            self._samples += samples.size
            if self._samples >= self._next_header:
                self._next_header = self._samples + self._rate
                self._write_header()
        except OSError as error:
            raise self._error(error) from error

    @staticmethod
    def encode(samples: Float32) -> bytes:
        """int16 of float32 [n] in −1…1."""
        pcm = np.round(np.clip(samples, -1.0, 1.0) * 32_767).astype("<i2")
        return pcm.tobytes()

    def close(self) -> None:
        """Put the header right and let go. Raises `AudioFileError`."""
        if self._file.closed:
            return
        try:
            try:
                self._write_header()
            finally:
                self._file.close()
        except OSError as error:
            raise self._error(error) from error

    def __enter__(self) -> WavWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _write_header(self) -> None:
        self._file.seek(0)
        self._file.write(wav_header(self._rate, 2 * self._samples))
        self._file.seek(0, 2)
        self._file.flush()

    def _error(self, error: OSError) -> AudioFileError:
        return unwritable(self.path, error)


def wav_header(rate: int, size: int) -> bytes:
    """Header of a mono int16 file with `size` bytes of sound."""
    size = min(size, _STREAMED)
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", min(36 + size, _STREAMED), b"WAVE", b"fmt ", 16),
        *(_PCM, 1, rate, 2 * rate, 2, 16, b"data", size),
    )


def unwritable(path: Path, error: Exception) -> AudioFileError:
    """Why `path` cannot be written, in words."""
    reason = getattr(error, "strerror", None) or str(error)
    remedy = "Choose another place, or make room there."
    return AudioFileError(f"{path} cannot be written: {reason}.", remedy)


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise AudioFileError(f"{path} is a folder.", "Name a WAV file in it.")
    try:
        if path.exists() and not path.is_file():
            raise AudioFileError(f"{path} is not a file.", "Name a WAV file.")
        return path.open("rb")
    except FileNotFoundError:
        raise AudioFileError(f"{path} does not exist.", "Check its name.") from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise AudioFileError(
            f"{path} cannot be read: {reason}.", "Check who may read it."
        ) from error


def _decoder(found: WavFormat) -> Callable[[bytes], Float32]:
    """From bytes to float32 in −1…1 (float files may hold more), channels interleaved."""

    def floats(data: bytes) -> Float32:
        kind = np.dtype(f"<f{found.sample_bytes}")
        with np.errstate(
            over="ignore", invalid="ignore"
        ):  # out of range becomes infinite, and is cleaned later
            return np.frombuffer(data, dtype=kind).astype(np.float32)

    def unsigned(data: bytes) -> Float32:
        whole = np.frombuffer(data, dtype=np.uint8).astype(np.float32)
        return (whole - np.float32(128)) * np.float32(2.0**-7)

    def signed(data: bytes) -> Float32:
        whole = np.frombuffer(data, dtype=np.dtype(f"<i{found.sample_bytes}")).astype(np.float32)
        return whole * np.float32(2.0 ** (1 - 8 * found.sample_bytes))

    def packed(data: bytes) -> Float32:
        """24 bits: put into the upper three bytes of 32, so that the sign comes out right."""
        wide = np.zeros((len(data) // 3, 4), dtype=np.uint8)
        wide[:, 1:] = np.frombuffer(data, dtype=np.uint8).reshape(-1, 3)
        whole = np.frombuffer(wide.tobytes(), dtype=np.dtype("<i4")).astype(np.float32)
        return whole * np.float32(2.0**-31)

    if found.is_float:
        return floats
    return {1: unsigned, 2: signed, 3: packed, 4: signed}[found.sample_bytes]
