"""The users' voices: Kokoro's, but of nobody among the personas, kept on disk once rendered."""

from __future__ import annotations

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import VoiceSpec
from assistant.locations import cache_dir
from benchmarks.room import at_level

USERS: tuple[VoiceSpec, ...] = (
    VoiceSpec(kokoro={"am_puck": 0.5, "af_heart": 0.5}),
    VoiceSpec(kokoro={"am_michael": 0.6, "bm_lewis": 0.4}),
    VoiceSpec(kokoro={"af_heart": 0.6, "bf_emma": 0.4}, speed=1.1),
)
LEVEL_DB = -26.0
"""Voiced parts of what a user says, dB full scale: a laptop's microphone at arm's length."""
_MEGABYTES = 200
_EDGE_PEAK = 0.003
_KEEP = "user-1"
"""Part of the key on disk: another number makes everything be rendered anew."""


class UserVoice:
    """One user's voice. Loads the speech engine only where something is not on disk yet."""

    def __init__(self, spec: VoiceSpec = USERS[0]) -> None:
        from assistant.backends.cascade.synthesis.voice_cache import VoiceCache

        self._spec = spec
        self._cache = VoiceCache(cache_dir() / "simulator", _MEGABYTES)
        self._sounds: dict[str, Float32] = {}

    def say(self, text: str) -> Float32:
        """float32 [n] at 24 kHz, from its first voiced sample to its last, at `LEVEL_DB`.

        Raises `BackendError` where the voice's packages are missing.
        """
        if text not in self._sounds:
            self._sounds[text] = self._make(text)
        return self._sounds[text]

    def _make(self, text: str) -> Float32:
        key = self._cache.key(_KEEP, text, self._spec, 1.0)
        sound = self._cache.get(key)
        if sound is None:
            from assistant.backends.cascade.synthesis.tts import load_engine, render

            sound = render(load_engine("kokoro"), text, self._spec)
            self._cache.put(key, sound)
        sound = at_level(sound, LEVEL_DB)
        voiced = np.flatnonzero(np.abs(sound) >= _EDGE_PEAK)
        return sound[voiced[0] : voiced[-1] + 1] if voiced.size else sound
