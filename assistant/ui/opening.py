"""The opening title: on the screen before anything slow is imported.

The dashboard's libraries take most of a second to import. Whoever typed `assistant` sees at once
that it has begun. Textual takes the alternate screen over as it finds it, and leaves it at its end.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[?1049l\x1b[?25h"


class OpeningTitle:
    """Drawn on the terminal behind standard output, whatever that is pointed at later."""

    def __init__(self, words: str) -> None:
        self._terminal = os.dup(1)
        self._shown = True
        size = shutil.get_terminal_size()
        lines = [("\x1b[1m", "assistant"), ("\x1b[2m", words)]
        drawn = [
            f"\x1b[{size.lines // 2 + at};{max(1, (size.columns - len(text)) // 2 + 1)}H"
            f"{style}{text[: size.columns]}\x1b[0m"
            for at, (style, text) in enumerate(lines)
        ]
        self._write(_ENTER + "".join(drawn))

    def take_away(self) -> None:
        """Back to the screen as it was, for a message that must be read there."""
        if self._shown:
            self._shown = False
            self._write(_LEAVE)

    def _write(self, text: str) -> None:
        with contextlib.suppress(OSError):  # a closed terminal is told elsewhere
            os.write(self._terminal, text.encode())


@contextlib.contextmanager
def opening_title(words: str) -> Iterator[OpeningTitle]:
    """Show it while the block prepares the dashboard; it is taken away only if that fails."""
    title = OpeningTitle(words)
    try:
        yield title
    except BaseException:
        title.take_away()
        raise
