"""The body of a request, as a model wants to be asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from assistant.brain.base import Question
from assistant.brain.openai.capabilities import ModelCapabilities
from assistant.brain.prompt import MAX_MESSAGE_CHARS, build_messages, pending


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
    in_a_form: bool = False

    @property
    def lengthy(self) -> bool:
        return len(pending(self.question)) > MAX_MESSAGE_CHARS

    def body(self, model: str, traits: ModelCapabilities) -> dict[str, Any]:
        native = traits.tools == "native" and bool(self.question.tools)
        messages = build_messages(
            self.question,
            self.facts,
            native=native,
            system_role=traits.system_role,
            history=traits.history,
        )
        if "qwen3" in model.casefold():
            # Qwen 3 reasons for many seconds before each answer unless told not to.
            messages[0]["content"] += "\n\n/no_think"
        body = _body(model, messages, traits, self.temperature, self.max_tokens)
        if native:
            body["tools"] = [{"type": "function", "function": tool} for tool in self.question.tools]
        return body


@dataclass(frozen=True, slots=True)
class FormAsk:
    """An answer that follows a JSON schema."""

    messages: list[dict[str, str]]
    schema: dict[str, Any]
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
        if traits.response_format:
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
