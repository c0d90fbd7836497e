"""`assistant`: the dashboard, or plain lines where standard output is no terminal.

Nothing slow is imported up here: the opening title comes first.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from assistant.config.schema import Config

if TYPE_CHECKING:
    from assistant.audio.base import AudioIO
    from assistant.session.frontend import SessionFrontend


# The opening title: on the screen before anything slow is imported.

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


def open_audio(config: Config) -> AudioIO:
    """Microphone and speaker, opened when the session starts."""
    from assistant.audio.devices.live import LiveAudio

    return LiveAudio(config.audio)


def dashboard_command(config: Config) -> int:
    """Returns the exit code."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        from assistant.commands.plain import plain_command

        return plain_command(config, open_audio(config))
    with opening_title("is on its way …") as title:
        from assistant.session.factory import (
            find_personas,
            follow_persona_files,
            make_session,
            startup_notices,
        )
        from assistant.ui.run import run_dashboard

        personas = find_personas(config)

        def make() -> SessionFrontend:
            try:
                session = make_session(config, open_audio(config), personas=personas, remember=True)
            except Exception:
                title.take_away()
                raise
            session.at_start(startup_notices(personas), follow_persona_files)
            return session

        return run_dashboard(make, config)
