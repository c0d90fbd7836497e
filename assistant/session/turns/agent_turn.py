"""The assistant's turn: what of it was heard, and how long it took to come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

from assistant.audio.base import AudioIO
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SAMPLES,
    SAMPLE_RATE,
    AgentText,
    AudioOut,
    ChangePersona,
    Prosody,
    UtteranceEnded,
    VoiceSpec,
)
from assistant.loops import BackgroundTasks, post
from assistant.session.backend_events import BackendEvents
from assistant.session.event_bus import EventBus
from assistant.session.events import (
    AgentSaid,
    AnswerProgress,
    FirstSample,
    TurnEnded,
    TurnForClient,
    TurnStarted,
)
from assistant.session.signals import (
    AgentTurnEnded,
    AnswerSounding,
    BackendReady,
    PieceSpoken,
    Stopwatch,
)
from assistant.session.turns.messages import AgentUtterance
from assistant.session.turns.playback_tracker import PlaybackTracker
from assistant.session.turns.prosody import AnswerDelivery

log = logging.getLogger(__name__)

CUSHION_SAMPLES = 2 * FRAME_SAMPLES
"""Sound that is collected before a model that speaks in real time is heard: its frames come every
80 ms, give or take some."""
_AHEAD = SAMPLE_RATE
"""Samples: a second, because the place of a word within its piece is an estimate."""


class AgentTurn:
    """Numbers the assistant's turns and tells of them; `AnswerSounding` when one begins to be
    heard, `AgentTurnEnded` when it is over."""

    def __init__(
        self,
        bus: EventBus,
        audio: AudioIO,
        turns: Iterator[int],
        backend: BackendEvents,
        delivery: AnswerDelivery | None = None,
    ) -> None:
        """`delivery`: see `PlaybackTracker`."""
        self._bus = bus
        self._audio = audio
        self._turns = turns
        self._backend = backend
        self._persona = ""
        """Slug of the one in charge."""
        self.speech = PlaybackTracker(bus, audio.playback, delivery)
        self.speech.has_voice = self._has_voice
        self.stopwatch: Stopwatch | None = None
        """Of the user's turn that the next answer answers."""
        self._stopwatches: dict[int, Stopwatch] = {}
        self._newest_own = FIRST_OWN_UTTERANCE - 1
        """Of the utterances that the backend began by itself."""
        bus.on(ChangePersona, self._change_persona)
        bus.on(BackendReady, self._backend_ready)
        bus.on(AudioOut, self._take)
        bus.on(AgentText, self._take)
        bus.on(UtteranceEnded, self._take)
        bus.on(PieceSpoken, self._said)
        bus.on(AgentTurnEnded, self._over)

    def listen_to_playback(self) -> None:
        """Be told by the audio threads what was played. Call in the event loop."""
        loop = asyncio.get_running_loop()
        playback = self._audio.playback
        playback.on_first_sample.append(
            lambda number: post(loop, self._first_sample, number, self._bus.clock())
        )
        playback.on_finished.append(lambda number: post(loop, self.speech.finished, number))

    def begin(self, number: int | None = None) -> AgentUtterance:
        """A new turn of the persona in charge, to be filled by `speech.say`; with a `number` it is
        the backend's own utterance of that number."""
        utterance = self.speech.begin(next(self._turns), self._persona, number)
        if self.stopwatch is not None:
            self._stopwatches[utterance.number] = self.stopwatch
            self.stopwatch = None
        self._bus.publish(TurnStarted(side="assistant", turn=utterance.turn))
        return utterance

    def say(self, *texts: str) -> None:
        """A whole turn at once, in one piece or in several."""
        utterance = self.begin()
        for at, text in enumerate(texts or ("",), start=1):
            self.speech.say(utterance, f" {text}" if at > 1 else text, final=at >= len(texts))

    def say_for(
        self, client: str, text: str, persona: str = "", voice: VoiceSpec | None = None
    ) -> AgentUtterance:
        """A whole turn at once, for another program: of the persona in charge, or of the one with
        this slug and this voice."""
        utterance = self.speech.begin(next(self._turns), persona or self._persona)
        utterance.client, utterance.voice = client, voice
        self._bus.publish(TurnStarted(side="assistant", turn=utterance.turn))
        self._bus.publish(TurnForClient(side="assistant", turn=utterance.turn, client=client))
        self.speech.say(utterance, text, final=True)
        return utterance

    def expected_prosody(self, text: str) -> Prosody:
        """How a turn that begins with this text would be said."""
        return self.speech.expected_prosody(self._persona, text)

    def say_aside(self, utterance: AgentUtterance, text: str) -> None:
        """Fill the silence before an answer with this; `utterance`, still without words, is used
        up by it. How long the answer took is told of the answer."""
        self.speech.begin_aside(utterance)
        self.stopwatch = self._stopwatches.pop(utterance.number, self.stopwatch)
        utterance.speech_end = self.stopwatch.speech_end if self.stopwatch is not None else None
        self.speech.say(utterance, text, final=True)

    def say_sample(self, persona: str, voice: VoiceSpec, delivery: str, text: str) -> None:
        """Let this voice be heard, in place of a sample that sounds still; no part of the
        conversation. Nothing where nobody can be heard, or an answer is."""
        if not (self._has_voice() and self._backend.capabilities.prosody):
            return
        if any(each.sample is None for each in self.speech.active):
            return
        self.speech.interrupt()
        self.speech.say(self.speech.begin_sample(persona, delivery, voice), text, final=True)

    def hold(self) -> None:
        """Fall silent, in the middle of a word if need be; `resume` goes on there."""
        self._audio.playback.pause()

    def resume(self) -> None:
        self._audio.playback.resume()

    def _take(self, event: AudioOut | AgentText | UtteranceEnded) -> None:
        """What the backend speaks; one that answers by itself begins its own turns."""
        number = event.utterance
        if number >= FIRST_OWN_UTTERANCE and self.speech.get(number) is None:
            if number <= self._newest_own:
                return  # interrupted meanwhile: what is still on its way is no new turn
            self._newest_own = number
            self.begin(number)
        match event:
            case AudioOut():
                self.speech.audio(event)
            case AgentText():
                self.speech.text(event)
            case UtteranceEnded():
                self.speech.ended(event)

    def backend_lost(self) -> None:
        """It died; the next one counts its utterances anew."""
        self._newest_own = FIRST_OWN_UTTERANCE - 1
        self.speech.abandon()

    @property
    def is_heard(self) -> bool:
        """The user hears an answer just now."""
        return any(u.sounded for u in self.speech.active)

    @property
    def sounding_turn(self) -> int:
        """The turn that is heard just now; 0 where there is none."""
        return next((u.turn for u in self.speech.active if u.sounded), 0)

    @property
    def asks(self) -> bool:
        """All that is being said is known, and ends with a question."""
        active = self.speech.active
        return bool(active) and all(u.closed for u in active) and active[-1].text().endswith("?")

    @property
    def seconds_left(self) -> float:
        """Sound that waits to be heard."""
        return self._audio.playback.queued / SAMPLE_RATE

    def words_sounding(self) -> str:
        """What is heard just now: the words so far and those of the next moment."""
        return " ".join(
            u.heard(self._audio.playback.played(u.number) + _AHEAD) for u in self.speech.active
        )

    def _has_voice(self) -> bool:
        return self._backend.can_speak and self._audio.speaker is not None

    def _change_persona(self, command: ChangePersona) -> None:
        self._persona = command.prompt.slug

    def _backend_ready(self, event: BackendReady) -> None:
        self.speech.cushion = CUSHION_SAMPLES if self._backend.converses else 0

    def _said(self, event: PieceSpoken) -> None:
        utterance = event.utterance
        if utterance.sample is None:
            self._bus.publish(
                AgentSaid(turn=utterance.turn, persona=utterance.persona, text=event.text)
            )

    def _first_sample(self, number: int, at: float) -> None:
        utterance = self.speech.get(number)
        if utterance is None:
            return
        utterance.sounded = True
        if utterance.sample is not None:
            return
        watch = self._stopwatches.pop(number, None)
        latency, stages, word = None, {}, None
        delay = self._audio.output_delay()
        if utterance.speech_end is not None:
            word = at + delay - utterance.speech_end
        if watch is not None:
            latency = watch.first_sample(utterance.said_at, utterance.sound_at, at, delay)
            stages = {name: round(ms, 1) for name, ms in watch.stages.items()}
            log.info("answered %.0f ms after the last word: %s", 1000 * latency, stages)
        self._bus.publish(
            FirstSample(turn=utterance.turn, latency=latency, stages=stages, word=word)
        )
        if not utterance.aside:
            self._bus.publish(AnswerSounding())

    def _over(self, event: AgentTurnEnded) -> None:
        utterance = event.utterance
        self._stopwatches.pop(utterance.number, None)
        if utterance.sample is not None:
            return
        self._bus.publish(
            AgentSaid(
                turn=utterance.turn,
                persona=utterance.persona,
                final=True,
                played=event.heard,
                interrupted=event.interrupted,
            )
        )
        self._bus.publish(TurnEnded(side="assistant", turn=utterance.turn))


PROGRESS_SECONDS = 0.1
"""Between two looks at what has been heard: a word takes 0.3."""


class ProgressTeller:
    """Tells how far an answer has been heard, by what the speaker has really played."""

    def __init__(
        self,
        bus: EventBus,
        audio: AudioIO,
        speech: PlaybackTracker,
        background: BackgroundTasks | None,
    ) -> None:
        """Looks by itself in the `background`; None: whoever has the clock calls `tell`."""
        self._bus = bus
        self._audio = audio
        self._speech = speech
        self._told: dict[int, int] = {}
        """Words, by turn."""
        self._runs = False
        if background is not None:
            bus.on(FirstSample, lambda event: self._begin(background))

    def tell(self) -> None:
        """Publish what is new."""
        active = [each for each in self._speech.active if each.sounded]
        self._told = {each.turn: self._told.get(each.turn, 0) for each in active}
        delay = round(self._audio.output_delay() * SAMPLE_RATE)
        for utterance in active:
            played = self._audio.playback.played(utterance.number) - delay
            words = utterance.words_begun(max(0, played))
            if words > self._told[utterance.turn]:
                self._told[utterance.turn] = words
                self._bus.publish(AnswerProgress(turn=utterance.turn, words=words))

    def _begin(self, background: BackgroundTasks) -> None:
        if not self._runs:
            self._runs = True
            background.run(self._follow())

    async def _follow(self) -> None:
        """While something is heard: at rest nothing runs."""
        try:
            while any(each.sounded for each in self._speech.active):
                self.tell()
                await asyncio.sleep(PROGRESS_SECONDS)
        finally:
            self._runs = False
