"""Which backends there are, and why `auto` takes the one it takes.

Nothing heavy is imported to find out: see `availability`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from pkgutil import resolve_name
from typing import TYPE_CHECKING

from assistant.backends.base import (
    Backend,
    BackendError,
    BackendReport,
    BackendSpec,
    Emit,
    Look,
    Options,
    check_echo,
    check_server,
)
from assistant.backends.cascade.availability import check_cascade
from assistant.backends.moshi.availability import check_moshi, why_not_moshi
from assistant.backends.moshi_cpp.finding import check_moshi_cpp
from assistant.config.plugins import PluginRegistry, plugin_names
from assistant.errors import AssistantError
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


def _cascade_options(config: Config) -> Options:
    memory = config.memory
    sealed = memory.enabled and memory.encryption != "off"
    # Rendered speech is the words of the conversation, readable for anybody who listens.
    kept = {"keep_sounds": False} if sealed or memory.private else {}
    heard = {"stt": config.stt, "language": config.audio.language}
    saved = config.session.save and memory.enabled and not (memory.private or sealed)
    kept |= {"keep_pauses": True} if saved else {}
    kept |= {"measure_voice": True} if config.emotion.enabled else {}
    return config.backend.cascade.model_dump(exclude={"whisper"}) | heard | kept


def _moshi_options(config: Config) -> Options:
    return config.backend.moshi.model_dump()


def _moshi_cpp_options(config: Config) -> Options:
    return config.backend.moshi_cpp.model_dump()


def _server_options(config: Config) -> Options:
    return config.backend.server.model_dump()


_MOSHI = "assistant.backends.moshi.backend"
_BUILT_IN = {
    "moshi-mlx": BackendSpec(f"{_MOSHI}:on_mlx", partial(check_moshi, "mlx"), _moshi_options, 2),
    "moshi-torch": BackendSpec(
        f"{_MOSHI}:on_torch", partial(check_moshi, "torch"), _moshi_options, 3
    ),
    "moshi-cpp": BackendSpec(
        "assistant.backends.moshi_cpp.backend:MoshiCppBackend",
        check_moshi_cpp,
        _moshi_cpp_options,
        4,
    ),
    "moshi-server": BackendSpec(
        "assistant.backends.server.backend:MoshiServerBackend", check_server, _server_options, 1
    ),
    "cascade": BackendSpec(
        "assistant.backends.cascade.pipeline:CascadeBackend", check_cascade, _cascade_options, 5
    ),
    "echo": BackendSpec("assistant.backends.echo:EchoBackend", check_echo),
}
"""Who has set a server wants it: that is looked at first. `echo` is never chosen by itself: it does
not understand a word."""
_AUTO_ORDER = sorted((n for n in _BUILT_IN if _BUILT_IN[n].auto), key=lambda n: _BUILT_IN[n].auto)


def _accept(plugin: object) -> BackendSpec:
    if not isinstance(plugin, BackendSpec):
        raise TypeError(f"it has to be a BackendSpec, not a {type(plugin).__name__}")
    return plugin


_GROUP = "assistant.backends"
_backends = PluginRegistry(
    _GROUP, "backend", _BUILT_IN, _accept, error=BackendError, reserved=("auto",)
)


def list_backends(config: Config, look: Look | None = None) -> list[BackendReport]:
    """Every backend, with the chosen one marked. Never raises. `look`: at the machine."""
    look = cache(look or hardware.survey)
    plugins, _ = _backends.plugins()
    reports = [_report(name, spec, config, look) for name, spec in {**_BUILT_IN, **plugins}.items()]
    try:
        chosen = choose_backend(config, look).name
    except BackendError:
        return reports
    return [replace(report, chosen=report.name == chosen) for report in reports]


def broken_backends() -> list[AssistantError]:
    """Plugins whose backends cannot be used."""
    return _backends.plugins()[1]


def usable_plugins() -> list[str]:
    """Plugins' backends that can be used, in words."""
    return _backends.usable()


def choose_backend(config: Config, look: Look | None = None) -> Choice:
    """Resolve `config.backend.name`; raises `BackendError` where nothing can run."""
    look = cache(look or hardware.survey)
    name = config.backend.name
    if name == "auto":
        return _best(config, look)
    report = _report(name, _backends.get(name), config, look)
    if not report.available:
        raise BackendError(f"{name} cannot run: {report.reason}", report.remedy)
    return Choice(name, "asked for")


def _report(name: str, spec: BackendSpec, config: Config, look: Look) -> BackendReport:
    try:
        with _backends.faults(name):
            return replace(spec.check(config, look), name=name)
    except BackendError as error:
        return BackendReport(name, False, error.message, error.remedy)


def _best(config: Config, look: Look) -> Choice:
    refused: dict[str, BackendReport] = {}
    for candidate in _AUTO_ORDER:
        report = _BUILT_IN[candidate].check(config, look)
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
    report = _BUILT_IN["cascade"].check(config, look or hardware.survey)
    return Choice("cascade", f"{name} could not be loaded") if report.available else None


def backend_options(name: str, config: Config) -> Options:
    """The backend's own table of the config, as it crosses the wire. Raises `BackendError`."""
    with _backends.faults(name):
        return _backends.get(name).options(config)


def backend_python(name: str, config: Config) -> str | None:
    """The interpreter that a backend runs under: the one of the settings, else that of
    `assistant setup`; None: our own."""
    if config.backend.python is not None:
        return config.backend.python
    return python_of(name) if name in RECIPES else None


def create_backend(name: str, emit: Emit) -> Backend:
    """Make one, in the backend process. Heavy imports begin here. Raises `BackendError`."""
    if name not in _BUILT_IN and name not in plugin_names(_GROUP):  # but the host has found it
        raise BackendError(
            f"{sys.executable} knows no backend called “{name}”",
            "Install its plugin for that interpreter, too, or unset backend.python.",
        )
    engine = _backends.get(name).engine
    with _backends.faults(name):
        make: Callable[[Emit], Backend] = (
            resolve_name(engine) if isinstance(engine, str) else engine
        )
        return make(emit)
