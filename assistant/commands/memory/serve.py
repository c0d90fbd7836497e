"""`assistant memory serve`: this machine's memory for the user's other ones."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

from assistant.config.schema import Config
from assistant.memory.factory import open_store
from assistant.memory.remote.access import sendable
from assistant.serving.settings import (
    ServeError,
    ServeSettings,
    cannot_listen,
    check_token,
    is_loopback,
    tls_context,
)
from assistant.terminal.sanitize import clean_line

if TYPE_CHECKING:
    from assistant.memory.remote.server import HttpServer

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryServeSettings(ServeSettings):
    names: tuple[str, ...] = ()
    """What clients call this machine, besides its addresses."""

    def address(self, port: int) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.certificate else 'http'}://{host}:{port}"


def memory_serve_command(config: Config, settings: MemoryServeSettings) -> int:
    """Serve until a signal comes; returns 128 and its number. Raises `ServeError`, `MemoryFailure`
    where it cannot."""
    require_packages()
    if config.memory.server:
        raise ServeError(
            f"memory.server is set: the memory is not here but at {config.memory.server}",
            "serve it from there, or unset memory.server",
        )
    warning = check_exposure(settings)
    if settings.token:
        sendable(settings.token, "the variable of --token-env")
    certificate = tls_context(settings)
    from assistant.memory.remote.access_control import AccessControl
    from assistant.memory.remote.server import HttpServer
    from assistant.serving.connection_limits import open_sockets

    # Opened before the first client asks: what is wrong with it is told to who can repair it.
    store = open_store(config.memory).store
    try:
        try:
            sockets = open_sockets(settings.host, settings.port)
        except (OSError, OverflowError) as error:
            raise cannot_listen(settings, error) from None
        with contextlib.ExitStack() as opened:
            for each in sockets:
                opened.enter_context(each)
            if warning:
                _tell(warning)
            gate = AccessControl(settings.token, names_of_this_machine(settings))
            server = HttpServer(store, gate, certificate)
            print(settings.address(sockets[0].getsockname()[1]))
            print("ready: waits for clients, Ctrl-C ends it", flush=True)
            return asyncio.run(_serve(server, sockets))
    finally:
        if close := getattr(store, "close", None):
            close()


async def _serve(server: HttpServer, sockets: list[socket.socket]) -> int:
    stopped: list[int] = []

    def stop(number: int) -> None:
        stopped.append(number)
        server.should_exit = True

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, stop, number)
    await server.serve(sockets=sockets)
    if not stopped:
        raise ServeError("the server ended by itself", "the log tells why")
    return 128 + stopped[0]


def require_packages() -> None:
    """Raises `ServeError` where the extra is not installed."""
    missing = [name for name in ("starlette", "uvicorn") if find_spec(name) is None]
    if missing:
        raise ServeError(
            f"packages missing for serving memory: {', '.join(missing)}",
            "pip install 'assistant[server]'",
        )


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


def names_of_this_machine(settings: MemoryServeSettings) -> frozenset[str]:
    """Names by which clients may ask for it, in small letters."""
    names = {settings.host, *settings.names}
    if not is_loopback(settings.host):
        with contextlib.suppress(OSError):
            own = socket.gethostname().lower()
            names |= {own, f"{own.removesuffix('.local')}.local"}
    return frozenset(name.lower().rstrip(".") for name in names)


def _tell(text: str) -> None:
    print(f"· {clean_line(text)}", file=sys.stderr, flush=True)
