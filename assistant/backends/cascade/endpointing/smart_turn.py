"""Endpointing by ear: does the voice sound as if it had come to its end?

Smart Turn v3.2 (Daily, BSD-2-Clause) hears melody, lengthening and rhythm in the last eight
seconds: the encoder of Whisper tiny with a head that tells one probability, 8 million numbers of
8 bits. About 28 ms of one x86-64 core a call. What the words tell it does not know: "48 Ridge
Road" sounds whole. `patience` weighs both.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade.endpointing import smart_turn_weights
from assistant.backends.cascade.onnx import open_session
from assistant.backends.cascade.recognition.log_mel import RATE, LogMel

log = logging.getLogger(__name__)

_SECONDS = 8
_FRAMES = _SECONDS * 100
_BANDS = 80
_TINY = 1e-7
"""Added to the variance of the sound, so that silence is no division by zero."""

Judge = Callable[[Float32], float]
"""float32 [n] at 16 kHz, a turn up to a pause → 0…1, that its speaker is done."""


class SmartTurn:
    """The model, loaded. Stateless; onnxruntime lets threads share it."""

    def __init__(self, path: Path) -> None:
        """Raises `BackendError` where the file is no such model."""
        try:
            self._session = open_session(path, threads=1)
            self._input = self._session.get_inputs()[0].name
        except Exception as error:
            raise BackendError(
                f"The weights of {smart_turn_weights.NAME} in {path} cannot be read: {error}",
                f"Run: assistant models pull {smart_turn_weights.NAME}",
            ) from error
        self._mel = LogMel(_BANDS)

    @classmethod
    def load(cls) -> SmartTurn | None:
        """None where its weights are not on this machine: the rules do without."""
        path = smart_turn_weights.find()
        return cls(path) if path is not None else None

    def __call__(self, audio: Float32) -> float:
        """float32 [n] at 16 kHz, up to a pause and with what there is of it; only the last eight
        seconds count → 0…1, that its speaker is done."""
        features = self._mel(_normal(audio), _FRAMES)
        (told,) = self._session.run(None, {self._input: features[None]})
        return float(np.ravel(told)[0])


def _normal(audio: Float32) -> Float32:
    """The end of the sound, silence before it where it is shorter, with mean 0 and variance 1."""
    wanted = _SECONDS * RATE
    clip = np.zeros(wanted, np.float32)
    end = audio[-wanted:]
    clip[wanted - end.size :] = end
    level: Float32 = (clip - clip.mean()) / np.sqrt(clip.var() + _TINY)
    return level.astype(np.float32, copy=False)


class Listener:
    """Asks a judge about pauses, on a thread of its own beside the transcription, or at once."""

    def __init__(self, judge: Judge | None, *, inline: bool) -> None:
        """`judge`: None where there is none; then nothing is ever told."""
        self._judge = judge
        self._inline = inline
        self._condition = threading.Condition()
        self._next: tuple[Float32, Callable[[float], None]] | None = None
        self._closed = False
        if judge is not None and not inline:
            threading.Thread(target=self._run, name="end-of-turn", daemon=True).start()

    @property
    def is_there(self) -> bool:
        return self._judge is not None

    def ask(self, audio: Float32, done: Callable[[float], None]) -> None:
        """Judge float32 [n] at 16 kHz; an older question that still waits is dropped."""
        if self._judge is None:
            return
        if self._inline:
            self._answer(self._judge, audio, done)
            return
        with self._condition:
            self._next = (audio, done)
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify()

    def _run(self) -> None:
        while (judge := self._judge) is not None:
            with self._condition:
                while self._next is None and not self._closed:
                    self._condition.wait()
                if self._closed or self._next is None:
                    return
                (audio, done), self._next = self._next, None
            self._answer(judge, audio, done)

    def _answer(self, judge: Judge, audio: Float32, done: Callable[[float], None]) -> None:
        try:
            probability = judge(audio)
        except Exception:
            log.exception("the sound of a turn cannot be judged; its words go on being")
            self._judge = None
        else:
            done(probability)
