"""JSON schema and argument check of a tool, both made from its function's signature and docstring.

Nothing about a tool is written down twice: the names and types come from the signature, the words
from the docstring, and what the schema promises is what the check enforces (one pydantic model).
"""

from __future__ import annotations

import difflib
import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

_SECTION = re.compile(r"^\s*(Args|Arguments|Parameters)\s*:\s*$", re.IGNORECASE)
_OTHER_SECTION = re.compile(r"^\s*(Returns?|Raises|Yields|Examples?|Notes?)\s*:\s*$", re.IGNORECASE)
_ENTRY = re.compile(r"^\s*\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)$")


class ArgumentError(ValueError):
    """The arguments of a call do not fit; the message is meant for the model that made them."""


class Signature:
    """What a function takes: `schema` for a model to read, `check` for what the model wrote.

    Raises `TypeError` where a parameter cannot be given by name from JSON: no type, `*args`,
    `**kwargs`, positional-only, or a type that contains itself.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        name = getattr(function, "__name__", "tool")
        self.description, described = parse_docstring(inspect.getdoc(function) or "")
        hints = get_type_hints(function, include_extras=True)
        fields: dict[str, Any] = {}
        self._fields: dict[str, str] = {}
        for parameter in inspect.signature(function).parameters.values():
            _require_nameable(name, parameter, hints)
            # Under a neutral name with an alias, because a parameter may be called "schema",
            # "copy" or "_x", which pydantic keeps for itself.
            field = f"arg_{len(fields)}"
            self._fields[parameter.name] = field
            default = ... if parameter.default is parameter.empty else parameter.default
            fields[field] = (
                hints[parameter.name],
                Field(default, alias=parameter.name, description=described.get(parameter.name)),
            )
        self._model: type[BaseModel] = create_model(
            name,
            __config__=ConfigDict(
                extra="forbid",
                coerce_numbers_to_str=True,
                allow_inf_nan=False,
                arbitrary_types_allowed=False,
            ),
            **fields,
        )
        self.schema = _tidy_schema(name, self._model.model_json_schema(by_alias=True))

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments as the function wants them, coerced; those left out stay left out.

        Raises `ArgumentError` with everything that is wrong, in one line.
        """
        try:
            model = self._model.model_validate(dict(arguments))
        except ValidationError as error:
            raise ArgumentError(self._explain(error)) from None
        return {
            name: getattr(model, field)
            for name, field in self._fields.items()
            if field in model.model_fields_set
        }

    def _explain(self, error: ValidationError) -> str:
        problems = []
        for item in error.errors(include_url=False):
            where = ".".join(str(part) for part in item["loc"])
            if item["type"] == "extra_forbidden":
                problems.append(f"unknown argument {where!r}" + did_you_mean(where, self._fields))
            elif item["type"] == "missing":
                problems.append(f"argument {where!r} is missing")
            else:
                given = _short(item["input"])
                problems.append(f"argument {where!r}: {_lower_first(item['msg'])}, got {given}")
        return "; ".join(dict.fromkeys(problems))


def parse_docstring(doc: str) -> tuple[str, dict[str, str]]:
    """The prose before the "Args:" section in one line, and the description of each argument."""
    prose: list[str] = []
    described: dict[str, str] = {}
    section, current = "prose", ""
    for line in doc.splitlines():
        if _SECTION.match(line):
            section = "args"
        elif _OTHER_SECTION.match(line):
            section = "other"
        elif section == "prose":
            prose.append(line.strip())
        elif section == "args" and (entry := _ENTRY.match(line)):
            current = entry[1]
            described[current] = entry[2].strip()
        elif section == "args" and current and line.strip():
            described[current] = f"{described[current]} {line.strip()}".strip()
    return " ".join(filter(None, prose)), described


def did_you_mean(word: str, choices: Mapping[str, Any]) -> str:
    """`; did you mean "x"?`, or nothing where no choice is near."""
    lowered = {choice.lower(): choice for choice in choices}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f"; did you mean {lowered[near[0]]!r}?" if near else ""


def _require_nameable(
    function: str, parameter: inspect.Parameter, hints: Mapping[str, Any]
) -> None:
    if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
        raise TypeError(f"tool {function}: parameter {parameter} cannot be given by name")
    if parameter.name not in hints:
        raise TypeError(f"tool {function}: parameter {parameter.name} needs a type")


def _tidy_schema(function: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Shorter for the model that reads it: no titles, no `$ref`, no `anyOf` only to allow null."""
    definitions: dict[str, Any] = schema.pop("$defs", {})

    def tidy(node: Any, inside: tuple[str, ...]) -> Any:
        if isinstance(node, list):
            return [tidy(item, inside) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            target = str(node["$ref"]).rsplit("/", 1)[-1]
            if target in inside:
                raise TypeError(f"tool {function}: type {target} contains itself")
            rest = {key: value for key, value in node.items() if key != "$ref"}
            return tidy({**definitions[target], **rest}, (*inside, target))
        if "anyOf" in node:
            real = [choice for choice in node["anyOf"] if choice != {"type": "null"}]
            if len(real) == 1:
                rest = {key: value for key, value in node.items() if key != "anyOf"}
                return tidy({**real[0], **rest}, inside)
        return {
            key: (
                {name: tidy(value, inside) for name, value in content.items()}
                if key == "properties"
                else tidy(content, inside)
            )
            for key, content in node.items()
            if not (key == "title" and isinstance(content, str))
            and not (key == "default" and content is None)
        }

    tidied: dict[str, Any] = tidy(schema, ())
    tidied.pop("description", None)
    tidied.setdefault("properties", {})
    return tidied


def _short(value: Any) -> str:
    try:
        text = repr(value)
    except RecursionError:  # JSON that could just be read is not always as shallow as it takes
        return f"{type(value).__name__} within {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]
