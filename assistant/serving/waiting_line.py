"""Who talks to the model, and who waits for it: one talks, a few stand in line."""

from __future__ import annotations

import asyncio


class PlaceInLine:
    """One client's place. `position` 0 talks; `changed` is set whenever it moves up."""

    def __init__(self, position: int) -> None:
        self.position = position
        self.changed = asyncio.Event()


class WaitingLine:
    """First come, first served."""

    def __init__(self, most_waiting: int) -> None:
        self._most = most_waiting
        self._places: list[PlaceInLine] = []

    def __len__(self) -> int:
        return len(self._places)

    def join(self) -> PlaceInLine | None:
        """A place at the end; None where all are taken."""
        if len(self._places) > self._most:
            return None
        self._places.append(PlaceInLine(len(self._places)))
        return self._places[-1]

    def leave(self, place: PlaceInLine) -> None:
        self._places.remove(place)
        for position, other in enumerate(self._places):
            if other.position != position:
                other.position = position
                other.changed.set()
