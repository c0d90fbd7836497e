"""What a person is told to install is installed by what is told."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from assistant.models.environments import install_command


class Installed:
    """A distribution that came from somewhere (PEP 610)."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        return self._origin


@pytest.fixture(autouse=True)
def afresh() -> Iterator[None]:
    install_command.cache_clear()
    yield
    install_command.cache_clear()


def came_from(monkeypatch: pytest.MonkeyPatch, origin: object) -> None:
    text = origin if isinstance(origin, str) or origin is None else json.dumps(origin)
    monkeypatch.setattr(metadata, "distribution", lambda name: Installed(text))


def test_in_a_clone_it_is_the_clone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    clone = tmp_path / "my clone"
    clone.mkdir()
    (clone / "pyproject.toml").touch()
    url = clone.as_uri()
    came_from(monkeypatch, {"url": url, "dir_info": {"editable": True}})
    told = shlex.split(install_command("web"))
    assert told == [sys.executable, "-m", "pip", "install", "-e", f"{clone}[web]"]
    install_command.cache_clear()
    came_from(monkeypatch, {"url": url, "dir_info": {}})
    assert "-e" not in shlex.split(install_command("web"))


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "no json",
        "[]",
        {"url": "file:///nowhere/at/all", "dir_info": {}},
        {"url": "https://example.org/a.zip", "archive_info": {}},
    ],
)
def test_elsewhere_it_is_the_package(monkeypatch: pytest.MonkeyPatch, origin: object) -> None:
    came_from(monkeypatch, origin)
    assert shlex.split(install_command("web"))[-1] == "assistant[web]"


def test_what_is_not_installed_at_all_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(name: str) -> Installed:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nowhere)
    assert shlex.split(install_command("web"))[-1] == "assistant[web]"
