"""Moshi's language model in PyTorch: from a checkpoint to a conversation.

CUDA with graphs and compiled functions; the same code on a processor, without either.
"""

from __future__ import annotations

import importlib.util
import os
import shutil

import torch

from assistant.backends.moshi.contract import (
    Checkpoint,
    EngineSettings,
    LanguageModel,
    Progress,
)
from assistant.backends.moshi.torch_loading import device_of, explained, load_weights


def load_language_model(
    checkpoint: Checkpoint, settings: EngineSettings, progress: Progress
) -> LanguageModel:
    """The checkpoint's model on the device that the settings name, quantised as they say.

    Raises `BackendError` where device, weights, quantisation or memory will not do.
    """
    device = device_of(settings.device)
    if not _compiles(device):
        os.environ["NO_TORCH_COMPILE"] = "1"  # read by moshi as it is imported
    from assistant.backends.moshi.torch_model import TorchLanguageModel

    with explained(checkpoint, settings, device):
        lm = load_weights(checkpoint, settings, device, progress)
        quantized = [] if settings.quantize == "none" else [settings.quantize]
        label = " ".join([checkpoint.name, *quantized])
        return TorchLanguageModel(lm, settings, f"{label} · {device}")


def _compiles(device: torch.device) -> bool:
    """On a processor compiling takes longer than it saves; on a card it needs Triton, and Triton
    a C compiler."""
    if device.type != "cuda" or importlib.util.find_spec("triton") is None:
        return False
    return any(shutil.which(name) for name in (os.environ.get("CC", "cc"), "gcc", "clang"))
