"""onnxruntime as every voice wants it: few threads that don't spin, nothing written or sent."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

MAX_THREADS = 4


def thread_count(asked: int) -> int:
    """0 means as many as there are cores, at most 4."""
    return asked or min(os.cpu_count() or 1, MAX_THREADS)


def runtime() -> Any:
    """The module. Raises `ImportError` where it is not installed."""
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # it writes a device id at import
    import onnxruntime  # type: ignore[import-untyped]

    return onnxruntime


def open_session(model: Path | bytes, threads: int) -> Any:
    """A model (its file, or what is in it) on the CPU; raises whatever onnxruntime raises for what
    is none."""
    onnxruntime = runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count(threads)
    options.inter_op_num_threads = 1
    # Every text has its own length, so memory patterns of one never fit the next: 15 % slower.
    options.enable_mem_pattern = False
    # Threads that spin while they wait make a quiet machine 12 % quicker and a busy one, where
    # recognition and voice share the cores, up to twice as slow.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
