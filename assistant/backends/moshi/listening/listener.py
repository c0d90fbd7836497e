"""The listener: writes down the user's side, which Moshi hears but does not write.

Kyutai's speech recognition works on the codes that Moshi hears anyway, knows when a turn is over
by its meaning, and wants a card of its own size; Whisper works on any processor.
"""

from __future__ import annotations

import traceback
from typing import Protocol

from assistant.audio.types import Float32
from assistant.backends.base import BackendError, Emit
from assistant.backends.cascade.weights_catalog import AUTO
from assistant.backends.moshi.checkpoint.catalog import DEFAULT_LISTENER, Framework
from assistant.backends.moshi.checkpoint.memory import STT_1B, estimate, gib
from assistant.backends.moshi.contract import Codec, Codes, Progress
from assistant.frames import Failed, SpokenNames

CODEBOOKS = 8
"""Codes of a frame that Moshi itself wants."""
STT_CODEBOOKS = 32
"""… and that Kyutai's speech recognition wants; the first eight are the same."""

Options = dict[str, str | int | float | bool | None]


class Listener(Protocol):
    """Reports `TurnStarted`, `TurnEnded` and `UserText` of the user's side, as the cascade does."""

    codebooks: int
    """Codes of a frame that it wants to be given."""
    by_sound: bool
    """It hears the frame itself, and may be given one that the model must not hear."""
    label: str
    """For the status line: "ears: whisper tiny.en int8"."""

    def take(
        self, number: int, frame: Float32, codes: Codes | None, *, speaking: bool = False
    ) -> None:
        """One frame of the user's: float32 [1920], and its codes int64 [codebooks], None where
        nobody made any. `speaking`: the assistant was being heard meanwhile, words are wanted
        soon. Never waits for a transcript, unless everything happens inline."""

    def set_names(self, names: list[SpokenNames]) -> None:
        """Persona names that the user may speak."""

    def close(self) -> None: ...


class Deaf:
    """Nobody writes the user's side down."""

    codebooks = CODEBOOKS
    by_sound = False

    def __init__(self, label: str = "ears: none") -> None:
        self.label = label

    def take(
        self, number: int, frame: Float32, codes: Codes | None, *, speaking: bool = False
    ) -> None:
        pass

    def set_names(self, names: list[SpokenNames]) -> None:
        pass

    def close(self) -> None:
        pass


def load_listener(
    options: Options,
    codec: Codec | None,
    names: list[SpokenNames],
    emit: Emit,
    *,
    inline: bool,
    progress: Progress,
    framework: Framework = "torch",
    free_bytes: int | None = None,
) -> Listener:
    """The listener that `[backend.moshi]` asks for, or the next best, having said why.

    `codec`: the one that will make the codes, where it exists already; with less than
    `STT_CODEBOOKS` there is nothing for Kyutai's recognition to work on. `free_bytes`: memory that
    it may take (None: unknown, counts as enough). `inline`: transcribe on the thread that hands in
    the frames. What does not load is told as `Failed`, not fatal, and never raised.
    """
    wanted = str(options.get("listener") or "auto")
    if wanted == "none":
        return Deaf()
    why_not = ""
    if wanted in ("auto", "stt"):
        why_not = _obstacle(options, codec, framework, free_bytes, auto=wanted == "auto")
        if not why_not:
            try:
                return _load_stt(options, framework, names, emit, inline, progress)
            except Exception as error:  # a conversation needs no listener
                why_not = _say(emit, "Kyutai's speech recognition cannot be used", error)
        elif wanted == "stt":
            emit(
                Failed(
                    message=f"Kyutai's speech recognition cannot be used: {why_not}.",
                    remedy="Whisper writes down what you say instead.",
                )
            )
    try:
        return _load_whisper(options, names, emit, inline, progress, why_not)
    except Exception as error:  # a conversation needs no listener
        _say(emit, "Nobody can write down what you say", error)
        return Deaf("ears: none (no speech recognition could be loaded)")


def stt_bytes(framework: Framework) -> int:
    """Memory that Kyutai's speech recognition takes beside Moshi, once its context is used."""
    return estimate(STT_1B, "none", framework=framework, listener=True).listener


def _obstacle(
    options: Options,
    codec: Codec | None,
    framework: Framework,
    free_bytes: int | None,
    *,
    auto: bool,
) -> str:
    """Why Kyutai's speech recognition is not even tried, in words; "" where it is."""
    from assistant.backends.moshi.checkpoint.finding import cached

    if codec is not None and codec.codebooks < STT_CODEBOOKS:
        return f"the codec makes {codec.codebooks} codes a frame, not {STT_CODEBOOKS}"
    if not auto:
        return ""
    if not cached(_source(options, framework), framework):
        return "Kyutai's weights are not here"
    needed = stt_bytes(framework)
    if free_bytes is not None and needed > free_bytes:
        return f"Kyutai's needs {gib(needed)} GiB, {gib(max(0, free_bytes))} are free"
    return ""


def _source(options: Options, framework: Framework) -> str:
    return str(options.get("listener_weights") or DEFAULT_LISTENER[framework])


def _load_stt(
    options: Options,
    framework: Framework,
    names: list[SpokenNames],
    emit: Emit,
    inline: bool,
    progress: Progress,
) -> Listener:
    from assistant.backends.moshi.checkpoint.finding import find_checkpoint
    from assistant.backends.moshi.contract import load_tokenizer
    from assistant.backends.moshi.listening.stt_listener import SttListener, load_model

    checkpoint = find_checkpoint(_source(options, framework), framework, progress, download=False)
    if checkpoint.kind != "stt":
        raise BackendError(
            f"{checkpoint.name} is no speech recognition.",
            f"Choose another: assistant config set backend.moshi.listener_weights"
            f" {DEFAULT_LISTENER[framework]}",
        )
    return SttListener(
        lambda: load_model(checkpoint, framework, options, progress),
        load_tokenizer(checkpoint.tokenizer),
        names,
        emit,
        name=checkpoint.name,
        delay_seconds=checkpoint.delay_seconds,
        inline=inline,
    )


def _load_whisper(
    options: Options,
    names: list[SpokenNames],
    emit: Emit,
    inline: bool,
    progress: Progress,
    why_not: str,
) -> Listener:
    from assistant.backends.moshi.listening.whisper_listener import WhisperListener

    progress("loading speech recognition", None)
    spec = str(options.get("whisper") or AUTO)

    def tell(text: str) -> None:
        progress(text, None)

    return WhisperListener.load(spec, names, emit, inline=inline, why=why_not, tell=tell)


def _say(emit: Emit, what: str, error: Exception) -> str:
    """Tell the user; returns the reason in a few words."""
    if isinstance(error, BackendError):
        reason, remedy = error.message, error.remedy
    else:
        traceback.print_exception(error)
        reason, remedy = f"{type(error).__name__}: {error}", "The log holds the whole story."
    emit(Failed(message=f"{what}: {reason}", remedy=remedy))
    return "Kyutai's could not be loaded"
