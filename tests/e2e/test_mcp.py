"""An agent speaks and asks through the real program, on a sound card, with a real voice: without
any session, and through the dashboard that is open."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp import Client, StdioServerParameters
from mcp.types import Implementation

from tests.e2e.conftest import Room, loudness
from tests.processes import until

pytestmark = [
    pytest.mark.sound,
    pytest.mark.weights,
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(300),
]
Say = Callable[[str], Path]


def claude(room: Room) -> Client:
    environment = {**room.card.environment, **room.home.environment}
    arguments = ["-m", "assistant", "mcp"]
    server = StdioServerParameters(command=sys.executable, args=arguments, env=environment)
    return Client(server, client_info=Implementation(name="claude-code", version="1"))


class Call:
    """One call, and what it was told while it waited."""

    def __init__(self, client: Client, tool: str, **arguments: Any) -> None:
        self.told: list[str] = []
        self.task = asyncio.create_task(
            client.call_tool(tool, arguments, progress_callback=self._progress)
        )

    async def _progress(self, done: float, total: float | None, message: str | None) -> None:
        self.told.append(message or "")

    async def until(self, text: str) -> None:
        """It waits for this."""
        async with asyncio.timeout(120):
            while not (self.told and self.told[-1] == text):
                assert not self.task.done(), (self.task.result(), self.told)
                await asyncio.sleep(0.05)

    async def result(self) -> dict[str, Any]:
        async with asyncio.timeout(120):
            result = await self.task
        assert not result.is_error, result.content
        told: dict[str, Any] = json.loads(result.content[0].text)
        return told


def recorders(room: Room) -> list[str]:
    """Who has the microphone, but for the card's own readers."""
    found = room.card.pactl("list", "source-outputs").split("Source Output #")[1:]
    return [each for each in found if "parec" not in each and "remap" not in each.lower()]


async def test_without_a_session_it_speaks_asks_and_lets_the_microphone_go(
    room: Room, spoken: Say
) -> None:
    answer = spoken("I would take the small database, please.")
    async with claude(room) as client:
        with room.recording("said") as wav:
            said = await Call(client, "speak", text="All tests have passed.").result()
        assert said["heard"] == "All tests have passed."
        assert loudness(wav) > 0.6
        assert recorders(room) == []

        call = Call(client, "ask", questions="Which database shall I take?", timeout_s=30)
        await call.until("waits for the answer")
        assert recorders(room) != []
        await asyncio.to_thread(room.card.speak, answer)
        (told,) = (await call.result())["answers"]
        assert "small database" in told["text"]
        assert told["voice"]["pitch_hz"] > 60
        assert recorders(room) == []

        cancelled = Call(client, "ask", questions="Which port shall I take?", timeout_s=60)
        await cancelled.until("waits for the answer")
        cancelled.task.cancel()
        for _ in range(100):
            if not recorders(room):
                break
            await asyncio.sleep(0.05)
        assert recorders(room) == []


async def test_the_dashboard_that_is_open_asks_for_it(room: Room, spoken: Say) -> None:
    answer = spoken("I would take the small database, please.")
    app = room.open()
    until(lambda: bool(room.home.turns("JARVIS")), "JARVIS has greeted", app.screen)
    app.until_at_rest()
    async with claude(room) as client:
        call = Call(client, "ask", questions="Which database shall I take?", timeout_s=30)
        await call.until("waits for the answer")
        await asyncio.to_thread(room.card.speak, answer)
        (told,) = (await call.result())["answers"]
    assert "small database" in told["text"]
    assert room.home.turns("JARVIS")[-1] == "Which database shall I take?"
    assert "small database" in room.home.turns("You")[-1]
    until(lambda: "Claude Code" in app.screen(), "the dashboard tells for whom", app.screen)


async def test_two_agents_without_a_session_take_turns(room: Room) -> None:
    """The voice is in the process of the first; the second reaches it there."""
    room.home.environment["ASSISTANT_BACKEND__NAME"] = "echo"
    async with claude(room) as first, claude(room) as second:
        asking = Call(first, "ask", questions="Which database?", timeout_s=3)
        await asking.until("waits for the answer")
        speaking = Call(second, "speak", text="I am next.")
        await speaking.until("waits for its turn: one request is before it")
        assert (await asking.result())["answers"][0]["outcome"] == "silence"
        assert (await speaking.result())["heard"] == "I am next."
