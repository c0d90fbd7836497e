"""MLX itself: whether it is there, which device it computes on, what its failures mean."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from assistant.backends.base import BackendError

_MEMORY_WORDS = ("memory", "malloc", "allocate")


def require_mlx() -> None:
    """Raise `BackendError` where MLX or moshi_mlx cannot be imported, saying what to install."""
    try:
        importlib.import_module("mlx.core")
        importlib.import_module("moshi_mlx.models")
    except ImportError as error:
        raise BackendError(_missing(error), _install(error)) from error


def _missing(error: ImportError) -> str:
    if "libmlx" in str(error):
        return "MLX is installed without its library libmlx."
    return f"MLX cannot be used here: {error}."


def _install(error: ImportError) -> str:
    if platform.system() == "Linux":
        # The plain package holds the Python side only; the library comes with an extra.
        return "Install it with its library for this processor: pip install 'mlx[cpu]' moshi_mlx"
    if platform.system() == "Darwin" and platform.machine() == "arm64":
        return "Run: assistant setup moshi-mlx"
    return "MLX needs Apple Silicon or Linux; choose another backend, such as cascade."


def chosen_device(name: str) -> Any:
    """The device of `EngineSettings.device`: MLX knows `auto` and `cpu`."""
    import mlx.core as mx

    if name == "auto":
        return mx.default_device()
    if name == "cpu":
        return mx.Device(mx.cpu)
    raise BackendError(
        f"MLX has no device “{name}”.", 'Set device = "auto" or "cpu", or use moshi-torch.'
    )


def device_name(device: Any) -> str:
    """For the status line: "cpu", "metal" or "cuda"."""
    import mlx.core as mx

    if device.type == mx.cpu:
        return "cpu"
    return "metal" if mx.metal.is_available() else "cuda"


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn MLX's failures while `doing` ("loading the model") into something to act upon."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        if isinstance(error, MemoryError) or any(
            word in lines[0].lower() for word in _MEMORY_WORDS
        ):
            raise BackendError(
                f"The memory ran out while {doing}.",
                "Close other programs, or choose a smaller quantisation (int4), a shorter context "
                "or the cascade backend.",
            ) from error
        raise BackendError(
            f"MLX failed while {doing}: {lines[0]}",
            "Try again; if it fails each time, choose another backend and report this line.",
        ) from error
