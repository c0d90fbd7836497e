"""The tools every session has.

What they return follows `ToolResult.spoken`: a change of persona is silent (`""`), because the
session re-introduces itself; the others leave `spoken` unset, so that the persona says it in its
own words. `set_volume` returns the bare percentage, which is what the personas' lines want.
All of them but the clock are coroutines, because a session belongs to the event loop's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from assistant.config.plugins import PluginRegistry
from assistant.errors import AssistantError
from assistant.tools.builtin.personas import current_time, persona_tools, speech_tools
from assistant.tools.registry import SessionControls, Tool, ToolRegistry

__all__ = ["add_plugins", "builtin_tools"]

ToolSource = Tool | Callable[[SessionControls], Iterable[Tool]]
"""A tool, or what makes those that act on a session."""
_TOOLS: tuple[ToolSource, ...] = (persona_tools, current_time, speech_tools)


def _accept(plugin: object) -> ToolSource:
    if not isinstance(plugin, Tool) and (isinstance(plugin, type) or not callable(plugin)):
        raise TypeError("it has to be a tool, or a function that makes tools for SessionControls")
    return plugin


_plugins: PluginRegistry[ToolSource] = PluginRegistry("assistant.tools", "tool", {}, _accept)


def builtin_tools(controls: SessionControls) -> list[Tool]:
    """The built-in tools, bound to one session."""
    return [tool for source in _TOOLS for tool in _tools_of(source, controls)]


def add_plugins(registry: ToolRegistry, controls: SessionControls) -> list[AssistantError]:
    """Add what plugins bring; returns what is wrong with those that cannot be added."""
    sources, problems = _plugins.plugins()
    for name, source in sources.items():
        try:
            with _plugins.faults(name):
                for tool in _tools_of(source, controls):
                    if not isinstance(tool, Tool):
                        raise TypeError(f"it made a {type(tool).__name__}, which is no tool")
                    registry.add(tool)
        except AssistantError as error:
            problems.append(error)
    return problems


def _tools_of(source: ToolSource, controls: SessionControls) -> list[Tool]:
    return [source] if isinstance(source, Tool) else list(source(controls))
