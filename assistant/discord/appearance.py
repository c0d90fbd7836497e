"""Nickname and picture of the bot on a server: those of the persona that speaks."""

from __future__ import annotations

import asyncio
import logging

import discord

from assistant.loops import BackgroundTasks
from assistant.personas.avatar import avatar
from assistant.personas.loading import Persona
from assistant.terminal.sanitize import clean_line

_LONGEST_NICKNAME = 32

log = logging.getLogger(__name__)


class Appearance:
    """Follows one change of persona after the other; a late picture of the last but one is not
    shown."""

    def __init__(self, background: BackgroundTasks) -> None:
        self._background = background
        self._shown: Persona | None = None

    def show(self, guild: discord.Guild, persona: Persona) -> None:
        """Be called and look like this persona, on this server."""
        if persona is not self._shown:
            self._shown = persona
            self._background.run(self._change(guild, persona))

    async def _change(self, guild: discord.Guild, persona: Persona) -> None:
        name = clean_line(persona.name)[:_LONGEST_NICKNAME]
        picture = await asyncio.to_thread(avatar, persona.colors)
        if self._shown is not persona:
            return  # another one by now
        try:
            await guild.me.edit(nick=name, avatar=picture)
        except discord.HTTPException as error:
            log.warning("nickname and avatar: %s", error)
            try:
                await guild.me.edit(nick=name)  # pictures may be changed but seldom
            except discord.HTTPException as again:
                log.warning("nickname: %s", again)
