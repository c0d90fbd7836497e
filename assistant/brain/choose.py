"""Who answers: a language model where there is one, else the scripted persona."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

from assistant.brain.base import (
    Anticipates,
    Brain,
    BrainError,
    LanguageModelError,
    Piece,
    Question,
    TakenBack,
    Waiting,
)
from assistant.brain.openai.discover import FoundServer, discover, usual_server
from assistant.brain.output_filter.own_words import OwnWords, by_rules
from assistant.brain.output_filter.truthful import truthful
from assistant.brain.scripted import ScriptedBrain, prepare
from assistant.brain.word_pace import WordPace
from assistant.config.plugins import PluginRegistry
from assistant.config.schema import BRAIN_KINDS, BrainConfig
from assistant.locations import cache_dir
from assistant.models.hardware import on_battery
from assistant.models.web import is_near
from assistant.personas.loading import Persona

if TYPE_CHECKING:
    from assistant.brain.local.process import LocalBrain

MakeBrain = Callable[[BrainConfig], Brain]
"""Called in a thread; may raise `BrainError`. Where it fails the scripted persona answers."""


def _local(config: BrainConfig) -> Brain:
    from assistant.brain.local.process import LocalBrain
    from assistant.brain.local.weights import chosen_file

    return LocalBrain(chosen_file(config.weights), config)


def _accept(plugin: object) -> MakeBrain:
    if not callable(plugin):
        raise TypeError("it has to make a brain for a BrainConfig")
    make: MakeBrain = plugin
    return make


BRAINS: PluginRegistry[MakeBrain] = PluginRegistry(
    "assistant.brains", "brain", {"local": _local}, _accept, error=BrainError, reserved=BRAIN_KINDS
)
"""Those that `brain.kind` may name beside `BRAIN_KINDS`."""


Find = Callable[[], Awaitable[FoundServer | None]]
"""Looks for a server of the user's on this machine."""


def _untold(error: BrainError) -> None:
    """Without a listener a failure is only logged, which the fallback does by itself."""


async def choose_brain(
    config: BrainConfig,
    *,
    notify: Notify = _untold,
    scripted: ScriptedBrain | None = None,
    find: Find = discover,
    persona: Persona | None = None,
    load: bool = True,
) -> tuple[Brain, str]:
    """The brain for these settings, and in one line why it is this one.

    `notify` hears, once for each kind, when the language model fails and the scripted persona
    answers instead. `auto` with a `url` uses that; without, it looks on this machine. Call again
    with the same `scripted` to look again: a server may have been started meanwhile, and what the
    user told is not lost. A server of the user's goes before a model of our own, which reads ahead
    who the `persona` is; without `load` that waits for `FallbackBrain.wake`.
    """
    scripted = scripted or ScriptedBrain()
    await asyncio.to_thread(prepare, persona)
    try:
        brain, reason = await make_brain(config, scripted, notify, find, persona)
    except BrainError as error:
        notify(error)
        return scripted, f"scripted persona: {error.message}"
    if load and isinstance(brain, FallbackBrain):
        brain.wake()
    return brain, reason


async def make_brain(
    config: BrainConfig,
    scripted: ScriptedBrain,
    notify: Notify,
    find: Find = discover,
    persona: Persona | None = None,
) -> tuple[Brain, str]:
    """As `choose_brain`, with nothing loaded yet. Raises `BrainError` where what the settings name
    cannot be made."""
    if config.kind == "scripted":
        return scripted, "scripted persona, as set in brain.kind"
    if config.kind == "local" or config.kind not in BRAIN_KINDS:
        made = await _named(config.kind, config, scripted, notify, persona)
        return made, f"{config.kind}, as set in brain.kind"
    if config.url is not None:
        server_name = usual_server(config.url)
        brain = await asyncio.to_thread(
            _language_model, config, config.url, config.model, server_name, scripted, notify
        )
        return brain, f"language model at {config.url}, as set in brain.url"
    server = await find()
    if server is None and config.kind == "auto" and config.weights is not None:
        made = await _named("local", config, scripted, notify, persona)
        return made, f"language model of our own: {made.label}"
    if server is None:
        wanted = "brain.url is not set and " if config.kind == "openai" else ""
        return scripted, f"scripted persona: {wanted}no language model was found on this machine"
    model = config.model or server.model
    brain = await asyncio.to_thread(
        _language_model, config, server.url, model, server.server, scripted, notify
    )
    return brain, f"language model found on this machine: {brain.label}"


async def _named(
    kind: str,
    config: BrainConfig,
    scripted: ScriptedBrain,
    notify: Notify,
    persona: Persona | None,
) -> FallbackBrain:
    """Raises `BrainError`, whatever is wrong with its plugin."""
    brain = await asyncio.to_thread(_made, kind, config)
    if kind != "local":
        return FallbackBrain(brain, scripted, notify)
    own = cast("LocalBrain", brain)
    begin = partial(own.start, notify, scripted.knowledge.sentences, persona)
    return FallbackBrain(brain, scripted, notify, begin=begin, loaded=partial(_loaded, own))


async def _loaded(brain: LocalBrain) -> None:
    """Raises `BrainError` where it will not be."""
    from assistant.brain.local.process import LOADING_LIMIT

    server = brain.server
    assert server is not None
    await server.settled(LOADING_LIMIT)
    if server.failure is not None:
        raise server.failure
    if server.served is None:
        raise LanguageModelError("slow", "The language model does not get loaded.", "See its log.")


def _made(kind: str, config: BrainConfig) -> Brain:
    with BRAINS.faults(kind):
        brain = BRAINS.get(kind)(config)
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
    from assistant.brain.openai.speculation import SpeculativeBrain

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
        find_size=True,
    )
    if config.speculate and is_near(url):
        return FallbackBrain(SpeculativeBrain(brain), scripted, notify)
    return FallbackBrain(brain, scripted, notify)


# A language model with the scripted persona behind it.

P = TypeVar("P", bound=Piece)

Notify = Callable[[BrainError], None]
"""Told once for each kind of failure; `label` already says who speaks."""

PATIENCE_SECONDS = 1.0
"""A failure that took longer than this kept the user waiting."""
FIRST_PAUSE_SECONDS = 15.0
LONGEST_PAUSE_SECONDS = 300.0
"""How long a model that kept the user waiting is left alone: doubling, up to this."""

_log = logging.getLogger(__name__)


class FallbackBrain:
    """Answers with the language model, and with the scripted persona where it fails, or where rules
    know what a model would guess.

    A failure before the first word is answered by the scripted persona; later ones are raised,
    because half an answer was already spoken. A model that failed slowly is left alone for a
    while, so that not every turn waits for it. `clock` gives seconds and only serves that.
    `begin` loads the model, where it has to be, and `loaded` waits for it.
    """

    def __init__(
        self,
        model: Brain,
        scripted: ScriptedBrain,
        notify: Notify,
        *,
        clock: Callable[[], float] = time.monotonic,
        begin: Callable[[], None] | None = None,
        loaded: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self.label = model.label
        self._model = model
        self._scripted = scripted
        self._notify = notify
        self._clock = clock
        self._words = OwnWords(lambda: scripted.knowledge.name)
        self._pace = WordPace(clock)
        self._begin = begin
        self._loaded = loaded
        self._told: set[str] = set()
        self._pause = FIRST_PAUSE_SECONDS
        self._rest_until = float("-inf")

    @property
    def url(self) -> str:
        """Where questions are sent; "" where that is no server's address."""
        return str(getattr(self._model, "url", ""))

    def wake(self) -> None:
        """It will be asked: load it now, beside everything else. In the event loop."""
        begin, self._begin = self._begin, None
        if begin is not None:
            begin()

    async def loaded(self) -> None:
        """Wait until it can answer. Raises `BrainError` where it cannot be loaded."""
        self.wake()
        if self._loaded is not None:
            await self._loaded()

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        """Stream the answer of whoever can give one."""
        self.wake()
        asked = self._clock()
        ruled = self._ruled(question)
        if not ruled and (known := self._words.of_now(question, small=self._small)):
            yield known
            return
        if asked >= self._rest_until and not ruled:
            begun = False
            written = self._pace.timed(self._model.answer(question))
            answer = truthful(written, question, self._words, by_phrases=self._pace.quick)
            try:
                async with _closing(answer) as checked:
                    async for piece in checked:
                        if isinstance(piece, Waiting):
                            yield piece
                            continue
                        if not begun and _is_answer(piece):
                            begun = True
                            self._well()
                            self._scripted.listen(question.text, question.persona)
                        if begun or isinstance(piece, TakenBack):
                            yield piece
                        begun = begun and not isinstance(piece, TakenBack)
            except BrainError as error:
                _log.warning("language model: %s", error.message)
                if begun:
                    raise
                self._failed(error, asked)
            else:
                if begun:
                    return
                self._failed(
                    LanguageModelError(
                        "garbage",
                        "The language model answered without a word.",
                        "Choose another model in brain.model, or raise brain.max_tokens.",
                    ),
                    asked,
                )
        async with _closing(self._scripted.answer(question)) as pieces:
            async for piece in pieces:
                yield piece

    @property
    def model(self) -> Brain:
        """The language model alone: without rules, and with nobody behind it."""
        self.wake()
        return self._model

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        """By the language model alone: see `base.Completes`."""
        complete = getattr(self._model, "complete", None)
        if complete is None or self._clock() < self._rest_until:
            raise LanguageModelError("absent", "No language model answers.")
        return str(await complete(messages, schema, max_tokens))

    # What works ahead (see `base.Anticipates`) is the model, where it can and is not left alone.

    @property
    def memory_tokens(self) -> int | None:
        return self._model.memory_tokens if isinstance(self._model, Anticipates) else None

    def read_ahead(self, question: Question) -> None:
        if isinstance(self._model, Anticipates):
            self._model.read_ahead(question)

    def expect(self, question: Question) -> None:
        if not isinstance(self._model, Anticipates) or self._clock() < self._rest_until:
            return
        if on_battery():
            return
        if not self._ruled(question):
            self._model.expect(question)

    def listen(self, told: Callable[[str], None]) -> None:
        if isinstance(self._model, Anticipates):
            self._model.listen(told)

    def withdraw(self) -> None:
        if isinstance(self._model, Anticipates):
            self._model.withdraw()

    @property
    def _small(self) -> bool:
        return getattr(self._model, "small", None) is True

    def _ruled(self, question: Question) -> bool:
        """Whether rules answer, and no model is asked."""
        return by_rules(question, self._scripted.knowledge, small=self._small)

    async def close(self) -> None:
        """Close connections."""
        await self._model.close()
        await self._scripted.close()

    def _well(self) -> None:
        self.label = self._model.label
        self._pause, self._rest_until = FIRST_PAUSE_SECONDS, float("-inf")

    def _failed(self, error: BrainError, asked: float) -> None:
        self.label = self._scripted.label
        kind = error.kind if isinstance(error, LanguageModelError) else error.message
        if self._clock() - asked > PATIENCE_SECONDS:
            self._rest_until = self._clock() + self._pause
            self._pause = min(2 * self._pause, LONGEST_PAUSE_SECONDS)
        if kind not in self._told:
            self._told.add(kind)
            self._notify(error)


def _is_answer(piece: Piece) -> bool:
    """Whether this is more than white space."""
    return bool(piece.strip()) if isinstance(piece, str) else not isinstance(piece, TakenBack)


@asynccontextmanager
async def _closing(pieces: AsyncIterator[P]) -> AsyncIterator[AsyncIterator[P]]:
    """Ends a brain's answer where the turn was interrupted, so that no request goes on unheard."""
    try:
        yield pieces
    finally:
        if isinstance(pieces, AsyncGenerator):
            await pieces.aclose()
