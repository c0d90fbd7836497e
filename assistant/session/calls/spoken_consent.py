"""Consent: may a tool of another program run? Asked aloud, answered by voice, in writing or on the
screen; the first answer counts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any, Literal

from assistant.adapters.elicitation import NO
from assistant.calls.parser import ToolCall
from assistant.language.command_patterns import is_hum
from assistant.language.intents import is_yes
from assistant.language.phrase_notation import normal

Consent = Callable[[ToolCall], Awaitable[bool]]
Answer = Literal["yes", "no", "always"]

_ALWAYS = {"always", "yes always", "always yes", "yes every time", "you always may"}
ANSWER_WITHIN = 60.0
"""Seconds for which a question of another program waits for the user's words."""
_LONGEST = 60
"""Characters of an argument that are read aloud."""
_MOST = 3
"""Arguments that are read aloud."""


class SpokenConsent:
    """One question at a time; whoever asks meanwhile waits."""

    def __init__(
        self,
        say: Callable[[str], None],
        source: Callable[[str], str],
        on_always: Callable[[str], None],
    ) -> None:
        """`say` speaks a question. `source(tool)`: what the user calls the program that it is of.
        `on_always(tool)`: the user wants it to run from now on without being asked."""
        self._say = say
        self._source = source
        self._on_always = on_always
        self._turn = asyncio.Lock()
        self._open: asyncio.Future[Answer | None] | None = None
        self._beside = False
        """The open question comes from work beside the conversation."""
        self._words: asyncio.Future[str] | None = None

    @property
    def is_open(self) -> bool:
        """A question waits for its answer, or for its turn."""
        return self._turn.locked()

    async def ask_words(self, question: str) -> str | None:
        """What the user says to this, whatever it is; None where that is nothing, in time."""
        async with self._turn:
            self._words = asyncio.get_running_loop().create_future()
            self._say(question)
            try:
                return await asyncio.wait_for(self._words, ANSWER_WITHIN)
            except TimeoutError:
                return None
            finally:
                self._words = None

    async def ask(self, call: ToolCall, on_screen: Consent | None) -> bool:
        """Whether the user lets it run. `on_screen` asks there, where there is a screen."""
        answer = await self._ask(call, on_screen, question(call, self._source(call.name)))
        if answer == "always":
            self._on_always(call.name)
        return answer in ("yes", "always")

    async def ask_beside(
        self, call: ToolCall, on_screen: Consent | None, words: str
    ) -> Answer | None:
        """The same for work beside the conversation, in these words. None: the user speaks of
        something else, so the question is closed, lest a later "yes" be taken for its answer."""
        return await self._ask(call, on_screen, words, beside=True)

    async def _ask(
        self, call: ToolCall, on_screen: Consent | None, words: str, *, beside: bool = False
    ) -> Answer | None:
        async with self._turn:
            self._open = asyncio.get_running_loop().create_future()
            self._beside = beside
            shown = None if on_screen is None else asyncio.ensure_future(on_screen(call))
            self._say(words)
            waiting: list[asyncio.Future[Any]] = [self._open]
            waiting += [shown] if shown is not None else []
            try:
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                if self._open.done():
                    return self._open.result()
                return "yes" if shown is not None and shown.result() else "no"
            finally:
                self._open = None
                if shown is not None and not shown.done():
                    shown.cancel()

    def answered_by(self, text: str) -> bool:
        """Take the user's words where they answer the question that is open."""
        if self._words is not None and not self._words.done():
            self._words.set_result(text)
            return True
        if self._open is None or self._open.done():
            return False
        said = normal(text)
        if said in _ALWAYS:
            self._open.set_result("always")
        elif is_yes(text) or said in NO:
            self._open.set_result("yes" if is_yes(text) else "no")
        else:
            if self._beside and not is_hum(text):
                self._open.set_result(None)
            return False
        return True


def question(call: ToolCall, source: str) -> str:
    """ "May I use my notes: create note, title Parrots? Say yes, no or always."."""
    name = call.name.partition("__")[2] or call.name
    spoken = " ".join(name.replace("_", " ").replace("-", " ").split())
    told = [f"{_plain(key)} {_value(value)}" for key, value in [*call.arguments.items()][:_MOST]]
    more = len(call.arguments) - _MOST
    if more > 0:
        told.append(f"and {more} more")
    return f"May I use {source}: {', '.join([spoken, *told])}? Say yes, no or always."


def _plain(key: str) -> str:
    return key.replace("_", " ")


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rsplit(' ', 1)[0]} …"
