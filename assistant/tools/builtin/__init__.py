"""The tools every session has.

What they return follows `ToolResult.spoken`: a change of persona is silent (`""`), because the
session re-introduces itself; the others leave `spoken` unset, so that the persona says it in its
own words. `set_volume` returns the bare percentage, which is what the personas' lines want.
All of them but the clock are coroutines, because a session belongs to the event loop's thread.
"""

from __future__ import annotations

from assistant.tools.base import SessionControls
from assistant.tools.builtin.clock import current_time
from assistant.tools.builtin.personas import persona_tools
from assistant.tools.builtin.speech import speech_tools
from assistant.tools.registry import Tool

__all__ = ["builtin_tools"]


def builtin_tools(controls: SessionControls) -> list[Tool]:
    """The built-in tools, bound to one session."""
    return [*persona_tools(controls), current_time, *speech_tools(controls)]
