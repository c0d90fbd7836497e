"""The conversation with a room of people: an ordinary session, its sound a voice channel.

What the user of this machine has (memory, lists, timers, tools of other programs, permissions that
he gave) is his: nothing of it is known or done here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from assistant.backends.host.child import use_one_heap
from assistant.brain.scripted.knowledge import Knowledge
from assistant.config.schema import Config
from assistant.discord.audio import DiscordAudio
from assistant.discord.memory import RoomMemory
from assistant.discord.people import AgreedTranscripts, People
from assistant.locations import data_dir
from assistant.personas.loading import LoadedPersonas
from assistant.session.events import SessionEvent, TurnEnded, TurnStarted
from assistant.session.factory import make_dependencies
from assistant.session.session import Session


def room_settings(config: Config) -> Config:
    """Of a session in a room."""
    config = config.model_copy(deep=True)
    config.session.greeting = False  # there is nobody yet
    config.session.notifications = False
    config.session.permissions = {
        tool: wanted for tool, wanted in config.session.permissions.items() if wanted == "never"
    }
    config.adapters = {}
    config.audio.mode = "open"
    config.audio.headset = True
    config.audio.echo_guard = False
    return config


def discord_folder() -> Path:
    """Where everything is that is kept of people on Discord."""
    return data_dir() / "discord"


@dataclass(slots=True)
class Room:
    """What the bot moves people and sound through."""

    session: Session
    audio: DiscordAudio
    people: People
    memory: RoomMemory
    config: Config
    _known: dict[str, Knowledge]

    def forget_words(self, name: str) -> None:
        """What was said here, too, which no file holds."""
        self._known.pop(name, None)
        words = [each.text for each in self.session.history.messages() if each.speaker == name]
        self.session.history.drop(words)


def make_room(config: Config, personas: LoadedPersonas) -> Room:
    """Raises `ConfigError` or `BackendError` for settings that cannot be, and
    `discord.opus.OpusNotLoaded` where libopus is missing."""
    use_one_heap()  # before there are threads
    config = room_settings(config)
    folder = discord_folder()
    people = People(folder / "people.json", (p.name for p in personas.loaded.values()))
    audio = DiscordAudio(config.audio)
    dependencies = make_dependencies(config, audio, personas=personas)
    floor, known = audio.floor, dict[str, Knowledge]()
    saves = config.session.save and not config.memory.private and config.memory.encryption == "off"

    def now_known(name: str) -> None:
        """What one of them told the scripted persona is not what another did."""
        if dependencies.scripted is not None:
            dependencies.scripted.knowledge = known.setdefault(name, Knowledge())

    memory_settings = config.memory.model_copy(
        update={"enabled": config.memory.enabled and config.session.save}
    )
    memory = RoomMemory(
        memory_settings,
        people,
        folder / "people",
        transcripts=folder / "transcripts",
        speaking=lambda: people.name(floor.holder),
        on_speaker=now_known,
    )
    dependencies.memory = memory
    dependencies.tools = memory.tools()
    dependencies.follow_up = memory.pending.answered
    dependencies.store = AgreedTranscripts(folder / "transcripts", people, enabled=saves)
    dependencies.speaker = lambda began, ended: people.name(floor.speaker(began, ended))
    session = Session(dependencies)
    floor.answering = lambda: session.state in ("thinking", "speaking")
    session.subscribe(_TurnWatch(audio))
    return Room(session, audio, people, memory, config, known)


class _TurnWatch:
    """Tells the floor whether the session waits for the end of a turn."""

    def __init__(self, audio: DiscordAudio) -> None:
        self._open = False
        audio.floor.turn_open = lambda: self._open

    def __call__(self, event: SessionEvent) -> None:
        if isinstance(event, TurnStarted | TurnEnded) and event.side == "user":
            self._open = isinstance(event, TurnStarted)
