"""Where rendered speech goes: a file that is worth nothing before it is whole, or a pipe."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from assistant.audio.types import Float32
from assistant.audio.wav import AudioFileError, WavWriter, unwritable, wav_header
from assistant.frames import SAMPLE_RATE

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
