"""Servers of others, as `make setup-adapters-test` brings them."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

_FOLDER = Path(
    os.environ.get("ASSISTANT_TESTS_SERVERS", Path(sys.prefix) / "test-servers")
).absolute()


def python_server(package: str) -> list[str]:
    """The command of one from PyPI. Skips where it is not there."""
    program = _FOLDER / package / "bin" / package
    if not program.is_file():
        pytest.skip(f"{package} is not there: make setup-adapters-test")
    return [str(program)]


def node_server(package: str) -> list[str]:
    """The command of one from npm, of `@modelcontextprotocol`. Skips where it is not there."""
    program = _FOLDER / "node" / "node_modules" / "@modelcontextprotocol" / package
    node = shutil.which("node")
    if node is None or not program.is_dir():
        pytest.skip(f"{package} is not there: make setup-adapters-test")
    return [node, str(program / "dist" / "index.js")]
