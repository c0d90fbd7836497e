"""Tool calls by a chat server's own protocol: put together from the pieces they come in.

OpenAI's form has an index, an id, a name, and the arguments as a string of JSON in pieces. Servers
differ: ids and indices are missing or repeated, arguments come whole or as an object, and the older
`function_call` has neither id nor index.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from assistant.calls.parser import Malformed, ToolCall

MAX_ARGUMENTS = 64 * 1024
"""Characters of the arguments of one call."""
MAX_CALLS = 16
"""Calls in one answer; more are a loop."""


@dataclass(slots=True)
class _Part:
    """A call so far."""

    index: object = None
    id: str = ""
    name: str = ""
    arguments: str = ""

    @property
    def complete(self) -> bool:
        try:
            return isinstance(json.loads(self.arguments), dict)
        except (ValueError, RecursionError):
            return False


class CallCollector:
    """Takes the `tool_calls` of deltas and messages; `finish` gives the calls."""

    def __init__(self) -> None:
        self._parts: list[_Part] = []

    def __bool__(self) -> bool:
        return bool(self._parts)

    def take(self, message: dict[str, Any]) -> bool:
        """What a delta or message brings of calls; whether it brings any."""
        calls = message.get("tool_calls")
        legacy = message.get("function_call")
        pieces = calls if isinstance(calls, list) else []
        if isinstance(legacy, dict):
            pieces = [*pieces, {"index": "legacy", "function": legacy}]
        pieces = [piece for piece in pieces if isinstance(piece, dict)]
        for piece in pieces:
            self._add(piece)
        return bool(pieces)

    def finish(self) -> list[ToolCall | Malformed]:
        """The calls, in order; there are none left afterwards."""
        parts, self._parts = self._parts, []
        calls: list[ToolCall | Malformed] = []
        for number, part in enumerate(parts[:MAX_CALLS], start=1):
            # Mistral's templates want nine letters or digits.
            calls.append(read_arguments(part.name, part.arguments, part.id or f"call{number:05}"))
        return calls

    def _add(self, piece: dict[str, Any]) -> None:
        function = piece.get("function")
        fields = function if isinstance(function, dict) else piece
        name, arguments = _text(fields.get("name")), fields.get("arguments")
        if arguments is None:
            arguments = fields.get("parameters")
        part = self._part(piece.get("index"), _text(piece.get("id")), name)
        if part is None:
            return
        if name and name != part.name:
            part.name += name
        if isinstance(arguments, str):
            room = MAX_ARGUMENTS + 1 - len(part.arguments)
            part.arguments += arguments[: max(0, room)]
        elif isinstance(arguments, dict):
            part.arguments = json.dumps(arguments, ensure_ascii=False)

    def _part(self, index: object, identity: str, name: str) -> _Part | None:
        """The call that a piece belongs to, a new one where it begins one."""
        last = next((p for p in reversed(self._parts) if p.index == index), None)
        if last is None and index is None and not (identity or name) and self._parts:
            return self._parts[-1]
        another = last is not None and (
            (identity and last.id and identity != last.id)
            or (name and last.name and (last.complete or (index is None and last.arguments)))
        )
        if last is None or another:
            if len(self._parts) >= MAX_CALLS:
                return None
            last = _Part(index)
            self._parts.append(last)
        last.id = last.id or identity
        return last


def read_arguments(name: str, arguments: str, identity: str) -> ToolCall | Malformed:
    """The call of this name with these arguments, JSON as a model wrote it."""
    raw = f"{name}({arguments})"[:MAX_ARGUMENTS]
    name = name.strip().removeprefix("functions.").strip()
    if not name:
        return Malformed(raw, "the call has no name")
    if len(arguments) > MAX_ARGUMENTS:
        return Malformed(raw, f"the arguments are longer than {MAX_ARGUMENTS} characters")
    try:
        value = json.loads(arguments, strict=False) if arguments.strip() else {}
        if isinstance(value, str):  # encoded twice
            value = json.loads(value, strict=False) if value.strip() else {}
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        why = getattr(error, "msg", "") or type(error).__name__
        return Malformed(raw, f"the arguments of {name} are not valid JSON: {why}")
    if value is None:
        value = {}
    if not isinstance(value, dict):
        return Malformed(raw, f"the arguments of {name} have to be a JSON object")
    return ToolCall(name, value, id=identity)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
