"""A persona's voice for the model's prompt: from a recording, or as NVIDIA publishes it.

A recording is brought to −24 LUFS (ITU-R BS.1770-4), as PersonaPlex was trained, and encoded with
Mimi; NVIDIA's `.pt` voices hold the model's input instead of sound. What comes out of either is
kept as a small `.safetensors` file, so that it is made once; such a file is a voice as well.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path

import numpy as np
import soxr  # type: ignore[import-untyped]
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.loudness import integrated_loudness
from assistant.backends.moshi.checkpoint.pt_reader import NotTensors, read_tensors
from assistant.backends.moshi.contract import Checkpoint, Codec, Progress
from assistant.backends.moshi.prompts.prompting import SILENCE, VOICE_LOUDNESS, Codes, EmbeddedVoice
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from assistant.private_files import write_whole

LONGEST_SECONDS = 15.0
"""Of a recording; what comes after is not heard. Every second takes room in the context."""
_SHORTEST_SECONDS = 0.4
"""One block of the loudness measure."""
_QUIETEST = -65.0
"""LUFS under which a recording holds nothing but its own noise."""
_LAYOUT = 1
"""Of the kept files; another number makes all of them anew."""
_KINDS = (".wav", ".pt", ".safetensors", ".flac", ".mp3", ".ogg")
_MOST_FRAMES = 1000
_MOST_BYTES = 100_000_000
_MOST_HEADER = 1 << 20
"""Bytes of the list of tensors in a `.safetensors` file; ours have a hundred or two."""
_HIGHEST_RATE = 768_000
_CONVERT = "Convert it first: ffmpeg -i {name} -ac 1 -ar 24000 converted.wav"

Voice = list[Codes] | EmbeddedVoice


def load_voice(
    voice: str, checkpoint: Checkpoint, encode: Codec, cache: Path, progress: Progress
) -> Voice:
    """The voice as the prompt takes it: Mimi's codes [8] of each frame, or an embedded voice.

    `voice` is the path of a recording, of one of NVIDIA's `.pt` voices or of a file that was kept
    here, or the name of one of the checkpoint's own voices ("NATF0"). `encode` must not be in the
    middle of a conversation: its encoder is reset before and after. `cache` is a folder for what
    is made here; where it cannot be written, nothing is kept.

    Raises `BackendError` where there is no such voice or nothing in it.
    """
    path = find_voice(voice, checkpoint)
    try:
        if path.suffix == ".safetensors":
            return _checked(_read(path), path, checkpoint)
        made = cache / f"{path.stem}-{_key(path, checkpoint)}.safetensors"
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (NotTensors, ValueError) as error:
        raise _unreadable(path, str(error)) from error
    # A kept file that is damaged is made anew.
    with contextlib.suppress(OSError, ValueError, NotTensors, BackendError):
        return _checked(_read(made), made, checkpoint)
    result: Voice
    if path.suffix == ".pt":
        progress(f"converting the voice {path.stem}", None)
        result = _checked(_embedded(path), path, checkpoint)
    else:
        result = _encoded(read_recording(path), encode, path, progress)
    _write(made, result)
    return result


def find_voice(voice: str, checkpoint: Checkpoint) -> Path:
    """The file of a voice. Raises `BackendError` naming the voices that there are."""
    path = Path(voice).expanduser()
    if path.is_file():
        return path
    own = checkpoint.voices
    files = sorted(f for f in own.rglob("*") if f.suffix in _KINDS) if own is not None else []
    for file in files:
        if voice.lower() in (file.name.lower(), file.stem.lower()):
            return file
    if path.is_dir():
        raise BackendError(f"The voice {path} is a folder.", "Name a recording in it.")
    looks_like_path = len(path.parts) > 1 or path.suffix in _KINDS
    if files:
        known = ", ".join(dict.fromkeys(file.stem for file in files))
        remedy = f"Name a recording, or one of the voices of {checkpoint.name}: {known}."
    else:
        remedy = f"Name a recording (WAV); {checkpoint.name} has no voices of its own."
    what = f"There is no recording {path}." if looks_like_path else f"There is no voice “{voice}”."
    raise BackendError(what, remedy)


def read_recording(path: Path) -> Float32:
    """The first `LONGEST_SECONDS` of a recording, any rate and channels, mono at `VOICE_LOUDNESS`:
    float32 [n], 24 kHz. Raises `BackendError` where nothing can be heard in it."""
    try:
        import sphn
    except ImportError as error:
        raise BackendError(
            f"Recordings cannot be read: {error}.", "Install what is missing: pip install sphn"
        ) from error
    try:
        channels, rate = sphn.read(str(path), duration_sec=LONGEST_SECONDS)
        if not 0 < rate <= _HIGHEST_RATE:
            raise ValueError(f"{rate} Hz")
    except BaseException as error:
        # A decoder that stumbles over a file says so by an exception that is none of `Exception`.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        reason = str(error).replace(f'"{path}": ', "")[:200]
        raise BackendError(
            f"{path} cannot be read as sound: {reason}.", _CONVERT.format(name=path)
        ) from error
    mono = np.asarray(channels, np.float32).mean(axis=0)
    mono = mono[: round(LONGEST_SECONDS * rate)]
    if not np.isfinite(mono).all():
        mono = np.nan_to_num(mono, nan=0.0, posinf=0.0, neginf=0.0)
    sound = soxr.resample(mono, rate, SAMPLE_RATE).astype(np.float32)
    if sound.size < _SHORTEST_SECONDS * SAMPLE_RATE:
        raise BackendError(
            f"{path} is too short for a voice: {sound.size / SAMPLE_RATE:.1f} s.",
            "Record five to ten seconds of speech.",
        )
    loudness = integrated_loudness(sound)
    if loudness < _QUIETEST:
        raise BackendError(f"In {path} nothing can be heard.", "Record it again, louder.")
    return np.asarray(sound * 10 ** ((VOICE_LOUDNESS - loudness) / 20), np.float32)


def _encoded(sound: Float32, encode: Codec, path: Path, progress: Progress) -> list[Codes]:
    frames = np.pad(sound, (0, -sound.size % FRAME_SAMPLES)).reshape(-1, FRAME_SAMPLES)
    codes = []
    encode.reset_encoder()
    try:
        for number, frame in enumerate(frames):
            progress(f"encoding the voice {path.stem}", number / len(frames))
            codes.append(np.asarray(encode.encode(frame)[: len(SILENCE)], np.int64))
    finally:
        encode.reset_encoder()
    return codes


# -- NVIDIA's voices ---------------------------------------------------------------------------


def _embedded(path: Path) -> EmbeddedVoice:
    """`embeddings` [N, 1, 1, dim] are the model's input at positions 0 … N − 1; `cache`
    [1, 17, C] is the ring of tokens after them, position p in column p modulo C."""
    try:
        tensors = read_tensors(path)
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except NotTensors as error:
        raise _unreadable(path, str(error)) from error
    embeddings, cache = tensors.get("embeddings"), tensors.get("cache")
    if embeddings is None or cache is None or cache.ndim != 3 or cache.shape[2] < 2:
        raise _unreadable(path, "it holds no voice")
    if not embeddings.size or embeddings.dtype.kind != "f" or cache.dtype.kind not in "iu":
        raise _unreadable(path, "it holds no voice")
    if embeddings.ndim < 2 or embeddings.size != len(embeddings) * embeddings.shape[-1]:
        raise _unreadable(path, f"its embeddings have the shape {embeddings.shape}")
    positions = len(embeddings)
    columns = [positions % cache.shape[2], (positions + 1) % cache.shape[2]]
    return EmbeddedVoice(
        embeddings.reshape(positions, -1).astype(np.float32),
        cache[0][:, columns].astype(np.int64),
    )


def _checked(voice: Voice, path: Path, checkpoint: Checkpoint) -> Voice:
    """The voice, if the model can take it; a damaged one would speak in no voice at all."""
    card = int(checkpoint.config.get("card", 2048))
    if not isinstance(voice, EmbeddedVoice):
        table = np.stack(voice) if voice else np.zeros((0, len(SILENCE)), np.int64)
        right = table.shape[1:] == SILENCE.shape and 0 < len(table) <= _MOST_FRAMES
        if not right or table.min() < 0 or table.max() >= card:
            raise _unreadable(path, "its codes are not Mimi's")
        return voice
    positions, dim = voice.embeddings.shape
    wanted = int(checkpoint.config.get("dim") or dim)
    if dim != wanted:
        raise BackendError(
            f"The voice {path.name} was made for another model ({dim} instead of {wanted} wide).",
            f"Choose a voice of {checkpoint.name}, or a recording.",
        )
    if voice.following.shape != (1 + 2 * len(SILENCE), 2) or not 0 < positions <= _MOST_FRAMES:
        raise _unreadable(path, "it has not the shape of a voice")
    last = voice.last
    known = np.concatenate([last.agent, last.user])
    if known.min() < 0 or known.max() >= card or last.text < 0:
        raise _unreadable(path, "its last frame is not Mimi's")
    if not np.isfinite(voice.embeddings).all():
        raise _unreadable(path, "its embeddings are not finite")
    return voice


# -- what is kept ------------------------------------------------------------------------------


def _key(path: Path, checkpoint: Checkpoint) -> str:
    """Of the voice's bytes, and of the codec that encodes it."""
    with path.open("rb") as file:
        key = hashlib.file_digest(file, "sha256")
    if path.suffix != ".pt":
        with checkpoint.mimi.open("rb") as file:
            # Weights of one size and one header differ in every part: one mebibyte will tell.
            head = file.read(1 << 16)
            size = file.seek(0, os.SEEK_END)
            file.seek(size // 2)
            key.update(head + size.to_bytes(8, "little") + file.read(1 << 20))
    key.update(f"layout {_LAYOUT}, {LONGEST_SECONDS} s at {VOICE_LOUDNESS} LUFS".encode())
    return key.hexdigest()[:24]


def _read(path: Path) -> Voice:
    """Raises `OSError`; `ValueError` or `NotTensors` where the file is damaged."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    if path.stat().st_size > _MOST_BYTES:
        raise NotTensors("it is far too large")
    data = path.read_bytes()
    if int.from_bytes(data[:8], "little") > _MOST_HEADER:
        raise NotTensors("its list of tensors is far too long")
    try:
        tensors: dict[str, NDArray[np.generic]] = load(data)
    except (SafetensorError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise NotTensors(str(error)) from error  # all but the first: of types that NumPy has not
    if "codes" in tensors:
        codes = tensors["codes"]
        if not _is_table(codes, "iu"):
            raise NotTensors("it holds no voice")
        return list(codes.astype(np.int64))
    embeddings, following = tensors.get("embeddings"), tensors.get("following")
    if embeddings is None or following is None:
        raise NotTensors("it holds no voice")
    if not _is_table(embeddings, "f") or not _is_table(following, "iu"):
        raise NotTensors("it holds no voice")
    return EmbeddedVoice(embeddings.astype(np.float32), following.astype(np.int64))


def _is_table(tensor: NDArray[np.generic], kinds: str) -> bool:
    """Of a size that may be made wider: a tensor of no columns can have any number of rows."""
    right = tensor.ndim == 2 and tensor.dtype.kind in kinds
    return right and 0 < len(tensor) <= _MOST_FRAMES and tensor.size > 0


def _write(path: Path, voice: Voice) -> None:
    from safetensors.numpy import save

    if isinstance(voice, EmbeddedVoice):
        tensors = {"embeddings": voice.embeddings, "following": voice.following}
    else:
        tensors = {"codes": np.stack(voice)}
    data = save({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()})
    # A cache that cannot be written costs the next start a second, nothing else.
    with contextlib.suppress(OSError):
        write_whole(path, data)


def _unreadable(path: Path, reason: str) -> BackendError:
    return BackendError(
        f"The voice {path} cannot be used: {reason.rstrip('.')}.",
        "Delete it and download it again, or choose another voice.",
    )
