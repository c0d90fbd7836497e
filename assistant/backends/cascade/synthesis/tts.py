"""Text-to-speech (TTS): how an engine's raw speech becomes a persona's voice.

text → `speakable` → engine → pitch → effect → level → fades → float32, 24 kHz mono
"""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.effects import dress
from assistant.backends.cascade.synthesis.speech_engine import Cancellation, SpeechEngine
from assistant.frames import VoiceSpec
from assistant.language.normalise import speakable

MIN_RATE, MAX_RATE = 0.5, 2.0
SIXTEEN_BITS = np.float32(32767.0)
"""Sound is kept as int16: sample × this."""


def render(
    engine: SpeechEngine,
    text: str,
    voice: VoiceSpec,
    rate: float = 1.0,
    cancellation: Cancellation | None = None,
) -> Float32:
    """`text`, as written, in the persona's voice: float32 [n], 24 kHz mono, levelled.

    Empty where there is nothing to say. Raises like `SpeechEngine.synthesize`.
    """
    words = speakable(text)
    if not words:
        return np.zeros(0, np.float32)
    cancellation = cancellation or Cancellation()
    speed = float(np.clip(voice.speed * rate, MIN_RATE, MAX_RATE))
    raw = engine.synthesize(words, voice, speed, cancellation)
    cancellation.check()
    # Rounded here as on disk, so that a clause is the same sound whether it was kept or not.
    return np.asarray(np.round(dress(raw, voice) * SIXTEEN_BITS) / SIXTEEN_BITS, np.float32)


def load_engine(name: str, *, threads: int = 0, voice: str | None = None) -> SpeechEngine:
    """ "kokoro" or "piper"; `voice` is a further voice file for it. `threads` 0: one a core, ≤ 4.

    Raises `BackendError` with a remedy where its packages are missing.
    """
    if name == "kokoro":
        from assistant.backends.cascade.synthesis.kokoro import KokoroEngine

        return KokoroEngine(threads=threads, voices_file=voice)
    if name == "piper":
        from assistant.backends.cascade.synthesis.piper import PiperEngine

        return PiperEngine(threads=threads, default_voice=voice)
    raise BackendError(
        f'There is no voice engine "{name}".', 'Set voice_engine to "kokoro" or "piper".'
    )
