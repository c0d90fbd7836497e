"""Moshi's language model on MLX: Apple Silicon, and Linux for tests."""

from __future__ import annotations

from pathlib import Path

from assistant.backends.moshi.contract import Checkpoint, EngineSettings, LanguageModel, Progress
from assistant.backends.moshi.mlx.runtime import chosen_device, device_name, require_mlx
from assistant.locations import cache_dir


def load_language_model(
    checkpoint: Checkpoint,
    settings: EngineSettings,
    progress: Progress,
    kept_in: Path | None = None,
) -> LanguageModel:
    """Load `checkpoint` and begin a conversation with it.

    `kept_in`: where weights that are quantised here are kept for the next start; None: in the
    cache folder. Any thread may load; the conversation is then driven from one thread, be it
    another.

    Raises `BackendError` where MLX is not installed, the weights don't fit, or memory runs out.
    """
    require_mlx()
    import mlx.core as mx

    from assistant.backends.moshi.mlx.model import MlxLanguageModel
    from assistant.backends.moshi.mlx.weights import load_model

    device = chosen_device(settings.device)
    with mx.stream(device):
        model, precision = load_model(
            checkpoint, settings, progress, kept_in or cache_dir() / "quantized"
        )
    label = f"{checkpoint.name} {precision} · {device_name(device)}"
    return MlxLanguageModel(model, checkpoint, settings, device, label)
