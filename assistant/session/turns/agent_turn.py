"""The assistant's turn: what of it was heard, and how long it took to come."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator

from assistant.audio.base import AudioIO
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    SAMPLE_RATE,
    AgentText,
    AnyCommand,
    AudioOut,
    UtteranceEnded,
)
from assistant.loops import post
from assistant.personas.loading import Persona
from assistant.session.events import AgentSaid, FirstSample, SessionEvent, TurnEnded, TurnStarted
from assistant.session.turns.latency import Stopwatch
from assistant.session.turns.playback_tracker import AgentUtterance, PlaybackTracker

log = logging.getLogger(__name__)

_AHEAD = SAMPLE_RATE
"""Samples: a second, because the place of a word within its piece is an estimate."""


class AgentTurn:
    """Numbers the assistant's turns and tells of them. `on_sounding()` is called when an answer
    begins to be heard, `on_over(utterance, heard, interrupted)` when it is over."""

    def __init__(
        self,
        audio: AudioIO,
        send: Callable[[AnyCommand], None],
        clock: Callable[[], float],
        turns: Iterator[int],
        emit: Callable[[SessionEvent], None],
        on_sounding: Callable[[], None],
        on_over: Callable[[AgentUtterance, str, bool], None],
    ) -> None:
        self._audio = audio
        self._clock = clock
        self._turns = turns
        self._emit = emit
        self._on_sounding = on_sounding
        self._on_over = on_over
        self.speech = PlaybackTracker(audio.playback, send, clock, self._said, self._over)
        self.stopwatch: Stopwatch | None = None
        """Of the user's turn that the next answer answers."""
        self._stopwatches: dict[int, Stopwatch] = {}
        self._newest_own = FIRST_OWN_UTTERANCE - 1
        """Of the utterances that the backend began by itself."""

    def listen_to_playback(self) -> None:
        """Be told by the audio threads what was played. Call in the event loop."""
        loop = asyncio.get_running_loop()
        playback = self._audio.playback
        playback.on_first_sample.append(
            lambda number: post(loop, self._first_sample, number, self._clock())
        )
        playback.on_finished.append(lambda number: post(loop, self.speech.finished, number))

    def begin(self, persona: Persona, number: int | None = None) -> AgentUtterance:
        """A new turn of the assistant, to be filled by `speech.say`; with a `number` it is the
        backend's own utterance of that number."""
        utterance = self.speech.begin(next(self._turns), persona.slug, number)
        if self.stopwatch is not None:
            self._stopwatches[utterance.number] = self.stopwatch
            self.stopwatch = None
        self._emit(TurnStarted(side="assistant", turn=utterance.turn))
        return utterance

    def say(self, persona: Persona, *texts: str) -> None:
        """A whole turn at once, in one piece or in several."""
        utterance = self.begin(persona)
        for at, text in enumerate(texts or ("",), start=1):
            self.speech.say(utterance, f" {text}" if at > 1 else text, final=at >= len(texts))

    def say_aside(self, utterance: AgentUtterance, text: str) -> None:
        """Fill the silence before an answer with this; `utterance`, still without words, is used
        up by it. How long the answer took is told of the answer."""
        utterance.aside = True
        self.stopwatch = self._stopwatches.pop(utterance.number, self.stopwatch)
        self.speech.say(utterance, text, final=True)

    def take(self, event: AudioOut | AgentText | UtteranceEnded, persona: Persona) -> None:
        """What the backend speaks; one that answers by itself begins its own turns."""
        number = event.utterance
        if number >= FIRST_OWN_UTTERANCE and self.speech.get(number) is None:
            if number <= self._newest_own:
                return  # interrupted meanwhile: what is still on its way is no new turn
            self._newest_own = number
            self.begin(persona, number)
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

    def _said(self, utterance: AgentUtterance, piece: str) -> None:
        self._emit(AgentSaid(turn=utterance.turn, persona=utterance.persona, text=piece))

    def _first_sample(self, number: int, at: float) -> None:
        utterance = self.speech.get(number)
        if utterance is None:
            return
        utterance.sounded = True
        watch = self._stopwatches.pop(number, None)
        latency, stages = None, {}
        if watch is not None:
            delay = self._audio.output_delay()
            latency = watch.first_sample(utterance.said_at, utterance.sound_at, at, delay)
            stages = {name: round(ms, 1) for name, ms in watch.stages.items()}
            log.info("answered %.0f ms after the last word: %s", 1000 * latency, stages)
        self._emit(FirstSample(turn=utterance.turn, latency=latency, stages=stages))
        if not utterance.aside:
            self._on_sounding()

    def _over(self, utterance: AgentUtterance, heard: str, interrupted: bool) -> None:
        self._stopwatches.pop(utterance.number, None)
        self._emit(
            AgentSaid(
                turn=utterance.turn,
                persona=utterance.persona,
                final=True,
                played=heard,
                interrupted=interrupted,
            )
        )
        self._emit(TurnEnded(side="assistant", turn=utterance.turn))
        self._on_over(utterance, heard, interrupted)
