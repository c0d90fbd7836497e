"""The frames on their way to the model, and the steady clock that wants one each 80 ms.

While the microphone delivers, it sets the pace: a frame is taken as soon as it is there. Where it
stops (none is plugged in, a device was muted) silence takes a frame's place, so that what is to be
said still sounds. A frame that comes after all, once its place is taken, is discarded: there are
as many steps as 80 ms went by, and nothing drifts.

When the model does not keep up, frames wait. Where more than `MOST_WAITING` do, the oldest are
dropped but for the newest one: what the user says now matters more than what was said a while ago.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.audio.types import Float32
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, Lag

MOST_WAITING = 5
"""Frames that may wait: 0.4 s."""
WORTH_TELLING = 3
"""Frames waiting that count as lag."""
PATIENCE = 3
"""Frames of time after which a frame that has not come is taken for missing: sound cards deliver
two or three at once."""
REPORT_EVERY = 12
"""Frames between two reports of lag: about a second."""
RECOVERED = 25
"""Frames without lag (2 s) after which it is told to be over."""


@dataclass(frozen=True, slots=True)
class InputFrame:
    """What the model shall hear next."""

    number: int
    """On the input's clock."""
    frame: Float32
    substituted: bool = False
    """Silence, because nothing came."""
    speaking: bool = False
    """The assistant was being heard meanwhile."""
    own_voice: bool = False
    """… and may be in this sound: the model must hear silence in its place."""


class FrameClock:
    """`push` from one thread, `take` from another. `report(lag)` is called in either."""

    def __init__(
        self, report: Callable[[Lag], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._report = report
        self._now = now
        self._changed = threading.Condition()
        self._waiting: deque[InputFrame] = deque()
        self._silence: Float32 = np.zeros(FRAME_SAMPLES, np.float32)
        self._silence.flags.writeable = False
        self._arrived = self._due = now()
        """When the last frame came; when the next one is expected."""
        self._number = -1
        self._owed = 0
        """Frames whose place was taken by silence."""
        self._since_report = REPORT_EVERY
        self._since_lag: int | None = None
        """Frames taken since there was lag; None: there is none."""
        self._skipped = 0
        self._closed = False
        self.dropped = 0
        """Frames in all that the model never heard because it was too slow."""

    def start(self) -> None:
        """The model is ready: time counts from now on."""
        with self._changed:
            self._arrived = self._now()
            self._due = self._arrived + FRAME_SECONDS
            self._waiting.clear()

    def push(self, arrived: InputFrame) -> None:
        """A frame from the microphone. Returns at once."""
        with self._changed:
            now = self._now()
            since, self._arrived = now - self._arrived, now
            if self._is_owed(since):
                self._owed -= 1
                return
            self._since_report += 1
            self._number = arrived.number
            self._due = now + FRAME_SECONDS
            self._waiting.append(arrived)
            behind = len(self._waiting)
            if behind > MOST_WAITING:
                self._drop(behind - 1)
            self._changed.notify()
        if behind >= WORTH_TELLING:
            self._lags(behind)

    def take(self) -> InputFrame | None:
        """Wait for the next frame; None once the clock is closed."""
        while True:
            with self._changed:
                if self._closed:
                    return None
                found = self._poll()
                if not isinstance(found, InputFrame):
                    self._changed.wait(found)
                    continue
            self._took(found)
            return found

    def poll(self) -> InputFrame | float:
        """The next frame, or the seconds after which to ask again."""
        with self._changed:
            found = self._poll()
        if isinstance(found, InputFrame):
            self._took(found)
        return found

    @property
    def slack(self) -> float:
        """Seconds until the next frame is expected; 0 where one waits."""
        with self._changed:
            if self._waiting:
                return 0.0
            patience = PATIENCE * FRAME_SECONDS if self._owed else 0.0
            return max(0.0, self._due + patience - self._now())

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # -- inside ----------------------------------------------------------------------------------

    def _is_owed(self, since: float) -> bool:
        """Whether silence has taken this frame's place. Late frames come in one burst; a frame
        that comes in its own time is a new one, and so are those after it: the microphone had
        been away, and nothing of it is still to come."""
        if self._owed and 0.5 * FRAME_SECONDS <= since <= PATIENCE * FRAME_SECONDS:
            self._owed = 0
        return self._owed > 0

    def _poll(self) -> InputFrame | float:
        if self._waiting:
            return self._waiting.popleft()
        late = self._now() - self._due
        missing = late - PATIENCE * FRAME_SECONDS
        if missing < -1e-9:
            return -missing
        if late > (PATIENCE + MOST_WAITING) * FRAME_SECONDS:
            self._skip(int(missing / FRAME_SECONDS))
        self._due += FRAME_SECONDS
        self._owed += 1
        self._number += 1
        return InputFrame(self._number, self._silence, substituted=True)

    def _drop(self, count: int) -> None:
        for _ in range(count):
            self._waiting.popleft()
        self.dropped += count

    def _skip(self, count: int) -> None:
        """Nobody asked for so long that silence itself would have to be dropped."""
        self._due += count * FRAME_SECONDS
        self._owed += count
        self._number += count
        self.dropped += count
        self._skipped = count

    def _lags(self, behind: int) -> None:
        self._since_lag = 0
        if self._since_report >= REPORT_EVERY:
            self._since_report = 0
            self._report(Lag(behind * FRAME_SECONDS, self.dropped))

    def _took(self, taken: InputFrame) -> None:
        self._since_report += taken.substituted
        skipped, self._skipped = self._skipped, 0
        if skipped:
            self._lags(skipped)
        if self._since_lag is None:
            return
        self._since_lag += 1
        if self._since_lag >= RECOVERED:
            self._since_lag = None
            self._report(Lag(0.0, self.dropped))
