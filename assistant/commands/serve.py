"""`assistant serve`: our voices, ears and personas for other programs."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from assistant.commands.runner import tell
from assistant.config.schema import Config
from assistant.locations import serve_dir
from assistant.personas.loading import LoadedPersonas
from assistant.serving.settings import (
    ServeError,
    ServeSettings,
    check_exposure,
    http_address,
    is_loopback,
    listen,
    require_packages,
    tls_context,
)
from assistant.session.factory import find_personas

if TYPE_CHECKING:
    from assistant.serving.api.engine import SpeechService

PORT = 8880
WYOMING_PORT = 10_300


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiSettings(ServeSettings):
    names: tuple[str, ...] = ()
    """What clients call this machine, besides its addresses."""
    wyoming: int | None = None
    """Its port; None: it is not served."""
    wyoming_allow: tuple[str, ...] = ()
    """Addresses of other machines, or networks, that may come in there, where no token exists."""
    wyoming_agents: tuple[tuple[str, int], ...] = ()
    """Personas, by slug, that are the first to talk to at ports of their own."""
    own_certificate: bool = False
    """Serve TLS with one that we make, where the user has none."""
    remember: bool = False
    """Conversations are remembered as a person's own are."""


@dataclass(frozen=True, slots=True)
class _Door:
    """Where Wyoming is served, with this persona as its first agent."""

    agent: str
    port: int
    sockets: list[socket.socket]


def serve_command(config: Config, settings: ApiSettings) -> int:
    """Serve until a signal comes; returns 128 and its number. Raises `AssistantError` where it
    cannot."""
    packages = ("starlette", "uvicorn", "websockets", "sphn", "python_multipart")
    wyoming = ("wyoming",) if settings.wyoming is not None else ()
    require_packages("serving", "server", *packages, *wyoming)
    from assistant.serving.access_control import AccessControl, names_of_this_machine

    names = names_of_this_machine(settings.host, settings.names)
    settings, fingerprint = _with_own_certificate(settings, names)
    warnings = exposure_warnings(settings)
    certificate = tls_context(settings)
    personas = find_personas(config)  # a misspelt name is told before anything is loaded
    agents = _agents(config, settings, personas)
    from assistant.backends.host.child import use_one_heap
    from assistant.serving.api.app import Api
    from assistant.serving.api.engine import SpeechService, make_process
    from assistant.serving.http_server import serve_until_signal

    use_one_heap()  # before there are threads

    wyoming_host = _reached_by(_wyoming_host(settings), ())
    wyoming_host = f"[{wyoming_host}]" if ":" in wyoming_host else wyoming_host

    async def serve() -> int:
        service = SpeechService(make_process(config))
        api = Api(service, personas, config, remember=settings.remember)
        server = api.server(AccessControl(settings.token, names), certificate)
        try:
            tell("the models are being loaded")
            await service.start()
            async with _wyoming(config, settings, personas, service, doors):
                print(_address(settings, sockets[0].getsockname()[1]))
                if fingerprint:
                    print(f"certificate: {settings.certificate} (SHA-256 {fingerprint})")
                for door in doors:
                    print(f"wyoming: tcp://{wyoming_host}:{door.port} ({door.agent})")
                print("ready: waits for clients, Ctrl-C ends it", flush=True)
                return await serve_until_signal(server, sockets)
        finally:
            await service.stop()

    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(each) for each in listen(settings)]
        doors = []
        for agent, port in agents:
            opened = listen(replace(settings, host=_wyoming_host(settings), port=port))
            number = opened[0].getsockname()[1]
            doors.append(_Door(agent, number, [stack.enter_context(each) for each in opened]))
        for warning in warnings:
            tell(warning)
        return asyncio.run(serve())


def _with_own_certificate(settings: ApiSettings, names: frozenset[str]) -> tuple[ApiSettings, str]:
    """With the one that we make, where that is wanted, and its fingerprint, else "". Raises
    `ServeError`, `OSError`, `AssistantError`."""
    if not settings.own_certificate:
        return settings, ""
    if settings.certificate is not None:
        raise ServeError(
            "--tls makes a certificate, and --tls-cert gives one", "leave one of them out"
        )
    require_packages("a certificate of our own", "web", "cryptography")
    from assistant.serving.certificate import local_addresses, own_certificate

    made = own_certificate(names, local_addresses(), serve_dir())
    return replace(settings, certificate=made.path, key=made.key), made.fingerprint


def _address(settings: ApiSettings, port: int) -> str:
    """As a client would write it."""
    host = _reached_by(settings.host, settings.names)
    return http_address(replace(settings, host=host), port) + "/v1"


def _reached_by(host: str, names: tuple[str, ...]) -> str:
    """Where all addresses of this machine are meant, one that other machines reach."""
    if host not in ("0.0.0.0", "::"):
        return host
    return next(iter([*names, *_local_addresses()]), host)


def _local_addresses() -> list[str]:
    if find_spec("cryptography") is None:  # it comes with another extra
        return []
    from assistant.serving.certificate import local_addresses

    return local_addresses()


@contextlib.asynccontextmanager
async def _wyoming(
    config: Config,
    settings: ApiSettings,
    personas: LoadedPersonas,
    service: SpeechService,
    doors: list[_Door],
) -> AsyncIterator[None]:
    """Served meanwhile, where it is wanted."""
    if not doors:
        yield
        return
    from assistant.serving.conversations import Conversations
    from assistant.serving.wyoming.server import WyomingServer

    conversations = Conversations(config, personas, remember=settings.remember)
    server = WyomingServer(
        service,
        conversations,
        personas,
        config,
        allowed=[ipaddress.ip_network(each, strict=False) for each in settings.wyoming_allow],
        anybody=settings.insecure,
        on_refused=lambda host: tell(
            f"{host} wanted to use Wyoming and may not; --wyoming-allow {host} lets it in"
        ),
    )
    try:
        for at, door in enumerate(doors):
            for each in door.sockets:
                await server.listen(each, door.agent, only_agent=at > 0)
        yield
    finally:
        await server.close()
        await conversations.close()


def _agents(
    config: Config, settings: ApiSettings, personas: LoadedPersonas
) -> list[tuple[str, int]]:
    """Slug and port of each Wyoming server. Raises `ServeError` for a persona that there is not."""
    if settings.wyoming is None:
        if settings.wyoming_agents:
            raise ServeError("an agent for Wyoming, which is not served", "add --wyoming")
        return []
    agents = [(config.session.persona, settings.wyoming)]
    for name, port in settings.wyoming_agents:
        slug = personas.called(name)
        if slug is None:
            raise ServeError(
                f"there is no persona called “{name}”",
                f"choose one of {', '.join(personas.loaded)}",
            )
        agents.append((slug, port))
    return agents


def _wyoming_host(settings: ApiSettings) -> str:
    """Where other machines are let in, all addresses; which of them may, is seen to there."""
    if settings.wyoming_allow and is_loopback(settings.host):
        return "::" if any(":" in each for each in settings.wyoming_allow) else "0.0.0.0"
    if settings.insecure or settings.wyoming_allow:
        return settings.host
    return "127.0.0.1"


def exposure_warnings(settings: ApiSettings) -> list[str]:
    """Warnings about who could listen. Raises `ServeError` where it must not run."""
    warnings = []
    for address in settings.wyoming_allow:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            raise ServeError(
                f"--wyoming-allow takes addresses, and “{address}” is none",
                "as 192.168.1.5, or a network: 192.168.1.0/24",
            ) from None
    if settings.wyoming is not None and (settings.insecure or settings.wyoming_allow):
        warnings.append(
            "Wyoming knows neither tokens nor encryption: voices cross the network open"
        )
    if warning := check_exposure(settings, "the models and hold them", "--tls"):
        warnings.append(warning)
    return warnings
