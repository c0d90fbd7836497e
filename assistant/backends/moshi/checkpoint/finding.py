"""Where a checkpoint is: a folder, the Hugging Face cache, or the hub.

Looking never downloads. `size_of` tells what a download would cost, `pull` does it; both are only
called for somebody who asked.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.catalog import (
    DEFAULT,
    VOICES,
    Framework,
    candidates,
    elsewhere,
    parse_config,
    parts,
    published,
    repository_of,
)
from assistant.backends.moshi.checkpoint.weights import read_checkpoint
from assistant.backends.moshi.contract import Checkpoint, Progress
from assistant.models import hub as hub_cache

if TYPE_CHECKING:
    from assistant.models.hub import HubFile, Listing


def find_checkpoint(
    source: str | None,
    framework: Framework,
    progress: Progress,
    *,
    download: bool,
    endpoint: str | None = None,
) -> Checkpoint:
    """The checkpoint that `source` means, for this framework.

    `source` is a folder, a repository, or the name of a published checkpoint ("moshiko-mlx-q8");
    None: the framework's usual one, else any that is here. Needs no network where the weights are
    here. Raises `BackendError`: without `download`, it says how to get them and how large they are.
    """
    place = _here(source, framework)
    if place is None:
        repository = _repository(source, framework)
        if not download:
            raise BackendError(
                f"The weights {repository} are not on this machine.",
                f"Run: assistant models pull {source or repository}{_cost(repository)}",
            )
        place = pull(repository, progress, endpoint=endpoint)
    checkpoint = read_checkpoint(place)
    if misfit := _misfit(checkpoint, framework):
        raise BackendError(f"{checkpoint.name} cannot be loaded: {misfit}.", _instead(framework))
    return checkpoint


def cached(source: str | None, framework: Framework) -> bool:
    """Whether `find_checkpoint` would need no download. Quick; imports no framework and asks
    nobody."""
    try:
        place = _here(source, framework)
        return place is not None and _fits(place, framework)
    except BackendError:
        return False


def complete_snapshot(repository: str) -> Path | None:
    """A repository's folder in the Hugging Face cache, if a whole checkpoint is there."""
    place = hub_cache.snapshot(repository)
    if place is not None:
        try:
            read_checkpoint(place, unpack=False)
        except BackendError:
            return None
    return place


def size_of(repository: str, *, endpoint: str | None = None) -> int | None:
    """Bytes of the repository's files that a checkpoint needs: 0 where they are all here, None
    where the hub does not tell. Raises `BackendError`."""
    if complete_snapshot(repository) is not None:
        return 0
    from assistant.models import hub

    return hub.total_size(file for _, files in _needed(repository, endpoint) for file in files)


def pull(repository: str, progress: Progress, *, endpoint: str | None = None) -> Path:
    """Download what is missing of a checkpoint into the Hugging Face cache; the caller has asked
    for consent. Goes on where an earlier try stopped. Raises `BackendError`."""
    place = complete_snapshot(repository)
    if place is None:
        from assistant.models import hub

        for source, files in reversed(_needed(repository, endpoint)):
            place = hub.download_to_cache(source, files, progress)
    assert place is not None
    return place


def _here(source: str | None, framework: Framework) -> Path | None:
    """The folder of a checkpoint on this machine. Raises `BackendError` where `source` means
    none."""
    if source is None:
        places = map(complete_snapshot, candidates(framework))
        return next((place for place in places if place and _fits(place, framework)), None)
    folder = Path(source).expanduser()
    return folder if folder.is_dir() else complete_snapshot(_repository(source, framework))


def _repository(source: str | None, framework: Framework) -> str:
    repository = DEFAULT[framework] if source is None else repository_of(source)
    if repository is None:
        raise BackendError(
            f"“{source}” is neither a folder nor a known model.",
            "See the known ones: assistant models list; or name a repository, owner/name.",
        )
    return repository


def _fits(place: Path, framework: Framework) -> bool:
    return _misfit(read_checkpoint(place, unpack=False), framework) is None


def _misfit(checkpoint: Checkpoint, framework: Framework) -> str | None:
    """Why a framework cannot load a checkpoint, in words."""
    if framework == "torch" and checkpoint.format == "mlx":
        return "its weights are in MLX's format, and this backend runs PyTorch"
    if framework == "mlx" and checkpoint.format == "pytorch" and checkpoint.stored != "none":
        return "its weights are quantised in PyTorch's way, and this backend runs MLX"
    return None


def _instead(framework: Framework) -> str:
    return f"Choose one for this backend: assistant models pull {DEFAULT[framework]}"


def _cost(repository: str) -> str:
    known = published(repository)
    return "" if known is None else f" (about {known.size / 1e9:.1f} GB)"


def _needed(repository: str, endpoint: str | None) -> list[tuple[Listing, list[HubFile]]]:
    """What a checkpoint consists of: the repository's own files, then those that it takes from
    others."""
    from assistant.models import hub

    source = hub.listing(repository, endpoint)
    there = {file.name: file for file in source.files}
    config = hub.read_text(source, "config.json") if "config.json" in there else "{}"
    named = parts(parse_config(config, f"config.json of {repository}"), there.keys(), repository)
    own = [there[name] for name in ("config.json", VOICES, *named) if name in there]
    needed = [(source, own)]
    for other, name in filter(None, map(elsewhere, named)):
        listed = hub.listing(other, endpoint)
        file = listed.get(name)
        if file is None:
            raise BackendError(
                f"{repository} needs {name} of {other}, which has no such file.",
                "Choose another checkpoint: assistant models list",
            )
        needed.append((listed, [file]))
    return needed
