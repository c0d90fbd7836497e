"""Speech recognition weights that come in Python packages, installed or pulled.

Parts are joined once into the models folder, and the whole is checked against the hash that is
pinned in `weights_catalog`.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.backends.cascade.weights_catalog import (
    PACKAGED,
    PACKAGES,
    REPOSITORIES,
    PackagedWhisper,
    WhisperFiles,
)
from assistant.locations import models_dir
from assistant.models import package_parts
from assistant.models.package_parts import Progress
from assistant.private_files import make_folder

DONE = "complete.json"
"""Written last; a folder of ours without it is a download that was broken off."""
_FILES = ("config.json", "tokenizer.json", "vocabulary.txt", "vocabulary.json")
_COPY = 1 << 20


def find(name: str) -> WhisperFiles:
    """The weights behind `packaged:name`; parts that are installed are joined where they have not
    been. Raises `BackendError` where they are not here, or not what was pinned."""
    folder = joined_folder(name)
    if is_complete(folder):
        return WhisperFiles(folder, name)
    source = _installed(name)
    if source is None:
        raise BackendError(
            f"The speech recognition weights “{PACKAGED}{name}” are not on this machine.",
            f"Run: assistant models pull {PACKAGED}{name}",
        )
    if len(source.modules) == 1:
        inside = _inside(source, source.modules[0])
        _check(inside / "model.bin", source.file.sha256)
        return WhisperFiles(inside, name)
    _join(source, folder)
    return WhisperFiles(folder, name)


def is_here(name: str) -> bool:
    return is_complete(joined_folder(name)) or _installed(name) is not None


def model_file(name: str) -> Path:
    """The file with the numbers, or the first part of it, where they are here."""
    folder, source = joined_folder(name), _installed(name)
    if is_complete(folder) or source is None:
        return folder / "model.bin"
    inside = _inside(source, source.modules[0])
    return inside / ("model.bin" if len(source.modules) == 1 else "model.bin.part1")


def size_of(name: str) -> int:
    """Bytes that `pull` would download, about: 0 where nothing is missing."""
    return 0 if is_here(name) else _sources(name)[0].file.size


def pull(name: str, progress: Progress) -> None:
    """Fetch the packages from the package index and join them, where they are not here.

    Where nothing of one source can be had, or it is not what was pinned, the next is tried. Raises
    `BackendError` of the first where none will do; what was begun is kept for the next time.
    """
    if is_here(name):
        return
    folder = joined_folder(name)
    refused: BackendError | None = None
    for source in _sources(name):
        try:
            package_parts.fetch(source.file, folder / "model.bin", progress, beside=True)
        except BackendError as error:
            refused = refused or error
            if package_parts.is_begun(folder / "model.bin"):
                break
        else:
            _finish(folder)
            return
    if refused is not None:
        raise refused


def joined_folder(name: str) -> Path:
    """Where the whole is, or would be. Raises `BackendError` for names that are not packaged."""
    _sources(name)
    return models_dir() / "whisper" / f"packaged--{name}"


def is_complete(folder: Path) -> bool:
    """Whether a download of ours has ended."""
    return (folder / DONE).is_file()


def _sources(name: str) -> tuple[PackagedWhisper, ...]:
    if name not in PACKAGES:
        known = ", ".join(f"{PACKAGED}{each}" for each in PACKAGES)
        elsewhere = f"; from the model hub: assistant models pull {name}"
        raise BackendError(
            f"There are no packaged weights called “{name}”.",
            f"Packaged are {known}{elsewhere if name in REPOSITORIES else ''}",
        )
    return PACKAGES[name]


def _installed(name: str) -> PackagedWhisper | None:
    """The first source all of whose packages are installed."""
    sources = _sources(name)
    return next((s for s in sources if all(_package_dir(m) for m in s.modules)), None)


def _package_dir(module: str) -> Path | None:
    found = importlib.util.find_spec(module)
    places = found.submodule_search_locations if found is not None else None
    return Path(places[0]) if places else None


def _inside(source: PackagedWhisper, module: str) -> Path:
    place = _package_dir(module)
    if place is None:
        raise BackendError(f"The package {module} is no longer installed.", "Install it again.")
    return place / source.folder


def _join(source: PackagedWhisper, folder: Path) -> None:
    inside = [_inside(source, module) for module in source.modules]
    try:
        make_folder(folder)
        joined = folder / "model.bin"
        with joined.open("wb") as out:
            for number, part in enumerate(inside, start=1):
                with (part / f"model.bin.part{number}").open("rb") as piece:
                    shutil.copyfileobj(piece, out, _COPY)
        _check(joined, source.file.sha256)
        for file in (place / name for place in inside for name in _FILES):
            if file.is_file():
                shutil.copyfile(file, folder / file.name)
        _finish(folder)
    except OSError as error:
        raise BackendError(
            f"The speech recognition weights cannot be written to {folder}: {error.strerror}.",
            f"Free {source.file.size / 1e6:.0f} MB on that disk, or choose packaged:tiny.en.",
        ) from error


def _finish(folder: Path) -> None:
    """The download is complete; the hashes tell later what was damaged since."""
    names = [name for name in ("model.bin", *_FILES) if (folder / name).is_file()]
    hashes = {name: _sha256(folder / name) for name in names}
    (folder / DONE).write_text(json.dumps({"sha256": hashes}, indent=1), encoding="utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path, sha256: str) -> None:
    try:
        found = _sha256(path)
    except OSError as error:
        raise BackendError(
            f"The speech recognition weights {path} cannot be read: {error.strerror}.",
            "Install the package again.",
        ) from error
    if found != sha256:
        raise BackendError(
            f"The speech recognition weights {path} are not what they should be (their hash"
            " differs).",
            "Install the package again; if that does not help, don't use it.",
        )
