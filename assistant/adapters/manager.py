"""The adapters of a session: servers kept running beside the conversation, their tools in its
registry for as long as they are there; coding agents, which are started when they are asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping

from assistant.adapters.acp_jobs import AgentJobs, Answer, Reports
from assistant.adapters.connection import CLOSE_SECONDS, AdapterError, McpConnection
from assistant.adapters.tools import make_tool, tool_name
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig
from assistant.language.command_patterns import SpokenCommand
from assistant.language.tokens import sentences
from assistant.skills.phrases import Skill, SkillSet, says
from assistant.tools.registry import Tool, ToolRegistry, ToolResult

_SLOT = re.compile(r"\{(\w+)\}")


class Adapters:
    """Of one session; everything happens in its event loop.

    `notify(text, remedy)` hears once what is wrong with a server, and when it is well again.
    """

    def __init__(
        self,
        config: Mapping[str, AdapterConfig],
        registry: ToolRegistry,
        notify: Callable[[str, str], None],
        reports: Reports | None = None,
    ) -> None:
        """`reports`: where the work of agents is told, and the user asked about it; None: nobody
        can be, so that they may do nothing that asks."""
        self._config = {name: each for name, each in config.items() if each.enabled}
        self._registry = registry
        self._notify = notify
        self._runs: list[asyncio.Task[None]] = []
        self._offered: dict[str, list[str]] = {}
        """By server, the names of its tools in the registry."""
        self._told: dict[str, str] = {}
        self._refused: set[str] = set()
        self._intents = SkillSet(self._skills())
        self.connections = {
            name: McpConnection(name, each, lambda name=name: self._changed(name))  # type: ignore[misc]
            for name, each in self._config.items()
            if each.kind == "mcp"
        }
        self._agents = {
            name: AgentJobs(name, each, registry, reports or NobodyToAsk())
            for name, each in self._config.items()
            if each.kind == "acp"
        }

    def start(self) -> None:
        """Start the servers, beside everything else."""
        self._runs = [
            asyncio.create_task(each.run(), name=f"adapter {name}")
            for name, each in self.connections.items()
        ]
        for name, agent in self._agents.items():
            self._offer(name, agent.tools)
            try:
                agent.agent.check()
            except AdapterError as error:
                self._notify(error.message, error.remedy)

    def end(self) -> None:
        """End them, side by side."""
        for each in self._runs:
            each.cancel()
        self._runs += [asyncio.create_task(each.close()) for each in self._agents.values()]

    async def ended(self) -> None:
        """Wait for it; what does not heed it is left alone after a moment."""
        if self._runs:
            await asyncio.wait(self._runs, timeout=CLOSE_SECONDS)

    def spoken_intent(self, text: str) -> SpokenCommand | None:
        """The tool that these words ask for, by the phrases of the settings; also of a server that
        is not there, so that the user is told."""
        asked = (each.spoken_intent(text) for each in self._agents.values())
        return self._intents.call(text) or next((each for each in asked if each), None)

    def spoken_name(self, tool: str) -> str:
        """What a person calls where a tool comes from: "my notes"; "" of one that is ours."""
        for name, offered in self._offered.items():
            if tool in offered:
                return next(iter(self._config[name].spoken), name)
        return next((each.called for each in self._agents.values() if each.owns(tool)), "")

    def _skills(self) -> list[Skill]:
        return [
            Skill(tool_name(name, tool), (says(pattern_of(phrase)),))
            for name, config in self._config.items()
            for phrase, tool in config.intents.items()
        ]

    def _changed(self, name: str) -> None:
        self._replace(name)
        self._tell(name)

    def _replace(self, name: str) -> None:
        for each in self._offered.pop(name, []):
            self._registry.remove(each)
        connection, config = self.connections[name], self._config[name]
        offered = self._offered[name] = []
        for remote in connection.status.tools:
            if config.tools is not None and remote.name not in config.tools:
                continue
            try:
                made: Tool = make_tool(connection, remote, config.timeout_s)
                self._registry.add(made)
            except (AdapterError, ValueError) as error:
                if str(error) not in self._refused:
                    self._refused.add(str(error))
                    self._notify(f"{name}: {error}", "")
            else:
                offered.append(made.name)

    def _offer(self, name: str, tools: list[Tool]) -> None:
        self._offered[name] = []
        for each in tools:
            try:
                self._registry.add(each)
            except ValueError as error:
                self._notify(f"{name}: {error}", "Give the adapter another name.")
            else:
                self._offered[name].append(each.name)

    def _tell(self, name: str) -> None:
        status = self.connections[name].status
        told = self._told.get(name, "")
        if status.problem is not None and status.problem.message != told:
            self._told[name] = status.problem.message
            self._notify(status.problem.message, status.problem.remedy)
        elif status.state == "ready" and told:
            self._told[name] = ""
            self._notify(f"{name} is there again", "")


class NobodyToAsk:
    """Reports of agents where there is no conversation."""

    def called(self, call: ToolCall) -> None: ...

    def finished(self, result: ToolResult) -> None: ...

    def tell(self, text: str) -> None: ...

    async def may(self, call: ToolCall, question: str) -> Answer:
        return "no"


def pattern_of(phrase: str) -> str:
    """ "search my notes for {query}" as a pattern over normal words."""
    parts = _SLOT.split(phrase)
    return "".join(rf"(?P<{part}>.+)" if at % 2 else _words(part) for at, part in enumerate(parts))


def _words(text: str) -> str:
    """Plain words, in their normal form, with the blanks around them."""
    plain = " ".join(each.text for each in sentences(text))
    before = " " if text[:1].isspace() and plain else ""
    after = " " if text[-1:].isspace() and plain else ""
    return f"{before}{re.escape(plain).replace(chr(92) + ' ', ' ')}{after}"
