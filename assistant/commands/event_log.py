"""Files of events: what `assistant talk --events` writes, and what reads them again.

JSON lines of `session.protocol`: `Hello`, which says the version, then one event a line.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from assistant.commands.tables import json_text
from assistant.personas.loading import PLAIN, load_personas
from assistant.session import events as e
from assistant.session.protocol import (
    VERSION,
    Hello,
    ProtocolError,
    check_version,
    decode_message,
    encode,
    schema,
)

# What was kept or recalled may be forgotten later, and a log would keep it; and what is
# forgotten. The others tell only a person who waits that something goes on.
_NOT_WRITTEN = (
    e.MemoryKept,
    e.MemoryRecalled,
    e.MemoryForgotten,
    e.LoadProgress,
    e.PersonasReloaded,
    e.StillThinking,
    e.CallsRunning,
    e.AnswerProgress,
)


class EventLog:
    """Writes events to a file as they come, so that a crash leaves all but the last.

    A disk that fills up ends the log, not the conversation; `error` tells of it.
    """

    def __init__(self, path: Path) -> None:
        """Raises `OSError` where the file cannot be written."""
        # What was said is in it; a file that is there keeps the rights that it has.
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        self._file: BinaryIO = os.fdopen(os.open(path, flags, 0o600), "wb")
        self._path = path
        self.error: OSError | None = None
        self._write(encode(Hello(VERSION)))

    def __call__(self, event: e.SessionEvent) -> None:
        if not isinstance(event, _NOT_WRITTEN):
            self._write(encode(event))

    def close(self) -> None:
        try:
            self._file.close()
        except OSError as error:
            self._fail(error)

    def _write(self, line: bytes) -> None:
        if self.error is not None:
            return
        try:
            self._file.write(line + b"\n")
            self._file.flush()
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        error.filename = str(self._path)  # writing does not tell which file it was
        self.error = self.error or error


def read_events(path: Path) -> Iterator[e.SessionEvent]:
    """The events of a file, in their order; those of files of the old form
    (`{"event": "user_text", …}`), too.

    A last line that was cut off by a crash is left out. Raises `OSError`, and `ProtocolError` for a
    line that is no event.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return
            try:
                yield from _events(line)
            except ProtocolError as error:
                raise ProtocolError(f"{path}, line {number}: {error}", error.remedy) from None


def _events(line: bytes) -> Iterator[e.SessionEvent]:
    for each in _in_new_names(line):
        message = decode_message(each)
        if isinstance(message, Hello):
            check_version(message)
        elif isinstance(message, e.SessionEvent):
            yield message


def schema_command() -> int:
    """Print the JSON schema of the session protocol, of which a file of events is made."""
    print(json_text(schema(), indent=2))
    return 0


# -- files of before the session protocol had a version: to go with the next one -------------------

_RENAMED = {
    "user_text": "UserSaid",
    "agent_text": "AgentSaid",
    "turn_started": "TurnStarted",
    "turn_ended": "TurnEnded",
    "first_sample": "FirstSample",
    "answer_paused": "AnswerPaused",
    "answer_resumed": "AnswerResumed",
    "tool_call": "ToolCalled",
    "tool_result": "ToolFinished",
    "persona_changed": "PersonaChanged",
    "state": "StateChanged",
    "backend": "BackendChosen",
    "brain": "BrainChosen",
    "audio": "AudioChanged",
    "lag": "LagChanged",
    "dropped": "Dropped",
    "notice": "Notice",
    "failed": "Failure",
}


def _in_new_names(line: bytes) -> list[bytes]:
    """A line as it is written today; the assistant's `turn_ended` was two events."""
    try:
        old = json.loads(line)
    except (ValueError, RecursionError):
        return [line]  # whoever decodes it tells what is wrong
    kind = _RENAMED.get(str(old.get("event"))) if isinstance(old, dict) else None
    if kind is None or "type" in old:
        return [line]
    new = {**old, **_moved(old), "type": kind}
    if old["event"] == "turn_ended" and old.get("side") == "assistant":
        final = {"persona": "", "text": "", "final": True, "played": old.get("text", "")}
        return [json.dumps(each).encode() for each in ({**new, **final, "type": "AgentSaid"}, new)]
    return [json.dumps(new).encode()]


def _moved(old: dict[str, Any]) -> dict[str, Any]:
    """Fields that had another name, unit or place."""
    milliseconds = old.get("latency_ms")
    latency = milliseconds / 1000 if isinstance(milliseconds, int | float) else None
    call = {"name": old.get("name"), "id": old.get("id", "")}
    match old["event"]:
        case "first_sample":
            return {"latency": latency, "stages": old.get("stages_ms", {})}
        case "tool_call":
            kept = {key: old[key] for key in ("arguments", "origin") if key in old}
            return {"call": {**call, **kept}}
        case "tool_result":
            result = {"call": call, "ok": old.get("ok"), "content": old.get("content")}
            return {"result": result}
        case "persona_changed":
            return {"persona": _persona(old.get("persona"), old.get("name")), "latency": latency}
        case _:
            return {}


def _persona(slug: Any, name: Any) -> dict[str, Any]:
    """All that an old file told of it; the rest is that of the one that is called so today."""
    personas = load_personas().loaded
    known = personas.get(str(slug)) or personas[PLAIN]
    return {**known.model_dump(), "slug": slug, "name": name}
