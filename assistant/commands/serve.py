"""`assistant serve`: our voices, ears and personas for other programs."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from dataclasses import dataclass, replace

from assistant.config.schema import Config
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
from assistant.session.factory import find_personas
from assistant.terminal.sanitize import clean_line


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(ServeSettings):
    names: tuple[str, ...] = ()
    """What clients call this machine, besides its addresses."""
    wyoming: int | None = None
    """Its port; None: it is not served."""
    wyoming_allow: tuple[str, ...] = ()
    """Addresses of other machines that may come in there, where no token exists."""
    wyoming_agents: tuple[tuple[str, int], ...] = ()
    """Personas that are conversation agents at ports of their own."""
    remember: bool = False
    """Conversations are remembered as a person's own are."""


def serve_command(config: Config, settings: ApiSettings) -> int:
    """Serve until a signal comes; returns 128 and its number. Raises `AssistantError` where it
    cannot."""
    require_packages("serving", "server", "starlette", "uvicorn", "sphn", "python_multipart")
    warnings = check_exposure(settings)
    certificate = tls_context(settings)
    personas = find_personas(config)  # a misspelt name is told before anything is loaded
    from assistant.serving.access_control import AccessControl, names_of_this_machine
    from assistant.serving.api.app import Api
    from assistant.serving.api.engine import SpeechService, make_process
    from assistant.serving.http_server import serve_until_signal

    async def serve() -> int:
        service = SpeechService(make_process(config))
        api = Api(service, personas, config)
        names = names_of_this_machine(settings.host, settings.names)
        server = api.server(AccessControl(settings.token, names), certificate)
        try:
            _tell("loads the models")
            await service.start()
            print(http_address(settings, sockets[0].getsockname()[1]) + "/v1")
            print("ready: waits for clients, Ctrl-C ends it", flush=True)
            return await serve_until_signal(server, sockets)
        finally:
            await service.stop()

    with contextlib.ExitStack() as opened:
        sockets = [opened.enter_context(each) for each in listen(settings)]
        for warning in warnings:
            _tell(warning)
        return asyncio.run(serve())


def check_exposure(settings: ApiSettings) -> list[str]:
    """Warnings about who could listen. Raises `ServeError` where it must not run."""
    if is_loopback(settings.host):
        return []
    if settings.token is None and not settings.insecure:
        raise ServeError(
            f"{settings.host} can be reached from other machines, and nobody would have to show "
            "a token: anyone there could talk to the models and hold them",
            "add --token-env NAME, or --insecure where you trust the network",
        )
    check_token(settings)
    if settings.certificate is None:
        return ["voices and the token cross the network unencrypted; --tls-cert changes that"]
    return []


def _tell(text: str) -> None:
    print(f"· {clean_line(text)}", file=sys.stderr, flush=True)


__all__ = ["ApiSettings", "replace", "serve_command"]
