"""Rendered clauses for as long as the program runs, where none may be left on disk: they are the
words of the conversation, for anybody who listens."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.voice_cache import VoiceCache

LIMIT = 100
"""Megabytes at most, whatever may be kept on disk: half an hour of speech."""
_BYTES = 4
"""Of a sample, float32."""


class SoundsInMemory(VoiceCache):
    """The same, without a folder: the least recently used go when there is no room."""

    def __init__(self, megabytes: int) -> None:
        """`megabytes` 0 keeps nothing."""
        super().__init__(Path(), min(megabytes, LIMIT))
        self._sounds: OrderedDict[str, Float32] = OrderedDict()
        self._held = 0

    def __contains__(self, key: str) -> bool:
        return key in self._sounds

    def get(self, key: str) -> Float32 | None:
        with self._lock:
            sound = self._sounds.get(key)
            if sound is not None:
                self._sounds.move_to_end(key)
            return sound

    def put(self, key: str, sound: Float32) -> None:
        with self._lock:
            if (old := self._sounds.pop(key, None)) is not None:
                self._held -= len(old) * _BYTES
            if len(sound) * _BYTES > self.limit:
                return
            self._sounds[key] = sound
            self._held += len(sound) * _BYTES
            while self._held > self.limit:
                _, oldest = self._sounds.popitem(last=False)
                self._held -= len(oldest) * _BYTES
