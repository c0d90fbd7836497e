"""Hibari, on the weights that its package carries."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines import hibari, hub_voices
from assistant.backends.cascade.synthesis.retune import track_pitch
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation
from assistant.backends.cascade.synthesis.tts import load_engine, render
from assistant.frames import SAMPLE_RATE, VoiceSpec
from tests.hub_stand_in import isolated

package = pytest.importorskip("hibari", reason="the extra [hibari] is not installed")
pytestmark = pytest.mark.weights

WOMAN, MAN = VoiceSpec(kokoro={"af_heart": 1.0}), VoiceSpec(kokoro={"bm_daniel": 1.0})
LINE = "Certainly, sir. It is half past nine."


@pytest.fixture(autouse=True)
def _own_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    isolated(monkeypatch, tmp_path)


def pitch_of(sound: np.ndarray) -> float:
    pitch = track_pitch(sound)
    return float(np.median(pitch[pitch > 0]))


def test_it_speaks_and_hurries_and_repeats_itself_exactly() -> None:
    engine = load_engine("hibari", threads=1)
    usual = render(engine, LINE, WOMAN)
    assert 1.5 < len(usual) / SAMPLE_RATE < 4.0
    assert len(render(engine, LINE, WOMAN, 1.5)) < 0.8 * len(usual)
    np.testing.assert_array_equal(usual, render(engine, LINE, WOMAN))


def test_a_man_is_spoken_lower_and_no_slower() -> None:
    engine = load_engine("hibari", threads=1)
    woman = engine.synthesize(LINE, WOMAN, 1.0, Cancellation())
    man = engine.synthesize(LINE, MAN, 1.0, Cancellation())
    assert pitch_of(man) < 0.85 * pitch_of(woman)
    assert len(man) == pytest.approx(len(woman), rel=0.12)


def test_it_is_stopped_and_speaks_on() -> None:
    engine = load_engine("hibari", threads=1)
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Aborted):
        engine.synthesize(LINE, WOMAN, 1.0, cancellation)
    assert engine.synthesize(LINE, WOMAN, 1.0, Cancellation()).size


def test_further_voices_are_used_once_they_are_pulled() -> None:
    folder = hub_voices.folder_of(hub_voices.HIBARI)
    (folder / "voices").mkdir(parents=True)
    shutil.copyfile(Path(hibari.importlib.import_module("hibari.tts").ASSETS) / "hibari.onnx",
                    folder / "voices" / "am_fenrir_v2.int8.onnx")  # fmt: skip
    (folder / hub_voices.DONE).write_text(json.dumps({"sha256": {}}), encoding="utf-8")
    engine = load_engine("hibari", threads=1)
    alone = engine.synthesize(LINE, VoiceSpec(kokoro={"am_fenrir": 1.0}), 1.0, Cancellation())
    assert pitch_of(alone) > 150, "the file of the man, as it is: here it holds a woman"
    with pytest.raises(BackendError) as caught:
        load_engine("hibari", voice="nobody")
    assert caught.value.remedy == "Here: heart, fenrir."


def test_nothing_is_downloaded_for_a_voice_that_is_not_here(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import hibari.voices

    def refuse(*args: object) -> None:
        raise AssertionError("it asked the network")

    monkeypatch.setattr(hibari.voices, "download", refuse)
    engine = load_engine("hibari", threads=1)
    named = VoiceSpec(engines={"hibari": "emma"})
    assert engine.synthesize("Yes.", named, 1.0, Cancellation()).size


def test_another_file_under_its_name_is_not_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hibari, "SHA256", "0" * 64)
    with pytest.raises(BackendError, match="hash differs"):
        load_engine("hibari")


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hibari.tts", None)
    with pytest.raises(BackendError) as caught:
        hibari.HibariEngine()
    assert caught.value.remedy == hibari.REMEDY
