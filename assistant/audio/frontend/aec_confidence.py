"""Confidence in the echo canceller: has it proved itself in this room? Found out while the
assistant speaks.

What counts is what is left: no voice in it (as Silero hears it, which is also what would wake the
backend), and next to nothing over the room's noise, or at least far less than went in. Whether what
is left is echo or the user is told apart by its echo likelihood. Where the microphone
hears no echo at all there is a headset, declared or not.
"""

from __future__ import annotations

import logging
import statistics
from collections import deque

import numpy as np

from assistant.audio.frontend.echo_canceller import Block, Comparison
from assistant.audio.vad import NoiseFloor, level_db

log = logging.getLogger(__name__)

ECHO_SCORE = 8.0
"""Echo likelihood from which the microphone surely hears the speaker; chance and voices reach 7."""
LEFT_SCORE = 6.0
"""The same at the delay that is known already: fewer lags, fewer chances."""
_DOUBTFUL_SCORE = 7.5
"""Echo likelihood from which a voice that seems to begin is not believed, for now."""
_DROWNING_SCORE = 14.0
"""Echo likelihood from which a voice that goes on is the assistant's own after all."""

_LONGEST_TAIL = 50
"""Blocks (0.5 s) for which a room may go on sounding while its delay is not known."""
_TAIL = 25
"""Blocks after the delay, where it is known."""
_LOUD_DB = -25.0
"""The far end counts as evidence when it is less than this below its own loudest."""
_WINDOW = 50
"""Blocks of evidence after which is judged."""
_SHORT_WINDOW = 25
"""… where it was believed until sound was lost."""
_ENOUGH = 3
"""Good windows that are proof, none lost between them: 1.5 s of speech."""
_ENOUGH_WITHOUT_ECHO = 4
_STRIKES = 4
_HARMLESS_DB = 8.0
"""Over the noise floor: what is left is not more than this, and nobody hears it."""
_LOUDER_DB = 4.0
"""Over the loudest echo of late: no echo."""
_GOOD_ERLE = 25.0
_BAD_ERLE = 15.0


class AecConfidence:
    """Fed with every block; `clean` is the verdict."""

    def __init__(self, floor: NoiseFloor) -> None:
        self.clean = False
        self.sounds = False
        """The far end or its echo may be in the microphone now."""
        self.has_sounded = False
        """There was something to prove it with."""
        self.lag: float | None = None
        """Seconds from the far end to its echo, once known."""
        self.left = -120.0
        """What is left of the echo, at its loudest: dB full scale."""
        self._floor = floor
        self._comparison = Comparison()
        self._since_far = 10_000
        self._loudest = -60.0
        self._erles: deque[float] = deque(maxlen=6)
        self._loudest_echoes: deque[float] = deque(maxlen=20)
        self._good = 0
        self._doubted = False
        """It was clean until sound was lost."""
        self._strikes = 0
        self._candidate_lag = -1.0
        self._start_window()

    @property
    def erle(self) -> float | None:
        """Echo return loss enhancement of late, dB; at least that, because noise hides the rest.
        None where there was no echo to measure."""
        return statistics.median(self._erles) if self._erles else None

    @property
    def _enough(self) -> int:
        return _ENOUGH if self.lag is not None else _ENOUGH_WITHOUT_ECHO

    def push(self, block: Block, *, speaking: bool = False) -> None:
        """Ten milliseconds. `speaking`: the user is believed to speak."""
        self._comparison.push(block.far, block.near, block.out)
        far = level_db(block.far)
        self._loudest = max(far, self._loudest - 0.005, -60.0)
        self._since_far = 0 if far > max(-85.0, self._loudest - 45.0) else self._since_far + 1
        tail = _LONGEST_TAIL if self.lag is None else round(100 * self.lag) + _TAIL
        self.sounds = self._since_far <= tail
        if not self.sounds:
            return
        self.has_sounded = True
        if far > self._loudest + _LOUD_DB:
            self._near.append(level_db(block.near))
            self._out.append(level_db(block.out))
        self._user_spoke |= speaking
        if len(self._near) >= (_SHORT_WINDOW if self._doubted else _WINDOW):
            self._judge()

    def voice_in_rest(self, probability: float) -> None:
        """What Silero says of what is left, while `sounds`."""
        self._probabilities.append(probability)

    def refutes(self, level: float) -> bool:
        """Whether what seems to be a voice in what is left, `level` dB at its loudest, is echo:
        asked while one begins. Where that is so again and again, the canceller is no longer
        believed. What is louder than the echo was before it was cancelled is somebody else."""
        if self.is_outdone(level):
            return False
        score = self._echo_left(0.25)
        self._strikes = self._strikes + 1 if score >= ECHO_SCORE else max(0, self._strikes - 1)
        if self._strikes >= _STRIKES:
            log.info("what seems a voice is echo, again and again (likelihood %.0f)", score)
            self.lost()
        return score >= _DOUBTFUL_SCORE

    def is_outdone(self, level: float) -> bool:
        """Whether a sound of `level` dB is louder than any echo was of late."""
        return bool(self._loudest_echoes) and level > max(self._loudest_echoes) + _LOUDER_DB

    def _echo_left(self, seconds: float) -> float:
        """How clearly there is echo in what is left: at the delay that is known, or at another, as
        the room may just have changed. On the scale of the latter."""
        score = self._comparison.of_out(seconds, None).score
        if self.lag is not None:
            known = self._comparison.of_out(seconds, self.lag).score
            score = max(score, known * ECHO_SCORE / LEFT_SCORE)
        return score

    def doubt(self) -> None:
        """Sound was lost, and the echo may lie elsewhere now: guarded until one more window is
        good. Most losses move nothing, and whoever speaks meanwhile is not heard."""
        if not (self.clean or self._doubted):
            self.lost()
            return
        self._withdraw()
        self._doubted = True
        self._good = self._enough - 1

    def lost(self) -> None:
        """The canceller has let echo through: guarded again until it has proved itself anew."""
        self._withdraw()
        self._doubted = False
        self._loudest_echoes.clear()

    def _withdraw(self) -> None:
        self.clean = False
        self._good = self._strikes = 0
        self._start_window()

    def _start_window(self) -> None:
        self._near: list[float] = []
        self._out: list[float] = []
        self._probabilities: list[float] = []
        self._user_spoke = False

    def _judge(self) -> None:
        loudest_near = max(self._near)
        near, out, floor = _mean_db(self._near), _mean_db(self._out), self._floor.db
        speechlike = np.mean(np.asarray(self._probabilities or [0.0]) >= 0.5)
        user_spoke = self._user_spoke
        self._start_window()
        hears_echo = self._find_echo()
        erle = near - out
        harmless = out <= floor + _HARMLESS_DB
        if not harmless and (erle < _BAD_ERLE or speechlike > 0.2) and self._has_lost(user_spoke):
            log.info("echo of %.0f dB comes through with %.0f dB", near, out)
            self.lost()
        elif hears_echo or self.lag is not None:
            if near > floor + 15.0 and speechlike <= 0.1:
                self._erles.append(erle)
            if speechlike <= 0.05 and (harmless or erle >= _GOOD_ERLE):
                self._good += 1
                self.left = max(self.left - 1.0, out)
                self._loudest_echoes.append(loudest_near)
        elif not hears_echo:
            self._good += 1
        if self._good >= self._enough:
            self.clean, self._doubted = True, False

    def _has_lost(self, user_spoke: bool) -> bool:
        """Under the user's voice the canceller holds still and lets some echo pass; that alone is
        no loss."""
        if not user_spoke:
            return self._echo_left(0.6) >= ECHO_SCORE
        return self._comparison.of_out(1.0, None).score >= _DROWNING_SCORE

    def _find_echo(self) -> bool:
        """Look for the speaker in the microphone; the delay is known once two looks agree."""
        found = self._comparison.of_near()
        if found.score < ECHO_SCORE:
            return False
        if found.score >= 1.5 * ECHO_SCORE or abs(found.lag - self._candidate_lag) < 0.004:
            self.lag = found.lag
        self._candidate_lag = found.lag
        return True


def _mean_db(levels: list[float]) -> float:
    """Mean power of blocks, from their levels; both in dB."""
    return float(10 * np.log10(np.mean(10 ** (np.asarray(levels) / 10)) + 1e-12))
