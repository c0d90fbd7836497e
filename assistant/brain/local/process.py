"""A language model of our own: its server as a child process, and the brain in front of it.

The server is started beside the conversation, asked whether it is well, and started again where it
ends; it listens on loopback only and knows a key that nobody else does, new for every start.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from assistant.backends.host.child import (
    end_child,
    exit_in_words,
    kill_child,
    open_log,
    trim_log,
)
from assistant.backends.host.process import EXIT_CANNOT_RUN
from assistant.backends.host.restarts import RestartPolicy
from assistant.brain.base import BrainError, LanguageModelError, Piece, Question, Waiting
from assistant.brain.openai.size import small_by_name
from assistant.config.schema import BrainConfig
from assistant.locations import log_dir
from assistant.personas.loading import Persona

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from assistant.brain.openai.client import OpenAIBrain

LOADING_LIMIT = 600.0
"""Seconds that a model may take to be loaded: gigabytes from a slow disk."""
HEALTH_EVERY = 10.0
HEALTH_SECONDS = 20.0
UNWELL = 3
"""Looks in a row without an answer after which the server hangs, and is killed."""
MAX_TOKENS = 120
"""Of an answer: three sentences. A small model does not stop by itself where it should."""
FIRST_WORD_SECONDS = 120.0
"""The prompt has to be read first, on a slow machine at twenty tokens a second."""
_KEY = "ASSISTANT_LOCAL_MODEL_KEY"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens."""

    url: str
    key: str
    name: str
    small: bool
    """Too small for tools, and for being asked what shall be remembered."""
    start: int
    """How many there were before it."""


class LocalServer:
    """Keeps one model served. All methods belong to the event loop's thread.

    `tell` hears that it ended and is started again, and that it is given up. `command` is the child
    (the real one, if not given): it reads the key from its standard input and tells where it
    listens, see `server`.
    """

    def __init__(
        self,
        file: Path,
        tell: Callable[[BrainError], None],
        *,
        command: Sequence[str] | None = None,
        log_path: Path | None = None,
        policy: RestartPolicy | None = None,
    ) -> None:
        self.served: Served | None = None
        self.failure: BrainError | None = None
        """Why it was given up."""
        self.starts = 0
        self._tell = tell
        self._command = command or (sys.executable, "-m", f"{__package__}.server", str(file))
        self._log_path = log_path
        self._policy = policy or RestartPolicy()
        self._changed = asyncio.Event()
        self._process: asyncio.subprocess.Process | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """In the background."""
        self._supervisor = asyncio.create_task(self._supervise(), name="model-supervisor")

    async def stop(self) -> None:
        """Gone within two seconds, whatever it does."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with suppress(asyncio.CancelledError):
                await self._supervisor

    async def settled(self, seconds: float) -> bool:
        """Wait until it is served or given up; False where `seconds` were not enough."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.served is None and self.failure is None:
                    self._changed.clear()
                    await self._changed.wait()
                return True
        return False

    def did_work(self) -> None:
        """It has answered a person."""
        self._policy.did_work()

    async def _supervise(self) -> None:
        while True:
            self._policy.began()
            refusal, how = await self._run_once()
            if refusal is not None and not self._policy.ever_up:
                return self._give_up(refusal)
            pause = self._policy.ended()
            what = refusal.message if refusal else f"The language model's process {how}."
            if pause is None:
                remedy = "Look into its log, or choose another model: assistant setup brain --model"
                return self._give_up(refusal or BrainError(what, remedy))
            again = f"It is started again in {pause:.0f} s." if pause >= 1 else "It starts again."
            self._tell(BrainError(what, again))
            await asyncio.sleep(pause)

    def _give_up(self, failure: BrainError) -> None:
        self.failure = failure
        self._changed.set()
        self._tell(failure)

    async def _run_once(self) -> tuple[BrainError | None, str]:
        """One child, until it ends: what it said that it lacks, and how it ended."""
        key = secrets.token_urlsafe(32)
        try:
            process = await self._started(key)
        except OSError as error:
            return None, f"cannot be started ({error.strerror or error})"
        try:
            told, reason = await _first_words(process)
            if told is not None and "failed" in told:
                await process.wait()
                return BrainError(str(told["failed"]), str(told.get("remedy", ""))), "ended"
            if told is None:
                kill_child(process)
            else:
                self._came_up(told, key)
                reason = await _until_it_ends(process, str(told["url"]))
            code = await process.wait()
            ended = "cannot run" if code == EXIT_CANNOT_RUN else f"stopped ({exit_in_words(code)})"
            return None, reason or ended
        finally:
            self.served = None
            if process.stdin is not None:
                process.stdin.close()
            await end_child(process)

    async def _started(self, key: str) -> asyncio.subprocess.Process:
        if self._log_path is not None:
            await asyncio.to_thread(trim_log, self._log_path)
        with open_log(self._log_path) as log_file:
            process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log_file,
                start_new_session=True,
            )
        self._process = process
        self.starts += 1
        assert process.stdin is not None
        process.stdin.write(f"{key}\n".encode("ascii"))
        return process

    def _came_up(self, told: dict[str, Any], key: str) -> None:
        self._policy.came_up()
        name, small = str(told.get("name", "")), bool(told.get("small", True))
        self.served = Served(str(told["url"]), key, name, small, self.starts)
        self._changed.set()


async def _first_words(
    process: asyncio.subprocess.Process,
) -> tuple[dict[str, Any] | None, str]:
    """Where the child listens, or why it cannot; else None, and what is wrong with it."""
    assert process.stdout is not None
    try:
        async with asyncio.timeout(LOADING_LIMIT):
            while line := await process.stdout.readline():
                with suppress(ValueError):
                    told = json.loads(line)
                    if isinstance(told, dict) and ("url" in told or "failed" in told):
                        return told, ""
            await process.wait()
    except TimeoutError:
        return None, f"did not load the model within {LOADING_LIMIT:.0f} s"
    except ValueError:
        return None, "said what nobody understands"
    return None, ""


async def _until_it_ends(process: asyncio.subprocess.Process, url: str) -> str:
    """Returns why it was killed, "" where it ended by itself."""
    unwell = 0
    while unwell < UNWELL:
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), HEALTH_EVERY)
            return ""
        unwell = 0 if await _is_well(url) else unwell + 1
    kill_child(process)
    return "did not answer any more"


async def _is_well(url: str) -> bool:
    place = urlsplit(url)
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            try:
                writer.write(b"GET /health HTTP/1.0\r\n\r\n")
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return False


class LocalBrain:
    """Answers with a model of our own, once `start` was called.

    While the model is being loaded an answer waits for it, as long as `brain.timeout_s`. A small
    model is given no tools, and is not asked what shall be remembered.
    """

    def __init__(self, file: Path, config: BrainConfig) -> None:
        self.label = f"{file.name.removesuffix('.gguf')} · own server"
        self.server: LocalServer | None = None
        self._file = file
        self._config = config
        self._facts: Callable[[], Sequence[str]] = tuple
        self._client: OpenAIBrain | None = None
        self._start = 0
        """Of the server that the client speaks to."""
        self._making = asyncio.Lock()
        self._reading: asyncio.Task[None] | None = None

    def start(
        self,
        tell: Callable[[BrainError], None],
        facts: Callable[[], Sequence[str]] = tuple,
        persona: Persona | None = None,
        *,
        command: Sequence[str] | None = None,
    ) -> None:
        """Load the model beside everything else. `tell`, `command`: see `LocalServer`; `facts`:
        what is known of the user; `persona`: who will probably be spoken to first."""
        self._facts = facts
        self.server = LocalServer(
            self._file, tell, command=command, log_path=log_dir() / "language-model.log"
        )
        self.server.start()
        if persona is not None:
            self._reading = asyncio.create_task(self._read_ahead(persona), name="model-reads")

    async def answer(self, question: Question) -> AsyncIterator[Piece]:
        """Stream the answer; raises `LanguageModelError`. Closing the iterator ends the request."""
        if self.server is not None and self.server.served is None and self.server.failure is None:
            yield Waiting("loading", "the language model is being loaded")
            await self._served()
            yield Waiting("thinking")
        served = await self._served()
        client = await self._client_of(served)
        if served.small:
            question = replace(question, tools=[])
        async with aclosing(cast("AsyncGenerator[Piece]", client.answer(question))) as pieces:
            async for piece in pieces:
                yield piece
        if self.server is not None:
            self.server.did_work()

    @property
    def small(self) -> bool | None:
        """Too small for tools; None: not loaded yet, and its file's name does not say."""
        served = self.server.served if self.server is not None else None
        return served.small if served is not None else small_by_name(self._file.name)

    async def complete(
        self, messages: list[dict[str, str]], schema: dict[str, Any], max_tokens: int
    ) -> str:
        """See `base.Completes`. Raises `LanguageModelError`, also where the model is small or not
        there yet: nobody waits for what may be left out."""
        served = self.server.served if self.server is not None else None
        if served is None:
            raise LanguageModelError("absent", "The language model is not loaded.")
        if served.small:
            raise LanguageModelError("absent", "The language model is too small to be asked that.")
        client = await self._client_of(served)
        return await client.complete(messages, schema, max_tokens)

    async def close(self) -> None:
        """End the server."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        if self._client is not None:
            await self._client.close()
        if self.server is not None:
            await self.server.stop()

    async def _read_ahead(self, persona: Persona) -> None:
        """Let the server read what every prompt begins with, while nobody waits: on a slow machine
        that takes longer than to load the model."""
        if self.server is None or not await self.server.settled(LOADING_LIMIT):
            return
        question = Question("Hello.", persona, [])
        with suppress(BrainError):
            client = await self._client_of(await self._served())
            async with aclosing(cast("AsyncGenerator[Piece]", client.answer(question))) as pieces:
                await anext(pieces, None)

    async def _served(self) -> Served:
        if self.server is None:
            raise LanguageModelError("absent", "The language model was not started.")
        seconds = self._config.timeout_s
        settled = await self.server.settled(seconds)
        if self.server.served is not None:
            return self.server.served
        if settled and self.server.failure is not None:
            failure = self.server.failure
            raise LanguageModelError("absent", failure.message, failure.remedy)
        raise LanguageModelError(
            "slow",
            f"The language model is not loaded after {seconds:g} seconds.",
            "It answers once it is; a smaller one is there sooner: assistant brain list",
        )

    async def _client_of(self, served: Served) -> OpenAIBrain:
        """One for each start: a new server has a new address and a new key."""
        async with self._making:
            if self._client is None or self._start != served.start:
                if self._client is not None:
                    await self._client.close()
                self._client = await asyncio.to_thread(self._made_client, served)
                self._start = served.start
            return self._client

    def _made_client(self, served: Served) -> OpenAIBrain:
        # Imported in a thread: loading an HTTP client takes tens of milliseconds.
        from assistant.brain.openai.client import OpenAIBrain

        longest = self._config.max_tokens
        return OpenAIBrain(
            f"{served.url}/v1",
            served.name,
            server="own server",
            api_key_env=_KEY,
            temperature=self._config.temperature,
            max_tokens=min(longest, MAX_TOKENS) if served.small else longest,
            timeout_s=max(self._config.timeout_s, FIRST_WORD_SECONDS),
            facts=self._facts,
            environment={_KEY: served.key},
            stable_prompt=True,
            small=served.small,
        )
