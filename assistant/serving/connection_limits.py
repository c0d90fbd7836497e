"""Connection limits of a listening socket, against floods and slow requests (slowloris): who has
called, and who of them has shown that he may come in.

A connection costs a server something before it has said a word: a file, a place, a TLS handshake.
So it is counted where it is accepted, below TLS and below whatever speaks HTTP or WebSocket on it,
and each has a *stranger's* few seconds to be admitted. Where too many are there the oldest stranger
is sent away, never one that was admitted: whoever fills the doorstep only pushes himself off it.
(Denial of service by slow requests: CWE-400; RFC 9112, section 9.5, on closing idle connections.)
"""

from __future__ import annotations

import asyncio
import contextlib
import enum
import ipaddress
import os
import socket
from collections import Counter
from dataclasses import dataclass
from typing import Any

Peer = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Limits:
    total: int = 128
    """Connections at a time. A process may often open 256 files only."""
    each: int = 48
    """The same of one address (of one /64 network, for IPv6)."""
    stranger: float = 10.0
    """Seconds from the call until it is admitted: TLS handshake, head of the request, token."""
    idle: float = 60.0
    """Seconds that an admitted one may stay after an answer without asking anything else."""
    burst: int = 16
    """Calls taken at a time, so that who has called is heard before more are let in."""


class _Standing(enum.Enum):
    STRANGER = enum.auto()
    BUSY = enum.auto()
    IDLE = enum.auto()


class Caller(socket.socket):
    """One accepted connection. It leaves the book when whoever has it closes it."""

    book: ConnectionLimiter | None = None
    place = ""
    """Whose it is, for counting."""
    peer: Peer = ("", 0)
    standing = _Standing.STRANGER
    deadline: asyncio.TimerHandle | None = None

    def close(self) -> None:
        if self.book is not None:
            self.book.forget(self)
        super().close()

    def hang_up(self) -> None:
        """Whoever reads or writes it finds it ended, whatever is spoken on it."""
        with contextlib.suppress(OSError):
            self.shutdown(socket.SHUT_RDWR)


class ConnectionLimiter:
    """The book of all that are there. Everything on the event loop's thread."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._callers: dict[Peer, Caller] = {}
        """Oldest first."""

    def __len__(self) -> int:
        return len(self._callers)

    def guard(self, listening: socket.socket) -> socket.socket:
        """The same socket, whose callers are counted from now on; `listening` is used up."""
        guarded = _Guarded(
            listening.family, listening.type, listening.proto, fileno=listening.detach()
        )
        guarded.connections = self
        return guarded

    def arrive(self, caller: Caller) -> bool:
        """Whether there is room for it, which may cost an older stranger its place."""
        if not self._make_room(caller.place):
            return False
        caller.book = self
        self._callers[caller.peer] = caller
        self._set(caller, _Standing.STRANGER, self.limits.stranger)
        return True

    def admit(self, peer: Peer | None) -> None:
        """It has shown that it may come in, and has no deadline here while it is served."""
        if (caller := self._find(peer)) is not None:
            self._set(caller, _Standing.BUSY, None)

    def rest(self, peer: Peer | None) -> None:
        """An admitted one has its answer and may ask again, within `Limits.idle`."""
        if (caller := self._find(peer)) is not None and caller.standing is _Standing.BUSY:
            self._set(caller, _Standing.IDLE, self.limits.idle)

    def forget(self, caller: Caller) -> None:
        if caller.deadline is not None:
            caller.deadline.cancel()
        if self._callers.get(caller.peer) is caller:
            del self._callers[caller.peer]

    def _find(self, peer: Peer | None) -> Caller | None:
        return self._callers.get((str(peer[0]), int(peer[1]))) if peer else None

    def _set(self, caller: Caller, standing: _Standing, seconds: float | None) -> None:
        caller.standing = standing
        if caller.deadline is not None:
            caller.deadline.cancel()
            caller.deadline = None
        if seconds is not None:
            loop = asyncio.get_running_loop()
            caller.deadline = loop.call_later(seconds, self._send_away, caller)

    def _make_room(self, place: str) -> bool:
        everybody = list(self._callers.values())
        neighbours = [caller for caller in everybody if caller.place == place]
        if len(neighbours) >= self.limits.each:
            return self._send_one_away(neighbours)
        if len(everybody) >= self.limits.total:
            crowd = Counter(c.place for c in everybody if c.standing is _Standing.STRANGER)
            return self._send_one_away(sorted(everybody, key=lambda c: -crowd[c.place]))
        return True

    def _send_one_away(self, callers: list[Caller]) -> bool:
        for standing in (_Standing.STRANGER, _Standing.IDLE):
            for caller in callers:
                if caller.standing is standing:
                    self._send_away(caller)
                    return True
        return False

    def _send_away(self, caller: Caller) -> None:
        self.forget(caller)
        caller.hang_up()


class _Guarded(socket.socket):
    """A listening socket of an event loop; `accept` enters who calls in the book."""

    connections: ConnectionLimiter | None = None
    _taken = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """Raises `BlockingIOError` where enough were taken for now, `ConnectionAbortedError` where
        there is no room: an event loop goes on after either."""
        assert self.connections is not None
        if self._taken >= self.connections.limits.burst:
            raise BlockingIOError
        connection, address = super().accept()
        self._count()
        caller = Caller(
            connection.family, connection.type, connection.proto, fileno=connection.detach()
        )
        caller.peer = (str(address[0]), int(address[1]))
        caller.place = place_of(caller.peer[0])
        if not self.connections.arrive(caller):
            caller.close()
            raise ConnectionAbortedError
        return caller, address

    def _count(self) -> None:
        if not self._taken:
            asyncio.get_running_loop().call_soon(self._count_anew)
        self._taken += 1

    def _count_anew(self) -> None:
        self._taken = 0


def place_of(host: str) -> str:
    """What addresses of one place have in common: of IPv6 the network, which one machine has whole
    (RFC 4291, section 2.5.1: 64 bits name the interface)."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address), 64), strict=False))


def open_sockets(host: str, port: int) -> list[socket.socket]:
    """One listening socket for each address of the host, all of one port; with port 0, of one that
    is free. Raises `OSError`, `OverflowError`."""
    found = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )
    opened: list[socket.socket] = []
    try:
        for family, kind, protocol, _, place in dict.fromkeys(found):
            number = opened[0].getsockname()[1] if opened else place[1]
            listening = _socket(family, kind, protocol, alone=len(found) == 1)
            opened.append(listening)
            listening.bind((place[0], number, *place[2:]))
            listening.listen(128)
    except BaseException:
        for each in opened:
            each.close()
        raise
    return opened


def _socket(family: int, kind: int, protocol: int, *, alone: bool) -> socket.socket:
    # Its protocol has to be named: asyncio answers without delay (TCP_NODELAY) only where it is,
    # and else each answer waits 40 ms for the client's delayed acknowledgement.
    listening = socket.socket(family, kind, protocol)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6 and not alone:
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    return listening


# Who talks to the model, and who waits for it: one talks, a few stand in line.


class PlaceInLine:
    """One client's place. `position` 0 talks; `changed` is set whenever it moves up."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.changed = asyncio.Event()


class WaitingLine:
    """First come, first served."""

    def __init__(self, most_waiting: int) -> None:
        self._most = most_waiting
        self._places: list[PlaceInLine] = []

    def __len__(self) -> int:
        return len(self._places)

    def join(self) -> PlaceInLine | None:
        """A place at the end; None where all are taken."""
        if len(self._places) > self._most:
            return None
        self._places.append(PlaceInLine(len(self._places)))
        return self._places[-1]

    def leave(self, place: PlaceInLine) -> None:
        self._places.remove(place)
        for position, other in enumerate(self._places):
            if other.position != position:
                other.position = position
                other.changed.set()
