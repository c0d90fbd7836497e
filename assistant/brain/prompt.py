"""What a language model is told before it answers: who it is, how to speak, what it may call."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from assistant.brain.base import Message, Question

HISTORY = 10
"""Messages of the history that are sent."""
MAX_PERSONA_CHARS = 6_000
MAX_TOOLS_CHARS = 8_000
MAX_FACTS_CHARS = 1_500
MAX_MESSAGE_CHARS = 2_000
"""Bounds, so that the whole stays under about 40,000 characters (10,000 tokens)."""

_RULES = (
    "Everything you write is spoken aloud by a voice. Answer in one to three short sentences, as "
    "people talk. Plain words only: no markdown, no lists, no headings, no emoji, no stage "
    "directions, no web addresses. Stay in character. Say so when you do not know something."
)
_TOOL_RULES = (
    "You can call tools. To call one, write on a line of its own, and nothing after it:\n"
    'TOOL_CALL: {"name": "tool_name", "arguments": {"argument": "value"}}\n'
    "The line is not spoken. What came of it is given to you as TOOL_RESULT; then go on. Call a "
    "tool only when the user asks for what it does. The tools, each with its JSON schema:"
)


def build_messages(question: Question, facts: Sequence[str] = ()) -> list[dict[str, str]]:
    """The conversation as chat messages, roles "system", "user" and "assistant".

    After the system message user and assistant take turns, beginning with the user: many models'
    chat templates refuse anything else. `facts` are sentences about the user, said to "you".
    """
    turns = [_turn(message, question.persona.slug) for message in question.history[-HISTORY:]]
    if question.text.strip():
        turns.append(("user", _cut(question.text, MAX_MESSAGE_CHARS)))
    if not turns or turns[0][0] != "user":
        turns.insert(0, ("user", "Hello."))
    if turns[-1][0] != "user":
        turns.append(("user", "Go on."))
    messages = [{"role": "system", "content": _system(question, facts)}]
    for role, text in turns:
        if messages[-1]["role"] == role:
            messages[-1]["content"] += f"\n{text}"
        else:
            messages.append({"role": role, "content": text})
    return messages


def _turn(message: Message, slug: str) -> tuple[str, str]:
    text = _cut(message.text, MAX_MESSAGE_CHARS)
    if message.role == "tool":
        return "user", f"TOOL_RESULT: {text}"
    if message.role == "assistant" and message.persona and message.persona != slug:
        # As a remark of its own it would be taken for the model's own manner, and imitated.
        return "user", f"(Before you took over, the persona {message.persona} answered: {text})"
    return message.role, text


def _system(question: Question, facts: Sequence[str]) -> str:
    prompt = question.persona.prompt
    now = question.now
    parts = [
        _cut(f"{prompt.identity.strip()} {prompt.personality.strip()}", MAX_PERSONA_CHARS),
        _RULES,
        f"It is now {now:%A}, {now.day} {now:%B} {now.year}, {now:%H:%M}.",
    ]
    if facts:
        known = _cut("; ".join(facts), MAX_FACTS_CHARS)
        parts.append(f"The user told you earlier (in words said to the user): {known}.")
    if question.memory:
        parts.append(question.memory)
    if tools := _tools(question.tools):
        parts.append(f"{_TOOL_RULES}\n{tools}")
    return "\n\n".join(parts)


def _tools(schemas: Sequence[dict[str, Any]]) -> str:
    """One schema a line, as many as fit; none is cut in the middle."""
    lines: list[str] = []
    room = MAX_TOOLS_CHARS
    for schema in schemas:
        line = json.dumps(schema, ensure_ascii=False, separators=(", ", ": "))
        room -= len(line) + 1
        if room < 0:
            break
        lines.append(line)
    return "\n".join(lines)


def _cut(text: str, limit: int) -> str:
    """The beginning of a text that is too long, marked as cut."""
    text = text.strip()
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"
