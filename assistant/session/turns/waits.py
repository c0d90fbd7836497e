"""Latency of an answer ("thinking …"): telling how long it takes, and a filler, once, in the
silence."""

from __future__ import annotations

import asyncio

from assistant.brain.base import Waiting
from assistant.session.event_bus import EventBus
from assistant.session.events import Notice, StillThinking
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.persona_voice import PersonaVoice

FILLER_AFTER = 4.0
"""Seconds without a word after which something is said, where the model is known to be at work."""
TOLD_EVERY = 1.0
"""Seconds."""


class Waits:
    """Of one turn of the user: the utterance that answers it, and the wait for its first word.

    Silence says nothing; only with the first sign of life is the wait told.
    """

    def __init__(self, bus: EventBus, agent_turn: AgentTurn, voice: PersonaVoice) -> None:
        self._bus = bus
        self._agent_turn = agent_turn
        self._voice = voice
        self._began = asyncio.get_running_loop().time()
        self._doing = Waiting()
        self._notices: set[str] = set()
        self._filled = False
        self._ticking: asyncio.Task[None] | None = None
        self.utterance = agent_turn.begin()
        """Where the answer is said."""

    def sign(self, sign: Waiting) -> None:
        """It is at work."""
        self._doing = sign
        if sign.notice and sign.notice not in self._notices:
            self._notices.add(sign.notice)
            self._bus.publish(Notice(text=sign.notice, key="language-model"))
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), name="waiting for a word")

    def over(self) -> None:
        """The first word is there, or none will come."""
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def take_back(self) -> None:
        """What was said was none of the answer."""
        said, self.utterance = self.utterance, self._agent_turn.begin()
        self._agent_turn.speech.take_back(said)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            seconds = loop.time() - self._began
            self._bus.publish(StillThinking(doing=self._doing.doing, seconds=seconds))
            if seconds >= FILLER_AFTER and not self._filled:
                self._filled = True
                self._fill_silence()
            await asyncio.sleep(TOLD_EVERY)

    def _fill_silence(self) -> None:
        if not self.utterance.intended and self._voice.fill(self.utterance):
            self.utterance = self._agent_turn.begin()
