"""Supertonic's own code on weights that a test makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines import hub_voices
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation
from assistant.backends.cascade.synthesis.tts import load_engine, render
from assistant.frames import VoiceSpec
from tests.hub_stand_in import isolated
from tests.tiny_onnx import FLOAT, INT64, TinyModel

pytest.importorskip("supertonic", reason="the extra [supertonic] is not installed")

_TEXT = {"text_ids": (INT64, 2), "text_mask": (FLOAT, 3)}
MAN = VoiceSpec(kokoro={"am_onyx": 1.0})


def duration_predictor() -> bytes:
    """50 ms a letter."""
    tiny = TinyModel({**_TEXT, "style_dp": (FLOAT, 3)}, ["duration"])
    tiny.weight("each", [0.05])
    tiny.weight("one", [1], np.int64)
    tiny.node("ReduceSum", ["text_mask"], "letters", keepdims=0)
    tiny.node("Reshape", ["letters", "one"], "count")
    tiny.node("Mul", ["count", "each"], "duration")
    return tiny.data()


def text_encoder() -> bytes:
    tiny = TinyModel({**_TEXT, "style_ttl": (FLOAT, 3)}, ["text_emb"])
    tiny.node("ReduceMean", ["style_ttl"], "mean", keepdims=0)
    tiny.node("Mul", ["text_mask", "mean"], "text_emb")
    return tiny.data()


def vector_estimator() -> bytes:
    """Each step halves the noise and adds the style's mean."""
    inputs = dict.fromkeys(("noisy_latent", "text_emb", "style_ttl", "latent_mask"), (FLOAT, 3))
    steps = {"current_step": (FLOAT, 1), "total_step": (FLOAT, 1), "text_mask": (FLOAT, 3)}
    tiny = TinyModel({**inputs, **steps}, ["xt"])
    tiny.weight("half", [0.5])
    tiny.node("Mul", ["noisy_latent", "half"], "halved")
    tiny.node("ReduceMean", ["style_ttl"], "mean", keepdims=0)
    tiny.node("Add", ["halved", "mean"], "xt")
    return tiny.data()


def vocoder() -> bytes:
    tiny = TinyModel({"latent": (FLOAT, 3)}, ["wav"])
    tiny.weight("flat", [1, -1], np.int64)
    tiny.node("Reshape", ["latent", "flat"], "wav")
    return tiny.data()


def style(value: float) -> dict[str, Any]:
    part = {"dims": [1, 1, 4], "data": [[[value] * 4]], "type": "float32"}
    return {"style_ttl": part, "style_dp": part}


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    isolated(monkeypatch, tmp_path)
    folder = hub_voices.folder_of(hub_voices.SUPERTONIC)
    (folder / "onnx").mkdir(parents=True)
    (folder / "voice_styles").mkdir()
    for make in (duration_predictor, text_encoder, vector_estimator, vocoder):
        (folder / "onnx" / f"{make.__name__}.onnx").write_bytes(make())
    settings = {
        "ae": {"sample_rate": 44_100, "base_chunk_size": 64},
        "ttl": {"chunk_compress_factor": 6, "latent_dim": 64},
    }
    (folder / "onnx" / "tts.json").write_text(json.dumps(settings), encoding="utf-8")
    indexer = [code if code < 128 else -1 for code in range(65536)]
    (folder / "onnx" / "unicode_indexer.json").write_text(json.dumps(indexer), encoding="utf-8")
    for name, value in {"M1": 0.1, "M2": 0.2, "F1": 0.4}.items():
        (folder / "voice_styles" / f"{name}.json").write_text(json.dumps(style(value)))
    (folder / hub_voices.DONE).write_text(json.dumps({"sha256": {}}), encoding="utf-8")
    return folder


@pytest.mark.usefixtures("folder")
def test_it_speaks_and_hurries_and_repeats_itself_exactly() -> None:
    engine = load_engine("supertonic", threads=1)
    usual = engine.synthesize("It is half past nine.", MAN, 1.0, Cancellation())
    letters = len("<en>It is half past nine.</en>")
    assert len(usual) == pytest.approx(24_000 * 0.05 * letters, rel=0.05)
    quick = engine.synthesize("It is half past nine.", MAN, 1.6, Cancellation())
    assert len(quick) == pytest.approx(len(usual) / 1.6, rel=0.05)
    again = engine.synthesize("It is half past nine.", MAN, 1.0, Cancellation())
    np.testing.assert_array_equal(usual, again)
    assert render(engine, "Certainly, sir.", VoiceSpec()).size > 2400


@pytest.mark.usefixtures("folder")
def test_a_persona_has_a_voice_of_its_sex_or_the_one_that_it_names() -> None:
    engine = load_engine("supertonic", threads=1)

    def loudness(voice: VoiceSpec) -> float:
        return float(np.median(engine.synthesize("Yes.", voice, 1.0, Cancellation())))

    woman, man = loudness(VoiceSpec()), loudness(MAN)
    assert woman > 1.5 * man
    assert loudness(VoiceSpec(engines={"supertonic": "F1"})) == woman
    named = VoiceSpec(kokoro={"am_onyx": 1.0}, engines={"supertonic": "nobody"})
    assert loudness(named) == man, "as if nobody had been named"


@pytest.mark.usefixtures("folder")
def test_it_is_stopped() -> None:
    engine = load_engine("supertonic", threads=1)
    cancellation = Cancellation()
    cancellation.cancel()
    with pytest.raises(Aborted):
        engine.synthesize("Yes.", MAN, 1.0, cancellation)
    assert engine.synthesize("Yes.", MAN, 1.0, Cancellation()).size, "and speaks on"


@pytest.mark.parametrize("name", ["onnx/vocoder.onnx", "onnx/tts.json", "voice_styles/M1.json"])
def test_damaged_weights_are_told_with_what_helps(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"nothing")
    with pytest.raises(BackendError) as caught:
        load_engine("supertonic")
    assert "assistant models pull supertonic" in caught.value.remedy
