"""Rendered clauses on disk, so that what was said once, or rendered ahead, sounds at once.

One file a clause: a short header with a checksum, then int16 samples. Files are written whole
under another name and moved into place, so two processes may share the folder; whatever is broken
is deleted and rendered again. A disk that is full or read-only only means that nothing is kept.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import struct
import threading
import zlib
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np

from assistant.audio.types import Float32
from assistant.backends.cascade.synthesis.tts import EFFECTS_VERSION, SIXTEEN_BITS, sounding
from assistant.frames import SAMPLE_RATE, Prosody, VoiceSpec
from assistant.language.delivery.prosody import NEUTRAL
from assistant.language.normalise import speakable
from assistant.locations import SUFFIX, voice_files
from assistant.private_files import close_to_others, make_folder, write_whole

_MAGIC = b"AVC1"
_HEADER = struct.Struct("<4sIII")
"""Magic, samples a second, samples, CRC-32 of what follows."""
_RESCAN_WRITES = 64
"""Writes between two looks at the whole folder, which another process fills too."""


class VoiceCache:
    """The least recently used go when the folder is over its limit. Safe for several threads."""

    def __init__(
        self, folder: Path, megabytes: int, on_problem: Callable[[str], None] | None = None
    ) -> None:
        """`megabytes` 0 keeps nothing. `on_problem` is told once, when nothing can be written."""
        self.folder = folder
        self.limit = megabytes * 1_000_000
        self._on_problem = on_problem
        self._lock = threading.Lock()
        self._writes = 0
        self._size: int | None = None
        self._failed = False

    def key(
        self,
        engine_version: str,
        text: str,
        voice: VoiceSpec,
        rate: float,
        prosody: Prosody = NEUTRAL,
    ) -> str:
        """Name of what `text` sounds like; whatever changes the sound changes it."""
        voice, rate = sounding(voice, rate, prosody)
        parts = (engine_version, EFFECTS_VERSION, speakable(text), round(rate, 3))
        sound = msgspec.json.encode(msgspec.to_builtins(voice), order="deterministic")
        return hashlib.sha256(msgspec.json.encode(parts) + sound).hexdigest()[:40]

    def __contains__(self, key: str) -> bool:
        return self.limit > 0 and self._path(key).is_file()

    def get(self, key: str) -> Float32 | None:
        """The sound, float32 [n] at 24 kHz, or None. A broken file is deleted."""
        if not self.limit:
            return None
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        sound = _decode(data)
        if sound is None:
            self._delete(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        close_to_others(path)
        return sound

    def put(self, key: str, sound: Float32) -> None:
        """Keep `sound`. Never raises for want of room or rights."""
        data = _encode(sound)
        if len(data) > self.limit:
            return
        path = self._path(key)
        try:
            if self.folder.is_symlink():
                raise OSError(errno.ELOOP, "it is a link to another folder")
            make_folder(self.folder)
            write_whole(path, data, durable=False)
        except OSError as error:
            self._report(error)
            return
        self._make_room(len(data))

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / f"{key}{SUFFIX}"

    def _delete(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()

    def _report(self, error: OSError) -> None:
        with self._lock:
            first, self._failed = not self._failed, True
        if first and self._on_problem:
            self._on_problem(f"Rendered speech cannot be kept in {self.folder}: {error.strerror}.")

    def _make_room(self, written: int) -> None:
        with self._lock:
            self._writes += 1
            if self._size is not None:
                self._size += written
                if self._size <= self.limit and self._writes % _RESCAN_WRITES:
                    return
            files = self._files()
            size = sum(length for _, length, _ in files)
            if size > self.limit:
                # A tenth more than needed goes, so that not every write has to look again.
                for _, length, path in sorted(files):
                    if size <= 0.9 * self.limit:
                        break
                    self._delete(path)
                    size -= length
            self._size = size

    def _files(self) -> list[tuple[int, int, Path]]:
        """(last use in ns, bytes, path) of all that is ours, leftovers of a crash included."""
        found = []
        for path in voice_files(self.folder):
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime_ns, stat.st_size, path))
        return found


def _encode(sound: Float32) -> bytes:
    samples = np.round(np.clip(sound, -1.0, 1.0) * SIXTEEN_BITS).astype("<i2").tobytes()
    return _HEADER.pack(_MAGIC, SAMPLE_RATE, len(sound), zlib.crc32(samples)) + samples


def _decode(data: bytes) -> Float32 | None:
    if len(data) < _HEADER.size:
        return None
    magic, rate, count, checksum = _HEADER.unpack_from(data)
    samples = data[_HEADER.size :]
    intact = (
        magic == _MAGIC
        and rate == SAMPLE_RATE
        and len(samples) == 2 * count
        and zlib.crc32(samples) == checksum
    )
    if not intact:
        return None
    return np.frombuffer(samples, "<i2").astype(np.float32) / SIXTEEN_BITS


# Rendered clauses for as long as the program runs, where none may be left on disk: they are the
# words of the conversation, for anybody who listens.

LIMIT = 100
"""Megabytes at most, whatever may be kept on disk: half an hour of speech."""
_BYTES = 4
"""Of a sample, float32."""


class SoundsInMemory(VoiceCache):
    """The same, without a folder: the least recently used go when there is no room."""

    def __init__(self, megabytes: int) -> None:
        """`megabytes` 0 keeps nothing."""
        super().__init__(Path(), min(megabytes, LIMIT))
        self._sounds: OrderedDict[str, Float32] = OrderedDict()
        self._held = 0

    def __contains__(self, key: str) -> bool:
        return key in self._sounds

    def get(self, key: str) -> Float32 | None:
        with self._lock:
            sound = self._sounds.get(key)
            if sound is not None:
                self._sounds.move_to_end(key)
            return sound

    def put(self, key: str, sound: Float32) -> None:
        with self._lock:
            if (old := self._sounds.pop(key, None)) is not None:
                self._held -= len(old) * _BYTES
            if len(sound) * _BYTES > self.limit:
                return
            self._sounds[key] = sound
            self._held += len(sound) * _BYTES
            while self._held > self.limit:
                _, oldest = self._sounds.popitem(last=False)
                self._held -= len(oldest) * _BYTES
