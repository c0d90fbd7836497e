"""Ogg/Opus as it crosses the wire: 24 kHz mono, one continuous stream each way (sphn)."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.frames import SAMPLE_RATE
from assistant.models.environments import install_command

_PAGE = b"OggS"
_BITE = 2_048
"""Bytes decoded at a time: a few of them may claim a minute of sound."""
_STUCK = 512 * 1024
"""Bytes without any sound after which a stream is begun anew: a packet that never ends."""


def require_packages() -> None:
    """Raises `BackendError` where the extra is not installed."""
    missing = [name for name in ("websockets", "sphn") if find_spec(name) is None]
    if missing:
        raise BackendError(
            f"packages missing for Moshi servers: {', '.join(missing)}",
            install_command("server"),
        )


class OpusEncoder:
    """One outgoing stream. The first frame's bytes carry the stream's head."""

    def __init__(self) -> None:
        import sphn

        self._writer: Any = sphn.OpusStreamWriter(SAMPLE_RATE)

    def encode(self, frame: Float32) -> bytes:
        """float32 [1920] → Ogg pages of this frame. Whatever is no number becomes silence."""
        clean = np.clip(np.nan_to_num(frame, posinf=0.0, neginf=0.0), -1.0, 1.0)
        return bytes(self._writer.append_pcm(np.ascontiguousarray(clean, np.float32)))


class OpusDecoder:
    """One incoming stream of a stranger. It never raises: after bytes that are no Ogg/Opus it goes
    on at the next page, and `broken` counts how often."""

    def __init__(self) -> None:
        import sphn

        self._new: Any = sphn.OpusStreamReader
        self._reader: Any = None
        self._silent_bytes = 0
        self.broken = 0

    def decode(self, data: bytes, limit: int) -> tuple[Float32, int]:
        """Sound of these bytes, at most about `limit` samples of it: float32 [n], and how many
        samples were thrown away because they were more."""
        pieces: list[Float32] = []
        kept = dropped = 0
        for start in range(0, len(data), _BITE):
            piece = self._bite(data[start : start + _BITE])
            room = max(0, limit - kept)
            dropped += max(0, len(piece) - room)
            pieces.append(piece[:room])
            kept += len(pieces[-1])
        return (np.concatenate(pieces) if pieces else np.zeros(0, np.float32)), dropped

    def _bite(self, data: bytes) -> Float32:
        if self._reader is None:
            # Behind a breakage: the next page is the first place where reading can begin.
            page = data.find(_PAGE)
            if page < 0 and self.broken:
                return np.zeros(0, np.float32)
            data = data[max(0, page) :]
            self._reader = self._new(SAMPLE_RATE)
        try:
            pcm = np.asarray(self._reader.append_bytes(data), np.float32)
        except Exception:  # what a decoder in another language raises on garbage
            return self._begin_anew()
        self._silent_bytes = 0 if len(pcm) else self._silent_bytes + len(data)
        if self._silent_bytes > _STUCK:
            return self._begin_anew()
        return np.nan_to_num(pcm)

    def _begin_anew(self) -> Float32:
        self._reader = None
        self._silent_bytes = 0
        self.broken += 1
        return np.zeros(0, np.float32)
