"""`assistant discord`: a voice channel as microphone and speaker; `--cable`: any call program."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from assistant.backends.base import BackendError
from assistant.commands.plain import libraries_speak_to_the_log, plain_command
from assistant.commands.runner import tell
from assistant.config.schema import Config
from assistant.discord.problems import DiscordError, explained, require_libraries, token_of
from assistant.loops import ExitDeadline
from assistant.session.events import Failure, LoadProgress, Notice, SessionEvent
from assistant.session.factory import find_personas, start_and_wait

if TYPE_CHECKING:
    import aiohttp

    from assistant.discord.room import Room

_EXIT_SECONDS = 2.0
_NOISY = ("discord", "aiohttp")

log = logging.getLogger(__name__)


def discord_command(config: Config) -> int:
    """Be on Discord until a signal comes (128 and its number). Raises `DiscordError` where that
    cannot be, with what to click; `BackendError` where nothing can speak here."""
    require_libraries()
    token = token_of(config.discord)
    for name in _NOISY:
        # What they tell in detail holds tokens, and who said what when.
        logging.getLogger(name).setLevel(logging.WARNING)
    with ExitDeadline(_EXIT_SECONDS) as deadline, libraries_speak_to_the_log():
        return asyncio.run(run_bot(config, token, deadline))


async def run_bot(
    config: Config,
    token: str,
    deadline: ExitDeadline,
    connector: aiohttp.BaseConnector | None = None,
) -> int:
    """See `discord_command`."""
    from assistant.discord.bot import Bot
    from assistant.discord.room import make_room

    personas = find_personas(config)
    room = make_room(config, personas)
    room.session.subscribe(_session_told)
    bot = Bot(room, list(personas.loaded.values()), tell, connector)
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    deadline.on_signals(lambda number: _stop(stopped, 128 + number))
    running = asyncio.create_task(_be_there(room, bot, token), name="discord")
    try:
        waited: list[asyncio.Future[Any]] = [running, stopped, bot.failed]
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if stopped.done():
            return stopped.result()
        if bot.failed.done():
            raise bot.failed.result()
        await running
        return 0
    except Exception as error:
        known = explained(error, config.discord)
        if known is None or isinstance(error, BackendError | DiscordError):
            raise
        raise known from error
    finally:
        # It leaves the channel while Discord is still listened to, which answers that it has.
        await asyncio.gather(bot.end(), room.session.stop(), return_exceptions=True)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def _be_there(room: Room, bot: object, token: str) -> None:
    """The token is tried first, for that is quick; then the voice is loaded, then it connects."""
    from assistant.discord.bot import Bot

    assert isinstance(bot, Bot)
    await bot.login(token)
    await start_and_wait(room.session)
    await bot.connect()


def _stop(stopped: asyncio.Future[int], code: int) -> None:
    if not stopped.done():
        stopped.set_result(code)


def _session_told(event: SessionEvent) -> None:
    match event:
        case LoadProgress(fraction=None, text=text):
            tell(text)
        case Failure() | Notice(severity="warning") | Notice(severity="error"):
            remedy = f" – {event.remedy}" if event.remedy else ""
            tell(f"{event.text}{remedy}")


def cable_command(config: Config) -> int:
    """Talk through a virtual cable until a signal or the end of standard input. Raises
    `CableError` where there can be none."""
    from assistant.audio.devices.cable import virtual_cable
    from assistant.audio.devices.live import LiveAudio

    with virtual_cable() as cable:
        config.audio.input_device = cable.hears
        config.audio.output_device = cable.speaks
        config.audio.headset = True
        config.audio.echo_guard = False
        config.audio.mode = "open"
        for line in cable.advice:
            tell(line)
        return plain_command(config, LiveAudio(config.audio))
