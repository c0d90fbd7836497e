"""Own state: what a session can truly say of itself, from its settings and its last events."""

from __future__ import annotations

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


class OwnState:
    """Follows the events of a session; `facts` is how things stand."""

    def __init__(
        self,
        bus: EventBus,
        config: Config,
        store: TranscriptStore,
        memory: ConversationMemory,
        roster: PersonaRoster,
    ) -> None:
        self._config = config
        self._store = store
        self._memory = memory
        self._roster = roster
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
        )

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
        asked = config.brain.url if config.brain.kind != "scripted" else None
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
