"""Where speech recognition weights are: in a package, in a folder, or on a model hub.

Nothing is ever downloaded by looking for weights: `find` says what to run instead. `size_of` tells
what a download would cost, `pull` does it, resumes a broken one and checks every file's hash.
"""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError
from assistant.backends.cascade import packaged_weights
from assistant.backends.cascade.packaged_weights import DONE, is_complete
from assistant.backends.cascade.weights_catalog import (
    MEGABYTES,
    PACKAGED,
    PACKAGES,
    WhisperFiles,
    is_english_only,
    repository_names,
    repository_of,
)
from assistant.locations import models_dir
from assistant.models.package_parts import Progress

if TYPE_CHECKING:
    from assistant.models.hub import HubFile, Listing

__all__ = [
    "MEGABYTES",
    "PACKAGED",
    "PACKAGES",
    "WhisperFiles",
    "damages",
    "find",
    "folder_of",
    "is_complete",
    "is_english_only",
    "is_here",
    "model_file",
    "pull",
    "repository_names",
    "repository_of",
    "size_of",
]

_WANTED = ("model.bin", "config.json", "tokenizer.json", "preprocessor_config.json", "vocabulary.*")
_NEEDED = ("model.bin", "config.json", "tokenizer.json")


def find(spec: str) -> WhisperFiles:
    """The weights that `spec` names, if they are on this machine.

    `spec` is `packaged:tiny.en`, `packaged:base`, a folder, a faster-whisper model name
    ("small.en") or a repository ("owner/name"). Raises `BackendError` with what to do where they
    are not here.
    """
    if spec.startswith(PACKAGED):
        return packaged_weights.find(spec.removeprefix(PACKAGED))
    folder = Path(spec).expanduser()
    if folder.is_dir():
        if not (folder / "model.bin").is_file() or not (folder / "tokenizer.json").is_file():
            raise BackendError(
                f"{folder} holds no Whisper weights for CTranslate2.",
                "It must hold model.bin, config.json, tokenizer.json and vocabulary.*.",
            )
        return WhisperFiles(folder, folder.name)
    pulled = folder_of(spec)
    if not (pulled / DONE).is_file():
        raise BackendError(
            f"The speech recognition weights “{spec}” are not on this machine.",
            f"Run: assistant models pull {spec}",
        )
    return WhisperFiles(pulled, spec.rsplit("/", 1)[-1].removeprefix("faster-whisper-"))


def size_of(spec: str, *, endpoint: str | None = None) -> int | None:
    """Bytes that `pull` would download: 0 where nothing is missing, None where it is not known.

    Raises `BackendError` where the hub cannot be asked.
    """
    if spec.startswith(PACKAGED):
        return packaged_weights.size_of(spec.removeprefix(PACKAGED))
    if Path(spec).expanduser().is_dir():
        return 0
    repository = repository_of(spec)
    if (_folder(repository) / DONE).is_file():
        return 0
    from assistant.models import hub

    return hub.total_size(_wanted(hub.listing(repository, endpoint)))


def pull(spec: str, progress: Progress, *, endpoint: str | None = None) -> WhisperFiles:
    """Download the weights that `spec` names, telling `progress`; the caller has asked for consent.

    A broken download goes on where it stopped; every file is checked against the hub's hash, or
    against the one that is pinned here. Raises `BackendError` that tells no network, no token,
    licence and full disk apart.
    """
    if spec.startswith(PACKAGED):
        packaged_weights.pull(spec.removeprefix(PACKAGED), progress)
    elif not Path(spec).expanduser().is_dir():
        repository = repository_of(spec)
        folder = _folder(repository)
        if not (folder / DONE).is_file():
            from assistant.models import hub

            source = hub.listing(repository, endpoint)
            hashes = hub.download_to_folder(source, _wanted(source), folder, progress)
            (folder / DONE).write_text(
                json.dumps({"repository": repository, "sha256": hashes}, indent=1),
                encoding="utf-8",
            )
    return find(spec)


def folder_of(spec: str) -> Path:
    """Where a model's download (of packages: its joined parts) is, or would be. Raises
    `BackendError`, as `repository_of`."""
    if spec.startswith(PACKAGED):
        return packaged_weights.joined_folder(spec.removeprefix(PACKAGED))
    return _folder(repository_of(spec))


def is_here(spec: str) -> bool:
    """Whether weights of a known name are on this machine; looks for files, and hashes none."""
    if spec.startswith(PACKAGED):
        return packaged_weights.is_here(spec.removeprefix(PACKAGED))
    return is_complete(folder_of(spec))


def model_file(spec: str) -> Path:
    """The file with the numbers of weights of a known name, or the first part of it."""
    if spec.startswith(PACKAGED):
        return packaged_weights.model_file(spec.removeprefix(PACKAGED))
    return folder_of(spec) / "model.bin"


def damages(folder: Path) -> list[str]:
    """What is wrong with the files of a complete download of ours, in words."""
    from assistant.models import hub

    try:
        hashes = json.loads((folder / DONE).read_text(encoding="utf-8"))["sha256"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [f"{DONE} cannot be read ({error})"]
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
