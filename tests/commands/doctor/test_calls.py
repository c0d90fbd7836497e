from __future__ import annotations

import sys

import pytest

from assistant.audio.devices.cable import CableError
from assistant.commands.doctor import calls
from assistant.config.schema import Config
from assistant.discord.problems import DiscordError


def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setitem(sys.modules, "discord", None)


def test_who_never_wanted_discord_is_not_warned(monkeypatch: pytest.MonkeyPatch) -> None:
    missing(monkeypatch)
    monkeypatch.delenv("ASSISTANT_DISCORD_TOKEN", raising=False)
    (check,) = calls.discord(Config())
    assert (check.state, check.value) == ("ok", "not installed, not needed")
    assert "[discord]'" in check.remedy


def test_a_token_without_the_packages_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    missing(monkeypatch)
    monkeypatch.setenv("ASSISTANT_DISCORD_TOKEN", "a.b.c")
    (check,) = calls.discord(Config())
    assert check.state == "warn"
    assert "[discord]'" in check.remedy


def test_what_is_there_is_told_with_its_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("discord")
    pytest.importorskip("davey")
    monkeypatch.setenv("MY_BOT", "a.b.c")
    config = Config.model_validate({"discord": {"token_env": "MY_BOT"}})
    monkeypatch.setattr(calls, "load_opus", lambda: "libopus 1.3.1")
    monkeypatch.setattr(calls, "require_libraries", lambda: None)
    (check,) = calls.discord(config)
    assert check.state == "ok"
    assert "libopus 1.3.1" in check.value
    assert "MY_BOT" in check.value
    assert "a.b.c" not in check.value


def test_a_missing_library_of_the_system_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("discord")

    def no_opus() -> None:
        raise DiscordError("the library libopus is missing", "apt-get install libopus0")

    monkeypatch.setattr(calls, "require_libraries", no_opus)
    (check,) = calls.discord(Config())
    assert (check.state, check.remedy) == ("warn", "apt-get install libopus0")


def test_the_cable_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "describe_cable", lambda: ("by the sound server", []))
    assert calls.cable(Config())[0].state == "ok"
    monkeypatch.setattr(calls, "describe_cable", lambda: ("by the sound server", ["21", "22"]))
    (left,) = calls.cable(Config())
    assert left.state == "warn"
    assert "2 modules" in left.value

    def none() -> tuple[str, list[str]]:
        raise CableError("pactl is missing", "install it")

    monkeypatch.setattr(calls, "describe_cable", none)
    (check,) = calls.cable(Config())
    assert (check.state, check.remedy) == ("ok", "install it")
