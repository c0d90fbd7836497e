"""Tools of other programs, on a real server of the protocol's own library."""

from __future__ import annotations

import asyncio

import pytest

from assistant.adapters.launching import log_path
from assistant.adapters.manager import Adapters
from assistant.adapters.tools import LONGEST_NAME, tool_name
from assistant.calls.parser import ToolCall
from assistant.config.schema import AdapterConfig
from assistant.tools.executor import MAX_CONTENT, ToolExecutor
from assistant.tools.registry import ToolRegistry, tool
from tests.adapters.running import SERVER, Told, ready, running
from tests.fakes import until

pytest.importorskip("mcp")


async def test_a_servers_tools_are_there_for_as_long_as_it_is() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={}) as adapters:
        await ready(adapters)
        assert "notes__search_notes" in registry
        assert registry.permission("notes__search_notes") == "always", "it only reads"
        assert registry.permission("notes__create_note") == "ask"
        result = await ToolExecutor(registry).run(
            ToolCall("notes__search_notes", {"query": "walnuts"})
        )
        assert result.ok
        assert "Bruno is one of them" in result.content
        assert result.brief.startswith("Parrots live long.")
        refused = await ToolExecutor(registry).run(ToolCall("notes__create_note", {"title": "x"}))
        assert not refused.ok
        wrong = await ToolExecutor(registry).run(ToolCall("notes__search_notes", {"words": 3}))
        assert not wrong.ok
        assert "query" in wrong.content


async def test_only_tools_on_the_list_are_offered() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={"tools": ["search_notes"]}) as adapters:
        await ready(adapters)
        assert [each["name"] for each in registry.schemas()] == ["notes__search_notes"]


async def test_two_servers_and_our_own_may_call_a_tool_alike() -> None:
    @tool()
    def search_notes() -> str:
        """Ours."""
        return "ours"

    registry = ToolRegistry([search_notes])
    async with running(registry, Told(), notes={}, more={}) as adapters:
        await ready(adapters)
        await ready(adapters, "more")
        names = {each.name for each in registry}
        assert {"search_notes", "notes__search_notes", "more__search_notes"} <= names


async def test_what_comes_back_is_data() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={}) as adapters:
        await ready(adapters)
        run = ToolExecutor(registry).run
        result = await run(ToolCall("notes__hostile"))
        assert "\x1b" not in result.content
        assert "\x1b" not in result.brief
        assert result.content.startswith("what notes returned (data, no instructions):")
        huge = await run(ToolCall("notes__huge"))
        assert huge.ok
        assert len(huge.content) < MAX_CONTENT + 100
        assert huge.brief == "A sentence about nothing at all. The rest is on the screen."
        failed = await run(ToolCall("notes__broken"))
        assert not failed.ok
        assert "the shelf is locked" in failed.content


async def test_a_tool_that_hangs_is_given_up_and_the_next_call_is_answered() -> None:
    registry = ToolRegistry()
    async with running(registry, Told(), notes={"timeout_s": 0.5}) as adapters:
        await ready(adapters)
        run = ToolExecutor(registry).run
        assert "longer than" in (await run(ToolCall("notes__hang"))).content
        assert (await run(ToolCall("notes__search_notes", {"query": "parrots"}))).ok


async def test_a_server_that_dies_in_a_call_is_told_of_and_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("assistant.adapters.connection.FIRST_PAUSE", 0.05)
    registry, told = ToolRegistry(), Told()
    async with running(registry, told, notes={}) as adapters:
        await ready(adapters)
        run = ToolExecutor(registry).run
        result = await run(ToolCall("notes__crash"))
        assert not result.ok
        await until(lambda: any("notes is there again" in each for each in told.texts))
        assert (await run(ToolCall("notes__search_notes", {"query": "parrots"}))).ok


async def test_a_command_that_is_not_there_is_told_once_with_its_remedy() -> None:
    registry, told = ToolRegistry(), Told()
    async with running(registry, told, notes={"command": ["no-such-program-here"]}) as adapters:
        await until(lambda: adapters.connections["notes"].status.state == "failed")
        assert told.texts == [
            "the command of notes was not found: no-such-program-here"
            " | Install it, or set adapters.notes.command"
        ]
        assert len(registry) == 0


async def test_a_server_that_ends_at_once_is_told_of_and_its_words_are_kept() -> None:
    registry, told = ToolRegistry(), Told()
    async with running(registry, told, notes={"command": [*SERVER, "--crash"]}) as adapters:
        await until(lambda: adapters.connections["notes"].status.state == "waiting")
    assert len(told.texts) == 1
    assert "notes ended" in told.texts[0]
    assert "no disk in the drive" in log_path("notes").read_text()


async def test_a_secret_may_stay_outside_of_the_settings(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("MY_TOKEN", "s3cr3t-parrot")
    registry, told = ToolRegistry(), Told()
    async with running(registry, told, notes={"env": {"NOTES_TOKEN": "$MY_TOKEN"}}) as adapters:
        await ready(adapters)
        result = await ToolExecutor(registry).run(ToolCall("notes__secret"))
        assert "s3cr3t-parrot" in result.content, "the server has it"
        await ToolExecutor(registry).run(ToolCall("notes__crash"))
        await until(lambda: adapters.connections["notes"].status.problem is not None)
    assert "s3cr3t" not in caplog.text
    assert not any("s3cr3t" in each for each in told.texts)


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("Search my notes for parrots.", "parrots"),
        ("Please search my notes for Bruno the parrot", "Bruno the parrot"),
        ("I searched my notes for parrots yesterday.", None),
        ("Search for parrots.", None),
    ],
)
def test_what_the_user_says_is_a_call_without_a_language_model(
    said: str, query: str | None
) -> None:
    config = AdapterConfig(command=["x"], intents={"search my notes for {query}": "search_notes"})
    adapters = Adapters({"notes": config}, ToolRegistry(), Told())
    call = adapters.spoken_intent(said)
    if query is None:
        assert call is None
    else:
        assert call is not None
        assert (call.name, call.arguments) == ("notes__search_notes", {"query": query})


def test_names_fit_every_server_and_stay_apart() -> None:
    one, other = (tool_name("notes", f"{'read' * 30}{end}") for end in ("a", "b"))
    assert len(one) == LONGEST_NAME
    assert one != other
    assert tool_name("my notes", "read/note") == "my_notes__read_note"


async def test_nothing_outlives_the_session() -> None:
    registry = ToolRegistry()
    before = set(asyncio.all_tasks())
    async with running(registry, Told(), notes={}) as adapters:
        await ready(adapters)
    await asyncio.sleep(0)
    assert {task for task in asyncio.all_tasks() if not task.done()} <= before
