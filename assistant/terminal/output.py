"""Standard output and standard error as everything here writes to them.

Two promises, kept in one place: text that comes from somewhere else cannot steer the terminal, and
a letter that the terminal's encoding lacks costs neither the line nor the program.
"""

from __future__ import annotations

import codecs
import io
import locale
import os
import sys
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TextIO, cast

from assistant.terminal.sanitize import clean_line, clean_text
from assistant.terminal.transliteration import similar, writes_all


class CleanStream(io.TextIOWrapper):
    """A text stream on which nothing acts that is written: see `cleaning`."""

    def write(self, text: str) -> int:
        self.write_as_it_is(clean_text(text))
        return len(text)

    def write_as_it_is(self, text: str) -> None:
        """For the few who move the cursor or colour words, and clean what they are given."""
        if not writes_all(self.encoding):
            text = unicodedata.normalize("NFC", text)  # a letter with its mark may be one there
        super().write(text)


class StyledFile:
    """What `rich` writes to, through which its colours come out whole."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        if isinstance(self._stream, CleanStream):
            self._stream.write_as_it_is(text)
        else:
            self._stream.write(text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def styled(stderr: bool = False) -> IO[str]:
    """Standard output or standard error as `rich` should have it."""
    return cast(IO[str], StyledFile(sys.stderr if stderr else sys.stdout))


def claim_streams() -> None:
    """Put clean streams in the place of `sys.stdout` and `sys.stderr`. Call it at the start."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed by who started us
            nowhere = os.open(os.devnull, os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, "w", encoding="utf-8"))
        if isinstance(stream, io.TextIOWrapper) and not isinstance(stream, CleanStream):
            stream.flush()
            setattr(sys, name, _clean_stream(stream.buffer, stream))
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")


def opened_like(descriptor: int, stream: TextIO) -> TextIO:
    """A clean stream on another descriptor, in the encoding of `stream`, flushed at each line."""
    return CleanStream(
        open(descriptor, "wb"),
        encoding=stream.encoding or "utf-8",
        errors=readable(stream.encoding or "utf-8"),
        line_buffering=True,
    )


def print_path(path: Path) -> None:
    """A path on a line of its own; byte for byte where a program reads it and it is no text."""
    if sys.stdout.isatty() or not any("\ud800" <= c <= "\udfff" for c in str(path)):
        print(path)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(path) + b"\n")
    sys.stdout.buffer.flush()


def write_status(text: str) -> None:
    """One line of standard error that the next such line replaces; for terminals."""
    StyledFile(sys.stderr).write(f"\r{clean_line(text)}\x1b[K")
    sys.stderr.flush()


def decoded(data: bytes) -> str:
    """Text of unknown encoding: UTF-8 where it is that, else that of the terminal or the locale.
    What is no text in any of them becomes "�"."""
    for encoding in ("utf-8", getattr(sys.stdin, "encoding", None), locale.getencoding()):
        try:
            return data.decode(encoding or "utf-8")
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("utf-8", "replace")


def is_unicode(stream: IO[str]) -> bool:
    """Whether every character can be written to it."""
    return writes_all(getattr(stream, "encoding", None) or "utf-8")


def _clean_stream(buffer: Any, like: io.TextIOWrapper) -> CleanStream:
    return CleanStream(
        buffer,
        encoding=like.encoding,
        errors=readable(like.encoding),
        line_buffering=like.line_buffering,
        write_through=like.write_through,
    )


@lru_cache
def readable(encoding: str) -> str:
    """Name of an error handler that writes something readable for what `encoding` lacks. The error
    itself does not tell: that of every encoding with a table says "charmap"."""

    def written(error: UnicodeError) -> tuple[str, int]:
        if not isinstance(error, UnicodeEncodeError):
            raise error
        lost = error.object[error.start : error.end]
        return "".join(similar(character, encoding) for character in lost), error.end

    name = f"assistant.readable.{encoding}"
    codecs.register_error(name, written)
    return name
