"""`assistant memory serve`: this machine's memory for the user's other ones."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass

from assistant.commands.runner import tell
from assistant.config.schema import Config
from assistant.memory.factory import open_store
from assistant.memory.remote.access import sendable
from assistant.serving.settings import (
    ServeError,
    ServeSettings,
    check_token,
    http_address,
    is_loopback,
    listen,
    require_packages,
    tls_context,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryServeSettings(ServeSettings):
    names: tuple[str, ...] = ()
    """What clients call this machine, besides its addresses."""


def memory_serve_command(config: Config, settings: MemoryServeSettings) -> int:
    """Serve until a signal comes; returns 128 and its number. Raises `ServeError`, `MemoryFailure`
    where it cannot."""
    require_packages("serving memory", "server", "starlette", "uvicorn")
    if config.memory.server:
        raise ServeError(
            f"memory.server is set: the memory is not here but at {config.memory.server}",
            "serve it from there, or unset memory.server",
        )
    warning = check_exposure(settings)
    if settings.token:
        sendable(settings.token, "the variable of --token-env")
    certificate = tls_context(settings)
    from assistant.memory.remote.server import memory_server
    from assistant.serving.access_control import AccessControl, names_of_this_machine
    from assistant.serving.http_server import serve_until_signal

    # Opened before the first client asks: what is wrong with it is told to who can repair it.
    store = open_store(config.memory).store
    try:
        with contextlib.ExitStack() as opened:
            sockets = [opened.enter_context(each) for each in listen(settings)]
            if warning:
                tell(warning)
            names = names_of_this_machine(settings.host, settings.names)
            gate = AccessControl(settings.token, names, what="memory")
            server = memory_server(store, gate, certificate)
            print(http_address(settings, sockets[0].getsockname()[1]))
            print("ready: waits for clients, Ctrl-C ends it", flush=True)
            return asyncio.run(serve_until_signal(server, sockets))
    finally:
        if close := getattr(store, "close", None):
            close()


def check_exposure(settings: MemoryServeSettings) -> str:
    """A warning about who could read it, or "". Raises `ServeError` where it must not run."""
    if not is_loopback(settings.host):
        if settings.token is None:
            raise ServeError(
                f"{settings.host} can be reached from other machines, and nobody would have to "
                "show a token: anyone there could read all that is remembered",
                "add --token-env NAME",
            )
        check_token(settings)
        if settings.certificate is None:
            return (
                "what is remembered, and the token, cross the network unencrypted; --tls-cert "
                "changes that"
            )
    elif settings.token is None:
        return "every program on this machine can read it; --token-env changes that"
    return ""
