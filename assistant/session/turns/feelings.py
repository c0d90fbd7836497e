"""How the user feels, from his words and the sound of them: told to front ends, to the voice that
answers and to whoever makes the answer.
"""

from __future__ import annotations

import asyncio

from assistant.brain.base import Completes
from assistant.emotion.feeling import Feeling
from assistant.emotion.judge import judge
from assistant.emotion.response import NEUTRAL, observation, prosody_for, taken_back
from assistant.emotion.watch import FeelingWatch, Outcome
from assistant.frames import UserText, VoiceFeatures
from assistant.session.event_bus import EventBus
from assistant.session.events import (
    FeelingHeard,
    FeelingTakenBack,
    MemoryForgotten,
    Notice,
    TurnStarted,
    UserSaid,
)
from assistant.session.signals import AgentTurnEnded, AnswerProsody, NothingHeard

PAUSE = 8.0
"""Seconds of silence after an answer before a language model is asked: who replies does so
sooner."""


class UserFeelings:
    """Reads each turn of the user's before it is answered. Made before the user's turns, so that it
    hears how a turn was said before what it was.

    Without a `watch` (the setting is off) nothing is read and nothing told.
    """

    def __init__(self, bus: EventBus, watch: FeelingWatch | None) -> None:
        self._bus = bus
        self._watch = watch
        self._voice: VoiceFeatures | None = None
        """Of the turn whose words come next."""
        self._said = ""
        """The last turn that was read, …"""
        self._note = ""
        """… and the line of a prompt for it."""
        self._last_turn = 0
        self._marked: int | None = None
        """The last turn on which a feeling is shown."""
        self._prosody = NEUTRAL
        self._model: Completes | None = None
        self._asking: asyncio.Task[None] | None = None
        if watch is not None:
            bus.on(UserText, self._heard_voice)
            bus.on(NothingHeard, lambda event: self._forget_voice())
            bus.on(UserSaid, self._user_said)
            bus.on(MemoryForgotten, self._forgotten)
            bus.on(AgentTurnEnded, lambda event: self._ask_in_pause())
            bus.on(TurnStarted, self._leave_model_alone)

    def use_model(self, model: Completes) -> None:
        """Let a language model judge turns whose words are doubtful, where nobody needs it."""
        self._model = model

    def close(self) -> None:
        if self._asking is not None:
            self._asking.cancel()

    def now(self, text: str = "") -> Feeling | None:
        """How the user is at the turn `text`: the one that was read last, or one that may be all of
        the turn that is under way."""
        if self._watch is None:
            return None
        if not text or (self._said and text.endswith(self._said)):
            return self._watch.now
        return self._watch.foresee(text)

    def line(self, text: str = "") -> str:
        """The same, as an observation for a language model; "" for nothing."""
        if self.misread(text):
            return self._note
        return observation(self.now(text))

    def misread(self, text: str) -> bool:
        """Whether the user has said in this turn that he does not feel as it was thought."""
        return bool(self._note) and bool(text) and text.endswith(self._said)

    def _heard_voice(self, event: UserText) -> None:
        if event.final:
            self._voice = event.voice

    def _forget_voice(self) -> None:
        self._voice = None

    def _user_said(self, event: UserSaid) -> None:
        if not event.final or not event.text or self._watch is None:
            return
        voice, self._voice = (None if event.typed else self._voice), None
        self.close()
        outcome = self._watch.take(event.text, voice)
        self._said = event.text
        self._note = taken_back(outcome.was) if outcome.taken_back else ""
        self._tell(event.turn, outcome)
        self._sound()

    def _tell(self, turn: int, outcome: Outcome) -> None:
        if outcome.taken_back and self._marked is not None:
            self._bus.publish(FeelingTakenBack(turn=self._marked))
            self._marked = None
        self._last_turn = turn
        if outcome.heard is not None:
            self._mark(turn, outcome.now)

    def _mark(self, turn: int, now: Feeling | None) -> None:
        if now is None or now.held:
            return
        self._marked = turn
        self._bus.publish(
            FeelingHeard(
                turn=turn,
                kind=now.kind,
                arousal=now.arousal,
                confidence=now.confidence,
                cues=now.cues,
            )
        )

    def _sound(self) -> None:
        """The answers to come sound as the user needs them; told where it changes."""
        prosody = prosody_for(self._watch.now if self._watch is not None else None)
        if prosody != self._prosody:
            self._prosody = prosody
            self._bus.publish(AnswerProsody(prosody))

    def _ask_in_pause(self) -> None:
        """Once the answer is heard, and if the user says nothing for a while."""
        if self._model is None or self._watch is None or not self._watch.doubtful:
            return
        self.close()
        self._asking = asyncio.create_task(self._ask(self._model, self._watch), name="feelings")

    async def _ask(self, model: Completes, watch: FeelingWatch) -> None:
        await asyncio.sleep(PAUSE)
        verdict = await judge(model, watch.doubtful)
        if verdict is None or not watch.judged(verdict):
            return
        if watch.now is None and self._marked == self._last_turn:
            self._bus.publish(FeelingTakenBack(turn=self._last_turn))
        self._mark(self._last_turn, watch.now)
        self._sound()

    def _leave_model_alone(self, event: TurnStarted) -> None:
        """The user speaks: the answer needs the model more."""
        if event.side == "user":
            self.close()

    def _forgotten(self, event: MemoryForgotten) -> None:
        if event.deletion.everything and self._watch is not None:
            try:
                self._watch.forget()
            except OSError as error:
                text = f"what was learnt of your feelings could not be deleted: {error.strerror}"
                remedy = f"Delete the file yourself: {error.filename}"
                self._bus.publish(Notice(text=text, remedy=remedy, severity="error"))
            self._said = self._note = ""
            self._sound()
