"""What the weights of a language model say of themselves: the header of a safetensors file.

Only the header is read (8 bytes of length, then JSON), so that a file of 15 GB is understood in a
millisecond and without a framework.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import Quantization

_LONGEST_HEADER = 100_000_000
"""Bytes; what the format itself allows."""
_PULL_AGAIN = "Delete it and download it again: assistant models pull, or copy it once more."


@dataclass(frozen=True, slots=True)
class WeightFacts:
    """A language model's dimensions, as far as its weights tell them."""

    format: Literal["pytorch", "mlx"]
    stored: Quantization
    sizes: Mapping[str, int]
    """By the names that `config.json` has for them: `dim`, `num_layers`, `n_q`, `dep_q`,
    `text_card`, `card`, `extra_heads_num_heads`, and of a depformer `depformer_dim`,
    `depformer_num_layers`; `gate` is the width of the gated feed-forward layers."""


def read_header(path: Path) -> dict[str, tuple[int, ...]]:
    """Name and shape of each tensor. Raises `BackendError` where the file is no safetensors file
    or shorter than its header says."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
                raise ValueError("no header")
            header = json.loads(file.read(length))
        entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
        end = 8 + length + max((entry["data_offsets"][1] for entry in entries.values()), default=0)
        shapes = {name: tuple(map(int, entry["shape"])) for name, entry in entries.items()}
    except OSError as error:
        raise BackendError(
            f"The weights {path} cannot be read: {error.strerror}.", "Check the file."
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise BackendError(f"{path} is no safetensors file, or damaged.", _PULL_AGAIN) from error
    if size < end:
        raise BackendError(
            f"{path} is cut off: {size:,} of {end:,} bytes are here.",
            _PULL_AGAIN,
        )
    return shapes


def weight_facts(path: Path) -> WeightFacts:
    """Dimensions of the language model in this file.

    Raises `BackendError` where it holds no Moshi model in the names of moshi or moshi_mlx.
    """
    shapes = read_header(path)
    mlx = "out_norm.weight" in shapes
    norm = shapes.get("out_norm.weight" if mlx else "out_norm.alpha")
    try:
        if norm is None:
            raise KeyError("out_norm")
        sizes = {
            "dim": norm[-1],
            "num_layers": _count(shapes, r"transformer\.layers\.(\d+)\."),
            "n_q": _count(shapes, r"audio_embs\.(\d+)\." if mlx else r"emb\.(\d+)\."),
            "dep_q": _count(shapes, r"depformer\.slices\.(\d+)\." if mlx else r"linears\.(\d+)\."),
            "text_card": shapes["text_emb.weight"][0] - 1,
            "card": shapes["audio_embs.0.weight" if mlx else "emb.0.weight"][0] - 1,
            "extra_heads_num_heads": _count(shapes, r"extra_heads\.(\d+)\."),
            "gate": shapes["transformer.layers.0.gating.linear_in.weight"][0] // 2,
        }
        if sizes["dep_q"]:
            inside = "depformer.slices.0.transformer" if mlx else "depformer"
            end = "weight" if mlx else "alpha"
            layers = inside.replace(".", r"\.") + r"\.layers\.(\d+)\."
            sizes["depformer_dim"] = shapes[f"{inside}.layers.0.norm1.{end}"][-1]
            sizes["depformer_num_layers"] = _count(shapes, layers)
    except (KeyError, IndexError) as error:
        raise BackendError(
            f"{path} holds no Moshi language model (there is no {error.args[0]}).",
            "Choose a checkpoint made for moshi or moshi_mlx: assistant models list",
        ) from error
    return WeightFacts("mlx" if mlx else "pytorch", _stored(shapes), sizes)


def gate_width(dim: int, hidden_scale: float) -> int:
    """Width of a gated feed-forward layer, as upstream rounds it."""
    feed_forward = int(hidden_scale * dim)
    return 21 * dim // 8 if feed_forward == 4 * dim else 2 * feed_forward // 3


def disagreements(config: Mapping[str, Any], facts: WeightFacts) -> list[str]:
    """Where a configuration says something else than the weights, in words."""
    found = [
        f"{name} is {config[name]} in the configuration, {size} in the weights"
        for name, size in facts.sizes.items()
        if name in config and config[name] != size
    ]
    # moshi_mlx takes the width for 4 × dim whatever the configuration says.
    if facts.format == "pytorch" and isinstance(scale := config.get("hidden_scale"), (int, float)):
        width = gate_width(facts.sizes["dim"], scale)
        if width != facts.sizes["gate"]:
            found.append(
                f"feed-forward layers are {width} wide in the configuration, "
                f"{facts.sizes['gate']} in the weights"
            )
    return found


def _count(shapes: Mapping[str, object], pattern: str) -> int:
    numbers = {int(m[1]) for name in shapes if (m := re.match(pattern, name))}
    return len(numbers)


def _stored(shapes: Mapping[str, tuple[int, ...]]) -> Quantization:
    """moshi's own int8 has a scale for each row; MLX packs 8 or 4 bits into words of 32."""
    if any(name.endswith("_scb") for name in shapes):
        return "int8"
    scales = shapes.get("text_linear.scales")
    if scales is None:
        return "none"
    words = shapes["text_linear.weight"][-1]
    dim = shapes["out_norm.weight"][-1]
    return "int8" if words * 4 == dim else "int4"


# What a file of Mimi's weights holds, told from its header, for every framework alike.

_CODEBOOK = re.compile(r"quantizer\.rvq_(first|rest)\.vq\.layers\.\d+\._codebook\.embedding_sum")


def stored_codebooks(path: Path, wanted: int) -> int:
    """Codebooks in the file. Raises `BackendError` where it is missing, damaged, not Mimi or has
    fewer than `wanted`."""
    if not path.is_file():
        raise BackendError(f"{path} is missing.", "Download it: assistant models pull")
    stored = sum(_CODEBOOK.fullmatch(name) is not None for name in read_header(path))
    if not stored:
        raise BackendError(
            f"{path} holds no Mimi codec.", "Download the checkpoint again: assistant models pull"
        )
    if wanted > stored:
        raise BackendError(
            f"{path.name} has {stored} codebooks, not {wanted}.",
            "Use the Mimi that was published with the speech recognition's weights.",
        )
    return stored
