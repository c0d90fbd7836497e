"""What became of every frame that the backend was offered."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class FrameCounter:
    """Frames, counted. Each that was `offered` is in one of the others, or on its way."""

    offered: int = 0
    taken: int = 0
    """The child has acknowledged them."""
    dropped: int = 0
    """Left out, oldest first, because the child did not keep up."""
    lost: int = 0
    """With a child that ended before it had acknowledged them."""
    unheard: int = 0
    """No child was there: it was loading, or had ended."""
    _sent: int = 0
    """To the child that runs; with what it has taken and what was left out of that."""
    _taken: int = 0

    @property
    def on_the_way(self) -> int:
        """Offered to the child that runs, and not yet acknowledged. Those that are left out until
        it ends are among them: see `child_ended`."""
        return self._sent - self._taken

    def offer(self, *, there: bool) -> None:
        """A frame came; `there`: so is a child that it is sent to."""
        self.offered += 1
        if there:
            self._sent += 1
        else:
            self.unheard += 1

    def take(self) -> None:
        self.taken += 1
        self._taken += 1

    def child_ended(self, dropped: int) -> None:
        """`dropped` of the frames sent to it were left out."""
        self.dropped += dropped
        self.lost += self._sent - self._taken - dropped
        self._sent = self._taken = 0
