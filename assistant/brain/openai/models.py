"""Addresses of servers and names of models."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

_NO_CHAT = re.compile(
    r"embed|rerank|(?:^|[/_-])(?:bge|gte|e5|minilm|all-minilm|whisper|tts|clip|kokoro)(?:[-_:.]|$)",
    re.IGNORECASE,
)


def server_url(text: str) -> str:
    """The base address of the API as people write it: scheme and `/v1` added where left out."""
    text = text.strip()
    parts = urlsplit(text if "://" in text else f"http://{text}")
    path = parts.path.rstrip("/")
    for ending in ("/chat/completions", "/models"):
        path = path.removesuffix(ending)
    return urlunsplit((parts.scheme, parts.netloc, path or "/v1", "", ""))


def model_ids(body: bytes) -> list[str]:
    """The models in a reply of `/v1/models`; empty where it is none."""
    try:
        reply = json.loads(body)
    except (ValueError, RecursionError):
        return []
    data = reply.get("data") if isinstance(reply, dict) else None
    if not isinstance(data, list):
        return []
    ids = [entry.get("id") for entry in data if isinstance(entry, dict)]
    return [name for name in ids if isinstance(name, str) and name]


def usable(names: Sequence[str]) -> list[str]:
    """Without models that cannot chat: embeddings, rerankers, speech."""
    return [name for name in names if not _NO_CHAT.search(name)]


def display_name(model: str) -> str:
    """A model's name for the status line: llama.cpp gives the path of a file."""
    name = model.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    return (name.removesuffix(".gguf") or model)[:40]
