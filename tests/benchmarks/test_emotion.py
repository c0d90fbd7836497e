"""Recordings are sorted by their names, and a raised voice is told from the usual one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from assistant.audio.prosodic_features import RATE
from assistant.audio.wav import WavWriter
from benchmarks.emotion.recordings import NoRecordings, auc, label, score_folder
from tests.audio.test_prosodic_features import voice


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("03-01-05-01-02-01-12.wav", ("R12", "raised")),
        ("03-01-01-01-02-01-03.wav", ("R03", "neutral")),
        ("03-01-02-01-02-01-03.wav", ("R03", "neutral")),
        ("03-02-05-01-02-01-12.wav", None),
        ("03-01-07-01-02-01-12.wav", None),
        ("03a01Wa.wav", ("E03", "raised")),
        ("16b10Td.wav", ("E16", "low")),
        ("03a01Lb.wav", None),
        ("holiday.wav", None),
    ],
)
def test_a_name_tells_speaker_and_feeling(name: str, found: tuple[str, str] | None) -> None:
    assert label(Path(name)) == found


def test_the_area_under_the_curve_counts_ties_half() -> None:
    assert auc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1
    assert auc(np.array([1.0]), np.array([1.0])) == 0.5
    assert np.isnan(auc(np.array([]), np.array([1.0])))


def test_raised_clips_stand_out_of_usual_ones_and_who_has_too_few_is_told(tmp_path: Path) -> None:
    def record(name: str, hertz: float, tilt: float) -> None:
        with WavWriter(tmp_path / name, RATE) as file:
            file.write(voice(hertz, glide=3, tilt=tilt, seconds=1.0))

    for number in range(8):
        record(f"03a0{number}Na.wav", 118 + number, 1.6 + 0.02 * number)
        record(f"03a0{number}Wa.wav", 180 + number, 1.0)
    record("08a01Na.wav", 200, 1.6)

    scores = score_folder(tmp_path, draws=3)

    assert (scores.speakers, scores.too_few) == (1, ("E08",))
    assert scores.auc == 1
    assert scores.false_alarms == 0
    assert scores.found == 1


def test_a_folder_of_other_sounds_is_told(tmp_path: Path) -> None:
    with pytest.raises(NoRecordings, match="no recordings"):
        score_folder(tmp_path)
