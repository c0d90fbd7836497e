"""What the Hugging Face cache of this machine holds, found without importing its library.

The layout is shared with every program that uses the hub: `models--owner--name/` with
`refs/main` (a commit), `snapshots/<commit>/` (links) and `blobs/` (files, called by their hash).
"""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """`HF_HUB_CACHE`, else `hub` in `HF_HOME`, as the hub's own library takes them."""
    cache = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE")
    if not cache:
        base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
        home = os.environ.get("HF_HOME") or os.path.join(base, "huggingface")  # noqa: PTH118
        cache = os.path.join(home, "hub")  # noqa: PTH118
    return Path(os.path.expandvars(cache)).expanduser()


def repository_folder(repository: str) -> Path:
    """Where a repository's files are kept, whether there are any or not."""
    return cache_root() / "--".join(["models", *repository.split("/")])


def snapshot(repository: str) -> Path | None:
    """The newest state of a repository on this machine, which need not be complete."""
    folder = repository_folder(repository)
    try:
        commit = (folder / "refs" / "main").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return None
    found = folder / "snapshots" / commit
    return found if commit and found.is_dir() else None


def cached_file(repository: str, name: str) -> Path | None:
    """One file of a repository, if it is on this machine."""
    place = snapshot(repository)
    return place / name if place is not None and (place / name).is_file() else None
