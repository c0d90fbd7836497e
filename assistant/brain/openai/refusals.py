"""What a server's refusal means, in words that a person can act on."""

from __future__ import annotations

from dataclasses import dataclass

from assistant.brain.failures import LanguageModelError
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
