"""How well a raised voice is told from a usual one, on recordings named as in RAVDESS or EmoDB.

RAVDESS: `03-01-05-01-02-01-12.wav`, the third number is the emotion, the last one the speaker;
songs (second number 02) are left out. EmoDB: `03a01Wa.wav`, the first two digits are the speaker,
the sixth character is the emotion. In whatever folders they lie.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from assistant.audio.prosodic_features import RATE, measure
from assistant.emotion.speaker import LEAST, THRESHOLD, SpeakerBaseline
from assistant.errors import AssistantError
from assistant.frames import VoiceFeatures
from benchmarks.sound_files import read_sound

Group = Literal["neutral", "raised", "low"]
DRAWS = 40
"""Times that other neutral clips of a speaker are taken for the baseline."""
_RAVDESS = re.compile(r"\d\d-(?P<kind>\d\d)-(?P<emotion>\d\d)-\d\d-\d\d-\d\d-(?P<speaker>\d\d)")
_RAVDESS_GROUPS: dict[str, Group] = {
    "01": "neutral",
    "02": "neutral",  # calm: RAVDESS has only four neutral clips a speaker
    "03": "raised",
    "04": "low",
    "05": "raised",
}
_EMODB = re.compile(r"(?P<speaker>\d\d)[a-z]\d\d(?P<emotion>[WLEAFTN])[a-z]?", re.IGNORECASE)
_EMODB_GROUPS: dict[str, Group] = {"N": "neutral", "W": "raised", "F": "raised", "T": "low"}


class NoRecordings(AssistantError):
    """There is nothing in the folder that can be measured."""


@dataclass(slots=True)
class Speaker:
    """One speaker's clips, measured."""

    clips: dict[Group, list[VoiceFeatures]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scores:
    """Sums of deviations of clips, against five neutral ones of the same speaker."""

    neutral: NDArray[np.float64]
    raised: NDArray[np.float64]
    low: NDArray[np.float64]
    speakers: int
    too_few: tuple[str, ...]
    """Speakers with less than five neutral clips, or none beside those five."""
    clips: dict[Group, int]
    unvoiced: int
    """Clips with too little voice to be measured."""
    milliseconds: float
    """Of processor time for five seconds of sound."""

    @property
    def false_alarms(self) -> float:
        """Share of neutral clips that are taken for raised."""
        return float(np.mean(self.neutral > THRESHOLD)) if self.neutral.size else float("nan")

    @property
    def found(self) -> float:
        """Share of raised clips that are taken for raised."""
        return float(np.mean(self.raised > THRESHOLD)) if self.raised.size else float("nan")

    @property
    def low_as_raised(self) -> float:
        return float(np.mean(self.low > THRESHOLD)) if self.low.size else float("nan")

    @property
    def auc(self) -> float:
        """Chance that a raised clip scores higher than a neutral one."""
        return auc(self.raised, self.neutral)


def auc(high: NDArray[np.float64], low: NDArray[np.float64]) -> float:
    """Area under the ROC curve; ties count half. NaN where one side is empty."""
    if not (high.size and low.size):
        return float("nan")
    ordered = np.sort(low)
    below = np.searchsorted(ordered, high, "left")
    upto = np.searchsorted(ordered, high, "right")
    return float(np.mean(below + upto) / (2 * low.size))


def label(path: Path) -> tuple[str, Group] | None:
    """Speaker and group of a clip by its name; None for other emotions and other files."""
    if match := _RAVDESS.fullmatch(path.stem):
        group = _RAVDESS_GROUPS.get(match["emotion"])
        return (f"R{match['speaker']}", group) if group and match["kind"] == "01" else None
    if match := _EMODB.fullmatch(path.stem):
        found = _EMODB_GROUPS.get(match["emotion"].upper())
        return (f"E{match['speaker']}", found) if found else None
    return None


def score_folder(folder: Path, *, draws: int = DRAWS, seed: int = 1) -> Scores:
    """Raises `NoRecordings`."""
    speakers: dict[str, Speaker] = {}
    counts: dict[Group, int] = {"neutral": 0, "raised": 0, "low": 0}
    unvoiced, seconds, spent = 0, 0.0, 0.0
    for path in sorted(folder.rglob("*.[wW][aA][vV]")):
        if (found := label(path)) is None:
            continue
        name, group = found
        sound = read_sound(path, RATE)
        began = time.process_time()
        voice = measure(sound)
        spent += time.process_time() - began
        seconds += sound.size / RATE
        counts[group] += 1
        if voice is None:
            unvoiced += 1
        else:
            speakers.setdefault(name, Speaker()).clips.setdefault(group, []).append(voice)
    if not speakers:
        raise NoRecordings(
            f"no recordings in the layout of RAVDESS or EmoDB in {folder}",
            "Files are called like 03-01-05-01-02-01-12.wav or 03a01Wa.wav.",
        )
    enough = {n: s for n, s in speakers.items() if len(s.clips.get("neutral", [])) > LEAST}
    pools = _scored(list(enough.values()), draws, np.random.default_rng(seed))
    return Scores(
        *pools,
        speakers=len(enough),
        too_few=tuple(sorted(set(speakers) - set(enough))),
        clips=counts,
        unvoiced=unvoiced,
        milliseconds=1000 * spent / max(seconds, 1e-9) * 5,
    )


def _scored(
    speakers: Sequence[Speaker], draws: int, random: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Scores of neutral, raised and low clips, over all draws."""
    pools: dict[Group, list[float]] = {"neutral": [], "raised": [], "low": []}
    for speaker in speakers:
        neutral = speaker.clips["neutral"]
        for _ in range(draws):
            order = random.permutation(len(neutral))
            baseline = SpeakerBaseline()
            for at in order[:LEAST]:
                baseline.add(neutral[at])
            rest: dict[Group, list[VoiceFeatures]] = {
                **speaker.clips,
                "neutral": [neutral[at] for at in order[LEAST:]],
            }
            for group, clips in rest.items():
                scores = (baseline.score(clip) for clip in clips)
                pools[group] += [each for each in scores if each is not None]
    return np.array(pools["neutral"]), np.array(pools["raised"]), np.array(pools["low"])
