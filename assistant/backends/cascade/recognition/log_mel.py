"""Log-mel spectrogram, the input of Whisper's encoder (Radford et al. 2022, section 2.2)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32

RATE = 16_000
"""Samples a second that Whisper hears."""
HOP = 160
"""Samples from one frame to the next: 10 ms."""
_WINDOW = 400


def _hz_to_mel(hz: float) -> float:
    """Slaney's scale: linear up to 1 kHz (200/3 Hz a mel), logarithmic above."""
    if hz < 1000.0:
        return hz * 3.0 / 200.0
    return 15.0 + float(np.log(hz / 1000.0)) * 27.0 / float(np.log(6.4))


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    linear = mel * 200.0 / 3.0
    curved = 1000.0 * np.exp((mel - 15.0) * np.log(6.4) / 27.0)
    return np.where(mel < 15.0, linear, curved)


def _filters(bands: int) -> Float32:
    """Triangles of equal area, float32 [bands, 201]."""
    bins = np.arange(_WINDOW // 2 + 1) * (RATE / _WINDOW)
    edges = _mel_to_hz(np.linspace(0.0, _hz_to_mel(RATE / 2), bands + 2))
    low, mid, high = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bins - low) / (mid - low)
    falling = (high - bins) / (high - mid)
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return (triangles * 2.0 / (high - low)).astype(np.float32)


class LogMel:
    """Turns sound into features. Stateless after construction, so threads may share one."""

    def __init__(self, bands: int) -> None:
        self._filters = _filters(bands)
        self._window = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)

    def __call__(self, audio: Float32, frames: int) -> Float32:
        """float32 [n] at 16 kHz, padded with silence or cut → float32 [bands, frames]."""
        wanted = frames * HOP
        clip = np.zeros(wanted, np.float32)
        clip[: min(audio.size, wanted)] = audio[:wanted]
        padded = np.pad(clip, _WINDOW // 2, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::HOP][:frames]
        power = np.abs(np.fft.rfft(windows * self._window, axis=1)).astype(np.float32) ** 2
        mel = np.log10(np.maximum(self._filters @ power.T, 1e-10))
        floored = np.maximum(mel, mel.max() - 8.0)
        return np.ascontiguousarray((floored + 4.0) / 4.0, dtype=np.float32)
