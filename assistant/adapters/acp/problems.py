"""What goes wrong with a coding agent, in words; never what was sent."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

from assistant.adapters.launching import AdapterError, log_path

_SIGN_IN = -32000
"""The protocol's error code for "authentication required"."""

log = logging.getLogger(__name__)


def problem_of(
    name: str, error: Exception, command: str, clean: Callable[[str], str]
) -> AdapterError:
    """What is wrong with the agent `name`, which `command` has started. `clean`: what came from it,
    without what must be told nowhere."""
    words = own_words(name)
    if isinstance(error, request_error()):
        if getattr(error, "code", 0) == _SIGN_IN:
            return AdapterError(
                f"{name} wants you to sign in first",
                f"Sign in by its own command: {Path(command).name}",
            )
        told = " ".join(clean(_details(error)).split())[:200]
        return AdapterError(f"{name} could not do it: {told}", words)
    if isinstance(error, OSError):
        return AdapterError(f"{name} cannot be started: {error.strerror}", words)
    log.info("%s: %s", name, type(error).__name__)
    return AdapterError(f"{name} does not keep to the protocol", words)


def end_of(name: str, when: str, code: int | None) -> AdapterError:
    """It has ended, with this exit code, where that is known."""
    how = "" if code is None else f" ({_exit(code)})"
    return AdapterError(f"{name} ended {when}{how}", own_words(name))


def silence_of(name: str, seconds: float) -> AdapterError:
    """It was stopped after so long without a sign of life."""
    return AdapterError(
        f"{name} gave no sign of life for {_minutes(seconds)}, and was stopped",
        f"adapters.{name}.timeout_s says how long it may be silent.",
    )


def own_words(name: str) -> str:
    """Where to read what it wrote itself."""
    return f"Its own words: {log_path(name)}"


def request_error() -> type[Exception]:
    """The library's class for what the other side answers instead of a result."""
    from acp import RequestError

    kind: type[Exception] = RequestError
    return kind


def _exit(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {-code}"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.0f} minutes" if seconds >= 120 else f"{seconds:g} seconds"


def _details(error: Exception) -> str:
    """What an error of the protocol tells: its message is often only "Internal error"."""
    data = getattr(error, "data", None)
    if isinstance(data, dict):
        data = data.get("details") or data.get("message")
    return data if isinstance(data, str) and data.strip() else str(error)


class _Discreet(logging.Filter):
    """The library logs what it could not read or answer, with what an agent has sent in it."""

    def filter(self, record: logging.LogRecord) -> bool:
        if Path(record.pathname).parts[-2:-1] in (("acp",), ("task",)):
            kind = record.exc_info[0] if record.exc_info else None
            record.exc_info = record.exc_text = None
            record.levelno, record.levelname = logging.INFO, "INFO"
            record.msg = "what an agent sent could not be handled: %s"
            record.args = (kind.__name__ if kind else "a message",)
        return True


_discreet = _Discreet()


def quieten() -> None:
    """Keep what an agent sent out of the log. The library logs by the root logger: a filter there
    sees nobody else's records but such."""
    logging.getLogger().addFilter(_discreet)
