"""A conversation from a WAV file into a WAV file, one step at a time."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np

from assistant.audio.base import DeviceChoice, OnFrame
from assistant.audio.devices.reblock import Reblocker, frames_of
from assistant.audio.frontend.frontend import FrontEnd
from assistant.audio.levels import LevelHistory
from assistant.audio.playback.jitter import JitterBuffer
from assistant.audio.resample import OFFLINE, StreamResampler, clean
from assistant.audio.types import Float32
from assistant.audio.wav import AudioFileError, WavReader, WavWriter, unwritable, wav_header
from assistant.config.schema import AudioConfig
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE

# No devices at all: for typed conversations and for programs that only read and write text.


class NullAudio:
    """`AudioIO` without microphone and speaker. No frames come, nobody reads `playback`."""

    def __init__(self) -> None:
        self.playback = JitterBuffer()
        self.front = FrontEnd(AudioConfig())
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.microphone: str | None = None
        self.speaker: str | None = None

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """Nothing is missing where nothing was asked for: `on_problem` is not called."""

    async def stop(self) -> None:
        """There is nothing to let go of."""

    async def devices(self) -> list[DeviceChoice]:
        """There is nothing to choose."""
        return []

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """There is nothing to choose."""

    def drops(self) -> dict[str, int]:
        return {"microphone": 0, "speaker": 0}

    def output_delay(self) -> float:
        return 0.0


__all__ = ["AudioFileError", "FileAudio", "read_frames"]


class FileAudio:
    """`AudioIO` whose microphone is `input_wav` (None: there is none) and whose speaker is
    `output_wav` (None: it plays to nobody).

    Nothing happens by itself: the driver takes frames with `next_frame` and plays with
    `pull_output`, on whatever clock it likes.
    """

    def __init__(
        self,
        input_wav: Path | None,
        output_wav: Path | None = None,
        config: AudioConfig | None = None,
        *,
        writer: WavWriter | None = None,
    ) -> None:
        """`writer`: what the speaker plays into, instead of the file `output_wav`. Raises
        `AudioFileError` where the input has no sound or the output cannot be written."""
        self.playback = JitterBuffer()
        self.front = FrontEnd(config or AudioConfig())
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.microphone = input_wav.name if input_wav else None
        self.speaker: str | None = output_wav.name if output_wav else "nowhere"
        self.error: AudioFileError | None = None
        """Why the output could not be written to its end."""
        if input_wav and output_wav and output_wav.exists() and input_wav.exists():
            _refuse_same(input_wav, output_wav)
        self._reader = WavReader(input_wav) if input_wav else None
        self._frames = read_frames(self._reader) if self._reader else iter(())
        self._writer = writer
        try:
            if output_wav and writer is None:
                self._writer = WavWriter(output_wav)
        except AudioFileError:
            if self._reader is not None:
                self._reader.close()
            raise
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None

    @property
    def seconds(self) -> float:
        """Length of the input."""
        return self._reader.seconds if self._reader is not None else 0.0

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        """`on_frame` is never called: the driver feeds the session."""
        self._on_problem = on_problem
        for warning in self._reader.warnings if self._reader is not None else ():
            on_problem(warning, "What is there is used.")

    async def stop(self) -> None:
        """Complete the output file; `error` says if that failed."""
        if self._reader is not None:
            self._reader.close()
        if self._writer is not None:
            try:
                self._writer.close()
            except AudioFileError as error:
                self._fail(error)

    def next_frame(self) -> Float32 | None:
        """The next frame of the input, float32 [1920]; None at its end."""
        frame = next(self._frames, None)
        if frame is not None:
            self.input_levels.push(frame)
            self.front.heard(frame)  # for the user's voice alone: a file holds no echo
        return frame

    def pull_output(self, samples: int = FRAME_SAMPLES) -> Float32:
        """Play: take `samples` from `playback`, write them to the output, return them."""
        sound = self.playback.read(samples)
        self.output_levels.push(sound)
        self.front.played(sound)
        if self._writer is not None and self.error is None:
            try:
                self._writer.write(sound)
            except AudioFileError as error:
                self._fail(error)
        return sound

    async def devices(self) -> list[DeviceChoice]:
        """There is nothing to choose."""
        return []

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        """There is nothing to choose."""

    def drops(self) -> dict[str, int]:
        return {"microphone": 0, "speaker": frames_of(self.playback.dropped)}

    def output_delay(self) -> float:
        return 0.0

    def _fail(self, error: AudioFileError) -> None:
        if self.error is None:
            self.error = error
            self._on_problem(error.message, error.remedy)


def read_frames(reader: WavReader) -> Iterator[Float32]:
    """The file as frames of 24 kHz mono, cleaned; the last one is padded with silence."""
    resampler = StreamResampler(reader.format.rate, SAMPLE_RATE, OFFLINE)
    reblocker = Reblocker()
    for block in reader.blocks():
        for _, frame in reblocker.push(resampler.process(clean(block)[0])):
            yield frame
    rest = resampler.process(np.zeros(0, dtype=np.float32), last=True)
    for _, frame in reblocker.push(clean(rest)[0]) + reblocker.flush():
        yield frame


def _refuse_same(input_wav: Path, output_wav: Path) -> None:
    if input_wav.samefile(output_wav):
        raise AudioFileError(f"{input_wav} is both input and output.", "Name another output file.")


# Where rendered speech goes: a file that is worth nothing before it is whole, or a pipe.

STANDARD_OUTPUT = Path("-")
_UNKNOWN = 0xFFFFFFFF
"""Length in the header of a file that is still being written, as other programs stream it."""


class WholeWav(WavWriter):
    """A file that appears, or takes the place of an older one, when all of it was written."""

    def __init__(self, path: Path) -> None:
        """Raises `AudioFileError` where it could not be put there."""
        self.whole = False
        """Set before `close` where the file is to be kept."""
        self._target = path.resolve()
        self._temporary = self._target.with_name(f".{self._target.name}.{os.getpid()}.part")
        _check(path)
        super().__init__(self._temporary, shown=path)

    def close(self) -> None:
        """Put the file in its place where it is whole, else leave nothing. Raises
        `AudioFileError`."""
        try:
            super().close()
            if self.whole and self._temporary.exists():
                if self._target.exists():
                    self._temporary.chmod(self._target.stat().st_mode & 0o777)
                self._temporary.replace(self._target)
        except OSError as error:
            raise unwritable(self.path, error) from error
        finally:
            with contextlib.suppress(OSError):
                self._temporary.unlink()


class StreamedWav(WavWriter):
    """Into a pipe or device: the header cannot be put right afterwards, so it says that the length
    is not known. A reader that has gone ends the program as it does any other: `BrokenPipeError`.
    """

    def __init__(self, path: Path) -> None:
        """`path`: `STANDARD_OUTPUT`, or one to open. Raises `AudioFileError`."""
        self._to_stdout = path == STANDARD_OUTPUT
        self.path = Path("standard output") if self._to_stdout else path
        try:
            self._file = (
                os.fdopen(os.dup(sys.stdout.fileno()), "wb", buffering=0)
                if self._to_stdout
                else path.open("wb", buffering=0)
            )
            self._put(wav_header(SAMPLE_RATE, _UNKNOWN))
        except BrokenPipeError:
            raise
        except (OSError, ValueError) as error:
            raise unwritable(self.path, error) from error

    def write(self, samples: Float32) -> None:
        """Append float32 [n] in −1…1. Raises `AudioFileError` or `BrokenPipeError`."""
        try:
            self._put(self.encode(samples))
        except BrokenPipeError:
            raise
        except OSError as error:
            raise unwritable(self.path, error) from error

    def close(self) -> None:
        self._file.close()

    def _put(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]


def open_output(path: Path) -> WavWriter:
    """The writer that suits `path`. Raises `AudioFileError` where nothing can be written there."""
    if path == STANDARD_OUTPUT:
        if sys.stdout.isatty():
            raise AudioFileError(
                "A sound file cannot be shown in a terminal.",
                "Name a file, or send it on: --output - | aplay",
            )
        return StreamedWav(path)
    if path.exists() and not path.is_file() and not path.is_dir():
        return StreamedWav(path)
    return WholeWav(path)


def _check(path: Path) -> None:
    """What `open` would complain of, before anything is rendered."""
    if path.is_dir():
        raise unwritable(path, IsADirectoryError(21, "Is a directory"))
    if path.exists() and not os.access(path, os.W_OK):
        raise unwritable(path, PermissionError(13, "Permission denied"))
