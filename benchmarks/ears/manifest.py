"""What is said in a folder of recordings: its `manifest.csv` or `manifest.jsonl`.

A row, or an object a line, has `file` (a WAV file, relative to the folder), `text` (what is said;
empty where nobody wrote it down) and `events` (what is to come of it); `speaker` and `half` may be
there, further columns are ignored. Events are `key=value; key=value`:

- `action=TOOL` or `action=TOOL:ARGUMENT`: the tool that the words ask for; `action=none`: none,
  whatever they sound like. Without it the words of `text` say what they ask for.
- `kind=speech|laughter|cough|breath|noise`: of all but speech no words are to come.
- `over=assistant`: spoken while the assistant talks.
- `slots={"size": "large"}`: words that must be heard, where no text is known (JSON).
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast, get_args

from assistant.errors import AssistantError
from benchmarks.turn_material import Half

Kind = Literal["speech", "laughter", "cough", "breath", "noise"]
NAMES = ("manifest.csv", "manifest.jsonl")
NO_ACTION = "none"
_KINDS = get_args(Kind)
_HALVES = get_args(Half)
_KEYS = ("action", "kind", "over", "slots")
_SEPARATOR = re.compile(r";(?![^{]*\})")
"""Not those inside a JSON object."""
_NOTATION = 'Write key=value; key=value, for example "action=set_timer; over=assistant".'


class ManifestError(AssistantError):
    """A manifest or one of its recordings cannot be used."""


@dataclass(frozen=True, slots=True)
class ClipEvents:
    """What is to come of a recording."""

    action: str = ""
    """Tool, or tool and argument with a colon between; empty: as the text says."""
    kind: Kind = "speech"
    over_assistant: bool = False
    slots: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """One row of a manifest."""

    path: Path
    text: str
    events: ClipEvents
    speaker: str
    half: Half
    place: str = ""
    """Manifest and line, for whoever has to mend it."""


def half_of(speaker: str) -> Half:
    """Which half a speaker (or, where none is known, a file by its stem) belongs to: by the first
    byte of the SHA-256 of its name."""
    return "reporting" if hashlib.sha256(speaker.encode()).digest()[0] % 2 else "tuning"


def read_manifest(folder: Path) -> list[ClipEntry]:
    """Every row. Raises `ManifestError`, which names file and line, where one cannot be used."""
    path = next((folder / name for name in NAMES if (folder / name).is_file()), None)
    if path is None:
        raise ManifestError(
            f"There is no {NAMES[0]} or {NAMES[1]} in {folder}.",
            "Write one with the columns file, text, events: see docs/hearing.md.",
        )
    try:
        rows = _json_rows(path) if path.suffix == ".jsonl" else _csv_rows(path)
        entries = [_entry(path, line, row) for line, row in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} cannot be read: {error}.", "Save it as UTF-8 text.") from error
    if not entries:
        raise ManifestError(f"{path} names no recordings.", "Add a row for each of them.")
    return entries


def read_events(written: str) -> ClipEvents:
    """The notation of the module. Raises `ValueError` that says what is wrong with it."""
    found: dict[str, str] = {}
    for part in filter(None, (each.strip() for each in _SEPARATOR.split(written))):
        key, equals, value = (each.strip() for each in part.partition("="))
        if not equals or not value:
            raise ValueError(f"{part!r} is no key=value")
        if key not in _KEYS:
            raise ValueError(f"unknown key {key!r} (there are {', '.join(_KEYS)})")
        if key in found:
            raise ValueError(f"{key} is given twice")
        found[key] = value
    if (kind := found.get("kind", "speech")) not in _KINDS:
        raise ValueError(f"unknown kind {kind!r} (there are {', '.join(_KINDS)})")
    if (over := found.get("over", "assistant")) != "assistant":
        raise ValueError(f"over={over}: only over=assistant is known")
    return ClipEvents(
        found.get("action", ""), cast("Kind", kind), "over" in found, _slots(found.get("slots"))
    )


def _slots(written: str | None) -> tuple[str, ...]:
    if written is None:
        return ()
    try:
        read = json.loads(written)
    except ValueError as error:
        raise ValueError(f"slots are no JSON object: {error}") from error
    if not isinstance(read, dict) or not all(isinstance(each, str) for each in read.values()):
        raise ValueError("slots are no JSON object of texts")
    return tuple(value.strip() for value in read.values() if value.strip())


def _csv_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        try:
            if "file" not in (reader.fieldnames or ()):
                raise ManifestError(
                    f"{path}, line 1: there is no column “file”.",
                    "The first line names the columns: file,text,events",
                )
            for row in reader:
                yield reader.line_num, row
        except csv.Error as error:
            raise ManifestError(
                f"{path}, line {reader.line_num}: {error}.", "Put quotes around texts with commas."
            ) from error


def _json_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in enumerate(path.read_text("utf-8-sig").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            raise ManifestError(
                f"{path}, line {number}: {error}.", "Write one JSON object a line."
            ) from error
        if not isinstance(row, dict):
            raise ManifestError(
                f"{path}, line {number}: no object.", "Write one JSON object a line."
            )
        yield number, row


def _entry(path: Path, line: int, row: dict[str, Any]) -> ClipEntry:
    def field(name: str) -> str:
        value = row.get(name)
        if value is not None and not isinstance(value, str):
            raise ManifestError(f"{path}, line {line}: {name} is no text.", "Put quotes around it.")
        return (value or "").strip()

    file, half = field("file"), field("half")
    if not file or "\0" in file:
        raise ManifestError(
            f"{path}, line {line}: no file is named.", "Name one, or delete the line."
        )
    if half and half not in _HALVES:
        raise ManifestError(
            f"{path}, line {line}: half is {half!r}.", "Write tuning or reporting, or leave it out."
        )
    if not (path.parent / file).is_file():
        raise ManifestError(
            f"{path}, line {line}: {file} does not exist.", "Correct its name, or delete the line."
        )
    try:
        events = read_events(field("events"))
    except ValueError as error:
        raise ManifestError(f"{path}, line {line}: events: {error}.", _NOTATION) from error
    speaker = field("speaker")
    chosen = cast("Half", half) if half else half_of(speaker or Path(file).stem)
    place = f"{path}, line {line}"
    return ClipEntry(path.parent / file, field("text"), events, speaker, chosen, place)
