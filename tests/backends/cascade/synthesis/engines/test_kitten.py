"""KittenTTS as it is loaded and run, on weights that a test makes: what its voice sounds like is
for others to judge."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines import hub_voices
from assistant.backends.cascade.synthesis.engines.kitten import (
    MODEL,
    SYMBOLS,
    VOICES,
    KittenEngine,
    in_ipa,
)
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation, SpeechEngine
from assistant.backends.cascade.synthesis.tts import load_engine, render
from assistant.frames import VoiceSpec
from tests.hub_stand_in import isolated
from tests.tiny_onnx import FLOAT, INT64, TinyModel

WOMAN, MAN = VoiceSpec(kokoro={"af_heart": 1.0}), VoiceSpec(kokoro={"am_onyx": 1.0})


def model() -> bytes:
    """600 samples a symbol, as loud as the style's mean; a speed makes it higher."""
    tiny = TinyModel({"input_ids": (INT64, 2), "style": (FLOAT, 2), "speed": (FLOAT, 1)}, ["wave"])
    tiny.weight("each", [1, 600], np.int64)
    tiny.node("Cast", ["input_ids"], "ids", to=FLOAT)
    tiny.node("Tile", ["ids", "each"], "long")
    tiny.node("Mul", ["long", "speed"], "phase")
    tiny.node("Sin", ["phase"], "hum")
    tiny.node("ReduceMean", ["style"], "loudness", keepdims=0)
    tiny.node("Mul", ["hum", "loudness"], "wave")
    return tiny.data()


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    isolated(monkeypatch, tmp_path)
    folder = hub_voices.folder_of(hub_voices.KITTEN)
    folder.mkdir(parents=True)
    (folder / MODEL).write_bytes(model())
    styles = {f"expr-voice-{n}-{sex}": 0.1 * n for n in range(2, 6) for sex in "mf"}
    np.savez(folder / VOICES, **{n: np.full((1, 256), s, np.float32) for n, s in styles.items()})
    (folder / hub_voices.DONE).write_text(json.dumps({"sha256": {}}), encoding="utf-8")
    return folder


@pytest.mark.usefixtures("folder")
def test_it_speaks_in_the_voice_of_each_persona() -> None:
    engine = load_engine("kitten", threads=1)
    short = engine.synthesize("Yes.", WOMAN, 1.0, Cancellation())
    long = engine.synthesize("Yes, of course, at once.", WOMAN, 1.0, Cancellation())
    assert short.dtype == np.float32
    assert 0 < len(short) < len(long)
    named = VoiceSpec(engines={"kitten": "expr-voice-5-f"})
    loud = engine.synthesize("Yes.", named, 1.0, Cancellation())
    soft = engine.synthesize("Yes.", MAN, 1.0, Cancellation())
    assert np.abs(loud).max() > 1.5 * np.abs(soft).max()
    assert render(engine, "Certainly, sir.", MAN).size > 2400


@pytest.mark.usefixtures("folder")
def test_one_voice_for_all_can_be_set() -> None:
    engine = load_engine("kitten", threads=1, voice="expr-voice-2-m")
    sounds = [engine.synthesize("Yes.", each, 1.0, Cancellation()) for each in (WOMAN, MAN)]
    np.testing.assert_array_equal(*sounds)
    assert engine.version != load_engine("kitten", threads=1).version
    with pytest.raises(BackendError) as caught:
        load_engine("kitten", threads=1, voice="nobody")
    assert "expr-voice-2-m" in caught.value.remedy


def speak_on(engine: SpeechEngine, cancellation: Cancellation) -> None:
    for _ in range(10_000):
        engine.synthesize("Yes, of course, at once.", WOMAN, 1.0, cancellation)


@pytest.mark.usefixtures("folder")
def test_it_is_stopped_from_another_thread() -> None:
    engine = load_engine("kitten", threads=1)
    cancellation = Cancellation()
    threading.Thread(target=cancellation.cancel).start()
    with pytest.raises(Aborted):
        speak_on(engine, cancellation)


@pytest.mark.parametrize("name", [MODEL, VOICES])
def test_damaged_weights_are_told_with_what_helps(folder: Path, name: str) -> None:
    (folder / name).write_bytes(b"nothing")
    with pytest.raises(BackendError) as caught:
        KittenEngine()
    assert name in caught.value.message
    assert "assistant models pull kitten" in caught.value.remedy


def test_phonemes_are_written_as_the_model_was_taught() -> None:
    assert in_ipa("həlˈO, wˈɜɹld!") == "həlˈoʊ , wˈɜːld !"
    assert in_ipa("ʤˈʌʤ ʧˈiz") == "dʒˈʌdʒ tʃˈiːz"
    assert in_ipa("fˈɑðəɹ") == "fˈɑːðɚ"
    assert len(SYMBOLS) == 178


def test_every_phoneme_of_english_has_a_number() -> None:
    from assistant.backends.cascade.synthesis.g2p import phonemes

    text = "The quick brown fox, by choice, jumps over our lazy dog; she sees pure azure, thin air."
    assert set(in_ipa(phonemes(text))) <= set(SYMBOLS)
