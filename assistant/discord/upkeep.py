"""Keeps the bot in its voice channel as long as it is of use: makes a lost connection anew, and
leaves when nobody else is there."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol

from assistant.config.schema import DiscordConfig
from assistant.discord.problems import DiscordError, voice_problem
from assistant.discord.voice import Joinable, Voice
from assistant.terminal.sanitize import clean_line

_LOOK = 2.0
"""Seconds between two looks at whether the voice connection lives, and whether we are alone."""
_TRIES = (2.0, 5.0, 15.0, 60.0, 300.0)
"""Seconds before each try to come back into a channel."""

log = logging.getLogger(__name__)


class Joins(Protocol):
    """What is needed of the bot."""

    voice: Voice | None
    settings: DiscordConfig

    async def join(self, channel: Joinable) -> None: ...

    async def leave(self, why: str) -> None: ...

    async def give_up(self, voice: Voice) -> None: ...


class Upkeep:
    def __init__(self, bot: Joins, tell: Callable[[str], None]) -> None:
        """`tell` shows a line to whoever runs the program."""
        self._bot = bot
        self._tell = tell
        self._alone_since: float | None = None

    def joined(self) -> None:
        """It is in another channel, or again in one."""
        self._alone_since = None

    async def come_back(self, channel: Joinable) -> None:
        """Some tries, further and further apart."""
        for seconds in _TRIES:
            await asyncio.sleep(seconds)
            if self._bot.voice is not None:
                return  # somebody was quicker
            try:
                await self._bot.join(channel)
            except DiscordError as error:
                log.info("not back yet: %s", error)
            else:
                return
        self._tell(f"{clean_line(channel.name)} cannot be joined again; /join tries it")

    async def watch(self) -> None:
        """Never returns."""
        while True:
            await asyncio.sleep(_LOOK)
            voice = self._bot.voice
            if voice is None:
                continue
            if voice.has_stopped:
                await self._make_anew(voice)
            elif self._is_alone(voice):
                await self._bot.leave("nobody else was there")

    def _is_alone(self, voice: Voice) -> bool:
        """Long enough to leave."""
        now = asyncio.get_running_loop().time()
        if any(not member.bot for member in voice.channel.members):
            self._alone_since = None
        elif self._alone_since is None:
            self._alone_since = now
        alone_s = self._bot.settings.alone_s
        return self._alone_since is not None and now - self._alone_since >= alone_s

    async def _make_anew(self, voice: Voice) -> None:
        problem, channel = voice.problem, voice.channel
        if problem is not None:
            told = voice_problem(problem, clean_line(channel.name))
            self._tell(f"{told.message} – {told.remedy}")
        await self._bot.give_up(voice)
        if voice.may_come_back:
            try:
                await self._bot.join(channel)
            except DiscordError as error:
                self._tell(f"{error.message} – {error.remedy}")
