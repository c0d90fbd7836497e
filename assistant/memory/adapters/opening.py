"""Opens the store of another maker that the settings name."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

from assistant.config.schema import MemoryConfig
from assistant.locations import memory_dir
from assistant.memory.base import MemoryFailure, MemoryStore


def open_adapter(config: MemoryConfig) -> MemoryStore:
    """Raises `MemoryFailure` where it cannot be."""
    name = config.store
    if config.encryption != "off":
        raise MemoryFailure(
            f"memory.encryption is on, and memory.store = {name} keeps plain text",
            'Set memory.store to "files", or memory.encryption to "off".',
        )
    wanted = {"qdrant": ("qdrant_client",), "mem0": ("mem0", "qdrant_client")}[name]
    missing = [package for package in wanted if find_spec(package) is None]
    if missing:
        raise MemoryFailure(
            f"packages missing for memory.store = {name}: {', '.join(missing)}",
            f"pip install 'assistant[{name}]'",
        )
    if name == "qdrant":
        from assistant.memory.adapters.qdrant import QdrantStore

        place = config.qdrant
        key = os.environ.get(place.api_key_env, "").strip()
        return QdrantStore(
            url=place.url, key=key, path=_folder(place.path, name), name=place.collection
        )
    from assistant.memory.adapters.mem0 import Mem0Store

    return Mem0Store(
        _folder(config.mem0.path, name),
        user=config.mem0.user,
        settings=Path(config.mem0.config).expanduser() if config.mem0.config else None,
    )


def _folder(path: str | None, name: str) -> Path:
    return Path(path).expanduser() if path else memory_dir() / name
