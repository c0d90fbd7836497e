"""The server and the voice channel that the settings mean, by name or id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import discord

from assistant.discord.problems import DiscordError, invitation
from assistant.discord.voice import Joinable
from assistant.terminal.sanitize import clean_line


def chosen_guild(
    guilds: Sequence[discord.Guild], wanted: str | int | None, application_id: int
) -> discord.Guild:
    """Of those that the bot is on. Raises `DiscordError` where none is meant, or several may be."""
    if not guilds:
        address = invitation(application_id)
        raise DiscordError("the bot is on no server", f"Invite it: {address}")
    if wanted is None and len(guilds) == 1:
        return guilds[0]
    found = _called(guilds, wanted) if wanted is not None else None
    if not isinstance(found, discord.Guild):
        names = ", ".join(clean_line(each.name) for each in guilds)
        told = f"the bot is not on “{wanted}”" if wanted else "the bot is on several servers"
        raise DiscordError(told, f"Set discord.server to one of {names}.")
    return found


def chosen_channel(guild: discord.Guild, wanted: str | int) -> Joinable:
    """Raises `DiscordError` where there is none of that name or id."""
    channels = [*guild.voice_channels, *guild.stage_channels]
    found = _called(channels, wanted)
    if not isinstance(found, Joinable):
        names = ", ".join(clean_line(each.name) for each in channels) or "none"
        raise DiscordError(f"no voice channel is called “{wanted}”", f"There is: {names}")
    return found


def _called(things: Sequence[Any], wanted: str | int) -> Any:
    """By id or by name; None: none is called so."""
    name = str(wanted).strip().lstrip("#").casefold()
    by_id = next((each for each in things if str(each.id) == name), None)
    return by_id or next((each for each in things if each.name.casefold() == name), None)
