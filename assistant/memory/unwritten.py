"""Durability of what the user told: what of this conversation no file holds (write failures,
private conversations), and how that is said aloud.

Nothing is acknowledged as remembered before it is on disk; what cannot be written is known as long
as the conversation lasts, and the user is told so. No name of a file is ever spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from assistant.language.person import first_person
from assistant.language.tokens import content
from assistant.memory.base import Found, Memory, MemoryFailure
from assistant.memory.deletion.plan import DeletionPreview
from assistant.memory.extraction.candidates import RefusedCandidate
from assistant.memory.recorder import Recorder

T = TypeVar("T")
WRITING = 8.0
"""Seconds that an answer may wait until what it acknowledges is on disk."""
TAUGHT = 1.0
"""Seconds that the answer of a language model may wait, whose words are its own."""
ONLY_NOW = "so I know it only while we talk"
PRIVATE = f"This conversation is private, {ONLY_NOW}."
SWITCHED_OFF = f"Memory is switched off, {ONLY_NOW}."
NOT_MADE_OUT = f"I could not make a note of that, {ONLY_NOW}."


def not_written(failure: MemoryFailure) -> str:
    """ "I cannot write it down: the disk is full. I know it only while we talk." """
    return f"I cannot write it down: {failure.spoken.rstrip('.')}. I know it only while we talk."


def for_now(fact: str, why: str) -> str:
    """A fact, said to "you", and why it is not kept for longer."""
    return f"For this conversation I will remember that {fact.rstrip('.')}. {why}"


async def in_time(work: Awaitable[T]) -> T:
    """Raises `MemoryFailure` where the disk does not answer; it may still be written later."""
    try:
        async with asyncio.timeout(WRITING):
            return await work
    except TimeoutError:
        raise MemoryFailure(
            "memory could not be written in time",
            "Is the disk slow, or a network folder away?",
            "the disk does not answer",
        ) from None


class Unwritten:
    """What only this conversation knows."""

    def __init__(self, recorder: Recorder, show: Callable[[MemoryFailure], None]) -> None:
        """`show(failure)` puts it on the screen, with its remedy."""
        self._recorder = recorder
        self._show = show
        self._noted: list[tuple[str, str]] = []
        """What no journal holds, as the user says it, with the persona it was told to."""
        self._said_of = ""
        """The reason why nothing can be written that was spoken last."""

    async def acknowledge(self, text: str, persona: str) -> str:
        """Keep what the user's turn tells; what has to be said where that fails."""
        try:
            outcomes = await in_time(self._recorder.acknowledge(text, persona))
        except MemoryFailure as error:
            self.report(error)
            return not_written(error)
        self._said_of = ""
        refused = [each.sentence() for each in outcomes if isinstance(each, RefusedCandidate)]
        return refused[0] if refused else "" if outcomes else NOT_MADE_OUT

    async def keep_taught(self) -> str:
        """Keep what the last turn taught; the same, once for each reason."""
        said = self._said_of
        try:
            async with asyncio.timeout(TAUGHT):
                await self._recorder.write_taught()
        except TimeoutError:
            return ""  # memory is being opened, or the disk is slow: it is written later
        except MemoryFailure as error:
            self.report(error)
            return "" if said == error.spoken else not_written(error)
        self._said_of = ""
        return ""

    def report(self, error: MemoryFailure) -> None:
        self._said_of = error.spoken
        self._show(error)

    def note(self, text: str, persona: str) -> None:
        self._noted.append((persona, text))

    def as_told(self, limit: str) -> list[str]:
        """As the user says it, newest first. `limit`: the persona that may know only its own."""
        noted = [text for persona, text in self._noted if limit in ("", persona)]
        told = [first_person(each.text, self._recorder.who) for each in self._recorder.unwritten]
        return [*reversed(noted), *reversed(told)]

    def about(self, what: str) -> list[Memory]:
        """What holds all words of matter of this."""
        words = content(what)
        return [m for m in self._recorder.unwritten if words and words <= content(m.text)]

    def hits(self, query: str) -> list[Found]:
        """What has a word in common with this."""
        words = content(query)
        return [
            Found(each.id, each.text, each.at, each.persona, 1.0, each)
            for each in self._recorder.unwritten
            if words & content(each.text)
        ]

    def drop_noted(self, what: str) -> list[str]:
        """What was noted of this, and is not any more."""
        words = content(what)
        gone = [each for each in self._noted if words and words <= content(each[1])]
        self._noted = [each for each in self._noted if each not in gone]
        return [text for _, text in gone]

    def forget(self, deletion: DeletionPreview) -> None:
        texts = [content(text) for text in deletion.texts]
        self._noted = [
            (persona, noted)
            for persona, noted in self._noted
            if not (deletion.everything or any(content(noted) <= text for text in texts))
        ]
