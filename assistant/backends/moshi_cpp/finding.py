"""The program on this machine: where it is, and whether it could run here with its weights.

Nothing is started but by `devices_of`, and nobody is asked over a network.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError, BackendReport, Look, packages_missing
from assistant.backends.moshi_cpp.weights import PROGRAM, find_weights

if TYPE_CHECKING:
    from assistant.config.schema import Config

GET_IT = "assistant setup moshi-cpp tells where to get it; then set backend.moshi_cpp.program"

_ELF_MACHINES = {3: "i386", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
"""Of `e_machine`, ELF header, System V ABI."""
_SAME = {"amd64": "x86_64", "arm64": "aarch64", "i686": "i386"}
_MACH_O = (b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def find_program(named: str | None) -> Path:
    """The program that the settings name, else the one on the `PATH`. Raises `BackendError` where
    there is none, or none that could be started here."""
    if named is None:
        found = shutil.which(PROGRAM)
        if found is None:
            raise BackendError(f"there is no {PROGRAM} on this machine", GET_IT)
        return checked_program(Path(found))
    path = Path(os.path.expandvars(named)).expanduser()
    if not path.is_absolute() and os.sep not in named:
        path = Path(shutil.which(named) or path)
    return checked_program(path)


def checked_program(path: Path) -> Path:
    """Absolute. Raises `BackendError` where it is none that this machine could start."""
    inside = path / PROGRAM
    path = (inside if path.is_dir() and inside.is_file() else path).absolute()
    if not path.is_file():
        raise BackendError(f"there is no program {path}", GET_IT)
    try:
        with path.open("rb") as file:
            head = file.read(20)
    except OSError as error:
        raise BackendError(
            f"{path} cannot be read: {error.strerror}", "Check its permissions."
        ) from error
    if reason := _foreign(head):
        raise BackendError(
            f"{path} {reason}", "Get a release for this machine: assistant setup moshi-cpp"
        )
    if not os.access(path, os.X_OK):
        raise BackendError(f"{path} may not be executed", f"chmod +x {path}")
    return path


def _foreign(head: bytes) -> str:
    """Why a file that begins so is no program of this machine, in words; "" where it may be."""
    if head.startswith(b"#!"):
        return ""
    darwin = sys.platform == "darwin"
    if head.startswith(b"\x7fELF") and len(head) >= 20:
        if darwin:
            return "is a program for Linux"
        built_for = int.from_bytes(head[18:20], "little" if head[5] == 1 else "big")
        name = _ELF_MACHINES.get(built_for, f"machine {built_for}")
        here = platform.machine().lower()
        here = _SAME.get(here, here)
        return "" if name == here else f"was built for {name}, and this is {here}"
    if head.startswith(_MACH_O):
        return "" if darwin else "is a program for macOS"
    return "is a program for Windows" if head.startswith(b"MZ") else "is no program"


_LIST_LIMIT = 5.0
"""Seconds for the program to tell its devices: it opens each."""


def devices_of(program: Path) -> list[str]:
    """What it calls the devices it could run on ("CUDA0", "CPU"). Starts it; raises `BackendError`
    where it cannot run."""
    from assistant.backends.moshi_cpp.output import explained

    try:
        done = subprocess.run(
            [str(program), "-l"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_LIST_LIMIT,
        )
    except subprocess.TimeoutExpired as error:
        raise BackendError(
            f"{program} did not tell its devices within {_LIST_LIMIT:.0f} s",
            "Try it by hand: run it with -l",
        ) from error
    except OSError as error:
        raise BackendError(f"{program} cannot be started: {error.strerror}", GET_IT) from error
    found = re.findall(r'^\s+"(.+)"$', done.stderr, re.MULTILINE)
    if not found:
        raise explained(done.returncode, done.stderr, program.name, "", loading=False)
    return found


# Whether it can run here.


def check_moshi_cpp(config: Config, look: Look) -> BackendReport:
    """`auto` may take it where program and weights are there, and either was set or the machine
    has a chip that may keep up: which devices the program knows, only the program could tell."""
    name, settings = "moshi-cpp", config.backend.moshi_cpp
    try:
        program = find_program(settings.program)
        weights = find_weights(settings.model)
    except BackendError as error:
        return BackendReport(name, False, error.message, error.remedy)
    lacking = packages_missing(config, ())
    if lacking is not None:
        return BackendReport(name, False, *lacking)
    reason = f"{weights.name} with {program}"
    on_processor = settings.device.upper() == "CPU"
    wanted = settings.program is not None or settings.model is not None
    suited = not on_processor and (wanted or look().apple_silicon or bool(look().cards))
    return BackendReport(name, True, reason, suited=suited)
