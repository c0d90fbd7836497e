"""Slash commands about people: who is here, what is kept of whom, and what of oneself may be. They
are everybody's."""

from __future__ import annotations

import logging
from datetime import date
from typing import Protocol

import discord
from discord import app_commands

from assistant.discord.chat import plain
from assistant.discord.commands.replies import NOT_HERE, follow, reply
from assistant.discord.room import Room
from assistant.memory.base import MemoryFailure
from assistant.terminal.sanitize import clean_line

_AGREED = (
    "From now on I remember what you tell me, on this machine only, under the name {name}: what "
    "you say to me, what I answer, and what follows from it. `/forget-me` deletes all of it."
)
_OFF = "Nothing is remembered here: memory is switched off in the settings."

log = logging.getLogger(__name__)


class HasRoom(Protocol):
    """What these need of the bot."""

    room: Room


class PeopleCommands:
    def __init__(self, bot: HasRoom) -> None:
        self._bot = bot

    @app_commands.describe(about="A name, or two: “Ada and Ben”")  # type: ignore[untyped-decorator]
    async def roster(self, interaction: discord.Interaction, about: str = "") -> None:
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
        await follow(interaction, "\n".join(lines) or "Nobody is here, and I remember nobody.")

    async def _tell_of(self, interaction: discord.Interaction, about: str) -> None:
        """Who one is, or how two stand to each other: for those who could have heard it."""
        room, user = self._bot.room, interaction.user
        if user.id not in room.people.present and not room.people.has_agreed(user.id):
            await follow(interaction, NOT_HERE)
            return
        who, _, other = (part.strip() for part in about.partition(" and "))
        told = await room.memory.how_people_stand(clean_line(who), clean_line(other))
        await follow(interaction, plain(told))

    async def remember(self, interaction: discord.Interaction) -> None:
        room, user = self._bot.room, interaction.user
        if not room.memory.enabled:
            await reply(interaction, _OFF)
            return
        name = known_name(room, user)
        try:
            room.people.agree(user.id, date.today())
        except OSError as error:
            log.warning("an agreement could not be written: %s", error)
            await reply(interaction, "That could not be written down, so I keep nothing of you.")
            return
        await reply(interaction, _AGREED.format(name=f"“{plain(name)}”"))

    async def forget(self, interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True)
        room, user = self._bot.room, interaction.user
        known_name(room, user)
        names = list(room.people.names(user.id))
        try:
            gone = await room.memory.memories.forget_person(user.id)
        except (MemoryFailure, OSError) as error:
            log.exception("somebody could not be forgotten whole")
            why = error.spoken if isinstance(error, MemoryFailure) else "a file is in the way"
            told = f"Not all of it could be deleted: {why}. Whoever runs me has to look at the log."
            await follow(interaction, told)
            return
        finally:
            room.forget_words(user.id, names)
        await follow(
            interaction,
            f"Deleted: {_count(gone.memories, 'memory', 'memories')} and "
            f"{_count(gone.turns, 'turn', 'turns')} of our conversations. I keep nothing more of "
            "you.",
        )


def known_name(room: Room, user: discord.Member | discord.User) -> str:
    """How he is called in the room, from now on: without the privileged intent for members,
    Discord tells of another nickname only with what somebody does."""
    return room.people.known_as(user.id, user.display_name, user.name)


def _count(n: int, one: str, more: str) -> str:
    return f"{n} {one if n == 1 else more}"
