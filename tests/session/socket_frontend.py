"""A front end in another place, as small as one can be: a socket and the protocol, nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TypeVar

from assistant.session.protocol import (
    VERSION,
    FrontendCommand,
    Goodbye,
    Hello,
    Message,
    StopSession,
    decode_message,
    encode,
)

GREETING = Hello(VERSION, confirms=True)
Kind = TypeVar("Kind", bound=Message)


class SocketFrontend:
    """`seen` holds all that the session has told, in order."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.seen: list[Message] = []

    @classmethod
    async def connect(cls, path: Path, hello: Hello = GREETING) -> SocketFrontend:
        frontend = cls(*await asyncio.open_unix_connection(path, limit=2**20))
        await frontend.ask(hello)
        return frontend

    async def ask(self, *commands: FrontendCommand) -> None:
        for command in commands:
            self._writer.write(encode(command) + b"\n")
        await self._writer.drain()

    async def until(self, kind: type[Kind], **fields: object) -> Kind:
        """Follow the conversation until this has happened."""
        while line := await asyncio.wait_for(self._reader.readline(), 10):
            message = decode_message(line)
            self.seen.append(message)
            if isinstance(message, kind) and all(
                getattr(message, name) == value for name, value in fields.items()
            ):
                return message
        raise AssertionError(f"no {kind.__name__} with {fields} came; there were {self.seen}")

    async def quit(self) -> Goodbye:
        await self.ask(StopSession())
        return await self.until(Goodbye)

    def close(self) -> None:
        self._writer.close()
