"""A small real language model, where `make setup-model` has brought one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def model_file() -> Path:
    """The GGUF file that `ASSISTANT_TESTS_MODEL` names. Skips where there is none, or nothing that
    runs it."""
    pytest.importorskip("xllamacpp")
    named = os.environ.get("ASSISTANT_TESTS_MODEL", "")
    if not Path(named).is_file():
        pytest.skip("ASSISTANT_TESTS_MODEL names no GGUF file")
    return Path(named)
