"""The user's turn: from microphone frames to turns and words."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assistant.audio.base import Float32
from assistant.audio.frontend.frontend import FrontEnd
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FRAME_BYTES,
    FRAME_SECONDS,
    Push,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
)
from assistant.session.events import SessionEvent, TurnEnded, TurnStarted, UserSaid
from assistant.session.turns.latency import InputClock, Stopwatch
from assistant.session.turns.microphone_gate import MicrophoneGate
from assistant.session.turns.responder import UserMessage
from assistant.session.turns.self_echo import SelfEcho

_SILENCE = bytes(FRAME_BYTES)
_REMEMBERED = 750
"""Frames whose circumstances are kept: a minute, twice the longest turn."""
_LATE_SECONDS = 1.5
"""How late an echo may be that is taken for one by its words."""


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """Of one frame: whose voice may be in it."""

    end: float
    """Seconds on the input's clock."""
    speaking: bool
    voice: bool


class UserTurn:
    """Gates the frames, numbers the turns, and believes only in turns that are the user's.

    `on_heard(heard, turn, stopwatch)` gets every final text that has words; `on_nothing()` is told
    of turns that had none. `on_partial(text)` says whether the assistant was stopped by these
    words: then they are a turn of the user's, whatever the rest of it turns out to be.
    """

    def __init__(
        self,
        gate: MicrophoneGate,
        front: FrontEnd,
        turns: Iterator[int],
        clock: Callable[[], float],
        emit: Callable[[SessionEvent], None],
        self_echo: SelfEcho,
        on_partial: Callable[[str], bool],
        on_heard: Callable[[UserMessage, int, Stopwatch], None],
        on_nothing: Callable[[], None],
    ) -> None:
        self.gate = gate
        self._front = front
        self._turns = turns
        self._clock = clock
        self._emit = emit
        self._self_echo = self_echo
        self._on_partial = on_partial
        self._on_heard = on_heard
        self._on_nothing = on_nothing
        self._input_clock = InputClock()
        self._frames: deque[_Circumstances] = deque(maxlen=_REMEMBERED)
        self._turn: int | None = None
        self._began = 0.0
        """When the turn that is under way began, on the input's clock."""
        self._partial = False
        self._obeyed = ""
        """Words of the turn under way by which the assistant was stopped."""

    def take(self, number: int, samples: Float32, *, held: bool) -> Push:
        """One frame from the microphone → what the backend may hear of it. `held`: the assistant
        is in the middle of a turn and has fallen silent for the user."""
        now = self._clock()
        end = (number + 1) * FRAME_SECONDS
        self._input_clock.frame_arrived(end, now)
        if not self.gate.is_open:
            self._frames.append(_Circumstances(end, False, False))
            return Push(number, _SILENCE)
        sounds = self.gate.speaks(now)
        speaking = sounds or held
        self._frames.append(_Circumstances(end, speaking, self._front.voice))
        return Push(
            number,
            encode_pcm(samples),
            speaking=speaking,
            clean=not sounds or self.trusted,
            voice=self._front.voice,
        )

    @property
    def trusted(self) -> bool:
        """The assistant's own voice is not in what the microphone hears."""
        return self._front.clean or not self.gate.guard

    @property
    def believed(self) -> bool:
        """Whether the turn under way is the user's: it began in silence, the user's voice was
        noticed in it, or the microphone cannot hear the speaker."""
        if not self.gate.guard:
            return True
        of_turn = [f for f in self._frames if f.end >= self._began]
        return not of_turn or not of_turn[0].speaking or any(f.voice for f in of_turn)

    @property
    def over_the_assistant(self) -> bool:
        """Whether the assistant spoke when the turn under way began."""
        of_turn = (f for f in self._frames if f.end >= self._began)
        return next((f.speaking for f in of_turn), False)

    def turn_started(self, event: UserTurnStarted) -> None:
        self._began = event.at
        if self.believed:
            self._emit(TurnStarted(side="user", turn=self._current()))

    def turn_ended(self, event: UserTurnEnded) -> None:
        if self.believed:
            self._emit(TurnEnded(side="user", turn=self._current()))

    def text(self, event: UserText) -> None:
        text = event.text.strip()
        if not event.final:
            if self.believed:
                self._partial = True
                self._emit(UserSaid(turn=self._current(), text=text, final=False))
                if self._on_partial(text) and not self._is_own(text):
                    self._obeyed = text
            return
        obeyed, self._obeyed = self._obeyed, ""
        if not text or not self.believed or self._is_echo(text):
            text = obeyed
        if not text:
            self._forget_partial()
            self._on_nothing()
            return
        turn = self._current()
        self._turn, self._partial = None, False
        stopwatch = Stopwatch(
            speech_end=self._input_clock.to_session(event.speech_end),
            text_at=self._clock(),
            stages=dict(event.stages),
        )
        self._emit(UserSaid(turn=turn, text=text, final=True))
        self._on_heard(UserMessage(text, event.prompted), turn, stopwatch)

    def stopwatch(self, speech_end: float) -> Stopwatch:
        """Of a turn that ended `speech_end` seconds on the input's clock, words or not."""
        return Stopwatch(self._input_clock.to_session(speech_end), text_at=self._clock())

    def overheard(self, text: str) -> None:
        """A command to stop was understood through the assistant's own voice."""
        self._emit(UserSaid(turn=next(self._turns), text=text, final=True))

    def abandon(self) -> None:
        """The backend died in the middle of a turn. Words by which the assistant was stopped in it
        were said, and stay."""
        obeyed, self._obeyed = self._obeyed, ""
        if not obeyed:
            self._forget_partial()
            return
        turn = self._current()
        self._turn, self._partial = None, False
        self._emit(UserSaid(turn=turn, text=obeyed, final=True))
        now = self._clock()
        self._on_heard(UserMessage(obeyed), turn, Stopwatch(now, text_at=now))

    def _is_own(self, text: str) -> bool:
        """Whether the assistant itself has just said this, where the microphone can hear it."""
        return self.gate.guard and self._self_echo.has_said(text)

    def _is_echo(self, text: str) -> bool:
        """The assistant's own words, come back through the room; on a machine that can hardly keep
        up also later than any room would have them."""
        if not self.gate.guard:
            return False
        if self.over_the_assistant:
            return self._self_echo.echoes(text)
        lately = self._began - _LATE_SECONDS
        spoke = any(f.speaking for f in self._frames if lately <= f.end <= self._began)
        return spoke and self._front.stumbles and self._self_echo.echoes_late(text)

    def _current(self) -> int:
        if self._turn is None:
            self._turn = next(self._turns)
        return self._turn

    def _forget_partial(self) -> None:
        turn, self._turn = self._turn, None
        if self._partial and turn is not None:
            self._emit(UserSaid(turn=turn, text="", final=True))
        self._partial = False
