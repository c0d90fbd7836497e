"""Offline loopback: what the user says comes back a moment later, with a scripted text stream.

For demonstrations and tests: it needs no weights, and every event of the contract comes out of it.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import Emit
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SECONDS,
    SAMPLE_RATE,
    AgentText,
    AudioOut,
    Capabilities,
    Load,
    PersonaPrompt,
    PrefetchLine,
    Prosody,
    SpokenNames,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
    UtteranceEnded,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL

_LOUD = 10 ** (-45 / 20)
"""RMS above which a frame counts as speech; there is no model here to ask."""
_SILENT_FRAMES = 6
_TONE_SECONDS_A_WORD = 0.2
_LONGEST_TONE = 120.0
"""Seconds; who says a book to it need not wait for the hum."""
_TONE_PIECE = 10 * SAMPLE_RATE
"""Samples handed over at a time, however long the text is."""


class EchoBackend:
    """Repeats each of the user's turns once it is over, and hums what it is told to say."""

    capabilities = Capabilities(answers_by_itself=True, say=True, user_text=True)
    note = ""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._turn: deque[Float32] = deque(maxlen=375)  # 30 s: the oldest goes
        self._silent = 0
        self._speaking = False
        self._samples: dict[int, int] = {}
        self._turns = 0

    def load(self, command: Load) -> str:
        return "loopback"

    def set_names(self, names: list[SpokenNames]) -> None:
        pass

    def change_persona(self, prompt: PersonaPrompt) -> None:
        pass

    def push(
        self,
        number: int,
        frame: Float32,
        *,
        speaking: bool = False,
        clean: bool = True,
        voice: bool = False,
    ) -> None:
        if speaking and not clean:  # it would answer its own voice for ever
            frame = np.zeros_like(frame)
        loud = float(np.sqrt(np.mean(frame * frame))) > _LOUD
        now = (number + 1) * FRAME_SECONDS
        if loud and not self._speaking:
            self._speaking = True
            self._turn.clear()
            self._emit(UserTurnStarted(side="user", at=now - FRAME_SECONDS))
        if not self._speaking:
            return
        self._turn.append(frame.copy())
        self._silent = 0 if loud else self._silent + 1
        if self._silent >= _SILENT_FRAMES:
            self._end_turn(now - _SILENT_FRAMES * FRAME_SECONDS)

    def _end_turn(self, at: float) -> None:
        self._speaking = False
        self._silent = 0
        self._turns += 1
        sound = np.concatenate(self._turn)
        number = FIRST_OWN_UTTERANCE + self._turns
        text = f"(sound of {len(sound) / SAMPLE_RATE:.1f} s)"
        self._emit(UserTurnEnded(side="user", at=at))
        self._emit(UserText(text=text, final=True, speech_end=at))
        self._emit(AudioOut(number, encode_pcm(sound)))
        self._emit(AgentText(number, f"echo {self._turns}", 0, len(sound)))
        self._emit(UtteranceEnded(number, len(sound)))

    def say(
        self,
        utterance: int,
        text: str,
        *,
        final: bool,
        rate: float = 1.0,
        prosody: Prosody = NEUTRAL,
        voice: VoiceSpec | None = None,
    ) -> None:
        start = self._samples.get(utterance, 0)
        words = len(text.split())
        seconds = min(_LONGEST_TONE, words * _TONE_SECONDS_A_WORD / rate)
        count = int(seconds * SAMPLE_RATE)
        if count:
            self._emit(AgentText(utterance, text, start, start + count))
        for at in range(start, start + count, _TONE_PIECE):
            times = np.arange(at, min(at + _TONE_PIECE, start + count)) / SAMPLE_RATE
            tone = (0.1 * np.sin(2 * np.pi * 220 * times)).astype(np.float32)
            self._emit(AudioOut(utterance, encode_pcm(tone)))
        self._samples[utterance] = start + count
        if final:
            self._emit(UtteranceEnded(utterance, self._samples.pop(utterance)))

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        pass

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        """It has no voice."""

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """It has no prompt: nothing to do."""

    def inject(self, context: str) -> None:
        pass

    def interrupt(self) -> None:
        self._samples.clear()

    def close(self) -> None:
        pass
