"""Calls of tools: the same whoever asks, a model's text, a spoken intent or a key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["model", "speech", "typed", "key"]


@dataclass(frozen=True, slots=True)
class ToolCall:
    name: str
    arguments: dict[str, Any] = field(default_factory=dict)
    id: str = ""
    origin: Origin = "model"


@dataclass(frozen=True, slots=True)
class Malformed:
    """A call that cannot be read; `reason` is meant for the model that wrote it."""

    raw: str
    """What was written, from the marker on, bounded."""
    reason: str
