"""Moshi's language model in PyTorch: from a checkpoint to a conversation.

CUDA with graphs and compiled functions; the same code on a processor, without either.
"""

from __future__ import annotations

import os
from pathlib import Path

from assistant.backends.moshi.contract import (
    Checkpoint,
    EngineSettings,
    LanguageModel,
    Progress,
)
from assistant.backends.moshi.torch.loading import compiles, device_of, explained, load_weights
from assistant.locations import cache_dir


def load_language_model(
    checkpoint: Checkpoint,
    settings: EngineSettings,
    progress: Progress,
    kept_in: Path | None = None,
) -> LanguageModel:
    """The checkpoint's model on the device that the settings name, quantised as they say.

    `kept_in`: where quantised weights are kept for the next start; None: in the cache folder.
    Raises `BackendError` where device, weights, quantisation or memory will not do.
    """
    device = device_of(settings.device)
    if not compiles(device):
        os.environ["NO_TORCH_COMPILE"] = "1"  # read by moshi as it is imported
    from assistant.backends.moshi.torch.model import TorchLanguageModel

    with explained(checkpoint, settings, device):
        lm = load_weights(
            checkpoint, settings, device, progress, kept_in or cache_dir() / "quantized"
        )
        quantized = [] if settings.quantize == "none" else [settings.quantize]
        label = " ".join([checkpoint.name, *quantized])
        return TorchLanguageModel(lm, settings, f"{label} · {device}")
