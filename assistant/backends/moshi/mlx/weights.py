"""Published weights into moshi_mlx's model: as they are, sliced, quantised, quantised before."""

from __future__ import annotations

import copy
import hashlib
import logging
import os
import re
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten
from moshi_mlx.models import Lm, LmConfig

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.header import read_header
from assistant.backends.moshi.checkpoint.weights import slice_depformer
from assistant.backends.moshi.contract import Checkpoint, EngineSettings, Progress, Quantization
from assistant.backends.moshi.mlx.runtime import explained
from assistant.private_files import make_folder

log = logging.getLogger(__name__)

BITS_AND_GROUP: dict[Quantization, tuple[int, int]] = {"int8": (8, 64), "int4": (4, 32)}
"""As Kyutai's own q8 and q4 files have them."""


def load_model(
    checkpoint: Checkpoint, settings: EngineSettings, progress: Progress, kept_in: Path
) -> tuple[Lm, str]:
    """The model with its weights in memory, and its precision in a word.

    `kept_in`: the folder where weights quantised here are kept for the next start. Raises
    `BackendError` where the file is none, does not fit the configuration, or memory runs out.
    """
    with explained("loading the language model"):
        config = model_config(checkpoint, settings)
        quantization = checkpoint.stored if checkpoint.stored != "none" else settings.quantize
        kept = None
        if checkpoint.stored == "none" and quantization != "none":
            kept = kept_in / _kept_name(checkpoint, quantization)
        model = _from_kept(kept, config, quantization, progress) if kept is not None else None
        if model is None:
            with _fitting(checkpoint.model):
                model = _from_checkpoint(checkpoint, config, quantization)
                into_memory(
                    model, progress, "Quantising the weights" if kept else "Loading weights"
                )
            if kept is not None:
                _keep(model, kept, quantization, progress)
        model.set_dtype(getattr(mx, settings.dtype))
        mx.eval(model.parameters())
        mx.clear_cache()
    return model, quantization if quantization != "none" else settings.dtype


def model_config(checkpoint: Checkpoint, settings: EngineSettings) -> LmConfig:
    if checkpoint.config.get("conditioners"):
        raise BackendError(
            f"{checkpoint.name} expects conditions beside sound and text, as models for "
            "translation and reading aloud do.",
            "Choose a model that converses: assistant models list",
        )
    try:
        config = LmConfig.from_config_dict(dict(checkpoint.config))
    except KeyError as error:
        raise BackendError(
            f"The configuration of {checkpoint.name} says nothing of {error}.",
            "Download the checkpoint again: assistant models pull",
        ) from error
    context = settings.context or config.transformer.context
    config.transformer.context = config.transformer.max_seq_len = context
    return config


def quantise(model: Lm, quantization: Quantization) -> None:
    """Layers whose width the groups don't divide stay as they are."""
    bits, group = BITS_AND_GROUP[quantization]

    def divides(_: str, module: nn.Module) -> bool:
        return hasattr(module, "to_quantized") and module.weight.shape[-1] % group == 0

    nn.quantize(model, bits=bits, group_size=group, class_predicate=divides)


def into_memory(model: Lm, progress: Progress, doing: str) -> None:
    """Read, and where asked quantise, layer by layer, so that the memory of two copies is never
    needed and there is something to show."""
    leaves = [
        module for _, module in tree_flatten(model.leaf_modules(), is_leaf=nn.Module.is_module)
    ]
    for index, module in enumerate(leaves):
        if index % 16 == 0:
            progress(doing, index / len(leaves))
        mx.eval(module.parameters())
    mx.eval(model.parameters())
    mx.clear_cache()
    progress(doing, 1.0)


def _empty_model(config: LmConfig) -> Lm:
    """Weights are random, but only on paper: nothing is computed before it is asked for."""
    model = Lm(config)
    if config.transformer.positional_embedding == "rope_concat":
        # moshi_mlx silently leaves the position out for this layout, which moshi knows.
        for layer in model.transformer.layers:
            layer.self_attn.rope = nn.RoPE(
                config.transformer.head_dim, traditional=False, base=config.transformer.max_period
            )
    return model


def _from_checkpoint(checkpoint: Checkpoint, config: LmConfig, quantization: Quantization) -> Lm:
    file = checkpoint.model
    if not file.is_file():
        raise BackendError(f"{file} is missing.", "Download it: assistant models pull")
    names = read_header(file)
    if checkpoint.format == "pytorch" and checkpoint.stored != "none":
        raise BackendError(
            f"{file.name} is quantised for PyTorch, which MLX cannot read.",
            "Choose unquantised weights or those for MLX (moshiko-mlx-q8), or use moshi-torch.",
        )
    model = _empty_model(config)
    if checkpoint.format == "mlx":
        if checkpoint.stored != "none":
            quantise(model, checkpoint.stored)
        state = slice_depformer(_arrays(file), len(model.depformer.slices))
        model.load_weights(list(state.items()), strict=True)
        if checkpoint.stored != "none":
            return model
    else:
        model.load_pytorch_weights(str(file), _for_the_file(config, names), strict=True)
    if quantization != "none":
        quantise(model, quantization)
    return model


def _for_the_file(config: LmConfig, names: Iterable[str]) -> LmConfig:
    """The configuration with which upstream's loader takes the first slices of a file with more.

    The loader cuts the depformer's projections into as many pieces as the highest number in the
    schedule says, and looks only at the entries of the slices that the model has: one more entry
    names the file's last piece. PersonaPlex's sixteen slices are cut to eight so, without a copy.
    """
    pieces = sum(re.fullmatch(r"depformer_in\.\d+\.weight", name) is not None for name in names)
    wanted = config.depformer.weights_per_step_schedule or list(range(config.depformer.num_slices))
    if not wanted or pieces <= max(wanted) + 1:
        return config
    config = copy.deepcopy(config)
    config.depformer.weights_per_step_schedule = [*wanted, pieces - 1]
    return config


def _arrays(file: Path) -> dict[str, Any]:
    """Nothing is read before it is asked for."""
    loaded: Any = mx.load(str(file))
    return dict(loaded)


@contextmanager
def _fitting(file: Path) -> Iterator[None]:
    """Say which names or shapes are not the configuration's."""
    try:
        yield
    except (KeyError, ValueError) as error:
        lines = str(error).strip().splitlines() or ["nothing fits"]
        what = textwrap.shorten(" ".join(lines), 200, placeholder=" …")
        if isinstance(error, KeyError):
            what = f"it has no {what}"
        raise BackendError(
            f"{file.name} does not fit its configuration: {what}",
            "Use the config.json that was published with these weights, or download the "
            "checkpoint again: assistant models pull",
        ) from error


def _kept_name(checkpoint: Checkpoint, quantization: Quantization) -> str:
    """Changes with the source file, the way of quantising and the version of MLX."""
    source = checkpoint.model.resolve()
    if not source.is_file():
        raise BackendError(f"{checkpoint.model} is missing.", "Download it: assistant models pull")
    facts = source.stat()
    identity = [source, facts.st_size, facts.st_mtime_ns, *BITS_AND_GROUP[quantization]]
    identity += [checkpoint.config.get("dep_q"), version("mlx")]
    key = hashlib.sha256("\n".join(map(str, identity)).encode()).hexdigest()[:16]
    return f"{_kept_stem(checkpoint.name, quantization)}{key}.safetensors"


def _kept_stem(name: str, quantization: Quantization) -> str:
    return f"{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}-mlx-{quantization}-"


def _from_kept(
    kept: Path, config: LmConfig, quantization: Quantization, progress: Progress
) -> Lm | None:
    """The model as it was quantised at an earlier start; None where there is no good file."""
    if not kept.is_file():
        return None
    model = _empty_model(config)
    quantise(model, quantization)
    try:
        read_header(kept)  # older versions of MLX read beyond a file's end without a word
        model.load_weights(str(kept), strict=True)
        into_memory(model, progress, "Loading weights quantised before")
    except (BackendError, RuntimeError, ValueError) as error:
        log.warning("%s cannot be used and is made again: %s", kept, error)
        return None
    return model


def _keep(model: Lm, kept: Path, quantization: Quantization, progress: Progress) -> None:
    """Written beside and renamed, so that a start cut short leaves no half file."""
    beside = kept.with_name(f".{os.getpid()}-{kept.name}")
    try:
        make_folder(kept.parent)
        mx.save_safetensors(str(beside), dict(tree_flatten(model.parameters())), {"format": "mlx"})
        beside.replace(kept)
        for old in _outdated(kept):
            old.unlink()
    except (OSError, RuntimeError) as error:
        log.warning("quantised weights could not be kept in %s: %s", kept.parent, error)
        progress(f"The quantised weights could not be kept: {error}", None)
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _outdated(kept: Path) -> Iterator[Path]:
    """Weights of the same name made from an older file or by another MLX."""
    stem = re.sub(r"[0-9a-f]{16}\.safetensors$", "", kept.name)
    for other in kept.parent.glob("*.safetensors"):
        if other != kept and re.fullmatch(
            re.escape(stem) + r"[0-9a-f]{16}\.safetensors", other.name
        ):
            yield other
