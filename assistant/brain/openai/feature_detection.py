"""Feature detection by errors, from a server's complaint to another way of asking: each is tried
once, and remembered.

The words are those of OpenAI, Ollama, llama.cpp, vLLM, LM Studio, TGI, OpenRouter and Mistral.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from assistant.brain.openai.capabilities import ModelCapabilities

_NOT = (
    r"(?:not support|unsupported|unrecogni[sz]ed|unknown|not (?:allowed|permitted|enabled)"
    r"|invalid|no longer|deprecated|cannot|must be|requires?|only the default"
    r"|extra (?:inputs|fields)|extra_forbidden|unexpected|not available|does not exist"
    r"|no endpoints)"
)


def _complains(about: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{about}).*{_NOT}|{_NOT}.*(?:{about})", re.IGNORECASE | re.DOTALL)


_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|window|size)|maximum context|exceeds? the (?:available )?context"
    r"|too many (?:input )?tokens"
    r"|(?:prompt|input|request|message)s? (?:is|are|was|were) too (?:long|large)"
    r"|reduce the length|n_ctx|maximum (?:prompt|input|number of tokens)|token limit"
    r"|larger than the model|longer than the (?:model|maximum|context)"
    r"|exceeds? (?:the )?max(?:imum)?[ _](?:model|sequence|position)",
    re.IGNORECASE,
)
_NEW_TOKENS = re.compile(r"max_completion_tokens", re.IGNORECASE)
_TOOLS = re.compile(
    r"tools? param requires|--jinja|tool[-_ ]?call[-_ ]?parser|enable-auto-tool-choice"
    r"|(?:tools?|tool[ _]?(?:use|choice|calls?|calling)|functions?|function calling)\W.*" + _NOT
    + r"|" + _NOT + r".*\b(?:tools?|tool[ _]?(?:use|choice|calls?|calling)|functions?"
    r"|function calling)\b",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_SYSTEM = re.compile(
    r"system[ _-]?(?:role|message|prompt|instruction)s?\W.*" + _NOT
    + r"|" + _NOT + r".*system[ _'\"-]*(?:role|message|prompt|instruction)"
    r"|developer instruction is not enabled|only user(?:,)? (?:and|or) (?:assistant|model)"
    r"|roles? must alternate|role.{0,40}\bsystem\b|\bsystem\b.{0,40}\brole",
    re.IGNORECASE | re.DOTALL,
)  # fmt: skip
_TEMPERATURE = _complains("temperature")
_FORM = _complains("response_format|json_schema|response format|structured outputs?|grammar")
_STREAM = _complains(r"\bstream(?:ing)?\b")

_STATUSES = (400, 404, 405, 413, 415, 422, 500, 501)
"""With which a server may say that it wants to be asked otherwise; 200 is an error in a stream."""


def adapted(
    traits: ModelCapabilities, status: int, said: str, *, form: bool = False
) -> ModelCapabilities | None:
    """How to ask after this complaint; None where there is no other way. `form`: an answer in a
    form had been asked for."""
    if status not in (200, *_STATUSES):
        return None
    for complaint, change in _CHANGES:
        if complaint(said, status) and (other := change(traits, form)) is not None:
            return other if other != traits else None
    return None


Change = Callable[[ModelCapabilities, bool], ModelCapabilities | None]


def _tokens(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    del form
    if traits.tokens == "max_tokens":
        return replace(traits, tokens="max_completion_tokens")
    return replace(traits, tokens="max_tokens")


def _shorter(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    if form:
        return None  # nothing of it is a history
    left = 4 if traits.history > 4 else 0
    return replace(traits, history=left) if traits.history else None


def _without_form(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    return replace(traits, response_format=False) if form and traits.response_format else None


def _spelled(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    return None if form or traits.tools == "spelled" else replace(traits, tools="spelled")


def _without_system(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    del form
    return replace(traits, system_role=False) if traits.system_role else None


def _without_temperature(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    del form
    return replace(traits, temperature=False) if traits.temperature else None


def _whole(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    del form
    return replace(traits, stream=False) if traits.stream else None


_CHANGES: tuple[tuple[Callable[[str, int], object], Change], ...] = (
    (lambda said, status: status == 413 or _TOO_LONG.search(said), _shorter),
    (lambda said, status: _NEW_TOKENS.search(said), _tokens),
    (lambda said, status: _TEMPERATURE.search(said), _without_temperature),
    (lambda said, status: _FORM.search(said), _without_form),
    (lambda said, status: _TOOLS.search(said), _spelled),
    (lambda said, status: _SYSTEM.search(said), _without_system),
    (lambda said, status: _STREAM.search(said), _whole),
)
