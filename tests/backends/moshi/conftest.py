"""Tiny checkpoints, built once a run; tests that need a framework skip by its name without it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.backends.moshi import tiny

os.environ.setdefault("NO_TORCH_COMPILE", "1")  # before moshi is imported: 19 s on a CPU otherwise
# Tests run side by side: threads of torch's that wait for each other's core cost twenty times that.
os.environ.setdefault("OMP_NUM_THREADS", "1")

MakeCheckpoint = Callable[..., Path]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> MakeCheckpoint:
    """`checkpoint("personaplex", context=20)` → folder; the same question, the same folder."""
    pytest.importorskip("torch", reason="torch builds the tiny checkpoints")
    pytest.importorskip("moshi", reason="moshi builds the tiny checkpoints")
    made: dict[str, Path] = {}

    def make(kind: tiny.Kind = "moshi", **options: object) -> Path:
        key = "-".join([kind, *(f"{k}{v}" for k, v in sorted(options.items()))])
        if key not in made:
            made[key] = tiny.published(tmp_path_factory.mktemp("weights") / key, kind, **options)  # type: ignore[arg-type]
        return made[key]

    return make
