"""Tiny random checkpoints in the published layout, so that the real loading code runs in seconds.

`published` gives a folder as the hub would: `config.json`, weights of the language model and of
Mimi, tokenizer. Weights are random but not empty: Mimi's codebooks are fitted to varied sound, so
that codes depend on what is heard.
"""

from __future__ import annotations

import copy
import io
import json
import math
import random
import re
from pathlib import Path
from typing import Any, Literal

TEXT_CARD = 256
_WORDS = """
good evening sir at your service the a is it of and you me they here there hello
weather today system please enjoy conversation wise friendly what name my answer
questions advice clear engaging way tell time done very well yes no of course
"""

Kind = Literal["moshi", "personaplex", "stt"]


def lm_config(kind: Kind = "moshi", *, context: int = 64, dim: int = 64) -> dict[str, Any]:
    """`config.json` of a language model that fits into a test."""
    agent = {"moshi": 8, "personaplex": 16, "stt": 0}[kind]
    codebooks = 32 if kind == "stt" else 16
    delayed = [0] * 32 if kind == "stt" else [0, *[1] * 7] * 2
    config: dict[str, Any] = {
        "dim": dim,
        "text_card": TEXT_CARD,
        "existing_text_padding_id": 3,
        "n_q": codebooks,
        "dep_q": agent,
        "card": 2048,
        "num_heads": 2,
        "num_layers": 2,
        "hidden_scale": 4.125,
        "causal": True,
        "layer_scale": None,
        "context": context,
        "max_period": 10000,
        "gating": "silu",
        "norm": "rms_norm_f32",
        "positional_embedding": "rope",
        "depformer_dim": 32,
        "depformer_dim_feedforward": int(4.125 * 32),
        "depformer_num_heads": 2,
        "depformer_num_layers": 1,
        "depformer_layer_scale": None,
        "depformer_multi_linear": True,
        "depformer_context": max(agent, 1),
        "depformer_max_period": 10000,
        "depformer_gating": "silu",
        "depformer_pos_emb": "none",
        "depformer_weights_per_step": True,
        "delays": [0, *delayed],
        "model_type": kind if kind == "stt" else "moshi",
    }
    if kind == "stt":
        config |= {
            "extra_heads_num_heads": 4,
            "extra_heads_dim": 6,
            "stt_config": {"audio_delay_seconds": 0.5, "audio_silence_prefix_seconds": 0.0},
        }
    return config


def mimi_config() -> dict[str, Any]:
    """Mimi's own shape, much narrower. rustymimi cannot read this: its shape is fixed."""
    from moshi.models import loaders

    config = copy.deepcopy(loaders._mimi_config)
    config["seanet"].update(dimension=32, n_filters=4)
    config["quantizer"].update(dimension=16, n_q=32, input_dimension=32, output_dimension=32)
    config["transformer"].update(
        d_model=32,
        num_heads=2,
        num_layers=1,
        dim_feedforward=64,
        input_dimension=32,
        output_dimensions=[32],
    )
    return config


def published(
    folder: Path,
    kind: Kind = "moshi",
    *,
    context: int = 64,
    dtype: str = "float32",
    full_mimi: bool = False,
    seed: int = 0,
) -> Path:
    """Write a checkpoint into `folder` and return it. `full_mimi`: Mimi in its real size (8
    codebooks, bfloat16, 167 MB), as rustymimi needs it."""
    folder.mkdir(parents=True, exist_ok=True)
    config = lm_config(kind, context=context)
    _write_lm(folder / "model.safetensors", config, seed, dtype)
    _write_mimi(folder / "mimi.safetensors", full_mimi, seed)
    (folder / "tokenizer.model").write_bytes(_sentencepiece())
    names = {
        "moshi_name": "model.safetensors",
        "mimi_name": "mimi.safetensors",
        "tokenizer_name": "tokenizer.model",
    }
    if not full_mimi:
        (folder / "mimi.json").write_text(json.dumps(mimi_config()))
        names["mimi_config_name"] = "mimi.json"
    (folder / "config.json").write_text(json.dumps({**config, **names}, indent=1))
    return folder


def fused_names(state: dict[str, Any]) -> dict[str, Any]:
    """moshi 0.2.13 splits projections by step; published files hold them in one tensor."""
    import torch

    fused: dict[str, Any] = {}
    groups: dict[tuple[str, str], dict[int, Any]] = {}
    for name, tensor in state.items():
        match = re.match(r"(.*attn|.*cross_attention)\.(in|out)_projs\.(\d+)\.weight$", name)
        if match:
            groups.setdefault((match[1], match[2]), {})[int(match[3])] = tensor
        else:
            fused[name] = tensor
    for (prefix, side), parts in groups.items():
        end = "in_proj_weight" if side == "in" else "out_proj.weight"
        fused[f"{prefix}.{end}"] = torch.cat([parts[i] for i in sorted(parts)], 0)
    return fused


def _write_lm(path: Path, config: dict[str, Any], seed: int, dtype: str) -> None:
    import torch
    from moshi.models.lm import LMModel
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    arguments = {k: v for k, v in config.items() if k not in ("model_type", "stt_config")}
    model = LMModel(device="cpu", dtype=torch.float32, **arguments)
    kept = {
        name: tensor.detach().clone().contiguous().to(getattr(torch, dtype))
        for name, tensor in fused_names(model.state_dict()).items()
    }
    save_file(kept, str(path))


def _write_mimi(path: Path, full: bool, seed: int) -> None:
    import torch
    from moshi.models import loaders
    from safetensors.torch import save_file

    torch.manual_seed(seed)
    config = copy.deepcopy(loaders._mimi_config) if full else mimi_config()
    if full:
        config["quantizer"]["n_q"] = 8
    model = loaders.get_mimi(None, config, num_codebooks=8)
    _fit_codebooks(model)
    kept = {}
    for name, tensor in fused_names(model.state_dict()).items():
        copied = tensor.detach().clone().contiguous()
        narrow = full and copied.is_floating_point()
        kept[name] = copied.to(torch.bfloat16) if narrow else copied
    save_file(kept, str(path))


def _fit_codebooks(model: Any, frames: int = 64) -> None:
    import torch

    times = torch.arange(frames * 1920) / 24000
    pitch = 120 + 900 * torch.rand(frames).repeat_interleave(1920)
    loudness = torch.rand(frames).repeat_interleave(1920)
    sound = torch.sin(2 * math.pi * pitch * times) * loudness + 0.3 * torch.randn(
        times.shape
    ) * torch.rand(frames).repeat_interleave(1920)
    with torch.no_grad():
        latents = model._to_framerate(
            model.encoder_transformer(model.encoder(sound[None, None]))[0]
        )
        for quantizer in (model.quantizer.rvq_first, model.quantizer.rvq_rest):
            rest = quantizer.input_proj(latents)[0].T
            for layer in quantizer.vq.layers:
                codebook = layer._codebook
                count, width = codebook.embedding_sum.shape
                picked = rest[torch.randint(0, len(rest), (count,))]
                entries = picked + 0.3 * rest.std(0) * torch.randn(count, width)
                codebook._initialized.fill_(1)
                codebook.cluster_usage.fill_(1)
                codebook.embedding_sum.copy_(entries)
                codebook._embedding = None
                rest = rest - entries[torch.cdist(rest, entries).argmin(1)]


def _sentencepiece() -> bytes:
    import sentencepiece

    dice = random.Random(0)
    words = _WORDS.split()
    sentences = [" ".join(dice.choice(words) for _ in range(12)) + "." for _ in range(400)]
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(sentences),
        model_writer=model,
        vocab_size=TEXT_CARD,
        model_type="bpe",
        unk_id=0,
        bos_id=1,
        eos_id=2,
        pad_id=3,
        hard_vocab_limit=False,
        minloglevel=2,
        character_coverage=1.0,
    )
    return model.getvalue()
