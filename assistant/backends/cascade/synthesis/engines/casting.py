"""Which of an engine's own voices speaks for a persona, and how far it is moved towards its pitch.

Personas are cast with Kokoro's voices. Another engine takes the voice that the persona's file
names for it, else one of the same sex: where pitches are known the nearest, else one of the same
accent, if it can another for each persona. What is left of a known difference is made up by playing
it slower or faster: that moves pitch and formants together, as between a larger and a smaller
speaker, and the engine speaks so much faster or slower that the rate stays.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import soxr  # type: ignore[import-untyped]

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE, VoiceSpec

Sex = Literal["f", "m"]

KOKORO_PITCH = {
    "am_onyx": 83.0,
    "bm_lewis": 88.0,
    "am_michael": 110.0,
    "bm_daniel": 121.0,
    "am_fenrir": 128.0,
    "am_puck": 113.0,
    "bm_george": 138.0,
    "bm_fable": 125.0,
    "af_kore": 146.0,
    "bf_emma": 178.0,
    "af_heart": 188.0,
    "af_nicole": 142.0,
}
"""Median fundamental frequency of Kokoro's voices, in hertz."""
FARTHEST = 5.0
"""Semitones that a voice is moved at most: beyond, it is a toy's."""


@dataclass(frozen=True, slots=True)
class EngineVoice:
    """One voice of an engine."""

    name: str
    sex: Sex
    british: bool = False
    hertz: float | None = None
    """Median fundamental frequency, where it is known."""


@dataclass(frozen=True, slots=True)
class Cast:
    """The voice that was chosen."""

    name: str
    british: bool = False
    ratio: float = 1.0
    """Times its pitch that it is to have."""


def cast(engine: str, voice: VoiceSpec, own: Sequence[EngineVoice], *, files: bool = False) -> Cast:
    """Who of `own` (one at least) speaks for a persona's `voice`.

    A voice that the persona names is taken as it is; one that is none of `own` only where it may be
    a file (`files`): a persona whose voice was never downloaded speaks all the same.
    """
    named = voice.engines.get(engine)
    known = next((each for each in own if each.name == named), None)
    if known is not None:
        return Cast(known.name, known.british)
    if named is not None and files:
        return Cast(named, _is_british(voice))
    sex: Sex = "f" if _share(voice, 1, "f") >= 0.5 else "m"
    group = [each for each in own if each.sex == sex] or list(own)
    wanted = _pitch(voice)
    known_pitch = [each for each in group if each.hertz is not None]
    if known_pitch:
        nearest = min(known_pitch, key=lambda each: abs(_octaves(wanted, each)))
        most = FARTHEST / 12
        return Cast(
            nearest.name,
            nearest.british,
            2 ** float(np.clip(_octaves(wanted, nearest), -most, most)),
        )
    british = [each for each in group if each.british == _is_british(voice)]
    group = british or group
    chosen = group[_place(voice) % len(group)]
    return Cast(chosen.name, chosen.british)


def moved(sound: Float32, rate: int, ratio: float = 1.0) -> Float32:
    """`sound` of `rate` samples a second at 24 kHz, and with `ratio` times its pitch: so much
    shorter."""
    if not sound.size:
        return np.zeros(0, np.float32)
    return np.asarray(soxr.resample(sound, rate * ratio, SAMPLE_RATE), np.float32)


def _octaves(wanted: float, voice: EngineVoice) -> float:
    return math.log2(wanted / (voice.hertz or wanted))


def _pitch(voice: VoiceSpec) -> float:
    """Of a blend the weighted geometric mean; of unknown voices what is usual for their sex."""
    weights = _weights(voice)
    total = sum(weights.values()) or 1.0
    usual = {"f": 180.0, "m": 115.0}
    logs = (
        weight * math.log(KOKORO_PITCH.get(name, usual.get(name[1:2], 150.0)))
        for name, weight in weights.items()
    )
    return math.exp(sum(logs) / total)


def _place(voice: VoiceSpec) -> int:
    """A number for the persona's main voice, another for each of one sex and accent."""
    weights = _weights(voice)
    main = max(weights, key=lambda name: weights[name])
    alike = [name for name in KOKORO_PITCH if name[:2] == main[:2]]
    return alike.index(main) if main in alike else sum(main.encode())


def _weights(voice: VoiceSpec) -> dict[str, float]:
    positive = {name: weight for name, weight in voice.kokoro.items() if weight > 0}
    return positive or {"af_heart": 1.0}


def _share(voice: VoiceSpec, place: int, letter: str) -> float:
    """How much of the blend has `letter` there in its name: "bm_george" is a British man."""
    weights = _weights(voice)
    of = sum(weight for name, weight in weights.items() if name[place : place + 1] == letter)
    return of / sum(weights.values())


def _is_british(voice: VoiceSpec) -> bool:
    return _share(voice, 0, "b") > 0.5
