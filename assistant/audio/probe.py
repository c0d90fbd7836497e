"""What can be read off a recording of both sides: delay, levels, losses, and how clocks run apart.

Pure functions on numpy arrays. Levels are root mean squares in dBFS, where 1.0 is 0 dBFS; places
and lags count samples at 24 kHz.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

# The sounds with which a room is measured: sweeps that are found again, and something like
# speech.

LOW_HZ, HIGH_HZ = 200.0, 8_000.0
"""The band of the sweep: what a laptop's loudspeaker plays and a headset's microphone hears."""
SWEEP_SECONDS = 0.3
SPEECH_DBFS = -20.0
"""Level of the speech, pauses included: that of the personas' voices."""

_FADE_SECONDS = 0.01
_SWEEP_PEAK = 0.4
_QUIET_SECONDS = 2.0
_OPENING_GAPS = (0.60, 0.85, 0.70)
_CLOSING_GAPS = (0.75, 0.60)
"""Uneven, so that the echo of one sweep, however late, is never taken for that of another."""
_SPEECH_SECONDS = 3.5
_SPEECH_GAP = 0.5
_FIXED_SECONDS = (
    _QUIET_SECONDS
    + sum(_OPENING_GAPS)
    + sum(_CLOSING_GAPS)
    + SWEEP_SECONDS * (len(_OPENING_GAPS) + len(_CLOSING_GAPS))
)
_PIECE_SECONDS = _SPEECH_SECONDS + _SPEECH_GAP + SWEEP_SECONDS + _SPEECH_GAP


@dataclass(frozen=True, slots=True)
class ProbePlan:
    """What is played, and where in it things begin; places count samples."""

    sound: Float32
    """float32 [n], 24 kHz mono, absolute values under 1."""
    quiet: tuple[int, int]
    """First and last (exclusive) sample of the silence at the beginning."""
    sweeps: tuple[int, ...]
    speech: tuple[tuple[int, int], ...]


def make_plan(seconds: float) -> ProbePlan:
    """Silence, sweeps, speech with a sweep after every piece, sweeps: at most `seconds` long, but
    so long that there is a piece of speech (12 s)."""
    pieces = max(1, int((seconds - _FIXED_SECONDS) / _PIECE_SECONDS))
    sweep = chirp()
    parts: list[Float32] = [_silence(_QUIET_SECONDS)]
    sweeps: list[int] = []
    speech: list[tuple[int, int]] = []

    def add(part: Float32, gap: float) -> int:
        at = sum(each.size for each in parts)
        parts.extend((part, _silence(gap)))
        return at

    for gap in _OPENING_GAPS:
        sweeps.append(add(sweep, gap))
    for number in range(pieces):
        spoken = speechlike(_SPEECH_SECONDS, seed=number)
        at = add(spoken, _SPEECH_GAP)
        speech.append((at, at + spoken.size))
        sweeps.append(add(sweep, _SPEECH_GAP))
    for gap in _CLOSING_GAPS:
        sweeps.append(add(sweep, gap))
    quiet = (0, round(_QUIET_SECONDS * SAMPLE_RATE))
    return ProbePlan(np.concatenate(parts), quiet, tuple(sweeps), tuple(speech))


def chirp(seconds: float = SWEEP_SECONDS) -> Float32:
    """A tone that climbs evenly from 200 Hz to 8 kHz: float32 [n], 24 kHz.

    Linear, not exponential: its spectrum is flat, so that what a matched filter makes of it is one
    narrow peak (pulse compression; Skolnik, Radar Handbook, chapter 8).
    """
    t = np.arange(round(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * (LOW_HZ * t + (HIGH_HZ - LOW_HZ) / (2 * seconds) * t**2)
    edge = np.clip(np.minimum(t, t[-1] - t) / _FADE_SECONDS, 0.0, 1.0)
    fade = np.sin(np.pi / 2 * edge) ** 2
    sweep: Float32 = (_SWEEP_PEAK * np.sin(phase) * fade).astype(np.float32)
    return sweep


def speechlike(seconds: float, seed: int = 0) -> Float32:
    """What an echo canceller takes for a voice: float32 [n], 24 kHz, SPEECH_DBFS on the average.

    A buzz whose pitch wanders and some noise, with the long-term spectrum of speech (flat up to
    500 Hz, then falling by 9 dB an octave; after Byrne et al. 1994) and four syllables a second.
    """
    n = round(seconds * SAMPLE_RATE)
    random = np.random.default_rng([seed, 24])
    t = np.arange(n) / SAMPLE_RATE
    pitch = 125 * 2 ** (0.25 * np.sin(2 * np.pi * 0.6 * t + random.uniform(0, 6)))
    turns = np.cumsum(pitch) / SAMPLE_RATE
    buzz = 2 * (turns % 1.0) - 1
    mixed = np.diff(buzz, prepend=0.0) + 0.15 * random.standard_normal(n)
    spectrum = np.fft.rfft(mixed)
    hertz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    spectrum *= 1 / (1 + (hertz / 500) ** 1.5) * (hertz > 100)
    rate = 4 + 0.8 * np.sin(2 * np.pi * 0.3 * t + random.uniform(0, 6))
    syllables = np.sin(np.pi * np.cumsum(rate) / SAMPLE_RATE) ** 2
    ends = np.clip(np.minimum(t, t[-1] - t) / _FADE_SECONDS, 0.0, 1.0)
    sound = np.fft.irfft(spectrum, n) * syllables * ends
    sound *= 10 ** (SPEECH_DBFS / 20) / np.sqrt(np.mean(sound**2))
    voice: Float32 = np.clip(sound, -0.95, 0.95).astype(np.float32)
    return voice


def _silence(seconds: float) -> Float32:
    return np.zeros(round(seconds * SAMPLE_RATE), np.float32)


Float64 = NDArray[np.float64]

SILENCE_DB = -120.0
"""Level of digital silence."""
CLIPPED = 0.985
"""Absolute value from which a sample counts as clipped. Under full scale, because resampling
rounds the corners off."""

_CLEAR = 9.0
"""How far a peak of the matched filter must stand out of its background, in standard deviations.
Of 30,000 Gaussian values the highest is about 4.2; six are left for sound that is none."""
_FAINTEST_DB = -80.0
"""An echo fainter than that is rounding errors."""
_FIRST_SHARE = 0.5
FIRST_WITHIN = round(0.03 * SAMPLE_RATE)
"""The direct sound may be half as loud as a reflection that comes up to 30 ms later."""
_JUMP_SAMPLES = 12.0
"""No two clocks drift by half a millisecond between two sweeps: that is lost or made-up sound."""
_SURE_SAMPLES = 0.1
"""The best that the place of a sweep is known: an interpolated peak."""
_BLOCK = SAMPLE_RATE // 50


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where a known sound was found."""

    at: float
    """Samples from the beginning of what was searched to the sound's first sample."""
    gain_db: float
    """How much louder it is there than it was made."""


def find(sound: Float32, near: Float32, first_within: int = FIRST_WITHIN) -> Arrival | None:
    """Where in `near` (float32 [n]) `sound` (float32 [m], m < n) arrives first, to a fraction of a
    sample, whichever its polarity; None where it does not stand out of everything else.

    "First" is the earliest within `first_within` samples before the clearest that is half as clear.

    Matched filter by FFT; the peak is refined by a parabola.
    """
    energy = float(np.sum(sound.astype(np.float64) ** 2))
    if near.size <= sound.size or energy == 0.0:
        return None
    size = 1 << (near.size + sound.size - 1).bit_length()
    spectrum = np.fft.rfft(near, size) * np.conj(np.fft.rfft(sound, size))
    likeness = np.abs(np.fft.irfft(spectrum, size)[: near.size - sound.size + 1]) / energy
    best = int(np.argmax(likeness))
    peak = float(likeness[best])
    background = float(np.median(likeness)) / 0.6745  # of the absolute values of a Gaussian
    if peak < max(_CLEAR * background, 10 ** (_FAINTEST_DB / 20)):
        return None
    early = likeness[max(0, best - first_within) : best]
    sooner = np.flatnonzero(early >= _FIRST_SHARE * peak)
    if sooner.size:
        at = best - early.size + int(sooner[0])
        while likeness[at + 1] > likeness[at]:  # up the flank to its own top
            at += 1
        best = at
    return Arrival(best + _vertex(likeness, best), 20 * float(np.log10(likeness[best])))


@dataclass(frozen=True, slots=True)
class Drift:
    """How much faster the microphone's clock runs than the speaker's."""

    ppm: float
    plus_minus: float
    """Two standard deviations, in ppm."""
    jumps: tuple[float, ...] = ()
    """Samples by which the echo came suddenly later (or earlier, negative): sound that a device
    made up or lost."""


def drift_of_sweeps(places: ArrayLike, arrivals: ArrayLike) -> Drift | None:
    """From sweeps that left the speaker at `places` and came to the microphone at `arrivals`, each
    in samples of its own stream. None where there are fewer than three, or jumps between all.

    A line through the lags, by least squares; where they jump, one line goes on at another height.
    """
    x = np.asarray(places, np.float64)
    lags = np.asarray(arrivals, np.float64) - x
    if x.size < 3:
        return None
    steps = np.diff(lags)
    slope = float(np.median(steps / np.diff(x)))
    surplus = steps - slope * np.diff(x)
    jumped = np.abs(surplus) > _JUMP_SAMPLES
    piece = np.concatenate(([0], np.cumsum(jumped)))
    sides = np.concatenate([x[piece == k] - x[piece == k].mean() for k in range(piece[-1] + 1)])
    rises = np.concatenate(
        [lags[piece == k] - lags[piece == k].mean() for k in range(piece[-1] + 1)]
    )
    spread = float(np.sum(sides**2))
    free = x.size - int(piece[-1]) - 2
    if spread == 0.0 or free < 1:
        return None
    slope = float(np.sum(sides * rises)) / spread
    error = float(np.sqrt(np.sum((rises - slope * sides) ** 2) / free))
    deviation = max(error, _SURE_SAMPLES) / np.sqrt(spread)
    return Drift(1e6 * slope, 2e6 * float(deviation), tuple(map(float, surplus[jumped])))


class BlockClock:
    """When the samples of a stream passed by, from the times of its blocks."""

    def __init__(self) -> None:
        self.total = 0
        self._times: list[float] = []
        self._places: list[int] = []

    def tick(self, at: float, samples: int, *, leaving: bool) -> None:
        """A block of `samples` passed `at` (seconds): its first sample where it is `leaving` for
        the speaker, its last where it comes from the microphone."""
        self._times.append(at)
        self._places.append(self.total if leaving else self.total + samples)
        self.total += samples

    def time_of(self, place: float) -> float:
        """Seconds at which the sample at `place` typically passed by."""
        return place / SAMPLE_RATE + self._offset()

    def place_at(self, time: float) -> float:
        """Samples; the other way round."""
        return (time - self._offset()) * SAMPLE_RATE

    def rate(self) -> tuple[float, float]:
        """How much faster than nominal samples pass, and twice its standard deviation, in ppm.

        The earliest block of each half second counts: blocks come late, never early.
        """
        late = np.asarray(self._times) - np.asarray(self._places) / SAMPLE_RATE
        window = ((np.asarray(self._times) - self._times[0]) / 0.5).astype(int)
        chosen = [np.flatnonzero(window == k) for k in np.unique(window)[2:-1]]
        earliest = np.array([indices[np.argmin(late[indices])] for indices in chosen], int)
        if earliest.size < 5:
            return 0.0, float("inf")
        x = np.asarray(self._times)[earliest]
        x -= x.mean()
        y = late[earliest] - late[earliest].mean()
        slope = float(np.sum(x * y) / np.sum(x * x))
        error = float(np.sqrt(np.sum((y - slope * x) ** 2) / (x.size - 2) / np.sum(x * x)))
        return -1e6 * slope, 2e6 * error

    def _offset(self) -> float:
        """The middle of the closest half of all blocks (the "shorth"): a busy machine may handle
        every third block late without changing it."""
        late = np.sort(np.asarray(self._times) - np.asarray(self._places) / SAMPLE_RATE)
        half = max(1, late.size // 2)
        widths = late[half:] - late[: late.size - half]
        begin = int(np.argmin(widths)) if widths.size else 0
        return float(np.median(late[begin : begin + half + 1]))


def drift_of_clocks(speaker: BlockClock, microphone: BlockClock) -> Drift:
    """From how fast the blocks of both come; far less sure than sweeps, but needs no echo."""
    (far, far_error), (near, near_error) = speaker.rate(), microphone.rate()
    return Drift(near - far, float(np.hypot(far_error, near_error)))


def level_db(sound: Float32) -> float:
    """Root mean square of float32 [n], the constant part left out."""
    if sound.size == 0:
        return SILENCE_DB
    power = float(np.var(sound.astype(np.float64)))
    return max(SILENCE_DB, 10 * float(np.log10(max(power, 1e-30))))


def noise_db(sound: Float32) -> float:
    """Level of the steady noise in float32 [n]: what stands more than 6 dB out of the middle, such
    as a cough, does not count."""
    powers = _block_powers(sound)
    if powers.size == 0:
        return SILENCE_DB
    steady = powers[powers <= 4 * np.median(powers)]
    return max(SILENCE_DB, 10 * float(np.log10(max(float(steady.mean()), 1e-30))))


def less_noise(level: float, noise: float) -> float | None:
    """Level of a sound that was measured together with noise: powers add up. None where the noise
    hides it (it lies more than 6 dB below)."""
    power = 10 ** (level / 10) - 10 ** (noise / 10)
    if power < 10 ** ((noise - 6) / 10) or level <= SILENCE_DB:
        return None
    return 10 * float(np.log10(power))


def clipped_share(sound: Float32) -> float:
    """Share of the samples at full scale, 0 to 1."""
    return float(np.mean(np.abs(sound) >= CLIPPED)) if sound.size else 0.0


def constant_share(sound: Float32) -> float:
    """Share of the blocks of 20 ms in which nothing moves at all: no microphone that is on has
    such, as its own noise is more than the last bit."""
    whole = sound[: sound.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    return float(np.mean(np.ptp(whole, axis=1) < 2.0**-17)) if whole.size else 0.0


def offset(sound: Float32) -> float:
    """The constant part of float32 [n], −1 to 1."""
    return float(sound.mean(dtype=np.float64)) if sound.size else 0.0


def _block_powers(sound: Float32) -> Float64:
    whole = sound[: sound.size // _BLOCK * _BLOCK].astype(np.float64).reshape(-1, _BLOCK)
    powers: Float64 = np.mean((whole - sound.mean(dtype=np.float64)) ** 2, axis=1)
    return powers


def _vertex(values: Float64, top: int) -> float:
    """Where between its neighbours the top of a parabola lies, −0.5 to 0.5."""
    if not 0 < top < values.size - 1:
        return 0.0
    left, middle, right = (float(values[top + k]) for k in (-1, 0, 1))
    bend = left - 2 * middle + right
    return 0.0 if bend == 0 else float(np.clip((left - right) / (2 * bend), -0.5, 0.5))
