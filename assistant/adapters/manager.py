"""The adapters of a session: servers kept running beside the conversation, their tools in its
registry for as long as they are there; coding agents, which are started when they are asked."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from assistant.adapters.acp.job import Answer, Reports
from assistant.adapters.acp.jobs import AgentJobs
from assistant.adapters.connection import CLOSE_SECONDS, McpConnection, OnProgress
from assistant.adapters.elicitation import AskUser
from assistant.adapters.launching import AdapterError
from assistant.adapters.offers import (
    MOST,
    READ,
    PromptQuestions,
    prompt_skill,
    prompt_tool,
    resource_skill,
    resource_tool,
)
from assistant.adapters.tools import (
    BACKSTOP,
    RunCall,
    asked,
    make_tool,
    reply,
    run_alone,
    tool_name,
)
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig, IntentCall
from assistant.language.command_patterns import SpokenCommand
from assistant.language.tokens import sentences
from assistant.skills.phrases import Phrase, Skill, SkillSet, says
from assistant.terminal.sanitize import clean_line
from assistant.tools.registry import Tool, ToolError, ToolRegistry, ToolReply, ToolResult
from assistant.tools.schema import ArgumentError

_LOOK = 0.1
"""Seconds from one look whether a server has started to the next."""
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
        run: RunCall = run_alone,
        ask: AskUser | None = None,
        reports: Reports | None = None,
    ) -> None:
        """`run` runs a call to a server; `ask` puts a server's question to the user, and without it
        no server may ask. `reports`: where the work of agents is told, and the user asked about it;
        None: nobody can be, so that they may do nothing that asks."""
        self._config = {name: each for name, each in config.items() if each.enabled}
        self._registry = registry
        self._notify = notify
        self._run = run
        self._runs: list[asyncio.Task[None]] = []
        self._offered: dict[str, list[str]] = {}
        """By server, the names of its tools in the registry."""
        self._told: dict[str, str] = {}
        self._refused: set[tuple[str, str]] = set()
        self._questions = PromptQuestions()
        self.connections = {
            name: McpConnection(
                name,
                each,
                partial(self._changed, name),
                ask,
                lambda why, name=name: self._notify(f"{name}: {why}", ""),  # type: ignore[misc]
            )
            for name, each in self._config.items()
            if each.kind == "mcp"
        }
        self._agents = {
            name: AgentJobs(name, each, registry, reports or NobodyToAsk())
            for name, each in self._config.items()
            if each.kind == "acp"
        }
        self._intents = SkillSet(self._skills())

    def start(self) -> None:
        """Start the servers, beside everything else."""
        for name in self.connections:
            self._replace(name)
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

    def follow_up(self, text: str) -> SpokenCommand | None:
        """The call that answers what a prompt has asked."""
        return self._questions.answered(text)

    def close_question(self) -> None:
        """The user wants something else."""
        self._questions.close()

    def spoken_name(self, tool: str) -> str:
        """What a person calls where a tool comes from: "my notes"; "" of one that is ours."""
        for name, offered in self._offered.items():
            if tool in offered:
                return self._called(name)
        return next((each.called for each in self._agents.values() if each.owns(tool)), "")

    def _called(self, name: str) -> str:
        return next(iter(self._config[name].spoken), name)

    def _skills(self) -> Iterator[Skill]:
        """What may be said: first the phrases of the settings, then names of prompts and resources
        of servers that are there."""
        for name, config in self._config.items():
            for phrase, target in config.intents.items():
                yield _skill(name, phrase, target)
        for name, connection in self.connections.items():
            for prompt in connection.status.listing.prompts[:MOST]:
                yield prompt_skill(connection, prompt)
            if resources := connection.status.listing.resources[:MOST]:
                yield resource_skill(connection, resources, self._called(name))

    def _changed(self, name: str) -> None:
        self._replace(name)
        self._tell(name)

    def _replace(self, name: str) -> None:
        for each in self._offered.pop(name, []):
            self._registry.remove(each)
        offered = self._offered[name] = []
        for unusable in self.connections[name].status.listing.unusable:
            self._refuse(name, f"the tool {clean_line(unusable)} has a schema that cannot be used")
        for make in self._makers(name):
            try:
                made = make()
                self._registry.add(made)
            except (AdapterError, ValueError) as error:
                self._refuse(name, str(error))
            else:
                offered.append(made.name)
        self._intents = SkillSet(self._skills())

    def _refuse(self, server: str, why: str) -> None:
        """Told once."""
        if (server, why) not in self._refused:
            self._refused.add((server, why))
            self._notify(f"{server}: {why}", "")

    def _awaited(self, server: str, tool: str) -> Tool:
        """In place of a tool that the phrases of the settings name, while it is not there."""
        name, limit = tool_name(server, tool), self._config[server].timeout_s

        async def call(**arguments: Any) -> ToolReply:
            async def work(on_progress: OnProgress) -> ToolReply:
                while self.connections[server].status.state == "starting":  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK)
                self._require(server, tool)
                given = self._checked(name, arguments)
                result = await asked(self.connections[server].call(tool, given, on_progress))
                return reply(server, result)

            return await self._run(name, limit, work)

        about = f"{tool} of {server}, which is not there yet."
        return Tool(
            name, about, {"type": "object"}, call, dict, timeout=limit + BACKSTOP, offered=False
        )

    def _require(self, server: str, tool: str) -> None:
        """Raises `ToolError` where the tool is not there, or the user has to be asked first."""
        status, called = self.connections[server].status, self._called(server)
        if status.problem is not None:
            raise ToolError(status.problem.message, status.problem.message)
        if tool not in [each.name for each in status.listing.tools]:
            told = f"There is no tool {tool} in {called}."
            raise ToolError(told, told)
        if self._registry.permission(tool_name(server, tool)) != "always":
            told = f"I can use {called} now. Please say that again."
            raise ToolError(told, told)

    def _checked(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Raises `ToolError`."""
        try:
            return self._registry.get(name).check(arguments)
        except (ArgumentError, KeyError) as error:
            raise ToolError(f"{name}: {error}") from None

    def _makers(self, name: str) -> Iterator[Callable[[], Tool]]:
        """Of all that a server offers, and that the settings allow."""
        connection, config = self.connections[name], self._config[name]
        status, timeout = connection.status, config.timeout_s
        names = {each.name for each in status.listing.tools}
        for remote in status.listing.tools:
            if config.tools is None or remote.name in config.tools:
                reads = remote.name in config.reads
                yield partial(make_tool, connection, remote, timeout, self._run, reads=reads)
        for target in config.intents.values():
            tool = target if isinstance(target, str) else target.tool
            if tool not in names:
                names.add(tool)
                yield partial(self._awaited, name, tool)
        for prompt in status.listing.prompts[:MOST]:
            yield partial(prompt_tool, connection, prompt, timeout, self._run, self._questions)
        if (resources := status.listing.resources[:MOST]) and READ not in names:
            offered = config.tools is None or READ in config.tools
            yield partial(resource_tool, connection, resources, timeout, self._run, offered=offered)

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


def _skill(server: str, phrase: str, target: str | IntentCall) -> Skill:
    """A phrase of the settings, and the call that it means."""
    if isinstance(target, str):
        return Skill(tool_name(server, target), (says(pattern_of(phrase)),))
    return Skill(
        tool_name(server, target.tool),
        (Phrase(pattern_of(phrase), read=lambda said: _filled(target.arguments, said)),),
    )


def _filled(arguments: Mapping[str, Any], said: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of a call: what was said where its slot stands in one, else under its own name.
    `~` is the user's home folder."""
    used: set[str] = set()

    def fill(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        used.update(_SLOT.findall(value))
        home = str(Path(value).expanduser()) if value == "~" or value.startswith("~/") else value
        return _SLOT.sub(lambda match: said.get(match[1], ""), home)

    filled = {key: fill(value) for key, value in arguments.items()}
    return {**{key: text for key, text in said.items() if key not in used}, **filled}


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
