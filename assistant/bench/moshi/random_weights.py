"""Models of Moshi's shape with random weights: what they say is noise, how fast they are is not.

They are made on the device itself, so that 15 GB are there in seconds and nothing is downloaded.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.memory import estimate, fits, gib
from assistant.backends.moshi.contract import Checkpoint
from assistant.bench.moshi.plan import BenchPlan, Dims
from assistant.models import hardware

if TYPE_CHECKING:
    import torch

_BLOCK = 1_000_003
"""Random numbers that are drawn; larger tensors repeat them. A prime, so that rows differ."""
_MIMI_RATIOS = (8, 6, 5, 4)
_MIMI_WIDTH = 512


def check_room(plan: BenchPlan) -> None:
    """7B dimensions on a processor: only where somebody knows what that means.

    Raises `BackendError` where nobody said so, or where the memory is not free.
    """
    if plan.dims != "7b":
        return
    # MLX quantises layer by layer as weights are drawn; PyTorch has them all before.
    quantize = plan.quantize if plan.framework == "mlx" else "none"
    needed = estimate(lm_config("7b"), quantize, framework=plan.framework)
    if not plan.large_on_cpu:
        raise BackendError(
            f"7B dimensions on a processor take {gib(needed.total)} GiB and seconds a frame",
            "add --yes --frames 4 if you mean it; --dims tiny shows what the program itself costs",
        )
    free = hardware.memory()[0] or None
    if not fits(needed, free):
        raise BackendError(
            f"7B dimensions take {needed}, and {gib(free or 0)} GiB are free",
            "close other programs, or use --dims tiny",
        )


def lm_config(dims: Dims) -> dict[str, Any]:
    """`config.json` of a language model: `7b` is Moshi's own (Défossez et al. 2024, table 1),
    `tiny` the smallest that both frameworks can quantise (input widths divide by 64)."""
    width, layers, heads = (4096, 32, 32) if dims == "7b" else (256, 2, 4)
    depth_width, depth_layers, depth_heads = (1024, 6, 16) if dims == "7b" else (256, 1, 4)
    return {
        "dim": width,
        "text_card": 32000 if dims == "7b" else 4000,
        "existing_text_padding_id": 3,
        "n_q": 16,
        "dep_q": 8,
        "card": 2048,
        "num_heads": heads,
        "num_layers": layers,
        "hidden_scale": 4.125,
        "causal": True,
        "layer_scale": None,
        "context": 3000 if dims == "7b" else 750,
        "max_period": 10000,
        "gating": "silu",
        "norm": "rms_norm_f32",
        "positional_embedding": "rope",
        "depformer_dim": depth_width,
        "depformer_dim_feedforward": int(4.125 * depth_width),
        "depformer_num_heads": depth_heads,
        "depformer_num_layers": depth_layers,
        "depformer_layer_scale": None,
        "depformer_multi_linear": True,
        "depformer_context": 8,
        "depformer_max_period": 10000,
        "depformer_gating": "silu",
        "depformer_pos_emb": "none",
        "depformer_weights_per_step": True,
        "delays": [0, *[0, *[1] * 7] * 2],
    }


def as_checkpoint(config: dict[str, Any], mimi: Path) -> Checkpoint:
    """What the engines ask of a checkpoint beside its weights, which are in memory already."""
    nowhere = Path("random")
    return Checkpoint(nowhere, mimi, nowhere, config, "moshi", "random weights")


def torch_lm(config: dict[str, Any], device: torch.device, dtype: torch.dtype) -> Any:
    """`moshi.models.LMModel` in evaluation mode."""
    import torch
    from moshi.models.lm import LMModel

    model = LMModel(device="meta", dtype=dtype, **config).to_empty(device=device)
    block = torch.randn(_BLOCK, device=device, dtype=dtype)
    with torch.no_grad():
        for tensor in model.parameters():
            if _is_vector(tuple(tensor.shape)):
                tensor.fill_(1.0)
                continue
            flat = tensor.view(-1)
            scale = _scale(tuple(tensor.shape))
            for start in range(0, flat.numel(), _BLOCK):
                part = flat[start : start + _BLOCK]
                torch.mul(block[: part.numel()], scale, out=part)
    model.eval().requires_grad_(False)
    return model


def mimi_file(path: Path, codebooks: int = 8) -> Path:
    """Write Mimi's weights in the published layout and real size (bfloat16, about 160 MB), as both
    frameworks load them; returns `path`."""
    block = np.random.default_rng(0).standard_normal(_BLOCK, np.float32)
    header: dict[str, Any] = {}
    pieces: list[bytes] = []
    end = 0
    for name, shape in _mimi_shapes(codebooks):
        size = int(np.prod(shape))
        if name.endswith(".bias"):
            values = np.zeros(size, np.float32)
        elif name.endswith(".scale"):
            values = np.full(size, 0.01, np.float32)
        elif _is_vector(shape):
            values = np.ones(size, np.float32)
        else:
            values = np.resize(block, size) * _scale(shape)
        pieces.append((values.view(np.uint32) >> 16).astype("<u2").tobytes())
        begin, end = end, end + 2 * size
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [begin, end]}
    words = json.dumps(header).encode()
    words += b" " * (-len(words) % 8)
    with path.open("wb") as file:
        file.write(len(words).to_bytes(8, "little"))
        file.write(words)
        file.writelines(pieces)
    return path


def processor() -> str:
    """The processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _is_vector(shape: tuple[int, ...]) -> bool:
    return int(np.prod(shape)) == max(shape)


def _scale(shape: tuple[int, ...]) -> float:
    """Keeps the variance of what passes through."""
    return float((np.prod(shape) / shape[0]) ** -0.5)


def _mimi_shapes(codebooks: int) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Names and shapes of the published file (Défossez et al. 2024, section 3.3)."""
    yield from _seanet_encoder()
    yield from _seanet_decoder()
    for side in ("encoder", "decoder"):
        yield from _mimi_transformer(f"{side}_transformer.transformer.layers")
    yield from _quantizer("quantizer.rvq_first", 1)
    yield from _quantizer("quantizer.rvq_rest", codebooks - 1)
    yield "downsample.conv.conv.conv.weight", (_MIMI_WIDTH, _MIMI_WIDTH, 4)
    yield "upsample.convtr.convtr.convtr.weight", (_MIMI_WIDTH, 1, 4)


def _convolution(name: str, out: int, into: int, kernel: int) -> Iterator[tuple[str, Any]]:
    yield f"{name}.conv.conv.weight", (out, into, kernel)
    yield f"{name}.conv.conv.bias", (out,)


def _residual(name: str, width: int) -> Iterator[tuple[str, Any]]:
    yield from _convolution(f"{name}.block.1", width // 2, width, 3)
    yield from _convolution(f"{name}.block.3", width, width // 2, 1)


def _seanet_encoder() -> Iterator[tuple[str, Any]]:
    width, index = 64, 1
    yield from _convolution("encoder.model.0", width, 1, 7)
    for ratio in reversed(_MIMI_RATIOS):
        yield from _residual(f"encoder.model.{index}", width)
        yield from _convolution(f"encoder.model.{index + 2}", 2 * width, width, 2 * ratio)
        width, index = 2 * width, index + 3
    yield from _convolution(f"encoder.model.{index + 1}", _MIMI_WIDTH, width, 3)


def _seanet_decoder() -> Iterator[tuple[str, Any]]:
    width, index = 1024, 2
    yield from _convolution("decoder.model.0", width, _MIMI_WIDTH, 7)
    for ratio in _MIMI_RATIOS:
        yield f"decoder.model.{index}.convtr.convtr.weight", (width, width // 2, 2 * ratio)
        yield f"decoder.model.{index}.convtr.convtr.bias", (width // 2,)
        width //= 2
        yield from _residual(f"decoder.model.{index + 1}", width)
        index += 3
    yield from _convolution(f"decoder.model.{index}", 1, width, 3)


def _mimi_transformer(prefix: str, layers: int = 8) -> Iterator[tuple[str, Any]]:
    width = _MIMI_WIDTH
    for number in range(layers):
        layer = f"{prefix}.{number}"
        yield f"{layer}.self_attn.in_proj_weight", (3 * width, width)
        yield f"{layer}.self_attn.out_proj.weight", (width, width)
        for norm in ("norm1", "norm2"):
            yield f"{layer}.{norm}.weight", (width,)
            yield f"{layer}.{norm}.bias", (width,)
        yield f"{layer}.linear1.weight", (4 * width, width)
        yield f"{layer}.linear2.weight", (width, 4 * width)
        yield f"{layer}.layer_scale_1.scale", (width,)
        yield f"{layer}.layer_scale_2.scale", (width,)


def _quantizer(prefix: str, layers: int) -> Iterator[tuple[str, Any]]:
    yield f"{prefix}.input_proj.weight", (256, _MIMI_WIDTH, 1)
    yield f"{prefix}.output_proj.weight", (_MIMI_WIDTH, 256, 1)
    for number in range(layers):
        codebook = f"{prefix}.vq.layers.{number}._codebook"
        yield f"{codebook}._initialized", (1,)
        yield f"{codebook}.cluster_usage", (2048,)
        yield f"{codebook}.embedding_sum", (2048, 256)
