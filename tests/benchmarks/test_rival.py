"""pipecat beside ours: told where it is not there, read as far as it came, compared."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.audio.types import Float32
from assistant.bench.report import Measurement
from benchmarks.first_word import rival

QUESTION: list[Float32] = [np.zeros(1920, np.float32)] * 3

CHILD = """
import json, sys, numpy as np
with np.load(sys.argv[1]) as archive:
    sounds = [archive[name] for name in sorted(archive.files)]
print(json.dumps({"ready": True}), flush=True)
for at, sound in enumerate(sounds):
    assert sound.dtype == np.int16 and len(sound) == 3840, len(sound)
    found = {"transcription": 0.4, "token": 0.6, "sound": None if at == 1 else 1.5 + at}
    print(json.dumps(found), flush=True)
    if at == 2:
        sys.exit("broken: the pipeline has burst")
"""


@pytest.fixture
def child(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A pipeline that answers at once, not the second question, and none after the third."""
    script = tmp_path / "pipeline.py"
    script.write_text(CHILD, encoding="utf-8")
    monkeypatch.setattr(rival, "_SCRIPT", script)
    monkeypatch.setattr(rival, "_NEEDED", ("json",))
    monkeypatch.setattr(rival, "join_model", lambda: tmp_path / "model.onnx")
    return tmp_path


async def measured(folder: Path, questions: int, python: str = sys.executable) -> list[Measurement]:
    return await rival.measure(python, [QUESTION] * questions, folder, 1, "packaged:tiny.en")


async def test_what_was_answered_is_in_the_table(child: Path) -> None:
    sound, heard, token, voice = await measured(child, 2)
    assert sound.values == (1500.0,)
    assert "1 of 2 not answered" in sound.note
    assert heard.values == (400.0,)
    assert token.values == pytest.approx((200.0,))
    assert voice.values == pytest.approx((900.0,))


async def test_a_pipeline_that_ends_early_leaves_what_it_gave(child: Path) -> None:
    sound, *_ = await measured(child, 5)
    assert sound.values == (1500.0, 3500.0)
    assert "3 of 5 not answered" in sound.note


async def test_where_it_cannot_run_one_line_says_why(
    child: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (row,) = await measured(child, 2, python=str(child / "no-python"))
    assert (row.values, "cannot be started" in row.note) == ((), True)
    monkeypatch.setattr(rival, "_NEEDED", ("json", "no_such_package"))
    (row,) = await measured(child, 2)
    assert row.note == "not installed there: no_such_package"
    monkeypatch.setattr(rival, "_NEEDED", ("json",))
    rival._SCRIPT.write_text("raise SystemExit('no weights')", encoding="utf-8")
    (row,) = await measured(child, 2)
    assert (row.values, row.note) == ((), "no weights")


def test_ours_is_compared_at_both_percentiles() -> None:
    ours, theirs = (Measurement("", "ms", values) for values in ((100.0, 300.0), (200.0, 400.0)))
    row = rival.compared(ours, theirs)
    assert row.values == pytest.approx((200 / 300,))
    assert "p95: 0.74 ×" in row.note
    assert rival.compared(ours, Measurement("", "ms", ())).values == ()
