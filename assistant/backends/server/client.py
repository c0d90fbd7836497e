"""The connection to a Moshi server, on a thread of its own: it is made, lost, and made again.

Everything inside happens in that thread's event loop. Frames that cannot go out at once are
dropped, oldest first, and counted: after an interruption the server hears what is said now, not
what was said before.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from concurrent.futures import CancelledError, Future
from dataclasses import replace
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.server import protocol
from assistant.backends.server.exchange import Exchange, Handler, Peer, shake_hands
from assistant.backends.server.failures import Address, explained, tls_for
from assistant.backends.server.protocol import Request
from assistant.loops import post
from assistant.models.web import is_loopback

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 15.0
HEALTHY_AFTER = 10.0
"""Seconds before another attempt: doubled at each failure, back to the first after so many seconds
of conversation."""
OPEN_TIMEOUT = 10.0


class ServerLink:
    """One server. All public methods may be called from any thread."""

    def __init__(self, address: Address, handler: Handler, *, waits: bool = False) -> None:
        """`waits`: `push` returns when the server has answered (virtual clock)."""
        self._address = address
        self._handler = handler
        self._waits = waits
        self._query: dict[str, str] = {}
        self._persona: protocol.PersonaRequest | None = None
        self._was_own = False
        """It was our own server last time: who to be is told by a request, not by the address."""
        self._anew = False
        """We hang up ourselves, to begin anew."""
        self._exchange: Exchange | None = None
        self._socket: ClientConnection | None = None
        self._opened: Future[Peer] = Future()
        self._closed = False
        self._loop = asyncio.new_event_loop()
        self._main: asyncio.Task[None] | None = None
        self._thread = threading.Thread(target=self._run, name="moshi-server", daemon=True)
        self.dropped = 0
        """Frames that were not sent."""

    # -- for the backend ---------------------------------------------------------------------

    def open(self, query: dict[str, str]) -> Peer:
        """Connect and wait until the model is ours. Raises `BackendError`."""
        self._query = query
        self._thread.start()
        return self._opened.result()

    def push(self, frame: Float32) -> None:
        """Send a frame, float32 [1920]."""
        if not self._waits:
            post(self._loop, self._push, frame.copy())
            return
        waiting = self._push_and_wait(frame.copy())
        try:
            future = asyncio.run_coroutine_threadsafe(waiting, self._loop)
        except RuntimeError:  # the loop has ended
            waiting.close()
            return
        with contextlib.suppress(CancelledError, TimeoutError):
            future.result(5.0)

    def request(self, request: Request) -> None:
        """Ask our own server for something; a foreign one is not bothered."""
        post(self._loop, self._request, request)

    def change_persona(self, persona: protocol.PersonaRequest, query: dict[str, str]) -> None:
        """Be this persona now, and after every interruption: by a request to our own server, by
        another connection with this query to a foreign one."""
        post(self._loop, self._become, persona, query)

    def close(self) -> None:
        self._closed = True
        post(self._loop, self._stop)
        if self._thread.is_alive() and threading.current_thread() is not self._thread:
            self._thread.join(3.0)

    # -- the loop's thread -------------------------------------------------------------------

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._main = self._loop.create_task(self._keep_connected())
        try:
            self._loop.run_until_complete(self._main)
        except asyncio.CancelledError:
            pass
        except BaseException as error:  # a decoder in another language may raise anything
            self._tell(explained(error, self._address))
        finally:
            if not self._opened.done():
                self._opened.set_exception(BackendError("the connection was closed"))
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    def _stop(self) -> None:
        if self._main is not None:
            self._main.cancel()

    def _tell(self, error: BackendError) -> None:
        if self._opened.done():
            self._handler.trouble(error)
        else:
            self._opened.set_exception(error)

    async def _keep_connected(self) -> None:
        pause = FIRST_PAUSE
        while not self._closed:
            began = time.monotonic()
            self._anew = False
            error = await self._one_conversation()
            if self._anew:
                continue
            if not self._opened.done():
                self._tell(error)
                return
            if time.monotonic() - began > HEALTHY_AFTER:
                pause = FIRST_PAUSE
            wait = pause * random.uniform(0.75, 1.25)
            again = f"trying again in {wait:.0f} s" if wait >= 1.5 else "trying again"
            remedy = f"{again}; {error.remedy}" if error.remedy else again
            self._tell(BackendError(error.message, remedy))
            await asyncio.sleep(wait)
            pause = min(LONGEST_PAUSE, pause * 2)

    async def _one_conversation(self) -> BackendError:
        """Connect and talk until it is over; returns why it ended."""
        address = self._address
        if not self._was_own:
            url = protocol.with_query(address.url, self._query)
            address = replace(address, url=url, voice=self._query.get("voice_prompt", ""))
        asked = self._query
        try:
            async with _Straight(address.url, **_options(address)) as self._socket:
                peer = await shake_hands(self._socket, self._handler, address.place)
                missed = self._was_own and not peer.own
                self._was_own = peer.own
                if missed or (asked != self._query and not peer.own):
                    self._anew = True  # it was not told who to be, or somebody else
                    return BackendError("beginning anew")
                await self._talk(self._socket, peer)
        except Exception as error:
            return explained(error, address)
        finally:
            self._socket = None
            if self._exchange is not None:
                self.dropped += self._exchange.dropped
                self._exchange = None
                self._handler.down()
        return BackendError(f"{address.place} hung up")

    async def _talk(self, socket: ClientConnection, peer: Peer) -> None:
        self._exchange = Exchange(socket, peer, self._handler)
        if peer.own and self._persona is not None:
            self._exchange.request(Request(persona=self._persona))
        self._handler.up(peer)
        if not self._opened.done():
            self._opened.set_result(peer)
        await self._exchange.run()

    # -- what is asked of the loop -----------------------------------------------------------

    def _push(self, frame: Float32) -> None:
        if self._exchange is None:
            self.dropped += 1
        else:
            self._exchange.push(frame, self.dropped)

    async def _push_and_wait(self, frame: Float32) -> None:
        if self._exchange is None:
            self.dropped += 1
        else:
            await self._exchange.push_and_wait(frame)

    def _request(self, request: Request) -> None:
        if self._exchange is not None and self._exchange.peer.own:
            self._exchange.request(request)

    def _become(self, persona: protocol.PersonaRequest, query: dict[str, str]) -> None:
        changed = query != self._query
        self._persona, self._query = persona, query
        if self._exchange is None or self._socket is None:
            return  # told when it is connected
        if self._exchange.peer.own:
            self._exchange.request(Request(persona=persona))
        elif changed:
            self._anew = True
            self._handler.status(f"beginning anew as {persona.name}")
            self._socket.transport.abort()


class _Straight(connect):
    """Goes where it was told to go: a redirected token is somebody else's token."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


def _options(address: Address) -> dict[str, Any]:
    headers = {protocol.OWN_HEADER: protocol.VERSION}
    if address.token:
        headers["Authorization"] = f"Bearer {address.token}"
    tls = tls_for(address)
    return {
        "additional_headers": headers,
        "compression": None,
        "max_size": protocol.MAX_MESSAGE,
        "open_timeout": OPEN_TIMEOUT,
        "ping_interval": 10,
        "ping_timeout": 20,
        "close_timeout": 1,
        "proxy": None if is_loopback(address.url) else True,
        **({"ssl": tls} if tls is not None else {}),
    }
