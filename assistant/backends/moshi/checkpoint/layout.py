"""Which file of a published repository is what: the names in `config.json`, and the usual ones."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any

from assistant.backends.base import BackendError

MODEL_NAMES = ("model.safetensors", "model.q8.safetensors", "model.q4.safetensors")
MIMI_NAMES = ("tokenizer-e351c8d8-checkpoint125.safetensors", "mimi*.safetensors")
TOKENIZER_NAMES = ("tokenizer_spm_32k_3.model", "*.model")
VOICES = "voices.tgz"
AGAIN = "Delete what is there and download it again: assistant models pull, or copy it once more."


@dataclass(frozen=True, slots=True)
class CheckpointFiles:
    """Names of files in a folder or repository; `hf://owner/name/file` in another one."""

    model: str
    mimi: str
    tokenizer: str
    mimi_config: str | None

    def __iter__(self) -> Any:
        yield from (self.model, self.mimi, self.tokenizer)
        if self.mimi_config is not None:
            yield self.mimi_config


def parse_config(text: str, where: str) -> dict[str, Any]:
    """The content of a `config.json`. Raises `BackendError`."""
    try:
        content = json.loads(text)
        if not isinstance(content, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise BackendError(f"{where} is no configuration ({error}).", AGAIN) from error
    return content


def parts(raw: Mapping[str, Any], names: Collection[str], where: str) -> CheckpointFiles:
    """The files that make a checkpoint, out of those there are.

    A name in the configuration counts; without one, the usual name; else the only file that can be
    meant. Raises `BackendError` that names what is missing.
    """

    def find(key: str, usual: Sequence[str], what: str) -> str:
        named = raw.get(key)
        if isinstance(named, str) and ("://" in named or named in names):
            return named
        for pattern in usual:
            found = [name for name in sorted(names) if fnmatch(name, pattern)]
            if len(found) == 1:
                return found[0]
        raise BackendError(
            f"{where} has no file {named or usual[0]} ({what}).",
            "It must hold a Moshi checkpoint as Kyutai or NVIDIA publish them.",
        )

    mimi_config = raw.get("mimi_config_name")
    return CheckpointFiles(
        model=find("moshi_name", MODEL_NAMES, "the language model"),
        mimi=find("mimi_name", MIMI_NAMES, "Mimi"),
        tokenizer=find("tokenizer_name", TOKENIZER_NAMES, "the tokenizer"),
        mimi_config=find("mimi_config_name", (), "Mimi's shape") if mimi_config else None,
    )


def elsewhere(name: str) -> tuple[str, str] | None:
    """Repository and file of a name that begins with `hf://`."""
    if not name.startswith("hf://"):
        return None
    pieces = name.removeprefix("hf://").split("/", 2)
    if len(pieces) < 3:
        raise BackendError(f"{name} names no file of a repository.", AGAIN)
    return f"{pieces[0]}/{pieces[1]}", pieces[2]
