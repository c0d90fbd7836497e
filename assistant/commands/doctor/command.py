"""`assistant doctor`: what is here, what is missing, and what to do about it.

Every check runs on a thread of its own within a time limit, because what a doctor is called for
(a hung sound server, a dead network folder) is just what would hang the doctor.
"""

from __future__ import annotations

import logging
import os
import platform
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from assistant import __version__, locations
from assistant.commands.doctor import backends as engines
from assistant.commands.doctor import calls
from assistant.commands.doctor import speech as speech
from assistant.commands.runner import FAILED, complain
from assistant.commands.tables import Check, console, fail, ok, print_json, warn
from assistant.config.loading import load_settings
from assistant.config.schema import Config, ConfigError
from assistant.models import hardware
from assistant.models.hardware import GIB
from assistant.private_files import open_to_others
from assistant.terminal.sanitize import clean_line

# The doctor's checks of the machine: Python, folders, disk, memory, terminal.

MIN_DISK = 1_000_000_000
"""Bytes free: joined weights and the voice cache want room."""
MIN_MEMORY = 1_500_000_000
"""Bytes: recognition and voice take about 700 MB, the rest of the system wants some too."""


def python(config: Config) -> list[Check]:
    """Which interpreter runs, on what."""
    where = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores"
    value = f"{platform.python_version()} on {where} ({sys.executable})"
    return [ok("python", value)]


def folders(config: Config) -> list[Check]:
    """Whether the folders can be written; they are made on first use."""
    places = {
        "config folder": locations.config_dir(),
        "data folder": locations.data_dir(),
        "cache folder": locations.cache_dir(),
        "log folder": locations.log_dir(),
    }
    return [*(_writable(name, path) for name, path in places.items()), _private()]


def _private() -> Check:
    """Whether anybody else can read, write or enter what is ours. Links are not followed."""
    open_ones = [path for folder in locations.own_folders() for path in open_to_others(folder)]
    if not open_ones:
        return ok("private", "nobody else can read what is kept")
    count = f"{open_ones[0]}" + (f" and {len(open_ones) - 1} more" if len(open_ones) > 1 else "")
    value = f"others can read or change, or own: {count}"
    places = " ".join(
        shlex.quote(str(folder))
        for folder in locations.own_folders()
        if any(path == folder or folder in path.parents for path in open_ones)
    )
    if any(path.lstat().st_uid != os.geteuid() for path in open_ones):
        return warn("private", value, f"sudo chown -R -h $USER {places}; chmod -R go= {places}")
    return warn("private", value, f"chmod -R go= {places}")


def disk(config: Config) -> list[Check]:
    """Room where weights and rendered sentences go."""
    place = _existing(locations.data_dir())
    free = shutil.disk_usage(place).free
    value = f"{free / GIB:.1f} GiB free at {place}"
    if free < MIN_DISK:
        return [warn("disk", value, "Make room, or lower backend.cascade.voice_cache_mb.")]
    return [ok("disk", value)]


def memory(config: Config) -> list[Check]:
    """Memory that programs may still have."""
    available, total = hardware.memory()
    if not total:
        return [warn("memory", "unknown")]
    known = available or total
    value = f"{total / GIB:.1f} GiB"
    if available:
        value += f", {available / GIB:.1f} GiB available"
    if known < MIN_MEMORY:
        return [warn("memory", value, "Close other programs if it stutters.")]
    return [ok("memory", value)]


def terminal(config: Config) -> list[Check]:
    """Colours and letters the dashboard can use."""
    kind = os.environ.get("TERM", "")
    truecolor = os.environ.get("COLORTERM", "").lower() in ("truecolor", "24bit")
    encoding = (sys.stdout.encoding or "").lower()
    size = shutil.get_terminal_size()
    if os.environ.get("NO_COLOR"):
        colours = "no colours (NO_COLOR is set)"
    elif truecolor or kind.endswith("-direct"):
        colours = "16 million colours"
    else:
        colours = "256 colours" if "256color" in kind else "16 colours"
    value = f"{kind or 'TERM is not set'}, {colours}, {size.columns}×{size.lines}, {encoding}"
    if kind in ("", "dumb"):
        return [warn("terminal", value, "Use `assistant plain`, or set TERM.")]
    if "utf" not in encoding:
        return [warn("terminal", value, "Set a UTF-8 locale, for example LANG=C.UTF-8.")]
    if (size.columns, size.lines) < (60, 18) or size.lines < 18:
        return [warn("terminal", value, "The dashboard wants at least 60×18.")]
    return [ok("terminal", value)]


def _writable(name: str, path: Path) -> Check:
    place = _existing(path)
    if place.is_dir() and os.access(place, os.W_OK | os.X_OK):
        return ok(name, str(path))
    why = "cannot be written" if place.is_dir() else f"{place} is no folder"
    return warn(name, f"{path}: {why}", "Nothing can be kept there. Change its owner or mode.")


def _existing(path: Path) -> Path:
    """The path, or the nearest above it that is there."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


TIME_LIMIT = 10.0
"""Seconds for all checks together: they run side by side."""
Checks = Mapping[str, Callable[[Config], list[Check]]]

CHECKS: Checks = {
    "python": python,
    "backends": engines.backends,
    "moshi": engines.moshi,
    "moshi.cpp": engines.moshi_cpp,
    "whisper weights": speech.whisper,
    "voice weights": speech.voice,
    "brain": speech.brain,
    "sound": speech.sound,
    "personas": speech.personas,
    "permissions": speech.permissions,
    "plugins": speech.plugins,
    "discord": calls.discord,
    "virtual cable": calls.cable,
    "folders": folders,
    "disk": disk,
    "memory": memory,
    "gpu": engines.gpu,
    "terminal": terminal,
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
