"""The real `Hearing` on the virtual clock, over one long sound; and the bare weights beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.vad import RATE, Downsampler
from assistant.backends.base import BackendError
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.endpointing.smart_turn import SmartTurn
from assistant.backends.cascade.recognition.choosing import load_recognizer
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.config.schema import Config
from assistant.frames import (
    FRAME_SAMPLES,
    FRAME_SECONDS,
    AnyEvent,
    Failed,
    SpokenNames,
    UserText,
    UserTurnStarted,
)
from assistant.session.factory import find_personas
from benchmarks.ears.scene import Placement

_ANSWERED = 1.0
"""Seconds before a recording over which the assistant talks, from which it does."""


@dataclass(frozen=True, slots=True)
class FinalText:
    """What one turn came to."""

    text: str
    began: float
    """Seconds to where the turn began, as the cascade has it."""
    speech_end: float
    """… to its last voiced sample, as the cascade has it."""
    at: float
    """… to the end of the frame at which the words were out."""
    waited: float
    """Seconds of silence that the cascade means to have waited for."""
    prompted: str | None = None
    """See `frames.UserText`."""


class Ears:
    """The cascade's ears as the settings have them, loaded once."""

    def __init__(self, config: Config) -> None:
        """Raises `BackendError` where there are no weights."""
        cascade = config.backend.cascade
        self._recognizer = load_recognizer(
            config.stt, cascade.threads, config.audio.language, measure=False
        ).recognizer
        self._judge = SmartTurn.load()
        self._settings = TurnConfig(end_silence_ms=cascade.end_silence_ms)
        self.label = self._recognizer.label
        personas = find_personas(config).loaded.values()
        self.names: list[SpokenNames] = [each.spoken_names() for each in personas]

    def listen(
        self,
        sound: Float32,
        placements: Sequence[Placement] = (),
        progress: Callable[[float], None] = lambda share: None,
    ) -> list[FinalText]:
        """Every final text with a word in it, of float32 [n] at 24 kHz. Where a recording is spoken
        over the assistant, the cascade is told that it talks. Raises `BackendError`."""
        heard: list[FinalText] = []
        events: list[AnyEvent] = []
        hearing = Hearing(
            self._recognizer,
            self._settings,
            self.names,
            events.append,
            inline=True,
            judge=self._judge,
        )
        talking = [each.voice for each in placements if each.clip.entry.events.over_assistant]
        began, frames = 0.0, sound.size // FRAME_SAMPLES
        for number in range(frames):
            now = number * FRAME_SECONDS
            frame = sound[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES]
            speaking = any(begin - _ANSWERED <= now <= end for begin, end in talking)
            hearing.push(number, frame, speaking=speaking)
            for event in events:
                match event:
                    case Failed():
                        raise BackendError(event.message, event.remedy)
                    case UserTurnStarted():
                        began = event.at
                    case UserText(final=True) if event.text.strip():
                        heard.append(_final(event, began, now + FRAME_SECONDS))
            events.clear()
            progress(number / frames)
        return heard

    def bare(self, sound: Float32) -> str:
        """What the weights alone write of float32 [n] at 24 kHz in one piece, without names in
        mind; up to 30 s are heard."""
        cut = Downsampler()(np.pad(sound, (0, -sound.size % 3)))
        return self._recognizer.transcribe(cut[: 30 * RATE]).text


def _final(event: UserText, began: float, at: float) -> FinalText:
    waited = event.stages.get("wait", 0.0) / 1000
    return FinalText(event.text, began, event.speech_end, at, waited, event.prompted)
