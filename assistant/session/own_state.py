"""Own state: what a session can truly say of itself, from its settings and its last events."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from assistant.config.plugins import plugin_names
from assistant.config.schema import BRAIN_KINDS, Config
from assistant.locations import data_dir, memory_dir
from assistant.memory.conversation import ConversationMemory
from assistant.models.web import is_loopback
from assistant.session.event_bus import EventBus
from assistant.session.events import AudioChanged, BackendChosen, BrainChosen, FirstSample
from assistant.session.persona_switch import PersonaRoster
from assistant.session.transcript_store import TranscriptStore
from assistant.skills.about import OwnFacts
from assistant.skills.moments import spoken_duration
from assistant.skills.schedule import Schedule

_MOST_TIMERS = 3
"""That a prompt tells of."""


class OwnState:
    """Follows the events of a session; `facts` is how things stand."""

    def __init__(
        self,
        bus: EventBus,
        config: Config,
        store: TranscriptStore,
        memory: ConversationMemory,
        roster: PersonaRoster,
        schedule: Schedule | None = None,
        asked: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`asked()`: the address that questions are sent to, "" where nowhere, None where only the
        settings tell yet."""
        self._config = config
        self._store = store
        self._memory = memory
        self._roster = roster
        self._schedule = schedule or Schedule()
        self._asked = asked
        self._audio: AudioChanged | None = None
        self._backend: BackendChosen | None = None
        self._brain = ""
        self._answered: FirstSample | None = None
        bus.on(AudioChanged, self._audio_changed)
        bus.on(BackendChosen, self._backend_chosen)
        bus.on(BrainChosen, self._brain_chosen)
        bus.on(FirstSample, self._first_sample)

    def facts(self) -> OwnFacts:
        audio, backend, last = self._audio, self._backend, self._answered
        others = [each for each in self._roster.everyone() if each is not self._roster.current]
        return OwnFacts(
            microphone=audio.microphone if audio else None,
            muted=bool(audio and audio.muted),
            waits_for_key=bool(audio and audio.push_to_talk and not audio.talk_key),
            private=self._memory.private,
            transcripts=_short(self._store.folder) if self._store.folder else "",
            unwritten=bool(self._store.waiting),
            memory=self._where_memory_is(),
            sealed=self._config.memory.encryption != "off",
            data=_short(data_dir()),
            backend=backend.name if backend else "",
            engine=backend.engine if backend else "",
            brain=self._brain,
            hosts=self._hosts(),
            plugins=self._plugins(),
            latency=last.latency if last else None,
            stages=last.stages if last else {},
            personas=tuple(each.name for each in others),
            remembers=self._memory.enabled,
            volume=audio.volume if audio else None,
            rate=audio.rate if audio else None,
            persona=self._roster.current.name,
        )

    def touched(self, text: str) -> list[str]:
        """What of all this the user's words touch, in short sentences that tell a language model
        what it would guess: two of them at most, some 60 tokens."""
        told = [tell(self) for pattern, tell in _TOUCHED if pattern.search(text)]
        return [each for each in told if each][:2]

    def _told_personas(self) -> str:
        names = ", ".join(each.name for each in self._roster.everyone())
        return f"You are {self._roster.current.name}. The only personas are {names}."

    def _told_timers(self) -> str:
        timers = self._schedule.timers()[:_MOST_TIMERS]
        if not timers:
            return "No timer, alarm or reminder is set."
        left = [
            f"{each.called}, {spoken_duration(timedelta(seconds=each.due - time.time()))} left"
            for each in timers
        ]
        return f"Set are: {'; '.join(left)}."

    def _told_sound(self) -> str:
        audio = self._audio
        if audio is None:
            return ""
        return (
            f"Your volume is {audio.volume:.0%}, your rate of speech {audio.rate:g} times normal."
        )

    def _told_microphone(self) -> str:
        audio = self._audio
        if audio is None or audio.microphone is None:
            return "There is no microphone: the user types."
        return "The microphone is muted." if audio.muted else "The microphone is on."

    def _told_model(self) -> str:
        return f"Your answers come from {self._brain}." if self._brain else ""

    def _where_memory_is(self) -> str:
        settings = self._config.memory
        if not self._memory.enabled:
            return ""
        if settings.server:
            return f"the memory of {_host(settings.server)}"
        return _short(memory_dir()) if settings.store == "files" else f"{settings.store}'s store"

    def _hosts(self) -> dict[str, str]:
        """Other machines, by what they are sent."""
        config = self._config
        backend = self._backend.name if self._backend else ""
        asked = self._asked()
        if asked is None and config.brain.kind != "scripted":
            asked = config.brain.url
        remembered = config.memory.qdrant.url if config.memory.store == "qdrant" else ""
        memory = (config.memory.server or remembered) if self._memory.enabled else ""
        sent = {
            "what I hear": config.backend.server.url if backend == "moshi-server" else "",
            "what you ask": asked if backend != "moshi-server" else "",
            "what I remember": memory,
        }
        return {what: _host(url) for what, url in sent.items() if url and not is_loopback(url)}

    def _plugins(self) -> tuple[str, ...]:
        """Parts that are not ours, and models that their server may run elsewhere."""
        config = self._config
        backend = self._backend.name if self._backend else ""
        store = config.memory.store if self._memory.enabled else "files"
        own_mem0 = store == "mem0" and not config.memory.mem0.config
        found = {
            "the backend": backend if backend in plugin_names("assistant.backends") else "",
            "the brain": config.brain.kind if config.brain.kind not in BRAIN_KINDS else "",
            "the model": self._brain if "cloud" in self._brain else "",
            "the memory": "" if store in ("files", "qdrant") or own_mem0 else store,
            "the tools": ", ".join(sorted(plugin_names("assistant.tools"))),
        }
        return tuple(f"{what} {name}" for what, name in found.items() if name)

    def _audio_changed(self, event: AudioChanged) -> None:
        self._audio = event

    def _backend_chosen(self, event: BackendChosen) -> None:
        self._backend = event

    def _brain_chosen(self, event: BrainChosen) -> None:
        self._brain = event.label

    def _first_sample(self, event: FirstSample) -> None:
        if event.latency is not None:
            self._answered = event


_TOUCHED: tuple[tuple[re.Pattern[str], Callable[[OwnState], str]], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), tell)
    for words, tell in (
        (
            r"personas?|characters?|themes?|personalit(?:y|ies)|voices?|who else|switch|become",
            OwnState._told_personas,
        ),
        (r"timers?|alarms?|remind(?:ers?)?|remind me|wake me", OwnState._told_timers),
        (r"volume|loud(?:er)?|quiet(?:er)?|faster|slower|speed|rate", OwnState._told_sound),
        (r"microphone|mic|muted?|listen(?:ing)?|hear me", OwnState._told_microphone),
        (r"model|llm|a\.?i\.?|brain|neural", OwnState._told_model),
    )
)


def _host(url: str) -> str:
    """Without a port, a name or a password."""
    try:
        return urlsplit(url if "//" in url else f"//{url}").hostname or "another machine"
    except ValueError:
        return "another machine"


def _short(folder: Path) -> str:
    """As a person writes it: "~/.local/share/assistant"."""
    try:
        return f"~/{folder.relative_to(Path.home()).as_posix()}"
    except (ValueError, RuntimeError):
        return str(folder)
