"""Whisper as the listener: the cascade's recognition beside a model that talks at the same time.

Voice activity is watched on the thread that hands in the frames (half a millisecond each);
transcription has its own, so that the model's next frame never waits for it.
"""

from __future__ import annotations

from assistant.audio.types import Float32
from assistant.backends.base import Emit
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.recognition.choosing import Tell, load_recognizer
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.backends.cascade.recognition.stt import Recognizer
from assistant.backends.moshi.contract import Codes
from assistant.frames import SpokenNames
from assistant.language.languages import ENGLISH


class WhisperListener:
    """`Listener` that hears the sound itself and leaves the codes alone."""

    codebooks = 8
    by_sound = True

    def __init__(
        self,
        recognizer: Recognizer,
        names: list[SpokenNames],
        emit: Emit,
        *,
        inline: bool,
        why: str = "",
    ) -> None:
        """`why`: why it is Whisper and not Kyutai's recognition, for the label."""
        self.label = f"ears: {recognizer.label}" + (f" ({why})" if why else "")
        self._hearing = Hearing(recognizer, TurnConfig(), names, emit, inline=inline)

    @classmethod
    def load(
        cls,
        spec: str,
        names: list[SpokenNames],
        emit: Emit,
        *,
        inline: bool,
        why: str = "",
        tell: Tell = lambda text: None,
    ) -> WhisperListener:
        """Load the weights named by `spec` (see `cascade.weights.find`), or with "auto" the best
        that this machine is quick enough for, as the cascade's; `tell` is told where that has to
        be measured. Raises `BackendError`."""
        loaded = load_recognizer(spec, language=ENGLISH, measure=not inline, tell=tell)
        loaded.recognizer.warm_up()
        return cls(loaded.recognizer, names, emit, inline=inline, why=why)

    def take(
        self, number: int, frame: Float32, codes: Codes | None, *, speaking: bool = False
    ) -> None:
        self._hearing.push(number, frame, speaking=speaking)

    def set_names(self, names: list[SpokenNames]) -> None:
        self._hearing.set_names(names)

    def close(self) -> None:
        self._hearing.close()
