"""Session dependencies: what a session is made of, by `assistant.session.factory`, or of fakes in
tests.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from assistant.audio.base import AudioIO
from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import Choice
from assistant.brain.base import Brain
from assistant.brain.scripted import ScriptedBrain
from assistant.brain.switch import BrainSwitch
from assistant.config.schema import Config
from assistant.emotion.watch import FeelingWatch
from assistant.frames import AnyEvent, Load
from assistant.language.command_patterns import SpokenCommand
from assistant.memory.conversation import ConversationMemory, NoMemory
from assistant.personas.loading import Persona
from assistant.session.events import Notice
from assistant.session.persona_switch import LineChooser
from assistant.session.transcript_store import TranscriptStore
from assistant.skills.lists import Lists
from assistant.skills.schedule import Schedule
from assistant.tools.registry import Tool

MakeBackend = Callable[[Load, Callable[[AnyEvent], None]], BackendProcess]
MakeBrain = Callable[[Callable[[Notice], None]], Awaitable[Brain]]


@dataclass(slots=True)
class SessionDependencies:
    """Handed to `Session`."""

    config: Config
    personas: list[Persona]
    audio: AudioIO
    choice: Choice
    make_backend: MakeBackend
    load: Load
    make_brain: MakeBrain
    known_lines: Callable[[Persona], list[str]]
    store: TranscriptStore
    lines: LineChooser
    memory: ConversationMemory = field(default_factory=NoMemory)
    last_turn: Path | None = None
    """Where the times of the last turn are kept; None: nowhere."""
    brains: BrainSwitch | None = None
    """Where `make_brain` is of it: changes who answers. None: that cannot be changed."""
    scripted: ScriptedBrain | None = None
    """The scripted persona, which knows what it was told."""
    clock: Callable[[], float] | None = None
    """Seconds on the input's clock, in `assistant talk`; else the time since the start."""
    tools: list[Tool] = field(default_factory=list)
    """Those that there are beside the built-in ones."""
    speaker: Callable[[float, float], str] = lambda began, ended: ""
    """Who of several people was heard between two moments of the input's clock, in seconds; ""
    where there is one user, or it is not known."""
    follow_up: Callable[[str], SpokenCommand | None] = lambda text: None
    """The call that answers a question which one of these has asked back."""
    spoken: Callable[[str], SpokenCommand | None] = lambda text: None
    """The call that words ask for of one of these, before any skill is asked."""
    prefetched: set[str] = field(default_factory=set)
    """Texts that would sound at once; the session adds to it, whoever chooses lines looks."""
    schedule: Schedule = field(default_factory=Schedule)
    """Timers, alarms and reminders."""
    remember_permission: Callable[[str], None] = lambda tool: None
    """The user wants this tool to run without being asked, in the next conversation, too. Writes a
    file: it is called beside the event loop."""
    notify: Callable[[str, str], None] = lambda title, text: None
    """Shows on the desktop what rings."""
    lists: Lists = field(default_factory=Lists)
    """The user's lists."""
    feelings: FeelingWatch | None = field(default_factory=FeelingWatch)
    """Reads how the user is; None: nobody does."""
    is_first: Callable[[], bool] = lambda: False
    """Nobody has talked here before, as far as that may be known. Reads files: it is called beside
    the event loop."""
    met: Callable[[], frozenset[str]] = frozenset
    """Slugs of the personas that the user talked to before, as saved transcripts tell. Reads files:
    it is called beside the event loop."""
