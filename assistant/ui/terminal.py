"""The terminal belongs to the dashboard alone.

Textual draws on file descriptor 2, and so do ALSA, PortAudio and many another library when they
complain. While the terminal is claimed, descriptors 1 and 2 lead to the log file, and only Textual
holds the way to the screen.
"""

from __future__ import annotations

import codecs
import io
import os
import selectors
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

from assistant.private_files import make_folder, open_append

_LEAVE = (
    b"\x1b[?1000l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u\x1b[?1049l\x1b[?25h\x1b[0m"
)
"""Mouse, focus, paste and keyboard reports off; the main screen, a cursor, no colour."""


class TerminalStream(io.TextIOWrapper):
    """Writes to the terminal; once that is gone, swallows everything and says so once.

    Textual writes from a thread that would die of an `OSError`, and a full queue behind a dead
    thread would hold up the end of the program for ever.
    """

    def __init__(self, descriptor: int, encoding: str = "utf-8") -> None:
        super().__init__(
            io.BufferedWriter(io.FileIO(descriptor, "w"), 1 << 16),
            encoding=encoding,
            errors="replace",
            newline="",
        )
        self.on_lost: Callable[[], None] | None = None
        """Called once, in the writing thread, when the terminal is gone."""
        self._lost = False

    def write(self, text: str) -> int:
        if not self._lost:
            try:
                return super().write(text)
            except OSError:
                self._lose()
        return len(text)

    def flush(self) -> None:
        if not self._lost:
            try:
                super().flush()
            except OSError:
                self._lose()

    def restorer(self) -> Callable[[], None]:
        """What gives the terminal back as it is now, should there be no time for more than that."""
        descriptor = self.fileno()
        try:
            modes = termios.tcgetattr(descriptor)
        except termios.error:
            return lambda: None

        def restore() -> None:
            os.write(descriptor, _LEAVE)
            termios.tcsetattr(descriptor, termios.TCSANOW, modes)

        return restore

    def _lose(self) -> None:
        self._lost = True
        if self.on_lost is not None:
            self.on_lost()


@contextmanager
def claim_terminal(log_path: Path, encoding: str = "utf-8") -> Iterator[TerminalStream]:
    """Keep the screen to Textual; whatever else is written to it goes to `log_path` (appended).

    Must surround `App.run`. Gives the stream on which the screen is drawn. Raises `OSError` where
    the log cannot be opened; afterwards everything is as it was.
    """
    make_folder(log_path.parent)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    saved_stdout, saved_stderr = sys.__stdout__, sys.__stderr__
    log = open_append(log_path)
    errors, output = os.dup(2), os.dup(1)
    os.dup2(log, 2)
    os.dup2(log, 1)
    os.close(log)
    # Textual asks stdout's descriptor for the size of the terminal and draws on stderr's, which a
    # user may have led to a file.
    sys.__stdout__ = TerminalStream(os.dup(output))  # type: ignore[misc]
    screen = errors if os.isatty(errors) else output
    stream = TerminalStream(os.dup(screen), encoding)
    sys.__stderr__ = stream  # type: ignore[misc]
    try:
        yield stream
    finally:
        for standard in (sys.stdout, sys.stderr):
            standard.flush()
        os.dup2(errors, 2)
        os.dup2(output, 1)
        os.close(errors)
        os.close(output)
        sys.__stdout__, sys.__stderr__ = saved_stdout, saved_stderr  # type: ignore[misc]


# What is typed comes in the terminal's own encoding.

_READ_BYTES = 4096
_TURN_SECONDS = 0.1


class LocaleDriver(LinuxDriver):
    """Reads what is typed in `encoding`; bytes that mean nothing in it become "�"."""

    encoding = "utf-8"

    def run_input_thread(self) -> None:
        """As in the base class, but for the decoding."""
        parser = XTermParser(self._debug)
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            try:
                while not self.exit_event.is_set():
                    if selector.select(_TURN_SECONDS):
                        if not (data := self._read()):
                            break  # nobody types any more: the terminal is gone
                        text = decoder.decode(data)
                        for event in parser.feed(text) if text else ():
                            self.process_message(event)
                    for event in parser.tick():
                        self.process_message(event)
            finally:
                for _ in _rest(parser):
                    pass

    def _read(self) -> bytes:
        """What was typed; nothing where the terminal is gone."""
        try:
            return os.read(self.fileno, _READ_BYTES)
        except OSError:
            return b""


def _rest(parser: XTermParser) -> list[object]:
    try:
        return list(parser.feed(""))
    except (EOFError, ParseError):
        return []
