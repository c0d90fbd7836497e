"""Kyutai's speech recognition as the listener, on the codes that Moshi hears anyway.

A model of Moshi's kind that speaks nothing: 32 of the user's codebooks in, one text token a frame
out, some frames behind the sound (Zeghidour et al. 2025, "Streaming sequence-to-sequence learning
with delayed streams modeling"). It has a thread of its own; when it cannot keep up, frames are
dropped, so that the conversation never waits for its transcript.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from assistant.audio.types import Float32
from assistant.audio.vad import Vad
from assistant.backends.base import BackendError, Emit
from assistant.backends.moshi.checkpoint.catalog import Framework
from assistant.backends.moshi.contract import (
    Checkpoint,
    Codes,
    EngineSettings,
    LanguageModel,
    Progress,
    Sampling,
    TextTokenizer,
)
from assistant.backends.moshi.listening.stt_turns import SttTurns
from assistant.backends.moshi.monologue import TokenText
from assistant.frames import Failed, SpokenNames

LONGEST_QUEUE = 50
"""Frames (4 s) that may wait; after that the oldest are dropped."""
_INSTEAD = "Let Whisper listen: assistant config set backend.moshi.listener whisper"
_LIKELIEST = Sampling(temperature=0.0, text_temperature=0.0)

Make = Callable[[], LanguageModel]


@dataclass(frozen=True, slots=True)
class _ListenerFrame:
    number: int
    sound: Float32
    codes: Codes


class SttListener:
    """`Listener` on Mimi's codes."""

    codebooks = 32
    by_sound = False

    def __init__(
        self,
        make: Make,
        tokenizer: TextTokenizer,
        names: list[SpokenNames],
        emit: Emit,
        *,
        name: str,
        delay_seconds: float,
        inline: bool,
        vad: Vad | None = None,
    ) -> None:
        """`make` loads the model; it is called, like everything else of the model's, on the thread
        that will drive it. `name` is the checkpoint's, for the label. `delay_seconds`: how far
        words lag behind the sound.

        Raises `BackendError` where the model does not load, or is no speech recognition.
        """
        self.label = f"ears: {name}"
        self.dropped = 0
        """Frames that were never listened to, because the model was too slow."""
        self._tokenizer = tokenizer
        self._names = names
        self._emit = emit
        self._delay = delay_seconds
        self._inline = inline
        self._vad = vad
        self._turns: SttTurns | None = None
        self._queue: deque[_ListenerFrame] = deque()
        self._condition = threading.Condition()
        self._listening = self._complained = self._broken = self._closed = False
        if inline:
            self._load(make)
            return
        self._problem: BaseException | None = None
        loaded = threading.Event()
        self._thread = threading.Thread(
            target=self._run, args=(make, loaded), name="listener", daemon=True
        )
        self._thread.start()
        loaded.wait()
        if self._problem is not None:
            raise self._problem

    def take(
        self, number: int, frame: Float32, codes: Codes | None, *, speaking: bool = False
    ) -> None:
        if codes is None or self._broken:
            return
        item = _ListenerFrame(number, frame, codes)
        if self._inline:
            self._listen(item)
            return
        with self._condition:
            self._queue.append(item)
            late = len(self._queue) > LONGEST_QUEUE
            if late:
                self._queue.popleft()
                self.dropped += 1
            self._condition.notify_all()
        if late and not self._complained:
            self._complained = True
            self._emit(
                Failed(
                    message="Speech recognition cannot keep up: some of your words are missing.",
                    remedy=_INSTEAD,
                )
            )

    def set_names(self, names: list[SpokenNames]) -> None:
        self._names = names
        if self._turns is not None:
            self._turns.set_names(names)

    def close(self) -> None:
        """End the thread; frames that wait are forgotten."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()
        if not self._inline:
            self._thread.join(timeout=5)

    def settle(self, timeout: float = 30.0) -> bool:
        """Wait until every frame so far was listened to; False where that takes too long."""
        with self._condition:
            return self._condition.wait_for(
                lambda: not self._queue and not self._listening, timeout
            )

    # -- the model's thread ----------------------------------------------------------------------

    def _run(self, make: Make, loaded: threading.Event) -> None:
        try:
            self._load(make)
        except BaseException as error:
            self._problem = error
            return
        finally:
            loaded.set()
        while True:
            with self._condition:
                self._condition.wait_for(lambda: bool(self._queue) or self._closed)
                if self._closed:
                    return
                item = self._queue.popleft()
                self._listening = True
            self._listen(item)
            with self._condition:
                self._listening = False
                self._condition.notify_all()

    def _load(self, make: Make) -> None:
        model = make()
        shape = model.shape
        if shape.user_codebooks != self.codebooks or shape.agent_codebooks:
            raise BackendError(
                f"{model.label} is no speech recognition: it hears {shape.user_codebooks}"
                f" codebooks, not {self.codebooks}.",
                "Choose kyutai/stt-1b-en_fr: assistant config unset backend.moshi.listener_weights",
            )
        model.set_sampling(_LIKELIEST)
        model.warm_up()
        self._model = model
        self._fresh = True
        self._turns = SttTurns(
            TokenText(self._tokenizer, shape),
            self._names,
            self._emit,
            self._delay,
            has_heads=shape.extra_heads > 0,
            vad=self._vad,
        )

    def _listen(self, item: _ListenerFrame) -> None:
        if self._broken or self._turns is None:
            return
        try:
            codes = item.codes[: self.codebooks]
            if self._fresh:
                # Position 0 holds initial tokens whatever is heard: the first frame goes in twice.
                self._fresh = False
                self._model.step(codes)
            self._turns.take(item.number, item.sound, self._model.step(codes))
        except Exception as error:  # the conversation goes on without a transcript
            self._broken = True
            remedy = error.remedy if isinstance(error, BackendError) else ""
            self._emit(
                Failed(
                    message=f"Speech recognition has stopped: {error}",
                    remedy=remedy
                    or "Start again, or let Whisper listen: assistant config set"
                    " backend.moshi.listener whisper",
                )
            )


def load_model(
    checkpoint: Checkpoint,
    framework: Framework,
    options: dict[str, str | int | float | bool | None],
    progress: Progress,
) -> LanguageModel:
    """Kyutai's speech recognition in this framework. Raises `BackendError`, `ImportError`."""
    device = str(options.get("device") or "auto")
    settings = EngineSettings(
        device=device,
        dtype="float32" if device == "cpu" else "bfloat16",
        sampling=_LIKELIEST,
        cuda_graphs=bool(options.get("cuda_graphs", True)),
    )
    if framework == "torch":
        from assistant.backends.moshi.torch import model as torch_lm

        return torch_lm.load_language_model(checkpoint, settings, progress)
    from assistant.backends.moshi.mlx import model as mlx_lm

    return mlx_lm.load_language_model(checkpoint, settings, progress)
