"""MLX's side of the benchmark: the device, the weights, and upstream's own loop."""

from __future__ import annotations

import copy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
from moshi_mlx.models import Lm

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.memory import parameters
from assistant.backends.moshi.contract import (
    Codec,
    Codes,
    EngineSettings,
    LanguageModel,
    Sampling,
)
from assistant.backends.moshi.prompts.prompting import PromptPlan
from assistant.bench.moshi import random_weights
from assistant.bench.moshi.plan import BenchPlan
from assistant.frames import FRAME_SECONDS
from assistant.locations import scratch_dir
from assistant.private_files import scratch

_UPSTREAM_STEPS = 4000
"""What upstream's own programs allow a conversation."""


class MlxRig:
    """See `bench_measure.Rig`."""

    def __init__(self, plan: BenchPlan) -> None:
        self._plan = plan
        self._device = _device(plan.device)
        self._on_gpu = self._device.type == mx.gpu
        mx.set_default_device(self._device)
        if not self._on_gpu:
            random_weights.check_room(plan)
        large = self._on_gpu or plan.dims == "7b"
        self._dtype = mx.bfloat16 if large else mx.float32
        self._config = random_weights.lm_config(plan.dims)
        if plan.context is not None:
            self._config["context"] = max(1, round(plan.context / FRAME_SECONDS))
        self._settings = EngineSettings(
            device="auto" if self._on_gpu else "cpu",
            dtype="bfloat16" if large else "float32",
            quantize=plan.quantize,
            seed=0,
        )
        self._folder = scratch(scratch_dir())
        mimi = Path(self._folder.name) / "mimi.safetensors"
        self._mimi = random_weights.mimi_file(mimi)
        self._checkpoint = random_weights.as_checkpoint(self._config, self._mimi)

    def facts(self) -> dict[str, str]:
        weights = parameters(self._config).total
        return {
            "device": _name(self._on_gpu),
            "mlx": version("mlx"),
            "moshi_mlx": version("moshi_mlx"),
            "rustymimi": version("rustymimi"),
            "dims": f"{self._plan.dims} ({weights / 1e6:,.0f} million weights)",
            "weights": f"{self._settings.dtype}, quantize {self._plan.quantize}",
            "context": f"{self._config['context'] * FRAME_SECONDS:.0f} s",
        }

    def make(self) -> None:
        from assistant.backends.moshi.mlx.weights import into_memory, model_config, quantise

        with mx.stream(self._device):
            self._model = Lm(model_config(self._checkpoint, self._settings))
            self._model.set_dtype(self._dtype)
            if self._plan.quantize != "none":
                quantise(self._model, self._plan.quantize)
            into_memory(self._model, lambda *_: None, "")
        mx.reset_peak_memory()

    def engine(self) -> LanguageModel:
        from assistant.backends.moshi.mlx.model import MlxLanguageModel

        return MlxLanguageModel(
            self._model, self._checkpoint, self._settings, self._device, "random weights"
        )

    def codec(self) -> Codec:
        from assistant.backends.moshi.mlx.codec import load_codec

        return load_codec(self._checkpoint, self._settings, codebooks=8)

    def upstream(self) -> MlxUpstream:
        twin = copy.copy(self._model)  # the same arrays, in a second dictionary
        twin.transformer_cache = twin.transformer.make_rot_cache()
        twin.depformer_cache = twin.depformer.slices[0].transformer.make_cache()
        return MlxUpstream(twin, self._mimi, self._settings.sampling)

    def synchronise(self) -> None:
        mx.synchronize()

    def memory(self) -> dict[str, float]:
        return {
            "device memory": mx.get_active_memory() / 2**20,
            "device memory, peak": mx.get_peak_memory() / 2**20,
        }


class MlxUpstream:
    """`moshi_mlx.models.LmGen` and rustymimi, driven as `moshi_mlx.local_web` drives them."""

    def __init__(self, model: Any, mimi: Path, sampling: Sampling) -> None:
        import rustymimi
        from moshi_mlx.utils import Sampler

        self._model = model
        self._text = Sampler(temp=sampling.text_temperature, top_k=sampling.top_k_text)
        self._audio = Sampler(temp=sampling.temperature, top_k=sampling.top_k)
        self._mimi = rustymimi.Tokenizer(str(mimi), num_codebooks=8)
        self.reset()

    def reset(self) -> None:
        from moshi_mlx.models import LmGen

        for cache in self._model.transformer_cache:
            cache.reset()
        self._gen = LmGen(
            self._model,
            max_steps=_UPSTREAM_STEPS,
            text_sampler=self._text,
            audio_sampler=self._audio,
        )
        self._mimi.reset()

    def frame(self, pcm: Float32) -> None:
        codes = self._mimi.encode_step(pcm[None, None])
        self.step(mx.array(codes).transpose(0, 2, 1)[0, :, :8])
        tokens = self._gen.last_audio_tokens()
        if tokens is not None:
            self._mimi.decode_step(np.array(tokens).astype(np.uint32)[:, :, None])

    def on_device(self, codes: Codes) -> Any:
        return mx.array(codes[None].astype(np.int32))

    def step(self, codes: Any) -> None:
        self._gen.step(codes)[0].item()

    def prompt(self, plan: PromptPlan) -> None:
        agents = self._model.cfg.audio_delays[: self._gen.main_codebooks]
        position = 0

        # MLX computes what is asked for: what the model chose itself is, before it is replaced.
        def force_text(token: mx.array) -> None:
            mx.eval(token)
            text = plan.text(position + 1)
            if text is not None:
                token[:] = text

        def force_audio(tokens: mx.array) -> None:
            mx.eval(tokens)
            tokens[:] = mx.array(plan.agent_column(position + 1, agents))[None, :, None]

        self._gen.on_text_hook, self._gen.on_audio_hook = force_text, force_audio
        try:
            for position in range(len(plan) - 1):
                self.step(self.on_device(plan.frames[position].user))
        finally:
            self._gen.on_text_hook = self._gen.on_audio_hook = None


def _device(wanted: str) -> mx.Device:
    """Raises `BackendError` where there is no such device."""
    if wanted not in ("auto", "gpu", "cpu"):
        raise BackendError(f"unknown device '{wanted}'", "MLX knows auto, gpu and cpu")
    if wanted == "auto":
        return mx.default_device()
    if wanted == "gpu" and mx.default_device().type != mx.gpu:
        raise BackendError(
            "MLX sees no GPU here", "Metal needs Apple Silicon; --device cpu measures here"
        )
    return mx.Device(mx.gpu if wanted == "gpu" else mx.cpu)


def _name(on_gpu: bool) -> str:
    if on_gpu:
        return str(mx.device_info().get("device_name", "GPU"))
    return f"{random_weights.processor()} (CPU)"
