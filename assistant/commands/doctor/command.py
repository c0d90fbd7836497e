"""`assistant doctor`: what is here, what is missing, and what to do about it.

Every check runs on a thread of its own within a time limit, because what a doctor is called for
(a hung sound server, a dead network folder) is just what would hang the doctor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.commands.doctor import backends as engines
from assistant.commands.doctor import machine as machine
from assistant.commands.doctor import speech as speech
from assistant.commands.doctor.report import Check, fail
from assistant.commands.runner import FAILED, complain
from assistant.commands.tables import console, print_json
from assistant.config.loading import load_settings
from assistant.config.schema import Config, ConfigError
from assistant.terminal.sanitize import clean_line

TIME_LIMIT = 10.0
"""Seconds for all checks together: they run side by side."""
Checks = Mapping[str, Callable[[Config], list[Check]]]

CHECKS: Checks = {
    "python": machine.python,
    "backends": engines.backends,
    "moshi": engines.moshi,
    "whisper weights": speech.whisper,
    "voice weights": speech.voice,
    "brain": speech.brain,
    "sound": speech.sound,
    "personas": speech.personas,
    "permissions": speech.permissions,
    "plugins": speech.plugins,
    "folders": machine.folders,
    "disk": machine.disk,
    "memory": machine.memory,
    "gpu": engines.gpu,
    "terminal": machine.terminal,
}
"""In the order of the report."""
ONLINE: Checks = {"moshi server": engines.server}
"""Those that call somebody, for who asks for them."""

_log = logging.getLogger(__name__)


def doctor_command(
    path: Path | None,
    overrides: Mapping[str, Any],
    *,
    json_output: bool = False,
    online: bool = False,
) -> int:
    """Print the report; returns 1 only where nothing can talk. `online`: call the Moshi server."""
    settings, config = check_settings(path, overrides)
    checks = [settings, *run_checks({**CHECKS, **ONLINE} if online else CHECKS, config)]
    able = can_talk(config, checks)
    if json_output:
        report = {
            "version": __version__,
            "can_talk": able,
            "checks": [asdict(check) for check in checks],
        }
        print_json(report)
    else:
        print_report(checks)
        if not able:
            complain("nothing can talk here; see “fail” above")
    return 0 if able else FAILED


def check_settings(path: Path | None, overrides: Mapping[str, Any]) -> tuple[Check, Config]:
    """How the settings are, and those to go on with: the defaults where they are broken."""
    try:
        settings = load_settings(path, overrides)
    except ConfigError as error:
        return fail("settings", error.message, error.remedy), Config()
    changed = len(settings.sources)
    state = "" if settings.file.exists() else " (not there, not needed)"
    return Check("settings", "ok", f"{settings.file}{state}, {changed} changed"), settings.config


def can_talk(config: Config, checks: list[Check]) -> bool:
    """Whether a backend was chosen, and what it cannot do without is here."""
    try:
        from assistant.backends.registry import list_backends

        chosen = [report.name for report in list_backends(config) if report.chosen]
    except Exception:
        _log.exception("the backends could not be listed")
        return False
    broken = any(check.state == "fail" and check.name in speech.WEIGHTS for check in checks)
    return bool(chosen) and not (broken and chosen == ["cascade"])


def run_checks(checks: Checks, config: Config, limit: float = TIME_LIMIT) -> list[Check]:
    """All results, in order. A check that raises or does not return is a result too."""
    results: dict[str, list[Check]] = {}

    def work(name: str) -> None:
        try:
            results[name] = checks[name](config)
        except Exception as error:
            _log.exception("the check of %s failed", name)
            results[name] = [fail(name, f"could not be checked: {type(error).__name__}: {error}")]

    threads = [threading.Thread(target=work, args=(name,), daemon=True) for name in checks]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + limit
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    found = dict(results)
    return [
        check
        for name in checks
        for check in found.get(name, [fail(name, f"did not answer within {limit:g} s")])
    ]


def print_report(checks: list[Check]) -> None:
    """A line a check; what to do stands below it."""
    from rich.text import Text

    out = console(soft_wrap=True)
    styles = {"ok": "green", "warn": "yellow", "fail": "bold red"}
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark = Text(f"{check.state:<5}", style=styles[check.state])
        value, remedy = clean_line(check.value), clean_line(check.remedy)
        out.print(mark, Text(f"{check.name:<{width}}  {value}"), sep="")
        if remedy:
            out.print(Text(f"{'':<{width + 7}}{remedy}", style="dim"))
