"""Reading a published checkpoint: which files it has, and what its configuration says.

A checkpoint is a folder, or a snapshot in the Hugging Face cache, with weights of the language
model, weights of Mimi, a tokenizer and mostly a `config.json` as moshi's own loader reads it.
Older repositories have none: then the dimensions come from the weights, and the rest from the
published 7B model, if all that can be compared agrees with it.
"""

from __future__ import annotations

import hashlib
import re
import tarfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.catalog import AGAIN, elsewhere, parse_config, parts
from assistant.backends.moshi.checkpoint.header import WeightFacts, disagreements, weight_facts
from assistant.backends.moshi.contract import Checkpoint, CheckpointKind
from assistant.locations import cache_dir
from assistant.models import hub as hub_cache
from assistant.private_files import scratch_folder

# The voices that come with a checkpoint: a folder `voices`, or NVIDIA's `voices.tgz`.

_MOST_BYTES = 2_000_000_000
_MOST_FILES = 2000


def own_voices(folder: Path) -> Path | None:
    """Folder of the voices that were published with a checkpoint; None where there are none.

    An archive is unpacked once, into our own cache. Raises `BackendError` where that fails.
    """
    if (folder / "voices").is_dir():
        return folder / "voices"
    archive = folder / "voices.tgz"
    return _unpacked(archive) if archive.is_file() else None


def _unpacked(archive: Path) -> Path:
    try:
        with archive.open("rb") as file:
            key = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        place = cache_dir() / "moshi" / "voices" / key
        if not place.is_dir():
            with scratch_folder(place.parent) as fresh:
                _extract(archive, fresh)
                # Another process may have been faster; what it unpacked is the same.
                if not place.is_dir():
                    fresh.replace(place)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise BackendError(
            f"The voices in {archive} cannot be unpacked: {error}.",
            "Delete the file and download the checkpoint again.",
        ) from error
    except OSError as error:
        raise BackendError(
            f"The voices in {archive} cannot be unpacked: {error.strerror or error}.",
            f"Check that {cache_dir()} can be written and has room.",
        ) from error
    return place / "voices" if (place / "voices").is_dir() else place


def _extract(archive: Path, target: Path) -> None:
    """Only what lies inside, no links to elsewhere, and no more than a bounded amount."""
    total = 0
    with tarfile.open(archive, "r:*") as tar:
        for number, member in enumerate(tar, start=1):
            total += member.size
            if number > _MOST_FILES or total > _MOST_BYTES:
                raise tarfile.TarError("it is far larger than a set of voices")
            if member.isreg() or member.isdir():
                tar.extract(member, target, filter="data")


AGENT_CODEBOOKS = 8
"""What the agent speaks with. PersonaPlex also predicts the user's eight, which nobody needs."""

MOSHI_7B: Mapping[str, Any] = {
    "dim": 4096,
    "text_card": 32000,
    "existing_text_padding_id": 3,
    "n_q": 16,
    "dep_q": 8,
    "card": 2048,
    "num_heads": 32,
    "num_layers": 32,
    "hidden_scale": 4.125,
    "causal": True,
    "layer_scale": None,
    "context": 3000,
    "max_period": 10000,
    "gating": "silu",
    "norm": "rms_norm_f32",
    "positional_embedding": "rope",
    "depformer_dim": 1024,
    "depformer_dim_feedforward": 4224,
    "depformer_num_heads": 16,
    "depformer_num_layers": 6,
    "depformer_layer_scale": None,
    "depformer_multi_linear": True,
    "depformer_context": 8,
    "depformer_max_period": 10000,
    "depformer_gating": "silu",
    "depformer_pos_emb": "none",
    "depformer_weights_per_step": True,
    "delays": (0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1),
}
"""Moshi's published configuration, which PersonaPlex shares but for `dep_q`."""

_NOT_THE_MODEL = (
    *("moshi_name", "mimi_name", "mimi_config_name", "tokenizer_name", "lora_name", "model_type"),
    *("lm_gen_config", "tts_config", "stt_config", "model_id", "version", "architectures"),
)
_KINDS = ("moshi", "stt", "personaplex")


def read_checkpoint(folder: Path, *, unpack: bool = True) -> Checkpoint:
    """The checkpoint in this folder. Reads no weights, only their header; `unpack` says whether
    the checkpoint's own voices are wanted.

    Of PersonaPlex, `config["dep_q"]` is 8 although the file has 16 depformer steps: whoever loads
    a checkpoint whose `kind` is "personaplex" passes its weights through `slice_depformer`.

    Raises `BackendError` where files are missing, cut off, or don't belong together.
    """
    folder = folder.expanduser()
    if not folder.is_dir():
        raise BackendError(f"There is no folder {folder}.", "Check its name.")
    file = folder / "config.json"
    raw = parse_config(_text(file), str(file)) if file.is_file() else {}
    named = parts(raw, _names(folder, raw), str(folder))
    model = _located(folder, named.model)
    facts = weight_facts(model)
    model_type = raw.get("model_type", "moshi")
    if "dim" in raw and model_type not in _KINDS:
        raise BackendError(
            f"{folder} holds a model of type “{model_type}”, which cannot hold a conversation.",
            "Choose Moshi, PersonaPlex or Kyutai's speech recognition: assistant models list",
        )
    if raw.get("lora_name"):
        raise BackendError(
            f"{folder} holds LoRA weights on top of a model, which cannot be loaded here.",
            "Merge them into the model first, or choose another checkpoint.",
        )
    config = _model_config(raw, facts, model)
    kind = _kind(model_type, facts)
    shape = _located(folder, named.mimi_config) if named.mimi_config else None
    return Checkpoint(
        model=model,
        mimi=_located(folder, named.mimi),
        tokenizer=_located(folder, named.tokenizer),
        config=_sliced(config) if kind == "personaplex" else config,
        kind=kind,
        name=_name(folder),
        mimi_config=parse_config(_text(shape), str(shape)) if shape else None,
        format=facts.format,
        stored=facts.stored,
        voices=own_voices(folder) if unpack else None,
        delay_seconds=float((raw.get("stt_config") or {}).get("audio_delay_seconds", 0.0)),
    )


def slice_depformer(
    state: Mapping[str, Any], keep: int = AGENT_CODEBOOKS, schedule: Sequence[int] | None = None
) -> dict[str, Any]:
    """The weights without the depformer's steps from `keep` on.

    `state` maps names (moshi's, fused or split, or moshi_mlx's) to torch tensors or mlx arrays;
    the result shares them. `schedule` is the config's `depformer_weights_per_step_schedule`: which
    weights each step takes, where steps share some.

    Exact: the depformer is causal, so that a step never sees those after it (Défossez et al. 2024,
    section 3.4.2). A model that has no more steps than `keep` comes back as it is.
    """
    weights = keep if schedule is None else max(schedule[:keep]) + 1
    limits = {
        r"depformer\.slices\.(\d+)\.": keep,
        r"linears\.(\d+)\.": keep,
        r"depformer_norms\.(\d+)\.": keep,
        # The last step's token is no input of another step.
        r"depformer_emb\.(\d+)\.": keep - 1,
        r"depformer_in\.(\d+)\.": weights,
        r"depformer\.layers\.\d+\.gating\.(\d+)\.": weights,
        r"depformer\.layers\.\d+\.self_attn\.(?:in|out)_projs\.(\d+)\.": weights,
    }

    def beyond(name: str) -> bool:
        matches = ((re.match(pattern, name), limit) for pattern, limit in limits.items())
        return any(m is not None and int(m[1]) >= limit for m, limit in matches)

    kept = {name: tensor for name, tensor in state.items() if not beyond(name)}
    for name, tensor in kept.items():
        if (fused := re.match(_FUSED, name)) is not None:
            # All steps' projections lie one below the other: [steps × rows, dim], their scales
            # [steps × rows].
            dim = int(state[name.removesuffix("_scb")].shape[1])
            kept[name] = tensor[: weights * dim * (3 if fused[1] == "in" else 1)]
    return kept


_FUSED = r"depformer\.layers\.\d+\.self_attn\.(in|out)_proj[._]weight(?:_scb)?$"


def _names(folder: Path, raw: Mapping[str, Any]) -> set[str]:
    """The folder's files, and those deeper down that the configuration names."""
    named = {name for name in raw.values() if isinstance(name, str) and (folder / name).is_file()}
    return named | {path.name for path in folder.iterdir()}


def _located(folder: Path, name: str) -> Path:
    """`file://` and `hf://` as upstream takes them; anything else is a file of the folder."""
    if name.startswith("file://"):
        path: Path | None = Path(name.removeprefix("file://"))
    elif (other := elsewhere(name)) is not None:
        path = hub_cache.cached_file(*other)
    else:
        path = folder / name
    if path is None or not path.is_file():
        raise BackendError(f"The file {name}, which {folder} names, is not here.", AGAIN)
    return path


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BackendError(f"{path} cannot be read ({error}).", AGAIN) from error


def _model_config(raw: Mapping[str, Any], facts: WeightFacts, model: Path) -> dict[str, Any]:
    """The language model's arguments, compared with its weights."""
    if "dim" in raw:
        config = {name: value for name, value in raw.items() if name not in _NOT_THE_MODEL}
        assumed = "config.json"
    else:
        config = {**MOSHI_7B, "delays": list(MOSHI_7B["delays"]), "dep_q": facts.sizes["dep_q"]}
        assumed = "Moshi's published 7B configuration (there is none of its own)"
        if facts.sizes["dep_q"] not in (AGENT_CODEBOOKS, 2 * AGENT_CODEBOOKS):
            config["dep_q"] = AGENT_CODEBOOKS
    if wrong := disagreements(config, facts):
        raise BackendError(
            f"{model} does not fit {assumed}: {'; '.join(wrong)}.",
            "Put the config.json that was published with these weights beside them.",
        )
    if facts.stored == "int8" and facts.format == "pytorch":
        config["quantize"] = True
    return config


def _kind(model_type: str, facts: WeightFacts) -> CheckpointKind:
    if facts.sizes["dep_q"] == 0:
        return "stt"
    steps = facts.sizes["dep_q"]
    both = steps == facts.sizes["n_q"] == 2 * AGENT_CODEBOOKS
    return "personaplex" if both or model_type == "personaplex" else "moshi"


def _sliced(config: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration of the weights that `slice_depformer` leaves."""
    sliced = {**config, "dep_q": AGENT_CODEBOOKS}
    schedule = config.get("depformer_weights_per_step_schedule")
    if schedule is not None:
        sliced["depformer_weights_per_step_schedule"] = list(schedule)[:AGENT_CODEBOOKS]
    return sliced


def _name(folder: Path) -> str:
    """Of a snapshot in the Hugging Face cache, its repository's; else the folder's."""
    resolved = folder.absolute()
    cached = resolved.parent.parent.name
    if resolved.parent.name == "snapshots" and cached.startswith("models--"):
        return cached.rsplit("--", 1)[-1]
    return resolved.name
