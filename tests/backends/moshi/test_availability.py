"""Moshi's weights on the disk, against the memory of a machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.backends import base as availability
from assistant.backends.moshi.availability import check_moshi
from assistant.config.schema import Config
from assistant.models.hardware import Card, Hardware
from tests.backends.moshi.conftest import MakeCheckpoint


def _card(gib: int) -> Hardware:
    size = gib * 1024**3
    return Hardware("Linux", "x86_64", cards=(Card(0, "RTX 4090", size, size),))


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """All packages are here."""
    monkeypatch.setattr(availability, "missing", lambda modules, python: [])


def test_a_real_checkpoint_is_found_and_measured(checkpoint: MakeCheckpoint) -> None:
    config = Config()
    config.backend.moshi.weights = str(checkpoint("moshi"))
    report = check_moshi("torch", config, lambda: _card(8))
    assert report.available, report
    assert "on RTX 4090, about 2.4 GiB of 8 free" in report.reason  # personas may take one
    report = check_moshi("torch", config, lambda: _card(2))
    assert not report.available
    assert "backend.moshi.snapshot_mb" in report.remedy
    config.backend.moshi.snapshot_mb = 100
    assert check_moshi("torch", config, lambda: _card(2)).available


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    config = Config()
    config.backend.moshi.weights = str(tmp_path)
    report = check_moshi("torch", config, lambda: _card(8))
    assert not report.available
    assert str(tmp_path) in report.reason


def test_weights_that_are_not_here_name_the_command() -> None:
    report = check_moshi("mlx", Config(), lambda: Hardware("Darwin", "arm64", 64 * 1024**3))
    assert not report.available
    assert "kyutai/moshiko-mlx-q8" in report.reason
    assert report.remedy.startswith("assistant models pull kyutai/moshiko-mlx-q8")
