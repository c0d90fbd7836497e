"""From a checkpoint's files to a model on a device, in PyTorch; and what to say where it fails."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch.overrides import TorchFunctionMode

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.weights import slice_depformer
from assistant.backends.moshi.contract import Checkpoint, EngineSettings, Progress
from assistant.backends.moshi.torch.quantize import (
    check_quantization,
    compile_linears,
    keep,
    kept_file,
    quantize_linears,
    read_kept,
)

GIBIBYTE = 1024**3
DTYPES = {
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float32": torch.float32,
}


def device_of(name: str) -> torch.device:
    """`auto`: the first CUDA card, else the processor. Raises `BackendError`."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise BackendError(
            f"PyTorch knows no device “{name}”.", "Say auto, cuda, cuda:1 or cpu."
        ) from error
    if device.type not in ("cuda", "cpu"):
        raise BackendError(
            f"Moshi does not run on “{name}” with PyTorch.",
            "Say cuda or cpu; on Apple Silicon choose the backend moshi-mlx.",
        )
    if device.type == "cuda":
        _check_card(device)
    return device


def _check_card(device: torch.device) -> None:
    if not torch.cuda.is_available():
        raise BackendError(
            "PyTorch sees no CUDA card here.",
            "Install a driver and a PyTorch built for CUDA, or say device = cpu.",
        )
    if (device.index or 0) >= torch.cuda.device_count():
        raise BackendError(
            f"There is no {device}: this machine has {torch.cuda.device_count()} CUDA card(s).",
            "Say cuda:0, or auto.",
        )


def compiles(device: torch.device) -> bool:
    """On a processor compiling takes longer than it saves; on a card it needs Triton, and Triton
    a C compiler."""
    if device.type != "cuda" or importlib.util.find_spec("triton") is None:
        return False
    return any(shutil.which(name) for name in (os.environ.get("CC", "cc"), "gcc", "clang"))


def load_weights(
    checkpoint: Checkpoint,
    settings: EngineSettings,
    device: torch.device,
    progress: Progress,
    kept_in: Path,
) -> Any:
    """The `LMModel` of a checkpoint, in its final place and precision, without gradients.

    `kept_in`: the folder for weights that were quantised. Raises `BackendError`.
    """
    _check_format(checkpoint)
    dtype = DTYPES[settings.dtype]
    lm = _empty(checkpoint, settings, dtype)
    if settings.quantize == "none":
        _assign(lm, checkpoint.model, _read(checkpoint, dtype, progress))
    else:
        _quantized(lm, checkpoint, settings, device, progress, kept_in)
    progress(f"moving {checkpoint.name} to {device}", None)
    lm.to(device)
    lm.eval().requires_grad_(False)
    if settings.quantize == "int8" and compiles(device):
        compile_linears(lm)
    return lm


def _quantized(
    lm: Any,
    checkpoint: Checkpoint,
    settings: EngineSettings,
    device: torch.device,
    progress: Progress,
    kept_in: Path,
) -> None:
    dtype = DTYPES[settings.dtype]
    check_quantization(settings.quantize, dtype, device)
    path = kept_file(checkpoint, settings, device, kept_in)
    progress(f"reading {checkpoint.name} in {settings.quantize}", None)
    state = read_kept(path)
    if state is not None:
        try:
            _assign(lm, path, state)
            return
        except BackendError:
            path.unlink(missing_ok=True)
    _assign(lm, checkpoint.model, _read(checkpoint, dtype, progress))
    lm.requires_grad_(False)
    quantize_linears(lm, settings.quantize, device, progress)
    progress(f"keeping the {settings.quantize} weights for the next start", None)
    keep(lm, path)


def _check_format(checkpoint: Checkpoint) -> None:
    if checkpoint.format == "mlx":
        raise BackendError(
            f"{checkpoint.name} holds weights for MLX, which PyTorch cannot read.",
            "Choose the PyTorch weights (kyutai/moshiko-pytorch-bf16), or the backend moshi-mlx.",
        )
    if checkpoint.stored != "none":
        raise BackendError(
            f"{checkpoint.name} is quantised already, in a form of bitsandbytes' own.",
            "Choose the bf16 weights and set quantize: they are quantised once and kept.",
        )


class _Unfilled(TorchFunctionMode):  # type: ignore[misc]
    """Tensors are not filled with random numbers: on the meta device there is nothing to fill, and
    the first try costs seconds, because PyTorch loads its compiler for it."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in _FILLING:
            return args[0] if args else kwargs["tensor"]
        return func(*args, **(kwargs or {}))


_FILLING = frozenset(
    {
        torch.nn.init.normal_,
        torch.nn.init.trunc_normal_,
        torch.nn.init.uniform_,
        torch.nn.init.kaiming_uniform_,
        torch.Tensor.normal_,
        torch.Tensor.uniform_,
    }
)


def _empty(checkpoint: Checkpoint, settings: EngineSettings, dtype: torch.dtype) -> Any:
    """The model without any memory behind it."""
    from moshi.models import loaders

    overrides = {} if settings.context is None else {"context": settings.context}
    if checkpoint.config.get("conditioners"):
        raise BackendError(
            f"{checkpoint.name} wants conditions beside sound and text (Hibiki, a voice model).",
            "Choose a Moshi or PersonaPlex checkpoint.",
        )
    try:
        with _Unfilled():
            return loaders.get_moshi_lm(
                None,
                {k: v for k, v in checkpoint.config.items() if k != "conditioners"},
                device=torch.device("meta"),
                dtype=dtype,
                lm_kwargs_overrides=overrides,
            )
    except (TypeError, AssertionError, KeyError, ValueError) as error:
        raise BackendError(
            f"The configuration of {checkpoint.name} is none that moshi knows: {error}.",
            f"Compare the config.json beside {checkpoint.model} with the published one.",
        ) from error


def _read(checkpoint: Checkpoint, dtype: torch.dtype, progress: Progress) -> dict[str, Any]:
    """The weights, mapped from the file where they have the right precision already."""
    state: dict[str, Any] = {}
    try:
        with safe_open(checkpoint.model, framework="pt", device="cpu") as file:
            names = list(file.keys())
            for index, name in enumerate(names):
                if index % 50 == 0:
                    progress(f"reading {checkpoint.name}", index / len(names))
                state[name] = file.get_tensor(name)
    except (OSError, SafetensorError) as error:
        raise BackendError(
            f"{checkpoint.model} cannot be read: {error}.", "Download the checkpoint again."
        ) from error
    if checkpoint.kind == "personaplex":
        schedule = checkpoint.config.get("depformer_weights_per_step_schedule")
        state = slice_depformer(state, int(checkpoint.config["dep_q"]), schedule)
    return {
        name: tensor.to(dtype) if tensor.is_floating_point() else tensor
        for name, tensor in state.items()
    }


def _assign(lm: Any, file: Path, state: dict[str, Any]) -> None:
    try:
        lm.load_state_dict(state, assign=True)
    except RuntimeError as error:
        details = " ".join(" ".join(str(error).splitlines()[1:4]).split())
        raise BackendError(
            f"{file} does not fit its configuration: {details}",
            "Put the config.json that was published with these weights beside them.",
        ) from error


@contextmanager
def explained(
    checkpoint: Checkpoint, settings: EngineSettings, device: torch.device
) -> Iterator[None]:
    """Turns “out of memory” into numbers and what to do about it."""
    try:
        yield
    except torch.OutOfMemoryError as error:
        raise _too_big(checkpoint, settings, device) from error
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        raise _too_big(checkpoint, settings, device) from error


def _too_big(
    checkpoint: Checkpoint, settings: EngineSettings, device: torch.device
) -> BackendError:
    weights = checkpoint.model.stat().st_size / GIBIBYTE
    room = ""
    if device.type == "cuda":
        free, total = (count / GIBIBYTE for count in torch.cuda.mem_get_info(device))
        room = f"; {free:.1f} of {total:.1f} GiB are free"
    smaller = {"none": "quantize = int8 or int4", "int8": "quantize = int4", "int4": ""}
    ways = [smaller[settings.quantize], f"a shorter context than {_context(checkpoint, settings)}"]
    return BackendError(
        f"{checkpoint.name} does not fit into the memory of {device}: its file has "
        f"{weights:.1f} GiB{room}.",
        f"Try {' and '.join(way for way in ways if way)}, or close what else uses the memory.",
    )


def _context(checkpoint: Checkpoint, settings: EngineSettings) -> str:
    positions = settings.context or checkpoint.config.get("context") or 0
    return f"{positions} positions ({positions * 0.08:.0f} s)"
