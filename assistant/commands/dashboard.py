"""`assistant`: the dashboard, or plain lines where standard output is no terminal.

Nothing slow is imported up here: the opening title comes first.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from assistant.config.schema import Config
from assistant.ui.opening import opening_title

if TYPE_CHECKING:
    from assistant.audio.base import AudioIO
    from assistant.session.frontend import SessionFrontend


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
