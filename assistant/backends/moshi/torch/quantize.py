"""Weights of eight or four bits, by torchao: made at the first load, kept for the next.

Only weights are quantised, those of linear layers; activations, keys and values keep the model's
precision. int8 has one scale a row, as Kyutai's own q8 weights; int4 one for each group of 64
weights (32 where 64 does not divide), in the layout of tinygemm's kernels on a card. A processor
has no such kernel: there int4 computes the same kind of numbers from a byte a weight.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import torch

from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import (
    Checkpoint,
    EngineSettings,
    Progress,
    Quantization,
)
from assistant.private_files import make_folder

GROUPS = (64, 32)
TINYGEMM_CAPABILITY = (8, 0)
LAYOUT = 1
"""Of the kept files; another number makes them anew."""

_log = logging.getLogger(__name__)


def check_quantization(quantize: Quantization, dtype: torch.dtype, device: torch.device) -> None:
    """Raises `BackendError` where it cannot run, before any weights are read."""
    try:
        importlib.metadata.version("torchao")
    except importlib.metadata.PackageNotFoundError as error:
        raise BackendError(
            f"quantize = {quantize} needs the package torchao, which is not installed.",
            "Run pip install torchao beside torch, or set quantize = none.",
        ) from error
    if quantize != "int4" or device.type != "cuda":
        return
    if dtype != torch.bfloat16:
        name = str(dtype).removeprefix("torch.")
        raise BackendError(
            f"int4 on a CUDA card computes in bfloat16, not in {name}.",
            "Set dtype = bfloat16, or quantize = int8.",
        )
    capability = torch.cuda.get_device_capability(device)
    if capability < TINYGEMM_CAPABILITY:
        raise BackendError(
            f"int4 needs a CUDA card of compute capability 8.0 (Ampere) or newer; {device} has "
            f"{capability[0]}.{capability[1]}.",
            "Set quantize = int8.",
        )


def quantize_linears(
    lm: Any, quantize: Quantization, device: torch.device, progress: Progress
) -> None:
    """Quantise the linear layers in place, one after the other on `device`, so that the whole
    model is never there in full precision."""
    from torchao.quantization import quantize_

    layers = list(_linears(lm))
    for index, (_, linear) in enumerate(layers):
        if index % 20 == 0:
            progress(f"quantising to {quantize}, once", index / len(layers))
        config = _config(quantize, linear.in_features, device)
        if config is not None:
            linear.to(device)
            quantize_(linear, config)


def _linears(lm: Any) -> Iterator[tuple[str, Any]]:
    """Those that a step spends its time in; the extra heads are a few rows each."""
    for name, module in lm.named_modules():
        if isinstance(module, torch.nn.Linear) and not name.startswith("extra_heads"):
            yield name, module


def _config(quantize: Quantization, in_features: int, device: torch.device) -> Any:
    from torchao.quantization import (
        Int4WeightOnlyConfig,
        Int8WeightOnlyConfig,
        IntxWeightOnlyConfig,
    )
    from torchao.quantization.granularity import PerGroup

    on_card = device.type == "cuda"
    if quantize == "int8":
        return Int8WeightOnlyConfig(set_inductor_config=on_card)
    group = next((size for size in GROUPS if in_features % size == 0), None)
    if group is None:
        return None
    if on_card:
        return Int4WeightOnlyConfig(group_size=group, int4_packing_format="tile_packed_to_4d")
    return IntxWeightOnlyConfig(weight_dtype=torch.int4, granularity=PerGroup(group))


def compile_linears(lm: Any) -> None:
    """Let int8 weights be read as the bytes they are: without a compiled kernel each product
    first writes them out in full precision. Upstream compiles the feed-forward layers itself."""
    from moshi.utils import compile as upstream

    # Each shape gets a kernel of its own, and a process may hold two models.
    torch._dynamo.config.recompile_limit = max(64, torch._dynamo.config.recompile_limit)
    compiled = torch.compile(_multiply, dynamic=False)

    def through(linear: Any) -> Callable[[torch.Tensor], torch.Tensor]:
        def forward(inputs: torch.Tensor) -> torch.Tensor:
            chosen = _multiply if upstream._compile_disabled else compiled
            return chosen(inputs, linear.weight)

        return forward

    for _, linear in _linears(lm):
        if linear.bias is None:
            linear.forward = through(linear)


def _multiply(inputs: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.linear(inputs, weight)


# --- kept for the next start --------------------------------------------------------------------


def kept_file(
    checkpoint: Checkpoint, settings: EngineSettings, device: torch.device, folder: Path
) -> Path:
    """Where these weights are kept; another name for whatever would change their bytes."""
    file = checkpoint.model.stat()
    said = (
        *(LAYOUT, checkpoint.model.name, file.st_size, file.st_mtime_ns),
        *(checkpoint.kind, settings.quantize, settings.dtype, device.type),
        *(importlib.metadata.version("torchao"), torch.__version__),
    )
    digest = hashlib.sha256(repr(said).encode()).hexdigest()[:16]
    return folder / f"{checkpoint.name}-{settings.quantize}-{digest}.pt"


def read_kept(path: Path) -> dict[str, Any] | None:
    """The kept weights, mapped from the file; None where there are none that can be read."""
    if not path.is_file():
        return None
    import torchao.quantization  # noqa: F401  (tells torch which of its types may be loaded)

    try:
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except Exception as error:  # torch raises whatever its unpickler meets
        _log.warning("the kept weights %s cannot be read and are made anew: %s", path, error)
        return None
    return state if isinstance(state, dict) else None


def keep(lm: Any, path: Path) -> None:
    """Write the weights for the next start, in place of older ones of the same name. Without
    room on the disk the conversation goes on all the same."""
    unfinished = path.with_suffix(f".{os.getpid()}.part")
    try:
        make_folder(path.parent)
        torch.save(lm.state_dict(), unfinished)
        unfinished.replace(path)
    except (OSError, RuntimeError) as error:  # torch's writer says RuntimeError for a full disk
        _log.warning("the quantised weights could not be kept in %s: %s", path, error)
        with contextlib.suppress(OSError):
            unfinished.unlink(missing_ok=True)
        return
    stem = path.name.rpartition("-")[0]
    for other in path.parent.glob(f"{stem}-*.pt"):
        if other != path and other.name.rpartition("-")[0] == stem:
            other.unlink(missing_ok=True)
