"""`assistant setup`: isolated environments for the backends whose packages need them."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.backends.moshi_cpp import finding
from assistant.backends.moshi_cpp.weights import PROGRAM, PUBLISHED, find_weights
from assistant.commands.runner import FAILED, agreed
from assistant.commands.tables import console, print_json
from assistant.config.editing import set_value
from assistant.config.schema import Config
from assistant.models import environment_maker as maker
from assistant.models.environments import RECIPES, Environment, folder_of, home, inspect
from assistant.terminal.output import print_path

_MAIN = ("torch", "mlx", "moshi", "moshi_mlx", "rustymimi")
"""Packages whose versions are worth telling."""


def setup_command(name: str, *, yes: bool = False, python: str | None = None) -> int:
    """Make the environment of a backend, after telling what it takes. Raises `BackendError`."""
    recipe = RECIPES[name]
    before = inspect(name)
    if before.state == "ready" and python is None:
        print(f"{name} is set up already: {described(before)}", file=sys.stderr)
        return 0
    chosen = maker.find_python(python)
    about = f"{recipe.download / 1e9:.1f} GB to download, {recipe.disk / 1e9:.1f} GB on the disk"
    if before.state != "absent":
        print(f"{name} is made anew: {before.why or 'as you wish'}", file=sys.stderr)
    question = f"Set up {name} with Python {chosen} in {folder_of(name)}? About {about}."
    alone = f"setting up {name} takes about {about}, and nobody is there to agree"
    if not yes and (code := agreed(question, alone)):
        return code
    print_path(_make(name, chosen))
    print(f"{name} is set up: {described(inspect(name))}", file=sys.stderr)
    print(f"use it: assistant --backend {name}", file=sys.stderr)
    return 0


def list_command(*, json_output: bool = False) -> int:
    """What is set up, and what could be."""
    found = [inspect(name) for name in RECIPES]
    if json_output:
        from dataclasses import asdict

        listed = [{**asdict(e), "folder": str(folder_of(e.name))} for e in found]
        for each, environment in zip(listed, found, strict=True):
            each["versions"] = dict(environment.versions)
        print_json(listed)
        return 0
    width = max(map(len, RECIPES))
    for environment in found:
        print(f"{environment.name:<{width}}  {described(environment)}")
        if environment.state != "ready":
            print(f"{'':<{width}}  assistant setup {environment.name}")
        else:
            size = _size(folder_of(environment.name)) / 1e9
            print(f"{'':<{width}}  {folder_of(environment.name)}, {size:.1f} GB")
    return 0


def remove_command(name: str, *, yes: bool = False) -> int:
    """Raises `BackendError`."""
    folder = folder_of(name)
    if name not in RECIPES or not folder.exists():
        known = ", ".join(RECIPES)
        raise BackendError(
            f"there is no environment called “{name}” in {home()}", f"Known: {known}"
        )
    question = f"Remove {folder}, {_size(folder) / 1e9:.1f} GB?"
    alone = f"removing {folder} cannot be undone, and nobody is there to agree"
    if not yes and (code := agreed(question, alone)):
        return code
    maker.remove(name)
    print(f"{name} is removed", file=sys.stderr)
    return 0


def described(environment: Environment) -> str:
    """One line: "Python 3.12.4, torch 2.13.0, moshi 0.2.13"."""
    if environment.state == "absent":
        return "not set up"
    if environment.state != "ready":
        return f"{environment.state}: {environment.why}"
    versions = [f"{name} {v}" for name, v in environment.versions if name in _MAIN]
    return ", ".join([f"Python {environment.python}", *versions])


# moshi.cpp is no package: it is a program that people get themselves.

_LIKELY = (
    "moshi.cpp*",
    "moshi.cpp*/build/bin",
    "*/moshi.cpp*/build/bin",
    "Downloads/moshi*",
    "Downloads/moshi*/bin",
    "bin",
    ".local/bin",
)
"""Folders below the home in which it is looked for, where it is not on the `PATH`."""
_HOW_TO_GET_IT = """\
moshi.cpp runs Moshi and PersonaPlex on graphics cards of any make (CUDA, Vulkan), from 8 GB on.
1. Download a release for this machine and unpack it:
     https://github.com/Codes4Fun/moshi.cpp/releases
   or build it, as its README tells; SDL2 and FFmpeg 7 are needed, too.
2. Run this again; it finds the program in Downloads, in a folder moshi.cpp and on the PATH. Else:
     assistant config set backend.moshi_cpp.program /path/to/moshi-sts
3. assistant models pull {model}"""


def moshi_cpp_command(config: Config, *, yes: bool = False) -> int:
    """Find the program, ask it for its devices, and tell what is still to be done; 1 where there is
    none. Raises `BackendError` where the one that is set, or was found, cannot run."""
    model = PUBLISHED[0].name
    settings = config.backend.moshi_cpp
    program = _moshi_cpp_program(settings.program)
    if program is None:
        print(f"there is no {PROGRAM} on this machine\n", file=sys.stderr)
        print(_HOW_TO_GET_IT.format(model=model), file=sys.stderr)
        return FAILED
    devices = ", ".join(finding.devices_of(program))
    print_path(program)
    print(f"its devices: {devices}", file=sys.stderr)
    on_path = shutil.which(PROGRAM)
    if settings.program is None and (on_path is None or Path(on_path) != program):
        question = f"Use {program}? It is written to your settings."
        if not yes and (code := agreed(question, f"{program} is not in your settings yet")):
            return code
        set_value("backend.moshi_cpp.program", str(program))
    try:
        print(f"weights: {find_weights(settings.model).folder}", file=sys.stderr)
    except BackendError as error:
        print(f"{error.message}: {error.remedy}", file=sys.stderr)
        return 0
    print("use it: assistant --backend moshi-cpp", file=sys.stderr)
    return 0


def _moshi_cpp_program(named: str | None) -> Path | None:
    """The one of the settings, on the `PATH`, or in a likely place."""
    if named is not None or shutil.which(PROGRAM) is not None:
        return finding.find_program(named)
    for pattern in _LIKELY:
        for folder in sorted(Path.home().glob(pattern), reverse=True):
            if (folder / PROGRAM).is_file():
                return finding.checked_program(folder / PROGRAM)
    return None


def _make(name: str, python: maker.Python) -> Path:
    """The status line is drawn on stderr; where that is no terminal, one line a step."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    out = console(stderr=True)
    if not out.is_terminal:
        return maker.make(RECIPES[name], python, _Lines().tell)
    words = TextColumn("{task.description}", markup=False)
    columns = (SpinnerColumn(), words, BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("", total=None)

        def tell(text: str, fraction: float | None) -> None:
            if text:
                bar.update(task, description=text)
            bar.update(task, total=None if fraction is None else 1.0, completed=fraction or 0.0)

        return maker.make(RECIPES[name], python, tell)


class _Lines:
    """Progress for logs: what is looked for is left out, the rest is told once."""

    def __init__(self) -> None:
        self._last = ""

    def tell(self, text: str, fraction: float | None) -> None:
        if text and text != self._last and not text.startswith("Looking"):
            print(text, file=sys.stderr, flush=True)
            self._last = text


def _size(folder: Path) -> int:
    """Bytes of all files."""
    return sum(f.lstat().st_size for f in folder.rglob("*") if f.is_file() and not f.is_symlink())
