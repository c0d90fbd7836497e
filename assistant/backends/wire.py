"""The wire between host and backend process: length-prefixed msgpack over a local socket.

`multiprocessing.connection` gives the framing and the authentication (an HMAC challenge with a key
that only parent and child know); `send_bytes` and `recv_bytes` only, never pickle, so that nothing
that comes over it can run code.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from multiprocessing.connection import (
    Client,
    Connection,
    Listener,
    answer_challenge,
    deliver_challenge,
)
from typing import Any, TypeVar, cast

import msgspec
import numpy as np
from numpy.typing import NDArray

from assistant.frames import AnyCommand, AnyEvent

ADDRESS_VARIABLE = "ASSISTANT_WIRE_ADDRESS"
KEY_VARIABLE = "ASSISTANT_WIRE_KEY"
_DESCRIPTOR = "descriptor:"
"""Beginning of an address that is a socket which the process was started with."""
MAX_MESSAGE = 16 * 1024 * 1024
"""Bytes; nothing honest is larger, and a mad child must not fill the host's memory."""

T = TypeVar("T")

_encoder = msgspec.msgpack.Encoder()
_commands: msgspec.msgpack.Decoder[AnyCommand] = msgspec.msgpack.Decoder(AnyCommand)
_events: msgspec.msgpack.Decoder[AnyEvent] = msgspec.msgpack.Decoder(AnyEvent)


def encode(message: AnyCommand | AnyEvent) -> bytes:
    """Half of a pair of characters, as JSON and terminals may hand over, becomes a "?"."""
    try:
        return _encoder.encode(message)
    except UnicodeEncodeError:
        return _encoder.encode(writable(msgspec.to_builtins(message, builtin_types=(bytes,))))


def writable(value: object) -> object:
    """The same of nothing but what can be written: whole characters, numbers of 64 bits."""
    match value:
        case int() if not -(2**63) <= value < 2**63:
            return str(value)
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {writable(key): writable(each) for key, each in value.items()}
        case list() | tuple():
            return [writable(each) for each in value]
        case _:
            return value


def decode_command(data: bytes) -> AnyCommand:
    """Raises `msgspec.DecodeError` (or its child `ValidationError`) on anything else."""
    return _decoded(_commands, data)


def decode_event(data: bytes) -> AnyEvent:
    """Raises `msgspec.DecodeError` (or its child `ValidationError`) on anything else."""
    return _decoded(_events, data)


def _decoded(decoder: msgspec.msgpack.Decoder[T], data: bytes) -> T:
    try:
        return decoder.decode(data)
    except (UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise msgspec.DecodeError(str(error)) from None


def encode_pcm(samples: NDArray[np.float32]) -> bytes:
    """Samples as they cross the wire: little-endian float32."""
    return samples.astype("<f4", copy=False).tobytes()


def decode_pcm(data: bytes) -> NDArray[np.float32]:
    """The reverse; a trailing broken sample is left out. The array is read-only."""
    return np.frombuffer(data, dtype="<f4", count=len(data) // 4)


class WireListener:
    """The host's end before the child has called: one end of a pair of sockets that have no name
    anywhere, so that nobody else can call and nothing stays where this process is killed. Where a
    child cannot be handed such a thing (Windows), a port of this machine. And a fresh key."""

    def __init__(self) -> None:
        self.key = secrets.token_bytes(32)
        self._listener: Listener | None = None
        self._pair: tuple[socket.socket, socket.socket] | None = None
        if hasattr(socket, "AF_UNIX") and os.name == "posix":
            self._pair = socket.socketpair()
        else:
            self._listener = Listener(("127.0.0.1", 0), authkey=self.key)

    @property
    def inherited(self) -> tuple[int, ...]:
        """Descriptors that the child is started with."""
        return (self._pair[1].fileno(),) if self._pair else ()

    def environment(self) -> dict[str, str]:
        """Variables by which the child finds its way back. The key is not on its command line,
        where every user of the machine could read it."""
        if self._listener is not None:
            host, port = cast(tuple[str, int], self._listener.address)
            text = f"{host}:{port}"
        else:
            (descriptor,) = self.inherited
            text = f"{_DESCRIPTOR}{descriptor}"
        return {ADDRESS_VARIABLE: text, KEY_VARIABLE: self.key.hex()}

    def handed_over(self) -> None:
        """The child has its end now: once it lets go of it, ours is at its end."""
        if self._pair is not None:
            self._pair[1].close()

    def accept(self) -> Connection:
        """Wait for the child; `wake` from another thread ends the wait. Raises `OSError`,
        `EOFError` or `multiprocessing.AuthenticationError`."""
        if self._pair is None:
            assert self._listener is not None
            return self._listener.accept()
        connection = Connection(os.dup(self._pair[0].fileno()))
        try:
            deliver_challenge(connection, self.key)
            answer_challenge(connection, self.key)
        except BaseException:
            connection.close()
            raise
        return connection

    def wake(self) -> None:
        """End a waiting `accept`; a connection that was accepted is not cut by it before what is in
        it was read."""
        with contextlib.suppress(OSError):
            if self._pair is not None:
                self._pair[0].shutdown(socket.SHUT_WR)
                self.handed_over()
            elif self._listener is not None:
                # Closing its socket would not: call it and hang up.
                with socket.create_connection(cast(Any, self._listener.address), 0.2):
                    pass

    def close(self) -> None:
        for each in (self._listener, *(self._pair or ())):
            if each is not None:
                each.close()


def connect() -> Connection:
    """The child's end. Takes address and key from the environment and removes them from it."""
    address = os.environ.pop(ADDRESS_VARIABLE)
    key = bytes.fromhex(os.environ.pop(KEY_VARIABLE))
    if not address.startswith(_DESCRIPTOR):
        host, port = address.rsplit(":", 1)
        return Client((host, int(port)), authkey=key)
    descriptor = int(address.removeprefix(_DESCRIPTOR))
    os.set_inheritable(descriptor, False)
    connection = Connection(descriptor)
    answer_challenge(connection, key)
    deliver_challenge(connection, key)
    return connection
