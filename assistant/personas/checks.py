"""What a schema cannot say of a persona: widths of glyphs, placeholders, files beside it, contrast.

`check_persona` finds what makes a persona unusable; `advice_on` what makes it worse than it could
be, and is only told to those who ask.
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from pydantic_core import ErrorDetails
from rich.cells import cell_len

from assistant.config.toml_text import KeyLines, KeyPath, closest, shown
from assistant.language.delivery.marks import MARK
from assistant.language.delivery.named import DELIVERIES, find_delivery
from assistant.language.phrase_notation import NotationError, Phrase
from assistant.locations import assets_dir, models_dir
from assistant.personas.face import Face
from assistant.personas.schema import (
    EFFECTS,
    PLACEHOLDERS,
    Colors,
    Exchange,
    Lines,
    Moshi,
    OpeningKey,
    Persona,
    PromptTexts,
    Voice,
    WaveformGlyphs,
    is_voice_name,
)

MIN_CONTRAST = 4.5
"""WCAG 2.2, success criterion 1.4.3 (AA), text of ordinary size."""
MIN_FIGURE_CONTRAST = 3.0
"""The same, 1.4.11: what is no text but has to be seen."""
_MAX_RECORDING = 50_000_000
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_PLACEHOLDER = re.compile(r"\{(\w*)\}")
_TEXT_COLORS = ("primary", "secondary", "accent", "success", "warning", "error", "muted")
_FAMILIAR = re.compile(
    r"\b(?:again|once more|as (?:always|ever|usual)|last time|old friend|long time no see"
    r"|welcome back|(?:have|see|get|got) you back|(?:you|you're|I'm|is|am|are) back"
    r"|(?<!due )back (?:in|at|on)|c[oa]me back|(?:has|have|had|you) return(?:ed)?|returned to"
    r"|restored to|resumed?|still here"
    r"|where (?:were we|we (?:left|stopped))|(?:we|you) last|since you|miss(?:ed)? (?:you|me|us)"
    r"|(?:oh|ah)\W+it is you|hoping (?:that )?it would be you)\b",
    re.IGNORECASE,
)
"""Words that only somebody uses who has met the other before."""
_Finding = tuple[KeyPath, str, str]


def check_persona(
    persona: Persona, folder: Path, lines: KeyLines
) -> tuple[Persona, list[PersonaProblem]]:
    """The persona, its recording as an absolute path, and what makes it unusable."""
    findings = [*_texts(persona), *_names(persona), *_placeholders(persona), *_look(persona)]
    findings += [*_voice(persona), *_delivery(persona), *_exchanges(persona)]
    recording = persona.moshi.voice_prompt
    if recording is not None and not is_voice_name(recording):
        path = folder.absolute() / Path(recording).expanduser()
        findings += _recording(path)
        moshi = persona.moshi.model_copy(update={"voice_prompt": str(path)})
        persona = persona.model_copy(update={"moshi": moshi})
    return persona, [PersonaProblem(lines.of(key), message, fix) for key, message, fix in findings]


def advice_on(persona: Persona, lines: KeyLines) -> list[PersonaProblem]:
    """Text that is hard to read, voices that are not on this machine, greetings that a stranger
    would wonder at, and marks in lines that name no delivery."""
    findings = [
        *_contrast(persona.colors),
        *_face_contrast(persona),
        *_familiar(persona),
        *_marks(persona),
    ]
    known = _voices()
    for voice in persona.voice.kokoro:
        if known and voice not in known:
            meant = closest(voice, known)
            remedy = f'Did you mean "{meant}"?' if meant else f"There are {', '.join(known)}."
            findings.append((("voice", "kokoro"), f'no voice is called "{voice}"', remedy))
    return [PersonaProblem(lines.of(key), message, fix) for key, message, fix in findings]


def presumes_acquaintance(text: str) -> bool:
    """Whether a greeting is said to somebody who was here before: "Welcome back."."""
    return _FAMILIAR.search(text) is not None


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two hex colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(colors: Colors) -> Iterator[_Finding]:
    pairs = [("foreground", ground) for ground in ("background", "surface", "panel")]
    pairs += [(text, ground) for text in _TEXT_COLORS for ground in ("background", "surface")]
    for text, ground in pairs:
        ratio = contrast(getattr(colors, text), getattr(colors, ground))
        if ratio < MIN_CONTRAST:
            message = f"{text} on {ground} has a contrast of {ratio:.1f}, hard to read"
            yield ("colors", text), message, f"Move them apart until it is {MIN_CONTRAST}."


def _face_contrast(persona: Persona) -> Iterator[_Finding]:
    ground = persona.colors.background
    for key in ("color", "light"):
        color = getattr(persona.face, key)
        ratio = contrast(color, ground) if color else MIN_FIGURE_CONTRAST
        if ratio < MIN_FIGURE_CONTRAST:
            message = f"the face's {key} on background has a contrast of {ratio:.1f}, hard to see"
            yield ("face", key), message, f"Move them apart until it is {MIN_FIGURE_CONTRAST}."


def _strings(value: object, path: KeyPath = ()) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key), str(key)
            yield from _strings(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _strings(inner, (*path, index))


def _texts(persona: Persona) -> Iterator[_Finding]:
    """Control characters would reach the terminal; empty texts would be spoken as nothing."""
    for path, text in _strings(persona.model_dump()):
        if odd := CONTROL.search(text):
            code = f"U+{ord(odd[0]):04X}"
            yield path, f"{_key(path)} holds the control character {code}", "Remove it."
        elif isinstance(path[-1], int) and not text.strip() and path[0] != "waveform":
            yield path, f"{_key(path)} holds an empty text", "Remove it or fill it in."


def _key(path: KeyPath) -> str:
    return f'"{shown(".".join(part for part in path if isinstance(part, str)))}"'


def _names(persona: Persona) -> Iterator[_Finding]:
    for key, name in persona.names():
        if name.strip() and ("{" in name or not any(c.isalnum() for c in name)):
            yield (key,), f'"{shown(name)}" cannot be spoken', "Use letters and digits."
    if not persona.name.strip():
        yield ("name",), "the name is empty", "Give it one."


def _placeholders(persona: Persona) -> Iterator[_Finding]:
    for key in ("greetings", "greetings_again", "reintroductions", "reintroductions_again"):
        for text in getattr(persona, key):
            if found := _PLACEHOLDER.search(text):
                remedy = "These are rendered beforehand and must be whole sentences."
                yield (key,), f"{found[0]} cannot stand in {key}", remedy
    for key in Lines.model_fields:
        allowed = {"user", PLACEHOLDERS.get(key, "user")}
        for text in getattr(persona.lines, key):
            for name in _PLACEHOLDER.findall(text):
                if name not in allowed:
                    may = " or ".join(f"{{{known}}}" for known in sorted(allowed))
                    message = f'nothing fills {{{shown(name)}}} in "lines.{key}"'
                    yield ("lines", key), message, f"Only {may} can stand there."


def _exchanges(persona: Persona) -> Iterator[_Finding]:
    """Phrases that cannot be read, and what nothing fills."""
    for number, exchange in enumerate(persona.exchanges):
        for phrase in exchange.said:
            try:
                Phrase(phrase)
            except NotationError as error:
                message = f'"{shown(phrase)}" {error.message}'
                yield ("exchanges", number, "said"), message, error.remedy
        for key in ("answers", "why", "more"):
            for text in getattr(exchange, key):
                for name in _PLACEHOLDER.findall(text):
                    if name != "user":
                        message = f'nothing fills {{{shown(name)}}} in "exchanges.{key}"'
                        yield ("exchanges", number, key), message, "Only {user} can stand there."


def _familiar(persona: Persona) -> Iterator[_Finding]:
    keys: tuple[OpeningKey, ...] = ("greetings", "reintroductions")
    for key in keys:
        for text in getattr(persona, key):
            if presumes_acquaintance(text):
                message = f'"{shown(text, limit=50)}" is also said to somebody who was never here'
                yield (key,), message, f"Put it under {key}_again."


def _look(persona: Persona) -> Iterator[_Finding]:
    for glyph in persona.waveform.glyphs:
        width = cell_len(glyph)
        if width != 1:
            message = f'the glyph "{shown(glyph)}" is {width} cells wide'
            yield ("waveform", "glyphs"), message, "Each must fill exactly one cell."
    for key, fault, remedy in persona.face.faults():
        yield ("face", key), fault, remedy


def _voice(persona: Persona) -> Iterator[_Finding]:
    voice = persona.voice
    if voice.effect not in EFFECTS:
        meant = closest(voice.effect, EFFECTS)
        remedy = f'Did you mean "{meant}"?' if meant else f"There are {', '.join(EFFECTS)}."
        yield ("voice", "effect"), f'no effect is called "{shown(voice.effect)}"', remedy
    weights = list(voice.kokoro.values())
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights):
        yield ("voice", "kokoro"), "a voice's weight is no number from 0 up", "Use 0.5 or 1."
    elif weights and not sum(weights):
        yield ("voice", "kokoro"), "all weights are 0", "Give at least one voice a weight."


def _delivery(persona: Persona) -> Iterator[_Finding]:
    name = persona.delivery
    if name and find_delivery(name) is None:
        yield ("delivery",), f'no delivery is called "{shown(name)}"', _delivery_remedy(name)


def _marks(persona: Persona) -> Iterator[_Finding]:
    for path, text in _strings(persona.model_dump()):
        for found in MARK.finditer(text):
            name = (found["name"] or "").strip()
            if name and find_delivery(name) is None:
                yield path, f'no delivery is called "{shown(name)}"', _delivery_remedy(name)


def _delivery_remedy(name: str) -> str:
    meant = closest(name, tuple(DELIVERIES))
    return f'Did you mean "{meant}"?' if meant else f"There are {', '.join(DELIVERIES)}."


def _recording(path: Path) -> Iterator[_Finding]:
    key = ("moshi", "voice_prompt")
    remedy = "Give the path of a short WAV recording, relative to this file, or a voice's name."
    try:
        if not path.is_file():
            yield key, f'there is no recording "{shown(path.name)}"', remedy
        elif path.stat().st_size > _MAX_RECORDING:
            yield key, f'the recording "{shown(path.name)}" is too large', "Ten seconds are enough."
    except (OSError, ValueError) as error:
        yield key, f"the recording cannot be read: {shown(str(error), limit=80)}", remedy


def _voices() -> list[str]:
    """The Kokoro voices we ship; empty where there may be others, or none can be read."""
    further = models_dir() / "kokoro"
    try:
        if further.is_dir() and any(further.iterdir()):
            return []
        with zipfile.ZipFile(assets_dir() / "kokoro" / "voices_en.npz") as archive:
            return sorted(Path(name).stem for name in archive.namelist())
    except (OSError, zipfile.BadZipFile):
        return []


# From a validation error to words that help: the line, the fault, the remedy.

_TABLES: Mapping[str, type[BaseModel]] = {
    "": Persona,
    "prompt": PromptTexts,
    "lines": Lines,
    "exchanges": Exchange,
    "voice": Voice,
    "moshi": Moshi,
    "colors": Colors,
    "waveform": WaveformGlyphs,
    "face": Face,
}
_WANTED = {
    "string_type": "must be a text in quotes",
    "list_type": "must be a list of texts in [brackets]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}


@dataclass(frozen=True, slots=True)
class PersonaProblem:
    """Something wrong in a file, not yet tied to its path."""

    line: int | None
    message: str
    remedy: str = ""
    absent: bool = False
    """Something is not there, often only because it stands misspelt on another line."""


def explain(error: ErrorDetails, lines: KeyLines) -> PersonaProblem:
    """One of pydantic's errors, in the words of somebody who writes a persona."""
    path = error["loc"]
    line, kind, name = lines.of(path), error["type"], _named(path)
    if kind == "extra_forbidden":
        return PersonaProblem(line, f"unknown key {name}", _suggestion(path))
    if kind == "missing":
        what = "table" if len(path) == 1 and path[0] in _TABLES else "key"
        return PersonaProblem(line, f"the {what} {name} is missing", _how_to_add(path), absent=True)
    if kind == "string_pattern_mismatch":
        return PersonaProblem(line, f"{name} is not a color", 'Write it as six digits: "#1a2b3c".')
    if kind == "literal_error":
        return PersonaProblem(line, *_unknown_word(name, error))
    if kind in _WANTED:
        return PersonaProblem(
            line, f"{name} {_WANTED[kind]}", f"It is {_clipped(error['input'])} now."
        )
    return PersonaProblem(line, f"{name}: {_lowered(error['msg'])}", "Change it to fit.")


def _unknown_word(name: str, error: ErrorDetails) -> tuple[str, str]:
    """Message and remedy where only certain words may stand."""
    known = re.findall(r"'([^']*)'", error.get("ctx", {}).get("expected", ""))
    given = error["input"]
    if not isinstance(given, str):
        return f"{name} must be a text in quotes", f"It is {_clipped(given)} now."
    meant = closest(given.lower(), known)
    remedy = f'Did you mean "{meant}"?' if meant else f"It may be {', '.join(known)}."
    return f'{name} cannot be "{shown(given)}"', remedy


def _suggestion(path: KeyPath) -> str:
    table = ".".join(part for part in path[:-1] if isinstance(part, str))
    key = str(path[-1])
    known = [name for name in _fields(table) if name != "slug"]
    homes = [home for home in _TABLES if key in _fields(home)]
    if homes:
        place = (
            f"in the table {_shown_table(homes[0])}"
            if homes[0]
            else "at the top, before any [table]"
        )
        return f'"{shown(key)}" belongs {place}.'
    meant = closest(key.lower(), known)
    if meant is not None:
        return f'Did you mean "{meant}"?'
    return "Remove it: no key of this name is known here."


def _how_to_add(path: KeyPath) -> str:
    if len(path) == 1:
        key = str(path[0])
        return (
            f"Add a {_shown_table(key)} table." if key in _TABLES else f"Add {key} = … at the top."
        )
    return f"Add {path[-1]} = … to the table {_shown_table(str(path[0]))}."


def _shown_table(table: str) -> str:
    return "[[exchanges]]" if table == "exchanges" else f"[{table}]"


def _fields(table: str) -> list[str]:
    model = _TABLES.get(table)
    return list(model.model_fields) if model else []


def _named(path: KeyPath) -> str:
    """ "item 2 of lines.joke"."""
    keys = ".".join(shown(part) for part in path if isinstance(part, str))
    item = path[-1] if path else None
    return f'item {item + 1} of "{keys}"' if isinstance(item, int) else f'"{keys}"'


def _clipped(value: object) -> str:
    return shown(str(value).lower() if isinstance(value, bool) else repr(value), limit=50)


def _lowered(message: str) -> str:
    return message[:1].lower() + message[1:]
