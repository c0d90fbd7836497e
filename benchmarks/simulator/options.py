"""What `python -m benchmarks conversation` can be asked; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ConversationOptions:
    scenarios: str = ""
    """Names with commas between; empty: all."""
    seed: int = 1
    repeat: int = 1
    """How often each is played, each time with the next seed."""
    noise: float | None = None
    """Pink noise of this signal-to-noise ratio in dB, in every scenario."""
