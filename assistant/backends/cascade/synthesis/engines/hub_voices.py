"""Voices that are on a model hub: which files, where they are kept, how they are pulled.

Looking for them downloads nothing. A download goes on where it stopped, and every file is checked
against the hub's hash, or against one that is pinned here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError
from assistant.locations import models_dir

if TYPE_CHECKING:
    from assistant.models.hub import HubFile, Listing
    from assistant.models.package_parts import Progress

DONE = "complete.json"
"""Written last; a folder without it is a download that was broken off."""


@dataclass(frozen=True, slots=True)
class HubVoices:
    """Weights of a speech engine in one repository."""

    name: str
    """As in `assistant models pull NAME`."""
    repository: str
    files: tuple[str, ...]
    """Patterns of names; each has to be there at least once."""
    size: int
    """Bytes, about."""
    licence: str
    about: str
    revision: str | None = None
    """Commit that this program was written for; None: the newest."""
    hashes: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 by file name, where the weights' own package tells them."""


SUPERTONIC = HubVoices(
    "supertonic",
    "Supertone/supertonic-3",
    ("onnx/*.onnx", "onnx/*.json", "voice_styles/*.json"),
    400_000_000,
    "OpenRAIL-M",
    "ten voices, 44.1 kHz",
    revision="724fb5abbf5502583fb520898d45929e62f02c0b",
)
KITTEN = HubVoices(
    "kitten",
    "KittenML/kitten-tts-nano-0.1",
    ("kitten_tts_nano_v0_1.onnx", "voices.npz"),
    24_000_000,
    "Apache-2.0",
    "eight voices, small",
)
POCKET = HubVoices(
    "pocket",
    "kyutai/pocket-tts-without-voice-cloning",
    (
        "languages/english_2026-10/model.safetensors",
        "languages/english_2026-09/tokenizer.json",
        "languages/english_2026-10/embeddings/*.safetensors",
    ),
    450_000_000,
    "CC-BY-4.0",
    "many voices",
)
POCKET_CLONING = HubVoices(
    "pocket-cloning",
    "kyutai/pocket-tts",
    ("languages/english_2026-10/model.safetensors",),
    450_000_000,
    "CC-BY-4.0",
    "takes on the voice of a recording",
)
HIBARI = HubVoices(
    "hibari-voices",
    "maureesewilliams/hibari",
    tuple(
        f"voices/{name}.int8.onnx" for name in ("bf_emma", "am_fenrir_v2", "bm_fable", "af_kore")
    ),
    31_841_762,
    "Apache-2.0",
    "four more voices for hibari",
    hashes={
        "voices/bf_emma.int8.onnx": (
            "f709f0488ee63b583a22189a955aaf4257b9806dd330be3490661e53af0a89c1"
        ),
        "voices/am_fenrir_v2.int8.onnx": (
            "f59fbd87908c91f827bc21b1b89443757b9a8580db9eee20aa948deb731321f4"
        ),
        "voices/bm_fable.int8.onnx": (
            "c28529302f2d27cd12f62625c24425888c4e3c2675583100ec530259136b8bc6"
        ),
        "voices/af_kore.int8.onnx": (
            "346885752673e45d42f9864c9e2432094bc4b6385df060d4b83273da764d2fa9"
        ),
    },
)
KNOWN = {voices.name: voices for voices in (POCKET, POCKET_CLONING, SUPERTONIC, HIBARI, KITTEN)}


def folder_of(voices: HubVoices) -> Path:
    """Where the download is, or would be."""
    return models_dir() / "voices" / voices.name


def is_here(voices: HubVoices) -> bool:
    return (folder_of(voices) / DONE).is_file()


def find(voices: HubVoices) -> Path:
    """The folder of a complete download. Raises `BackendError` with what to do where there is
    none."""
    if not is_here(voices):
        raise not_here(voices)
    return folder_of(voices)


def not_here(voices: HubVoices) -> BackendError:
    return BackendError(
        f"The voices “{voices.name}” are not on this machine.",
        f"Run: assistant models pull {voices.name}",
    )


def size_of(voices: HubVoices, *, endpoint: str | None = None) -> int | None:
    """Bytes that `pull` would download: 0 where nothing is missing, None where it is not known.

    Raises `BackendError` where the hub cannot be asked.
    """
    if is_here(voices):
        return 0
    from assistant.models import hub

    source = hub.listing(voices.repository, endpoint, voices.revision)
    return hub.total_size(_wanted(voices, source))


def pull(voices: HubVoices, progress: Progress, *, endpoint: str | None = None) -> Path:
    """Download them, telling `progress`; the caller has asked for consent. Returns the folder.

    Raises `BackendError` that tells no network, no token, licence and full disk apart; what was
    downloaded stays for the next try.
    """
    folder = folder_of(voices)
    if is_here(voices):
        return folder
    from assistant.models import hub

    source = hub.listing(voices.repository, endpoint, voices.revision)
    hashes = hub.download_to_folder(source, _wanted(voices, source), folder, progress)
    for name, pinned in voices.hashes.items():
        if hashes.get(name) != pinned:
            (folder / name).unlink(missing_ok=True)
            raise BackendError(
                f"{name} of {voices.repository} is not what was published (its hash differs).",
                "Try again; if it stays so, choose another voice engine.",
            )
    about = {"repository": voices.repository, "commit": source.commit, "sha256": hashes}
    (folder / DONE).write_text(json.dumps(about, indent=1), encoding="utf-8")
    return folder


def _wanted(voices: HubVoices, source: Listing) -> list[HubFile]:
    for pattern in voices.files:
        if not any(fnmatch(file.name, pattern) for file in source.files):
            raise BackendError(
                f"The repository {voices.repository} no longer holds {pattern}.",
                "Update the program, or choose another voice engine.",
            )
    return [f for f in source.files if any(fnmatch(f.name, each) for each in voices.files)]
