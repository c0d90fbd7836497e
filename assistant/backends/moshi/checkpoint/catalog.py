"""Kyutai's and NVIDIA's published checkpoints that can hold or write down a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
