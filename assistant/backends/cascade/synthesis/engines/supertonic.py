"""Supertonic (Supertone; package `supertonic`, MIT, extra `[supertonic]`; weights OpenRAIL-M): ten
voices at 44.1 kHz, on onnxruntime.

Text becomes latents by flow matching in a few steps, and these become sound. The package would
download its weights by itself; here they are pulled like all others, and it is given the folder.
"""

from __future__ import annotations

import hashlib
import importlib
import threading
from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade import onnx
from assistant.backends.cascade.synthesis.engines import hub_voices
from assistant.backends.cascade.synthesis.engines.casting import EngineVoice, cast, moved
from assistant.backends.cascade.synthesis.engines.running import StoppableSession, told_as_failure
from assistant.backends.cascade.synthesis.kokoro import trim
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.frames import VoiceSpec
from assistant.models.environments import install_command

REMEDY = install_command("supertonic")
STEPS = 5
"""Of flow matching: twice as many sound hardly better and take nearly twice as long."""
SLOWEST, FASTEST = 0.7, 2.0
"""Rates that the package allows."""
_SESSIONS = ("dp_ort", "text_enc_ort", "vector_est_ort", "vocoder_ort")
_REPAIR = "assistant models remove supertonic, then assistant models pull supertonic"


class SupertonicEngine:
    """A `SpeechEngine`."""

    label = "supertonic 3"

    def __init__(self, *, threads: int = 0, voice: str | None = None) -> None:
        """`voice`: the one that all personas speak with ("M1"), or a file of one (`.json`).

        Raises `BackendError` where package or weights are missing or cannot be read.
        """
        try:
            onnx.runtime()
            self._core: Any = importlib.import_module("supertonic.core")
            self._loader: Any = importlib.import_module("supertonic.loader")
        except ImportError as error:
            raise BackendError("Supertonic is not installed.", REMEDY) from error
        self._folder = hub_voices.find(hub_voices.SUPERTONIC)
        self._lock = threading.Lock()
        try:
            self._model = self._load(threads)
            names = self._loader.list_available_voice_style_names(self._folder)
            self._styles = {name: self._style(self._folder, name) for name in names}
            if voice is not None and voice not in self._styles:
                self._styles[voice] = self._loader.load_voice_style_from_json_file(
                    Path(voice).expanduser()
                )
        except Exception as error:
            raise BackendError(f"Supertonic cannot be loaded: {error}", _REPAIR) from error
        self._fixed = voice
        self._voices = [
            EngineVoice(name, "f" if name.startswith("F") else "m") for name in sorted(names)
        ]
        self.version = f"supertonic/{_fingerprint(self._folder)}/{STEPS}.1/{voice or ''}"

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        """See `SpeechEngine`."""
        name = self._fixed or cast("supertonic", voice, self._voices).name
        speed = float(np.clip(rate, SLOWEST, FASTEST))
        with self._lock, told_as_failure(cancellation):
            for part in _SESSIONS:
                getattr(self._model, part).cancellation = cancellation
            # What it begins with is drawn anew each time; the same words shall be the same sound.
            np.random.seed(0)
            sound, seconds = self._model([text], self._styles[name], STEPS, speed, "en")
        samples = int(float(np.ravel(seconds)[0]) * self._model.sample_rate)
        spoken = np.nan_to_num(np.asarray(sound, np.float32).ravel()[:samples])
        return trim(moved(spoken, self._model.sample_rate))

    def _load(self, threads: int) -> Any:
        """The package's own loader takes every core; the same with our sessions."""
        folder = self._folder / "onnx"
        files = ("duration_predictor", "text_encoder", "vector_estimator", "vocoder")
        sessions = [onnx.open_session(folder / f"{name}.onnx", threads) for name in files]
        model = self._core.Supertonic(
            self._loader.load_configs(self._folder),
            self._loader.load_text_processor(self._folder),
            *sessions,
        )
        for part, session in zip(_SESSIONS, sessions, strict=True):
            setattr(model, part, StoppableSession(session))
        return model

    def _style(self, folder: Path, name: str) -> Any:
        return self._loader.load_voice_style_from_name(folder, name)


def _fingerprint(folder: Path) -> str:
    """Of the download: its file of hashes."""
    return hashlib.sha256((folder / hub_voices.DONE).read_bytes()).hexdigest()[:12]
