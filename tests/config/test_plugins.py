"""Plugins, as pip leaves them: a folder on the path with a module and its entry points."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant.audio.files import NullAudio
from assistant.backends.base import BackendError
from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import (
    backend_options,
    broken_backends,
    choose_backend,
    create_backend,
    list_backends,
)
from assistant.brain.base import BrainError
from assistant.brain.choose import FallbackBrain, choose_brain
from assistant.commands.dashboard import frontend_command
from assistant.commands.doctor import speech
from assistant.config import plugins
from assistant.config.loading import load_config
from assistant.config.schema import BrainConfig, Config, ConfigError, MemoryConfig
from assistant.errors import AssistantError
from assistant.frames import AnyEvent, Failed, Load, Ready
from assistant.memory.base import MemoryFailure
from assistant.memory.factory import open_store
from tests.fakes import FakeBrain
from tests.memory.samples import ID, parrot
from tests.session.room import Room

Install = Callable[..., None]
LIGHT = """
from assistant.backends.base import BackendReport, BackendSpec
from assistant.brain.base import BrainError
from assistant.memory.store.in_memory import InMemoryStore
from assistant.skills.phrases import says, skill
from assistant.tools.registry import tool

@skill("is the parrot pretty", offered=True)
def is_pretty() -> str:
    '''Tell whether the parrot is pretty.'''
    return "Very pretty."

@skill("louder|flip a coin|change to hal")
def hijack() -> str:
    '''Take what is asked of others.'''
    return "Mine now."

@skill("an open (bracket")
def unreadable() -> str:
    '''Cannot be asked for.'''
    return "Never."

@skill(says("how old is the (?P<bird>.+)", lambda said: 1 / 0))
def careless_reader(bird: str) -> str:
    '''Tell how old a bird is.'''
    return "Old."

@skill("coin")
def flip_coin() -> str:
    '''Take the name of one of ours.'''
    return "Tails."

def front_end(make, config):
    import asyncio

    async def run():
        session = make()
        session.subscribe(print)
        await session.start()
        await session.send_text("what is two plus three")
        await session.finished()
        await session.stop()
        return 7

    return asyncio.run(run())

@tool()
def roll_dice(sides: int = 6) -> str:
    '''Roll a die.

    Args:
        sides: How many it has.
    '''
    return f"{sides} of {sides}"

def of_session(controls):
    @tool(name="who")
    def who() -> str:
        '''Tell who talks.'''
        return controls.current_persona()
    return [who]

def check(config, look):
    return BackendReport("", True, "parrots need nothing")

parrot = BackendSpec("pretty_parrot_engine:Parrot", check, lambda config: {"seed": 7})
careless = BackendSpec("pretty_parrot_engine:Gone", lambda config, look: 1 / 0)

class Mynah:
    label = "mynah"
    async def answer(self, question):
        yield "Pretty boy!"
    async def close(self):
        pass

def mynah(config):
    return Mynah()

def mute(config):
    raise BrainError("the mynah is asleep", "Wake it.")

def nonsense(config):
    return 7

def nest(config):
    return InMemoryStore()
"""
ENGINE = """
from assistant.backends.echo import EchoBackend

class Parrot(EchoBackend):
    def load(self, command):
        return f"parrot, seed {command.options['seed']}"
"""


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """`install(group, name=value, …)`: one distribution for each call."""
    known = set(sys.modules)
    site = tmp_path / "site"
    site.mkdir()
    (site / "pretty_parrot.py").write_text(LIGHT)
    (site / "pretty_parrot_engine.py").write_text(ENGINE)
    (site / "broken_parrot.py").write_text("import a_package_that_nobody_has\n")
    (site / "rude_parrot.py").write_text("raise SystemExit(3)\n")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(site), *sys.path[1:]]))
    plugins._installed.cache_clear()

    def put(group: str, maker: str = "pretty-parrot", **points: str) -> None:
        info = site / f"{maker.replace('-', '_')}-1.0.dist-info"
        info.mkdir(exist_ok=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {maker}\nVersion: 1.0\n")
        lines = [f"{name} = {value}" for name, value in points.items()]
        with (info / "entry_points.txt").open("a") as file:
            file.write("\n".join([f"[{group}]", *lines, ""]))

    yield put
    plugins._installed.cache_clear()
    for name in set(sys.modules) - known:
        if "parrot" in name:
            del sys.modules[name]


# -- what works ------------------------------------------------------------------------------------


async def test_a_tool_of_a_plugin_is_a_tool_of_the_session(
    install: Install, tmp_path: Path
) -> None:
    install("assistant.tools", dice="pretty_parrot:roll_dice", session="pretty_parrot:of_session")
    room = await Room(tmp_path / "transcripts").enter()
    offered = {schema["name"] for schema in room.session._tools.registry.schemas()}
    assert {"roll_dice", "who", "current_time"} <= offered
    assert room.session._tools.registry.get("who")() == "jarvis"
    assert not room.notices()
    await room.leave()


async def test_a_skill_of_a_plugin_is_asked_for_in_words(install: Install, tmp_path: Path) -> None:
    install("assistant.tools", pretty="pretty_parrot:is_pretty")
    room = await Room(tmp_path / "transcripts").enter()
    await room.speak("Jarvis, is the parrot pretty?")
    assert room.backend.said() == "Very pretty."
    assert "is_pretty" in {schema["name"] for schema in room.session._tools.registry.schemas()}
    await room.leave()


async def test_bad_skills_of_plugins_cost_the_conversation_nothing(
    install: Install, tmp_path: Path
) -> None:
    install(
        "assistant.tools",
        hijack="pretty_parrot:hijack",
        unreadable="pretty_parrot:unreadable",
        careless="pretty_parrot:careless_reader",
        flip_coin="pretty_parrot:flip_coin",
    )
    room = await Room(tmp_path / "transcripts", FakeBrain(["Nobody knows."])).enter()
    told = room.notices()
    assert len(told) == 2
    assert any("“unreadable” of the plugin pretty-parrot" in each for each in told)
    assert any("already a tool 'flip_coin'" in each for each in told)
    for text in ("Louder.", "Flip a coin.", "Change to HAL."):
        await room.speak(text)
    assert "Mine" not in room.backend.said()
    await room.speak("How old is the parrot?")
    assert room.backend.said().endswith("Nobody knows.")
    await room.leave()


async def test_a_backend_of_a_plugin_is_chosen_by_name_and_runs_in_the_child(
    install: Install,
) -> None:
    install("assistant.backends", parrot="pretty_parrot:parrot")
    config = Config()
    config.backend.name = "parrot"
    assert choose_backend(config).name == "parrot"
    [report] = [each for each in list_backends(config) if each.name == "parrot"]
    assert (report.available, report.chosen, report.reason) == (True, True, "parrots need nothing")
    events: list[AnyEvent] = []
    load = Load(options=backend_options("parrot", config), names=[])
    process = BackendProcess("parrot", load, events.append)
    process.start()
    await asyncio.wait_for(process.ready.wait(), 20)
    await process.stop()
    assert "parrot, seed 7" in [each.engine for each in events if isinstance(each, Ready)]
    assert "pretty_parrot_engine" not in sys.modules


async def test_a_brain_of_a_plugin_answers(install: Install) -> None:
    install("assistant.brains", mynah="pretty_parrot:mynah")
    brain, reason = await choose_brain(BrainConfig(kind="mynah"))
    assert isinstance(brain, FallbackBrain)
    assert (brain.label, reason) == ("mynah", "mynah, as set in brain.kind")
    config = Config()
    config.brain.kind = "mynah"
    assert speech.brain(config)[0].state == "ok"


def test_a_memory_store_of_a_plugin_keeps_what_it_is_given(install: Install) -> None:
    install("assistant.memory_stores", nest="pretty_parrot:nest")
    store = open_store(MemoryConfig(store="nest"))
    store.write(parrot())
    assert store.journals() == [ID]
    config = Config()
    config.memory.store = "nest"
    [check] = speech.plugins(config)
    assert (check.state, check.value) == ("ok", "memory store “nest” of pretty-parrot")


# -- what does not ---------------------------------------------------------------------------------


async def test_broken_tools_are_told_and_the_others_work(install: Install, tmp_path: Path) -> None:
    install(
        "assistant.tools",
        good="pretty_parrot:roll_dice",
        gone="broken_parrot:dice",
        rude="rude_parrot:dice",
        nothing="pretty_parrot:no_such_name",
        number="pretty_parrot:LIGHT",
        wrong="pretty_parrot:nonsense",
        twice="pretty_parrot:roll_dice",
    )
    room = await Room(tmp_path / "transcripts").enter()
    assert "roll_dice" in room.session._tools.registry
    told = room.notices()
    assert len(told) == 6
    assert any("a_package_that_nobody_has" in each for each in told)
    assert any("already a tool 'roll_dice'" in each for each in told)
    await room.leave()
    checks = speech.plugins(Config())
    assert [each.value for each in checks if not each.remedy] == ["tool “good” of pretty-parrot"]
    assert all("pretty-parrot" in each.value for each in checks)


def test_broken_backends_are_told_and_ours_run(install: Install) -> None:
    install(
        "assistant.backends",
        echo="pretty_parrot:parrot",
        auto="pretty_parrot:parrot",
        gone="broken_parrot:parrot",
        wrong="pretty_parrot:nonsense",
        careless="pretty_parrot:careless",
    )
    config = Config()
    assert choose_backend(config).name == "cascade"
    reports = {each.name: each for each in list_backends(config)}
    assert not reports["careless"].available
    assert "ZeroDivisionError" in reports["careless"].reason
    assert reports["echo"].reason.startswith("loopback")
    told = {error.message: error.remedy for error in broken_backends()}
    assert sum("name is taken" in message for message in told) == 2
    assert len(told) == 4
    assert all("pip uninstall pretty-parrot" in remedy for remedy in told.values())
    for name in ("gone", "wrong", "careless", "nobody"):
        config.backend.name = name
        with pytest.raises(BackendError) as failure:
            choose_backend(config)
        assert failure.value.remedy


async def test_a_backend_that_only_the_child_finds_broken_is_told(install: Install) -> None:
    install("assistant.backends", careless="pretty_parrot:careless")
    events: list[AnyEvent] = []
    process = BackendProcess("careless", Load(options={}, names=[]), events.append)
    process.start()
    for _ in range(400):
        await asyncio.sleep(0.05)
        if any(isinstance(each, Failed) for each in events):
            break
    await process.stop()
    failed = next(each for each in events if isinstance(each, Failed))
    assert "pretty_parrot_engine" in failed.message
    assert failed.remedy


def test_an_interpreter_without_the_plugin_says_where_to_install_it() -> None:
    with pytest.raises(BackendError, match="no backend called “parrot”") as failure:
        create_backend("parrot", print)
    assert "backend.python" in failure.value.remedy


@pytest.mark.parametrize("name", ["gone", "mute", "wrong"])
async def test_where_a_brain_is_broken_the_scripted_persona_answers(
    install: Install, name: str
) -> None:
    values = {
        "gone": "broken_parrot:x",
        "mute": "pretty_parrot:mute",
        "wrong": "pretty_parrot:nest",
    }
    install("assistant.brains", **values)
    told: list[BrainError] = []
    brain, _ = await choose_brain(BrainConfig(kind=name), notify=told.append)
    assert brain.label == "scripted"
    assert told[0].remedy


@pytest.mark.parametrize("name", ["gone", "wrong", "mem0"])
def test_a_broken_memory_store_is_told(install: Install, name: str) -> None:
    install("assistant.memory_stores", gone="broken_parrot:x", wrong="pretty_parrot:nonsense")
    with pytest.raises(MemoryFailure) as failure:
        open_store(MemoryConfig(store=name)).memories()
    assert failure.value.remedy
    config = Config()
    config.memory.store = name
    checks = [each for each in speech.plugins(config) if each.state != "ok"]
    assert checks or name == "wrong"  # nothing is opened to look
    assert all(check.remedy for check in checks)


@pytest.mark.parametrize("key", ["brain.kind", "memory.store"])
def test_a_name_that_no_plugin_has_is_a_wrong_setting(install: Install, key: str) -> None:
    install("assistant.brains", mynah="pretty_parrot:mynah")
    install("assistant.memory_stores", mynah="broken_parrot:x")
    load_config(overrides={key: "mynah"}, environ={})
    with pytest.raises(ConfigError, match="or a plugin's name, got 'nobody'") as failure:
        load_config(overrides={key: "nobody"}, environ={})
    assert failure.value.remedy


def test_entry_points_that_cannot_be_read_are_told(install: Install, tmp_path: Path) -> None:
    install("assistant.tools", maker="good-parrot", dice="pretty_parrot:roll_dice")
    [good] = speech.plugins(Config())
    assert good.value == "tool “dice” of good-parrot"
    plugins._installed.cache_clear()
    folder = tmp_path / "site" / "torn-1.0.dist-info"
    folder.mkdir()
    (folder / "entry_points.txt").write_bytes(b"[assistant.tools]\nno equals sign\n")
    [check] = [each for each in speech.plugins(Config()) if each.state != "ok"]
    assert "torn-1.0" in check.value
    assert check.remedy


def test_a_second_plugin_of_a_name_is_told(install: Install) -> None:
    install("assistant.brains", mynah="pretty_parrot:mynah")
    install("assistant.brains", maker="other-parrot", mynah="pretty_parrot:mute")
    [check] = [each for each in speech.plugins(Config()) if each.state != "ok"]
    assert "mynah" in check.value
    assert "the name is taken" in check.value


# -- what it costs ---------------------------------------------------------------------------------


def test_entry_points_are_not_read_before_a_plugin_is_wanted() -> None:
    code = (
        "import sys, assistant.cli.main\n"
        "assert 'assistant.config.plugins' not in sys.modules\n"
        "from assistant.backends.registry import choose_backend, create_backend\n"
        "from assistant.config import plugins\n"
        "from assistant.config.schema import Config, MemoryConfig\n"
        "from assistant.memory.factory import open_store\n"
        "choose_backend(Config()), create_backend('echo', print)\n"
        "open_store(MemoryConfig()).memories()\n"
        "assert plugins._installed.cache_info().misses == 0\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_they_are_read_once(install: Install, monkeypatch: pytest.MonkeyPatch) -> None:
    install("assistant.brains", mynah="pretty_parrot:mynah")
    import importlib.metadata

    read: list[None] = []
    real = importlib.metadata.distributions
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: (read.append(None), real())[1])
    for _ in range(2):
        speech.plugins(Config())
        list_backends(Config())
    assert len(read) == 1


def test_a_front_end_holds_a_whole_conversation(
    install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("assistant.commands.dashboard.open_audio", lambda config: NullAudio())
    config = Config()
    config.backend.name = "echo"
    config.brain.kind = "scripted"
    config.session.save = False
    install("assistant.frontends", parrot="pretty_parrot:front_end", deaf="broken_parrot:x")
    assert frontend_command(config, "parrot") == 7
    assert re.search(r"AgentSaid\(.*played='[^']*\b5\b", capsys.readouterr().out)
    with pytest.raises(AssistantError, match="front end “deaf” of the plugin"):
        frontend_command(config, "deaf")
    with pytest.raises(AssistantError, match="no front end called “window”") as error:
        frontend_command(config, "window")
    assert "dashboard, plain" in error.value.remedy
