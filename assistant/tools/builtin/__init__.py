"""The tools every session has.

What they return follows `ToolResult.spoken`: a change of persona is silent (`""`), because the
session re-introduces itself; the others leave `spoken` unset, so that the persona says it in its
own words. `set_volume` returns the bare percentage, which is what the personas' lines want.
All of them but the clock are coroutines, because a session belongs to the event loop's thread.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from assistant.config.plugins import PluginRegistry
from assistant.errors import AssistantError
from assistant.skills.phrases import Skill
from assistant.tools.builtin.personas import current_time, persona_tools, speech_tools
from assistant.tools.registry import SessionControls, Tool, ToolRegistry

__all__ = ["ToolPlugins", "add_plugins", "builtin_tools"]

ToolSource = Tool | Skill | Callable[[SessionControls], Iterable[Tool | Skill]]
"""A tool, one that can be asked for in words, or what makes those that act on a session."""
_TOOLS: tuple[ToolSource, ...] = (persona_tools, current_time, speech_tools)


def _accept(plugin: object) -> ToolSource:
    if isinstance(plugin, Tool | Skill):
        return plugin
    if isinstance(plugin, type) or not callable(plugin):
        raise TypeError(
            "it has to be a tool, a skill, or a function that makes them for SessionControls"
        )
    return plugin


_plugins: PluginRegistry[ToolSource] = PluginRegistry("assistant.tools", "tool", {}, _accept)


def builtin_tools(controls: SessionControls) -> list[Tool]:
    """The built-in tools, bound to one session."""
    return [each for source in _TOOLS for each in _made(source, controls) if isinstance(each, Tool)]


@dataclass(slots=True)
class ToolPlugins:
    """What plugins have brought."""

    skills: list[Skill] = field(default_factory=list)
    """Those that can be asked for in words; their tools are in the registry."""
    usable: list[str] = field(default_factory=list)
    """What can be used, in words."""
    problems: list[AssistantError] = field(default_factory=list)
    """What is wrong with the others."""


def add_plugins(registry: ToolRegistry, controls: SessionControls) -> ToolPlugins:
    """Add what plugins bring. One of which a part cannot be used is left out as a whole."""
    sources, problems = _plugins.plugins()
    brought = ToolPlugins(problems=problems)
    for name, source in sources.items():
        try:
            with _plugins.faults(name):
                brought.skills += _added(registry, _made(source, controls))
            brought.usable.append(_plugins.named(name))
        except AssistantError as error:
            problems.append(error)
    return brought


def _added(registry: ToolRegistry, made: list[Tool | Skill]) -> list[Skill]:
    """Those of them that are skills. Raises whatever a stranger's mistake is."""
    tools: list[Tool] = []
    for each in made:
        tool = each.tool if isinstance(each, Skill) else each
        if not isinstance(tool, Tool):
            raise TypeError(f"it made a {type(each).__name__}, which is no tool")
        if tool.name in registry or tool.name in [other.name for other in tools]:
            raise ValueError(f"there is already a tool {tool.name!r}")
        tools.append(tool)
    skills = [each for each in made if isinstance(each, Skill)]
    for each in skills:
        for phrase in each.phrases:
            re.compile(phrase.pattern)
    for tool in tools:
        registry.add(tool)
    return skills


def _made(source: ToolSource, controls: SessionControls) -> list[Tool | Skill]:
    return [source] if isinstance(source, Tool | Skill) else list(source(controls))
