"""Slash commands: what people in the room may ask of the bot. Who may, `discord.commanders` says;
those about people (`people`) are everybody's.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

import discord
from discord import app_commands

from assistant.config.schema import DiscordConfig
from assistant.discord.chat import Chat, plain
from assistant.discord.commands.people import PeopleCommands, known_name
from assistant.discord.commands.replies import NOT_HERE, follow, reply
from assistant.discord.problems import DiscordError
from assistant.discord.room import Room
from assistant.discord.voice import Joinable, Voice
from assistant.personas.loading import Persona
from assistant.session.events import AgentSaid, SessionEvent, TurnStarted
from assistant.terminal.sanitize import clean_line

ANSWER_LIMIT = 120.0
"""Seconds for which an answer to /ask is waited for."""

log = logging.getLogger(__name__)


class InRoom(Protocol):
    """What the commands need of the bot."""

    room: Room
    settings: DiscordConfig
    chat: Chat
    voice: Voice | None

    async def join(self, channel: Joinable) -> None: ...

    async def leave(self, why: str) -> None: ...


class SlashCommands:
    """All of them, for one bot, which is also the `client`."""

    def __init__(self, bot: InRoom, client: discord.Client, personas: Sequence[Persona]) -> None:
        self._bot = bot
        self._personas = list(personas)
        about_people = PeopleCommands(bot)
        self._tree = app_commands.CommandTree(client)
        self._tree.error(self._failed)
        for name, about, callback in (
            ("join", "Come into your voice channel, or into another", self._join),
            ("leave", "Leave the voice channel", self._leave),
            ("persona", "Become somebody else", self._persona),
            ("ask", "Ask in writing; the answer is said and written", self._ask),
            ("say", "Say this aloud", self._say),
            ("quiet", "Stop speaking", self._quiet),
            ("text", "Write in the chat, too, what is said", self._text),
            ("roster", "Who is here, and what is known of whom", about_people.roster),
            ("remember-me", "Let it remember what you tell it", about_people.remember),
            ("forget-me", "Delete all that is remembered of you", about_people.forget),
        ):
            self._tree.add_command(
                app_commands.Command(name=name, description=about, callback=callback)
            )
        persona = self._tree.get_command("persona")
        assert isinstance(persona, app_commands.Command)
        persona.autocomplete("name")(self._persona_names)

    async def offer(self, guild: discord.Guild) -> None:
        """Make them known to this server. Raises `discord.HTTPException`."""
        self._tree.copy_global_to(guild=guild)
        await self._tree.sync(guild=guild)

    # -- who may -----------------------------------------------------------------------------------

    def may_command(self, member: discord.Member | discord.User) -> bool:
        wanted = {str(each).strip().casefold() for each in self._bot.settings.commanders}
        if not isinstance(member, discord.Member):
            return False
        if not wanted:
            voice = self._bot.voice
            is_here = member.id in self._bot.room.people.present
            return voice is None or is_here or member.guild_permissions.manage_guild
        own = {str(member.id), member.name, member.display_name, *(r.name for r in member.roles)}
        return bool(wanted & {each.casefold() for each in own})

    async def _allowed(self, interaction: discord.Interaction) -> bool:
        """Whether he may; else he is told."""
        if self.may_command(interaction.user):
            return True
        restricted = bool(self._bot.settings.commanders)
        told = "You may not command me: `discord.commanders` says who may."
        await reply(interaction, told if restricted else NOT_HERE)
        return False

    # -- coming and going --------------------------------------------------------------------------

    @app_commands.describe(channel="Which one; yours, if left out")  # type: ignore[untyped-decorator]
    async def _join(
        self, interaction: discord.Interaction, channel: Joinable | None = None
    ) -> None:
        if not await self._allowed(interaction):
            return
        own = getattr(interaction.user, "voice", None)
        wanted = channel or (own.channel if own is not None else None)
        if not isinstance(wanted, Joinable):
            await reply(interaction, "Join a voice channel first, or name one.")
            return
        await interaction.response.defer(ephemeral=True)
        try:
            await self._bot.join(wanted)
        except DiscordError as error:
            await follow(interaction, f"{error.message}. {error.remedy}")
        else:
            await follow(interaction, f"I am in {plain(wanted.name)}.")

    async def _leave(self, interaction: discord.Interaction) -> None:
        if await self._allowed(interaction):
            if self._bot.voice is None:
                await reply(interaction, "I am in no voice channel.")
                return
            await interaction.response.defer(ephemeral=True)
            await self._bot.leave(f"{clean_line(interaction.user.display_name)} asked for it")
            await follow(interaction, "I have left.")

    # -- speaking ----------------------------------------------------------------------------------

    @app_commands.describe(name="Whom")  # type: ignore[untyped-decorator]
    async def _persona(self, interaction: discord.Interaction, name: str) -> None:
        if not await self._allowed(interaction):
            return
        slug = self._slug(name)
        if slug is None:
            names = ", ".join(plain(each.name) for each in self._personas)
            await reply(interaction, f"There is nobody called “{plain(name)}”, only {names}.")
            return
        await self._bot.room.session.change_persona(slug)
        await reply(interaction, f"{plain(self._bot.room.session.persona.name)} speaks now.")

    def _slug(self, name: str) -> str | None:
        wanted = name.strip().casefold()
        for each in self._bot.room.session.personas():
            if wanted in (each.slug.casefold(), each.name.casefold()):
                return each.slug
        return None

    async def _persona_names(
        self, interaction: discord.Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        begun = current.strip().casefold()
        found = [each for each in self._personas if begun in each.name.casefold()]
        return [app_commands.Choice(name=each.name[:100], value=each.slug) for each in found[:25]]

    @app_commands.describe(text="What you want to know")  # type: ignore[untyped-decorator]
    async def _ask(self, interaction: discord.Interaction, text: str) -> None:
        if not await self._allowed(interaction):
            return
        await interaction.response.defer()
        session, speaker = self._bot.room.session, known_name(self._bot.room, interaction.user)
        answer = _Answer()
        unsubscribe = session.subscribe(answer)
        try:
            await session.send_text(text, speaker=speaker)
            async with asyncio.timeout(ANSWER_LIMIT):
                said = await answer.whole
        except TimeoutError:
            said = ""
        finally:
            unsubscribe()
        question = f"> {plain(clean_line(text))}\n"
        answer_text = plain(said) or "I have no answer."
        await follow(interaction, question + answer_text, ephemeral=False)

    @app_commands.describe(text="The words")  # type: ignore[untyped-decorator]
    async def _say(self, interaction: discord.Interaction, text: str) -> None:
        if await self._allowed(interaction):
            if self._bot.voice is None:
                await reply(interaction, "I am in no voice channel: use `/join` first.")
                return
            self._bot.room.session.say(clean_line(text))
            await reply(interaction, "Said.")

    async def _quiet(self, interaction: discord.Interaction) -> None:
        if await self._allowed(interaction):
            self._bot.room.session.interrupt()
            await reply(interaction, "I am silent.")

    @app_commands.describe(mode="on or off")  # type: ignore[untyped-decorator]
    @app_commands.choices(  # type: ignore[untyped-decorator]
        mode=[app_commands.Choice(name=each, value=each) for each in ("on", "off")]
    )
    async def _text(self, interaction: discord.Interaction, mode: str) -> None:
        if await self._allowed(interaction):
            self._bot.chat.text = mode == "on"
            told = "I write what is said" if self._bot.chat.text else "I only speak"
            await reply(interaction, f"{told} from now on.")

    async def _failed(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        log.error("a slash command failed", exc_info=error)
        told = "That went wrong; whoever runs me finds it in the log."
        try:
            if interaction.response.is_done():
                await follow(interaction, told)
            else:
                await reply(interaction, told)
        except discord.HTTPException as again:
            log.warning("nor could that be told: %s", again)


class _Answer:
    """The next whole answer of the session's."""

    def __init__(self) -> None:
        self.whole: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._begun: set[int] = set()
        """Turns since then: what was being said before is no answer."""
        self._texts: dict[int, str] = {}

    def __call__(self, event: SessionEvent) -> None:
        if isinstance(event, TurnStarted) and event.side == "assistant":
            self._begun.add(event.turn)
        if not isinstance(event, AgentSaid) or self.whole.done() or event.turn not in self._begun:
            return
        text = self._texts.get(event.turn, "")
        self._texts[event.turn] = f"{text} {event.text}".strip() if event.text else text
        if event.final and (said := event.played or self._texts[event.turn]):
            self.whole.set_result(said)
