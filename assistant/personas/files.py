"""Reading one persona file, whatever is in it.

The file may come from a stranger or be half written: nothing is read that is no plain file or too
large, and every refusal says where, what, and what to do about it.
"""

from __future__ import annotations

import re
import stat
import unicodedata
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assistant.config.toml_text import KeyLines, TooDeep, parse_toml, shown
from assistant.locations import themes_dir
from assistant.personas.checks import CONTROL, PersonaProblem, check_persona, explain
from assistant.personas.schema import Persona
from assistant.private_files import is_writable_by_others
from assistant.terminal.sanitize import clean_line, clean_text

MAX_BYTES = 256 * 1024
"""Largest persona file that is read; ours are near 50 KB."""

_ONE_LINE = ("name", "aliases", "said", "sounds_like", "summary")
_SLUG = re.compile(r"[a-z0-9][a-z0-9_-]*")
_AT_LINE = re.compile(r"\s*\(at (?:line (\d+), column \d+|end of document)\)$")


@dataclass(frozen=True, slots=True)
class PersonaFailure:
    """One thing that is wrong with a persona file."""

    path: Path
    line: int | None
    message: str
    remedy: str = ""
    loaded: bool = False
    """The persona can be used all the same."""

    @property
    def place(self) -> str:
        """ "jarvis.toml:12", fit for a screen whatever the file's name."""
        name = shown(self.path.name, limit=60)
        return name if self.line is None else f"{name}:{self.line}"

    @property
    def full_place(self) -> str:
        """The same with the folder: a file of the user's may be called like one of ours."""
        return f"{shown(str(self.path.parent), limit=200)}/{self.place}"

    def with_more(self, count: int) -> PersonaFailure:
        return replace(self, message=f"{self.message} (and {count} more)")

    def __str__(self) -> str:
        return f"{self.place}: {self.message}. {self.remedy}".strip()


@dataclass(frozen=True, slots=True)
class PersonaFile:
    """A file that was looked at: its persona where it has one, else its problems."""

    path: Path
    persona: Persona | None = None
    problems: list[PersonaFailure] = field(default_factory=list)
    lines: KeyLines = field(default_factory=lambda: KeyLines(""))


def persona_paths(folder: Path) -> tuple[list[Path], PersonaFailure | None]:
    """Persona files of a folder by name, hidden ones (editors make them) left out.

    A folder that does not exist is an empty one; one that cannot be read is a failure, and so is
    one of the user's that others may write to: whoever plants a persona there speaks to them.
    """
    try:
        if folder != themes_dir() and is_writable_by_others(folder):
            return [], _planted(folder, "its personas are not loaded: others can put some there")
        names = [path for path in folder.iterdir() if path.suffix == ".toml"]
    except FileNotFoundError:
        return [], None
    except OSError as error:
        remedy = "Persona files are looked for in this folder."
        return [], PersonaFailure(folder, None, f"cannot be read: {_reason(error)}", remedy)
    return sorted(path for path in names if not path.name.startswith(".")), None


def _can_be_planted(path: Path) -> bool:
    """A file may be open to all where its folder is not; ours lie where nobody lives."""
    if path.parent == themes_dir() or not is_writable_by_others(path):
        return False
    return bool(path.parent.stat().st_mode & 0o011)


def _planted(path: Path, message: str) -> PersonaFailure:
    remedy = f"Look at what is in it, then: chmod go-w '{path}'"
    return PersonaFailure(path, None, message, remedy)


def read_persona(path: Path) -> PersonaFile:
    """The persona in the file at `path`. Never raises."""
    problem = _bad_name(path)
    if problem is not None:
        return _failed(path, [problem])
    text = _read_text(path)
    if isinstance(text, PersonaProblem):
        return _failed(path, [text])
    tables = _parse(text)
    if isinstance(tables, PersonaProblem):
        return _failed(path, [tables])
    tables = {key: _clean(value, key in _ONE_LINE) for key, value in tables.items()}
    lines = KeyLines(text)
    if "slug" in tables:
        remedy = "Remove it: a persona's slug is its file's name."
        return _failed(path, [PersonaProblem(lines.of(("slug",)), 'unknown key "slug"', remedy)])
    try:
        persona = Persona.model_validate({"slug": path.stem, **tables})
    except ValidationError as error:
        return _failed(path, [explain(details, lines) for details in error.errors()])
    persona, problems = check_persona(persona, path.parent, lines)
    if problems:
        return _failed(path, problems)
    return PersonaFile(path, persona, lines=lines)


def _clean(value: Any, one_line: bool = False) -> Any:
    """What is invisible taken away. Controls stay for `check_persona` to tell of: they got there by
    a mistake of which the file's owner should know."""
    if isinstance(value, str):
        if CONTROL.search(value) or value.isspace():
            return value
        return clean_line(value) if one_line else clean_text(value)
    if isinstance(value, list):
        return [_clean(each, one_line) for each in value]
    if isinstance(value, dict):
        return {key: _clean(each) for key, each in value.items()}
    return value


def _failed(path: Path, problems: list[PersonaProblem]) -> PersonaFile:
    problems = sorted(problems, key=lambda problem: (problem.absent, problem.line or 0))
    failures = [PersonaFailure(path, p.line, p.message, p.remedy) for p in problems]
    return PersonaFile(path, problems=failures)


def _bad_name(path: Path) -> PersonaProblem | None:
    if path.suffix == ".toml" and _SLUG.fullmatch(path.stem):
        return None
    better = slug_of(path.stem) or "my-persona"
    remedy = f"Rename it, for example to {better}.toml: small letters, digits, - and _ only."
    return PersonaProblem(None, "this file name cannot be a persona's", remedy)


def slug_of(name: str) -> str:
    """A file name for a persona called `name`: "HAL 9000" → "hal-9000"; may be empty."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def _read_text(path: Path) -> str | PersonaProblem:
    try:
        status = path.stat()
        if _can_be_planted(path):
            planted = _planted(path, "this is not loaded: others can change it")
            return PersonaProblem(None, planted.message, planted.remedy)
        if stat.S_ISDIR(status.st_mode):
            return PersonaProblem(
                None, "this is a folder", "Rename it, so that it doesn't end in .toml."
            )
        if not stat.S_ISREG(status.st_mode):
            return PersonaProblem(None, "this is not a plain file", "Put a text file in its place.")
        if status.st_size > MAX_BYTES:
            size = f"{status.st_size / 1024:,.0f} KB"
            remedy = f"It was not read; a persona file has at most {MAX_BYTES // 1024} KB."
            return PersonaProblem(None, f"{size} is too large", remedy)
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        remedy = "See to it that the file exists and that you may read it."
        return PersonaProblem(None, f"cannot be read: {_reason(error)}", remedy)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return PersonaProblem(None, "this is UTF-16 text", "Save it as UTF-8.")
    try:
        return data.decode("utf-8-sig")  # Windows editors put a mark before UTF-8
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return PersonaProblem(line, "this is not UTF-8 text", "Save it as UTF-8.")


def _parse(text: str) -> dict[str, Any] | PersonaProblem:
    try:
        return parse_toml(text)
    except TooDeep:
        what = "tables or lists stand too deep within each other"
        return PersonaProblem(None, what, "Remove some of them.")
    except ValueError as error:  # TOMLDecodeError, and Python's own on numbers past all bounds
        message = shown(str(error), limit=200)
        place = _AT_LINE.search(message)
        line = None
        if place:
            message = message[: place.start()]
            line = int(place[1]) if place[1] else text.rstrip().count("\n") + 1
        return PersonaProblem(line, f"this is not TOML: {message}", _toml_remedy(message))


def _toml_remedy(message: str) -> str:
    if "overwrite" in message:
        return "A key or table stands there twice; remove one."
    if "Invalid value" in message:
        return 'Texts stand in quotes: name = "Ada".'
    if "Illegal character" in message or "nclosed" in message or "nterminated" in message:
        return "Look for a missing quote or bracket on this line or just before."
    return 'Every line is key = value, a [table], or a # comment; texts stand in "quotes".'


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
