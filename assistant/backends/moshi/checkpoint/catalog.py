"""Kyutai's and NVIDIA's published checkpoints that can hold or write down a conversation."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from typing import Any, Literal

from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import CheckpointKind

Framework = Literal["torch", "mlx"]
GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Published:
    """One repository. Sizes are for people who choose; a download asks the hub for its own."""

    repository: str
    kind: CheckpointKind
    frameworks: tuple[Framework, ...]
    """What can load it: moshi_mlx reads moshi's unquantised names too."""
    size: int
    """Bytes on the disk, about: language model, Mimi, tokenizer."""
    stored: str
    """Bits of its weights, in words."""
    licence: str
    voice: str
    """Who speaks, in words."""
    gated: bool = False
    """Only for those who have accepted the licence."""

    @property
    def name(self) -> str:
        """What people call it: the repository's name without its owner."""
        return self.repository.rsplit("/", 1)[-1]


def _moshi(speaker: str, voice: str) -> tuple[Published, ...]:
    variants: tuple[tuple[str, tuple[Framework, ...], float, str], ...] = (
        ("pytorch-bf16", ("torch", "mlx"), 15.8, "bf16"),
        ("pytorch-q8", ("torch",), 8.6, "int8"),
        ("mlx-q8", ("mlx",), 8.6, "int8"),
        ("mlx-q4", ("mlx",), 5.2, "int4"),
        ("mlx-bf16", ("mlx",), 15.8, "bf16"),
    )
    return tuple(
        Published(
            f"kyutai/{speaker}-{variant}",
            "moshi",
            frameworks,
            int(size * GB),
            stored,
            "CC-BY 4.0",
            voice,
        )
        for variant, frameworks, size, stored in variants
    )


_EN_FR = "writes English and French"
PUBLISHED: tuple[Published, ...] = (
    *_moshi("moshiko", "a man's voice"),
    *_moshi("moshika", "a woman's voice"),
    Published(
        "nvidia/personaplex-7b-v1",
        "personaplex",
        ("torch", "mlx"),
        int(17.1 * GB),
        "bf16",
        "NVIDIA Open Model License",
        "any voice, any role",
        gated=True,
    ),
    Published(
        "kyutai/stt-1b-en_fr", "stt", ("torch", "mlx"), int(2.4 * GB), "bf16", "CC-BY 4.0", _EN_FR
    ),
    Published(
        "kyutai/stt-1b-en_fr-mlx", "stt", ("mlx",), int(2.4 * GB), "bf16", "CC-BY 4.0", _EN_FR
    ),
)

DEFAULT: dict[Framework, str] = {
    "torch": "kyutai/moshiko-pytorch-bf16",
    "mlx": "kyutai/moshiko-mlx-q8",
}
DEFAULT_LISTENER: dict[Framework, str] = {
    "torch": "kyutai/stt-1b-en_fr",
    "mlx": "kyutai/stt-1b-en_fr-mlx",
}
_SHORT = {
    "personaplex": "nvidia/personaplex-7b-v1",
    "stt": "kyutai/stt-1b-en_fr",
    "stt-mlx": "kyutai/stt-1b-en_fr-mlx",
}


def published(name: str) -> Published | None:
    """The checkpoint of this repository, name ("moshiko-mlx-q8") or short name ("personaplex")."""
    wanted = _SHORT.get(name, name)
    return next((p for p in PUBLISHED if wanted in (p.repository, p.name)), None)


def repository_of(name: str) -> str | None:
    """The repository that a name means; None where it can be none."""
    known = published(name)
    if known is not None:
        return known.repository
    return name if name.count("/") == 1 and not name.startswith((".", "~", "/")) else None


def candidates(framework: Framework) -> tuple[str, ...]:
    """Repositories for a conversation in this framework: the usual one, those that take on any
    persona, the rest."""
    usual = DEFAULT[framework]
    others = [p for p in PUBLISHED if framework in p.frameworks and p.kind != "stt"]
    others.sort(key=lambda p: p.kind != "personaplex")
    return (usual, *(p.repository for p in others if p.repository != usual))


# Which file of a published repository is what: the names in `config.json`, and the usual ones.

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
