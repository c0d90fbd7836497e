"""Playback tracker: from pieces of text to turns, and to what was really played of them.

Each assistant turn is one utterance of the backend. `AgentText` tells where in an utterance's sound
each piece of text stands, the jitter buffer how many samples of it reached the speaker; from the
two comes the text that was really heard of an interrupted answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from assistant.audio.base import Playback
from assistant.audio.playback.queue import VOICED_PEAK
from assistant.backends.wire import decode_pcm
from assistant.frames import (
    AgentText,
    AudioOut,
    Interrupt,
    Prosody,
    Say,
    UtteranceEnded,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL
from assistant.session.event_bus import EventBus
from assistant.session.signals import AgentTurnEnded, PieceSpoken
from assistant.session.turns.messages import AgentUtterance
from assistant.session.turns.prosody import AnswerDelivery, SentenceProsody


class PlaybackTracker:
    """Says things through the backend, or as text alone where there is no voice.

    Publishes `PieceSpoken` for each piece as its sound is handed to the speaker (at once without a
    voice), and `AgentTurnEnded` when a turn is over.
    """

    def __init__(
        self, bus: EventBus, playback: Playback, delivery: AnswerDelivery | None = None
    ) -> None:
        """`delivery`: how it is said; None: as the voice says it."""
        self._bus = bus
        self._playback = playback
        self._delivery = delivery or AnswerDelivery(bus, expressive=False)
        self._sentences: dict[int, SentenceProsody] = {}
        """Of each open turn: what is to be said goes through it."""
        self._open: dict[int, AgentUtterance] = {}
        self.quiet = asyncio.Event()
        """Set while no turn is open."""
        self.quiet.set()
        self._next = 1
        self.rate = 1.0
        self.cushion = 0
        """Samples that an utterance waits for before it sounds. A backend that makes sound no
        faster than it is heard would otherwise run dry at the first frame that is late."""
        self.has_voice: Callable[[], bool] = lambda: True

    @property
    def active(self) -> list[AgentUtterance]:
        """Turns not yet over, oldest first."""
        return list(self._open.values())

    def begin(self, turn: int, persona: str, number: int | None = None) -> AgentUtterance:
        if number is None:
            number = self._next
            self._next += 1
        return self._opened(AgentUtterance(number, turn, persona), self._delivery.begin(persona))

    def begin_aside(self, utterance: AgentUtterance) -> None:
        """From here on it only fills a silence."""
        utterance.aside = True
        if utterance.number in self._open:
            self._sentences[utterance.number] = self._delivery.aside(utterance.persona)

    def expected_prosody(self, persona: str, text: str) -> Prosody:
        """See `AgentTurn.expected_prosody`."""
        return self._delivery.expected(persona, text)

    def begin_sample(self, persona: str, delivery: str, voice: VoiceSpec) -> AgentUtterance:
        """A turn that is no part of the conversation, in this voice and delivery."""
        number, self._next = self._next, self._next + 1
        utterance = AgentUtterance(number, 0, persona, aside=True, sample=voice)
        return self._opened(utterance, self._delivery.sample(delivery))

    def _opened(self, utterance: AgentUtterance, sentences: SentenceProsody) -> AgentUtterance:
        self._open[utterance.number] = utterance
        self._sentences[utterance.number] = sentences
        self.quiet.clear()
        return utterance

    def say(self, utterance: AgentUtterance, text: str, *, final: bool = False) -> None:
        """Hand over a piece; after an interruption it goes nowhere. Marks in it that name a
        delivery are heeded, and neither said nor shown."""
        if utterance.number not in self._open or utterance.closed:
            return
        pieces = self._sentences[utterance.number].feed(text, final=final)
        text = "".join(piece for piece, _ in pieces)
        utterance.intended += text
        utterance.closed = final
        if utterance.said_at is None:
            utterance.said_at = self._bus.clock()
        if self.has_voice():
            pieces = pieces or [("", NEUTRAL)]
            for at, (piece, prosody) in enumerate(pieces, start=1):
                last = final and at == len(pieces)
                voice = utterance.voice or utterance.sample
                self._bus.publish(Say(utterance.number, piece, last, self.rate, prosody, voice))
            return
        if text:
            utterance.add_silent(text)
            self._bus.publish(PieceSpoken(utterance, text))
        if final:
            self._close(utterance, utterance.intended, interrupted=False)

    def interrupt(self) -> None:
        """Stop all sound and forget what was still to be said."""
        if not self._open:
            return
        self._playback.clear()
        self._bus.publish(Interrupt())
        for utterance in self.active:
            self._close(utterance, self._heard(utterance), interrupted=True)

    def take_back(self, utterance: AgentUtterance) -> None:
        """Say no more of this one, and as if it had never been said."""
        if utterance.number not in self._open:
            return
        self._playback.clear()
        self._bus.publish(Interrupt())
        self._close(utterance, "", interrupted=True)

    def abandon(self) -> None:
        """The backend died: what it had handed over still plays, the rest will not come."""
        for utterance in self.active:
            utterance.closed = utterance.cut = True
            if utterance.written == 0:
                self._close(utterance, utterance.text(), interrupted=True)
            else:
                self._write_held(utterance)
                self._playback.end(utterance.number, utterance.to_play)

    # -- from the backend --------------------------------------------------------------------

    def audio(self, event: AudioOut) -> None:
        utterance = self._open.get(event.utterance)
        if utterance is None:
            return  # interrupted meanwhile
        pcm = decode_pcm(event.pcm)
        if utterance.sound_at is None:
            utterance.sound_at = self._bus.clock()
        behind = self.cushion and self._playback.queued > self.cushion + len(pcm)
        if behind and np.abs(pcm).max(initial=0.0) < VOICED_PEAK:
            # A backend that speaks as time passes goes on while the user makes it pause. What that
            # held back would be heard too late for good: its silences make up for it.
            utterance.skipped.append((utterance.to_play, len(pcm)))
            utterance.written += len(pcm)
            return
        utterance.written += len(pcm)
        utterance.held.append(pcm)
        if utterance.written >= self.cushion:
            self._write_held(utterance)

    def text(self, event: AgentText) -> None:
        utterance = self._open.get(event.utterance)
        if utterance is None:
            return
        utterance.spans.append(event)
        self._bus.publish(PieceSpoken(utterance, event.text))

    def ended(self, event: UtteranceEnded) -> None:
        utterance = self._open.get(event.utterance)
        if utterance is None:
            return
        self._write_held(utterance)
        if event.samples == 0:
            self._close(utterance, utterance.text(), interrupted=False)
        else:
            self._playback.end(event.utterance, event.samples - utterance.left_out)

    # -- from the speaker --------------------------------------------------------------------

    def get(self, number: int) -> AgentUtterance | None:
        return self._open.get(number)

    def finished(self, number: int) -> None:
        """The last sample of this utterance was played."""
        utterance = self._open.get(number)
        if utterance is not None:
            self._close(utterance, utterance.text(), interrupted=utterance.cut)

    def _write_held(self, utterance: AgentUtterance) -> None:
        for pcm in utterance.held:
            self._playback.write(utterance.number, pcm)
        utterance.held.clear()

    def _heard(self, utterance: AgentUtterance) -> str:
        return utterance.heard(self._playback.played(utterance.number))

    def _close(self, utterance: AgentUtterance, heard: str, *, interrupted: bool) -> None:
        self._open.pop(utterance.number, None)
        self._sentences.pop(utterance.number, None)
        utterance.closed = True
        if not self._open:
            self.quiet.set()
        self._bus.publish(AgentTurnEnded(utterance, heard, interrupted))
