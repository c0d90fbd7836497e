"""`response.create`: what a client asks of one response, as far as it can be had here."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.serving.realtime.protocol import EventError, Json, text_of
from assistant.serving.realtime.responses import parts_of_item
from assistant.serving.realtime.settings import (
    MOST_INSTRUCTIONS,
    FunctionTool,
    function_tools,
    modality_of,
)

MOST_INPUT = 200
"""Items that one response answers instead of the conversation."""
_MOST_METADATA = 16


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """What holds for this response only."""

    out_of_band: bool = False
    """It stays outside of the conversation (`conversation: "none"`)."""
    input: tuple[Json, ...] | None = None
    """Items that it answers; None: the conversation."""
    instructions: str | None = None
    """None: the session's."""
    modality: str | None = None
    """"audio" or "text"; None: the session's."""
    metadata: Json | None = None
    """The client's own, told with it."""
    tools: tuple[FunctionTool, ...] | None = None
    """None: the session's."""


def response_request(event: Json) -> ResponseRequest:
    """Raises `EventError` for what is no such request, or cannot be had."""
    wanted = event.get("response")
    if not isinstance(wanted, dict):
        return ResponseRequest()
    out_of_band = wanted.get("conversation") == "none"
    if wanted.get("input") is not None and not out_of_band:
        raise EventError(
            "an answer in the conversation answers the conversation; other input goes with "
            "“conversation”: “none”",
            param="response.input",
        )
    instructions = None
    if wanted.get("instructions") is not None:
        instructions = text_of(wanted, "instructions", most=MOST_INSTRUCTIONS)
    modality = None
    if wanted.get("output_modalities") is not None:
        modality = modality_of(wanted["output_modalities"], "response.output_modalities")
    return ResponseRequest(
        out_of_band,
        _input(wanted.get("input")),
        instructions,
        modality,
        _metadata(wanted.get("metadata")),
        _tools(wanted),
    )


def _input(wanted: object) -> tuple[Json, ...] | None:
    if wanted is None:
        return None
    where = "response.input"
    if not isinstance(wanted, list) or len(wanted) > MOST_INPUT:
        raise EventError(f"input is a list of {MOST_INPUT} items at most", param=where)
    for item in wanted:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind not in ("message", "item_reference"):
            raise EventError("input holds messages, or references to items", param=where)
        if any(part.get("audio") for part in parts_of_item(item)):
            raise EventError("of input only the words are read, not its sound", param=where)
    return tuple(wanted)


def _metadata(wanted: object) -> Json | None:
    if not isinstance(wanted, dict):
        return None
    return dict(list(wanted.items())[:_MOST_METADATA])


def _tools(wanted: Json) -> tuple[FunctionTool, ...] | None:
    if wanted.get("tool_choice") == "none":
        return ()
    if wanted.get("tools") is None:
        return None
    return function_tools(wanted["tools"], "response.tools")
