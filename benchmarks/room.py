"""A room to test in: what a microphone hears of a loudspeaker, and the noise around both.

The way from speaker to microphone is a slightly overdriven loudspeaker, a bulk delay (device
buffers and air), an impulse response of a few early reflections and an exponentially decaying tail,
and a microphone whose clock may run at another rate. The same seed gives the same room.
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

NoiseKind = Literal["white", "pink", "fan", "babble"]

_SLIP = round(0.02 * SAMPLE_RATE)
"""What a device loses or makes up at once when its clock has run away: a block of 20 ms."""
_LOOP = 20 * SAMPLE_RATE
"""Noise repeats after this many samples, without a seam."""


class Room:
    """Streaming; blocks of any size give the same sound as one long block.

    `gain` and `replace` change the room while it sounds: a hand at the volume knob, a laptop that
    is carried elsewhere.
    """

    def __init__(
        self,
        seed: int = 0,
        *,
        tail_ms: float = 150,
        loss_db: float = 10.0,
        delay_ms: float = 40.0,
        distortion: float = 0.05,
        drift_ppm: float = 0.0,
    ) -> None:
        """`tail_ms`: until the reverberation has fallen by 60 dB. `loss_db`: how much softer the
        echo is than what was played (white noise; negative: louder). `distortion`: share of the
        harmonics at full scale. `drift_ppm`: by how much the microphone's clock is faster than the
        speaker's."""
        self.gain = 1.0
        """Of the loudspeaker's own knob, which nobody in the program sees."""
        self._distortion = distortion
        self._response = impulse_response(seed, tail_ms) * np.float32(10 ** (-loss_db / 20))
        self._carry = np.zeros(self._response.size - 1, np.float32)
        self._late = np.zeros(round(delay_ms / 1000 * SAMPLE_RATE), np.float32)
        self._clock = _Clock(drift_ppm) if drift_ppm else None
        self._surplus = np.zeros(0, np.float32)

    def hear(self, played: Float32) -> Float32:
        """float32 [n] at 24 kHz from the speaker → what the microphone delivers in that time: [n]
        samples, or a few more or fewer as its clock has it."""
        if played.size == 0:
            return played
        reverberant = self._reverberate(self._loudspeaker(played))
        late = np.concatenate((self._late, reverberant))
        self._late = late[played.size :]
        late = late[: played.size]
        return self._clock.read(late) if self._clock is not None else late

    def echo(self, pcm: Float32) -> Float32:
        """As `hear`, but always of the length of `pcm`: where the clocks have drifted apart by more
        than a block, the microphone loses one (or has one of silence), as devices do."""
        sound = np.concatenate((self._surplus, self.hear(pcm)))
        if sound.size < pcm.size:
            sound = np.concatenate((sound, np.zeros(max(_SLIP, pcm.size - sound.size), np.float32)))
        elif sound.size > pcm.size + 2 * _SLIP:
            sound = sound[_SLIP:]
        self._surplus = sound[pcm.size :]
        return sound[: pcm.size]

    def replace(self, seed: int, *, tail_ms: float = 150, loss_db: float = 10.0) -> None:
        """From now on another room, or another place in it; the old one's echo dies away."""
        response = impulse_response(seed, tail_ms) * np.float32(10 ** (-loss_db / 20))
        carry = np.zeros(max(response.size - 1, self._carry.size), np.float32)
        carry[: self._carry.size] = self._carry
        self._response, self._carry = response, carry

    def delay(self, delay_ms: float) -> None:
        """From now on another bulk delay: a device that was opened anew."""
        wanted = round(delay_ms / 1000 * SAMPLE_RATE)
        have = self._late.size
        missing = np.zeros(max(0, wanted - have), np.float32)
        self._late = np.concatenate((missing, self._late[max(0, have - wanted) :]))

    def _loudspeaker(self, pcm: Float32) -> Float32:
        pcm = pcm * np.float32(self.gain)
        d = np.float32(self._distortion)
        bent = pcm + d * (pcm * pcm - pcm * pcm * pcm)
        return np.clip(bent, -1.5, 1.5).astype(np.float32)

    def _reverberate(self, pcm: Float32) -> Float32:
        """Overlap-add: float32 [n] → [n]; the rest is carried into the next call."""
        whole = pcm.size + self._response.size - 1
        size = 1 << (whole - 1).bit_length()
        spectrum = np.fft.rfft(pcm, size) * np.fft.rfft(self._response, size)
        sound = np.zeros(max(whole, self._carry.size), np.float32)
        sound[:whole] = np.fft.irfft(spectrum, size)[:whole]
        sound[: self._carry.size] += self._carry
        self._carry = sound[pcm.size :]
        return sound[: pcm.size]


def impulse_response(seed: int, tail_ms: float) -> Float32:
    """float32 [n] at 24 kHz, energy 1: direct sound, six early reflections, and noise that falls by
    60 dB in `tail_ms`; dull, as rooms and small loudspeakers are."""
    random = np.random.default_rng([seed, 1])
    n = max(8, round(tail_ms / 1000 * SAMPLE_RATE))
    fall = 10 ** (-3 * np.arange(n) / n)
    response = 0.25 * random.standard_normal(n) * fall
    response[: min(n, 24)] = 0.0
    response[4] = 2.5
    for at in random.integers(24, max(25, n // 6), 6):
        response[at] += random.choice([-1, 1]) * random.uniform(0.5, 1.2) * fall[at]
    response = np.convolve(response, [0.25, 0.5, 0.25])[:n]  # dull
    response -= np.convolve(response, np.full(120, 1 / 120), mode="same")  # no bass below ~100 Hz
    whole: Float32 = (response / np.sqrt(np.sum(response**2))).astype(np.float32)
    return whole


class _Clock:
    """Reads a stream at another rate, by windowed-sinc interpolation between its samples."""

    _HALF = 12
    _PHASES = 512

    def __init__(self, ppm: float) -> None:
        self._step = 1 / (1 + ppm * 1e-6)
        taps = np.arange(-self._HALF + 1, self._HALF + 1)
        phases = np.arange(self._PHASES + 1)[:, None] / self._PHASES
        window = np.cos(np.pi / 2 * (taps - phases) / (self._HALF + 1)) ** 2
        self._table = (np.sinc(taps - phases) * window).astype(np.float32)
        self._past = np.zeros(2 * self._HALF, np.float32)
        self._at = 0.0
        """Where the next sample lies, counted from the first sample that may be read."""

    def read(self, pcm: Float32) -> Float32:
        stream = np.concatenate((self._past, pcm))
        count = max(0, int(np.ceil((pcm.size - self._at) / self._step)))
        places = self._at + self._step * np.arange(count)
        whole = places.astype(np.int64)
        phase = np.round((places - whole) * self._PHASES).astype(np.int64)
        windows = np.lib.stride_tricks.sliding_window_view(stream, 2 * self._HALF)
        sound: Float32 = np.einsum("ij,ij->i", windows[whole], self._table[phase])
        self._at += count * self._step - pcm.size
        self._past = stream[pcm.size :]
        return sound


class Noise:
    """Noise of a room, block by block: white, pink (a quiet street), a fan (pink with a hum), or
    babble (pink that comes and goes as voices at other tables do)."""

    def __init__(self, kind: NoiseKind, level_db: float, seed: int = 0) -> None:
        """`level_db`: root mean square, dB full scale."""
        self._sound = _noise_loop(kind, seed) * np.float32(10 ** (level_db / 20))
        self._at = 0

    def read(self, n: int) -> Float32:
        """The next float32 [n] at 24 kHz."""
        places = (self._at + np.arange(n)) % self._sound.size
        self._at = (self._at + n) % self._sound.size
        return self._sound[places]


def _noise_loop(kind: NoiseKind, seed: int) -> Float32:
    """float32 [_LOOP], root mean square 1, seamless when repeated."""
    random = np.random.default_rng([seed, 2])
    spectrum = np.fft.rfft(random.standard_normal(_LOOP))
    hertz = np.fft.rfftfreq(_LOOP, 1 / SAMPLE_RATE)
    if kind != "white":
        spectrum /= np.sqrt(np.maximum(hertz, 20.0))
    if kind == "fan":
        spectrum /= np.sqrt(1 + (hertz / 500) ** 2)
    sound = np.fft.irfft(spectrum, _LOOP)
    sound /= np.sqrt(np.mean(sound**2))
    time = np.arange(_LOOP) / SAMPLE_RATE
    if kind == "fan":
        sound = 0.9 * sound + 0.4 * np.sin(2 * np.pi * 100 * time)
    if kind == "babble":
        # Syllables: about four a second, and never two voices in step. Whole hertz, for the seam.
        swell = sum(
            1 + np.sin(2 * np.pi * round(rate * 20) / 20 * time + random.uniform(0, 7))
            for rate in random.uniform(2, 6, 5)
        )
        sound = sound * swell
    loop: Float32 = (sound / np.sqrt(np.mean(sound**2))).astype(np.float32)
    return loop


def speech_level_db(speech: Float32) -> float:
    """Root mean square of the voiced parts, dB full scale: what a signal-to-noise ratio is of.

    Voiced are the 20 ms blocks less than 25 dB below the loudest.
    """
    block = SAMPLE_RATE // 50
    whole = speech[: speech.size // block * block].reshape(-1, block)
    powers = np.mean(whole.astype(np.float64) ** 2, axis=1)
    if not powers.size or powers.max() == 0:
        return float("-inf")
    return float(10 * np.log10(np.mean(powers[powers > powers.max() / 300])))


def at_level(speech: Float32, level_db: float) -> Float32:
    """The same speech with its voiced parts at `level_db`, dB full scale."""
    return speech * np.float32(10 ** ((level_db - speech_level_db(speech)) / 20))
