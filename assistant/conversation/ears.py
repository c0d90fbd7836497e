"""The user's side: from microphone frames to turns and words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from assistant.audio.base import Float32
from assistant.backends.wire import encode_pcm
from assistant.conversation.answering import Heard
from assistant.conversation.gate import MicrophoneGate
from assistant.conversation.latency import InputClock, Stopwatch
from assistant.events import SessionEvent, TurnBegan, TurnOver, UserSaid
from assistant.frames import (
    FRAME_BYTES,
    FRAME_SECONDS,
    Push,
    TurnEnded,
    TurnStarted,
    UserText,
)

_SILENCE = bytes(FRAME_BYTES)


class Ears:
    """Gates the frames, numbers the turns. `on_heard(heard, turn, stopwatch)` gets every final text
    that has words; `on_nothing()` is told of turns that had none."""

    def __init__(
        self,
        gate: MicrophoneGate,
        turns: Iterator[int],
        clock: Callable[[], float],
        emit: Callable[[SessionEvent], None],
        on_heard: Callable[[Heard, int, Stopwatch], None],
        on_nothing: Callable[[], None],
    ) -> None:
        self.gate = gate
        self._turns = turns
        self._clock = clock
        self._emit = emit
        self._on_heard = on_heard
        self._on_nothing = on_nothing
        self._input_clock = InputClock()
        self._turn: int | None = None
        self._partial = False

    def take(self, number: int, samples: Float32) -> Push:
        """One frame from the microphone → what the backend may hear of it."""
        now = self._clock()
        self._input_clock.frame_arrived((number + 1) * FRAME_SECONDS, now)
        is_open = self.gate.is_open(now)
        return Push(number, encode_pcm(samples) if is_open else _SILENCE)

    def turn_started(self, event: TurnStarted) -> None:
        self._emit(TurnBegan(side="user", turn=self._current()))

    def turn_ended(self, event: TurnEnded) -> None:
        self._emit(TurnOver(side="user", turn=self._current()))

    def text(self, event: UserText) -> None:
        text = event.text.strip()
        if not event.final:
            self._partial = True
            self._emit(UserSaid(turn=self._current(), text=text, final=False))
            return
        turn = self._current()
        if not text:
            self._forget_partial()
            self._on_nothing()
            return
        self._turn, self._partial = None, False
        stopwatch = Stopwatch(
            speech_end=self._input_clock.to_session(event.speech_end),
            text_at=self._clock(),
            stages=dict(event.stages),
        )
        self._emit(UserSaid(turn=turn, text=text, final=True))
        self._on_heard(Heard(text, event.prompted), turn, stopwatch)

    def stopwatch(self, speech_end: float) -> Stopwatch:
        """Of a turn that ended `speech_end` seconds on the input's clock, words or not."""
        return Stopwatch(self._input_clock.to_session(speech_end), text_at=self._clock())

    def abandon(self) -> None:
        """The backend died in the middle of a turn."""
        self._forget_partial()

    def _current(self) -> int:
        if self._turn is None:
            self._turn = next(self._turns)
        return self._turn

    def _forget_partial(self) -> None:
        turn, self._turn = self._turn, None
        if self._partial and turn is not None:
            self._emit(UserSaid(turn=turn, text="", final=True))
        self._partial = False
