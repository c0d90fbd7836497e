"""Servers and agents that are known by name, and settings of other programs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.adapters.launching import is_secret
from assistant.errors import AssistantError

_UNKNOWN = "{}"


class ImportProblem(AssistantError):
    """A file of another program's settings that cannot be read."""


@dataclass(frozen=True, slots=True)
class Preset:
    """One that is known. `needs` tells what has to be there; `asks` what the user has to give: a
    placeholder of `command` or `env` → the question."""

    about: str
    needs: str
    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    spoken: tuple[str, ...] = ()
    tools: tuple[str, ...] | None = None
    reads: tuple[str, ...] = ()
    intents: Mapping[str, str | Mapping[str, Any]] = field(default_factory=dict)
    kind: str = "mcp"
    folder: str = ""

    def filled(self, given: Mapping[str, str]) -> dict[str, Any]:
        """As a table of the settings. `{folder_name}` stands for the last part of `{folder}` as
        people say it."""
        names = {f"{name}_name": _spoken_folder(value) for name, value in given.items()}

        def fill(text: str) -> str:
            for name, value in {**given, **names}.items():
                text = text.replace(f"{{{name}}}", value)
            return text

        def filled(value: Any) -> Any:
            if isinstance(value, Mapping):
                return {key: filled(each) for key, each in value.items()}
            return fill(value) if isinstance(value, str) else value

        table: dict[str, Any] = {"command": [fill(each) for each in self.command]}
        if self.kind != "mcp":
            table["kind"] = self.kind
        if self.folder:
            table["folder"] = fill(self.folder)
        if self.env:
            table["env"] = {key: fill(value) for key, value in self.env.items()}
        if self.spoken:
            table["spoken"] = list(self.spoken)
        if self.tools is not None:
            table["tools"] = list(self.tools)
        if self.reads:
            table["reads"] = list(self.reads)
        if self.intents:
            table["intents"] = {fill(said): filled(call) for said, call in self.intents.items()}
        return table


def _spoken_folder(path: str) -> str:
    """ "~/My Downloads" → "My Downloads"; a phrase has no signs but words."""
    return " ".join(re.findall(r"[^\W_]+", Path(path).expanduser().name)) or "files"


PRESETS = {
    "filesystem": Preset(
        "files of one folder",
        "Node.js (npx), which downloads @modelcontextprotocol/server-filesystem",
        ("npx", "-y", "@modelcontextprotocol/server-filesystem", "{folder}"),
        asks={"folder": "Which folder may it see?"},
        spoken=("my files",),
        # All of them are 3,400 tokens of schemas.
        tools=("list_directory", "read_text_file", "search_files"),
        intents={
            **{
                said: {"tool": "list_directory", "arguments": {"path": "{folder}"}}
                for said in (
                    "what is in my {folder_name} folder",
                    "what is in the {folder_name} folder",
                    "what files are in my {folder_name} folder",
                    "what do I have in my {folder_name} folder",
                    "list my {folder_name} folder",
                    "list the files in my {folder_name} folder",
                    "list my files",
                )
            },
            **{
                said: {
                    "tool": "search_files",
                    "arguments": {"path": "{folder}", "pattern": "**/*{name}*"},
                }
                for said in (
                    "search my {folder_name} folder for {name}",
                    "search my files for {name}",
                    "find the file {name}",
                )
            },
        },
    ),
    "obsidian": Preset(
        "notes of an Obsidian vault, or any folder of Markdown",
        "uv (uvx), which downloads light-obsidian-mcp",
        # It does not say so, but is written for the first version of the protocol's library.
        ("uvx", "--with", "mcp<2", "light-obsidian-mcp"),
        env={"OBSIDIAN_VAULT": "{vault}"},
        asks={"vault": "Where is the vault?"},
        spoken=("my notes", "Obsidian"),
        reads=("search_notes", "read_note", "list_notes", "get_frontmatter"),
        intents={
            "search my notes for {query}": "search_notes",
            "look in my notes for {query}": "search_notes",
            "what do my notes say about {query}": "search_notes",
            "find {query} in my notes": "search_notes",
        },
    ),
    "zotero": Preset(
        "references in Zotero, which has to run",
        "uv (uvx), which downloads zotero-mcp",
        ("uvx", "zotero-mcp"),
        env={"ZOTERO_LOCAL": "true"},
        spoken=("my library", "Zotero"),
    ),
    "git": Preset(
        "one git repository",
        "uv (uvx), which downloads mcp-server-git",
        ("uvx", "mcp-server-git", "--repository", "{folder}"),
        asks={"folder": "Which repository?"},
        spoken=("the repository",),
        tools=("git_status", "git_log", "git_diff_unstaged"),
    ),
    "time": Preset(
        "the time in other places",
        "uv (uvx), which downloads mcp-server-time",
        ("uvx", "mcp-server-time"),
        spoken=("the world clock",),
    ),
    "home-assistant": Preset(
        "lights and sensors of Home Assistant",
        "uv (uvx), which downloads mcp-proxy, and a token in $HOME_ASSISTANT_TOKEN",
        ("uvx", "mcp-proxy", "{address}/api/mcp"),
        env={"API_ACCESS_TOKEN": "$HOME_ASSISTANT_TOKEN"},
        asks={"address": "Where is it? (http://homeassistant.local:8123)"},
        spoken=("the house",),
    ),
    "goose": Preset(
        "a coding agent for one project",
        "goose, set up by `goose configure`",
        ("goose", "acp"),
        env={"GOOSE_MODE": "smart_approve"},  # else it asks nothing
        asks={"folder": "Which project may it work on?"},
        spoken=("goose",),
        kind="acp",
        folder="{folder}",
    ),
}


def imported(file: Path) -> dict[str, dict[str, Any]]:
    """Tables for the settings from another program's file: `mcpServers` of Claude and Cursor,
    `servers` of VS Code, `context_servers` of Zed. Values of environment variables that are secrets
    by their name are taken from the environment, never copied. Raises `ImportProblem`."""
    try:
        data = json.loads(_without_comments(file.read_text("utf-8")))
    except OSError as error:
        raise ImportProblem(f"{file}: {error.strerror or error}", "Name another file.") from None
    except ValueError as error:
        raise ImportProblem(
            f"{file} is no JSON: {error}", "Name the file with the servers."
        ) from None
    servers = _servers(data)
    if not servers:
        raise ImportProblem(
            f"{file} names no servers", "It should hold mcpServers, servers or context_servers."
        )
    return {name: _table(name, each) for name, each in servers.items()}


def secret_names(table: Mapping[str, Any]) -> list[str]:
    """Variables that have to be in the environment for it."""
    return [value[1:] for value in table.get("env", {}).values() if value.startswith("$")]


def _servers(data: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(data, dict):
        return {}
    for key in ("mcpServers", "servers", "context_servers"):
        if isinstance(found := data.get(key), dict):
            return {str(name): each for name, each in found.items() if isinstance(each, dict)}
    return _servers(data.get("mcp"))


def _table(name: str, server: Mapping[str, Any]) -> dict[str, Any]:
    command = server.get("command")
    if isinstance(command, dict):  # Zed's
        server = {"env": command.get("env"), **server, "args": command.get("args")}
        command = command.get("path")
    if url := server.get("url") or server.get("serverUrl"):
        table: dict[str, Any] = {"url": str(url)}
    elif isinstance(command, str):
        table = {"command": [command, *map(str, server.get("args") or [])]}
    else:
        raise ImportProblem(
            f"the server {name} has neither a command nor a url", "Correct it there."
        )
    environment = server.get("env") or {}
    if environment:
        table["env"] = {str(key): _kept(str(key), str(v)) for key, v in environment.items()}
    if server.get("disabled") is True:
        table["enabled"] = False
    return table


def _kept(key: str, value: str) -> str:
    return f"${key}" if is_secret(key) else value


def _without_comments(text: str) -> str:
    """Zed's and VS Code's files may have whole lines of comments."""
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("//"))
