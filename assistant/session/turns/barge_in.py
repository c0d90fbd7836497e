"""Barge-in: the user speaks while the assistant speaks. Fall silent at once, then see what it was.

    voice noticed ─► paused ─┬─ no words within 600 ms, or only "mm-hm" ─► goes on where it stopped
                             └─ words ─► the turn is over; what was not heard was never said

A pause costs nothing but a moment, so it comes on the first sign; the turn is given up only when
the user's words are there. All times are the session's clock, looked at once a frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from assistant.audio.playback.jitter import JitterBuffer
from assistant.language.backchannels import saying
from assistant.session.events import AnswerPaused, AnswerResumed, SessionEvent
from assistant.session.turns.agent_turn import AgentTurn

WORDS_WITHIN = 0.6
"""Seconds of pause after which a sound that brought no words was none."""
WORDS_LATE = 1.2
"""… where a turn of the user is under way and the recogniser still owes its words."""
NOISE_LASTS = 3.0
"""… where the voice goes on all the while: music, a crying child."""
_GOING_ON = 1.2
"""Seconds of answer left from which "yes" or "right" is no answer to its last question."""

Reason = Literal["no_words", "backchannel", "own_voice"]


class BargeIn:
    """Pauses and resumes `playback`. `on_pause()` and `on_resume()` follow; who ends the answer
    calls `over`."""

    def __init__(
        self,
        playback: JitterBuffer,
        agent_turn: AgentTurn,
        clock: Callable[[], float],
        emit: Callable[[SessionEvent], None],
        on_pause: Callable[[], None],
        on_resume: Callable[[], None],
        interrupt: Callable[[], None],
        hears_words: Callable[[], bool],
        *,
        enabled: bool,
    ) -> None:
        """`hears_words()`: the backend writes down what the user says; where it does not, a voice
        that lasts is an interruption."""
        self._playback = playback
        self._agent_turn = agent_turn
        self._clock = clock
        self._emit = emit
        self._on_pause = on_pause
        self._on_resume = on_resume
        self._interrupt = interrupt
        self._hears_words = hears_words
        self._enabled = enabled
        self._turn: int | None = None
        """The assistant's turn that is held back."""
        self._since = 0.0
        self._voice = False
        self._listening = False
        """The backend has begun a turn of the user."""
        self._words = False

    @property
    def paused(self) -> bool:
        return self._turn is not None

    def voice(self, on: bool) -> None:
        """The user's voice begins or ends, as far as the front end can tell."""
        self._voice = on
        if on:
            self._pause()

    def turn_began(self) -> None:
        """The backend has noticed a turn of the user's."""
        self._listening = True
        self._pause()

    def words(self, text: str) -> None:
        """Words of the user's turn, not yet all of them."""
        if saying(text) == "words":
            self._words = True

    def is_interruption(self, text: str, *, stop: bool) -> bool:
        """Whether a whole turn of the user's, said while the assistant spoke, is meant to stop it
        (`stop`: it says so). Where it is not, the assistant goes on."""
        self._listening = False
        if not self._agent_turn.is_heard or stop:
            return True
        if not self._enabled:
            return False
        what = saying(text)
        if what == "words" or (what == "backchannel" and self._was_asked):
            return True
        self.go_on("backchannel" if what == "backchannel" else "no_words")
        return False

    def go_on(self, reason: Reason) -> None:
        """It was no interruption."""
        self._listening = self._words = False
        if self._turn is None:
            return
        turn, self._turn = self._turn, None
        self._emit(AnswerResumed(turn=turn, reason=reason))
        self._playback.resume()
        self._on_resume()

    def over(self) -> None:
        """What was held back will not be heard any more."""
        self._listening = self._words = False
        if self._turn is not None:
            self._turn = None
            self._playback.resume()

    def tick(self) -> None:
        """Once a frame: has it been silent for long enough?"""
        if self._turn is None or self._words:
            return
        waited = self._clock() - self._since
        if self._voice and not self._hears_words() and waited >= WORDS_WITHIN:
            self._interrupt()
            return
        limit = NOISE_LASTS if self._voice else WORDS_LATE if self._listening else WORDS_WITHIN
        if waited >= limit:
            self.go_on("no_words")

    def _pause(self) -> None:
        if self._turn is not None or not self._enabled or not self._agent_turn.is_heard:
            return
        self._turn = self._agent_turn.sounding_turn
        self._since = self._clock()
        self._words = False
        self._playback.pause()
        self._emit(AnswerPaused(turn=self._turn))
        self._on_pause()

    @property
    def _was_asked(self) -> bool:
        """The answer ends with a question, and that has been heard, or nearly so."""
        return self._agent_turn.asks and self._agent_turn.seconds_left < _GOING_ON
