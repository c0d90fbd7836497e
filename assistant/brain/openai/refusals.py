"""What a server's refusal means, in words that a person can act on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from assistant.brain.base import LanguageModelError
from assistant.brain.openai.capabilities import ModelCapabilities
from assistant.brain.openai.replies import error_text, readable

BUSY = (429, 503)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with a status other than 200."""

    status: int
    said: str
    """The server's own words, short, without secrets; "" where there were none."""
    retry_after: float | None = None
    """Seconds."""

    @property
    def detail(self) -> str:
        return f": {self.said}" if self.said else ""

    @property
    def loading(self) -> bool:
        """The server is there, and its model will be."""
        return self.status == 503 and "load" in self.said.casefold()


def own_words(body: bytes) -> str:
    """What the body of a refusal says, all of it, for telling what the server wants otherwise."""
    return body.decode("utf-8", "replace")[:4_000] if b"<html" not in body[:500].lower() else ""


def short(body: bytes) -> str:
    return error_text(body)


@dataclass(frozen=True, slots=True)
class RequestTarget:
    """Where a request went."""

    url: str
    proxy: str = ""
    """On the way there, without its password."""
    key_variable: str = ""
    has_key: bool = False

    @property
    def through(self) -> str:
        return f" (through the proxy {self.proxy})" if self.proxy else ""

    def absent(self) -> LanguageModelError:
        if self.proxy:
            return LanguageModelError(
                "absent",
                f"No language model answers at {self.url}{self.through}.",
                "Check the proxy's address, or name the server's host in no_proxy.",
            )
        return LanguageModelError(
            "absent",
            f"No language model answers at {self.url}.",
            "Start its server (for example: ollama serve), or correct brain.url.",
        )

    def proxy_refuses(self, why: str) -> LanguageModelError:
        proxy = self.proxy or "of the environment"
        return LanguageModelError(
            "refused",
            f"The proxy {proxy} refuses: {readable(why) or 'it gives no reason'}.",
            "Look at the variables http_proxy, https_proxy, all_proxy and no_proxy.",
        )

    def broke_off(self, why: str) -> LanguageModelError:
        return LanguageModelError(
            "garbage",
            f"The server at {self.url}{self.through} broke off: "
            f"{readable(why) or 'no reason given'}.",
            "Look into the server's log.",
        )

    def no_model(self) -> LanguageModelError:
        return LanguageModelError(
            "missing",
            f"The server at {self.url} has no model that can chat.",
            "Load one there (for example: ollama pull qwen3:4b), or name it in brain.model.",
        )

    def not_found(self, model: str, names: list[str], refusal: Refusal) -> LanguageModelError:
        if names:
            shown = ", ".join(readable(name) for name in names[:8])
            return LanguageModelError(
                "missing",
                f"The server at {self.url} has no model {model!r}.",
                f"Set brain.model to one it has: {shown}.",
            )
        return LanguageModelError(
            "missing",
            f"There is no chat at {self.url}{self.through} (404{refusal.detail}).",
            "Check brain.url: it usually ends in /v1.",
        )

    def error(self, refusal: Refusal, traits: ModelCapabilities) -> LanguageModelError:
        """The error that a status other than 200 and 404 stands for."""
        status, detail = refusal.status, refusal.detail
        if status == 407:
            return self.proxy_refuses(f"407{detail}")
        if status in (401, 403):
            have = (
                f"The key in {self.key_variable} was refused"
                if self.has_key
                else "It asks for a key"
            )
            return LanguageModelError(
                "refused",
                f"The server at {self.url}{self.through} let us not in ({status}{detail}). {have}.",
                f"Put the server's key into the environment variable {self.key_variable}.",
            )
        if refusal.loading:
            return LanguageModelError(
                "slow",
                f"The server at {self.url} is still loading its model.",
                "Wait until it is loaded, or raise brain.timeout_s.",
            )
        if status in BUSY:
            return self._busy(refusal)
        return LanguageModelError(
            "error",
            f"The server at {self.url}{self.through} answered {status}{detail}.",
            "Look into the server's log, or choose another model in brain.model."
            if traits.history
            else "Write less at once, or choose a model with a longer context in brain.model.",
        )

    def _busy(self, refusal: Refusal) -> LanguageModelError:
        after = refusal.retry_after
        wait = "a little" if after is None else duration(after)
        return LanguageModelError(
            "busy",
            f"The server at {self.url}{self.through} is too busy "
            f"({refusal.status}{refusal.detail}).",
            f"Wait {wait} and ask again.",
        )


def duration(seconds: float) -> str:
    """ "5 s", "3 minutes", "2 hours"."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} minutes" if seconds < 6000 else f"{round(seconds / 3600)} hours"


# Feature detection by errors, from a server's complaint to another way of asking: each is tried
# once, and remembered.

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
_STOP = _complains(r"['\"`]?\bstop\b(?:['\"`]|[ _](?:words?|sequences?|strings?)| is| parameter)")
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


def _without_stop(traits: ModelCapabilities, form: bool) -> ModelCapabilities | None:
    return None if form or not (traits.small and traits.stop) else replace(traits, stop=False)


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
    (lambda said, status: _STOP.search(said), _without_stop),
    (lambda said, status: _STREAM.search(said), _whole),
)
