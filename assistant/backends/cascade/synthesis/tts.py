"""Text-to-speech (TTS): how an engine's raw speech becomes a persona's voice.

text → `speakable` → engine → pitch → effect → level → fades → float32, 24 kHz mono

Where the engine gives its speech in chunks, all of that is done to each of them, with what is
beside it, and they are joined afterwards: see `stream`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TypeGuard

import msgspec
import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.chunks import Joiner, SpeechChunk, StreamingEngine
from assistant.backends.cascade.synthesis.engines.catalog import engine_spec, lacking
from assistant.backends.cascade.synthesis.loudness import (
    TARGET_LUFS,
    amplify,
    integrated_loudness,
)
from assistant.backends.cascade.synthesis.retune import flattened, monotone, retune, singing
from assistant.backends.cascade.synthesis.speech_engine import Cancellation, SpeechEngine
from assistant.backends.cascade.synthesis.whispered import whispered
from assistant.frames import SAMPLE_RATE, Prosody, VoiceSpec
from assistant.language.delivery.prosody import NEUTRAL
from assistant.language.normalise import speakable

# From an engine's raw speech to a persona's sound: rumble, pitch, effect, loudness, clean ends.

EFFECTS_VERSION = 3
"""Counts up whenever an effect sounds different; part of every cache key."""
_FADE = int(0.008 * SAMPLE_RATE)
_RUMBLE = 60.0
"""Hertz below which no voice speaks, but some of the model's voices rumble at -42 dBFS."""
_WORDS = 150.0
"""Hertz above which there is something of every speech sound."""
_EDGE = int(0.04 * SAMPLE_RATE)
"""Samples that are kept before the first and behind the last sound: 40 ms."""
_FAINT = 30.0
"""Decibels by which 10 ms are below the loudness of a clause where they are no speech any more."""

Response = Callable[[NDArray[np.float64]], NDArray[np.float64]]
"""Hertz [k] → gain [k]."""


def dress(sound: Float32, voice: VoiceSpec) -> Float32:
    """Everything that happens to speech after synthesis. An unknown effect is none."""
    if not sound.size:
        return sound
    coloured = trim(colour(sound, voice))
    return fade(amplify(coloured, TARGET_LUFS + voice.gain - integrated_loudness(coloured)))


def colour(sound: Float32, voice: VoiceSpec) -> Float32:
    """The voice's pitch and effect."""
    clean = _filter(sound, lambda f: _high_pass(f, _RUMBLE, 4))
    shifted = shift_pitch(clean, voice.pitch)
    return EFFECTS.get(voice.effect, _none)(shifted)


def shift_pitch(sound: Float32, semitones: float) -> Float32:
    """Higher or lower by `semitones`, as long as before."""
    if not semitones:
        return sound
    from python_stretch import Signalsmith

    stretch = Signalsmith.Stretch(1)
    stretch.preset(1, SAMPLE_RATE)
    stretch.setTransposeSemitones(semitones)
    tail = stretch.inputLatency() + stretch.outputLatency()
    shifted = np.asarray(stretch.process(np.pad(sound, (0, tail))[None]), np.float32)
    return shifted[0, : len(sound)]


def trim(sound: Float32) -> Float32:
    """Faint ends cut down to 40 ms, so that the pauses between clauses are those that are meant:
    what a model breathes and rumbles after the last word can last for half a second."""
    first, last = _heard(sound)
    return sound[first:last]


def _heard(sound: Float32) -> tuple[int, int]:
    """The first sample that is kept, and the one after the last."""
    step = SAMPLE_RATE // 100
    count = len(sound) // step
    words = _filter(sound, lambda f: _high_pass(f, _WORDS, 4))
    power = (words[: count * step].reshape(count, step).astype(np.float64) ** 2).mean(axis=1)
    faint = 10 ** ((integrated_loudness(sound) - _FAINT) / 10)
    heard = np.flatnonzero(power > faint)
    if not heard.size:
        return 0, len(sound)
    return max(0, int(heard[0]) * step - _EDGE), (int(heard[-1]) + 1) * step + _EDGE


def fade(sound: Float32) -> Float32:
    """Both ends run out into silence over 8 ms, so that clauses join without a click."""
    return _faded(sound, begin=True, end=True)


def _faded(sound: Float32, *, begin: bool, end: bool) -> Float32:
    width = min(_FADE, len(sound) // 2)
    if not width:
        return sound
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(width) / width)).astype(np.float32)
    faded = sound.copy()
    if begin:
        faded[:width] *= ramp
    if end:
        faded[-width:] *= ramp[::-1]
    return faded


def _none(sound: Float32) -> Float32:
    return sound


def _glados(sound: Float32) -> Float32:
    """A machine that sings: held notes, doubled by two detuned copies, a glassy top."""
    sung = _filter(retune(sound, singing), lambda f: _high_pass(f, 180) * _bell(f, 3200, 5.0))
    return _echoes(_chorus(sung, depth_ms=1.2), {17: 0.22, 31: 0.15})


def _hal(sound: Float32) -> Float32:
    """Calm itself: close, soft, a little warm, in a small quiet room."""
    soft = _filter(sound, lambda f: _low_pass(f, 3800, 2) * _bell(f, 180, 3.0))
    return _echoes(soft, {11: 0.14, 19: 0.1, 29: 0.07, 43: 0.05})


def _dalek(sound: Float32) -> Float32:
    """A 30 Hz ring modulator, as in 1963, driven hard, through a small loudspeaker."""
    flat = retune(sound, flattened)
    carrier = np.sin(2 * np.pi * 30 * np.arange(len(flat)) / SAMPLE_RATE)
    ring = (flat * (0.3 + 0.7 * carrier)).astype(np.float32)
    driven = np.tanh(2.5 * ring / _peak(ring)).astype(np.float32)
    return _filter(
        driven, lambda f: _high_pass(f, 280) * _low_pass(f, 3000, 2) * _bell(f, 1700, 5.0)
    )


def _cylon(sound: Float32) -> Float32:
    """One note for everything, through a tuned pipe."""
    flat = _comb(retune(sound, monotone), delay_ms=6.4, feedback=0.55)
    return _filter(flat, lambda f: _low_pass(f, 4200, 2) * _bell(f, 1100, 4.0))


def _radio(sound: Float32) -> Float32:
    """A good small loudspeaker: the band of a telephone, slightly overdriven."""
    band = _filter(sound, lambda f: _high_pass(f, 280, 2) * _low_pass(f, 3600, 3))
    return np.asarray(np.tanh(1.6 * band / _peak(band)), np.float32)


def _robot(sound: Float32) -> Float32:
    """A head of thin metal: a short comb, bright."""
    metal = _comb(sound, delay_ms=2.3, feedback=0.4)
    return _filter(metal, lambda f: _high_pass(f, 350) * _bell(f, 3400, 8.0))


def _warm(sound: Float32) -> Float32:
    """Close to the ear."""
    return _filter(sound, lambda f: _bell(f, 220, 3.0) * _low_pass(f, 7500))


EFFECTS: dict[str, Callable[[Float32], Float32]] = {
    "none": _none,
    "glados": _glados,
    "hal": _hal,
    "dalek": _dalek,
    "cylon": _cylon,
    "radio": _radio,
    "robot": _robot,
    "warm": _warm,
    "whisper": whispered,
}


def _filter(sound: Float32, response: Response) -> Float32:
    size = 1 << (len(sound) + 2048).bit_length()
    gains = response(np.asarray(np.fft.rfftfreq(size, 1 / SAMPLE_RATE), np.float64))
    return np.fft.irfft(np.fft.rfft(sound, size) * gains, size)[: len(sound)].astype(np.float32)


def _low_pass(f: NDArray[np.float64], corner: float, order: int = 1) -> NDArray[np.float64]:
    return 1 / np.sqrt(1 + (f / corner) ** (2 * order))


def _high_pass(f: NDArray[np.float64], corner: float, order: int = 1) -> NDArray[np.float64]:
    return 1 / np.sqrt(1 + (corner / np.maximum(f, 1e-3)) ** (2 * order))


def _bell(f: NDArray[np.float64], centre: float, decibels: float) -> NDArray[np.float64]:
    octaves = np.log2(np.maximum(f, 1.0) / centre)
    return np.asarray(10 ** (decibels * np.exp(-(octaves**2) / 0.5) / 20), np.float64)


def _comb(sound: Float32, *, delay_ms: float, feedback: float) -> Float32:
    """Feedback comb, as the sum of its echoes down to -60 dB."""
    echoes = range(1, int(np.log(1e-3) / np.log(feedback)) + 1)
    return _echoes(sound, {delay_ms * n: feedback**n for n in echoes})


def _echoes(sound: Float32, taps: dict[float, float]) -> Float32:
    """The sound and its echoes, {milliseconds: gain}; longer by the last of them."""
    delays = {round(ms * SAMPLE_RATE / 1000): gain for ms, gain in taps.items()}
    out = np.zeros(len(sound) + max(delays), np.float32)
    out[: len(sound)] = sound
    for delay, gain in delays.items():
        out[delay : delay + len(sound)] += np.float32(gain) * sound
    return out


def _chorus(sound: Float32, *, depth_ms: float) -> Float32:
    """Two copies that drift slowly against the original."""
    at = np.arange(len(sound))
    mixed = sound.astype(np.float64)
    for rate, centre_ms, phase in ((0.9, 9.0, 0.0), (1.3, 14.0, 2.0)):
        drift = depth_ms * np.sin(2 * np.pi * rate * at / SAMPLE_RATE + phase)
        mixed += 0.45 * np.interp(at - (centre_ms + drift) * SAMPLE_RATE / 1000, at, sound, left=0)
    return mixed.astype(np.float32)


def _peak(sound: Float32) -> float:
    return max(float(np.abs(sound).max()), 1e-6)


MIN_RATE, MAX_RATE = 0.5, 2.0
SIXTEEN_BITS = np.float32(32767.0)
"""Sound is kept as int16: sample × this."""


@dataclass(frozen=True, slots=True)
class SoundPart:
    """Some of the sound of a text."""

    sound: Float32
    """[n], 24 kHz mono."""
    left: int
    """Samples that follow in further parts."""


def render(
    engine: SpeechEngine,
    text: str,
    voice: VoiceSpec,
    rate: float = 1.0,
    cancellation: Cancellation | None = None,
    prosody: Prosody = NEUTRAL,
) -> Float32:
    """`text`, as written, in the persona's voice: float32 [n], 24 kHz mono, levelled.

    Empty where there is nothing to say. Raises like `SpeechEngine.synthesize`.
    """
    parts = [part.sound for part in stream(engine, text, voice, rate, cancellation, prosody)]
    return np.concatenate(parts) if parts else np.zeros(0, np.float32)


def stream(
    engine: SpeechEngine,
    text: str,
    voice: VoiceSpec,
    rate: float = 1.0,
    cancellation: Cancellation | None = None,
    prosody: Prosody = NEUTRAL,
) -> Iterator[SoundPart]:
    """The same, part by part as it is rendered; none where there is nothing to say."""
    words = speakable(text)
    if not words:
        return
    cancellation = cancellation or Cancellation()
    voice, rate = sounding(voice, rate, prosody)
    speed = float(np.clip(voice.speed * rate, MIN_RATE, MAX_RATE))
    dressing = _Dressing(voice)
    for chunk in _chunks(engine, words, voice, speed, cancellation):
        cancellation.check()
        part = dressing.part(chunk)
        # Rounded here as on disk, so that a clause is the same sound whether it was kept or not.
        sound = np.asarray(np.round(part * SIXTEEN_BITS) / SIXTEEN_BITS, np.float32)
        yield SoundPart(sound, dressing.left)


def sounding(voice: VoiceSpec, rate: float, prosody: Prosody) -> tuple[VoiceSpec, float]:
    """Voice and rate of something that is said with this prosody (its pauses are not in it). Both
    unchanged where it is neutral, and so what was rendered ahead is found."""
    changed = msgspec.structs.replace(
        voice,
        pitch=round(voice.pitch + prosody.pitch, 3),
        gain=round(voice.gain + prosody.gain, 3),
        effect=prosody.effect or voice.effect,
    )
    return changed, rate * prosody.rate


def in_chunks(engine: SpeechEngine) -> TypeGuard[StreamingEngine]:
    """Whether it gives the beginning of its speech before the rest is rendered."""
    return hasattr(engine, "stream")


def _chunks(
    engine: SpeechEngine, words: str, voice: VoiceSpec, speed: float, cancellation: Cancellation
) -> Iterator[SpeechChunk]:
    if in_chunks(engine):
        yield from engine.stream(words, voice, speed, cancellation)
        return
    sound = engine.synthesize(words, voice, speed, cancellation)
    yield SpeechChunk(sound, 0, len(sound), len(sound))


class _Dressing:
    """`dress`, for speech in chunks: only the very beginning and the very end are trimmed and
    faded, and each chunk is as loud as its share of the whole should be (decoded by itself, and
    under an effect, it comes out up to 2 dB softer or louder than within the whole)."""

    def __init__(self, voice: VoiceSpec) -> None:
        self._voice = voice
        self._joiner = Joiner()
        self._begun = False
        self._end = 0
        """Sample of the raw speech up to which there is sound."""
        self.left = 0
        """Samples that will follow."""

    def part(self, chunk: SpeechChunk) -> Float32:
        """What `chunk` adds to the sound."""
        first, last = not self._begun, chunk.end >= chunk.length
        if first and last:
            return dress(chunk.sound, self._voice)
        coloured = colour(chunk.sound, self._voice)
        begin, end = _heard(coloured)
        if first:
            self.left, self._end = chunk.length - begin, chunk.start + begin
            self._begun = True
        before = self._end - chunk.start
        after = chunk.start + len(chunk.sound) - chunk.end
        own = coloured[before : chunk.end - chunk.start]
        wanted = TARGET_LUFS + self._voice.gain - chunk.louder
        levelled = amplify(coloured, wanted - integrated_loudness(own))
        self._end = chunk.end
        if last:
            joined = _fitted(self._joiner.join(levelled[: max(before, end)], before, 0), self.left)
        else:
            joined = self._joiner.join(levelled[: len(chunk.sound)], before, after)
        self.left -= len(joined)
        return _faded(joined, begin=first, end=last)


def _fitted(sound: Float32, length: int) -> Float32:
    """`length` samples of it, followed by silence where there are not so many."""
    return np.pad(sound, (0, max(0, length - len(sound))))[:length]


def load_engine(name: str, *, threads: int = 0, voice: str | None = None) -> SpeechEngine:
    """The engine of that name, see `engines.catalog`; `voice`: a further voice for it, or a file of
    voices. `threads` 0: one a core, ≤ 4.

    Raises `BackendError` with a remedy where its packages or weights are missing.
    """
    spec = engine_spec(name)
    missing = lacking(spec)
    if missing is not None:
        raise missing
    make: Callable[..., SpeechEngine] = resolve_name(spec.engine)
    return make(threads=threads, voice=voice)
