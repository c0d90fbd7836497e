"""Slash commands: what people in the room may ask of the bot.

/remember-me, /forget-me and /roster are everybody's, for they are about oneself; who may use the
others, `discord.commanders` says.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from datetime import date
from typing import Protocol

import discord
from discord import app_commands

from assistant.config.schema import DiscordConfig
from assistant.discord.chat import Chat, parts_of, plain
from assistant.discord.problems import DiscordError
from assistant.discord.room import Room
from assistant.discord.voice import Joinable, Voice
from assistant.memory.base import MemoryFailure
from assistant.personas.loading import Persona
from assistant.session.events import AgentSaid, SessionEvent, TurnStarted
from assistant.terminal.sanitize import clean_line

ANSWER_LIMIT = 120.0
"""Seconds for which an answer to /ask is waited for."""
_AGREED = (
    "From now on I remember what you tell me, on this machine only, under the name {name}: what "
    "you say to me, what I answer, and what follows from it. `/forget-me` deletes all of it."
)
_NOT_HERE = "Join my voice channel first, or ask somebody who may command me."
_OFF = "Nothing is remembered here: memory is switched off in the settings."

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
            ("roster", "Who is here, and what is known of whom", self._roster),
            ("remember-me", "Let it remember what you tell it", self._remember),
            ("forget-me", "Delete all that is remembered of you", self._forget),
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
        await _reply(interaction, told if restricted else _NOT_HERE)
        return False

    def _name(self, user: discord.Member | discord.User) -> str:
        """How he is called in the room, from now on: without the privileged intent for members,
        Discord tells of another nickname only with what somebody does."""
        return self._bot.room.people.known_as(user.id, user.display_name, user.name)

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
            await _reply(interaction, "Join a voice channel first, or name one.")
            return
        await interaction.response.defer(ephemeral=True)
        try:
            await self._bot.join(wanted)
        except DiscordError as error:
            await _follow(interaction, f"{error.message}. {error.remedy}")
        else:
            await _follow(interaction, f"I am in {plain(wanted.name)}.")

    async def _leave(self, interaction: discord.Interaction) -> None:
        if await self._allowed(interaction):
            if self._bot.voice is None:
                await _reply(interaction, "I am in no voice channel.")
                return
            await interaction.response.defer(ephemeral=True)
            await self._bot.leave(f"{clean_line(interaction.user.display_name)} asked for it")
            await _follow(interaction, "I have left.")

    # -- speaking ----------------------------------------------------------------------------------

    @app_commands.describe(name="Whom")  # type: ignore[untyped-decorator]
    async def _persona(self, interaction: discord.Interaction, name: str) -> None:
        if not await self._allowed(interaction):
            return
        slug = self._slug(name)
        if slug is None:
            names = ", ".join(plain(each.name) for each in self._personas)
            await _reply(interaction, f"There is nobody called “{plain(name)}”, only {names}.")
            return
        await self._bot.room.session.change_persona(slug)
        await _reply(interaction, f"{plain(self._bot.room.session.persona.name)} speaks now.")

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
        session, speaker = self._bot.room.session, self._name(interaction.user)
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
        await _follow(interaction, question + answer_text, ephemeral=False)

    @app_commands.describe(text="The words")  # type: ignore[untyped-decorator]
    async def _say(self, interaction: discord.Interaction, text: str) -> None:
        if await self._allowed(interaction):
            if self._bot.voice is None:
                await _reply(interaction, "I am in no voice channel: use `/join` first.")
                return
            self._bot.room.session.say(clean_line(text))
            await _reply(interaction, "Said.")

    async def _quiet(self, interaction: discord.Interaction) -> None:
        if await self._allowed(interaction):
            self._bot.room.session.interrupt()
            await _reply(interaction, "I am silent.")

    @app_commands.describe(mode="on or off")  # type: ignore[untyped-decorator]
    @app_commands.choices(  # type: ignore[untyped-decorator]
        mode=[app_commands.Choice(name=each, value=each) for each in ("on", "off")]
    )
    async def _text(self, interaction: discord.Interaction, mode: str) -> None:
        if await self._allowed(interaction):
            self._bot.chat.text = mode == "on"
            told = "I write what is said" if self._bot.chat.text else "I only speak"
            await _reply(interaction, f"{told} from now on.")

    # -- people ------------------------------------------------------------------------------------

    @app_commands.describe(about="A name, or two: “Ada and Ben”")  # type: ignore[untyped-decorator]
    async def _roster(self, interaction: discord.Interaction, about: str = "") -> None:
        await interaction.response.defer(ephemeral=True)
        if about.strip():
            await self._tell_of(interaction, about)
            return
        people, memory = self._bot.room.people, self._bot.room.memory
        lines, agreed = [], people.agreed()
        is_here = interaction.user.id in people.present
        for user in dict.fromkeys((*people.present, *agreed)):
            where = "here" if user in people.present else "not here"
            line = f"**{plain(people.name(user))}** – {where}"
            if user not in agreed:
                lines.append(f"{line}; nothing is kept of what is said")
                continue
            line += f"; remembered since {agreed[user].since}"
            if not (is_here or user == interaction.user.id):
                lines.append(line)  # who agreed told it to the room
                continue
            try:
                relations, lately = await memory.known_of(user)
            except MemoryFailure as error:
                log.warning("roster: %s", error)
                relations, lately = [], []
            if relations:
                line += f"\n  – {plain(' '.join(relations))}"
            if lately:
                line += f"\n  – lately: {plain(' '.join(lately))}"
            lines.append(line)
        await _follow(interaction, "\n".join(lines) or "Nobody is here, and I remember nobody.")

    async def _tell_of(self, interaction: discord.Interaction, about: str) -> None:
        """Who one is, or how two stand to each other: for those who could have heard it."""
        room, user = self._bot.room, interaction.user
        if user.id not in room.people.present and not room.people.has_agreed(user.id):
            await _follow(interaction, _NOT_HERE)
            return
        who, _, other = (part.strip() for part in about.partition(" and "))
        told = await room.memory.how_people_stand(clean_line(who), clean_line(other))
        await _follow(interaction, plain(told))

    async def _remember(self, interaction: discord.Interaction) -> None:
        room, user = self._bot.room, interaction.user
        if not room.memory.enabled:
            await _reply(interaction, _OFF)
            return
        name = self._name(user)
        try:
            room.people.agree(user.id, date.today())
        except OSError as error:
            log.warning("an agreement could not be written: %s", error)
            await _reply(interaction, "That could not be written down, so I keep nothing of you.")
            return
        await _reply(interaction, _AGREED.format(name=f"“{plain(name)}”"))

    async def _forget(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        room, user = self._bot.room, interaction.user
        self._name(user)
        names = list(room.people.names(user.id))
        try:
            gone = await room.memory.memories.forget_person(user.id)
        except (MemoryFailure, OSError) as error:
            log.exception("somebody could not be forgotten whole")
            why = error.spoken if isinstance(error, MemoryFailure) else "a file is in the way"
            told = f"Not all of it could be deleted: {why}. Whoever runs me has to look at the log."
            await _follow(interaction, told)
            return
        finally:
            room.forget_words(user.id, names)
        await _follow(
            interaction,
            f"Deleted: {_count(gone.memories, 'memory', 'memories')} and "
            f"{_count(gone.turns, 'turn', 'turns')} of our conversations. I keep nothing more of "
            "you.",
        )

    async def _failed(
        self, interaction: discord.Interaction, error: app_commands.AppCommandError
    ) -> None:
        log.error("a slash command failed", exc_info=error)
        told = "That went wrong; whoever runs me finds it in the log."
        try:
            if interaction.response.is_done():
                await _follow(interaction, told)
            else:
                await _reply(interaction, told)
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


async def _reply(interaction: discord.Interaction, text: str) -> None:
    """Only he sees it."""
    first, *others = parts_of(text)
    await interaction.response.send_message(first, ephemeral=True)
    for part in others:
        await interaction.followup.send(part, ephemeral=True)


async def _follow(interaction: discord.Interaction, text: str, *, ephemeral: bool = True) -> None:
    """As the command was answered first: to all, or to him alone."""
    for part in parts_of(text):
        await interaction.followup.send(part, ephemeral=ephemeral)


def _count(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"
