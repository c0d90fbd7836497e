"""`assistant serve-moshi`: our own backend for other machines, as a Moshi server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from assistant.backends.base import BackendError
from assistant.backends.host.process import BackendProcess
from assistant.backends.registry import (
    backend_options,
    backend_python,
    choose_backend,
    list_backends,
)
from assistant.backends.server.opus import require_packages
from assistant.commands.runner import tell
from assistant.config.schema import Config
from assistant.frames import AnyEvent, Load
from assistant.locations import log_dir
from assistant.loops import STOP_SIGNALS
from assistant.serving.settings import ServeSettings, check_exposure

_MODELS = ("moshi-mlx", "moshi-torch")
"""What `auto` means here, best first: a cascade has no mind of its own to serve."""


def serve_moshi_command(config: Config, settings: ServeSettings) -> int:
    """Serve until a signal comes; returns 128 and its number. Raises `ServeError`, `BackendError`
    where it cannot."""
    require_packages()
    warning = check_exposure(settings)
    if warning:
        tell(warning)
    config.backend.name = served_backend(config)
    return asyncio.run(_serve(config, settings))


def served_backend(config: Config) -> str:
    """Which backend to serve. Raises `BackendError` where none can run."""
    if config.backend.name != "auto":
        return choose_backend(config).name
    reports = {r.name: r for r in list_backends(config) if r.name in _MODELS}
    for name in _MODELS:
        if name in reports and reports[name].available and reports[name].suited:
            return name
    reasons = "; ".join(f"{name}: {report.reason}" for name, report in reports.items())
    remedies = [report.remedy for report in reports.values() if report.remedy]
    raise BackendError(
        f"no Moshi can run here ({reasons or 'none is known'})",
        remedies[-1] if remedies else "choose one with --backend",
    )


async def _serve(config: Config, settings: ServeSettings) -> int:
    from assistant.serving.server import MoshiServer

    name = config.backend.name
    options = backend_options(name, config)
    if "listener" in options:
        options["listener"] = "none"  # each client writes down its own user's words

    def make_process(on_event: Callable[[AnyEvent], None]) -> BackendProcess:
        return BackendProcess(
            name,
            Load(options=options, names=[]),
            on_event,
            python=backend_python(name, config),
            log_path=log_dir() / "backend.log",
        )

    server = MoshiServer(settings, make_process, tell)

    def ready() -> None:
        print(server.address)
        print(f"ready: {name} waits for clients, Ctrl-C ends it", flush=True)

    serving = asyncio.create_task(server.run(ready))
    stopped: list[int] = []

    def stop(number: int) -> None:
        stopped.append(number)
        serving.cancel()

    loop = asyncio.get_running_loop()
    for number in STOP_SIGNALS:
        loop.add_signal_handler(number, stop, number)
    try:
        await serving
    except asyncio.CancelledError:
        if not stopped:
            raise
    return 128 + stopped[0]
