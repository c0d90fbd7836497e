"""Stage channels: who joins one only listens, until a moderator lets him speak (Discord's
documentation, resource Voice, section Modify Current User Voice State)."""

from __future__ import annotations

import logging

import discord

from assistant.terminal.sanitize import clean_line

log = logging.getLogger(__name__)

_INVITE = "right click on the bot among the audience → Invite to Speak"


async def ask_to_speak(me: discord.Member) -> str:
    """Speak where the bot may decide that itself, else ask for it; what people have to do for it,
    "" for nothing. `me` is in a voice channel."""
    state = me.voice
    if state is None or not isinstance(state.channel, discord.StageChannel) or not state.suppress:
        return ""
    name = clean_line(state.channel.name)
    try:
        await me.edit(suppress=False)  # a moderator of the stage
        return ""
    except discord.HTTPException as error:
        log.info("it may not let itself speak: %s", error)
    try:
        await me.request_to_speak()
    except discord.HTTPException as error:
        log.warning("asking to speak: %s", error)
        return (
            f"{name} is a stage, on which the bot may only listen: {_INVITE}; or Edit Channel → "
            "Permissions → allow “Request to Speak” to its role"
        )
    asked = f"{name} is a stage; the bot has asked to speak: a moderator has to accept it"
    return f"{asked}, or {_INVITE}"
