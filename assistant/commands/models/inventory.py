"""Every model that the assistant can use, and where it is on this machine. Nothing is loaded."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from assistant.backends.base import BackendError
from assistant.backends.cascade import weights as whisper
from assistant.backends.cascade import weights_choice
from assistant.backends.cascade.endpointing import smart_turn_weights
from assistant.backends.cascade.synthesis.engines import choice, hub_voices
from assistant.backends.cascade.synthesis.engines.catalog import BEST_FIRST, EngineSpec
from assistant.backends.cascade.synthesis.engines.hub_voices import HubVoices
from assistant.backends.moshi.checkpoint import catalog, finding
from assistant.backends.moshi.checkpoint.weights import read_checkpoint
from assistant.backends.moshi_cpp import weights as moshi_cpp
from assistant.brain.local import weights as language_models
from assistant.config.schema import Config
from assistant.models import hub as hub_cache

Kind = Literal["moshi", "personaplex", "stt", "whisper", "turns", "voice", "brain"]
Place = Literal["packaged", "cached", "folder", "partial", "absent"]

ROLES: dict[Kind, str] = {
    "moshi": "converses",
    "personaplex": "converses as any persona",
    "stt": "writes down what you say",
    "whisper": "writes down what you say",
    "turns": "hears when you are done",
    "voice": "speaks",
    "brain": "answers",
}


@dataclass(frozen=True, slots=True)
class Model:
    """One set of weights."""

    name: str
    kind: Kind
    backends: tuple[str, ...]
    place: Place
    path: Path | None = None
    size: int | None = None
    """Bytes: on the disk where it is there, else of the download, about."""
    about: str = ""
    licence: str = ""
    gated: bool = False
    packages: tuple[str, ...] = ()
    """Importable names of the packages that bring it."""
    extra: str = ""
    """Extra of ours that installs them."""
    chosen: bool = False
    """The settings name it."""

    @property
    def is_here(self) -> bool:
        return self.place in ("packaged", "cached", "folder")


def inventory(config: Config) -> list[Model]:
    """All known models, then what else is in the Hugging Face cache or named by the settings."""
    known = [
        *_published(config),
        *_moshi_cpp(config),
        *_whispers(config),
        _smart_turn(),
        *_voices(config),
        *_brains(config),
    ]
    names = {model.name for model in known}
    further = [m for m in [*_further(config), *_folders(config)] if m.name not in names]
    return [*known, *further]


def find_model(name: str, config: Config) -> Model:
    """The model that a person means. Raises `BackendError` where there is none."""
    published = catalog.published(name) or moshi_cpp.published(name)
    wanted = published.repository if published else name
    for model in inventory(config):
        same_repository = model.kind == "whisper" and wanted == _whisper_repository(model.name)
        if wanted == model.name or same_repository:
            return model
    raise BackendError(f"No model is called “{name}”.", "See them: assistant models list")


def size_on_disk(folder: Path) -> int:
    """Bytes of the files in a folder, each counted once however many links lead to it."""
    sizes: dict[tuple[int, int], int] = {}
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                stat = (Path(root) / name).stat()
            except OSError:
                continue
            sizes[stat.st_dev, stat.st_ino] = stat.st_size
    return sum(sizes.values())


def _published(config: Config) -> Iterator[Model]:
    named = {config.backend.moshi.weights, config.backend.moshi.listener_weights}
    for known in catalog.PUBLISHED:
        place, path, size = _cached(known.repository)
        yield Model(
            known.repository,
            known.kind,
            tuple(f"moshi-{framework}" for framework in known.frameworks),
            place,
            path,
            size if place == "cached" else known.size,
            f"{known.stored}, {known.voice}",
            known.licence,
            known.gated,
            chosen=bool(named & {known.repository, known.name}),
        )


def _moshi_cpp(config: Config) -> Iterator[Model]:
    """Its own files: nothing else can load them."""
    for known in moshi_cpp.PUBLISHED:
        folder = moshi_cpp.folder_of(known)
        done = moshi_cpp.is_here(known)
        size = size_on_disk(folder)
        yield Model(
            known.repository,
            known.kind,
            ("moshi-cpp",),
            "cached" if done else "partial" if size else "absent",
            folder if size else None,
            size if done else known.size,
            known.voice,
            known.licence,
            chosen=config.backend.moshi_cpp.model in (known.repository, known.name),
        )


def _further(config: Config) -> Iterator[Model]:
    """Checkpoints in the cache that we don't know by name."""
    for folder in sorted(hub_cache.cache_root().glob("models--*--*")):
        repository = folder.name.removeprefix("models--").replace("--", "/", 1)
        place = finding.complete_snapshot(repository)
        if place is not None:
            found = read_checkpoint(place, unpack=False)
            yield Model(
                repository,
                found.kind,
                _backends(place),
                "cached",
                place,
                size_on_disk(folder),
                f"{found.stored if found.stored != 'none' else 'not quantised'}, {found.format}",
                chosen=config.backend.moshi.weights == repository,
            )


def _folders(config: Config) -> Iterator[Model]:
    for named in {config.backend.moshi.weights, config.backend.moshi.listener_weights} - {None}:
        folder = Path(named or "").expanduser()
        if folder.is_dir():
            try:
                found = read_checkpoint(folder, unpack=False)
            except BackendError:
                continue
            yield Model(
                named or "",
                found.kind,
                _backends(folder),
                "folder",
                folder,
                size_on_disk(folder),
                "from your settings",
                chosen=True,
            )
    folder = Path(config.stt).expanduser()
    if folder.is_dir():
        size = size_on_disk(folder)
        yield Model(
            config.stt,
            "whisper",
            ("cascade",),
            "folder",
            folder,
            size,
            "from your settings",
            chosen=True,
        )


def _backends(folder: Path) -> tuple[str, ...]:
    frameworks: tuple[catalog.Framework, ...] = ("torch", "mlx")
    return tuple(f"moshi-{name}" for name in frameworks if finding.cached(str(folder), name))


def _cached(repository: str) -> tuple[Place, Path | None, int]:
    folder = hub_cache.repository_folder(repository)
    if not folder.is_dir():
        return "absent", None, 0
    place = finding.complete_snapshot(repository)
    size = size_on_disk(folder)
    if place is not None:
        return "cached", place, size
    return ("partial", folder, size) if size else ("absent", None, 0)


def _whispers(config: Config) -> Iterator[Model]:
    settings = config.stt, config.backend.cascade.threads, config.audio.language
    chosen = weights_choice.chosen(*settings) or ""
    for name in whisper.PACKAGES:
        yield _packaged_whisper(name, chosen)
    names = dict.fromkeys([*whisper.MEGABYTES, *([chosen] if _is_pulled(chosen) else [])])
    for name in names:
        folder = whisper.folder_of(name)
        done = whisper.is_complete(folder)
        partial = not done and folder.is_dir() and size_on_disk(folder) > 0
        size = size_on_disk(folder) if done else whisper.MEGABYTES.get(name, 0) * 1_000_000
        yield Model(
            name,
            "whisper",
            ("cascade",),
            "cached" if done else "partial" if partial else "absent",
            folder if done or partial else None,
            size or None,
            _languages(name),
            "MIT",
            chosen=chosen in (name, whisper.repository_of(name)),
        )


def _packaged_whisper(name: str, chosen: str) -> Model:
    """Installed, or pulled: then it is a download of ours, whose parts were joined."""
    spec = f"{whisper.PACKAGED}{name}"
    folder, sources = whisper.folder_of(spec), whisper.PACKAGES[name]
    installed = next((s for s in sources if _are_installed(s.modules)), None)
    if installed is not None:
        about = "comes with a package"
        model = _packaged(spec, "whisper", installed.modules, installed.extra, about, chosen)
        return replace(model, about=f"{about}, {_languages(name)}", licence="MIT")
    done = whisper.is_complete(folder)
    begun = not done and folder.is_dir() and size_on_disk(folder) > 0
    return Model(
        spec,
        "whisper",
        ("cascade",),
        "cached" if done else "partial" if begun else "absent",
        folder if done or begun else None,
        size_on_disk(folder) if done else sources[0].file.size,
        f"from packages, {_languages(name)}",
        "MIT",
        chosen=chosen == spec,
    )


def _languages(name: str) -> str:
    return "English only" if whisper.is_english_only(name) else "many languages"


def _is_pulled(spec: str) -> bool:
    if not spec or spec in whisper.repository_names() or spec.startswith(whisper.PACKAGED):
        return False
    return spec.count("/") == 1 and not Path(spec).expanduser().is_dir()


def _whisper_repository(name: str) -> str | None:
    try:
        return whisper.repository_of(name)
    except BackendError:
        return None


def _smart_turn() -> Model:
    here = smart_turn_weights.find()
    return Model(
        smart_turn_weights.NAME,
        "turns",
        ("cascade",),
        "cached" if here is not None else "absent",
        here,
        smart_turn_weights.SIZE if here is not None else smart_turn_weights.DOWNLOAD,
        "interrupts you less",
        smart_turn_weights.LICENCE,
    )


def _voices(config: Config) -> Iterator[Model]:
    engine = choice.chosen(config.backend.cascade.voice_engine, config.backend.cascade.threads)
    for spec in BEST_FIRST:
        if spec.packages:
            model = _packaged(
                spec.name, "voice", spec.packages, spec.extra, spec.about, engine or ""
            )
            yield replace(model, licence=spec.licence)
    pulled = {spec.weights.name: spec for spec in BEST_FIRST if spec.weights is not None}
    for voices in hub_voices.KNOWN.values():
        yield _pulled_voices(voices, pulled.get(voices.name), engine or "")


def _pulled_voices(voices: HubVoices, spec: EngineSpec | None, chosen: str) -> Model:
    """Voices that are on the hub: those that an engine needs, or more of them for it."""
    folder = hub_voices.folder_of(voices)
    done = hub_voices.is_here(voices)
    begun = not done and folder.is_dir() and size_on_disk(folder) > 0
    missing = [m for m in (spec.modules if spec else ()) if importlib.util.find_spec(m) is None]
    about = f"{voices.about}; also: {spec.remedy}" if spec and missing else voices.about
    return Model(
        voices.name,
        "voice",
        ("cascade",),
        "cached" if done else "partial" if begun else "absent",
        folder if done or begun else None,
        size_on_disk(folder) if done else voices.size,
        about,
        voices.licence,
        chosen=spec is not None and chosen == spec.name,
    )


def _brains(config: Config) -> Iterator[Model]:
    chosen = config.brain.weights
    known = {model.name: model for model in language_models.KNOWN}
    here = [path.stem for path in language_models.files_here()]
    for name in dict.fromkeys([*known, *here]):
        path, begun = language_models.place_of(name), language_models.begun(name)
        is_here = name in here
        about = known.get(name)
        size = path.stat().st_size if is_here else about.size if about else None
        yield Model(
            name,
            "brain",
            ("any",),
            "cached" if is_here else "partial" if begun else "absent",
            path if is_here else begun[0] if begun else None,
            size,
            "" if is_here else f"assistant setup brain --model {name}",
            about.licence if about else "",
            chosen=chosen == name,
        )
    file = Path(chosen or "").expanduser()
    if chosen and chosen not in (*known, *here) and file.is_file():
        size = file.stat().st_size
        yield Model(chosen, "brain", ("any",), "folder", file, size, "a file of yours", chosen=True)


def _packaged(
    name: str,
    kind: Kind,
    packages: Sequence[str],
    extra: str,
    about: str,
    chosen: str,
    backends: tuple[str, ...] = ("cascade",),
) -> Model:
    here = _are_installed(packages)
    sizes = [_package_size(package) for package in packages] if here else []
    return Model(
        name,
        kind,
        backends,
        "packaged" if here else "absent",
        size=sum(sizes) or None,
        about=about or "comes with a package",
        packages=tuple(packages),
        extra=extra,
        chosen=chosen == name,
    )


def _are_installed(packages: Sequence[str]) -> bool:
    return all(importlib.util.find_spec(package) is not None for package in packages)


def _package_size(package: str) -> int:
    found = importlib.util.find_spec(package)
    places = found.submodule_search_locations if found else None
    return sum(size_on_disk(Path(place)) for place in places or ())


def recorded_files(package: str) -> list[importlib.metadata.PackagePath]:
    """The files of an installed package with the hashes they were installed with."""
    try:
        files = importlib.metadata.files(package.replace("_", "-"))
    except importlib.metadata.PackageNotFoundError:
        return []
    return [file for file in files or () if file.hash is not None]
