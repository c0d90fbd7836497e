"""`assistant adapters`: tools of other programs."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
from pathlib import Path
from typing import Any

from assistant.adapters.acp.jobs import AgentJobs
from assistant.adapters.connection import McpConnection
from assistant.adapters.known import PRESETS, imported, secret_names
from assistant.adapters.launching import AdapterError, log_path
from assistant.adapters.manager import NobodyToAsk
from assistant.adapters.tools import UnusableTool, make_tool, schema_tokens
from assistant.calls.parser import ToolCall
from assistant.commands.runner import FAILED, agreed, complain
from assistant.commands.tables import Column, print_json, print_table
from assistant.config.editing import set_table, unset_value
from assistant.config.schema import AdapterConfig, Config
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import Tool, ToolRegistry

_PATIENCE = 70.0
"""Seconds for which a server may take to be ready."""
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


def list_command(config: Config, *, json_output: bool) -> int:
    """What is in the settings, and what could be added."""
    rows = [
        (name, _how(each), "on" if each.enabled else "off")
        for name, each in config.adapters.items()
    ]
    if json_output:
        print_json(
            {name: each.model_dump(exclude_defaults=True) for name, each in config.adapters.items()}
        )
        return 0
    if rows:
        print_table([Column("name", whole=True), Column("how"), Column("", whole=True)], rows)
    else:
        print("No adapters yet.")
    known = [(name, each.about) for name, each in PRESETS.items() if name not in config.adapters]
    print("\nassistant adapters add NAME, where NAME is one of:")
    print_table([Column(whole=True), Column()], known)
    return 0


def check_command(config: Config, name: str | None) -> int:
    """Start them and tell what they offer."""
    return asyncio.run(_check(config, name))


def try_command(config: Config, name: str, tool: str, arguments: str) -> int:
    """Run one tool once, and print what comes back."""
    given = read_arguments(arguments)
    return asyncio.run(_try(config, name, tool, given))


def read_arguments(text: str) -> dict[str, Any]:
    """Of a tool, as JSON. Raises `AdapterError`."""
    try:
        given = json.loads(text or "{}")
    except ValueError as error:
        raise AdapterError(
            f"the arguments are no JSON: {error}", 'Write {"query": "parrots"}'
        ) from None
    if not isinstance(given, dict):
        raise AdapterError("the arguments are no JSON object", 'Write {"query": "parrots"}')
    return given


def add_command(
    config: Config,
    name: str,
    command: list[str],
    *,
    yes: bool,
    file: Path | None,
    agent_folder: Path | None = None,
) -> int:
    """Write one into the settings: a known one, or a command or address of the user's own, which is
    that of a coding agent where there is a folder for it."""
    if not _NAME.fullmatch(name):
        raise AdapterError(f"{name} is no name", "Use small letters, digits, - and _, at most 32.")
    if name in config.adapters:
        raise AdapterError(f"there is {name} already", f"assistant adapters remove {name}")
    if not command and name not in PRESETS:
        known = ", ".join(PRESETS)
        raise AdapterError(
            f"{name} is not known by name", f"Known are {known}; or add the command that starts it."
        )
    table = _own(command, agent_folder) if command else _asked(name, agent_folder)
    print(f"[adapters.{name}]")
    print(json.dumps(table, indent=2, ensure_ascii=False))
    if not command:
        print(f"It needs {PRESETS[name].needs}.")
    _tell_what_is_missing(table)
    if not yes and (code := agreed("Add it to the settings?", "nothing was added")):
        return code
    set_table(f"adapters.{name}", table, file)
    print(f"Added. Try it: assistant adapters check {name}")
    return 0


def remove_command(config: Config, name: str, *, file: Path | None) -> int:
    """Take one out of the settings."""
    adapter_of(config, name)
    unset_value(f"adapters.{name}", file)
    print(f"Removed {name}.")
    return 0


def import_command(config: Config, source: Path, *, yes: bool, file: Path | None) -> int:
    """Take over the servers of another program's settings."""
    servers = imported(source)
    new = {name: each for name, each in servers.items() if _slug(name) not in config.adapters}
    for name in servers.keys() - new.keys():
        print(f"{_slug(name)} is there already, and stays as it is.")
    if not new:
        return 0
    print_table(
        [Column("name", whole=True), Column("how")],
        [
            (_slug(name), " ".join(each.get("command", [])) or each.get("url", ""))
            for name, each in new.items()
        ],
    )
    for each in new.values():
        _tell_what_is_missing(each)
    if not yes and (code := agreed(f"Add {len(new)} to the settings?", "nothing was added")):
        return code
    for name, each in new.items():
        set_table(f"adapters.{_slug(name)}", each, file)
    print("Added. Try them: assistant adapters check")
    return 0


# -- servers ---------------------------------------------------------------------------------------


async def _ready(connection: McpConnection, run: asyncio.Task[None]) -> None:
    """Raises `AdapterError` where it is not."""
    changed = asyncio.Event()
    connection.on_change = changed.set
    try:
        async with asyncio.timeout(_PATIENCE):
            while connection.status.state == "starting" and not run.done():
                await changed.wait()
                changed.clear()
    except TimeoutError:
        raise AdapterError(f"{connection.name} is not ready after {_PATIENCE:g} s", "") from None
    if connection.status.problem is not None:
        raise connection.status.problem


async def _with(connection: McpConnection, work: Any) -> Any:
    run = asyncio.create_task(connection.run())
    try:
        await _ready(connection, run)
        return await work(connection)
    finally:
        run.cancel()
        await asyncio.wait({run}, timeout=5.0)


async def _check(config: Config, name: str | None) -> int:
    chosen = {name: adapter_of(config, name)} if name is not None else config.adapters
    if not chosen:
        print("No adapters yet: assistant adapters add")
        return 0
    failed = 0
    for each, settings in chosen.items():
        try:
            if settings.kind == "acp":
                await _check_agent(each, settings)
            else:
                await _with(McpConnection(each, settings), lambda c, s=settings: _told(c, s))
        except AdapterError as error:
            failed += 1
            complain(error.message, error.remedy)
    return FAILED if failed else 0


async def _check_agent(name: str, config: AdapterConfig) -> None:
    """Start it, and tell what it is. Raises `AdapterError`."""
    jobs = AgentJobs(name, config, ToolRegistry(), NobodyToAsk())
    began = time.monotonic()
    try:
        await jobs.agent.start()
        about = f": {jobs.agent.about}" if jobs.agent.about else ""
        print(f"{name}: ready after {time.monotonic() - began:.1f} s{about}")
        print(f"It works in {jobs.agent.folder}. Say: ask {jobs.called} to …")
        print(f"Its own words: {log_path(name)}")
    finally:
        await jobs.close()


async def _told(connection: McpConnection, config: AdapterConfig) -> None:
    print(f"{connection.name}: ready after {connection.status.seconds:.1f} s")
    rows, tokens = [], 0
    for remote in connection.status.listing.tools:
        off = config.tools is not None and remote.name not in config.tools
        try:
            reads = remote.name in config.reads
            tool = make_tool(connection, remote, config.timeout_s, reads=reads)
        except UnusableTool as error:
            rows.append((remote.name, "cannot be used", error.message))
            continue
        tokens += 0 if off else schema_tokens(tool)
        may = "not on the list" if off else {"always": "runs", "ask": "asks first"}[tool.permission]
        rows.append((remote.name, may, tool.description))
    print_table(
        [Column("tool", whole=True), Column("", whole=True), Column("about", short=True)], rows
    )
    print(
        f"About {tokens} tokens of a language model's prompt."
        f" Its own words: {log_path(connection.name)}"
    )


async def _try(config: Config, name: str, tool: str, arguments: dict[str, Any]) -> int:
    settings = adapter_of(config, name)
    if settings.kind == "acp":
        called = next(iter(settings.spoken), name)
        raise AdapterError(
            f"{name} is an agent, and has no tools to try",
            f'Ask it in a conversation: "ask {called} to …"; assistant adapters check {name}',
        )

    async def run(connection: McpConnection) -> int:
        found = [each for each in connection.status.listing.tools if each.name == tool]
        if not found:
            names = ", ".join(each.name for each in connection.status.listing.tools)
            raise AdapterError(f"{name} has no tool {tool}", f"It has {names}")
        made: Tool = make_tool(connection, found[0], settings.timeout_s)
        executor = ToolExecutor(ToolRegistry([made], {made.name: "always"}))
        result = await executor.run(ToolCall(made.name, arguments, origin="speech"))
        print(result.content)
        return 0 if result.ok else FAILED

    return int(await _with(McpConnection(name, settings), run))


# -- settings --------------------------------------------------------------------------------------


def adapter_of(config: Config, name: str) -> AdapterConfig:
    """Raises `AdapterError` where there is none."""
    try:
        return config.adapters[name]
    except KeyError:
        names = ", ".join(config.adapters) or "none yet"
        raise AdapterError(f"there is no adapter {name}", f"There are: {names}") from None


def _how(config: AdapterConfig) -> str:
    how = config.url or " ".join(config.command)
    return f"{how} (an agent, in {config.folder})" if config.kind == "acp" else how


def _own(command: list[str], agent_folder: Path | None) -> dict[str, Any]:
    first = command[0]
    if agent_folder is not None:
        return {"command": command, "kind": "acp", "folder": _absolute(str(agent_folder))}
    if first.startswith(("http://", "https://")):
        return {"url": first}
    return {"command": command}


def _asked(name: str, agent_folder: Path | None) -> dict[str, Any]:
    preset = PRESETS[name]
    given = {}
    if agent_folder is not None:
        if preset.kind != "acp":
            raise AdapterError(f"{name} is no agent", "Leave --agent-folder out.")
        given["folder"] = _absolute(str(agent_folder))
    for key, question in preset.asks.items():
        if key in given:
            continue
        answer = input(f"{question} ").strip()
        if not answer:
            raise AdapterError(f"{name} cannot be added without that", "Give it, or leave it.")
        given[key] = _absolute(answer) if preset.kind == "acp" else answer
    return preset.filled(given)


def _absolute(folder: str) -> str:
    """It means the same wherever the program is started."""
    return folder if folder.startswith(("~", "$")) else str(Path(folder).absolute())


def _tell_what_is_missing(table: dict[str, Any]) -> None:
    command = table.get("command")
    if command and shutil.which(Path(command[0]).expanduser()) is None:
        print(f"Not found on this machine: {command[0]}")
    for name in secret_names(table):
        print(f"It reads ${name} from your environment.")


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", name.lower()).strip("-")[:32] or "server"
