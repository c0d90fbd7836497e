"""pocket-tts (Kyutai; package `pocket-tts`, MIT, extra `[pocket]`; weights CC-BY-4.0), on PyTorch:
many voices, and those of recordings.

A small language model over the latents of a codec, frame by frame (Kyutai, "Pocket TTS", 2026). The
package would download by itself; here its weights are pulled like all others, and it is given their
paths. Of the voices on the hub only those are offered that may be used for any purpose.
"""

from __future__ import annotations

import importlib
import re
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade import onnx
from assistant.backends.cascade.synthesis.engines import hub_voices
from assistant.backends.cascade.synthesis.engines.casting import EngineVoice, cast, moved
from assistant.backends.cascade.synthesis.engines.running import told_as_failure
from assistant.backends.cascade.synthesis.kokoro import trim
from assistant.backends.cascade.synthesis.speech_engine import Cancellation
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.models.environments import install_command

REMEDY = install_command("pocket")
LANGUAGE = "english_2026-10"
"""The model that the package calls its English default."""
_REPAIR = "assistant models remove pocket, then assistant models pull pocket"
_HUB = re.compile(r"hf://(?P<repository>[^/\s]+/[^/\s]+)/(?P<file>[^@\s]+)(?:@\w+)?")
_SAME_RATE = 0.02
"""Share of the rate that nobody hears, and that is not worth a time stretch."""

VOICES = (
    EngineVoice("alba", "f", british=True),
    EngineVoice("anna", "f", british=True),
    EngineVoice("vera", "f", british=True),
    EngineVoice("fantine", "f", british=True),
    EngineVoice("mary", "f"),
    EngineVoice("azelma", "f"),
    EngineVoice("eve", "f"),
    EngineVoice("caro_davy", "f"),
    EngineVoice("charles", "m", british=True),
    EngineVoice("paul", "m", british=True),
    EngineVoice("peter_yearsley", "m", british=True),
    EngineVoice("stuart_bell", "m", british=True),
    EngineVoice("george", "m"),
    EngineVoice("michael", "m"),
    EngineVoice("bill_boerst", "m"),
    EngineVoice("marius", "m"),
)
"""Recorded for VCTK (CC-BY-4.0), given to the public domain, or licensed CC-BY-4.0."""


class PocketEngine:
    """A `SpeechEngine`. Loading takes some seconds and about 1 GB."""

    label = "pocket-tts"

    def __init__(self, *, threads: int = 0, voice: str | None = None) -> None:
        """`voice`: the one that all personas speak with: a name, a recording (`.wav`; needs the
        weights that can take on a voice), or what was made of one (`.safetensors`).

        Raises `BackendError` where package or weights are missing or cannot be read.
        """
        try:
            self._torch: Any = importlib.import_module("torch")
            package: Any = importlib.import_module("pocket_tts")
        except ImportError as error:
            raise BackendError("pocket-tts is not installed.", REMEDY) from error
        self._folder = hub_voices.find(hub_voices.POCKET)
        self._lock = threading.Lock()
        self._states: dict[str, Any] = {}
        try:
            self._model = package.TTSModel.load_model(config=_configuration(self._folder))
        except Exception as error:
            raise BackendError(f"pocket-tts cannot be loaded: {error}", _REPAIR) from error
        self._model.has_voice_cloning = hub_voices.is_here(hub_voices.POCKET_CLONING)
        self._torch.set_num_threads(onnx.thread_count(threads))
        self._voices = [each for each in VOICES if self._packaged(each.name).is_file()]
        self._fixed = voice
        if voice is not None:
            self._state(voice)
        self.version = f"pocket/{LANGUAGE}/{getattr(package, '__version__', '')}.1/{voice or ''}"

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        """See `SpeechEngine`. Stops within a frame, which takes about 20 ms."""
        name = self._fixed or cast("pocket", voice, self._voices or VOICES, files=True).name
        stop = threading.Event()
        parts = [np.zeros(0, np.float32)]
        with self._lock, cancellation.calling(stop.set), told_as_failure(cancellation):
            state = self._state(name)
            # Latents are drawn at random; the same words shall be the same sound.
            self._torch.manual_seed(0)
            for part in self._model.generate_audio_stream(state, text, stop=stop):
                parts.append(np.asarray(part.detach().cpu().numpy(), np.float32).ravel())
            cancellation.check()
        sound = moved(np.nan_to_num(np.concatenate(parts)), self._model.sample_rate)
        return trim(stretched(sound, rate))

    def _packaged(self, name: str) -> Path:
        return self._folder / "languages" / LANGUAGE / "embeddings" / f"{name}.safetensors"

    def _state(self, name: str) -> Any:
        """What the model has to have heard to speak with this voice."""
        if name not in self._states:
            self._states[name] = self._read_voice(name)
        return self._states[name]

    def _read_voice(self, name: str) -> Any:
        path = self._packaged(name)
        if not path.is_file():
            path = Path(name).expanduser()
        if not path.is_file():
            known = ", ".join(each.name for each in self._voices)
            raise BackendError(
                f'There is no voice "{name}" of pocket-tts.',
                f"Use a recording, or one of: {known}.",
            )
        if path.suffix != ".safetensors" and not self._model.has_voice_cloning:
            raise BackendError(
                f"The weights here cannot take on the voice of {path}.",
                "Run: assistant models pull pocket-cloning",
            )
        try:
            return self._model.get_state_for_audio_prompt(path, truncate=True)
        except Exception as error:
            raise BackendError(
                f"{path} holds no voice: {error}", "Use a WAV file of some seconds of speech."
            ) from error


def stretched(sound: Float32, rate: float) -> Float32:
    """`sound` spoken `rate` times as fast, at the same pitch: the model knows no rate."""
    if abs(rate - 1.0) < _SAME_RATE or not sound.size:
        return sound
    from python_stretch import Signalsmith

    stretch = Signalsmith.Stretch(1)
    stretch.preset(1, SAMPLE_RATE)
    stretch.setTimeFactor(rate)
    tail = stretch.inputLatency() + round(stretch.outputLatency() * rate)
    out = np.asarray(stretch.process(np.pad(sound, (0, tail))[None]), np.float32)[0]
    spoken: Float32 = out[: round(len(sound) / rate) + stretch.outputLatency()]
    return spoken


def _configuration(folder: Path) -> Path:
    """The package's own settings of the model, with paths on this machine for those on the hub."""
    with_cloning = hub_voices.is_here(hub_voices.POCKET_CLONING)

    def local(found: re.Match[str]) -> str:
        cloning = found["repository"] == hub_voices.POCKET_CLONING.repository and with_cloning
        base = hub_voices.folder_of(hub_voices.POCKET_CLONING) if cloning else folder
        return (base / found["file"]).as_posix()

    place = folder / f"{LANGUAGE}.yaml"
    place.write_text(_HUB.sub(local, package_settings()), encoding="utf-8")
    return place


def package_settings() -> str:
    """What the package says of the model. Raises `OSError` where it knows no such model."""
    package = find_spec("pocket_tts")
    places = package.submodule_search_locations if package else None
    folder = Path(places[0]) if places else Path()
    return (folder / "config" / f"{LANGUAGE}.yaml").read_text(encoding="utf-8")
