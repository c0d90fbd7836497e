"""Self-echo: the assistant's own words, as a recogniser may hear them through the microphone.

The last line against an assistant that talks to itself: behind the echo canceller and the guard,
words that the user seems to have said while the assistant spoke are compared with what it said.
"""

from __future__ import annotations

import re
from collections import deque

from rapidfuzz import fuzz

from assistant.session.event_bus import EventBus
from assistant.session.signals import AgentTurnEnded
from assistant.session.turns.agent_turn import AgentTurn
from assistant.terminal.sanitize import clean_text

MEMORY_SECONDS = 8.0
"""How long words stay in the room: a turn of echo, its transcription, and some."""
ALIKE = 82
"""Percent of characters in common, from which words of three or more are the assistant's own.
Whisper reads a clean voice at 94 to 98 percent, an echo worse."""

_WORD = re.compile(r"[a-z0-9]+")


class SelfEcho:
    """Remembers what was said aloud lately."""

    def __init__(self, bus: EventBus, agent_turn: AgentTurn) -> None:
        self._clock = bus.clock
        self._agent_turn = agent_turn
        self._said: deque[tuple[float, str]] = deque(maxlen=16)
        bus.on(AgentTurnEnded, self._over)

    def _over(self, event: AgentTurnEnded) -> None:
        if words := clean_text(event.heard):
            self._said.append((self._clock(), words))

    def echoes(self, text: str) -> bool:
        """Whether these words, three or more, are what the assistant itself has just said, or
        sound like it. One or two may be the user's as well as its own: never."""
        heard = _plain(text)
        own = self._lately()
        return len(heard.split()) >= 3 and bool(own) and fuzz.partial_ratio(heard, own) >= ALIKE

    def echoes_late(self, text: str) -> bool:
        """Whether words that came when the assistant had fallen silent, two or more, are its own:
        word for word, for by then the user speaks, too."""
        return len(_plain(text).split()) >= 2 and self.has_said(text)

    def has_said(self, text: str) -> bool:
        """Whether the assistant itself has just said this, word for word."""
        return f" {_plain(text)} " in f" {self._lately()} "

    def _lately(self) -> str:
        since = self._clock() - MEMORY_SECONDS
        over = [words for at, words in self._said if at >= since]
        return _plain(" ".join([*over, self._agent_turn.words_sounding()]))


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower().replace("'", "").replace("’", "")))
