"""Shared by all tests: nothing here may touch the real home, nothing may go to the network."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from _pytest.terminal import TerminalReporter
from hypothesis import settings

from tests.audio.devices.fake_sounddevice import fake_sd, own_thread
from tests.e2e.virtual_card import virtual_card

__all__ = ["fake_sd", "own_thread", "virtual_card"]

_HOME = Path(tempfile.mkdtemp(prefix="assistant-tests-"))
for _name in ("CONFIG", "DATA", "CACHE", "STATE"):
    os.environ[f"XDG_{_name}_HOME"] = str(_HOME / _name.lower())
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

settings.register_profile("default", deadline=None, max_examples=60)
settings.load_profile("default")


_NEEDED = os.environ.get("ASSISTANT_TESTS_NEED", "").split()
"""Packages without which tests may not skip: set by continuous integration."""


def pytest_sessionstart(session: pytest.Session) -> None:
    missing = [package for package in _NEEDED if find_spec(package) is None]
    if missing:
        raise pytest.UsageError(f"not installed: {', '.join(missing)}")


def _wrongly_skipped(reporter: TerminalReporter) -> list[tuple[str, str]]:
    """Test and reason of each skip whose reason names a needed package."""
    found = []
    for report in reporter.stats.get("skipped", []):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if any(re.search(rf"\b{package}\b", reason) for package in _NEEDED):
            found.append((report.nodeid, reason))
    return found


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    for name, reason in _wrongly_skipped(terminalreporter):
        terminalreporter.write_line(f"skipped, but may not be: {name}: {reason}")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Skips for want of a needed package fail the run, wherever they came from."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _wrongly_skipped(reporter):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(_HOME, ignore_errors=True)
