"""`assistant`: the dashboard, or plain lines where standard output is no terminal; and
`assistant frontend NAME`: the conversation in another front end, ours or a plugin's.

Nothing slow is imported up here: the opening title comes first.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, cast

from assistant.config.plugins import PluginRegistry
from assistant.config.schema import Config

if TYPE_CHECKING:
    from pathlib import Path

    from assistant.audio.base import AudioIO
    from assistant.brain.local.weights import BrainOffer
    from assistant.session.frontend import MakeSession, SessionFrontend


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


def dashboard_command(config: Config, file: Path | None = None) -> int:
    """Returns the exit code. `file`: of the settings, where it is not the usual one."""
    if not (sys.stdout.isatty() and sys.stdin.isatty()):
        from assistant.commands.plain import plain_command

        return plain_command(config, open_audio(config))
    with opening_title("is on its way …") as title:
        from assistant.session.factory import make_conversation
        from assistant.ui.run import run_dashboard

        def offer() -> BrainOffer | None:
            from assistant.commands.brain import brain_offer

            return brain_offer(config, file)

        def make() -> SessionFrontend:
            try:
                return make_conversation(config, open_audio(config))
            except Exception:
                title.take_away()
                raise

        return run_dashboard(make, config, offer=offer)


Frontend = Callable[["MakeSession", Config], int]
"""Shows a session, or drives it: gets what makes the session and the settings, starts and stops it,
runs until the conversation is over, and returns the exit code. It sees `session.frontend` and
`session.events` only."""


def _dashboard(make: MakeSession, config: Config) -> int:
    from assistant.ui.run import run_dashboard

    return run_dashboard(make, config)


def _plain(make: MakeSession, config: Config) -> int:
    from assistant.commands.plain import plain_frontend

    return plain_frontend(make, config)


def _accept(thing: object) -> Frontend:
    if not callable(thing):
        raise TypeError("it is no function of what makes the session and the settings")
    return cast(Frontend, thing)


FRONTENDS: PluginRegistry[Frontend] = PluginRegistry(
    "assistant.frontends", "front end", {"dashboard": _dashboard, "plain": _plain}, _accept
)


def frontend_command(config: Config, name: str) -> int:
    """Returns the exit code. Raises `AssistantError` where there is none of that name, or it is
    broken."""
    from assistant.session.factory import make_conversation

    frontend = FRONTENDS.get(name)
    with FRONTENDS.faults(name):
        return int(frontend(lambda: make_conversation(config, open_audio(config)), config))
