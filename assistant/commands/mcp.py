"""`assistant mcp`: the user's voice and memory for Claude Code, goose, Zed and other clients of the
Model Context Protocol, on standard input and output.
"""

from __future__ import annotations

import asyncio
import sys

from assistant.adapters.launching import INSTALL
from assistant.commands.plain import libraries_speak_to_the_log
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.loops import ExitDeadline
from assistant.session.factory import find_personas

_HINT = """\
This speaks the Model Context Protocol on standard input, to a program that starts it:
  claude mcp add assistant -- assistant mcp
docs/mcp.md has others. Ctrl-C ends it."""


def mcp_command(config: Config) -> int:
    """Serve one client until it closes standard input (0) or a signal comes (128 and its number).
    Raises `AssistantError` where the package for it is missing, or there is no such persona."""
    try:
        import mcp.server  # noqa: F401
    except ImportError:
        raise AssistantError("the package “mcp” is not installed", INSTALL) from None
    find_personas(config)
    if sys.stdin is not None and sys.stdin.isatty():
        print(_HINT, file=sys.stderr, flush=True)
    with ExitDeadline() as deadline, libraries_speak_to_the_log():
        return asyncio.run(_serve(config, deadline))


async def _serve(config: Config, deadline: ExitDeadline) -> int:
    from assistant.audio.devices.on_demand import OnDemandAudio
    from assistant.serving.client_voice import ClientVoice
    from assistant.serving.headless import Headless
    from assistant.serving.mcp_server import make_server, serve_stdio

    voice = ClientVoice(Headless(config, lambda settings: OnDemandAudio(settings.audio)))
    serving = asyncio.create_task(serve_stdio(make_server(voice.request)))
    stopped: list[int] = []

    def stop(number: int) -> None:
        stopped.append(number)
        serving.cancel()

    deadline.on_signals(stop)
    try:
        await serving
    except asyncio.CancelledError:
        if not stopped:
            raise
    finally:
        await voice.close()
    return 128 + stopped[0] if stopped else 0
