"""What is typed comes in the terminal's own encoding.

Textual reads UTF-8 alone: in a terminal of another encoding the first letter that is typed beyond
ASCII would end the program.
"""

from __future__ import annotations

import codecs
import os
import selectors

from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver

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
