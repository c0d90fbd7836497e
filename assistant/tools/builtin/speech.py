"""How the assistant speaks, and whether it does."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from assistant.tools.base import SessionControls
from assistant.tools.registry import Tool, ToolError, ToolReply, tool

VOLUME_STEP = 0.15
"""What "louder" adds, of 1."""
RATE_STEP = 1.15
"""What "faster" multiplies with: plainly heard, and far from the limits for several steps."""


def _without_sign(value: Any) -> Any:
    """ "50%" and "50 percent" are what models write for 50."""
    if isinstance(value, str):
        return value.strip().lower().removesuffix("percent").removesuffix("%").strip()
    return value


Percent = Annotated[int, Field(ge=0, le=100), BeforeValidator(_without_sign)]
Rate = Annotated[float, Field(ge=0.5, le=2.0)]


def speech_tools(controls: SessionControls) -> list[Tool]:
    """Volume, rate, repeat, stop and mute, bound to one session."""

    @tool()
    async def set_volume(
        percent: Percent | None = None, change: Literal["up", "down"] | None = None
    ) -> str:
        """Set how loud you speak, either to a percentage or one step up or down.

        Args:
            percent: Loudness from 0 to 100.
            change: One step louder or quieter.
        """
        if percent is not None:
            volume = percent / 100
        elif change is not None:
            volume = controls.volume() + (VOLUME_STEP if change == "up" else -VOLUME_STEP)
        else:
            raise ToolError("Give a percentage, or a change: up or down.")
        return f"{round(100 * controls.set_volume(min(1.0, max(0.0, volume))))}"

    @tool()
    async def set_speech_rate(
        change: Literal["faster", "slower", "normal"] | None = None, rate: Rate | None = None
    ) -> str:
        """Set how fast you speak, either to a rate or one step faster or slower.

        Args:
            change: One step faster or slower, or back to normal.
            rate: From 0.5 (half) to 2 (double); 1 is normal.
        """
        if rate is None:
            if change is None:
                raise ToolError("Give a change (faster, slower or normal) or a rate.")
            now = controls.speech_rate()
            rate = {"faster": now * RATE_STEP, "slower": now / RATE_STEP, "normal": 1.0}[change]
        return f"{controls.set_speech_rate(min(2.0, max(0.5, rate))):.2f} times the normal rate"

    @tool()
    async def repeat() -> ToolReply:
        """Say your last answer again."""
        last = controls.last_answer()
        if not last:
            return ToolReply("nothing was said yet")
        return ToolReply(last, spoken=last)

    @tool()
    async def stop() -> ToolReply:
        """Stop speaking at once."""
        controls.interrupt()
        return ToolReply("stopped speaking", spoken="")

    @tool()
    async def mute() -> str:
        """Stop listening: mute the user's microphone until the user opens it again."""
        controls.set_muted(True)
        return "the microphone is muted"

    return [set_volume, set_speech_rate, repeat, stop, mute]
