"""Events of the Realtime API as JSON objects, and what is wrong with those of a client."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.serving.api.encoding import pcm16

Json = dict[str, Any]


class EventError(Exception):
    """An event of the client's cannot be done: told as `error`, and the conversation goes on."""

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str = "invalid_value",
        kind: str = "invalid_request_error",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code
        self.kind = kind

    def event(self, event_id: str | None) -> Json:
        """`event_id`: of the client's event."""
        error = {
            "type": self.kind,
            "code": self.code,
            "message": self.message,
            "param": self.param,
            "event_id": event_id,
        }
        return {"type": "error", "error": error}


def new_id(kind: str) -> str:
    """As "item_0123…"."""
    return f"{kind}_{uuid.uuid4().hex[:20]}"


def parse(text: str | bytes) -> Json:
    """Raises `EventError` for what is no event."""
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        raise EventError("this is no JSON", code="invalid_json") from None
    if not isinstance(event, dict) or not isinstance(event.get("type"), str):
        raise EventError("an event is an object with a “type”", code="invalid_event")
    return event


def event_id_of(event: Json) -> str | None:
    given = event.get("event_id")
    return given[:200] if isinstance(given, str) else None


def decoded_sound(event: Json) -> Float32:
    """float32 [n] of 24 kHz out of `audio`. Raises `EventError`."""
    audio = event.get("audio")
    if not isinstance(audio, str):
        raise EventError("“audio” has to be PCM of 16 bits as Base64", param="audio")
    try:
        data = base64.b64decode(audio, validate=True)
    except (binascii.Error, ValueError):
        raise EventError("“audio” is no Base64", param="audio") from None
    samples = np.frombuffer(data[: len(data) // 2 * 2], "<i2")
    return samples.astype(np.float32) / np.float32(32_768)


def encoded_sound(sound: Float32) -> str:
    return base64.b64encode(pcm16(sound)).decode("ascii")


def text_of(event: Json, name: str, *, most: int, otherwise: str | None = None) -> str:
    """Raises `EventError` where it is no text, or is too long."""
    value = event.get(name, otherwise)
    if not isinstance(value, str):
        raise EventError(f"“{name}” has to be a text", param=name)
    if len(value) > most:
        raise EventError(f"“{name}” has more than {most:,} characters", param=name)
    return value


def object_of(event: Json, name: str) -> Json:
    value = event.get(name)
    if not isinstance(value, dict):
        raise EventError(f"“{name}” has to be an object", param=name)
    return value
