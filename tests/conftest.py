"""Shared by all tests: nothing here may touch the real home, nothing may go to the network."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.audio.fake_sounddevice import fake_sd, own_thread
from tests.e2e.virtual_card import virtual_card

__all__ = ["fake_sd", "own_thread", "virtual_card"]

_HOME = Path(tempfile.mkdtemp(prefix="assistant-tests-"))
for _name in ("CONFIG", "DATA", "CACHE", "STATE"):
    os.environ[f"XDG_{_name}_HOME"] = str(_HOME / _name.lower())
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

settings.register_profile("default", deadline=None, max_examples=60)
settings.load_profile("default")


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_HOME, ignore_errors=True)
