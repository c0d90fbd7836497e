"""pip of our own environment: what goes wrong with it is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from assistant.backends.base import BackendError
from assistant.models import environment_maker


@pytest.fixture(autouse=True)
def _cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


def test_a_package_that_is_not_there_is_told(tmp_path: Path) -> None:
    wanted = ["download", "--no-index", "--dest", str(tmp_path), "no-such-package==1.0"]
    with pytest.raises(BackendError, match="pip download failed: a package has no build") as caught:
        environment_maker.run_pip(wanted)
    assert caught.value.remedy


def test_without_pip_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment_maker, "find_spec", lambda name: None)
    with pytest.raises(BackendError, match="has no pip") as caught:
        environment_maker.run_pip(["install", "x"])
    assert "ensurepip" in caught.value.remedy
