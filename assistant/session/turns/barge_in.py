"""Barge-in: the user speaks while the assistant speaks. Fall silent at once, then see what it was.

    voice noticed ─► paused ─┬─ no words within 600 ms, or only "mm-hm" ─► goes on where it stopped
                             └─ words ─► the turn is over; what was not heard was never said

A pause costs nothing but a moment, so it comes on the first sign; the turn is given up only when
the user's words are there. All times are the session's clock, looked at once a frame.
"""

from __future__ import annotations

from typing import Literal

from assistant.language.command_patterns import saying
from assistant.session.backend_events import BackendEvents
from assistant.session.event_bus import EventBus
from assistant.session.events import AnswerPaused, AnswerResumed, TurnStarted
from assistant.session.signals import (
    AnswerStopped,
    NothingHeard,
    PartialWords,
    StopAnswer,
    VoiceNoticed,
)
from assistant.session.turns.agent_turn import AgentTurn

WORDS_WITHIN = 0.6
"""Seconds of pause after which a sound that brought no words was none."""
WORDS_LATE = 1.2
"""… where a turn of the user is under way and the recogniser still owes its words."""
NOISE_LASTS = 3.0
"""… where the voice goes on all the while: music, a crying child."""
_GOING_ON = 1.2
"""Seconds of answer left from which "yes" or "right" is no answer to its last question."""

Reason = Literal["no_words", "backchannel", "own_voice"]


class BargeIn:
    """Pauses and resumes the answer that is heard (`AnswerPaused`, `AnswerResumed`)."""

    def __init__(
        self, bus: EventBus, agent_turn: AgentTurn, backend: BackendEvents, *, enabled: bool
    ) -> None:
        self._bus = bus
        self._agent_turn = agent_turn
        self._backend = backend
        self._enabled = enabled
        self._turn: int | None = None
        """The assistant's turn that is held back."""
        self._since = 0.0
        self._voice = False
        self._listening = False
        """The backend has begun a turn of the user."""
        self._words = False
        bus.on(VoiceNoticed, self._voice_noticed)
        bus.on(TurnStarted, self._turn_began)
        bus.on(PartialWords, self._partial)
        bus.on(NothingHeard, lambda event: self.go_on("no_words"))
        bus.on(AnswerStopped, lambda event: self._over())

    @property
    def paused(self) -> bool:
        return self._turn is not None

    def _voice_noticed(self, event: VoiceNoticed) -> None:
        self._voice = event.speaks
        if event.speaks:
            self._pause()

    def _turn_began(self, event: TurnStarted) -> None:
        """The backend has noticed a turn of the user's."""
        if event.side == "user":
            self._listening = True
            self._pause()

    def _partial(self, event: PartialWords) -> None:
        if saying(event.text) == "words":
            self._words = True

    def is_interruption(self, text: str, *, stop: bool) -> bool:
        """Whether a whole turn of the user's, said while the assistant spoke, is meant to stop it
        (`stop`: it says so). Where it is not, the assistant goes on."""
        self._listening = False
        if not self._agent_turn.is_heard or stop:
            return True
        if not self._enabled:
            return False
        what = saying(text)
        if what == "words" or (what == "backchannel" and self._was_asked):
            return True
        self.go_on("backchannel" if what == "backchannel" else "no_words")
        return False

    def go_on(self, reason: Reason) -> None:
        """It was no interruption."""
        self._listening = self._words = False
        if self._turn is None:
            return
        turn, self._turn = self._turn, None
        self._agent_turn.resume()
        self._bus.publish(AnswerResumed(turn=turn, reason=reason))

    def _over(self) -> None:
        """What was held back will not be heard any more."""
        self._listening = self._words = False
        if self._turn is not None:
            self._turn = None
            self._agent_turn.resume()

    def tick(self) -> None:
        """Once a frame: has it been silent for long enough?"""
        if self._turn is None or self._words:
            return
        waited = self._bus.clock() - self._since
        if self._voice and not self._backend.capabilities.user_text and waited >= WORDS_WITHIN:
            # It writes down nothing of what the user says: a voice that lasts is an interruption.
            self._bus.publish(StopAnswer())
            return
        limit = NOISE_LASTS if self._voice else WORDS_LATE if self._listening else WORDS_WITHIN
        if waited >= limit:
            self.go_on("no_words")

    def _pause(self) -> None:
        if self._turn is not None or not self._enabled or not self._agent_turn.is_heard:
            return
        self._turn = self._agent_turn.sounding_turn
        self._since = self._bus.clock()
        self._words = False
        self._agent_turn.hold()
        self._bus.publish(AnswerPaused(turn=self._turn))

    @property
    def _was_asked(self) -> bool:
        """The answer ends with a question, and that has been heard, or nearly so."""
        return self._agent_turn.asks and self._agent_turn.seconds_left < _GOING_ON
