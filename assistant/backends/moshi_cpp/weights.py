"""Weights for moshi.cpp: those that are published, those on this machine, and how to get them.

Looking never downloads; `size_of` and `pull` are for somebody who asked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from assistant.backends.base import BackendError
from assistant.backends.cascade.packaged_weights import DONE
from assistant.locations import models_dir
from assistant.private_files import remove_tree

if TYPE_CHECKING:
    from assistant.models.hub import HubFile, Listing, Progress

PROGRAM = "moshi-sts"
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


def folder_of(model: Published) -> Path:
    """In folders `publisher/model`, as the configurations expect it of each other."""
    return models_dir() / "moshi.cpp" / model.repository


def is_here(model: Published) -> bool:
    """Complete, with what it shares with the others."""
    return all((folder_of(each) / DONE).is_file() for each in (model, _COMMON))


# On this machine.


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
            f"{folder} {what}",
            f"Set backend.moshi_cpp.model to a folder, or to {PUBLISHED[0].name}",
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
