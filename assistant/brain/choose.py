"""Who answers: a language model where there is one, else the scripted persona."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from assistant.brain.base import Brain, BrainError
from assistant.brain.fallback import FallbackBrain, Notify
from assistant.brain.openai.discover import FoundServer, discover
from assistant.brain.scripted import ScriptedBrain, prepare
from assistant.config.plugins import PluginRegistry
from assistant.config.schema import BRAIN_KINDS, BrainConfig
from assistant.locations import cache_dir

MakeBrain = Callable[[BrainConfig], Brain]
"""Called in a thread; may raise `BrainError`. Where it fails the scripted persona answers."""


def _accept(plugin: object) -> MakeBrain:
    if not callable(plugin):
        raise TypeError("it has to make a brain for a BrainConfig")
    make: MakeBrain = plugin
    return make


BRAINS: PluginRegistry[MakeBrain] = PluginRegistry(
    "assistant.brains", "brain", {}, _accept, error=BrainError, reserved=BRAIN_KINDS
)
"""Those that `brain.kind` may name beside `BRAIN_KINDS`."""


def _untold(error: BrainError) -> None:
    """Without a listener a failure is only logged, which the fallback does by itself."""


async def choose_brain(
    config: BrainConfig,
    *,
    notify: Notify = _untold,
    scripted: ScriptedBrain | None = None,
    find: Callable[[], Awaitable[FoundServer | None]] = discover,
) -> tuple[Brain, str]:
    """The brain for these settings, and in one line why it is this one.

    `notify` hears, once for each kind, when the language model fails and the scripted persona
    answers instead. `auto` with a `url` uses that; without, it looks on this machine. Call again
    with the same `scripted` to look again: a server may have been started meanwhile, and what the
    user told is not lost.
    """
    scripted = scripted or ScriptedBrain()
    await asyncio.to_thread(prepare)
    if config.kind == "scripted":
        return scripted, "scripted persona, as set in brain.kind"
    try:
        if config.kind not in BRAIN_KINDS:
            made = await asyncio.to_thread(_named, config)
            return FallbackBrain(made, scripted, notify), f"{config.kind}, as set in brain.kind"
        if config.url is not None:
            brain = await asyncio.to_thread(
                _language_model, config, config.url, config.model, "", scripted, notify
            )
            return brain, f"language model at {config.url}, as set in brain.url"
    except BrainError as error:
        notify(error)
        return scripted, f"scripted persona: {error.message}"
    found = await find()
    if found is None:
        wanted = "brain.url is not set and " if config.kind == "openai" else ""
        return scripted, f"scripted persona: {wanted}no language model was found on this machine"
    model = config.model or found.model
    brain = await asyncio.to_thread(
        _language_model, config, found.url, model, found.server, scripted, notify
    )
    return brain, f"language model found on this machine: {brain.label}"


def _named(config: BrainConfig) -> Brain:
    """Raises `BrainError`, whatever is wrong with its plugin."""
    with BRAINS.faults(config.kind):
        brain = BRAINS.get(config.kind)(config)
        if not isinstance(brain, Brain):
            raise TypeError(f"it made a {type(brain).__name__}, which is no brain")
        return brain


def _language_model(
    config: BrainConfig,
    url: str,
    model: str | None,
    server: str,
    scripted: ScriptedBrain,
    notify: Notify,
) -> FallbackBrain:
    # Imported here, and in a thread: loading an HTTP client takes tens of milliseconds, which
    # neither the scripted persona's users nor the event loop should wait for.
    from assistant.brain.openai.capabilities import CapabilitiesCache
    from assistant.brain.openai.client import OpenAIBrain

    brain = OpenAIBrain(
        url,
        model,
        server=server,
        api_key_env=config.api_key_env,
        temperature=config.temperature,
        max_tokens=config.max_tokens,
        timeout_s=config.timeout_s,
        facts=scripted.knowledge.sentences,
        traits=CapabilitiesCache(cache_dir() / "language-models.json"),
    )
    return FallbackBrain(brain, scripted, notify)
