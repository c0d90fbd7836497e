"""Servers that others have written, as people run them; each skips where it is not installed."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from assistant.adapters.known import PRESETS
from assistant.adapters.manager import Adapters
from assistant.calls.parser import ToolCall
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import ToolRegistry, ToolResult
from tests.adapters.running import Told, called, running
from tests.adapters.servers import node_server, python_server
from tests.fakes import until

pytest.importorskip("mcp")
pytestmark = pytest.mark.timeout(120)


async def started(adapters: Adapters) -> None:
    """Those in Python take a while on a busy machine."""
    status = adapters.connections["notes"].status
    await until(lambda: status.state != "starting", lambda: asyncio.sleep(0.1))
    assert status.state == "ready", status.problem


async def said(adapters: Adapters, registry: ToolRegistry, text: str) -> ToolResult:
    call = adapters.spoken_intent(text)
    assert call is not None, text
    return await ToolExecutor(registry).run(ToolCall(call.name, call.arguments))


def preset(name: str, command: list[str], **given: str) -> dict[str, Any]:
    """The settings of one that is known by name, with what is installed here as its command."""
    known = PRESETS[name]
    table = known.filled(given)
    asked = [at for at, part in enumerate(known.command) if "{" in part]
    return {**table, "command": [*command, *(table["command"][at] for at in asked)]}


async def test_a_folder_is_told_of_in_the_phrases_of_the_preset(tmp_path: Path) -> None:
    folder = tmp_path / "Downloads"
    folder.mkdir()
    (folder / "parrots.txt").write_text("Parrots live long.")
    (folder / "cage.pdf").write_text("x")
    (tmp_path / "secret.txt").write_text("not yours")
    command = node_server("server-filesystem")
    registry, told = ToolRegistry(), Told()
    settings = preset("filesystem", command, folder=str(folder))
    async with running(registry, told, notes=settings) as adapters:
        await started(adapters)
        assert not told.texts
        assert {each.name for each in registry if each.offered} == {
            "notes__list_directory",
            "notes__read_text_file",
            "notes__search_files",
        }
        listed = await said(adapters, registry, "What is in my downloads folder?")
        assert listed.ok
        assert set(listed.brief.rstrip(".").split(" and ")) == {"parrots.txt", "cage.pdf"}
        found = await said(adapters, registry, "Search my Downloads folder for parrots.")
        assert "parrots.txt" in found.content
        assert "cage" not in found.content
        outside = await called(registry, "read_text_file", path=str(tmp_path / "secret.txt"))
        assert not outside.ok
        assert "not yours" not in outside.content


async def test_notes_of_a_vault_are_searched(tmp_path: Path) -> None:
    (tmp_path / "Birds.md").write_text("# Birds\n\nBruno is a parrot. Parrots eat walnuts.\n")
    (tmp_path / "Tea.md").write_text("# Tea\n\nNothing but tea.\n")
    command = python_server("light-obsidian-mcp")
    registry, told = ToolRegistry(), Told()
    settings = preset("obsidian", command, vault=str(tmp_path))
    async with running(registry, told, notes=settings) as adapters:
        await started(adapters)
        result = await said(adapters, registry, "Search my notes for parrots.")
        assert result.ok
        assert "Birds" in result.content
        assert "Tea" not in result.content
        assert registry.permission("notes__search_notes") == "always"


async def test_the_time_elsewhere_is_told() -> None:
    registry, told = ToolRegistry(), Told()
    command = python_server("mcp-server-time")
    async with running(registry, told, notes={"command": command}) as adapters:
        await started(adapters)
        result = await called(registry, "get_current_time", timezone="Asia/Tokyo")
        assert result.ok
        assert "Asia/Tokyo" in result.content
        wrong = await called(registry, "get_current_time", timezone="Nowhere/Nothing")
        assert not wrong.ok


async def test_a_server_that_does_everything_is_followed() -> None:
    registry, told = ToolRegistry(), Told()
    command = node_server("server-everything")
    async with running(registry, told, notes={"command": [*command, "stdio"]}) as adapters:
        await started(adapters)
        status = adapters.connections["notes"].status
        assert "Echo: walnuts" in (await called(registry, "echo", message="walnuts")).content
        picture = await called(registry, "get-tiny-image")
        assert "something that is no text: image" in picture.content
        assert status.listing.prompts
        assert status.listing.resources
        prompt = await said(adapters, registry, "Use the simple prompt.")
        assert prompt.prompt
        read = await said(adapters, registry, "Read the architecture.")
        assert read.ok
        assert read.content.startswith("what notes returned")
