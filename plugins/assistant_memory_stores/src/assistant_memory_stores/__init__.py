"""Memory of the assistant in the stores of other makers, for people who run them already."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from assistant.config.schema import MemoryConfig
from assistant.locations import memory_dir
from assistant.memory.base import MemoryFailure, MemoryStore


def open_mem0(config: MemoryConfig) -> MemoryStore:
    """By `[memory.mem0]`. Raises `MemoryFailure` where it cannot be."""
    _require("mem0", "mem0", "qdrant_client")
    from assistant_memory_stores.mem0 import Mem0Store

    return Mem0Store(
        _folder(config.mem0.path, "mem0"),
        user=config.mem0.user,
        settings=Path(config.mem0.config).expanduser() if config.mem0.config else None,
    )


def open_qdrant(config: MemoryConfig) -> MemoryStore:
    """By `[memory.qdrant]`. Raises `MemoryFailure` where it cannot be."""
    _require("qdrant", "qdrant_client")
    from assistant_memory_stores.qdrant import QdrantStore

    place = config.qdrant
    key = os.environ.get(place.api_key_env, "").strip()
    folder = _folder(place.path, "qdrant")
    return QdrantStore(url=place.url, key=key, path=folder, name=place.collection)


def _require(name: str, *modules: str) -> None:
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise MemoryFailure(
            f"packages missing for memory.store = {name}: {', '.join(missing)}",
            f"In a clone of the assistant: pip install './plugins/assistant_memory_stores[{name}]'",
        )


def _folder(path: str | None, name: str) -> Path:
    return Path(path).expanduser() if path else memory_dir() / name
