"""Endpointing: how this user pauses. Who was cut off is waited for longer next time, and who tells
a story is let finish.

Pauses within turns differ more between speakers than between sentences (Goldman-Eisler 1968,
"Psycholinguistics", chapter 1), so one factor for all waits is learned from what the user does:
going on after a pause, or right after the turn was taken to be over. Nothing here looks at a
clock: all times come from windows and frames that were counted.
"""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Literal

from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.frames import FRAME_SECONDS
from assistant.language.endings import Ending
from assistant.private_files import write_whole

GOES_ON_WITHIN = 2.5
"""Seconds of silence after which the user may still have gone on with the turn before."""
_HARDLY_HEARD = 0.8
"""Seconds of an answer that nobody has replied to yet: it takes 0.6 to begin to speak (Levinson and
Torreira 2015, "Timing in turn-taking", section 2), and some to be noticed."""
_MOST = 2.2
_STEP = 0.35
"""How far one pause moves the factor towards what it would have taken."""
_MARGIN = 1.15
_KEPT = 0.88
"""What a turn that was whole leaves of the factor's excess over 1: half of it after five."""
_LONGEST_MS = 3_000
"""Nobody is waited for longer than that for his pauses' sake."""
_WRITTEN_FROM = 0.03
"""Smaller changes are not worth a file."""


class SpeakerPace:
    """One factor, from 1, on the waits for this user; remembered in a file where there is one."""

    def __init__(self, file: Path | None = None) -> None:
        """`file`: `{"factor": 1.4}`, made and kept up to date; one that cannot be read is 1."""
        self._file = file
        self.factor = self._written = _read(file) if file is not None else 1.0

    def needed(self, factor: float) -> None:
        """So much would it have taken not to cut the user off."""
        wanted = min(factor * _MARGIN, _MOST)
        if wanted > self.factor:
            self.factor += _STEP * (wanted - self.factor)
            self._keep()

    def was_whole(self) -> None:
        """A turn was over when it was taken to be."""
        self.factor = 1.0 + _KEPT * (self.factor - 1.0)
        self._keep()

    def _keep(self) -> None:
        if self._file is None or abs(self.factor - self._written) < _WRITTEN_FROM:
            return
        self._written = self.factor
        with contextlib.suppress(OSError):  # it is learned again
            told = json.dumps({"factor": round(self.factor, 3)})
            write_whole(self._file, told.encode(), durable=False)


def _read(file: Path) -> float:
    try:
        found = json.loads(file.read_bytes())["factor"]
        return min(max(1.0, float(found)), _MOST)  # NaN is larger than nothing: 1
    except (OSError, ValueError, KeyError, TypeError):
        return 1.0


_STORY_WORDS = 25
"""Words without a question that are a story, where there was a pause in them of …"""
_STORY_PAUSE_MS = 250
"""… so many milliseconds."""
_LONG = 12
"""Words of a long turn: two of them, one after the other, are a story, too."""
_SHORT = 8
"""Words under which a turn ends it."""


class Narration:
    """Whether somebody tells a story: long statements with pauses, and no question or command."""

    def __init__(self) -> None:
        self._long_turns = 0
        self._pauses = 0
        self._went_on = False
        self._words = 0

    def began(self, *, went_on: bool) -> None:
        """A turn begins; `went_on`: with the one before."""
        self._pauses = self._words = 0
        self._went_on = went_on

    def paused(self, milliseconds: float) -> None:
        """The user went on after a pause."""
        self._pauses += milliseconds >= _STORY_PAUSE_MS

    def tells(self, text: str, ending: Ending | Literal["wordless"]) -> bool:
        """Whether the turn so far, a text that ends so, is told by somebody who will go on."""
        self._words = len(text.split())
        if ending not in ("sentence", "unknown"):
            return False
        if self._pauses and self._words >= _STORY_WORDS:
            return True
        return self._words >= _SHORT and self._long_turns + self._went_on >= 2

    def over(self, ending: Ending | Literal["wordless"]) -> None:
        """The turn is over."""
        if ending in ("command", "answer", "complete", "wordless") or self._words < _SHORT:
            self._long_turns = 0
        elif self._words >= _LONG:
            self._long_turns += 1


class Pacing:
    """What a turn detector asks how much longer to wait for this user, and tells what he does."""

    def __init__(self, config: TurnConfig, pace: SpeakerPace | None = None) -> None:
        self._config = config
        self._pace = pace if pace is not None else SpeakerPace()
        self._narration = Narration()
        self._tells = False
        self._waited = 0.0
        """Milliseconds, without the factor, that the pause under way is waited for; 0 until its
        words are known."""
        self._over_at: float | None = None
        """When the last turn was over that may have been cut off, on the input's clock."""
        self._heard = 0.0
        """Seconds of the assistant's voice since."""
        self._paused_long = False

    def frame(self, *, speaking: bool) -> None:
        """One frame of sound; `speaking`: the assistant's voice was heard meanwhile."""
        if speaking:
            self._heard += FRAME_SECONDS

    def words(self, text: str, ending: Ending | Literal["wordless"]) -> None:
        """What was said up to the pause that is under way."""
        self._tells = self._narration.tells(text, ending)

    def wait(self, milliseconds: float, ending: Ending | Literal["wordless"]) -> float:
        """How long to wait for this user in the pause that is under way, where others are waited
        for so many milliseconds. Commands and hums are not slowed."""
        self._waited = milliseconds
        if ending in ("command", "wordless"):
            return milliseconds
        if self._tells:
            self._waited = milliseconds = max(milliseconds, self._config.narration_silence_ms)
        return max(milliseconds, min(milliseconds * self._pace.factor, _LONGEST_MS))

    def began(self, at: float) -> None:
        """A turn began, seconds on the input's clock."""
        went_on = False
        if self._over_at is not None:
            gap = at - self._over_at
            went_on = 0 <= gap <= GOES_ON_WITHIN and self._heard <= _HARDLY_HEARD
            if went_on:
                self._pace.needed(1000 * gap / self._waited)
            elif gap >= 0 and not self._paused_long:  # else the input's clock began anew
                self._pace.was_whole()
        self._over_at = None
        self._waited = 0.0
        self._paused_long = False
        self._narration.began(went_on=went_on)

    def resumed(self, milliseconds: float) -> None:
        """The user went on after a pause of that length within his turn."""
        self._tells = False
        self._narration.paused(milliseconds)
        if milliseconds > self._waited > 0:
            self._paused_long = True
            self._pace.needed(milliseconds / self._waited)
        self._waited = 0.0

    def over(self, at: float, ending: Ending | Literal["wordless"]) -> None:
        """The turn is over; its last voiced sample was `at` seconds on the input's clock."""
        self._narration.over(ending)
        self._tells = False
        certain = ending in ("command", "wordless") or not self._waited
        self._over_at = None if certain else at
        self._heard = 0.0
