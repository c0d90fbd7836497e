"""What a server offers beside tools: prompts, which are spoken commands, and resources, which are
read by their name (Model Context Protocol, "Prompts" and "Resources").

A prompt is the server's words for a request that the user makes by its name, so it is asked of
whoever answers as if the user had said it. What a resource holds is data, like a tool's result.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from assistant.adapters.connection import McpConnection, OnProgress
from assistant.adapters.elicitation import GIVE_UP
from assistant.adapters.tools import (
    BACKSTOP,
    LONGEST_DESCRIPTION,
    RunCall,
    asked,
    block_text,
    spoken,
    told_as_data,
    tool_name,
)
from assistant.language.command_patterns import SpokenCommand
from assistant.language.phrase_notation import normal
from assistant.skills.phrases import Phrase, Skill, says
from assistant.terminal.sanitize import clean_line, clean_text
from assistant.tools.registry import Tool, ToolReply
from assistant.tools.schema import ArgumentError

if TYPE_CHECKING:
    from mcp.types import GetPromptResult, Prompt, ReadResourceResult, Resource

MOST = 200
"""Prompts, or resources, of one server that can be named."""
MOST_OFFERED = 20
"""Resources that a model is told the names of."""
READ = "read_resource"
"""What the tool that reads a server's resources is called."""
LONGEST_PROMPT = 8_000
"""Characters that whoever answers is asked."""
_FIRST = r"(?:use|run|start|take|do|try|apply|give me|let us do)(?: me)?(?: the| my| our)?"
_REST = r"(?: (?:with|for|about|on|of|and|using) (?P<rest>.+))?"
_READ = r"(?:read|open|show|tell|recite)(?: me)?(?: aloud| out)?(?: my| the| our)?"
_WHAT = r"(?:what (?:is|does it say)|what stands) (?:in|on)(?: my| the| our)?"


@dataclass(frozen=True, slots=True)
class _Open:
    """A question that waits for an answer: one argument of a prompt."""

    tool: str
    given: Mapping[str, str]
    argument: str


class PromptQuestions:
    """Asks for the arguments of a prompt that the user has not given, one after another."""

    def __init__(self) -> None:
        self._open: _Open | None = None

    def ask(self, tool: str, given: Mapping[str, str], argument: str, question: str) -> ToolReply:
        """What a prompt's tool returns while one is missing."""
        self._open = _Open(tool, dict(given), argument)
        return ToolReply(f"the user was asked: {question}", spoken=question)

    def close(self) -> None:
        self._open = None

    def answered(self, text: str) -> SpokenCommand | None:
        """The call that these words complete; None where nothing was asked."""
        question, self._open = self._open, None
        value = text.strip().rstrip(".!?").strip()
        if question is None or not value:
            return None
        if normal(value) in GIVE_UP:
            return SpokenCommand("stop")
        return SpokenCommand(question.tool, {**question.given, question.argument: value})


# -- prompts ---------------------------------------------------------------------------------------


def prompt_tool(
    connection: McpConnection,
    prompt: Prompt,
    timeout: float,
    run: RunCall,
    questions: PromptQuestions,
) -> Tool:
    """A tool that only the user's words ask for."""
    name = _prompt_name(connection, prompt)
    arguments = {each.name: each for each in prompt.arguments or []}
    required = [each.name for each in arguments.values() if each.required]

    async def use(**given: str) -> ToolReply:
        for argument in required:
            if argument not in given:
                about = _about(argument, arguments[argument].description)
                lead = "And" if len(given) else f"For {_called(prompt)}"
                return questions.ask(name, given, argument, f"{lead}, what is the {about}?")

        async def work(on_progress: OnProgress) -> ToolReply:
            result = await asked(connection.prompt(prompt.name, given))
            text = _prompt_text(result)
            told = f"the prompt {_called(prompt)} was asked"
            if not text:
                return ToolReply(told, spoken="That prompt is empty.")
            brief = f"I would need a language model for that. It reads: {spoken(text)}"
            return ToolReply(told, prompt=text, brief=brief)

        return await run(name, timeout, work)

    def check(given: Mapping[str, Any]) -> dict[str, str]:
        unknown = [key for key in given if key not in arguments]
        if unknown:
            raise ArgumentError(f"there is no argument {unknown[0]!r}")
        return {key: str(value) for key, value in given.items()}

    about = " ".join(clean_text(prompt.description or prompt.title or prompt.name).split())
    properties = {key: {"type": "string"} for key in arguments}
    return Tool(
        name=name,
        description=about[:LONGEST_DESCRIPTION],
        parameters={"type": "object", "properties": properties},
        function=use,
        check=check,
        timeout=timeout + BACKSTOP,
        offered=False,
    )


def prompt_skill(connection: McpConnection, prompt: Prompt) -> Skill:
    """ "use the … prompt", and its title where that is several words; with the arguments behind."""
    names = {normal(spoken_words(each)) for each in (prompt.name, prompt.title or "")} - {""}
    arguments = [each.name for each in prompt.arguments or []]
    required = [each.name for each in prompt.arguments or [] if each.required]

    def read(said: dict[str, str]) -> Mapping[str, str] | None:
        return _given(said.get("rest", ""), arguments, required or arguments)

    rest = _REST if arguments else ""
    phrases: list[Phrase] = []
    for name in sorted(names):
        words = _pattern(name.removesuffix(" prompt"))
        phrases.append(says(rf"{_FIRST} {words} prompt{rest}", read))
        phrases.append(says(rf"{_FIRST} prompt {words}{rest}", read))
        if " " in name:
            phrases.append(says(rf"{_pattern(name)}{rest}", read))
    return Skill(_prompt_name(connection, prompt), tuple(phrases))


def _given(rest: str, arguments: list[str], wanted: list[str]) -> dict[str, str]:
    """Arguments out of "style formal and name Ada", or else "Ada": the first that is wanted."""
    if not rest:
        return {}
    named = "|".join(re.escape(each.replace("_", " ")) for each in arguments)
    parts = re.split(rf"(?:^|,? (?:and )?)(?:the )?({named}) (?:is )?", rest, flags=re.IGNORECASE)
    if len(parts) > 1 and not parts[0].strip():
        spelt = {each.replace("_", " ").lower(): each for each in arguments}
        pairs = zip(parts[1::2], parts[2::2], strict=False)
        return {spelt[key.lower()]: value.strip() for key, value in pairs if value.strip()}
    return {wanted[0]: rest}


def _prompt_name(connection: McpConnection, prompt: Prompt) -> str:
    return tool_name(connection.name, f"prompt_{prompt.name}")


def _called(prompt: Prompt) -> str:
    return clean_line(prompt.title or spoken_words(prompt.name))


def _about(argument: str, description: str | None) -> str:
    """ "style, the tone of the letter"."""
    name = argument.replace("_", " ")
    about = " ".join(clean_line(description or "").split()).rstrip(".?!")
    return f"{name}, {about[:1].lower()}{about[1:]}" if 0 < len(about) <= 80 else name


def _prompt_text(result: GetPromptResult) -> str:
    """What is asked: of several messages each with its role."""
    texts = [(each.role, clean_text(block_text(each.content)).strip()) for each in result.messages]
    texts = [(role, text) for role, text in texts if text]
    whole = (
        texts[0][1]
        if len(texts) == 1
        else "\n".join(f"{role.capitalize()}: {text}" for role, text in texts)
    )
    return whole[:LONGEST_PROMPT]


# -- resources -------------------------------------------------------------------------------------


def resource_tool(
    connection: McpConnection,
    resources: list[Resource],
    timeout: float,
    run: RunCall,
    *,
    offered: bool,
) -> Tool:
    """Reads one of them, by its name or its address."""
    name = tool_name(connection.name, READ)
    by_name = {each.name: each for each in reversed(resources)}
    by_name |= {each.uri: each for each in resources}

    async def read(**given: str) -> ToolReply:
        wanted = by_name[given["name"]]

        async def work(on_progress: OnProgress) -> ToolReply:
            result = await asked(connection.read(wanted.uri))
            return told_as_data(connection.name, clean_text(_resource_text(result)).strip())

        return await run(name, timeout, work)

    def check(given: Mapping[str, Any]) -> dict[str, str]:
        wanted = given.get("name")
        if wanted not in by_name or len(given) != 1:
            names = ", ".join(each.name for each in resources[:MOST_OFFERED])
            raise ArgumentError(f"name must be one of {names}")
        return {"name": str(wanted)}

    names = [each.name for each in resources]
    few = offered and len(names) <= MOST_OFFERED
    return Tool(
        name=name,
        description=f"Read what {connection.name} has under a name.",
        parameters={
            "type": "object",
            "properties": {"name": {"type": "string", **({"enum": names} if few else {})}},
            "required": ["name"],
        },
        function=read,
        check=check,
        timeout=timeout + BACKSTOP,
        offered=few,
    )


def resource_skill(connection: McpConnection, resources: list[Resource], called: str) -> Skill:
    """ "read my bird diary", "what is in the bird diary", for each of them."""
    named: dict[str, str] = {}
    for each in reversed(resources):
        for spelling in (each.title or "", each.name):
            if words := normal(spoken_words(spelling)):
                named[words] = each.uri
    if not named:
        return Skill(tool_name(connection.name, READ), ())

    def read(said: dict[str, str]) -> Mapping[str, str] | None:
        uri = named.get(normal(said["name"]))
        return None if uri is None else {"name": uri}

    source = _pattern(normal(called))
    tail = rf"(?: (?:from|in|of) {source})?" if source else ""
    name = "|".join(sorted(map(_pattern, named), key=len, reverse=True))
    phrases = (
        says(rf"{_READ} (?P<name>{name})(?: to me| aloud| out)?{tail}", read),
        says(rf"{_WHAT} (?P<name>{name}){tail}", read),
    )
    return Skill(tool_name(connection.name, READ), phrases)


def _pattern(words: str) -> str:
    return re.escape(words).replace("\\ ", " ")


def _resource_text(result: ReadResourceResult) -> str:
    parts = []
    for each in result.contents:
        text = getattr(each, "text", None)
        parts.append(text if text is not None else f"(something that is no text: {each.mime_type})")
    return "\n".join(parts)


def spoken_words(name: str) -> str:
    """A name as people say it: "bird_diary.md" → "bird diary"."""
    plain = clean_line(name)
    stem = PurePosixPath(plain).name if "/" in plain and " " not in plain else plain
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)
    return " ".join(re.sub(r"(?<=[a-z])(?=[A-Z])", " ", re.sub(r"[_./:-]+", " ", stem)).split())
