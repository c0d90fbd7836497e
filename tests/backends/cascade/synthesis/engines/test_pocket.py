"""pocket-tts' own code on a model of its kind with small random weights: what its voice sounds like
is for others to judge."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant.audio.wav import wav_header
from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines import hub_voices, pocket
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation
from assistant.backends.cascade.synthesis.tts import load_engine, render
from assistant.frames import SAMPLE_RATE, VoiceSpec
from tests.hub_stand_in import isolated

torch = pytest.importorskip("torch", reason="PyTorch is not installed")
package: Any = pytest.importorskip("pocket_tts", reason="the extra [pocket] is not installed")

WOMAN, MAN = VoiceSpec(kokoro={"af_heart": 1.0}), VoiceSpec(kokoro={"am_onyx": 1.0})
SMALLER = {
    "depth: 6": "depth: 1",
    "    dim: 512": "    dim: 32",
    "d_model: 1024": "d_model: 64",
    "num_heads: 16": "num_heads: 2",
    "num_layers: 6": "num_layers: 1",
    "dim: 1024": "dim: 64",
    "n_bins: 4000": "n_bins: 256",
    "outer_dim: 512": "outer_dim: 32",
    "dimension: 512": "dimension: 32",
    "n_filters: 64": "n_filters: 2",
    "d_model: 512": "d_model: 32",
    "num_heads: 8": "num_heads: 2",
    "num_layers: 2": "num_layers: 1",
    "dim_feedforward: 2048": "dim_feedforward: 32",
    "    - 512": "    - 32",
}


def small_settings() -> str:
    text = package_settings()
    for large, small in SMALLER.items():
        assert large in text
        text = text.replace(large, small)
    return text


package_settings = pocket.package_settings


def write_tokenizer(path: Path) -> None:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    letters = {c: at for at, c in enumerate(pre_tokenizers.ByteLevel.alphabet())}
    tokenizer = Tokenizer(models.BPE(vocab=letters, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    path.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(path))


def random_model(settings: Path) -> Any:
    model = package.TTSModel.load_model(config=settings)
    torch.manual_seed(0)
    with torch.no_grad():
        for values in [*model.parameters(), *model.buffers()]:
            if values.is_floating_point():
                values.copy_(torch.randn_like(values) * 0.1)
    return model


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    from pocket_tts.models.model_state import export_model_state
    from safetensors.torch import save_file

    isolated(monkeypatch, tmp_path)
    monkeypatch.setattr(pocket, "package_settings", small_settings)
    folder = hub_voices.folder_of(hub_voices.POCKET)
    write_tokenizer(folder / "languages" / "english_2026-09" / "tokenizer.json")
    place = folder / "languages" / pocket.LANGUAGE
    (place / "embeddings").mkdir(parents=True)
    settings = pocket._configuration(folder)
    lines = [line for line in settings.read_text().splitlines() if "weights_path" not in line]
    settings.write_text("\n".join(lines))
    model = random_model(settings)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()},
              place / "model.safetensors")  # fmt: skip
    for name, loud in {"mary": 0.1, "george": 0.8}.items():
        state = model.get_state_for_audio_prompt(torch.randn(1, SAMPLE_RATE) * loud)
        export_model_state(state, place / "embeddings" / f"{name}.safetensors")
    (folder / hub_voices.DONE).write_text(json.dumps({"sha256": {}}), encoding="utf-8")
    return folder


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    noise = np.random.default_rng(0).standard_normal(2 * SAMPLE_RATE) * 3000
    data = noise.astype("<i2").tobytes()
    path = tmp_path / "somebody.wav"
    path.write_bytes(wav_header(SAMPLE_RATE, len(data)) + data)
    return path


def can_clone(folder: Path) -> None:
    """The other weights are here, too."""
    clone = hub_voices.folder_of(hub_voices.POCKET_CLONING)
    place = clone / "languages" / pocket.LANGUAGE
    place.mkdir(parents=True)
    (place / "model.safetensors").write_bytes(
        (folder / "languages" / pocket.LANGUAGE / "model.safetensors").read_bytes()
    )
    (clone / hub_voices.DONE).write_text(json.dumps({"sha256": {}}), encoding="utf-8")


@pytest.mark.usefixtures("folder")
def test_it_speaks_in_the_voice_of_each_persona_and_repeats_itself() -> None:
    engine = load_engine("pocket", threads=1)
    usual = engine.synthesize("Certainly, sir.", WOMAN, 1.0, Cancellation())
    assert usual.dtype == np.float32
    assert usual.size > 0.2 * SAMPLE_RATE
    again = engine.synthesize("Certainly, sir.", WOMAN, 1.0, Cancellation())
    np.testing.assert_allclose(usual, again, atol=1e-6)
    other = engine.synthesize("Certainly, sir.", MAN, 1.0, Cancellation())
    assert other.size != usual.size or not np.array_equal(usual, other)
    quick = engine.synthesize("Certainly, sir.", WOMAN, 1.5, Cancellation())
    assert quick.size < 0.85 * usual.size
    assert render(engine, "Yes.", MAN).size


@pytest.mark.usefixtures("folder")
def test_it_is_stopped_from_another_thread_and_speaks_on() -> None:
    engine = load_engine("pocket", threads=1)
    cancellation = Cancellation()
    timer = threading.Timer(0.05, cancellation.cancel)
    timer.start()
    with pytest.raises(Aborted):
        engine.synthesize(
            "This goes on and on, and nobody listens. " * 40, WOMAN, 1.0, cancellation
        )
    assert engine.synthesize("Yes.", WOMAN, 1.0, Cancellation()).size


def test_the_voice_of_a_recording_needs_the_weights_for_it(folder: Path, recording: Path) -> None:
    with pytest.raises(BackendError) as caught:
        load_engine("pocket", voice=str(recording))
    assert caught.value.remedy == "Run: assistant models pull pocket-cloning"
    can_clone(folder)
    engine = load_engine("pocket", voice=str(recording))
    assert engine.synthesize("Yes.", WOMAN, 1.0, Cancellation()).size
    with pytest.raises(BackendError, match="no voice"):
        load_engine("pocket", voice="nobody.wav")


def test_a_persona_may_name_a_recording(folder: Path, recording: Path) -> None:
    can_clone(folder)
    engine = load_engine("pocket", threads=1)
    own = engine.synthesize(
        "Yes.", VoiceSpec(engines={"pocket": str(recording)}), 1.0, Cancellation()
    )
    usual = engine.synthesize("Yes.", WOMAN, 1.0, Cancellation())
    assert own.size != usual.size or not np.array_equal(own, usual)


def test_damaged_weights_are_told_with_what_helps(folder: Path) -> None:
    (folder / "languages" / pocket.LANGUAGE / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(BackendError) as caught:
        load_engine("pocket")
    assert "assistant models pull pocket" in caught.value.remedy


def test_nothing_of_the_model_is_left_to_be_downloaded(folder: Path) -> None:
    text = pocket._configuration(folder).read_text()
    assert "hf://" not in text
    assert text.count(str(folder)) == 3
