"""The built-in tools, run through the executor as a session does, on a small stand-in for one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from assistant.calls.parser import ToolCall
from assistant.frames import SpokenNames
from assistant.language.command_patterns import phrase_call
from assistant.tools.builtin import builtin_tools
from assistant.tools.executor import ToolExecutor
from assistant.tools.registry import ToolRegistry, ToolResult

NAMES = [
    SpokenNames(slug="jarvis", name="JARVIS"),
    SpokenNames(slug="glados", name="GLaDOS", sounds_like=["glad us"]),
    SpokenNames(slug="hal", name="HAL 9000", aliases=["hal"]),
]


class Controls:
    """A session as the tools see it."""

    def __init__(self) -> None:
        self.persona = "jarvis"
        self.level = 0.5
        self.rate = 1.0
        self.last = ""
        self.done: list[str] = []

    def spoken_names(self) -> list[SpokenNames]:
        return NAMES

    async def change_persona(self, slug: str) -> None:
        self.persona = slug

    def current_persona(self) -> str:
        return self.persona

    def set_volume(self, volume: float) -> float:
        self.level = volume
        return volume

    def volume(self) -> float:
        return self.level

    def set_speech_rate(self, rate: float) -> float:
        self.rate = rate
        return rate

    def speech_rate(self) -> float:
        return self.rate

    def last_answer(self) -> str:
        return self.last

    def interrupt(self) -> None:
        self.done.append("interrupt")

    def set_muted(self, muted: bool) -> None:
        self.done.append(f"muted {muted}")


@pytest.fixture
def controls() -> Controls:
    return Controls()


async def run(controls: Controls, name: str, /, **arguments: Any) -> ToolResult:
    executor = ToolExecutor(ToolRegistry(builtin_tools(controls)))
    return await executor.run(ToolCall(name, arguments))


@pytest.mark.parametrize(
    ("asked", "slug"),
    [
        ("GLaDOS", "glados"),
        ("glados", "glados"),
        ("glad us", "glados"),
        ("gladoss", "glados"),
        ("HAL", "hal"),
        ("hal nine thousand", "hal"),
        ("hal_9000", "hal"),
        ("next", "glados"),
        ("previous", "hal"),
        (" Next ", "glados"),
    ],
)
async def test_a_persona_is_found_by_whatever_it_is_called(
    controls: Controls, asked: str, slug: str
) -> None:
    result = await run(controls, "change_theme", persona_name=asked)
    assert result.ok
    assert controls.persona == slug
    assert result.spoken == "", "the session re-introduces itself"


async def test_next_goes_round(controls: Controls) -> None:
    for slug in ("glados", "hal", "jarvis"):
        await run(controls, "change_theme", persona_name="next")
        assert controls.persona == slug


@pytest.mark.parametrize("asked", ["Napoleon", "", "?!", "the"])
async def test_an_unknown_persona_names_the_choices(controls: Controls, asked: str) -> None:
    result = await run(controls, "change_theme", persona_name=asked)
    assert not result.ok
    assert "JARVIS, GLaDOS, HAL 9000" in result.content
    assert controls.persona == "jarvis"


async def test_who_is_here_already_is_not_introduced_again(controls: Controls) -> None:
    result = await run(controls, "change_theme", persona_name="Jarvis")
    assert (result.ok, result.content, result.spoken) == (True, "JARVIS is already here.", None)


async def test_the_personas_are_listed_with_the_one_speaking(controls: Controls) -> None:
    result = await run(controls, "list_themes")
    assert result.content == "JARVIS (speaking now), GLaDOS, HAL 9000"


async def test_time_here_and_elsewhere(controls: Controls) -> None:
    here = await run(controls, "current_time")
    assert re.search(r"\(\d\d:\d\d\) on \w+day, the ", here.content)
    tokyo = await run(controls, "current_time", timezone="tokyo")
    assert tokyo.content.endswith(", in Tokyo")
    york = await run(controls, "current_time", timezone="New York")
    assert york.content.endswith(", in New York")
    nowhere = await run(controls, "current_time", timezone="../../etc/passwd")
    assert not nowhere.ok
    assert "no time zone" in nowhere.content


@pytest.mark.parametrize(
    ("arguments", "content", "level"),
    [
        ({"percent": 40}, "40", 0.4),
        ({"percent": "40%"}, "40", 0.4),
        ({"percent": "70 percent"}, "70", 0.7),
        ({"percent": 0}, "0", 0.0),
        ({"change": "up"}, "65", 0.65),
        ({"change": "down"}, "35", 0.35),
    ],
)
async def test_volume(
    controls: Controls, arguments: dict[str, Any], content: str, level: float
) -> None:
    result = await run(controls, "set_volume", **arguments)
    assert (result.ok, result.content, result.spoken) == (True, content, None)
    assert controls.level == pytest.approx(level)


async def test_volume_stays_within_its_limits(controls: Controls) -> None:
    for _ in range(9):
        result = await run(controls, "set_volume", change="up")
    assert (result.content, controls.level) == ("100", 1.0)
    for bad in ({"percent": 130}, {"percent": "loud"}, {}):
        result = await run(controls, "set_volume", **bad)
        assert not result.ok
    assert controls.level == 1.0


async def test_rate_changes_in_steps_and_comes_back(controls: Controls) -> None:
    await run(controls, "set_speech_rate", change="faster")
    assert controls.rate == pytest.approx(1.15)
    await run(controls, "set_speech_rate", change="normal")
    assert controls.rate == 1.0
    for _ in range(12):
        await run(controls, "set_speech_rate", change="slower")
    assert controls.rate == 0.5
    assert not (await run(controls, "set_speech_rate")).ok
    assert not (await run(controls, "set_speech_rate", rate=9)).ok


async def test_repeat_stop_and_mute(controls: Controls) -> None:
    assert (await run(controls, "repeat")).spoken is None
    controls.last = "It is noon."
    assert (await run(controls, "repeat")).spoken == "It is noon."
    assert (await run(controls, "stop")).spoken == ""
    assert (await run(controls, "mute")).spoken is None
    assert controls.done == ["interrupt", "muted True"]


@pytest.mark.parametrize(
    "phrase",
    [
        *("louder", "turn it down", "volume 50 percent", "slower", "normal speed"),
        *("stop", "mute", "repeat that", "next theme", "which personas are there"),
    ],
)
async def test_every_spoken_request_fits_its_tool(controls: Controls, phrase: str) -> None:
    call = phrase_call(phrase)
    assert call is not None
    assert (await run(controls, call.name, **call.arguments)).ok
