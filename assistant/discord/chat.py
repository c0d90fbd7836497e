"""What the bot writes into a voice channel's own chat."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import discord

from assistant.discord.problems import DOCS
from assistant.discord.room import Room
from assistant.discord.voice import Joinable
from assistant.loops import BackgroundTasks
from assistant.session.events import AgentSaid, SessionEvent, UserSaid
from assistant.terminal.sanitize import clean_line

_LONGEST_MESSAGE = 2000
NOTICE = (
    "I am {name}, an assistant that is no human. From now on **I listen to what is said in this "
    "voice channel**, to answer. Nothing of what you say is kept, unless you agree with "
    "`/remember-me`; `/forget-me` takes that back. `/quiet` silences me, `/leave` sends me away."
)
SPOKEN_NOTICE = "Hello. I am {name}. I listen to what is said in this channel."
WELCOME = (
    "{who}: I listen to what is said here, to answer. Nothing of it is kept, unless you use "
    "`/remember-me`."
)
BACK = "{who}: I listen here. You agreed to be remembered; `/forget-me` takes that back."

log = logging.getLogger(__name__)


class Chat:
    """What is written into the voice channel's own chat, where those who are in it look.

    `text`: what is said is written, too, by whom and as far as it was heard.
    """

    def __init__(
        self,
        room: Room,
        channel: Callable[[], Joinable | None],
        tell: Callable[[str], None],
    ) -> None:
        """`channel` gives the one we are in; `tell` shows a line to whoever runs the program."""
        self.text = room.config.discord.text
        self._room = room
        self._channel = channel
        self._tell = tell
        self._told = False
        self._writing = asyncio.Lock()
        self._background = BackgroundTasks()
        room.session.subscribe(self._session_told)

    async def write(self, text: str) -> None:
        """Where that is not allowed, whoever runs the program is told, once."""
        channel = self._channel()
        if channel is None:
            return
        try:
            async with self._writing:  # in the order in which it was said
                await channel.send(text[:_LONGEST_MESSAGE])
        except discord.HTTPException as error:
            log.warning("nothing could be written: %s", error)
            if not self._told:
                self._told = True
                name = clean_line(channel.name)
                self._tell(
                    f"the bot may not write in {name} – Edit Channel → Permissions → allow it "
                    f"“Send Messages”. {DOCS}"
                )

    def close(self) -> None:
        self._background.cancel()

    def _session_told(self, event: SessionEvent) -> None:
        match event:
            case UserSaid(final=True, text=text, speaker=speaker) if text and self.text:
                self._write_turn(speaker or "Somebody", text)
            case AgentSaid(final=True, played=played, persona=slug) if played and self.text:
                names = {each.slug: each.name for each in self._room.session.personas()}
                self._write_turn(names.get(slug, slug), played)

    def _write_turn(self, name: str, text: str) -> None:
        self._background.run(self.write(f"**{plain(name)}:** {plain(text)}"))


def plain(text: str) -> str:
    """Shown as it is: no markup, and nobody is called."""
    return str(discord.utils.escape_markdown(discord.utils.escape_mentions(text)))
