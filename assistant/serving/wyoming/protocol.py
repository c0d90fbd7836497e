"""Wyoming events off a stranger's connection: a line of JSON, then data, then payload, each of a
length that the line tells. The client's own reader would wait for as many bytes as it is told."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from wyoming.event import Event

MOST_LINE = 65_536
MOST_DATA = 262_144
MOST_PAYLOAD = 1_048_576
"""Bytes of each. A chunk of sound has a few thousand."""


class ProtocolError(Exception):
    """This is no Wyoming, in words."""


async def read_event(reader: asyncio.StreamReader) -> Event | None:
    """The next event; None where the client has gone. Raises `ProtocolError`."""
    try:
        line = await reader.readline()
    except ValueError:
        raise ProtocolError("the line of an event is too long") from None
    if not line.endswith(b"\n"):
        return None
    head = _object(line)
    kind = head.get("type")
    if not isinstance(kind, str):
        raise ProtocolError("an event has no type")
    data = head.get("data")
    data = data if isinstance(data, dict) else {}
    try:
        if length := _length(head, "data_length", MOST_DATA):
            data |= _object(await reader.readexactly(length))
        length = _length(head, "payload_length", MOST_PAYLOAD)
        payload = await reader.readexactly(length) if length else None
    except asyncio.IncompleteReadError:
        return None
    return Event(kind, data, payload)


def _object(data: bytes) -> dict[str, Any]:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise ProtocolError("an event is no JSON") from None
    if not isinstance(found, dict):
        raise ProtocolError("an event is no JSON object")
    return found


def _length(head: dict[str, Any], name: str, most: int) -> int:
    length = head.get(name) or 0
    if not isinstance(length, int) or not 0 <= length <= most:
        raise ProtocolError(f"{name} has to be a number up to {most}")
    return length
