"""Elicitation: what a server may ask the user in the middle of a call, one question after another.

Model Context Protocol 2025-11-25 and 2026-07-28, "Elicitation": a form of up to a few flat fields.
Whatever is no such form, or asks for a secret or for a visit to an address, is declined.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.language.intents import is_yes
from assistant.language.lexicon import phrase_set
from assistant.language.numbers import read_number
from assistant.language.phrase_notation import normal
from assistant.terminal.sanitize import clean_line

if TYPE_CHECKING:
    from mcp.types import ElicitRequestParams, ElicitResult

AskUser = Callable[[str], Awaitable[str | None]]
"""Asks the user a question; what is said to it, or None where nothing was for long."""

MOST_FIELDS = 4
"""Questions that somebody answers by voice in the middle of something else."""
MOST_CHOICES = 6
LONGEST = 200
"""Characters of a question."""
TRIES = 2
"""Times a question is asked where the answer is none."""

NO = phrase_set(
    "no|nope|no thanks|no thank you|please do not|do not|never|rather not|no do not|no stop"
    "|better not|not now|no way|absolutely not|leave it"
)
"""Words that decline, in their normal form."""
GIVE_UP = phrase_set(
    "cancel|cancel it|cancel that|stop|stop it|stop that|never mind|forget it|forget that|quit"
    "|abort|none of your business|i will not say|i will not tell you"
)
"""Words that end the questions, in their normal form."""
_SECRET = re.compile(
    r"pass ?word|pass ?phrase|pass ?code|secret|token|api ?key|private key|credential|credit card"
    r"|card number|\bpin\b|\bcvc\b|\bcvv\b|social security|\botp\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that is asked for. `kind` as in JSON schema."""

    name: str
    about: str
    kind: str
    choices: tuple[str, ...] = ()
    values: tuple[str | int | float, ...] = ()
    """What is sent back for each of the choices."""

    def question(self) -> str:
        return f"{self.about}{self.range() or '?'}"

    def range(self) -> str:
        """The answers that it takes: ": red or green?"; "" where it takes any."""
        if self.choices:
            return f": {' or '.join(self.choices)}?"
        return ": yes or no?" if self.kind == "boolean" else ""

    def read(self, said: str) -> str | bool | int | float | None:
        """What the user's words are as a value; None where they are none."""
        words = normal(said)
        if self.choices:
            return self._chosen(words)
        match self.kind:
            case "boolean":
                return True if is_yes(said) else False if words in NO else None
            case "integer" | "number":
                return self._number(words)
            case _:
                return said.strip().rstrip(".!?").strip() or None

    def _chosen(self, words: str) -> str | int | float | None:
        normals = [normal(each) for each in self.choices]
        if words in normals:
            return self.values[normals.index(words)]
        within = [at for at, each in enumerate(normals) if f" {each} " in f" {words} "]
        return self.values[within[0]] if len(within) == 1 else None

    def _number(self, words: str) -> int | float | None:
        parts = words.split()
        found = [read for at in range(len(parts)) if (read := read_number(parts, at)) is not None]
        value = found[0][0] if found else None
        if value is None or (self.kind == "integer" and value.denominator != 1):
            return None
        return int(value) if value.denominator == 1 else float(value)


async def answered(
    called: str,
    params: ElicitRequestParams,
    ask: AskUser,
    refused: Callable[[str], None] = lambda why: None,
) -> ElicitResult:
    """Put the form of a server, which the user calls so, to the user. Declined where it cannot be
    asked by voice, or may not be; `refused(why)` hears of that."""
    from mcp.types import ElicitRequestFormParams, ElicitResult

    asks_form = isinstance(params, ElicitRequestFormParams)
    fields = fields_of(params.requested_schema) if asks_form else None
    message = _line(params.message)
    if fields is None or _SECRET.search(message):
        refused("it wanted to ask for a secret, or what cannot be asked aloud: declined")
        return ElicitResult(action="decline")
    content: dict[str, Any] = {}
    for field, question in _questions(called, message, fields):
        value = await _value(question, field, ask)
        if value is None or (not field.name and value is False):
            return ElicitResult(action="cancel" if value is None else "decline")
        if field.name:
            content[field.name] = value
    return ElicitResult(action="accept", content=content)


def _questions(called: str, message: str, fields: list[Field]) -> list[tuple[Field, str]]:
    """What is asked, the server's own message first. A form without fields asks for leave."""
    fields = fields or [Field("", "May it go on", "boolean")]
    lead = f"A question from {called}: {message}"
    if len(fields) == 1 and message.endswith("?"):
        accepted = fields[0].range().removeprefix(": ")
        return [(fields[0], " ".join([lead, accepted[:1].upper() + accepted[1:]]).strip())]
    questions = [each.question() for each in fields]
    questions[0] = f"{lead} {questions[0]}"
    return list(zip(fields, questions, strict=True))


async def _value(question: str, field: Field, ask: AskUser) -> Any:
    """None where the user would not say."""
    for _ in range(TRIES):
        said = await ask(question)
        if said is None or normal(said) in GIVE_UP:
            return None
        value = field.read(said)
        if value is not None:
            return value
        question = f"I did not understand that. {field.question()}"
    return None


def fields_of(schema: dict[str, Any]) -> list[Field] | None:
    """The fields of a form that have to be filled in, or all where none has to; None where it
    is none that can be asked for by voice, or asks for a secret."""
    properties, required = schema.get("properties"), schema.get("required") or []
    if not isinstance(properties, dict) or not isinstance(required, list):
        return None
    wanted = [name for name in properties if name in required] or list(properties)
    if len(wanted) > MOST_FIELDS or any(name not in properties for name in required):
        return None
    fields = [_field(name, properties[name]) for name in wanted]
    return None if any(each is None for each in fields) else [each for each in fields if each]


def _field(name: str, schema: Any) -> Field | None:
    if not isinstance(schema, dict):
        return None
    kind = schema.get("type")
    about = _line(str(schema.get("description") or schema.get("title") or name.replace("_", " ")))
    if _SECRET.search(f"{name.replace('_', ' ')} {about} {schema.get('format', '')}"):
        return None
    values, choices = _choices(schema)
    if len(choices) > MOST_CHOICES or kind not in ("string", "boolean", "integer", "number"):
        return None
    return Field(name, about.rstrip(".?:! "), kind, choices, values)


def _choices(schema: dict[str, Any]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
    """Values and what they are called: `enum` (with `enumNames`), or `oneOf` of constants."""
    options = schema.get("oneOf")
    if isinstance(options, list):
        pairs = [each for each in options if isinstance(each, dict) and "const" in each]
        values = tuple(each["const"] for each in pairs)
        return values, tuple(_line(str(each.get("title") or each["const"])) for each in pairs)
    values = tuple(schema.get("enum") or ())
    names = schema.get("enumNames")
    named = names if isinstance(names, list) and len(names) == len(values) else values
    return values, tuple(_line(str(each)) for each in named)


def _line(text: str) -> str:
    """A server's words as one line that acts on no terminal."""
    plain = " ".join(clean_line(text).split())
    return plain if len(plain) <= LONGEST else f"{plain[:LONGEST].rsplit(' ', 1)[0]} …"
