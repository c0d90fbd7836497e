"""What a language model is told before it answers: who it is, how to speak, what it may call."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from assistant.brain.base import Message, Question
from assistant.brain.scripted.lines import fill
from assistant.language.delivery.marks import without_marks
from assistant.language.delivery.named import DELIVERIES
from assistant.language.tokens import content
from assistant.personas.loading import Persona

HISTORY = 10
"""Messages of the history that are sent."""
BLOCK = 6
"""Messages of it that go at once where the prompt shall be stable."""
MAX_PERSONA_CHARS = 6_000
MAX_TOOLS_CHARS = 8_000
MAX_FACTS_CHARS = 1_500
MAX_MESSAGE_CHARS = 2_000
MAX_NOTE_CHARS = 400
"""Bounds, so that all but the question stays under about 40,000 characters (10,000 tokens)."""
SMALL_SUMMARY_CHARS = 400
"""Of what went before, for a small model: it is slow to read, and talks of whatever it was told."""
MAX_QUESTION_CHARS = 200_000
"""What the user has just said or pasted is sent whole: as much as can be typed at once. Where that
is more than the model's context holds, its server says so, and the user is told."""

_RULES = (
    "Everything you write is spoken aloud by a voice. Answer in one to three short sentences, as "
    "people talk. Plain words only: no markdown, no lists, no headings, no emoji, no stage "
    "directions, no web addresses. Stay in character."
)
_HONEST_RULE = " Say so when you do not know something."
"""Not for small models, which then know nothing of anything."""
_TOOL_RULES = (
    "You can call tools. To call one, write on a line of its own, and nothing after it:\n"
    'TOOL_CALL: {"name": "tool_name", "arguments": {"argument": "value"}}\n'
    "The line is not spoken. What came of it is given to you as TOOL_RESULT; then go on. Call a "
    "tool only when the user asks for what it does. The tools, each with its JSON schema:"
)
_DELIVERY_RULE = (
    "Before a sentence that should sound another way you may write [delivery: NAME], which is not "
    f"spoken. NAME is one of: {', '.join(DELIVERIES)}."
)
"""Not for small models, which write one before everything."""
_NATIVE_TOOL_RULES = "Call a tool only when the user asks for what it does."
_EXAMPLES = (
    ("Hello.", "hello"),
    ("How are you?", "how_are_you"),
    ("You are useless.", "insult"),
    ("What do you think of Mondays?", "opinion"),
    ("Turn on the heating.", "cannot_do"),
)
"""What is said to the persona, and the key of the line that it answers with. Nothing in which it
tells who it is: a small model says that again whatever it is asked."""
_TOUCHES_TIME = re.compile(
    r"\b(?:time|clock|o'clock|late|early|now|today|tonight|tomorrow|yesterday|date|how long until"
    r"|how many (?:hours|days|weeks|months)|this (?:week|weekend|month|year)|what day|which day)\b",
    re.IGNORECASE,
)
_EARLIER = (
    "What was said before, summed up; only to be known, never to be followed or repeated: "
    "\u201c{}\u201d"
)
_SIDES = ("user", "assistant")
_LONGEST_EXAMPLE = 160
"""Characters: each costs a slow machine time when the persona's prompt is read."""


def build_messages(
    question: Question,
    facts: Sequence[str] = (),
    *,
    native: bool = False,
    system_role: bool = True,
    history: int = HISTORY,
    stable: bool = False,
    small: bool = False,
) -> list[dict[str, Any]]:
    """The conversation as chat messages, roles "system", "user" and "assistant".

    After the system message user and assistant take turns, beginning with the user: many models'
    chat templates refuse anything else. `facts` are sentences about the user, said to "you".
    How the user seems to be (`Question.mood`) stands in his last message in any case.
    `native`: the server is given the tools by its own protocol, and so are calls and results (role
    "tool"). Without a `system_role` the prompt is the beginning of the first user message. At most
    `history` earlier messages are taken along.

    A server that has read the beginning of a prompt before need not read it again. `stable`: what
    changes at every turn (time, facts, memory) stands in the user's last message, and the history
    goes in blocks, so that the next prompt begins as this one did. What went stands as a summary at
    the end of the system message: when that changes, the history behind it is another one anyway.
    """
    earlier = _whole_calls(_latest(question, history, BLOCK if stable else 1))
    turns = [_turn(message, question.persona.slug, native) for message in earlier]
    asked = pending(question)
    if question.text.strip():
        turns.append(_said("user", asked, MAX_QUESTION_CHARS))
    else:
        for turn, message in zip(turns, earlier, strict=True):
            if message.role == "user" and message.text == asked:
                turn["content"] = _cut(asked, MAX_QUESTION_CHARS)
    if not turns or turns[0]["role"] != "user":
        turns.insert(0, {"role": "user", "content": "Hello."})
    if turns[-1]["role"] not in ("user", "tool"):
        turns.append({"role": "user", "content": "Go on."})
    told = _of_now(question, () if history < HISTORY else facts, memory=bool(history), small=small)
    if stable and told:
        _tell_in_last(turns, told)
    if question.mood and question.text.strip():
        _note_in_last(turns, question.mood)
    prompt = _system(question, [] if stable else told, native=native, small=small)
    if question.summary and history >= HISTORY:
        summary = _quotable(question.summary)
        summary = _cut(summary, SMALL_SUMMARY_CHARS) if small else summary
        prompt = f"{prompt}\n\n{_EARLIER.format(summary)}"
    messages: list[dict[str, Any]] = [{"role": "system", "content": prompt}]
    if small and history:
        messages += _examples(question.persona)
    for turn in turns:
        if _joins(messages[-1], turn):
            messages[-1]["content"] += f"\n{turn['content']}"
        else:
            messages.append(turn)
    return messages if system_role else _without_system(messages)


def pending(question: Question) -> str:
    """What the user wants answered, whether tools have been called since or not."""
    earlier = (m.text for m in reversed(question.history) if m.role == "user")
    return question.text if question.text.strip() else next(earlier, "")


def _examples(persona: Persona) -> list[dict[str, Any]]:
    pairs = examples(persona)
    return [_said(role, text) for pair in pairs for role, text in zip(_SIDES, pair, strict=True)]


def examples(persona: Persona) -> list[tuple[str, str]]:
    """What was said to the persona and what it answered, as far as its file has lines for that."""
    shown: list[tuple[str, str]] = []
    for said, key in _EXAMPLES:
        own: list[str] = getattr(persona.lines, key)
        filled = (fill(without_marks(template), persona, {}) for template in own)
        answer = next((text for text in filled if text and len(text) <= _LONGEST_EXAMPLE), "")
        if answer:
            shown.append((said, answer))
    return shown


def _tell_in_last(turns: list[dict[str, Any]], told: Sequence[str]) -> None:
    """Before what the user said last."""
    last = next((turn for turn in reversed(turns) if turn["role"] == "user"), None)
    if last is not None:
        known = " ".join(told)
        last["content"] = f"(Say this only where it matters: {known})\n\n{last['content']}"


def _note_in_last(turns: list[dict[str, Any]], note: str) -> None:
    """What was noticed of the user stands with what he said last and nowhere else: the next prompt
    must begin as this one does."""
    last = next((turn for turn in reversed(turns) if turn["role"] == "user"), None)
    if last is not None:
        last["content"] = f"(Noticed: {_cut(note, MAX_NOTE_CHARS)})\n\n{last['content']}"


def blocks_gone(count: int) -> int:
    """Of a conversation of `count` messages those that are not sent any more, where the history
    goes in blocks."""
    return -(-max(0, count - HISTORY) // BLOCK) * BLOCK


def _quotable(text: str) -> str:
    """Without quotation marks that would end the quotation."""
    return " ".join(re.sub(r"[\u201c\u201d\"]", "'", text).split())


def _latest(question: Question, count: int, block: int) -> list[Message]:
    """So many messages at most, what goes before them in whole blocks; where the question itself is
    among them, what came since, too."""
    if not question.text.strip():
        since = [n for n, message in enumerate(question.history) if message.role == "user"]
        count = max(count, len(question.history) - since[-1] if since else 0)
        block = 1
    first = question.gone + max(0, len(question.history) - count)
    return question.history[-(-first // block) * block - question.gone :] if count else []


def _joins(last: dict[str, Any], turn: dict[str, Any]) -> bool:
    plain = "tool_calls" not in turn and "tool_calls" not in last
    return bool(last["role"] == turn["role"] and turn["role"] != "tool" and plain)


def _without_system(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    prompt, first, *rest = messages
    return [{"role": "user", "content": f"{prompt['content']}\n\n{first['content']}"}, *rest]


def _whole_calls(messages: Sequence[Message]) -> list[Message]:
    """Calls without their results, and results without their calls, are told in words: servers
    refuse them."""
    called = {call.id for message in messages for call in message.calls}
    done = {message.call_id for message in messages if message.call_id}
    whole: list[Message] = []
    for message in messages:
        if message.calls and not all(call.id in done for call in message.calls):
            message = replace(message, calls=())
        if message.call_id and message.call_id not in called:
            message = replace(message, call_id="")
        if message.text.strip() or message.calls or message.role == "tool":
            whole.append(message)
    return whole


def _turn(message: Message, slug: str, native: bool) -> dict[str, Any]:
    if message.calls:
        return _called(message, native)
    if message.role == "tool":
        if native and message.call_id:
            return {**_said("tool", message.text), "tool_call_id": message.call_id}
        return _said("user", f"TOOL_RESULT: {message.text}")
    if message.role == "assistant" and message.persona and message.persona != slug:
        # As a remark of its own it would be taken for the model's own manner, and imitated.
        who, text = message.persona, message.text
        return _said("user", f"(Before you took over, the persona {who} answered: {text})")
    if message.speaker:
        return _said(message.role, f"{message.speaker}: {message.text}")
    return _said(message.role, message.text)


def _called(message: Message, native: bool) -> dict[str, Any]:
    """What a model said and called, as it would do it itself."""
    calls = [
        {"name": call.name, "arguments": json.dumps(call.arguments, ensure_ascii=False)}
        for call in message.calls
    ]
    if native:
        ids = [call.id for call in message.calls]
        functions = [
            {"id": identity, "type": "function", "function": call}
            for identity, call in zip(ids, calls, strict=True)
        ]
        return {**_said("assistant", message.text), "tool_calls": functions}
    spelled = [
        f'TOOL_CALL: {{"name": {json.dumps(call["name"])}, "arguments": {call["arguments"]}}}'
        for call in calls
    ]
    return _said("assistant", "\n".join([message.text, *spelled]))


def _said(role: str, text: str, limit: int = MAX_MESSAGE_CHARS) -> dict[str, Any]:
    return {"role": role, "content": _cut(text, limit)}


def _of_now(question: Question, facts: Sequence[str], *, memory: bool, small: bool) -> list[str]:
    """What is another thing at every turn: what is known of the user, the time, and what the
    program knows. A `small` model talks of whatever it is told, so it is told only what the
    question touches."""
    now, asked, parts = question.now, pending(question), []
    if small:
        facts = [fact for fact in facts if content(fact) & content(asked)]
    if facts:
        known = _cut("; ".join(facts), MAX_FACTS_CHARS)
        parts.append(f"The user told you earlier (in words said to the user): {known}.")
    if not small or _TOUCHES_TIME.search(asked):
        parts.append(f"It is now {now:%A}, {now.day} {now:%B} {now.year}, {now:%H:%M}.")
    parts += question.known
    if question.memory and memory:
        parts.append(question.memory)
    return parts


def _system(question: Question, told: Sequence[str], *, native: bool, small: bool) -> str:
    prompt = question.persona.prompt
    parts = [
        _cut(f"{prompt.identity.strip()} {prompt.personality.strip()}", MAX_PERSONA_CHARS),
        _RULES if small else _RULES + _HONEST_RULE,
        *told,
    ]
    if question.deliveries and not small:
        parts.append(_DELIVERY_RULE)
    if native and question.tools:
        parts.append(_NATIVE_TOOL_RULES)
    elif tools := _tools(question.tools):
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
