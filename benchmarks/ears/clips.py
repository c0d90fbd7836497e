"""Recordings with the place of the voice in them, as loud as each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.vad import ON, WINDOW_SECONDS, Vad
from assistant.backends.base import BackendError
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from benchmarks.ears.manifest import ClipEntry, ManifestError
from benchmarks.room import at_level, speech_level_db
from benchmarks.sound_files import read_sound
from benchmarks.turn_material import voiced

NOMINAL_DB = -26.0
"""Level of the voiced parts of every recording before its gain is drawn, dB full scale."""
LONGEST = 28.0
"""Seconds of a recording that still is one turn: Whisper hears 30 s."""
_FADE = round(0.01 * SAMPLE_RATE)
_BLOCK = SAMPLE_RATE // 100
_LATENESS = 0.16
"""Seconds by which the detector may let go late."""
_FAINT = 10 ** (-30 / 20)
_STANDS_OUT = 10 ** (-24 / 20)
"""Of the loudest 10 ms: softer stretches may be breath, or a hand on the table."""
_OVER_NOISE = 1.5
_LASTING = 12
"""Blocks of 10 ms."""


@dataclass(frozen=True, slots=True)
class Clip:
    """One recording."""

    entry: ClipEntry
    sound: Float32
    """float32 [n], 24 kHz mono, voiced parts at `NOMINAL_DB`, faded at both ends."""
    voice: tuple[float, float]
    """Seconds from its start to its first voiced sample, and to the end of its last."""

    @property
    def seconds(self) -> float:
        return self.sound.size / SAMPLE_RATE


def load_clips(
    entries: Sequence[ClipEntry], progress: Callable[[str], None] = lambda text: None
) -> list[Clip]:
    """Raises `ManifestError` where a recording cannot be read. Those that are silent, or longer
    than one turn can be, are left out."""
    clips = []
    for entry in entries:
        progress(entry.path.name)
        try:
            sound = read_sound(entry.path)
        except BackendError as error:
            raise ManifestError(f"{entry.place}: {error.message}", error.remedy) from error
        if 0 < sound.size <= LONGEST * SAMPLE_RATE and (clip := make_clip(entry, sound)):
            clips.append(clip)
    return clips


def make_clip(entry: ClipEntry, sound: Float32) -> Clip | None:
    """None where there is nothing to hear in `sound`, float32 [n] at 24 kHz."""
    begin, end = voiced_span(sound)
    part = sound[round(begin * SAMPLE_RATE) : round(end * SAMPLE_RATE)]
    level = speech_level_db(part)
    if not np.isfinite(level):
        return None
    faded = at_level(sound, NOMINAL_DB + speech_level_db(sound) - level)
    ramp = np.linspace(0, 1, min(_FADE, sound.size), dtype=np.float32)
    faded[: ramp.size] *= ramp
    faded[-ramp.size :] *= ramp[::-1]
    return Clip(entry, faded, (begin, end))


def voiced_span(sound: Float32) -> tuple[float, float]:
    """Seconds to the first and behind the last voiced sample of float32 [n] at 24 kHz.

    Where the voice activity detector hears somebody in the recording alone; where it hears nobody,
    from the first to the last stretch that is loud.
    """
    found = _detected(sound) or _loud(sound)
    if found is None:
        first, last = voiced(sound)
        return first / SAMPLE_RATE, last / SAMPLE_RATE
    return found


def _detected(sound: Float32) -> tuple[float, float] | None:
    """By the detector; the end finer, because it lets go late."""
    times = [time for time, probability in _windows(sound) if probability >= ON]
    if not times:
        return None
    whole = sound.size / SAMPLE_RATE
    begin, end = max(0.0, times[0] - WINDOW_SECONDS), min(times[-1], whole)
    level = _levels(sound)
    last = min(round(end * 100), level.size)
    floor = min(max(_noise(level), level.max() * _FAINT), level.max() / 2)
    near = np.arange(max(round(begin * 100), last - round(_LATENESS * 100)), last)
    stands_out = near[level[near] > floor]
    return begin, (int(stands_out[-1]) + 1) / 100 if stands_out.size else end - _LATENESS


def _windows(sound: Float32) -> list[tuple[float, float]]:
    """End and probability of each window of the detector, silence behind it."""
    vad, found = Vad(), []
    padding = -sound.size % FRAME_SAMPLES + FRAME_SAMPLES
    padded = np.concatenate([sound, np.zeros(padding, np.float32)])
    for number in range(padded.size // FRAME_SAMPLES):
        frame = padded[number * FRAME_SAMPLES : (number + 1) * FRAME_SAMPLES]
        found += [(window.time, window.probability) for window in vad.push(frame, number)]
    return found


def _loud(sound: Float32) -> tuple[float, float] | None:
    """From the first to the last stretch that is loud for `_LASTING` blocks, or nearly."""
    level = _levels(sound)
    if level.size < _LASTING:
        return None
    loud = level > max(_noise(level) * _OVER_NOISE, float(level.max()) * _STANDS_OUT)
    lasting = np.convolve(loud, np.ones(_LASTING), "valid") >= 0.8 * _LASTING
    starts = np.flatnonzero(lasting)
    if not starts.size:
        return None
    return int(starts[0]) / 100, (int(starts[-1]) + _LASTING) / 100


def _levels(sound: Float32) -> Float32:
    """Root mean square of each 10 ms, of the first difference: without hum and rumble."""
    sound = np.diff(sound, prepend=sound[:1])
    blocks = sound[: sound.size - sound.size % _BLOCK].reshape(-1, _BLOCK)
    return np.asarray(np.sqrt(np.mean(blocks**2, axis=1)), np.float32)


def _noise(level: Float32) -> float:
    """Twice the level of the quietest tenth."""
    return 2 * float(np.quantile(level, 0.1)) if level.size else 0.0
