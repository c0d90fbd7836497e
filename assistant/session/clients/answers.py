"""Whose the user's next words are: those that answer a question of another program's go to it, with
how they were said, and to nobody else.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from assistant.frames import AgentState, UserText, VoiceFeatures
from assistant.language.command_patterns import is_hum
from assistant.session.clients.requests import Answer, VoiceSound
from assistant.session.event_bus import EventBus
from assistant.session.events import AudioChanged, FeelingHeard, TurnForClient, UserSaid
from assistant.session.signals import AnsweredClient, NothingHeard, StopAnswer
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.spoken_intents import SpokenIntents

_LOOK_EVERY = 1.0
"""Seconds between two looks whether the user has ended."""


@dataclass(slots=True)
class Question:
    """One that waits for its answer."""

    client: str
    text: str
    answer: asyncio.Future[Answer | None]
    """None: it shall be said again."""
    ended_at: float | None = None
    """When it had been said, in seconds on the session's clock."""


class AnswerListener:
    """Made behind what reads feelings and before the user's turns, so that it knows how a turn was
    said before what was."""

    def __init__(
        self,
        bus: EventBus,
        agent_turn: AgentTurn,
        intents: SpokenIntents,
        state: Callable[[], AgentState],
        heard_cue: Callable[[], None],
    ) -> None:
        """`heard_cue()` plays a short sound: the answer was heard."""
        self.alone = False
        """Nobody but other programs talks to the user here: what answers no question of theirs
        goes nowhere."""
        self.additions: list[str] | None = None
        """What the user adds to an answer; None: nobody waits for more."""
        self._bus = bus
        self._agent_turn = agent_turn
        self._state = state
        self._intents = intents
        self._heard_cue = heard_cue
        self._question: Question | None = None
        self._discards = False
        """The user is in the middle of an answer that nobody waits for any more."""
        self._said: UserSaid | None = None
        self._feeling: FeelingHeard | None = None
        self._voice: VoiceFeatures | None = None
        self._audio: AudioChanged | None = None
        bus.on(UserText, self._heard_voice)
        bus.on(FeelingHeard, self._felt)
        bus.on(UserSaid, self._user_said)
        bus.on(NothingHeard, lambda event: self._nothing_heard())
        bus.on(AudioChanged, self._audio_changed)

    @property
    def listens(self) -> bool:
        """The user's next words are another program's."""
        return self.alone or self._question is not None or self.additions is not None

    def open(self, client: str, text: str) -> None:
        """This is asked now: from here on words are its answer."""
        answer = asyncio.get_running_loop().create_future()
        self._question = Question(client, text, answer)

    def close(self) -> None:
        """Nothing is an answer any more, not even what the user is in the middle of saying."""
        question, self._question = self._question, None
        if question is not None and not question.answer.done():
            question.answer.cancel()
            self._discards = self._user_speaks()

    async def answer_within(self, seconds: float) -> Answer | None:
        """To the question that was said until now; who has begun to speak by then may end. None: it
        shall be said again."""
        question = self._question
        assert question is not None
        question.ended_at = self._bus.clock()
        while not question.answer.done():
            await asyncio.wait({question.answer}, timeout=seconds)
            if not question.answer.done() and not self._user_speaks():
                return Answer(question=question.text, outcome="silence", note=self._deaf())
            seconds = _LOOK_EVERY
        return question.answer.result()

    def take(self, text: str) -> bool:
        """Take the user's turn where it answers a question of another program's, or shall go
        nowhere."""
        question, said = self._question, self._said
        if question is None or question.answer.done():
            return self._swallowed(text)
        typed = said is not None and said.typed
        if not typed and self._agent_turn.is_heard and is_hum(text):
            return False  # "mm-hm": go on
        message = self._intents.read(text, origin="typed" if typed else "speech")
        call = message.intent.call if message.intent is not None else None
        if call is not None and call.name == "repeat":
            question.answer.set_result(None)
        else:
            question.answer.set_result(self._answer(question, text, declined=message.is_stop))
            self._tell(question.client, text)
        if self._agent_turn.speech.active:
            self._bus.publish(StopAnswer())  # he has heard enough of it
        self._heard_cue()
        return True

    def _swallowed(self, text: str) -> bool:
        """Whether these words, which answer no open question, are not for whoever answers here."""
        if self.additions is not None:
            self.additions.append(text)
            self._bus.publish(AnsweredClient(text))
            return True
        discarded, self._discards = self._discards, False
        if self.alone and self._agent_turn.speech.active and self._intents.read(text).is_stop:
            self._bus.publish(StopAnswer())
        return discarded or self.alone

    def _tell(self, client: str, text: str) -> None:
        self._bus.publish(AnsweredClient(text))
        if self._said is not None:
            self._bus.publish(TurnForClient(side="user", turn=self._said.turn, client=client))

    def _answer(self, question: Question, text: str, *, declined: bool) -> Answer:
        said, felt, since = self._said, self._feeling, question.ended_at
        typed = said is not None and said.typed
        if said is None or felt is None or felt.turn != said.turn:
            felt = None
        return Answer(
            question=question.text,
            text=text,
            outcome="declined" if declined else "answered",
            typed=typed,
            seconds=round(self._bus.clock() - since, 2) if since is not None else 0.0,
            feeling=felt.kind if felt is not None else None,
            confidence=felt.confidence if felt is not None else 0.0,
            raised_voice=felt is not None and felt.arousal >= 0.5,
            cues=felt.cues if felt is not None else (),
            voice=None if typed else _sound(self._voice),
        )

    def _deaf(self) -> str:
        """Why the user may not have been heard, "" for no reason."""
        audio = self._audio
        if audio is None or audio.microphone is None:
            return "there is no microphone; an answer could only be typed"
        if audio.muted:
            return "the microphone is muted"
        if audio.push_to_talk:
            return "the microphone is open only while the user holds the talk key"
        return ""

    def _user_speaks(self) -> bool:
        return self._state() in ("listening", "thinking")

    def _heard_voice(self, event: UserText) -> None:
        if event.final:
            self._voice = event.voice

    def _felt(self, event: FeelingHeard) -> None:
        self._feeling = event

    def _user_said(self, event: UserSaid) -> None:
        if event.final:
            self._said = event

    def _nothing_heard(self) -> None:
        self._discards = False

    def _audio_changed(self, event: AudioChanged) -> None:
        self._audio = event


def _sound(voice: VoiceFeatures | None) -> VoiceSound | None:
    if voice is None:
        return None
    hertz = 100.0 * 2.0 ** (voice.f0_median / 12.0)
    return VoiceSound(
        pitch_hz=round(hertz, 1),
        pitch_range=round(voice.f0_range, 1),
        voiced_s=round(voice.voiced, 2),
    )
