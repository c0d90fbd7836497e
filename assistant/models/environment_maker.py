"""Makes the isolated environments: with venv and pip, aside, put in place when it works.

Whatever ends it early (Ctrl-C, no network, a full disk, a crash), the environment that was there
before stays as it was, and the next attempt clears the rest away.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.locations import scratch_dir
from assistant.models.environments import (
    NEWEST,
    OLDEST,
    STAMP,
    Recipe,
    code_path,
    folder_of,
    home,
    interpreter,
)
from assistant.private_files import make_folder, remove_tree, scratch_folder

# What pip says, for people: how far it is, and why it failed.

_LINES_TOLD = 6

_PROGRESS = re.compile(r"Progress (\d+) of (\d+)$")
_DOWNLOAD = re.compile(r"\s*Downloading (\S+?)(?:\.whl\S*|\.tar\.gz)? \((.+)\)$")
_COLLECT = re.compile(r"\s*Collecting (\S+)")
_INSTALL = re.compile(r"Installing collected packages: (.+)$")


def progress_of(line: str) -> tuple[str, float | None] | None:
    """What a line of pip's says to a person; None where it is not about progress."""
    if match := _PROGRESS.match(line):
        done, total = int(match[1]), int(match[2])
        return "", done / total if total else None
    if match := _DOWNLOAD.match(line):
        name, version, *_ = f"{match[1].rsplit('/', 1)[-1]}-".split("-")
        return f"Downloading {name} {version} ({match[2]})", None
    if match := _COLLECT.match(line):
        return f"Looking for {match[1]}", None
    if match := _INSTALL.match(line):
        return f"Installing {len(match[1].split(','))} packages", None
    return None


_CAUSES = (
    (
        r"No space left on device|Errno 28|Disk quota",
        "the disk is full",
        "Free room, and try again.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError",
        "the package index's certificate is not trusted",
        "Behind a company's proxy, set PIP_CERT to its certificate.",
    ),
    (
        r"name resolution|Name or service not known|nodename nor servname|NewConnectionError"
        r"|Network is unreachable|Connection refused|ConnectTimeout|ProxyError|Max retries",
        "the package index cannot be reached",
        "Check the connection, and try again: what was downloaded is kept.",
    ),
    (
        r"ensurepip|No module named (?:venv|pip)",
        "Python's venv module is missing",
        "On Debian or Ubuntu: sudo apt-get install python3-venv; or give another with --python.",
    ),
    (
        r"No matching distribution|Could not find a version|is not a supported wheel",
        "a package has no build for this system and Python",
        "Try another Python with --python (3.11 to 3.13).",
    ),
    (r"MemoryError|Killed", "there is not enough memory", "Close other programs, and try again."),
)


def explained(failure: str, lines: list[str]) -> BackendError:
    """What went wrong, in words, with the last that was said about it."""
    said = "\n".join(lines)
    cause, remedy = next(
        ((cause, remedy) for pattern, cause, remedy in _CAUSES if re.search(pattern, said)),
        ("", "The last lines tell more; try again, or with another --python."),
    )
    last = "\n".join(f"  {line}" for line in lines if line.strip())[-2000:].splitlines()
    tail = "\n".join(last[-_LINES_TOLD:])
    message = f"{failure}: {cause}" if cause else failure
    return BackendError(f"{message}\n{tail}" if tail else message, remedy)


Tell = Callable[[str, float | None], None]
"""What is being done, in words ("": the same still), and how much of it, 0…1 or None."""

_ASK = "import json,sys;print(json.dumps([*sys.version_info[:3], sys.maxsize > 2**32]))"
_OTHERS = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_USER", "VIRTUAL_ENV")
"""Variables that would send packages elsewhere, or take them from elsewhere."""


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter to make the environment with."""

    path: str
    version: tuple[int, int, int]

    @property
    def usable(self) -> bool:
        return OLDEST <= self.version[:2] <= NEWEST

    def __str__(self) -> str:
        return ".".join(map(str, self.version))


def find_python(wanted: str | None = None) -> Python:
    """The interpreter asked for; else the one we run on, or another on the search path where that
    is too old or too new. Raises `BackendError`."""
    versions = f"{OLDEST[0]}.{OLDEST[1]} to {NEWEST[0]}.{NEWEST[1]}"
    if wanted is not None:
        found = _ask(wanted)
        if found is None:
            raise BackendError(f"{wanted} is no Python that can be started", "Give another.")
        if not found.usable:
            raise BackendError(
                f"{wanted} is Python {found}; Moshi's packages run on {versions}",
                "Give another with --python.",
            )
        return found
    others = (f"python{OLDEST[0]}.{n}" for n in range(NEWEST[1], OLDEST[1] - 1, -1))
    for each in (sys.executable, *others):
        found = _ask(each)
        if found is not None and found.usable:
            return found
    raise BackendError(
        f"Moshi's packages run on Python {versions}, and none of these is here",
        "Install one of them, and give it with --python if it is not on the search path.",
    )


def _ask(python: str) -> Python | None:
    path = shutil.which(python)
    if path is None:
        return None
    try:
        output = subprocess.check_output(
            [path, "-I", "-c", _ASK],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=20,
        )
        major, minor, micro, wide = json.loads(output)
    except (OSError, ValueError, TypeError, subprocess.SubprocessError):
        return None
    return Python(path, (major, minor, micro)) if wide else None


def make(recipe: Recipe, python: Python, tell: Tell) -> Path:
    """Make the environment, or make it anew; returns its folder. Raises `BackendError`."""
    place = folder_of(recipe.name)
    try:
        make_folder(home())
        _clear_remains(recipe.name)
        _check_disk(recipe)
        aside = home() / f".{recipe.name}-{os.getpid()}"
        aside.mkdir(mode=0o700)
    except OSError as error:
        raise _disk_error(error) from error
    try:
        _fill(aside, recipe, python, tell)
        _put_in_place(aside, place)
    except OSError as error:
        raise _disk_error(error) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return place


def remove(name: str) -> None:
    """Take an environment away. Raises `BackendError` where it cannot be deleted."""
    try:
        # First out of sight: half of an environment must not be taken for one.
        gone = home() / f".{name}-{os.getpid()}"
        folder_of(name).rename(gone)
        remove_tree(gone)
    except OSError as error:
        raise _disk_error(error) from error


def _fill(aside: Path, recipe: Recipe, python: Python, tell: Tell) -> None:
    tell(f"Making an environment with Python {python}", None)
    _run([python.path, "-m", "venv", str(aside)], aside, "the environment cannot be made")
    own = str(interpreter(aside))
    install = [own, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    raw = ["--progress-bar", "raw"] if _pip_version(own, aside) >= (24, 1) else []
    for packages, extra in ((recipe.packages, []), (recipe.bare, ["--no-deps"])):
        if packages:
            command = [*install, *raw, *extra, *packages]
            _run(command, aside, f"{recipe.name} cannot be installed", tell)
    tell("Trying whether everything can be loaded", None)
    modules = [*recipe.modules, "assistant.backends.host.worker"]
    code = f"import {', '.join(modules)}"
    _run([own, "-c", code], aside, f"{recipe.name} was installed and does not work", path=True)
    listed = _run([own, "-m", "pip", "list", "--format=json"], aside, "pip does not answer")
    packages_there = {each["name"]: each["version"] for each in json.loads(listed[-1])}
    shutil.rmtree(aside / "tmp", ignore_errors=True)
    stamp = {
        "fingerprint": recipe.fingerprint,
        "python": str(python),
        "made": time.strftime("%Y-%m-%d"),
        "packages": packages_there,
    }
    (aside / STAMP).write_text(json.dumps(stamp, indent=1), encoding="utf-8")


def _put_in_place(aside: Path, place: Path) -> None:
    """The interpreter finds its packages from where it stands, so that a folder may move."""
    old = home() / f".{place.name}-{os.getpid()}-old"
    with contextlib.suppress(FileNotFoundError):
        place.rename(old)
    try:
        aside.rename(place)
    except BaseException:
        with contextlib.suppress(OSError):
            old.rename(place)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _run(
    command: list[str], aside: Path, failure: str, tell: Tell | None = None, *, path: bool = False
) -> list[str]:
    """Run to its end and return the lines it said. Raises `BackendError`; whatever interrupts us
    ends it too."""
    environment = {k: v for k, v in os.environ.items() if k not in _OTHERS}
    # pip unpacks gigabytes here, for which the usual folder is often too small.
    (aside / "tmp").mkdir(exist_ok=True)
    environment |= {"TMPDIR": str(aside / "tmp"), "PYTHONUNBUFFERED": "1"}
    if path:
        environment["PYTHONPATH"] = str(code_path())
    lines: deque[str] = deque(maxlen=400)
    with _started(command, environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            text = line.rstrip()
            told = progress_of(text)
            if told is None or told[0]:
                lines.append(text)
            if told is not None and tell is not None:
                tell(*told)
    if process.returncode:
        raise explained(failure, list(lines))
    return list(lines)


@contextlib.contextmanager
def _started(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        env=environment,
    )
    try:
        yield process
        process.wait()
    except BaseException:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        raise
    finally:
        if process.stdout is not None:
            process.stdout.close()


def run_pip(arguments: Sequence[str], tell: Tell | None = None) -> None:
    """pip of the environment that we run in. Raises `BackendError`."""
    command = [sys.executable, "-m", "pip", *arguments, "--no-input", "--disable-pip-version-check"]
    if find_spec("pip") is None:
        raise BackendError(
            "The environment of this program has no pip.",
            f"Run: {sys.executable} -m ensurepip; then try again.",
        )
    with scratch_folder(scratch_dir()) as aside:
        _run(command, aside, f"pip {' '.join(arguments[:1])} failed", tell)


def _pip_version(own: str, aside: Path) -> tuple[int, ...]:
    said = _run([own, "-m", "pip", "--version"], aside, "the environment has no pip")
    match = re.search(r"pip (\d+)\.(\d+)", said[-1] if said else "")
    return (int(match[1]), int(match[2])) if match else (0, 0)


def _check_disk(recipe: Recipe) -> None:
    free = shutil.disk_usage(home()).free
    if free < recipe.disk:
        raise BackendError(
            f"{recipe.name} takes about {recipe.disk / 1e9:.1f} GB in {home()}, where"
            f" {free / 1e9:.1f} GB are free",
            "Free room, or let XDG_DATA_HOME be a folder on another disk.",
        )


def _clear_remains(name: str) -> None:
    """Attempts that were broken off; those of a process that still runs are left alone."""
    for path in home().glob(f".{name}-*"):
        pid = path.name.removeprefix(f".{name}-").removesuffix("-old")
        if pid.isdecimal() and not _runs(int(pid)):
            with contextlib.suppress(OSError):
                remove_tree(path)


def _runs(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _disk_error(error: OSError) -> BackendError:
    place = f"{error.filename}: " if error.filename else ""
    return BackendError(
        f"{place}{(error.strerror or str(error)).lower()}",
        f"The environments are in {home()}; see that it can be written and has room.",
    )
