"""Wyoming over TCP: speech recognition, every persona as a voice, every persona to talk to.

Wyoming knows no token. Who may come in is told by his address: this machine, and those that the
user allows. Home Assistant takes the first agent that a port tells of; further ones have a port of
their own.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from wyoming.error import Error
from wyoming.event import Event
from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    TtsProgram,
    TtsVoice,
)

from assistant import __version__
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.language.languages import LANGUAGES
from assistant.personas.loading import LoadedPersonas
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import in_words
from assistant.serving.connection_limits import ConnectionLimiter, Limits, Peer
from assistant.serving.conversations import Conversations
from assistant.serving.settings import is_loopback
from assistant.serving.wyoming.client import Client, Served, tell
from assistant.serving.wyoming.protocol import MOST_LINE, ProtocolError, read_event

log = logging.getLogger(__name__)

PORT = 10_300
SERVICE = "assistant"
_SILENT_SECONDS = 300.0
"""Between two events of a client, after which it is hung up on: Home Assistant opens a connection
for each thing it wants."""
_MOST_TOLD = 20
"""Addresses of who may not come in that are told of."""
_OURS = Attribution(name="assistant", url="")


Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def may_enter(host: str, allowed: Iterable[Network], *, anybody: bool) -> bool:
    """Whether a client of this address may: from this machine always."""
    host = _plain(host)
    if anybody or is_loopback(host):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for network in allowed)


def _plain(host: str) -> str:
    """An address as a person writes it: without its zone, and IPv4 as such."""
    host = host.partition("%")[0]
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        return str(getattr(address, "ipv4_mapped", None) or address)
    return host


class WyomingServer:
    """Serves sockets until it is closed; each has an agent of its own."""

    def __init__(
        self,
        service: SpeechService,
        conversations: Conversations,
        personas: LoadedPersonas,
        config: Config,
        *,
        allowed: Iterable[Network] = (),
        anybody: bool = False,
        limits: Limits | None = None,
        on_refused: Callable[[str], None] = lambda host: None,
    ) -> None:
        """`on_refused`: told of the address of who may not come in, once."""
        self._served = Served(service, conversations, personas, config)
        self.connections = ConnectionLimiter(limits)
        self._allowed = tuple(allowed)
        self._on_refused = on_refused
        self._refused: set[str] = set()
        self._anybody = anybody
        self._servers: list[asyncio.Server] = []
        self._clients: set[asyncio.Task[None]] = set()

    async def listen(
        self, listening: socket.socket, agent: str, *, only_agent: bool = False
    ) -> None:
        """Serve this socket, with the persona of this slug as its first agent. `only_agent`: it
        tells of no voices and no recognition, which another port has told of: Home Assistant would
        list them twice, by the same names."""

        def info() -> Info:
            return self.info(agent, only_agent=only_agent)

        async def called(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._clients.add(task)
            try:
                await self._serve(reader, writer, agent, info)
            finally:
                self._clients.discard(task)
                writer.close()

        guarded = self.connections.guard(listening)
        guarded.setblocking(False)
        self._servers.append(await asyncio.start_server(called, sock=guarded, limit=MOST_LINE))

    async def close(self) -> None:
        for server in self._servers:
            server.close()
        for task in self._clients:
            task.cancel()
        if self._clients:
            await asyncio.wait(self._clients)

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        agent: str,
        info: Callable[[], Info],
    ) -> None:
        peer = writer.get_extra_info("peername")
        if peer is None or not may_enter(peer[0], self._allowed, anybody=self._anybody):
            self._refuse(_plain(peer[0]) if peer else "?")
            return
        client = Client(self._served, writer, agent, info)
        with contextlib.suppress(ConnectionError):
            try:
                await self._converse(client, reader, peer)
            except ProtocolError as error:
                await tell(writer, Error(str(error), "protocol").event())
            except AssistantError as error:
                # Who waits for sound or words gives up only when the line goes dead.
                await tell(writer, Error(in_words(error), "failed").event())
            except TimeoutError:
                pass
            finally:
                await client.close()

    def _refuse(self, host: str) -> None:
        log.warning("wyoming: %s is not allowed", host)
        if host not in self._refused and len(self._refused) < _MOST_TOLD:
            self._refused.add(host)
            self._on_refused(host)

    async def _converse(self, client: Client, reader: asyncio.StreamReader, peer: Peer) -> None:
        """One event after the other, until the client goes; what is done for it then is dropped."""
        coming = asyncio.create_task(read_event(reader))
        try:
            while True:
                async with asyncio.timeout(_SILENT_SECONDS):
                    event = await coming
                if event is None:
                    return
                self.connections.admit(peer)
                coming = asyncio.create_task(read_event(reader))
                await _while_there(client.take(event), coming)
        finally:
            await _dropped(coming)

    def info(self, agent: str, *, only_agent: bool = False) -> Info:
        """What there is; `agent` first among those to talk to. See `listen`."""
        personas = list(self._served.personas.loaded.values())
        agents = sorted(personas, key=lambda each: each.slug != agent)
        engine = self._served.service.engine.partition(" · ")[0]
        knows_languages = "whisper" in engine and ".en" not in engine
        languages = sorted(LANGUAGES) if knows_languages else ["en"]
        handle = [
            HandleProgram(
                models=[HandleModel(languages=["en"], **_artifact(each.slug, each.summary))],
                **_artifact(each.name, each.summary),
            )
            for each in agents
        ]
        if only_agent:
            return Info(handle=handle)
        return Info(
            handle=handle,
            asr=[
                AsrProgram(
                    models=[AsrModel(languages=languages, **_artifact("whisper", engine))],
                    **_artifact(SERVICE, "Speech recognition"),
                )
            ],
            tts=[
                TtsProgram(
                    voices=[
                        TtsVoice(languages=["en"], **_artifact(each.slug, each.name))
                        for each in personas
                    ],
                    supports_synthesize_streaming=True,
                    **_artifact(SERVICE, "Voices of the personas"),
                )
            ],
        )


async def _while_there(work: Coroutine[Any, Any, None], coming: asyncio.Task[Event | None]) -> None:
    """Do this, unless the client goes meanwhile: nobody waits for an answer any more. `coming`: its
    next event. Raises what the work raises, and `ConnectionError`."""
    working = asyncio.create_task(work)
    try:
        await asyncio.wait({working, coming}, return_when=asyncio.FIRST_COMPLETED)
        if coming.done() and not working.done() and _has_gone(coming):
            raise ConnectionAbortedError
        await working
    finally:
        await _dropped(working)


def _has_gone(coming: asyncio.Task[Event | None]) -> bool:
    error = coming.exception()
    return isinstance(error, ConnectionError) or (error is None and coming.result() is None)


async def _dropped(task: asyncio.Task[Any]) -> None:
    """It has ended, by itself or because it had to."""
    task.cancel()
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()  # it was told, or is of no use any more


def _artifact(name: str, description: str) -> dict[str, object]:
    return {
        "name": name,
        "description": description,
        "attribution": _OURS,
        "installed": True,
        "version": __version__,
    }
