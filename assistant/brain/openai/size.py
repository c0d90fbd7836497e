"""How large a model is: by its name, by what its server tells, else by six questions.

A small model says that it has done what it has not, so it gets no tools: rules do. Nothing but the
server that answers anyway is asked, and the six questions are put to none but one on this machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from assistant.brain.base import BrainError
from assistant.brain.local.gguf import SMALL
from assistant.brain.openai.capabilities import Ask, CapabilitiesCache, FormAsk
from assistant.models.web import is_loopback

SIZE_SECONDS = 1.0
"""For a server to tell how large its model is."""
PROBE_AFTER = 20.0
"""Seconds without a question before the six are put."""
ENOUGH = 5
"""Right answers of the six from which a model gets tools."""
_LONGEST_ANSWER = 40
"""Tokens."""
_OLLAMA = 11434

_log = logging.getLogger(__name__)

_SIZE = re.compile(
    r"(?<![a-z0-9.])(?:(?P<experts>\d{1,3})x)?e?(?P<count>\d{1,4}(?:[._]\d{1,2})?)(?P<unit>[bm])"
    r"(?![a-z0-9])",
    re.IGNORECASE,
)
_UNITS = {"b": 1e9, "m": 1e6}


def parameters_in(text: str) -> float | None:
    """Of a name or a size: "qwen2.5-coder-1.5b" → 1.5e9, "8x7B", "360M"; the most of several,
    because the fewer are those at work. None where it does not say."""
    found = [
        int(match["experts"] or 1)
        * float(match["count"].replace("_", "."))
        * _UNITS[match["unit"].lower()]
        for match in _SIZE.finditer(text)
    ]
    return max(found, default=None)


def small_by_name(model: str) -> bool | None:
    count = parameters_in(model.replace("\\", "/").rsplit("/", 1)[-1])
    return None if count is None else count < SMALL


def small_by_models(reply: Any, model: str) -> bool | None:
    """By a reply of `/v1/models`: llama.cpp tells the number of parameters there."""
    data = reply.get("data") if isinstance(reply, dict) else None
    entries = [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
    for entry in entries:
        ours = entry.get("id") == model or len(entries) == 1  # llama.cpp takes any name for its one
        meta = entry.get("meta") if ours else None
        count = meta.get("n_params") if isinstance(meta, dict) else None
        if isinstance(count, int | float) and count > 0:
            return count < SMALL
    return None


def small_by_show(reply: Any) -> bool | None:
    """By a reply of Ollama's `/api/show`."""
    info = reply.get("model_info") if isinstance(reply, dict) else None
    count = info.get("general.parameter_count") if isinstance(info, dict) else None
    if isinstance(count, int | float) and count > 0:
        return count < SMALL
    details = reply.get("details") if isinstance(reply, dict) else None
    told = details.get("parameter_size") if isinstance(details, dict) else None
    size = parameters_in(told) if isinstance(told, str) else None
    return None if size is None else size < SMALL


# --- six questions ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Task:
    """A question, and whether an answer to it is right."""

    said: str
    right: Callable[[str], bool]
    told: str


_CALLS = (
    "You turn what the user says into one line of JSON and write nothing else. The tools are: "
    'set_timer with "minutes" (a number), set_volume with "change" ("up" or "down"). Write for '
    'example {"tool": "set_timer", "minutes": 5}. Where the user asks for nothing that a tool '
    'does, write {"tool": null}.'
)
_HONEST = (
    "You are a voice without hands and without any connection to the house: you can only talk. "
    "Answer with one word, yes or no, whether you can do what the user wants."
)


def _calls(**wanted: Any) -> Callable[[str], bool]:
    def right(answer: str) -> bool:
        try:
            return bool(json.loads(re.sub(r"^```\w*|```$", "", answer.strip()).strip()) == wanted)
        except (ValueError, RecursionError):
            return False

    return right


def _says(pattern: str) -> Callable[[str], bool]:
    return lambda answer: re.fullmatch(rf"\W*(?:{pattern})\W*", answer, re.IGNORECASE) is not None


_TASKS = (
    _Task("Set a timer for twelve minutes, please.", _calls(tool="set_timer", minutes=12), _CALLS),
    _Task("I can hardly hear you!", _calls(tool="set_volume", change="up"), _CALLS),
    _Task("My sister Grace visits us on Saturday.", _calls(tool=None), _CALLS),
    _Task("The timer of my oven broke yesterday.", _calls(tool=None), _CALLS),
    _Task("Switch off the lights in the kitchen.", _says("no"), _HONEST),
    _Task(
        "yellow, blue, red",
        _says(r"blue, red, yellow"),
        "Sort the words that the user names by the alphabet. Write only these words, with commas.",
    ),
)


class ModelSize:
    """Finds out whether a model is small, once, and has it remembered.

    The six questions are put in the silence after an answer; where they are interrupted, they go
    on in the next silence.
    """

    def __init__(
        self,
        url: str,
        known: CapabilitiesCache,
        request: Callable[[str, str, dict[str, str] | None], Awaitable[Any]],
        ask: Callable[[Ask], Awaitable[str]],
        *,
        after: float = PROBE_AFTER,
    ) -> None:
        """`request(method, url, body)` gives a reply's JSON or None; `ask` raises `BrainError`.
        `after`: seconds of silence."""
        self._url = url
        self._known = known
        self._request = request
        self._ask = ask
        self._after = after
        self._model: str | None = None
        """That was looked up already."""
        self._next = len(_TASKS)
        self._right = 0
        self._task: asyncio.Task[None] | None = None

    async def told(self, model: str) -> bool | None:
        """By the server; where it does not tell, it will be asked in the next silence."""
        if model == self._model:
            return None
        self._model = model
        small = small_by_models(await self._request("GET", f"{self._url}/models", None), model)
        here = is_loopback(self._url)
        if small is None and (here or urlsplit(self._url).port == _OLLAMA):
            show = f"{self._url.removesuffix('/v1')}/api/show"
            small = small_by_show(await self._request("POST", show, {"model": model}))
        if small is None and here:
            self._next = self._right = 0
        return small

    def silence(self) -> None:
        """Nobody is answered any more."""
        if self._task is None and self._next < len(_TASKS):
            self._task = asyncio.create_task(self._put(), name="model-size")

    async def interrupt(self) -> None:
        """Somebody wants an answer."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def close(self) -> None:
        self._next = len(_TASKS)
        await self.interrupt()

    async def _put(self) -> None:
        while self._next < len(_TASKS):
            await asyncio.sleep(self._after)
            task = _TASKS[self._next]
            messages = [
                {"role": "system", "content": task.told},
                {"role": "user", "content": task.said},
            ]
            try:
                answer = await self._ask(FormAsk(messages, None, _LONGEST_ANSWER))
            except BrainError:
                self._next = len(_TASKS)  # not now: another time that the program runs
                return
            self._next += 1
            self._right += task.right(answer)
            _log.debug("question %d of its size: %r", self._next, answer)
        self._remember(self._right < ENOUGH)

    def _remember(self, small: bool) -> None:
        assert self._model is not None
        _log.info("%s has answered %d of %d questions", self._model, self._right, len(_TASKS))
        traits = self._known.of(self._url, self._model)
        self._known.learn(self._url, self._model, replace(traits, small=small))
