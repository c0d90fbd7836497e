"""Earlier conversations: listed, searched, read, and what of one is taken over into another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from assistant.errors import AssistantError
from assistant.session.events import PastTurn
from assistant.session.transcript_store import (
    TURN,
    TranscriptInfo,
    list_transcripts,
)
from assistant.terminal.sanitize import clean_line

TAKEN_OVER = 20
"""Turns of an earlier conversation that whoever answers is given: ten exchanges."""
MOST_FOUND = 200
NAME_CHARACTERS = 60
"""Of who spoke, where room is short."""


class PastConversationError(AssistantError):
    """A conversation cannot be found or read."""


@dataclass(frozen=True, slots=True)
class PastConversation:
    """One saved conversation."""

    info: TranscriptInfo
    turns: tuple[PastTurn, ...]
    """The oldest first."""

    @property
    def when(self) -> str:
        """In words: "Saturday 21 November 2026, 18:19"."""
        return in_words(self.info.began)

    def last(self, turns: int, characters: int) -> tuple[PastTurn, ...]:
        """Its last turns, at most so many with so many characters in all; one that is longer by
        itself is cut. The oldest first."""
        kept: list[PastTurn] = []
        for turn in reversed(self.turns[-turns:]):
            characters -= len(turn.name) + len(turn.text)
            if characters < 0 and kept:
                break
            kept.append(turn if characters >= 0 else _cut(turn, characters))
        return tuple(reversed(kept))


class PastConversations:
    """What was saved in a folder. All is read beside the event loop."""

    def __init__(self, folder: Path, current: Callable[[], Path | None] = lambda: None) -> None:
        """`current()` is the file of the conversation that goes on, which is no past one."""
        self._folder = folder
        self._current = current

    async def find(self, words: str = "") -> Sequence[TranscriptInfo]:
        """Those in which all of `words` were said, whoever said them; the newest first."""
        return await asyncio.to_thread(self._find, words)

    async def read(self, id: str) -> PastConversation:
        """One of them. Raises `PastConversationError`."""
        return await asyncio.to_thread(self._read, id)

    def _all(self) -> list[TranscriptInfo]:
        current = self._current()
        return [each for each in list_transcripts(self._folder) if each.path != current]

    def _find(self, words: str) -> list[TranscriptInfo]:
        wanted = [word.casefold() for word in words.split()]
        found = self._all()
        if wanted:
            found = [each for each in found if _holds(each.path, wanted)]
        return found[:MOST_FOUND]

    def _read(self, id: str) -> PastConversation:
        info = next((each for each in self._all() if each.id == id), None)
        if info is None:
            raise PastConversationError(
                f"There is no saved conversation “{clean_line(id)[:60]}” any more.",
                "Choose another one.",
            )
        try:
            return PastConversation(info, tuple(_turns(info.path)))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise PastConversationError(
                f"This conversation cannot be read ({reason}).", f"Look at {info.path}"
            ) from error


def in_words(began: datetime) -> str:
    """When a conversation began: "Saturday 21 November 2026, 18:19"."""
    return f"{began:%A} {began.day} {began:%B %Y, %H:%M}"


def _cut(turn: PastTurn, over: int) -> PastTurn:
    """Without its last characters, so many as it is `over` (a negative number)."""
    name = turn.name[:NAME_CHARACTERS]
    room = max(0, len(turn.name) + len(turn.text) + over - len(name))
    return msgspec.structs.replace(turn, name=name, text=f"{turn.text[:room]} …")


def _holds(path: Path, wanted: Sequence[str]) -> bool:
    try:
        said = "\n".join(f"{each.name} {each.text}" for each in _turns(path)).casefold()
    except OSError:
        return False
    return all(word in said for word in wanted)


def _turns(path: Path) -> list[PastTurn]:
    """Raises `OSError`."""
    text = path.read_text(encoding="utf-8", errors="replace")
    return [
        PastTurn(
            name=clean_line(turn["name"]),
            text=clean_line(turn["text"]),
            time=turn["time"],
            interrupted=", interrupted)" in turn.group()[: turn.start("text") - turn.start()],
        )
        for line in text.splitlines()
        if (turn := TURN.match(line))
    ]
