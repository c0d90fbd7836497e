"""Record of a conversation: what was said on both sides, in transcript, history and memory."""

from __future__ import annotations

from datetime import datetime

from assistant.frames import Inject, Side
from assistant.loops import BackgroundTasks
from assistant.memory.conversation import ConversationMemory, KnowsSpeakers
from assistant.session.event_bus import EventBus
from assistant.session.events import Notice
from assistant.session.persona_switch import PersonaRoster
from assistant.session.signals import (
    AgentTurnEnded,
    AnsweredClient,
    PartialWords,
    SaidInPassing,
    UserTurnTaken,
    UserTurnTakenByModel,
)
from assistant.session.transcript_store import TranscriptEntry, TranscriptStore
from assistant.session.turns.messages import History
from assistant.terminal.sanitize import clean_text


class ConversationRecord:
    """Writes down each turn once it is known what of it counts."""

    def __init__(
        self,
        bus: EventBus,
        store: TranscriptStore,
        history: History,
        memory: ConversationMemory,
        roster: PersonaRoster,
        background: BackgroundTasks,
    ) -> None:
        self.last_answer = ""
        """The last thing that was said, in full even where it was interrupted."""
        self._bus = bus
        self._store = store
        self._history = history
        self._memory = memory
        self._roster = roster
        self._background = background
        bus.on(PartialWords, lambda event: memory.prepare(event.text))
        bus.on(SaidInPassing, lambda event: self._keep_words(event.text, event.speaker))
        bus.on(UserTurnTaken, self._user_turn)
        bus.on(UserTurnTakenByModel, self._user_turn_for_model)
        bus.on(AnsweredClient, self._for_client)
        bus.on(AgentTurnEnded, self._agent_turn)

    def close(self) -> None:
        self._store.close()

    def _user_turn(self, event: UserTurnTaken) -> None:
        """Into the transcript what was said, into the history what it belongs together with."""
        said = clean_text(event.said)
        self._keep_words(said, event.speaker)
        if isinstance(self._memory, KnowsSpeakers):
            self._memory.speaks(event.speaker)
        self._memory.heard(said)
        answered, persona = clean_text(event.answered), self._roster.current.slug
        self._history.add("user", answered, persona, event.speaker)

    def _user_turn_for_model(self, event: UserTurnTakenByModel) -> None:
        self._user_turn(UserTurnTaken(event.said, event.said, event.speaker))
        self._background.run(self._make_known(event.said))

    def _for_client(self, event: AnsweredClient) -> None:
        """Part of what was said here, but the other program's to remember."""
        said = clean_text(event.text)
        self._keep_words(said)
        self._history.add("user", said, self._roster.current.slug)

    async def _make_known(self, text: str) -> None:
        """What comes to mind at these words, to a model that answers by itself."""
        if context := await self._memory.news(text):
            self._bus.publish(Inject(context))

    def _agent_turn(self, event: AgentTurnEnded) -> None:
        utterance, heard = event.utterance, clean_text(event.heard)
        if utterance.aside:
            return
        self._history.add("assistant", heard, utterance.persona)
        if heard:
            # What a model says by itself was never handed over: its words came with its sound.
            intended = clean_text(utterance.intended.strip() or utterance.text())
            self.last_answer = intended or heard
            name = self._roster.name_of(utterance.persona)
            self._keep("assistant", name, intended, heard, event.interrupted)
            if not utterance.client:
                self._memory.said(heard, utterance.persona, name)

    def _keep_words(self, said: str, speaker: str = "") -> None:
        self._keep("user", speaker or "You", self._memory.without_secrets(said))

    def _keep(
        self, side: Side, name: str, text: str, played: str = "", interrupted: bool = False
    ) -> None:
        """Write a turn into the transcript; a full disk is told once."""
        entry = TranscriptEntry(datetime.now(), side, name, text, interrupted, played)
        problem = self._store.append(entry)
        if problem:
            self._bus.publish(Notice(text=problem, severity="warning", key="store"))
