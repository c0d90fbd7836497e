"""Hibari (package `hibari-tts`, Apache-2.0, extra `[hibari]`): Kokoro distilled, one voice a file.

Its network is as small as it is quick, and reads the phonemes that Kokoro reads. One voice comes
with the package; four more are on a model hub. The package is one person's upload, so the file that
is loaded has a pinned hash. It would download missing voices by itself; it is never asked to.
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
from assistant.backends.cascade.synthesis.g2p import VERSION as G2P_VERSION
from assistant.backends.cascade.synthesis.g2p import phonemes, pieces
from assistant.backends.cascade.synthesis.kokoro import trim
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.models.environments import install_command

REMEDY = install_command("hibari")
SHA256 = "5f70741d4e900f4e85d0037498736cc1b3e1b9a63a13546a5da1e63abf4fccd8"
"""Of the voice that the package carries."""
SLOWEST, FASTEST = 0.5, 2.0
"""Rates that the model was trained for."""

_PACKAGED = EngineVoice("heart", "f", hertz=188.0)
_PULLED = {
    EngineVoice("emma", "f", british=True, hertz=178.0): "voices/bf_emma.int8.onnx",
    EngineVoice("kore", "f", hertz=146.0): "voices/af_kore.int8.onnx",
    EngineVoice("fenrir", "m", hertz=128.0): "voices/am_fenrir_v2.int8.onnx",
    EngineVoice("fable", "m", british=True, hertz=125.0): "voices/bm_fable.int8.onnx",
}


class HibariEngine:
    """A `SpeechEngine`. Loading a voice takes about 0.2 s and 30 MB."""

    label = "hibari"

    def __init__(self, *, threads: int = 0, voice: str | None = None) -> None:
        """`voice`: the one that all personas speak with; unset: each with the nearest.

        Raises `BackendError` where the package is missing or is not the one that was pinned.
        """
        try:
            self._hibari: Any = importlib.import_module("hibari.tts")
            onnx.runtime()
        except ImportError as error:
            raise BackendError("Hibari is not installed.", REMEDY) from error
        self._threads = threads
        self._lock = threading.Lock()
        self._loaded: dict[str, Any] = {}
        self._files = self._find()
        self._voices = [each for each in (_PACKAGED, *_PULLED) if each.name in self._files]
        if voice is not None and voice not in self._files:
            raise BackendError(
                f'There is no voice "{voice}" of Hibari here.', f"Here: {', '.join(self._files)}."
            )
        self._fixed = voice
        self._load(_PACKAGED.name)
        self.version = f"hibari/{SHA256[:12]}/{G2P_VERSION}/{','.join(self._files)}/{voice or ''}"

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        """See `SpeechEngine`."""
        chosen = cast("hibari", voice, self._voices)
        name = self._fixed or chosen.name
        ratio = 1.0 if self._fixed else chosen.ratio
        speed = float(np.clip(rate / ratio, SLOWEST, FASTEST))
        model = self._load(name)
        british = any(each.name == name and each.british for each in self._voices)
        parts = [np.zeros(0, np.float32)]
        for piece in pieces(phonemes(text, british=british)):
            parts.append(self._speak(model, piece, speed, cancellation))
        return trim(moved(np.concatenate(parts), SAMPLE_RATE, ratio))

    def _speak(self, model: Any, piece: str, speed: float, cancellation: Cancellation) -> Float32:
        # The noise in it has a seed, so that the same words are always the same sound.
        with self._lock, told_as_failure(cancellation):
            model.sess.cancellation = cancellation
            sound = model.from_phonemes(piece, speed, seed=0)
        return trim(np.nan_to_num(np.asarray(sound, np.float32)))

    def _find(self) -> dict[str, Path]:
        place = Path(self._hibari.ASSETS) / "hibari.onnx"
        found = {_PACKAGED.name: place}
        if hub_voices.is_here(hub_voices.HIBARI):
            folder = hub_voices.folder_of(hub_voices.HIBARI)
            further = {each.name: folder / file for each, file in _PULLED.items()}
            found |= {name: path for name, path in further.items() if path.is_file()}
        return found

    def _load(self, name: str) -> Any:
        with self._lock:
            if name not in self._loaded:
                self._loaded[name] = self._read(name, self._files[name])
            return self._loaded[name]

    def _read(self, name: str, path: Path) -> Any:
        try:
            data = path.read_bytes()
            if name == _PACKAGED.name and hashlib.sha256(data).hexdigest() != SHA256:
                raise BackendError(
                    f"The voice {path} is not what it should be (its hash differs).",
                    "Install hibari-tts again; if that does not help, don't use it.",
                )
            model = self._hibari.Hibari(model=str(path), threads=1)
            model.sess = StoppableSession(onnx.open_session(data, self._threads))
        except BackendError:
            raise
        except Exception as error:
            raise BackendError(
                f"{path} is no voice of Hibari: {error}",
                "assistant models verify hibari-voices; or choose another voice engine.",
            ) from error
        return model
