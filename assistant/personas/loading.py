"""Personas: one TOML file each, `themes/<slug>.toml`, ours and the user's.

    personas = load_personas()
    personas.loaded["jarvis"].name
    personas.failed                # what to tell a person about their files

A file in the user's folder overrides one of ours that has the same name. Loading never raises: a
broken file costs that one persona, and a broken override leaves ours in place.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from assistant.locations import themes_dir, user_themes_dir
from assistant.personas.face import Face
from assistant.personas.files import PersonaFailure, PersonaFile, persona_paths, read_persona
from assistant.personas.schema import (
    Colors,
    Exchange,
    Lines,
    Moshi,
    Persona,
    PromptTexts,
    Voice,
    WaveformGlyphs,
)

__all__ = [
    "PLAIN",
    "Colors",
    "Exchange",
    "Face",
    "Lines",
    "LoadedPersonas",
    "Moshi",
    "Persona",
    "PersonaFailure",
    "PromptTexts",
    "Voice",
    "WaveformGlyphs",
    "complete_lines",
    "lent_lines",
    "load_personas",
    "watch_personas",
]

PLAIN = "plain"
"""Slug of the persona that lends its lines to those that leave some out."""


@dataclass(frozen=True, slots=True)
class LoadedPersonas:
    """What a look into the persona folders found."""

    loaded: dict[str, Persona] = field(default_factory=dict)
    """By slug, in the order of the picker."""
    failed: list[PersonaFailure] = field(default_factory=list)
    """At most one a file: its first problem."""
    files: dict[str, Path] = field(default_factory=dict)
    """Slug → the file it came from."""

    def called(self, wanted: str) -> str | None:
        """The slug of the persona with this slug or display name, however it is capitalised."""
        if wanted in self.loaded:
            return wanted
        slugs = {
            name.casefold(): slug for slug, p in self.loaded.items() for name in (slug, p.name)
        }
        return slugs.get(wanted.casefold())


def load_personas(*folders: Path) -> LoadedPersonas:
    """All personas of `folders`, later ones overriding; unset: ours, then the user's.

    Lines that a persona leaves out are the plain persona's, key by key. Never raises.
    """
    found: dict[str, PersonaFile] = {}
    failed: list[PersonaFailure] = []
    plain: Persona | None = None
    folders = folders or _default_folders()
    for folder in folders:
        paths, problem = persona_paths(folder)
        failed += [problem] if problem else []
        for path in paths:
            file = read_persona(path)
            if file.persona is not None:
                found[path.stem] = file
                if path.stem == PLAIN and plain is None:
                    plain = file.persona
            if file.problems:
                failed.append(_first_of(file.problems))
    if not found:
        remedy = "Install the program again, or put a persona file there."
        failed.append(PersonaFailure(folders[0], None, "no persona was found here", remedy))
    failed += _clashes(list(found.values()))
    personas = [file.persona for file in found.values() if file.persona is not None]
    if plain is not None:
        personas = [complete_lines(persona, plain) for persona in personas]
    personas.sort(key=lambda persona: (persona.order, persona.name.casefold(), persona.slug))
    return LoadedPersonas(
        loaded={persona.slug: persona for persona in personas},
        failed=failed,
        files={slug: file.path for slug, file in found.items()},
    )


def complete_lines(persona: Persona, plain: Persona) -> Persona:
    """The persona with `plain`'s lines under every key where it has none of its own."""
    missing = [key for key in _LENT if not getattr(persona.lines, key)]
    if not missing:
        return persona
    lent = lent_lines(plain, persona.name, missing)
    return persona.model_copy(update={"lines": persona.lines.model_copy(update=lent)})


_LENT = tuple(key for key in Lines.model_fields if key != "address")


def lent_lines(plain: Persona, name: str, keys: Sequence[str] = _LENT) -> dict[str, list[str]]:
    """`plain`'s variants by key of `Lines`, with `name` where it says its own."""
    own_name = re.compile(rf"\b{re.escape(plain.name)}\b")
    return {
        key: [own_name.sub(lambda _: name, text) for text in getattr(plain.lines, key)]
        for key in keys
    }


async def watch_personas(
    folders: Sequence[Path] = (),
    *,
    on_change: Callable[[LoadedPersonas], None],
    interval: float = 0.5,
) -> None:
    """Call `on_change` with everything loaded anew whenever a persona file changes; never returns.

    It looks at the files' times every `interval` seconds, on a thread: a folder holds a dozen
    files, may not exist yet, and may lie where the system sends no notice of changes. A file that
    is still being written is waited for.
    """
    folders = tuple(folders) or _default_folders()
    seen = await asyncio.to_thread(_signatures, folders)
    while True:
        await asyncio.sleep(interval)
        now = await asyncio.to_thread(_signatures, folders)
        if now == seen:
            continue
        await asyncio.sleep(interval / 4)
        if await asyncio.to_thread(_signatures, folders) == now:
            seen = now
            on_change(await asyncio.to_thread(load_personas, *folders))


def _default_folders() -> tuple[Path, ...]:
    return themes_dir(), user_themes_dir()


def _signatures(folders: Sequence[Path]) -> dict[Path, tuple[int, int, int] | None]:
    """What changes when a file does: inode (editors replace files), size and time."""
    return {path: _signature(path) for folder in folders for path in persona_paths(folder)[0]}


def _signature(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


def _first_of(problems: list[PersonaFailure]) -> PersonaFailure:
    """The first problem, and how many more there are, for a place with room for one line."""
    first, more = problems[0], len(problems) - 1
    return first.with_more(more) if more else first


def _clashes(files: list[PersonaFile]) -> list[PersonaFailure]:
    """A warning for each file that claims a name which an earlier one has."""
    owners: dict[str, Persona] = {}
    problems: list[PersonaFailure] = []
    for file in files:
        persona = file.persona
        if persona is None:
            continue
        taken = []
        for key, name in persona.names():
            owner = owners.setdefault(_spoken(name), persona)
            if owner is not persona:
                taken.append((key, name, owner))
        if taken:
            key, name, owner = taken[0]
            message = f'"{name}" is a name of {owner.name} already'
            remedy = "Spoken requests for it may bring the other one; choose another name."
            line = file.lines.of((key,))
            problems.append(PersonaFailure(file.path, line, message, remedy, loaded=True))
    return problems


def _spoken(name: str) -> str:
    return "".join(character for character in name.casefold() if character.isalnum())
