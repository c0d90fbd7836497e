"""PyTorch's side of the benchmark: the device, the weights, and upstream's own loop."""

from __future__ import annotations

import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from assistant.audio.types import Float32
from assistant.backends.moshi.checkpoint.memory import parameters
from assistant.backends.moshi.contract import (
    Codec,
    Codes,
    EngineSettings,
    LanguageModel,
    Sampling,
)
from assistant.backends.moshi.prompts.prompting import PromptPlan
from assistant.backends.moshi.torch.loading import compiles, device_of
from assistant.bench.moshi import random_weights
from assistant.bench.moshi.plan import BenchPlan
from assistant.frames import FRAME_SECONDS
from assistant.locations import scratch_dir
from assistant.private_files import scratch


class TorchRig:
    """See `bench_measure.Rig`."""

    def __init__(self, plan: BenchPlan) -> None:
        self._plan = plan
        self._device = device_of(plan.device)
        self._on_cuda = self._device.type == "cuda"
        if not compiles(self._device):
            os.environ["NO_TORCH_COMPILE"] = "1"  # read by moshi as it is imported
        if not self._on_cuda:
            random_weights.check_room(plan)
        elif not plan.graphs:
            os.environ["NO_CUDA_GRAPH"] = "1"  # for both loops, Mimi included
        self._dtype = torch.bfloat16 if self._on_cuda or plan.dims == "7b" else torch.float32
        self._config = random_weights.lm_config(plan.dims)
        if plan.context is not None:
            self._config["context"] = max(1, round(plan.context / FRAME_SECONDS))
        self._settings = EngineSettings(
            device=str(self._device),
            dtype="bfloat16" if self._dtype == torch.bfloat16 else "float32",
            quantize=plan.quantize,
            seed=0,
            cuda_graphs=plan.graphs,
        )
        self._folder = scratch(scratch_dir())
        self._mimi = random_weights.mimi_file(Path(self._folder.name) / "mimi.safetensors")

    def facts(self) -> dict[str, str]:
        weights = parameters(self._config).total
        facts = {
            "device": _name(self._device),
            "torch": str(torch.__version__),
            "moshi": version("moshi"),
            "dims": f"{self._plan.dims} ({weights / 1e6:,.0f} million weights)",
            "weights": f"{self._settings.dtype}, quantize {self._plan.quantize}",
            "context": f"{self._config['context'] * FRAME_SECONDS:.0f} s",
            "threads": str(torch.get_num_threads()),
        }
        if self._on_cuda:
            facts["CUDA"] = str(torch.version.cuda)
            facts["graphs"] = "on" if self._plan.graphs else "off"
        return facts

    def make(self) -> None:
        from assistant.backends.moshi.torch.quantize import (
            check_quantization,
            compile_linears,
            quantize_linears,
        )

        quantize = self._plan.quantize
        if quantize != "none":
            check_quantization(quantize, self._dtype, self._device)
        self._model = random_weights.torch_lm(self._config, self._device, self._dtype)
        if quantize != "none":
            quantize_linears(self._model, quantize, self._device, lambda *_: None)
        if quantize == "int8" and compiles(self._device):
            compile_linears(self._model)
        if self._on_cuda:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats(self._device)

    def engine(self) -> LanguageModel:
        from assistant.backends.moshi.torch.model import TorchLanguageModel

        return TorchLanguageModel(self._model, self._settings, "random weights")

    def codec(self) -> Codec:
        from assistant.backends.moshi.torch.codec import load_codec

        checkpoint = random_weights.as_checkpoint(self._config, self._mimi)
        return load_codec(checkpoint, self._settings, codebooks=8)

    def upstream(self) -> TorchUpstream:
        twin = _twin(self._model, self._config, self._dtype)
        return TorchUpstream(twin, self._upstream_mimi(), self._settings.sampling)

    def synchronise(self) -> None:
        if self._on_cuda:
            torch.cuda.synchronize(self._device)

    def memory(self) -> dict[str, float]:
        if not self._on_cuda:
            return {}
        return {
            "device memory": torch.cuda.memory_allocated(self._device) / 2**20,
            "device memory, peak": torch.cuda.max_memory_allocated(self._device) / 2**20,
        }

    def _upstream_mimi(self) -> Any:
        import copy

        from moshi.models import loaders

        config = copy.deepcopy(loaders._mimi_config)
        config["quantizer"]["n_q"] = 8
        return loaders.get_mimi(self._mimi, config, device=self._device, num_codebooks=8)


class TorchUpstream:
    """`moshi.models.LMGen` and Mimi, driven as `moshi.server` drives them."""

    def __init__(self, lm: Any, mimi: Any, sampling: Sampling) -> None:
        from moshi.models import LMGen

        self._lm, self._mimi = lm, mimi
        self._gen = LMGen(
            lm,
            temp=sampling.temperature,
            temp_text=sampling.text_temperature,
            top_k=sampling.top_k,
            top_k_text=sampling.top_k_text,
        )
        self._gen.streaming_forever(1)
        self._mimi.streaming_forever(1)

    def reset(self) -> None:
        self._gen.reset_streaming()
        self._mimi.reset_streaming()

    def frame(self, pcm: Float32) -> None:
        with torch.no_grad():
            sound = torch.from_numpy(pcm).to(self._lm.device)[None, None]
            tokens = self._gen.step(self._mimi.encode(sound))
            if tokens is not None:
                self._mimi.decode(tokens[:, 1:]).cpu()
                tokens[0, 0, 0].item()

    def on_device(self, codes: Codes) -> Any:
        return torch.as_tensor(codes, device=self._lm.device).view(1, -1, 1)

    def step(self, codes: Any) -> None:
        tokens = self._gen.step(codes)
        if tokens is not None:
            tokens[0, 0, 0].item()

    def prompt(self, plan: PromptPlan) -> None:
        device = self._lm.device
        agents = self._lm.delays[1 : 1 + self._lm.dep_q]
        users = [self.on_device(frame.user) for frame in plan.frames]
        columns = [
            torch.as_tensor(plan.agent_column(position + 1, agents), device=device)[None]
            for position in range(len(plan) - 1)
        ]
        position = 0

        def force_text(token: torch.Tensor) -> None:
            text = plan.text(position + 1)
            if text is not None:
                token.fill_(text)

        self._gen.on_text_hook = force_text
        self._gen.on_audio_hook = lambda tokens: tokens.copy_(columns[position])
        try:
            for position in range(len(plan) - 1):
                self._gen.step(users[position])
        finally:
            self._gen.on_text_hook = self._gen.on_audio_hook = None


def _twin(model: Any, config: dict[str, Any], dtype: torch.dtype) -> Any:
    """A second model over the same weights with streaming states of its own."""
    from moshi.models.lm import LMModel

    twin = LMModel(device="meta", dtype=dtype, **config)
    _share(model, twin)
    twin.eval().requires_grad_(False)
    return twin


def _share(source: torch.nn.Module, target: torch.nn.Module) -> None:
    """What keeps no state (linear layers, quantised or not, tables, norms) is used by both."""
    from moshi.modules.streaming import StreamingModule

    for name, child in source.named_children():
        if any(isinstance(module, StreamingModule) for module in child.modules()):
            _share(child, target.get_submodule(name))
        else:
            setattr(target, name, child)


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    return f"{random_weights.processor()} (CPU)"
