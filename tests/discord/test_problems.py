from __future__ import annotations

import sys
from types import SimpleNamespace

import discord
import pytest

from assistant.config.schema import DiscordConfig
from assistant.discord import problems
from assistant.discord.problems import (
    DiscordError,
    VoiceRefused,
    explained,
    invitation,
    missing_permissions,
    opus_remedy,
    require_libraries,
    token_of,
    voice_problem,
)

CONFIG = DiscordConfig(token_env="MY_BOT")


def test_without_a_token_it_says_where_one_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MY_BOT", raising=False)
    with pytest.raises(DiscordError, match="MY_BOT") as caught:
        token_of(CONFIG)
    assert "discord.com/developers" in caught.value.remedy


@pytest.mark.parametrize("token", ["two words", "tökén"])
def test_what_is_no_token_is_not_sent_anywhere(monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    monkeypatch.setenv("MY_BOT", token)
    with pytest.raises(DiscordError) as caught:
        token_of(CONFIG)
    assert token not in str(caught.value)


def test_a_token_is_taken_as_people_paste_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_BOT", " Bot abc.def.ghi\n")
    assert token_of(CONFIG) == "abc.def.ghi"


@pytest.mark.parametrize(
    ("module", "package"), [("discord", "discord.py"), ("davey", "davey"), ("nacl", "PyNaCl")]
)
def test_a_missing_package_names_the_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(DiscordError, match=package) as caught:
        require_libraries()
    assert "[discord]'" in caught.value.remedy


def test_a_missing_libopus_says_how_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> None:
        raise discord.opus.OpusNotLoaded

    monkeypatch.setattr(discord.opus.Encoder, "get_opus_version", staticmethod(none))
    monkeypatch.setattr(problems, "_BREW", ())
    with pytest.raises(DiscordError, match="libopus"):
        require_libraries()
    assert "apt-get install libopus0" in opus_remedy("linux")
    assert "brew install opus" in opus_remedy("darwin")


def closed(code: int) -> discord.ConnectionClosed:
    return discord.ConnectionClosed(SimpleNamespace(close_code=code), shard_id=None, code=code)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (discord.LoginFailure("no"), "Reset Token"),
        (discord.PrivilegedIntentsRequired(None), "Privileged Gateway Intents"),
        (closed(4004), "Reset Token"),
        (closed(4009), "Start it again"),
        (discord.GatewayNotFound(), "network"),
        (ConnectionRefusedError(111, "refused"), "network"),
    ],
)
def test_every_fault_says_what_to_do(error: Exception, words: str) -> None:
    told = explained(error, CONFIG)
    assert told is not None
    assert words in told.remedy


def test_what_is_no_fault_of_discords_is_not_explained_away() -> None:
    assert explained(ValueError("a mistake of ours"), CONFIG) is None


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (VoiceRefused(4017), "--upgrade"),
        (closed(4021), "minute"),
        (TimeoutError(), "UDP"),
        (RuntimeError("odd"), "/join"),
    ],
)
def test_every_fault_of_voice_says_what_to_do(error: Exception, words: str) -> None:
    assert words in voice_problem(error, "Lounge").remedy


def channel(*, limit: int = 0, there: int = 0, **allowed: bool) -> SimpleNamespace:
    rights = {"view_channel": True, "connect": True, "speak": True, "move_members": False}
    permissions = SimpleNamespace(**{**rights, **allowed})
    return SimpleNamespace(
        name="Lounge", user_limit=limit, members=[object()] * there,
        guild=SimpleNamespace(me=object()), permissions_for=lambda member: permissions,
    )  # fmt: skip


def test_missing_permissions_are_named_as_discord_names_them() -> None:
    assert missing_permissions(channel()) is None
    problem = missing_permissions(channel(connect=False, speak=False))
    assert problem is not None
    assert "“Connect” and “Speak”" in problem.message
    assert "Edit Channel → Permissions" in problem.remedy


def test_a_full_channel_is_told() -> None:
    problem = missing_permissions(channel(limit=2, there=2))
    assert problem is not None
    assert "full" in problem.message
    assert missing_permissions(channel(limit=2, there=2, move_members=True)) is None


def test_an_invitation_asks_for_what_is_needed_and_no_more() -> None:
    address = invitation(900)
    assert "client_id=900" in address
    assert "applications.commands" in address
    granted = discord.Permissions(int(address.split("permissions=")[1].split("&")[0]))
    assert granted.connect
    assert granted.speak
    assert not granted.administrator
    assert not granted.manage_guild
