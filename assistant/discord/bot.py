"""The bot: joins and leaves voice channels, says that it listens, follows people and persona.

All of it runs in the event loop; voices go past it, from `voice` to `audio`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import aiohttp
import discord

from assistant.discord.appearance import Appearance
from assistant.discord.chat import BACK, NOTICE, SPOKEN_NOTICE, WELCOME, Chat, plain
from assistant.discord.choosing import chosen_channel, chosen_guild
from assistant.discord.commands.slash import SlashCommands
from assistant.discord.problems import (
    DiscordError,
    explained,
    invitation,
    missing_permissions,
    voice_problem,
)
from assistant.discord.room import Room
from assistant.discord.rtp import Packet
from assistant.discord.stage import ask_to_speak
from assistant.discord.upkeep import Upkeep
from assistant.discord.voice import Joinable, Voice
from assistant.loops import BackgroundTasks
from assistant.personas.loading import Persona
from assistant.session.events import PersonaChanged, SessionEvent
from assistant.terminal.sanitize import clean_line

JOIN_LIMIT = 20.0
"""Seconds that a voice connection may take."""
_LEAVE_LIMIT = 0.8
_SERVERS_LIMIT = 2.0
"""Seconds that the next of the bot's servers may take to come in at the start."""

log = logging.getLogger(__name__)


class Bot(discord.Client):  # type: ignore[misc]
    """`failed` is set where it cannot go on: to a `DiscordError`."""

    def __init__(
        self,
        room: Room,
        personas: list[Persona],
        tell: Callable[[str], None],
        connector: aiohttp.BaseConnector | None = None,
    ) -> None:
        """`tell` shows a line to whoever runs the program. In the event loop."""
        super().__init__(
            intents=discord.Intents(guilds=True, voice_states=True),
            allowed_mentions=discord.AllowedMentions.none(),
            chunk_guilds_at_startup=False,
            guild_ready_timeout=_SERVERS_LIMIT,
            max_messages=None,
            connector=connector,
        )
        self.room = room
        self.settings = room.config.discord
        self.voice: Voice | None = None
        self.chat = Chat(room, lambda: self.voice.channel if self.voice else None, tell)
        self.failed: asyncio.Future[DiscordError] = asyncio.get_running_loop().create_future()
        self._tell = tell
        self._guild: discord.Guild | None = None
        self._leaving = False
        self._away = False
        """The gateway is gone."""
        self._has_greeted = False
        """It has said aloud in this channel that it listens."""
        self._background = BackgroundTasks()
        self._changing = asyncio.Lock()
        """Joining and leaving: one after the other."""
        self._appearance = Appearance(self._background)
        self._upkeep = Upkeep(self, tell)
        self.slash = SlashCommands(self, self, personas)
        room.session.subscribe(self._session_told)

    # -- the gateway -------------------------------------------------------------------------------

    async def on_ready(self) -> None:
        """Connected, for the first time or anew; then the voice connection is to be made anew."""
        self._is_back()
        before, self._guild = self._guild, self._chosen_guild()
        guild = self._guild
        if guild is None:
            return
        if before is None:
            self._tell(f"connected to {clean_line(guild.name)} as {self.user}")
            await self._offer_commands(guild)
            self._background.run(self._upkeep.watch())
            self._show(self.room.session.persona)
        old = self.voice
        wanted = old.channel.id if old is not None else self.settings.channel
        if old is not None:
            await self._drop(old)
        if wanted is not None:
            await self._join_at_start(guild, wanted)

    async def _join_at_start(self, guild: discord.Guild, wanted: str | int) -> None:
        try:
            channel = chosen_channel(guild, wanted)
        except DiscordError as error:
            self._fail(error)
            return
        try:
            await self.join(channel)
        except DiscordError as error:
            self._tell(f"{error.message} – {error.remedy}")

    def _chosen_guild(self) -> discord.Guild | None:
        try:
            return chosen_guild(self.guilds, self.settings.server, self.application_id or 0)
        except DiscordError as error:
            self._fail(error)
            return None

    async def _offer_commands(self, guild: discord.Guild) -> None:
        try:
            await self.slash.offer(guild)
        except discord.HTTPException as error:
            log.warning("slash commands: %s", error)
            address = invitation(self.application_id or 0)
            self._tell(f"slash commands cannot be offered – invite the bot anew: {address}")

    async def on_disconnect(self) -> None:
        """The gateway is gone; discord.py tries again, for as long as it takes. Sound goes on."""
        if not self._away and not self.is_closed():
            self._away = True
            self._tell("the connection to Discord was lost; it is being made anew")

    async def on_resumed(self) -> None:
        self._is_back()

    def _is_back(self) -> None:
        if self._away:
            self._away = False
            self._tell("connected to Discord again")

    def _fail(self, error: DiscordError) -> None:
        if not self.failed.done():
            self.failed.set_result(error)

    async def on_error(self, event: str, *arguments: Any, **more: Any) -> None:
        log.exception("at %s", event)

    # -- joining and leaving -----------------------------------------------------------------------

    async def join(self, channel: Joinable) -> None:
        """Be in this voice channel, and say so. Raises `DiscordError`."""
        if (problem := missing_permissions(channel)) is not None:
            raise problem
        async with self._changing:
            if self.voice is not None and self.voice.is_connected():
                if self.voice.channel.id == channel.id:
                    return
                await self._drop(self.voice)
            try:
                voice = await channel.connect(cls=Voice, timeout=JOIN_LIMIT, reconnect=True)
            except Exception as error:
                raise self._not_joined(error, channel) from error
            self._plug_in(voice)
        self._tell(f"joined {clean_line(channel.name)}")
        await self._say_that_it_listens()

    def _not_joined(self, error: Exception, channel: Joinable) -> DiscordError:
        is_rest = isinstance(error, discord.HTTPException)
        known = explained(error, self.settings) if is_rest else None
        return known or voice_problem(error, clean_line(channel.name))

    def _plug_in(self, voice: Voice) -> None:
        self.voice = voice
        self._upkeep.joined()
        voice.on_packet = self._packet
        voice.on_gone = lambda: self._gone(voice)
        self._meet_everybody(voice)
        self.room.audio.attach(voice)

    def _meet_everybody(self, voice: Voice) -> None:
        self.room.people.clear()
        for member in voice.channel.members:
            if not member.bot:
                self._meet(member)

    def _meet(self, member: discord.Member) -> None:
        self.room.people.enter(member.id, member.display_name, member.name)
        self._background.run(asyncio.to_thread(self.room.audio.enter, member.id))

    def _packet(self, user: int, packet: Packet) -> None:
        """On the socket reader's thread: other bots are not listened to."""
        if user in self.room.people.present:
            self.room.audio.put(user, packet)

    async def leave(self, why: str) -> None:
        """Leave the channel, if it is in one."""
        async with self._changing:
            if self.voice is None:
                return
            name = clean_line(self.voice.channel.name)
            await self._drop(self.voice)
        self._tell(f"left {name}: {why}")

    async def give_up(self, voice: Voice) -> None:
        """Leave a connection that only seems to live."""
        async with self._changing:
            await self._drop(voice)

    async def _drop(self, voice: Voice) -> None:
        """In a second at most, whatever Discord does."""
        self._leaving = True
        self._unplug()
        try:
            async with asyncio.timeout(_LEAVE_LIMIT):
                await voice.disconnect(force=True)
        except TimeoutError:
            log.warning("the voice channel was left without an answer")
        except Exception:
            log.exception("while leaving the voice channel")
        finally:
            self._leaving = False

    def _unplug(self) -> None:
        self.voice = None
        self.room.audio.detach()
        self.room.session.interrupt()
        self.room.people.clear()

    def _gone(self, voice: Voice) -> None:
        """The voice connection is over for good: we left, or were sent away."""
        if self._leaving or voice is not self.voice:
            return
        self._unplug()
        name = clean_line(voice.channel.name)
        if voice.sent_away:
            self._tell(f"disconnected from {name}; /join brings it back")
            return
        self._tell(f"the voice connection to {name} was lost")
        self._background.run(self._upkeep.come_back(voice.channel))

    async def _say_that_it_listens(self) -> None:
        name = self.room.session.persona.name
        self._has_greeted = False
        todo = await ask_to_speak(self._guild.me) if self._guild is not None else ""
        if todo:
            self._tell(todo)
        else:
            self._greet()
        await self.chat.write(NOTICE.format(name=plain(name)))
        if todo:
            await self.chat.write(f"{plain(todo)}.")

    def _greet(self) -> None:
        name = clean_line(self.room.session.persona.name)
        self._has_greeted = True
        self.room.session.say(SPOKEN_NOTICE.format(name=name))

    # -- people ------------------------------------------------------------------------------------

    async def on_voice_state_update(
        self, member: discord.Member, before: discord.VoiceState, after: discord.VoiceState
    ) -> None:
        voice = self.voice
        if voice is None:
            return
        if self.user is not None and member.id == self.user.id:
            if after.channel is not None and before.channel != after.channel:
                await self._moved(voice)
            elif before.suppress and not after.suppress and not self._has_greeted:
                self._greet()  # on a stage, it may speak from now on
            return
        if member.bot:
            return
        is_here = after.channel is not None and after.channel.id == voice.channel.id
        if is_here and member.id not in self.room.people.present:
            self._meet(member)
            await self._welcome(member)
        elif is_here:
            self.room.people.enter(member.id, member.display_name, member.name)
        elif member.id in self.room.people.present:
            self.room.people.leave(member.id)
            self.room.audio.leave(member.id)

    async def _welcome(self, member: discord.Member) -> None:
        agreed = self.room.people.has_agreed(member.id)
        words = BACK if agreed else WELCOME
        await self.chat.write(words.format(who=plain(self.room.people.name(member.id))))

    async def _moved(self, voice: Voice) -> None:
        """Somebody moved us: other people hear us now."""
        if self._guild is not None and self._guild.me.voice is not None:
            voice.channel = self._guild.me.voice.channel
        if set(self.room.people.present) == {m.id for m in voice.channel.members if not m.bot}:
            return  # the way we came in
        self.room.audio.detach()
        self.room.session.interrupt()
        self._meet_everybody(voice)
        self.room.audio.attach(voice)
        self._tell(f"moved to {clean_line(voice.channel.name)}")
        await self._say_that_it_listens()

    def _session_told(self, event: SessionEvent) -> None:
        if isinstance(event, PersonaChanged):
            self._show(event.persona)

    def _show(self, persona: Persona) -> None:
        if self.settings.nickname and self._guild is not None:
            self._appearance.show(self._guild, persona)

    async def end(self) -> None:
        """Leave the channel and Discord, in two seconds at most."""
        self._background.cancel()
        self.chat.close()
        for work in (self.leave("the program ends"), self.close()):
            try:
                async with asyncio.timeout(_LEAVE_LIMIT):
                    await work
            except TimeoutError:
                log.warning("Discord did not answer at the end")
