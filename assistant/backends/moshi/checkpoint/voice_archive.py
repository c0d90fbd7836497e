"""The voices that come with a checkpoint: a folder `voices`, or NVIDIA's `voices.tgz`."""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.locations import cache_dir
from assistant.private_files import scratch_folder

_MOST_BYTES = 2_000_000_000
_MOST_FILES = 2000


def own_voices(folder: Path) -> Path | None:
    """Folder of the voices that were published with a checkpoint; None where there are none.

    An archive is unpacked once, into our own cache. Raises `BackendError` where that fails.
    """
    if (folder / "voices").is_dir():
        return folder / "voices"
    archive = folder / "voices.tgz"
    return _unpacked(archive) if archive.is_file() else None


def _unpacked(archive: Path) -> Path:
    try:
        with archive.open("rb") as file:
            key = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        place = cache_dir() / "moshi" / "voices" / key
        if not place.is_dir():
            with scratch_folder(place.parent) as fresh:
                _extract(archive, fresh)
                # Another process may have been faster; what it unpacked is the same.
                if not place.is_dir():
                    fresh.replace(place)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackendError(
            f"The voices in {archive} cannot be unpacked: {error}.",
            "Delete the file and download the checkpoint again.",
        ) from error
    except OSError as error:
        raise BackendError(
            f"The voices in {archive} cannot be unpacked: {error.strerror or error}.",
            f"Check that {cache_dir()} can be written and has room.",
        ) from error
    return place / "voices" if (place / "voices").is_dir() else place


def _extract(archive: Path, target: Path) -> None:
    """Only what lies inside, no links to elsewhere, and no more than a bounded amount."""
    total = 0
    with tarfile.open(archive, "r:*") as tar:
        for number, member in enumerate(tar, start=1):
            total += member.size
            if number > _MOST_FILES or total > _MOST_BYTES:
                raise tarfile.TarError("it is far larger than a set of voices")
            if member.isreg() or member.isdir():
                tar.extract(member, target, filter="data")
