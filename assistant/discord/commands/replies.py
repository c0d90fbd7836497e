"""What is told to who has used a slash command."""

from __future__ import annotations

import discord

from assistant.discord.chat import parts_of

NOT_HERE = "Join my voice channel first, or ask somebody who may command me."


async def reply(interaction: discord.Interaction, text: str) -> None:
    """Only he sees it."""
    first, *others = parts_of(text)
    await interaction.response.send_message(first, ephemeral=True)
    for part in others:
        await interaction.followup.send(part, ephemeral=True)


async def follow(interaction: discord.Interaction, text: str, *, ephemeral: bool = True) -> None:
    """As the command was answered first: to all, or to him alone."""
    for part in parts_of(text):
        await interaction.followup.send(part, ephemeral=ephemeral)
