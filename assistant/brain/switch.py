"""Changing who answers while the conversation goes on: by the user's wish, and where `brain.kind`
is `auto`, when a server of the user's starts or ends.

Nothing is taken away from the conversation: whoever holds it (the session) keeps the old brain
until the new one can answer, and closes it once its answer has ended.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from assistant.brain.base import Brain, BrainChoice, BrainError, LanguageModelError
from assistant.brain.choose import FallbackBrain, Find, Notify, choose_brain, make_brain
from assistant.brain.openai.discover import (
    SERVERS,
    FoundServer,
    discover,
    discover_all,
    display_name,
    is_there,
)
from assistant.brain.scripted import ScriptedBrain
from assistant.config.plugins import plugin_names
from assistant.config.schema import BRAIN_KINDS, BrainConfig
from assistant.models.web import is_loopback
from assistant.personas.loading import Persona

FIRST_LOOK = 5.0
LONGEST_LOOK = 60.0
"""Seconds between two looks for a server: doubling up to this while there is nothing new."""

_log = logging.getLogger(__name__)


def settings_of(name: str) -> dict[str, str]:
    """What `brain.*` is for a name that a person gives: a kind, the address of a server, `SERVER`
    or `SERVER/MODEL` of one at its usual port on this machine, else a model of our own."""
    if name in BRAIN_KINDS or name in plugin_names("assistant.brains"):
        return {"kind": name}
    if "://" in name:
        return {"kind": "openai", "url": name}
    wanted, _, model = name.partition("/")
    for server in SERVERS:
        if wanted.casefold() == server_name(server.name):
            at = {"kind": "openai", "url": server.url}
            return {**at, "model": model} if model else at
    return {"kind": "local", "weights": name}


def server_name(server: str) -> str:
    """As it is typed: "lm-studio"."""
    return server.casefold().replace(" ", "-")


class BrainSwitch:
    """Makes the brains of one conversation, and knows which of them answers.

    `find` and `find_all` look for servers of the user's, where it `looks` for them again at first
    after `first_look` seconds. Where nobody needs a model yet (`awake` is False: the backend
    answers by itself), none is loaded.
    """

    def __init__(
        self,
        config: BrainConfig,
        scripted: ScriptedBrain,
        *,
        awake: bool = True,
        looks: bool = True,
        find: Find = discover,
        find_all: Callable[[], Awaitable[list[FoundServer]]] = discover_all,
        first_look: float = FIRST_LOOK,
    ) -> None:
        self.awake = awake
        self._config = config
        self._scripted = scripted
        self._find = find
        self._find_all = find_all
        self._first_look = first_look
        self._notify: Notify = lambda error: None
        self._name = config.weights or "local" if config.kind == "local" else config.kind
        self._may_look = looks
        self._looks = config.kind == "auto" and config.url is None
        self._found: FoundServer | None = None
        """The user's server that answers, where it was found and not set."""
        self._current: Brain = scripted
        self._changing = False

    async def first(self, notify: Notify, persona: Persona | None) -> tuple[Brain, str]:
        """The brain of the settings, and in one line why; see `choose_brain`."""
        self._notify = notify
        return await self._chosen(self._config, self._find, persona)

    def wake(self) -> None:
        """The backend does not answer by itself: whoever answers is needed now."""
        self.awake = True
        if isinstance(self._current, FallbackBrain):
            self._current.wake()

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        """By whoever answers at the moment: see `base.Completes`."""
        if isinstance(self._current, FallbackBrain):
            return await self._current.complete(messages, schema, max_tokens)
        raise LanguageModelError("absent", "No language model answers.")

    # -- by the user's wish ------------------------------------------------------------------

    async def choices(self) -> list[BrainChoice]:
        """Everything that could answer here, now. Looks on loopback and into a folder."""
        found = await self._find_all()
        own = await asyncio.to_thread(self._own_models)
        rows = [("auto", "automatic", "your server, else our own model")]
        for server in found:
            rows += [
                (
                    f"{server_name(server.server)}/{model}",
                    f"{display_name(model)} · {server.server}",
                    "a server that you run",
                )
                for model in server.models
            ]
        if self._config.url is not None:
            label = self._config.model or self._config.url
            rows.append(("openai", label, "the server of brain.url"))
        rows += own
        rows += [(name, name, "a plugin") for name in sorted(plugin_names("assistant.brains"))]
        rows.append(("scripted", "scripted persona", "no language model"))
        return [BrainChoice(*row, in_use=row[0] == self._name) for row in rows]

    async def change(self, name: str, persona: Persona | None) -> Brain:
        """The brain of this name, loaded where it is needed: it answers from now on.

        Raises `BrainError`, with the old one untouched, where it cannot answer.
        """
        self._changing = True
        try:
            config, server, called = await self._settings(name)
            if config.kind == "auto":
                brain, _ = await self._chosen(config, self._find, persona)
            else:
                brain = await self._made(config, server, persona)
                self._found = None
            self._name, self._looks = called, config.kind == "auto" and config.url is None
            return brain
        finally:
            self._changing = False

    async def _settings(self, name: str) -> tuple[BrainConfig, FoundServer | None, str]:
        """Settings, the server that was found for them, and what it is called. Raises
        `BrainError`."""
        name = name.strip()
        wanted = settings_of(name)
        if "://" in name and not is_loopback(name):
            raise BrainError(  # what leaves this machine is told from the settings
                "A server elsewhere is chosen before the conversation begins.",
                f"Start anew: assistant --brain {name}",
            )
        if wanted["kind"] == "local" and "weights" in wanted:
            try:
                await asyncio.to_thread(_check_here, name)
            except BrainError:
                found = await self._served(name)
                if found is None:
                    raise
                return self._changed({"kind": "openai"}), found, _called(found)
        elif wanted["kind"] == "openai" and "url" in wanted and "://" not in name:
            found = await self._served(name)
            if found is None:
                raise _not_served(name)
            return self._changed({"kind": "openai"}), found, _called(found)
        return self._changed(wanted), None, name

    def _changed(self, settings: dict[str, str]) -> BrainConfig:
        return self._config.model_copy(update=settings)

    async def _served(self, name: str) -> FoundServer | None:
        """The server, with this model alone, that a name of it means; None where none has it."""
        wanted = name.casefold()
        for server in await self._find_all():
            called = server_name(server.server)
            if wanted == called:
                return FoundServer(server.server, server.url, server.models[:1])
            for model in server.models:
                if wanted in (model.casefold(), f"{called}/{model}".casefold()):
                    return FoundServer(server.server, server.url, (model,))
        return None

    async def _made(
        self, config: BrainConfig, server: FoundServer | None, persona: Persona | None
    ) -> Brain:
        """Raises `BrainError` where it cannot answer."""
        if config.kind == "local":
            await asyncio.to_thread(_check_own, config.weights)
        elif config.kind == "openai" and server is None:
            await _check_server(config.url)

        async def found() -> FoundServer | None:
            return server

        if server is not None:
            config = config.model_copy(update={"url": None, "model": server.model})
        tell = _Listener(self)
        brain, reason = await make_brain(config, self._scripted, tell, found, persona)
        tell.brain = brain
        if self.awake and isinstance(brain, FallbackBrain):
            try:
                await brain.loaded()
            except BaseException:
                await brain.close()
                raise
        self._now(brain, reason)
        return brain

    def _own_models(self) -> list[tuple[str, str, str]]:
        from assistant.brain.local.weights import chosen_file, files_here

        files = {path.stem: path for path in files_here()}
        chosen = self._config.weights
        try:
            if chosen and chosen not in files:
                files[chosen] = chosen_file(chosen)
        except BrainError:
            pass  # told at the start
        return [
            (name, f"{path.stem} · own server", f"{path.stat().st_size / 1e6:,.0f} MB, our own")
            for name, path in files.items()
        ]

    # -- by itself -----------------------------------------------------------------------------

    async def watch(
        self, use: Callable[[Brain, str], None], persona: Callable[[], Persona | None]
    ) -> None:
        """Look for a server of the user's now and then, and whether the one that answers is still
        there; returns where it may not. `use` gets who answers from now on, and why in one line.
        Asks nothing beyond loopback, and nothing at all while another brain than `auto` is chosen.
        """
        pause = self._first_look
        while self._may_look:
            await asyncio.sleep(pause)
            pause = min(2 * pause, max(self._first_look, LONGEST_LOOK))
            if not self._looks or self._changing:
                continue
            news = await self._look(persona)
            if news is not None:
                use(*news)
                pause = self._first_look

    async def _look(self, persona: Callable[[], Persona | None]) -> tuple[Brain, str] | None:
        """Who answers from now on, and why; None where nothing has changed."""
        lost = self._found
        if lost is not None and await is_there(lost.url):
            return None
        found = await self._find()
        if (found is None and lost is None) or self._changing or not self._looks:
            return None

        async def this() -> FoundServer | None:
            return found

        brain, _ = await self._chosen(self._config_of_auto(), this, persona())
        if found is not None:
            return brain, f"{found.server} is running: {brain.label} answers from now on."
        assert lost is not None
        return brain, f"{lost.server} does not run any more: {brain.label} answers from now on."

    def _config_of_auto(self) -> BrainConfig:
        return self._config.model_copy(update={"kind": "auto"})

    # -- making ----------------------------------------------------------------------------------

    async def _chosen(
        self, config: BrainConfig, find: Find, persona: Persona | None
    ) -> tuple[Brain, str]:
        """By `choose_brain`, which never fails."""
        found: FoundServer | None = None

        async def remembered() -> FoundServer | None:
            nonlocal found
            found = await find()
            return found

        tell = _Listener(self)
        brain, reason = await choose_brain(
            config,
            notify=tell,
            scripted=self._scripted,
            find=remembered,
            persona=persona,
            load=self.awake,
        )
        tell.brain = brain
        self._found = found
        self._now(brain, reason)
        return brain, reason

    def _now(self, brain: Brain, reason: str) -> None:
        self._current = brain
        _log.info("%s", reason)

    def tell(self, brain: Brain | None, error: BrainError) -> None:
        """A brain has a fault to tell, which is news while it is the one that answers."""
        if brain is None or brain is self._current:
            self._notify(error)


class _Listener:
    """What one brain tells of its faults: nobody wants to hear of one that is gone already, and of
    one that is being loaded whoever asked for it is told."""

    def __init__(self, switch: BrainSwitch) -> None:
        self._switch = switch
        self.brain: Brain | None = None

    def __call__(self, error: BrainError) -> None:
        self._switch.tell(self.brain, error)


def _called(server: FoundServer) -> str:
    return f"{server_name(server.server)}/{server.model}"


def _not_served(name: str) -> BrainError:
    wanted, _, model = name.partition("/")
    server = next(s.name for s in SERVERS if server_name(s.name) == wanted.casefold())
    what = f"that has {model} " if model else ""
    return BrainError(
        f"No {server} {what}runs on this machine.",
        f"Start {server}, or choose another of: assistant brain list",
    )


# Weights are looked for in threads, and what knows them is imported there: few need it at once.


def _check_here(weights: str) -> None:
    """Raises `BrainError`."""
    from assistant.brain.local.weights import chosen_file

    chosen_file(weights)


def _check_own(weights: str | None) -> None:
    """Raises `BrainError` where our own model cannot run."""
    from assistant.brain.local.gguf import read_model_file
    from assistant.brain.local.weights import chosen_file, is_runtime_here

    read_model_file(chosen_file(weights))
    if not is_runtime_here():
        raise BrainError(
            "llama.cpp, which runs our own models, is not installed.", "Run: assistant setup brain"
        )


async def _check_server(url: str | None) -> None:
    """Raises `BrainError`."""
    if url is None:
        raise BrainError(
            "No server is set.", "Run: assistant config set brain.url http://127.0.0.1:9000/v1"
        )
    if is_loopback(url) and not await is_there(url):
        raise LanguageModelError("absent", f"Nothing listens at {url}.", "Start the server.")
