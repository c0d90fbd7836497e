"""Model capabilities cache: what was found out about a model behind a server is found out once."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Protocol

from assistant.brain.base import Question
from assistant.brain.output_filter.manners import stop_words
from assistant.brain.output_filter.unopened import reasons
from assistant.brain.prompt import HISTORY, MAX_MESSAGE_CHARS, build_messages, pending
from assistant.private_files import write_whole

FORGET_AFTER = 30 * 24 * 3600.0
"""Seconds after which it is found out anew: servers are updated, and started with other options."""
MAX_MODELS = 200

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ModelCapabilities:
    """How a model wants to be asked."""

    tools: Literal["native", "spelled"] = "native"
    """Whether the server takes tools by its own protocol, or they are described in the prompt."""
    tokens: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    """What the bound of an answer is called."""
    temperature: bool = True
    """It may be set."""
    system_role: bool = True
    """There is a role "system"; else the prompt is the beginning of the user's first message."""
    response_format: bool = True
    """A form may be asked for."""
    stream: bool = True
    """It can be asked to stream."""
    history: int = HISTORY
    """Messages of the history that fit into its context."""
    unopened: bool | None = None
    """Its answers begin with reasoning that only a closing tag tells of; None: not known yet."""
    stop: bool = True
    """Words may be named at which its answer ends."""
    small: bool | None = None
    """It is too small for tools, and is shown how its persona speaks; None: not known yet."""


class CapabilitiesCache:
    """The traits of every model that was talked to; in a file, where there is one to keep them."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._known: dict[str, tuple[float, ModelCapabilities]] = self._read()

    def of(self, server: str, model: str) -> ModelCapabilities:
        """Of the model of this name behind this address."""
        learned, traits = self._known.get(_key(server, model), (0.0, ModelCapabilities()))
        return traits if time.time() - learned < FORGET_AFTER else ModelCapabilities()

    def learn(self, server: str, model: str, traits: ModelCapabilities) -> None:
        """Keep this. That a disk is full is not worth a word: it is found out again."""
        if traits == self.of(server, model):
            return
        self._known[_key(server, model)] = (time.time(), traits)
        while len(self._known) > MAX_MODELS:
            self._known.pop(min(self._known, key=lambda key: self._known[key][0]))
        self._write()

    def _read(self) -> dict[str, tuple[float, ModelCapabilities]]:
        if self._file is None:
            return {}
        known: dict[str, tuple[float, ModelCapabilities]] = {}
        with suppress(OSError, ValueError, RecursionError):
            data = json.loads(self._file.read_text("utf-8"))
            for key, entry in data.items() if isinstance(data, dict) else ():
                with suppress(TypeError, ValueError, KeyError):
                    known[str(key)] = (float(entry["learned"]), _traits(entry))
        return known

    def _write(self) -> None:
        if self._file is None:
            return
        data = {
            key: {"learned": round(learned), **dataclasses.asdict(traits)}
            for key, (learned, traits) in self._known.items()
        }
        try:
            write_whole(self._file, json.dumps(data).encode(), durable=False)
        except OSError as error:
            _log.info("traits of models are not kept: %s", error)


def _key(server: str, model: str) -> str:
    """No address: there may be a password in it."""
    return hashlib.sha256(f"{server}\n{model}".encode("utf-8", "replace")).hexdigest()[:24]


def _traits(entry: dict[str, Any]) -> ModelCapabilities:
    """Raises where a value is none that a trait may have."""
    plain = ModelCapabilities()
    fields = dataclasses.fields(ModelCapabilities)
    # What an earlier version did not know yet is found out, and the rest stays.
    values = {field.name: entry.get(field.name, field.default) for field in fields}
    for name in ("temperature", "system_role", "response_format", "stream", "stop"):
        if not isinstance(values[name], bool):
            raise ValueError(name)
    if values["tools"] not in ("native", "spelled"):
        raise ValueError("tools")
    if values["tokens"] not in ("max_tokens", "max_completion_tokens"):
        raise ValueError("tokens")
    for name in ("unopened", "small"):
        if values[name] not in (None, True, False):
            raise ValueError(name)
    if not isinstance(values["history"], int) or not 0 <= values["history"] <= plain.history:
        raise ValueError("history")
    return ModelCapabilities(**values)


# The body of a request, as a model wants to be asked.


class Ask(Protocol):
    """Something to ask of a model."""

    @property
    def in_a_form(self) -> bool:
        """The answer shall have a form."""

    @property
    def lengthy(self) -> bool:
        """It alone may be more than a model's context holds: that says nothing of the next one."""

    def body(self, model: str, traits: ModelCapabilities) -> dict[str, Any]:
        """Of the request."""


@dataclass(frozen=True, slots=True)
class QuestionAsk:
    """A turn of the conversation."""

    question: Question
    facts: Sequence[str]
    temperature: float
    max_tokens: int
    stable: bool = False
    """See `build_messages`."""
    in_a_form: bool = False

    @property
    def lengthy(self) -> bool:
        return len(pending(self.question)) > MAX_MESSAGE_CHARS

    def body(self, model: str, traits: ModelCapabilities) -> dict[str, Any]:
        small = traits.small is True
        question = replace(self.question, tools=[]) if small else self.question
        native = traits.tools == "native" and bool(question.tools)
        messages = build_messages(
            question,
            self.facts,
            native=native,
            system_role=traits.system_role,
            history=traits.history,
            stable=self.stable,
            small=small,
        )
        if "qwen3" in model.casefold():
            # Qwen 3 reasons for many seconds before each answer unless told not to.
            messages[0]["content"] += "\n\n/no_think"
        body = _body(model, messages, traits, self.temperature, self.max_tokens)
        if native:
            body["tools"] = [{"type": "function", "function": tool} for tool in question.tools]
        if small and traits.stop and not reasons(model, traits.unopened):
            body["stop"] = stop_words(question.persona)
        return body


@dataclass(frozen=True, slots=True)
class FormAsk:
    """An answer that follows a JSON schema, where there is one."""

    messages: list[dict[str, str]]
    schema: dict[str, Any] | None
    max_tokens: int
    in_a_form: bool = True
    lengthy: bool = False

    def body(self, model: str, traits: ModelCapabilities) -> dict[str, Any]:
        messages: list[dict[str, Any]] = [dict(message) for message in self.messages]
        if not traits.system_role and len(messages) > 1 and messages[0]["role"] == "system":
            prompt, first, *rest = messages
            both = f"{prompt['content']}\n\n{first['content']}"
            messages = [{"role": "user", "content": both}, *rest]
        body = _body(model, messages, traits, 0.0, self.max_tokens)
        if traits.response_format and self.schema is not None:
            form = {"name": "answer", "schema": self.schema, "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
        return body


def form_ask(messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int) -> FormAsk:
    return FormAsk(messages, schema, max_tokens)


def _body(
    model: str,
    messages: list[dict[str, Any]],
    traits: ModelCapabilities,
    temperature: float,
    max_tokens: int,
) -> dict[str, Any]:
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": traits.stream}
    if traits.temperature:
        body["temperature"] = temperature
    body[traits.tokens] = max_tokens
    return body
