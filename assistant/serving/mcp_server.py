"""The assistant as a server of the Model Context Protocol (modelcontextprotocol.io): an agent such
as Claude Code speaks to the user, asks, remembers and recalls.

What a tool waits for is told by progress notifications, so that no client takes a slow answer for a
dead server; `notifications/cancelled` stops it at once.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, cast

import msgspec
from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.stdio import stdio_server
from mcp.types import ToolAnnotations
from pydantic import Field

from assistant import __version__
from assistant.errors import AssistantError
from assistant.loops import post
from assistant.session.clients.requests import (
    LONGEST_WAIT,
    Answers,
    AnyRequest,
    AnyResult,
    Ask,
    Recall,
    Remember,
    Speak,
    Spoken,
    Told,
)

Serve = Callable[[str, AnyRequest, Callable[[str], None]], Awaitable[AnyResult]]
"""See `SessionFrontend.serve_client`."""

TELL_EVERY = 2.0
"""Seconds between two progress notifications where nothing new happens."""
INSTRUCTIONS = """\
A voice that speaks to the user and hears what is answered, on the user's own machine.
`speak` says something; `ask` says one or several questions and returns what the user said to each,
and how. Speech is slow: be brief, write no markup, code or addresses, and ask questions that a few
words answer. Several questions that belong together go into one call. Transcripts may hold errors
of hearing: ask back where it matters. `remember` and `recall` reach what the user keeps from one
conversation to the next: remember only what the user wants kept."""


def make_server(serve: Serve) -> MCPServer[Any]:
    """A server with the four tools; `serve` does what they are asked."""
    server: MCPServer[Any] = MCPServer(
        "assistant", title="Assistant", version=__version__, instructions=INSTRUCTIONS
    )

    async def speak(
        text: Annotated[str, Field(description="What to say, as one says it.")],
        context: Context[Any, Any],
        persona: Annotated[
            str,
            Field(
                description="Whose voice: a persona of the user's. Empty: the one that is there."
            ),
        ] = "",
        delivery: Annotated[
            str, Field(description="How: dry, warm, whispering, … Empty: as ever.")
        ] = "",
    ) -> dict[str, Any]:
        """Say something to the user, once nobody else speaks. Returns when it was heard, with what
        of it was: the user may have interrupted it."""
        return await _done(serve, context, Speak(text, persona, delivery))

    async def ask(
        questions: Annotated[
            list[str] | str, Field(description="One question or several, asked one by one.")
        ],
        context: Context[Any, Any],
        timeout_s: Annotated[
            float,
            Field(gt=0, le=LONGEST_WAIT, description="Seconds of silence after a question."),
        ] = 60.0,
    ) -> dict[str, Any]:
        """Ask the user aloud, and return what was said to each question, and how it was said
        (feeling, raised voice), as far as that can be told. `outcome` is "answered", "declined"
        (the user wants no questions) or "silence"; behind the latter two, nothing more is asked."""
        asked = [questions] if isinstance(questions, str) else questions
        return await _done(serve, context, Ask(asked, timeout_s))

    async def remember(
        text: Annotated[
            str, Field(description="In the user's words: “my parrot is called Picasso”.")
        ],
        context: Context[Any, Any],
    ) -> dict[str, Any]:
        """Keep one thing about the user for later conversations. Secrets are refused."""
        return await _done(serve, context, Remember(text))

    async def recall(
        query: Annotated[str, Field(description="What to look for: “parrot”.")],
        context: Context[Any, Any],
    ) -> dict[str, Any]:
        """Look up what the user told in earlier conversations."""
        return await _done(serve, context, Recall(query))

    says = ToolAnnotations(destructive_hint=False, open_world_hint=False)
    reads = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    for function, hints in ((speak, says), (ask, says), (remember, says), (recall, reads)):
        server.add_tool(function, annotations=hints)
    return server


async def _done(serve: Serve, context: Context[Any, Any], request: AnyRequest) -> dict[str, Any]:
    """What came of it. It runs as a task of its own, which is cancelled once: what has to be put
    away then may take its time. Raises `ToolError`."""
    told, news, began = "begins", asyncio.Event(), time.monotonic()

    def progress(text: str) -> None:
        nonlocal told
        if text != told:
            told = text
            news.set()

    task = asyncio.ensure_future(serve(_client(context), request, progress))
    task.add_done_callback(lambda done: news.set())
    try:
        while not task.done():
            try:
                async with asyncio.timeout(TELL_EVERY):
                    await news.wait()
            except TimeoutError:
                pass
            news.clear()
            if not task.done():
                await context.report_progress(time.monotonic() - began, None, told)
        return _plain(task.result())
    except AssistantError as error:
        remedy = f" Remedy: {error.remedy}" if error.remedy else ""
        raise ToolError(f"{error.message}.{remedy}") from error
    finally:
        task.cancel()


def _client(context: Context[Any, Any]) -> str:
    """As the client calls itself; "claude-code" is "Claude Code" to a person."""
    given = context.session.client_params
    if given is None:
        return ""
    name = str(given.client_info.title or given.client_info.name)
    is_slug = name == name.lower() and " " not in name
    return name.replace("-", " ").replace("_", " ").title() if is_slug else name


def _plain(result: AnyResult) -> dict[str, Any]:
    """As a model reads it best: what is not known is left out."""
    match result:
        case Spoken(heard=heard, interrupted=interrupted, aloud=aloud):
            return {"heard": heard, "interrupted": interrupted, "aloud": aloud}
        case Told(text=text, done=done):
            return {"text": text, "done": done}
        case Answers(answers=answers):
            return {"answers": [_known(msgspec.to_builtins(each)) for each in answers]}


def _known(answer: dict[str, Any]) -> dict[str, Any]:
    always = ("question", "text", "outcome")
    return {key: value for key, value in answer.items() if value or key in always}


async def serve_stdio(server: MCPServer[Any]) -> None:
    """On standard input and output, until the client closes them. Whatever else writes to standard
    output meanwhile comes out on standard error."""
    lines = cast("Any", _InputLines())  # the SDK asks for lines, and for nothing else
    async with stdio_server(stdin=lines) as (read, write):
        lowlevel = server._lowlevel_server
        await lowlevel.run(read, write, lowlevel.create_initialization_options())


class _InputLines:
    """Lines of standard input, read by a thread that holds up neither Ctrl-C nor the exit: the
    SDK's own waits for the next line whatever happens. Children get nothing of it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[str | None] = asyncio.Queue()
        self._source = os.dup(0)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        threading.Thread(target=self._read, name="mcp-stdin", daemon=True).start()

    def _read(self) -> None:
        rest = b""
        try:
            while data := os.read(self._source, 65_536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    post(self._loop, self._queue.put_nowait, line.decode("utf-8", "replace"))
        except OSError:
            pass  # a terminal that is gone
        post(self._loop, self._queue.put_nowait, None)

    async def __aiter__(self) -> AsyncIterator[str]:
        while (line := await self._queue.get()) is not None:
            if line.strip():
                yield line
