"""States of the model just after a prompt, kept as long as there is room."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from assistant.backends.moshi.contract import Codes, Snapshot
from assistant.backends.moshi.prompts.prompting import PromptPlan
from assistant.frames import PersonaPrompt

Key = tuple[str, str, str, float, int]
"""What a snapshot depends on, see `key_of`."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A persona that can be put in place at once."""

    key: Key
    snapshot: Snapshot
    following: tuple[Codes, ...]
    """The agent's columns after the snapshot, as far as the prompt still says them (its last frame
    reaches into them through the delays)."""


class Snapshots:
    """What is kept, least recently used first; bounded by bytes. One of them is in use, and
    stays."""

    def __init__(self, limit: int) -> None:
        """`limit` in bytes."""
        self._limit = limit
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self._pinned: Key | None = None

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def nbytes(self) -> int:
        return sum(kept.snapshot.nbytes for kept in self._kept.values())

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def get(self, key: Key) -> Kept | None:
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def put(self, kept: Kept) -> None:
        self._kept[kept.key] = kept
        self._kept.move_to_end(kept.key)
        self._make_room()

    def pin(self, key: Key) -> None:
        """This one is in use now."""
        self._pinned = key
        self._make_room()

    def _make_room(self) -> None:
        held = self.nbytes
        for key in list(self._kept):
            if held <= self._limit:
                return
            if key != self._pinned:
                held -= self._kept.pop(key).snapshot.nbytes


def columns_after(plan: PromptPlan, delays: tuple[int, ...]) -> tuple[Codes, ...]:
    """The agent's columns behind a plan that its last frames still reach into. `delays` of the
    agent's codebooks."""
    return tuple(
        plan.agent_column(len(plan) + offset, delays) for offset in range(max(delays, default=0))
    )


def key_of(prompt: PersonaPrompt) -> Key:
    """What a snapshot depends on: text, notes and voice, and the state of the voice's file."""
    voice = prompt.voice_prompt or ""
    try:
        stat = Path(voice).expanduser().stat() if voice else None
    except OSError:
        stat = None
    if stat is None:
        return (prompt.text, prompt.notes, voice, 0.0, 0)
    return (prompt.text, prompt.notes, voice, stat.st_mtime, stat.st_size)
