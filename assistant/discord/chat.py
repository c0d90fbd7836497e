"""What the bot writes into a voice channel's own chat."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable

import aiohttp
import discord

from assistant.discord.problems import DOCS
from assistant.discord.room import Room
from assistant.discord.voice import Joinable
from assistant.loops import BackgroundTasks
from assistant.session.events import AgentSaid, SessionEvent, UserSaid
from assistant.terminal.sanitize import clean_line

_LONGEST_MESSAGE = 2000
_MOST_MESSAGES = 5
"""Of one text."""
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
        """Never raises for what Discord does; whoever runs the program is told once that the bot
        may not write."""
        channel = self._channel()
        if channel is None:
            return
        try:
            async with self._writing:  # in the order in which it was said
                for part in parts_of(text):
                    await channel.send(part)
        except discord.Forbidden as error:
            log.warning("nothing could be written: %s", error)
            if not self._told:
                self._told = True
                name = clean_line(channel.name)
                self._tell(
                    f"the bot may not write in {name} – Edit Channel → Permissions → allow it "
                    f"“Send Messages”. {DOCS}"
                )
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            log.warning("something could not be written: %s", error)

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
    """Shown as it is: no markup, nobody is called, and no link begins that the words behind it
    would end."""
    shown = str(discord.utils.escape_markdown(discord.utils.escape_mentions(text)))
    return re.sub(r"(?<!\\)[\[\]<]", r"\\\g<0>", shown)


def parts_of(text: str) -> list[str]:
    """A text in messages that Discord takes, cut between lines or words where it can be."""
    parts: list[str] = []
    while len(text) > _LONGEST_MESSAGE and len(parts) < _MOST_MESSAGES - 1:
        head = text[: _LONGEST_MESSAGE + 1]
        cut = max(head.rfind("\n"), head.rfind(" "))
        cut = cut if cut > _LONGEST_MESSAGE // 2 else _whole_escape(head[:_LONGEST_MESSAGE])
        parts.append(text[:cut].rstrip())
        text = text[cut:].lstrip()
    if len(text) > _LONGEST_MESSAGE:
        text = f"{text[: _whole_escape(text[: _LONGEST_MESSAGE - 2])]} …"
    return [part for part in (*parts, text) if part]


def _whole_escape(text: str) -> int:
    """Its length without a backslash at the end, which would lose what it escapes."""
    return len(text) - (len(text) - len(text.rstrip("\\"))) % 2
