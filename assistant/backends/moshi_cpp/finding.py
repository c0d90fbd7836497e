"""The program and its weights on this machine: where they are, and whether they could run here.

Nothing is started and nobody is asked over a network, but by `pull`, for somebody who agreed.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.backends.base import BackendError, BackendReport, Look, packages_missing
from assistant.locations import models_dir
from assistant.private_files import remove_tree

if TYPE_CHECKING:
    from assistant.config.schema import Config
    from assistant.models.hub import HubFile, Listing, Progress

PROGRAM = "moshi-sts"
SETTING = "backend.moshi_cpp"
GET_IT = f"assistant setup moshi-cpp tells where to get it; then set {SETTING}.program"

# The program.

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


# The weights.

Kind = Literal["moshi", "personaplex"]


@dataclass(frozen=True, slots=True)
class Published:
    """One model, in the files that moshi.cpp's author publishes, at a fixed commit."""

    repository: str
    commit: str
    kind: Kind
    size: int
    """Bytes with what it shares with the others, about."""
    licence: str
    voice: str
    """Who speaks, in words."""
    files: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.repository.rsplit("/", 1)[-1]


DONE = "complete.json"
"""Written last, with the hash of each file."""
VOICES = tuple(
    f"{kind}{number}"
    for kind, count in (("NATF", 4), ("NATM", 4), ("VARF", 5), ("VARM", 5))
    for number in range(count)
)
_COMMON = Published(
    "Codes4Fun/moshi-common",
    "a39d64307b971321140a67dc1bc4a8b0e43e4e6b",
    "moshi",
    0,
    "",
    "",
    ("tokenizer_spm_32k_3.model", "mimi-e351c8d8-125.gguf"),
)
"""Tokenizer and Mimi, which the models' configurations name as `../moshi-common/…`."""
PUBLISHED = (
    Published(
        "Codes4Fun/personaplex-7b-v1-q4_k-GGUF",
        "1685c70257e525bc6c72470eee1ab2cacff3f709",
        "personaplex",
        5_000_000_000,
        "NVIDIA Open Model License",
        "q4_k, any voice, any role",
        (
            "personaplex-config.json",
            "model-q4_k.gguf",
            *(f"voices/{voice}.gguf" for voice in VOICES),
        ),
    ),
    Published(
        "Codes4Fun/moshika-q4_k-GGUF",
        "ef0b8d55ea51706e5285fded849218f81ff637dc",
        "moshi",
        4_700_000_000,
        "CC-BY 4.0",
        "q4_k, a woman's voice",
        ("config.json", "model-q4_k.gguf"),
    ),
)
"""From the lists for aria2 in moshi.cpp's `tools`; in the order in which they are looked for."""


def published(name: str) -> Published | None:
    return next((p for p in PUBLISHED if name in (p.repository, p.name)), None)


def root() -> Path:
    """Where the program is to look for models (`-r`): in folders `publisher/model`."""
    return models_dir() / "moshi.cpp"


def folder_of(model: Published) -> Path:
    return root() / model.repository


def is_here(model: Published) -> bool:
    """Complete, with what it shares with the others."""
    return all((folder_of(each) / DONE).is_file() for each in (model, _COMMON))


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's folder on this machine."""

    folder: Path
    prompted: bool
    """PersonaPlex: it takes on a role and a voice."""

    @property
    def name(self) -> str:
        return self.folder.name

    def voice(self, name: str | None) -> Path | None:
        """The file of this voice: a recording, or one of the model's own by name ("NATF2",
        "NATF2.pt"); None where there is none."""
        if not name:
            return None
        path = Path(name).expanduser()
        if path.is_absolute():
            return path if path.is_file() else None
        stem = name.removesuffix(".pt")
        names = (name, *(f"voices/{stem}{kind}" for kind in (".gguf", ".safetensors")))
        return next((p for p in (self.folder / each for each in names) if p.is_file()), None)


def find_weights(named: str | None) -> Weights:
    """The folder, or the published model, that the settings name; else one that was downloaded.
    Raises `BackendError` where there is none, or a file of it is missing."""
    if named is None:
        here = next((model for model in PUBLISHED if is_here(model)), None)
        if here is None:
            raise BackendError(
                "no weights for moshi.cpp are on this machine",
                f"assistant models pull {PUBLISHED[0].name} (about 5.0 GB)",
            )
        return _checked(folder_of(here))
    known = published(named)
    if known is not None:
        if not is_here(known):
            size = f"{known.size / 1e9:.1f} GB"
            raise BackendError(
                f"the weights {known.name} are not on this machine",
                f"assistant models pull {known.name} (about {size})",
            )
        return _checked(folder_of(known))
    folder = Path(os.path.expandvars(named)).expanduser()
    if not folder.is_dir():
        what = "is a file, and a folder is wanted" if folder.exists() else "is no folder"
        raise BackendError(
            f"{folder} {what}", f"Set {SETTING}.model to a folder, or to {PUBLISHED[0].name}"
        )
    return _checked(folder.absolute())


def _checked(folder: Path) -> Weights:
    """The program takes for PersonaPlex whatever has that word in its path, and nothing else."""
    prompted = "personaplex" in str(folder)
    own = folder / "personaplex-config.json"
    if own.is_file() and not prompted:
        raise BackendError(
            f"{folder} holds PersonaPlex, which {PROGRAM} knows by its path only",
            "Rename the folder so that “personaplex” is in its name.",
        )
    config = own if prompted else folder / "config.json"
    model = folder / (_named_in(config) if config.is_file() else "model.safetensors")
    if not model.is_file():
        raise BackendError(
            f"the weights {model} are missing",
            "Copy them there, or choose others: assistant models list",
        )
    with model.open("rb") as file:
        head = file.read(16)
    if not _is_weights(model, head):
        raise BackendError(
            f"{model} is no file of weights", "It is damaged; copy or download it again."
        )
    return Weights(folder, prompted)


def _named_in(config: Path) -> str:
    """The file of the language model, by its configuration."""
    try:
        content = json.loads(config.read_text("utf-8"))
        name = content.get("moshi_name", "model.safetensors")
        return str(name)
    except (OSError, ValueError, AttributeError) as error:
        raise BackendError(
            f"{config} cannot be read: {error}", "Copy or download it again."
        ) from error


def _is_weights(path: Path, head: bytes) -> bool:
    """GGUF begins with its name, safetensors with the length of a JSON header that follows."""
    if path.suffix == ".gguf":
        return head.startswith(b"GGUF")
    length = int.from_bytes(head[:8], "little")
    return head[8:9] == b"{" and length < path.stat().st_size


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
    on_processor = (settings.device or "").upper() == "CPU"
    wanted = settings.program is not None or settings.model is not None
    suited = not on_processor and (wanted or look().apple_silicon or bool(look().cards))
    return BackendReport(name, True, reason, suited=suited)


# Getting them.


def size_of(model: Published) -> int | None:
    """Bytes to download: 0 where all is here, None where the hub does not tell. Raises
    `BackendError`."""
    if is_here(model):
        return 0
    from assistant.models import hub

    return hub.total_size(file for _, files, _ in _needed(model) for file in files)


def pull(model: Published, progress: Progress) -> Path:
    """Download what is missing, the shared files first; goes on where an earlier try stopped.
    Raises `BackendError`."""
    from assistant.models import hub

    for source, files, folder in [] if is_here(model) else list(_needed(model)):
        hashes = hub.download_to_folder(source, files, folder, progress)
        about = {"repository": source.repository, "commit": source.commit, "sha256": hashes}
        (folder / DONE).write_text(json.dumps(about, indent=1), encoding="utf-8")
    return folder_of(model)


def remove(model: Published) -> None:
    """Delete its files, and the shared ones with the last model."""
    remove_tree(folder_of(model))
    if not any(folder_of(other).is_dir() for other in PUBLISHED):
        remove_tree(folder_of(_COMMON))


def _needed(model: Published) -> Iterator[tuple[Listing, list[HubFile], Path]]:
    """What each of the two repositories is to give, and where it goes."""
    from assistant.models import hub

    for each in (_COMMON, model):
        if (folder_of(each) / DONE).is_file():
            continue
        source = hub.listing(each.repository, revision=each.commit)
        found = [source.get(name) for name in each.files]
        if None in found:
            lacking = each.files[found.index(None)]
            raise BackendError(f"{each.repository} has no {lacking}", "Choose another model.")
        yield source, [file for file in found if file is not None], folder_of(each)
