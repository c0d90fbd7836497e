"""`assistant personas`: list them, check the files, start a new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.text import Text

from assistant.backends.cascade.synthesis.engines.catalog import (
    AUTO,
    engine_spec,
    engines_here,
    lacking,
)
from assistant.commands.models.inventory import Model
from assistant.commands.tables import Column, console, print_json, print_table
from assistant.config.schema import Config
from assistant.locations import themes_dir, user_themes_dir
from assistant.personas.checks import advice_on
from assistant.personas.files import PersonaFailure, persona_paths, read_persona, slug_of
from assistant.personas.loading import (
    PLAIN,
    LoadedPersonas,
    lent_lines,
    load_personas,
)
from assistant.personas.schema import Colors, Persona, is_voice_name
from assistant.personas.template import persona_template
from assistant.private_files import write_whole
from assistant.terminal.output import print_path

MAX_NAME = 40


def list_personas(json_output: bool = False) -> int:
    """Print every persona with its colours; 0, because a broken file is `check`'s business."""
    personas = load_personas()
    if json_output:
        print_json(_as_json(personas))
        return 0
    columns = [*(Column(title, whole=True) for title in ("Name", "File", "Colors")), Column()]
    rows: list[tuple[str | Text, ...]] = []
    for slug, persona in personas.loaded.items():
        yours = personas.files[slug].parent == user_themes_dir()
        file = Text(slug, style="bold" if yours else "dim").append(" (yours)" if yours else "")
        rows.append((persona.name, file, _swatches(persona.colors), persona.summary))
    print_table(columns, rows)
    for failure in personas.failed:
        print_failure(console(stderr=True), failure)
    console().print(Text(f"\nYour own: {user_themes_dir()}", style="dim"), soft_wrap=True)
    return 0


def check_personas(paths: Sequence[Path] = ()) -> int:
    """Print what is wrong with these files and folders (unset: all persona files there are).

    1 if a file cannot be used or takes another persona's name; advice alone is 0.
    """
    files, failures = _files(paths or (themes_dir(), user_themes_dir()))
    advice: list[PersonaFailure] = []
    for path in files:
        file = read_persona(path)
        failures += file.problems
        if file.persona is not None:
            found = advice_on(file.persona, file.lines)
            advice += [
                PersonaFailure(path, a.line, a.message, a.remedy, loaded=True) for a in found
            ]
    if not paths:
        failures += [failure for failure in load_personas().failed if failure.loaded]
    out = console()
    for failure in [*failures, *advice]:
        print_failure(out, failure)
    broken = {failure.path for failure in failures}
    good = sum(path not in broken for path in files)
    out.print(f"{good} of {len(files)} persona files are in order.", soft_wrap=True)
    return 1 if failures else 0


def new_persona(name: str, force: bool = False) -> int:
    """Write `<slug>.toml` for a persona called `name` into the user's folder and print its path.

    1, with a message on stderr, where the name will not do or a persona of that slug exists;
    `force` overwrites the user's file, or makes one that overrides a persona of ours.
    """
    complaint = console(stderr=True)
    name = " ".join(name.split())
    slug = slug_of(name)
    problem = _bad_name(name, slug)
    path = user_themes_dir() / f"{slug}.toml"
    ours = load_personas(themes_dir())
    examples = lent_lines(ours.loaded[PLAIN], name) if PLAIN in ours.loaded else {}
    if problem is None and not force:
        if path.exists() or path.is_symlink():
            problem = f"{path} exists already. Choose another name, or overwrite it with --force."
        elif slug in ours.loaded:
            problem = (
                f'"{slug}" is one of the personas that come with the program. Choose another '
                "name, or make a file that overrides it with --force."
            )
    if problem is None:
        try:
            write_whole(path, persona_template(name, examples).encode())
        except OSError as error:
            problem = f"{path} cannot be written: {(error.strerror or str(error)).lower()}."
    if problem is not None:
        complaint.print(Text(problem), soft_wrap=True)
        return 1
    print_path(path)
    for failure in load_personas().failed:
        if failure.path == path:
            print_failure(complaint, failure)
    return 0


def _bad_name(name: str, slug: str) -> str | None:
    if not name:
        return "A persona needs a name, for example: assistant personas new Ada"
    if not name.isprintable() or "{" in name or "}" in name:
        return "A name is made of letters, digits, spaces and ordinary signs, without { and }."
    if len(name) > MAX_NAME:
        return f"This name has {len(name)} characters; it may have {MAX_NAME}."
    if not slug:
        return (
            "The file's name is made from the persona's, so it needs a letter from a to z or a "
            "digit. Take any such name now; you can change `name` in the file afterwards."
        )
    return None


def _files(paths: Sequence[Path]) -> tuple[list[Path], list[PersonaFailure]]:
    files: list[Path] = []
    failures: list[PersonaFailure] = []
    for path in paths:
        # A folder that ends in .toml is found inside another one, and is a mistake there.
        if path.is_dir() or path in (themes_dir(), user_themes_dir()):
            inside, failure = persona_paths(path)
            files += inside
            failures += [failure] if failure else []
        else:
            files.append(path)
    return files, failures


def _swatches(colors: Colors) -> Text:
    """Five blocks on the persona's own background."""
    swatch = Text(" ", style=f"on {colors.background}")
    for color in (colors.primary, colors.secondary, colors.accent, colors.success, colors.error):
        swatch.append("●", style=f"{color} on {colors.background}")
        swatch.append(" ", style=f"on {colors.background}")
    return swatch


def print_failure(out: Console, failure: PersonaFailure) -> None:
    """One line: file, line, what is wrong, and the remedy."""
    text = Text(failure.full_place, style="bold").append(f": {failure.message}. ", style="not bold")
    text.append(failure.remedy, style="not bold green")
    if failure.loaded:
        text.append(" (a hint: it loads all the same)", style="not bold dim")
    out.print(text, soft_wrap=True)


def _as_json(personas: LoadedPersonas) -> dict[str, object]:
    return {
        "personas": [
            {
                "slug": slug,
                "name": persona.name,
                "aliases": persona.aliases,
                "summary": persona.summary,
                "order": persona.order,
                "file": str(personas.files[slug]),
                "yours": personas.files[slug].parent == user_themes_dir(),
                "voice": persona.voice.model_dump(),
                "colors": persona.colors.model_dump(),
            }
            for slug, persona in personas.loaded.items()
        ],
        "failed": [
            {
                "file": str(failure.path),
                "line": failure.line,
                "message": failure.message,
                "remedy": failure.remedy,
                "loaded": failure.loaded,
            }
            for failure in personas.failed
        ],
    }


# What each persona brings for each backend, and what it needs to sound like itself there.


@dataclass(frozen=True, slots=True)
class PersonaNeeds:
    """One persona."""

    slug: str
    name: str
    voice_prompt: str | None
    """Recording that a full-duplex model takes its voice from."""
    prompt_state: Literal["file", "missing", "name", "none"]
    personaplex: str
    """What PersonaPlex makes of it, in words."""
    moshi: str
    """What plain Moshi makes of it."""
    cascade: str
    """The voice it has there."""
    ready: dict[str, bool]
    """Whether the weights are here: `personaplex`, `moshi`, `cascade`."""

    def row(self) -> tuple[str, ...]:
        recording = Path(self.voice_prompt).name if self.voice_prompt else "none"
        if self.prompt_state == "missing":
            recording += " (missing)"
        return (self.name, recording, self.personaplex, self.cascade)

    def as_json(self) -> dict[str, Any]:
        return {
            "slug": self.slug,
            "name": self.name,
            "voice_prompt": self.voice_prompt,
            "voice_prompt_state": self.prompt_state,
            "backends": {
                kind: {"uses": getattr(self, kind), "ready": self.ready[kind]}
                for kind in ("personaplex", "moshi", "cascade")
            },
        }


def needs_of_personas(config: Config, models: Iterable[Model]) -> list[PersonaNeeds]:
    """All personas that can be loaded, in their order."""
    here = {model.kind for model in models if model.is_here}
    engine = config.backend.cascade.voice_engine
    speaks = bool(engines_here()) if engine == AUTO else lacking(engine_spec(engine)) is None
    ready = {
        "personaplex": "personaplex" in here,
        "moshi": "moshi" in here,
        "cascade": "whisper" in here and speaks,
    }
    personas = load_personas().loaded
    return [_needs(slug, persona, engine, ready) for slug, persona in personas.items()]


def _needs(slug: str, persona: Persona, engine: str, ready: dict[str, bool]) -> PersonaNeeds:
    recording = persona.moshi.voice_prompt
    state: Literal["file", "missing", "name", "none"] = "none"
    if recording is not None and is_voice_name(recording):
        state = "name"
    elif recording is not None:
        state = "file" if Path(recording).is_file() else "missing"
    with_voice = "its role and voice" if state in ("file", "name") else "its role, any voice"
    return PersonaNeeds(
        slug=slug,
        name=persona.name,
        voice_prompt=recording,
        prompt_state=state,
        personaplex=with_voice,
        moshi="look, greeting and tools",
        cascade=_spoken(persona, engine),
        ready=ready,
    )


def _spoken(persona: Persona, engine: str) -> str:
    voice = persona.voice
    if engine == "piper":
        words = f"piper {voice.piper or 'packaged voice'}"
    elif engine in ("kokoro", AUTO):
        words = "kokoro " + " + ".join(voice.kokoro)
    else:
        words = f"{engine} {voice.engines.get(engine, 'voice that is nearest')}"
    return words if voice.effect == "none" else f"{words}, {voice.effect}"
