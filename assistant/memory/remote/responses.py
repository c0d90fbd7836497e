"""How a memory server says what it answers and whom it refuses: in JSON."""

from __future__ import annotations

from starlette.responses import Response

from assistant.memory.remote.protocol import Trouble, encode
from assistant.serving.access_control import SAFE_HEADERS, Refusal


def refused(refusal: Refusal) -> Response:
    return trouble(refusal.status, refusal.message, refusal.remedy)


def trouble(status: int, message: str, remedy: str = "") -> Response:
    return json_response(status, Trouble(message, remedy))


def json_response(status: int, message: object) -> Response:
    return Response(encode(message), status, SAFE_HEADERS, "application/json")
