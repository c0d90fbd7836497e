"""Two people speak, once each, and the whole benchmark hears them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from assistant.audio.wav import WavWriter
from assistant.config.schema import Config
from benchmarks.__main__ import app
from benchmarks.ears.command import EarsOptions, ears_command, measure
from benchmarks.ears.manifest import ManifestError
from benchmarks.ears.report import report_data
from tests.speech import kokoro, silence

WORDS = {
    "timer.wav": ("Set a timer for ten minutes.", "am_puck"),
    "tea.wav": ("I like tea.", "bf_emma"),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ears")
    for file, (words, voice) in WORDS.items():
        with WavWriter(folder / file, 16_000) as writer:
            writer.write(np.concatenate([silence(0.3), kokoro(words, voice), silence(0.3)]))
    rows = [f'{file},"{words}"' for file, (words, _) in WORDS.items()]
    (folder / "manifest.csv").write_text("\n".join(["file,text", *rows]), "utf-8")
    return folder


@pytest.mark.weights
def test_two_people_are_heard_word_by_word_and_one_asks_for_something(folder):
    report = measure(Config(), folder, EarsOptions("clean"))
    again = measure(Config(), folder, EarsOptions("clean"))

    (clean,) = report.conditions
    score = clean.score
    assert (score.against_reference.errors, score.against_reference.words) == (0, 10)
    assert (score.lost, score.split, score.merged, score.false_turns) == (0, 0, 0, 0)
    assert (score.actions, score.actions_found, score.false_actions) == (1, 1, 0)
    assert all(200 <= wait <= 1500 for wait in score.waits)
    assert report_data(report) == report_data(again)
    assert json.loads(json.dumps(report_data(report)))["conditions"][0]["condition"] == "clean"


@pytest.mark.weights
def test_what_is_done_to_the_sound_is_done_before_it_is_heard(folder):
    report = measure(Config(), folder, EarsOptions("clean"), treat=np.zeros_like)

    assert report.conditions[0].score.lost == 2


def test_a_half_that_nobody_is_of_is_told(folder):
    (folder / "one").mkdir(exist_ok=True)
    (folder / "one" / "a.wav").write_bytes((folder / "tea.wav").read_bytes())
    (folder / "one" / "manifest.csv").write_text("file,half\na.wav,tuning\n", "utf-8")

    with pytest.raises(ManifestError, match="half reporting"):
        ears_command(Config(), folder / "one", EarsOptions(half="reporting"), json_output=False)


def test_a_recording_that_is_none_is_told_with_its_line_in_the_manifest(tmp_path):
    (tmp_path / "a.wav").write_bytes(b"fLaC and so on")
    (tmp_path / "manifest.csv").write_text("file\na.wav\n", "utf-8")

    with pytest.raises(ManifestError, match=r"manifest\.csv, line 2: .*FLAC") as raised:
        measure(Config(), tmp_path, EarsOptions("clean"))

    assert "ffmpeg" in raised.value.remedy


def test_a_folder_that_is_none_is_told_in_words(tmp_path):
    result = CliRunner().invoke(app, ["ears", str(tmp_path / "nowhere")])

    assert result.exit_code == 1
    assert "error: There is no manifest.csv" in result.stderr
    assert "remedy:" in result.stderr
    assert "Traceback" not in result.output
