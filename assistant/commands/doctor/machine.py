"""The doctor's checks of the machine: Python, folders, disk, memory, terminal."""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import sys
from pathlib import Path

from assistant import locations
from assistant.commands.doctor.report import Check, ok, warn
from assistant.config.schema import Config
from assistant.models import hardware
from assistant.models.hardware import GIB
from assistant.private_files import open_to_others

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
