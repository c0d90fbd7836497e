"""The sound behind the recordings, for each kind of condition."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE, VoiceSpec
from benchmarks.ears.clips import NOMINAL_DB, Clip
from benchmarks.ears.conditions import Condition
from benchmarks.ears.music import song
from benchmarks.ears.scene import Placement
from benchmarks.room import at_level, impulse_response
from benchmarks.turn_material import VOICES, Booth, Half, pink

_ROOM_DB = -75.0
"""Noise of a quiet room, dB full scale."""
_TALKERS = 6
_REVERBERATION_MS = 250
_BETWEEN = (0.3, 2.5)
"""Seconds of silence between what a second person says, the shortest and the longest."""
_BREATH = 0.25
"""Seconds between the sentences of the news."""

_NEWS = (
    "Good evening, and here are the main stories of this hour.",
    "Ministers will meet again on Thursday to discuss the price of electricity.",
    "A spokesman said that no decision had been taken so far.",
    "In the north, heavy rain has closed two bridges and a railway line.",
    "The company expects to build nine hundred flats on the site of the old harbour.",
    "Residents told our reporter that they had not been asked.",
    "Scientists have found a new species of frog in the mountains of Ecuador.",
    "It is smaller than a fingernail and lives in the leaves of a single plant.",
    "And in tennis, the champion lost in three sets after four hours.",
    "Now the weather for tomorrow, with sunshine in the south and wind along the coast.",
)
_LYRICS = (
    "The river runs below the hill and the light is growing thin,",
    "we were singing in the evening when the boats were coming in.",
    "Carry me over, carry me home, over the water and over the stone,",
    "morning is waiting, the winter is gone, nobody sings in the valley alone.",
)


def background(
    condition: Condition,
    placements: Sequence[Placement],
    samples: int,
    others: Sequence[Clip],
    half: Half,
    seed: int,
) -> Float32:
    """float32 [samples], 24 kHz, at its level. `others`: who may talk in the background; nobody
    talks behind a recording of his own. `half`: chooses the voice that reads the news."""
    dice = np.random.default_rng([seed, 11])
    room = pink(samples, dice) * np.float32(10 ** (_ROOM_DB / 20))
    level = NOMINAL_DB - condition.below_db
    match condition.kind:
        case "clean":
            return room
        case "pink":
            noise = pink(samples, dice)
            return np.asarray(room + noise * np.float32(10 ** (level / 20)), np.float32)
        case "babble":
            talkers = [
                _talker(placements, samples, others, dice, (0.0, 0.0)) for _ in range(_TALKERS)
            ]
            sound = np.sum(talkers, axis=0)
        case "near":
            sound = _talker(placements, samples, others, dice, _BETWEEN)
        case "tv":
            sound = np.resize(_news(half), samples)
        case "music":
            sound = np.resize(song(_lyrics(half), seed), samples)
    reverberant = in_room(sound.astype(np.float32), seed)
    if not np.any(reverberant):
        return room
    return room + at_level(reverberant, level)


def in_room(sound: Float32, seed: int) -> Float32:
    """float32 [n] as it is heard from the other end of a room, [n]."""
    response = impulse_response(seed, _REVERBERATION_MS)
    size = 1 << (sound.size + response.size - 2).bit_length()
    heard = np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)
    return heard[: sound.size].astype(np.float32)


def _talker(
    placements: Sequence[Placement],
    samples: int,
    others: Sequence[Clip],
    dice: np.random.Generator,
    between: tuple[float, float],
) -> Float32:
    """One voice after another, each what it says from its first voiced sample to its last."""
    sound = np.zeros(samples, np.float32)
    at = int(dice.uniform(*between) * SAMPLE_RATE)
    while at < samples:
        clip = _somebody_else(placements, at / SAMPLE_RATE, others, dice)
        if clip is None:
            break
        begin, end = (round(each * SAMPLE_RATE) for each in clip.voice)
        piece = clip.sound[begin:end][: samples - at]
        sound[at : at + piece.size] += piece
        at += max(piece.size, SAMPLE_RATE // 10) + int(dice.uniform(*between) * SAMPLE_RATE)
    return sound


def _somebody_else(
    placements: Sequence[Placement], at: float, others: Sequence[Clip], dice: np.random.Generator
) -> Clip | None:
    """Anybody of whom nothing is played for as long as his recording would last; where there is
    nobody, anybody."""
    for number in dice.permutation(len(others)):
        clip = others[int(number)]
        end = at + clip.seconds
        beside = (each.clip for each in placements if each.start < end and at < each.end)
        if not any(_same_person(clip, each) for each in beside):
            return clip
    return others[int(dice.integers(len(others)))] if others else None


def _same_person(one: Clip, other: Clip) -> bool:
    known = one.entry.speaker and one.entry.speaker == other.entry.speaker
    return bool(known) or one.entry.path == other.entry.path


@lru_cache(maxsize=2)
def _news(half: Half) -> Float32:
    return _read_aloud(_NEWS, VOICES[half][0])


@lru_cache(maxsize=2)
def _lyrics(half: Half) -> Float32:
    return _read_aloud(_LYRICS, VOICES[half][1])


def _read_aloud(texts: Sequence[str], blend: dict[str, float]) -> Float32:
    """Rendered the first time, then from the user's cache."""
    booth, voice = Booth(), VoiceSpec(kokoro=blend)
    breath = np.zeros(round(_BREATH * SAMPLE_RATE), np.float32)
    pieces = [part for text in texts for part in (booth.say(text, voice), breath)]
    return np.concatenate(pieces)
