"""What can go wrong with Discord, in words: what happened, and what to click.

Imports nothing of Discord's when it is loaded: the packages may be missing.
"""

from __future__ import annotations

import ctypes.util
import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.config.schema import DiscordConfig
from assistant.errors import AssistantError
from assistant.models.environments import install_command

if TYPE_CHECKING:
    import discord

INSTALL = f"Install what speaks to Discord: {install_command('discord')}"
PORTAL = "https://discord.com/developers/applications"
DOCS = "docs/discord.md has every step."
_PACKAGES = {"discord": "discord.py", "davey": "davey", "nacl": "PyNaCl"}
_BREW = (Path("/opt/homebrew/lib/libopus.dylib"), Path("/usr/local/lib/libopus.dylib"))
_WITHOUT_SEAL = 4017
_VOICE_CODES = {
    4004: ("Discord's voice server does not accept this connection", "Use /join again."),
    4009: ("the voice connection timed out", "Use /join again."),
    4011: ("Discord's voice server was not found", "Use /join again in a minute."),
    4012: ("Discord's voice server speaks another protocol", f"Update discord.py: {INSTALL}"),
    4016: ("Discord's voice server does not know this encryption", f"Update: {INSTALL}"),
    _WITHOUT_SEAL: (
        "Discord demands end-to-end encryption (DAVE), and it could not be agreed on",
        "Update davey and discord.py: pip install --upgrade 'assistant[discord]'",
    ),
    4020: ("Discord's voice server did not understand us", "Use /join again."),
    4021: ("Discord limits how often one may connect to voice", "Wait a minute, then /join."),
}
FATAL_VOICE_CODES = (4012, 4016, _WITHOUT_SEAL, 4021)
"""Close codes of the voice gateway after which trying again is of no use."""


class DiscordError(AssistantError):
    """Discord cannot be used, or not for this."""


class VoiceRefused(Exception):
    """The voice gateway has closed with a code after which nothing is tried again."""

    def __init__(self, code: int) -> None:
        super().__init__(f"voice gateway closed with {code}")
        self.code = code


def require_libraries() -> None:
    """Raises `DiscordError` where a package or libopus is missing."""
    for module, package in _PACKAGES.items():
        try:
            importlib.import_module(module)
        except ImportError as error:
            told = f"the package “{package}” cannot be loaded"
            why = "" if isinstance(error, ModuleNotFoundError) else f" ({error})"
            raise DiscordError(f"{told}{why}", INSTALL) from error
    load_opus()


def load_opus() -> str:
    """libopus codes and decodes voice; its version. Raises `DiscordError` where it is missing."""
    import discord

    for candidate in ("", *(str(path) for path in _BREW if path.exists())):
        try:
            if candidate:
                discord.opus.load_opus(candidate)
            return str(discord.opus.Encoder.get_opus_version())
        except (discord.opus.OpusNotLoaded, OSError):
            continue
    found = ctypes.util.find_library("opus")
    where = f" (found {found}, which cannot be loaded)" if found else ""
    raise DiscordError(f"the library libopus is missing{where}", opus_remedy(sys.platform))


def opus_remedy(platform: str) -> str:
    if platform == "darwin":
        return "Install it: brew install opus"
    return "Install it: sudo apt-get install libopus0 (Debian, Ubuntu), or sudo dnf install opus"


def token_of(config: DiscordConfig) -> str:
    """From the environment. Raises `DiscordError` where it is not there, or is none."""
    name = config.token_env
    token = os.environ.get(name, "").strip().removeprefix("Bot ").strip()
    if not token:
        raise DiscordError(
            f"no token of a bot: the environment variable {name} is not set",
            f"Make a bot at {PORTAL} (Bot → Reset Token), then: export {name}=…  {DOCS}",
        )
    if len(token.split()) != 1 or not token.isascii():
        raise DiscordError(f"what {name} holds is no token of a bot", _new_token(name))
    return token


def _new_token(name: str) -> str:
    return f"Copy it anew from {PORTAL} → your application → Bot → Reset Token, into {name}."


def explained(error: BaseException, config: DiscordConfig) -> DiscordError | None:
    """Why Discord cannot be used, in words; None where it is no error of Discord's."""
    import aiohttp
    import discord

    if isinstance(error, discord.LoginFailure):
        return DiscordError("Discord does not accept the bot's token", _new_token(config.token_env))
    if isinstance(error, discord.PrivilegedIntentsRequired):
        return DiscordError(
            "Discord refuses the bot's intents",
            f"{PORTAL} → your application → Bot → Privileged Gateway Intents: switch on what is "
            "asked for there, and save.",
        )
    if isinstance(error, discord.ConnectionClosed):
        return _gateway_closed(error, config)
    if isinstance(error, discord.Forbidden):
        return DiscordError(f"Discord forbids it: {error.text or 'missing permissions'}", DOCS)
    if isinstance(error, discord.HTTPException):
        return DiscordError(
            f"Discord answers {error.status} {error.text}".rstrip(), "Try again in a minute."
        )
    unreachable = (discord.GatewayNotFound, aiohttp.ClientError, TimeoutError, OSError)
    if isinstance(error, unreachable):
        return DiscordError("Discord cannot be reached", "Look at the network; then try again.")
    return None


def _gateway_closed(error: discord.ConnectionClosed, config: DiscordConfig) -> DiscordError:
    if error.code == 4004:
        return DiscordError("Discord does not accept the bot's token", _new_token(config.token_env))
    return DiscordError(
        f"Discord has closed the connection (code {error.code})", "Start it again in a minute."
    )


def voice_problem(error: BaseException, channel: str) -> DiscordError:
    """Why a voice channel could not be joined."""
    code = getattr(error, "code", None)
    if isinstance(code, int) and code in _VOICE_CODES:
        text, remedy = _VOICE_CODES[code]
        return DiscordError(f"{text} (code {code})", remedy)
    if isinstance(error, TimeoutError):
        return DiscordError(
            f"{channel} could not be joined: no answer in time",
            "Voice uses UDP: look whether a firewall holds it up; then /join again.",
        )
    return DiscordError(f"{channel} could not be joined: {error}", "Use /join again.")


_NEEDED = {
    "view_channel": "View Channel",
    "connect": "Connect",
    "speak": "Speak",
}


def missing_permissions(channel: Any) -> DiscordError | None:
    """What the bot may not do in this voice channel, with what to click; None: nothing."""
    allowed = channel.permissions_for(channel.guild.me)
    from discord import StageChannel

    is_stage = isinstance(channel, StageChannel)  # there, speaking is asked for
    needed = {n: label for n, label in _NEEDED.items() if n != "speak" or not is_stage}
    missing = [label for name, label in needed.items() if not getattr(allowed, name)]
    if missing:
        rights = " and ".join(f"“{label}”" for label in missing)
        return DiscordError(
            f"the bot may not {rights} in {channel.name}",
            f"In Discord: {channel.name} → Edit Channel → Permissions → add the bot's role, and "
            f"allow {rights}.",
        )
    if channel.user_limit and len(channel.members) >= channel.user_limit:
        if allowed.move_members:
            return None
        return DiscordError(f"{channel.name} is full", "Raise its user limit, or free a place.")
    return None


def invitation(application_id: int) -> str:
    """The address at which somebody who manages a server invites the bot, with the permissions that
    it needs and no others."""
    import discord

    permissions = discord.Permissions(
        view_channel=True, send_messages=True, connect=True, speak=True, change_nickname=True
    )
    scopes = ("bot", "applications.commands")
    return str(discord.utils.oauth_url(application_id, permissions=permissions, scopes=scopes))
