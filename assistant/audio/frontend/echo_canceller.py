"""Acoustic echo cancellation: WebRTC's AEC3, and the far end kept in step with the microphone.

The canceller wants ten milliseconds of both sides at a time, always the same distance apart. The
devices deliver blocks of any size, in bursts, on clocks that differ; the queue between them is what
keeps the distance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE

BLOCK = SAMPLE_RATE // 100
"""Samples that are cancelled at once: 10 ms."""
_SILENT = np.zeros(BLOCK, np.float32)
_SILENCE = 1e-4
"""Peak under which the far end counts as silent: −80 dB."""
_WATCH = 200
"""Blocks, 2 s: what lay in the queue for all of this time is too much."""
_SPARE = 2 * BLOCK
"""What may lie there for good: a jitter of one device block."""
_STEP = 12
"""Samples by which a slower speaker is put right every 2 s: enough for clocks 250 ppm apart, and
little enough for the canceller to follow."""
_FAR_TOO_LATE = 5 * BLOCK
"""What is dropped even while the far end sounds: beyond it the reference would come later than the
echo itself, and nothing at all could be cancelled."""
_PATIENCE = 10 * BLOCK
"""What the microphone waits for the speaker's blocks where they are late, and may come still."""


@dataclass(frozen=True, slots=True)
class Block:
    """Ten milliseconds, float32 [240] each."""

    near: Float32
    """What the microphone heard."""
    far: Float32
    """What was played, as the canceller was told of it."""
    out: Float32
    """What is left of `near`; about 9 ms later, 15 with noise suppression."""


class FarEnd:
    """The queue of what was played.

    Where it stays empty the speaker stands still, and what is missing is silence. Where the
    speaker's clock is faster, or sound came in a burst after a gap, it would grow and the reference
    come later and later: the surplus is dropped, while the far end is silent if that can be
    awaited.
    """

    def __init__(self) -> None:
        self._queue = np.zeros(0, np.float32)
        self._flows = False
        self._least = 0
        self._seen = 0

    def push(self, pcm: Float32) -> None:
        """Take float32 [n]."""
        self._queue = np.concatenate((self._queue, pcm))
        self._flows = True

    @property
    def is_late(self) -> bool:
        """The next block is missing, although the speaker ran a moment ago."""
        return self._flows and self._queue.size < BLOCK

    def stand_still(self, samples: int) -> None:
        """So much silence before what comes next: it was played later than it seemed."""
        self._queue = np.concatenate((np.zeros(samples, np.float32), self._queue))

    def take(self) -> Float32:
        """The next float32 [240]; what is missing is silence."""
        self._flows &= self._queue.size >= BLOCK
        have = self._queue[:BLOCK]
        self._queue = self._queue[have.size :]
        self._trim()
        if have.size == BLOCK:
            return have
        return np.concatenate((have, _SILENT[have.size :]))

    @property
    def waiting(self) -> int:
        """Samples in the queue."""
        return self._queue.size

    def _trim(self) -> None:
        self._least = min(self._least, self._queue.size) if self._seen else self._queue.size
        self._seen += 1
        if self._seen < _WATCH:
            return
        surplus = self._least - _SPARE
        if surplus <= 0:
            self._seen = 0
            return
        # Waits here, block by block, for a pause that is long enough.
        if self._least > _FAR_TOO_LATE or np.abs(self._queue[: surplus + BLOCK]).max() < _SILENCE:
            self._queue = self._queue[surplus:]
            self._seen = 0


class EchoCanceller:
    """Takes what was played out of what was heard. 24 kHz, mono, float32."""

    def __init__(self, *, noise_suppression: bool = False) -> None:
        self._noise_suppression = noise_suppression
        self.restart()

    def restart(self) -> None:
        """Another room: everything learnt is forgotten, and what waits is dropped."""
        from pywebrtc_audio import AudioProcessor

        self._far = FarEnd()
        self._near = np.zeros(0, np.float32)
        self._least, self._seen = BLOCK, 0
        self._canceller = AudioProcessor(
            SAMPLE_RATE, echo_cancellation=True, noise_suppression=self._noise_suppression
        )

    def played(self, pcm: Float32) -> None:
        """float32 [n] on its way to the speaker."""
        self._far.push(pcm)

    def heard(self, pcm: Float32) -> Iterator[Block]:
        """float32 [n] from the microphone → the blocks that it completes. They wait, 100 ms at
        most, for what the speaker played at their time: silence in its place would shift the echo
        for good."""
        self._near = np.concatenate((self._near, pcm))
        while self._near.size >= BLOCK:
            if self._far.is_late and self._near.size < _PATIENCE:
                break
            near, self._near = self._near[:BLOCK], self._near[BLOCK:]
            far = self._far.take()
            self._seen += 1
            yield Block(near, far, self._canceller.process(near, far))
        self._catch_up()

    def _catch_up(self) -> None:
        """Where the speaker's clock is the slower one, its blocks come late for good."""
        self._least = min(self._least, self._near.size)
        if self._seen >= _WATCH:
            if self._least >= BLOCK:
                self._far.stand_still(_STEP)
            self._least, self._seen = self._near.size, 0


# Echo likelihood by GCC-PHAT: is the speaker in this sound? Asked of the waveform, so that the
# user's own voice does not count.

RATE = 8_000
"""Samples a second that are compared: loudspeakers and voices have most below 4 kHz."""
LONGEST = 0.6
"""Seconds: the longest delay that is looked for."""
_HISTORY = 1.6
"""Seconds that are kept of each side."""
_EVERY = SAMPLE_RATE // RATE
_DECIMATED = 80
"""Samples of a block of 10 ms at that rate."""


@dataclass(frozen=True, slots=True)
class EchoLikelihood:
    """How much of the far end is in a sound."""

    score: float
    """Height of the highest peak over the correlation's root mean square: about 4 by chance, from 6
    on there is echo."""
    lag: float
    """Seconds from the far end to that peak."""


NOTHING = EchoLikelihood(0.0, 0.0)


class Decimator:
    """24 kHz to 8 kHz, one block of 10 ms after the other."""

    _TAPS = 47

    def __init__(self) -> None:
        n = np.arange(self._TAPS) - self._TAPS // 2
        cutoff = 3_500 / SAMPLE_RATE
        taps = 2 * cutoff * np.sinc(2 * cutoff * n) * np.hanning(self._TAPS + 2)[1:-1]
        self._taps = taps.astype(np.float32)
        self._tail = np.zeros(self._TAPS - 1, np.float32)

    def __call__(self, pcm: Float32) -> Float32:
        """float32 [3n] → float32 [n]."""
        stream = np.concatenate((self._tail, pcm))
        self._tail = stream[pcm.size :]
        return np.convolve(stream, self._taps, "valid")[::_EVERY]  # the taps are symmetric


class Comparison:
    """Keeps the last second and a half of what was played, heard, and left of it."""

    def __init__(self) -> None:
        self._size = round(_HISTORY * RATE)
        self._far = _Ring(self._size)
        self._near = _Ring(self._size)
        self._out = _Ring(self._size)

    def push(self, far: Float32, near: Float32, out: Float32) -> None:
        """10 ms of each, float32 [240] at 24 kHz."""
        self._far.push(far)
        self._near.push(near)
        self._out.push(out)

    def of_near(self, seconds: float = 1.0) -> EchoLikelihood:
        """In what the microphone heard for the last `seconds`."""
        return self._compare(self._near.last(round(seconds * RATE)), None)

    def of_out(self, seconds: float, lag: float | None) -> EchoLikelihood:
        """In what the canceller left; `lag`: where the echo is known to lie, if it is."""
        return self._compare(self._out.last(round(seconds * RATE)), lag)

    def _compare(self, sound: Float32, lag: float | None) -> EchoLikelihood:
        longest = round(LONGEST * RATE)
        far = self._far.last(sound.size + longest)
        size = 1 << (far.size - 1).bit_length()
        taper = np.hanning(sound.size).astype(np.float32)
        a = np.fft.rfft(far, size)
        b = np.fft.rfft(sound * taper, size)
        power = np.abs(a)
        band = power > power.max() * 1e-2
        band[: size * 150 // RATE] = False
        if not band.any():
            return NOTHING
        cross = np.where(band, a.conj() * b, 0)
        cross /= np.maximum(np.abs(cross), 1e-20)
        # Where `sound` starts in `far`, counted from a delay of nothing.
        correlation = np.fft.irfft(cross, size)
        by_lag = np.abs(correlation[(np.arange(longest) - longest) % size])
        scale = float(np.sqrt(np.mean(correlation**2)))
        if scale <= 0.0:
            return NOTHING
        start, stop = 0, longest
        if lag is not None:
            start = max(0, round((lag - 0.03) * RATE))
            stop = min(longest, round((lag + 0.05) * RATE))
        peak = start + int(np.argmax(by_lag[start:stop]))
        return EchoLikelihood(float(by_lag[peak]) / scale, peak / RATE)


class _Ring:
    def __init__(self, size: int) -> None:
        self._decimate = Decimator()
        # Twice as long as needed: copied back now and then instead of with every block.
        self._sound = np.zeros(2 * size, np.float32)
        self._size = size
        self._end = size

    def push(self, pcm: Float32) -> None:
        if self._end + _DECIMATED > self._sound.size:
            self._sound[: self._size] = self._sound[self._end - self._size : self._end]
            self._end = self._size
        self._sound[self._end : self._end + _DECIMATED] = self._decimate(pcm)
        self._end += _DECIMATED

    def last(self, samples: int) -> Float32:
        return self._sound[self._end - min(samples, self._size) : self._end]
