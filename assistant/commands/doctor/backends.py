"""The doctor's checks of the backends: which can run, on what, with which weights and memory.

No framework is loaded. The network is left alone, unless `--online` asks for the server.
"""

from __future__ import annotations

import socket
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from assistant.backends.base import Look
from assistant.commands.tables import Check, fail, ok, warn
from assistant.config.schema import Config
from assistant.models import hardware
from assistant.models.hardware import GIB, Card

if TYPE_CHECKING:
    from assistant.backends.moshi.checkpoint.memory import Framework

CONNECT_LIMIT = 5.0
"""Seconds for a Moshi server to take a call."""
_PORTS = {"ws": 80, "wss": 443, "http": 80, "https": 443}


def backends(config: Config, look: Look | None = None) -> list[Check]:
    """Each backend, and why it is or isn't the one that runs."""
    from assistant.backends.base import BackendError
    from assistant.backends.registry import choose_backend, list_backends

    look = cache(look or hardware.survey)
    checks = []
    for report in list_backends(config, look):
        name = f"backend {report.name}"
        if report.chosen:
            reason = choose_backend(config, look).reason
            checks.append(ok(name, f"chosen ({reason}): {report.reason}"))
        elif report.available:
            checks.append(ok(name, f"can run, not chosen: {report.reason}"))
        elif wanted(report.name, config, look):
            checks.append(warn(name, f"cannot run: {report.reason}", report.remedy))
        else:
            checks.append(ok(name, f"not used here: {report.reason}"))
    try:
        choose_backend(config, look)
    except BackendError as error:
        checks.append(fail("backend", error.message, error.remedy))
    return checks


def wanted(name: str, config: Config, look: Look) -> bool:
    """Whether anybody would miss this backend here."""
    if name == config.backend.name or name == "cascade":
        return True
    if name == "moshi-server":
        return config.backend.server.url is not None
    if name == "moshi-cpp":
        settings = config.backend.moshi_cpp
        return settings.program is not None or settings.model is not None
    machine = look()
    if name == "moshi-mlx":
        return machine.apple_silicon
    return name == "moshi-torch" and bool(machine.cards or machine.trouble)


def gpu(config: Config) -> list[Check]:
    """Not needed by the cascade; Moshi wants one."""
    machine = hardware.survey()
    if machine.apple_silicon:
        memory = machine.metal_memory / GIB
        return [ok("gpu", f"Apple Silicon, about {memory:.1f} GiB for models")]
    if machine.trouble:
        return [warn("gpu", machine.trouble, "Check the driver.")]
    if not machine.cards:
        return [ok("gpu", "none found; the cascade needs none")]
    return [ok("gpu", _in_words(card)) for card in machine.cards]


def moshi(config: Config, look: Look | None = None) -> list[Check]:
    """Environment, weights, memory and listener of the Moshi that this machine could run."""
    look = cache(look or hardware.survey)
    names: dict[str, Framework] = {"moshi-mlx": "mlx", "moshi-torch": "torch"}
    return [
        check
        for name, framework in names.items()
        if wanted(name, config, look)
        for check in (
            _environment(name, config),
            _weights(framework, config),
            *_memory(framework, config, look),
            _listener(framework, config),
        )
    ]


def moshi_cpp(config: Config, look: Look | None = None) -> list[Check]:
    """moshi.cpp's program, which is asked for its devices, and its weights; nothing where it is
    neither there nor wanted."""
    from assistant.backends.base import BackendError
    from assistant.backends.moshi_cpp import finding
    from assistant.backends.moshi_cpp.weights import find_weights

    settings = config.backend.moshi_cpp
    label = "moshi-cpp program"
    try:
        program = finding.find_program(settings.program)
        devices = ", ".join(finding.devices_of(program))
    except BackendError as error:
        if not wanted("moshi-cpp", config, look or hardware.survey):
            return []
        return [warn(label, error.message, error.remedy)]
    found = ok(label, f"{program}; its devices: {devices}")
    try:
        weights = find_weights(settings.model)
    except BackendError as error:
        return [found, warn("moshi-cpp weights", error.message, error.remedy)]
    return [found, ok("moshi-cpp weights", str(weights.folder))]


def server(config: Config) -> list[Check]:
    """Whether the server that is set takes a call; only with `--online`."""
    url = config.backend.server.url
    if url is None:
        return [ok("moshi server", "none is set")]
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    if not parts.hostname or not port:
        remedy = "It looks like ws://desktop:8998/api/chat; change backend.server.url."
        return [warn("moshi server", f"{url} is no address", remedy)]
    try:
        socket.create_connection((parts.hostname, port), CONNECT_LIMIT).close()
    except OSError as error:
        reason = (error.strerror or str(error) or "no answer").lower()
        remedy = "Start it there (assistant serve-moshi), or change backend.server.url."
        return [warn("moshi server", f"{url} cannot be reached: {reason}", remedy)]
    return [ok("moshi server", f"{url} takes calls")]


def _environment(name: str, config: Config) -> Check:
    from assistant.models.environments import folder_of, inspect

    label = f"{name} environment"
    if config.backend.python is not None:
        return ok(label, f"{config.backend.python}, as set in backend.python")
    environment = inspect(name)
    if environment.state == "absent":
        return ok(label, "none; the packages are looked for beside the assistant")
    if environment.state != "ready":
        return warn(label, f"{environment.state}: {environment.why}", f"assistant setup {name}")
    return ok(label, f"Python {environment.python} in {folder_of(name)}")


def _weights(framework: Framework, config: Config) -> Check:
    from assistant.backends.base import BackendError
    from assistant.backends.moshi.availability import name_of
    from assistant.backends.moshi.checkpoint.finding import find_checkpoint

    label = f"{name_of(framework)} weights"
    source = config.backend.moshi.weights
    try:
        found = find_checkpoint(source, framework, lambda text, part: None, download=False)
    except BackendError as error:
        return warn(label, error.message, error.remedy)
    stored = "" if found.stored == "none" else f", {found.stored}"
    return ok(label, f"{found.name} in {found.model.parent}{stored}")


def _memory(framework: Framework, config: Config, look: Look) -> list[Check]:
    """What the configured model takes, part by part; nothing where there is none to measure."""
    from assistant.backends.base import BackendError
    from assistant.backends.moshi.availability import Unsuited, fit_of, name_of, place_of
    from assistant.backends.moshi.checkpoint.finding import cached

    label = f"{name_of(framework)} memory"
    if not cached(config.backend.moshi.weights, framework):
        return []
    try:
        place = place_of(framework, config, look())
        fit = fit_of(framework, config, place)
    except Unsuited:
        return []
    except BackendError as error:
        return [warn(label, error.message, error.remedy)]
    free = "an unknown size" if place.free is None else f"{place.free / GIB:.1f} GiB"
    how = "full precision" if fit.quantize == "none" else fit.quantize
    return [ok(label, f"{how} takes about {fit.needed} of {free} on {place.name}")]


def _listener(framework: Framework, config: Config) -> Check:
    from assistant.backends.base import BackendError
    from assistant.backends.cascade import weights
    from assistant.backends.cascade.weights_catalog import DEFAULT
    from assistant.backends.cascade.weights_choice import candidates, chosen
    from assistant.backends.moshi.availability import name_of
    from assistant.backends.moshi.checkpoint.catalog import DEFAULT_LISTENER
    from assistant.backends.moshi.checkpoint.finding import cached

    label = f"{name_of(framework)} listener"
    settings = config.backend.moshi
    if settings.listener == "none":
        return ok(label, "nobody writes down what you say, as set in backend.moshi.listener")
    source = settings.listener_weights or DEFAULT_LISTENER[framework]
    if settings.listener != "whisper" and cached(source, framework):
        return ok(label, f"Kyutai's speech recognition ({source}), where there is room for it")
    if settings.listener == "stt":
        return warn(label, f"{source} is not here", f"assistant models pull {source}")
    spec = chosen(settings.whisper, threads=0)
    if spec is None and (here := candidates()):
        told = f"Whisper: {', '.join(here)} are here; which of them is measured at the next start"
        return ok(label, told)
    try:
        files = weights.find(spec or DEFAULT)
    except BackendError as error:
        return warn(label, error.message, error.remedy)
    return ok(label, f"Whisper {files.label}")


def _in_words(card: Card) -> str:
    sizes = "memory not told"
    if card.total is not None:
        free = "" if card.free is None else f", {card.free / GIB:.1f} free"
        sizes = f"{card.total / GIB:.1f} GiB{free}"
    return f"{card.name}, {sizes}, driver {card.driver}"
