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
import tempfile
from multiprocessing.connection import Client, Connection, Listener
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from assistant.frames import AnyCommand, AnyEvent

ADDRESS_VARIABLE = "ASSISTANT_WIRE_ADDRESS"
KEY_VARIABLE = "ASSISTANT_WIRE_KEY"
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
        return _encoder.encode(_whole(msgspec.to_builtins(message, builtin_types=(bytes,))))


def _whole(value: object) -> object:
    """The same of characters that can be written only."""
    match value:
        case str():
            return value.encode("utf-8", "replace").decode("utf-8")
        case dict():
            return {_whole(key): _whole(each) for key, each in value.items()}
        case list() | tuple():
            return [_whole(each) for each in value]
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
    """The host's end before the child has called: a private socket and a fresh key."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.key = secrets.token_bytes(32)
        try:
            self._listener = self._listen_in_folder()
        except (OSError, AttributeError):
            # No such sockets on this system, or no room for one on a full disk.
            self._listener = Listener(("127.0.0.1", 0), authkey=self.key)

    def _listen_in_folder(self) -> Listener:
        """Raises `OSError` where nothing can be created, `AttributeError` on some systems."""
        socket.AF_UNIX  # noqa: B018
        # A private folder (mode 0700) of a short name: a socket's path may have ~100 bytes.
        self._folder = tempfile.TemporaryDirectory(prefix="assistant-")
        return Listener(os.path.join(self._folder.name, "s"), authkey=self.key)  # noqa: PTH118

    @property
    def address(self) -> str | tuple[str, int]:
        address: str | tuple[str, int] = self._listener.address
        return address

    def environment(self) -> dict[str, str]:
        """Variables by which the child finds its way back. The key is not on its command line,
        where every user of the machine could read it."""
        address = self.address
        text = address if isinstance(address, str) else f"{address[0]}:{address[1]}"
        return {ADDRESS_VARIABLE: text, KEY_VARIABLE: self.key.hex()}

    def accept(self) -> Connection:
        """Wait for the child. Raises `OSError` or `multiprocessing.AuthenticationError`; `wake`
        from another thread ends the wait."""
        return self._listener.accept()

    def wake(self) -> None:
        """End a waiting `accept` by calling it and hanging up: closing its socket would not."""
        address = self.address
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        with contextlib.suppress(OSError), socket.socket(family) as caller:
            caller.settimeout(0.2)
            caller.connect(address)

    def close(self) -> None:
        self._listener.close()
        if self._folder is not None:
            self._folder.cleanup()


def connect() -> Connection:
    """The child's end. Takes address and key from the environment and removes them from it."""
    address = os.environ.pop(ADDRESS_VARIABLE)
    key = bytes.fromhex(os.environ.pop(KEY_VARIABLE))
    if ":" in address and not os.path.isabs(address):  # noqa: PTH117
        host, port = address.rsplit(":", 1)
        return Client((host, int(port)), authkey=key)
    return Client(address, authkey=key)
