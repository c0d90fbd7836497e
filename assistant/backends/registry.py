"""Which backends there are, and why `auto` takes the one it takes.

Nothing heavy is imported to find out: see `availability`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from typing import TYPE_CHECKING

from assistant.backends.availability import (
    BackendReport,
    Look,
    check_cascade,
    check_echo,
    check_server,
)
from assistant.backends.base import Backend, BackendError, Emit
from assistant.backends.moshi.availability import check_moshi, why_not_moshi
from assistant.models import hardware
from assistant.models.environments import RECIPES, python_of

if TYPE_CHECKING:
    from assistant.config.schema import Config

__all__ = [
    "BackendReport",
    "Choice",
    "backend_options",
    "backend_python",
    "choose_backend",
    "create_backend",
    "fallback_of",
    "list_backends",
]


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend that will run, and why, in one line."""

    name: str
    reason: str


_CHECKS: dict[str, Callable[[Config, Look], BackendReport]] = {
    "moshi-mlx": partial(check_moshi, "mlx"),
    "moshi-torch": partial(check_moshi, "torch"),
    "moshi-server": check_server,
    "cascade": check_cascade,
    "echo": check_echo,
}
_AUTO_ORDER = ["moshi-server", "moshi-mlx", "moshi-torch", "cascade"]
"""Best first: who has set a server wants it. `echo` is never chosen by itself: it does not
understand a word."""


def list_backends(config: Config, look: Look | None = None) -> list[BackendReport]:
    """Every backend, with the chosen one marked. Never raises. `look`: at the machine."""
    look = cache(look or hardware.survey)
    reports = [check(config, look) for check in _CHECKS.values()]
    try:
        chosen = choose_backend(config, look).name
    except BackendError:
        return reports
    return [replace(report, chosen=report.name == chosen) for report in reports]


def choose_backend(config: Config, look: Look | None = None) -> Choice:
    """Resolve `config.backend.name`; raises `BackendError` where nothing can run."""
    look = cache(look or hardware.survey)
    name = config.backend.name
    if name == "auto":
        return _best(config, look)
    if name not in _CHECKS:
        known = ", ".join(["auto", *_CHECKS])
        raise BackendError(f"there is no backend called “{name}”", f"choose one of {known}")
    report = _CHECKS[name](config, look)
    if not report.available:
        raise BackendError(f"{name} cannot run: {report.reason}", report.remedy)
    return Choice(name, "asked for")


def _best(config: Config, look: Look) -> Choice:
    refused: dict[str, BackendReport] = {}
    for candidate in _AUTO_ORDER:
        report = _CHECKS[candidate](config, look)
        if report.available and report.suited:
            return Choice(candidate, _why(candidate, report, refused, config, look))
        refused[candidate] = report
    last = refused[_AUTO_ORDER[-1]]
    raise BackendError(f"{last.name} cannot run: {last.reason}", last.remedy)


def _why(
    name: str,
    report: BackendReport,
    refused: dict[str, BackendReport],
    config: Config,
    look: Look,
) -> str:
    if name == "moshi-server":
        return "a server is set"
    server = refused["moshi-server"]
    prefix = f"{server.name} cannot run: {server.in_short}; " if config.backend.server.url else ""
    if name != "cascade":
        return prefix + report.reason
    return prefix + why_not_moshi(refused, look())


def fallback_of(name: str, config: Config, look: Look | None = None) -> Choice | None:
    """What takes the place of a backend that could not be loaded; None where nothing can."""
    if not name.startswith("moshi-"):
        return None
    report = _CHECKS["cascade"](config, look or hardware.survey)
    return Choice("cascade", f"{name} could not be loaded") if report.available else None


def backend_options(name: str, config: Config) -> dict[str, str | int | float | bool | None]:
    """The backend's own table of the config, as it crosses the wire."""
    if name == "cascade":
        memory = config.memory
        sealed = memory.enabled and memory.encryption != "off"
        # Rendered speech is the words of the conversation, readable for anybody who listens.
        kept = {"keep_sounds": False} if sealed or memory.private else {}
        return config.backend.cascade.model_dump() | kept
    if name in ("moshi-mlx", "moshi-torch"):
        return config.backend.moshi.model_dump()
    if name == "moshi-server":
        return config.backend.server.model_dump()
    return {}


def backend_python(name: str, config: Config) -> str | None:
    """The interpreter that a backend runs under: the one of the settings, else that of
    `assistant setup`; None: our own."""
    if config.backend.python is not None:
        return config.backend.python
    return python_of(name) if name in RECIPES else None


def create_backend(name: str, emit: Emit) -> Backend:
    """Make one, in the backend process. Heavy imports begin here."""
    if name == "echo":
        from assistant.backends.echo import EchoBackend

        return EchoBackend(emit)
    if name == "cascade":
        from assistant.backends.cascade.pipeline import CascadeBackend

        return CascadeBackend(emit)
    if name in ("moshi-mlx", "moshi-torch"):
        from assistant.backends.moshi.backend import MoshiBackend

        return MoshiBackend(emit, framework="mlx" if name == "moshi-mlx" else "torch")
    if name == "moshi-server":
        from assistant.backends.server.backend import MoshiServerBackend

        return MoshiServerBackend(emit)
    raise BackendError(f"there is no backend called “{name}”")
