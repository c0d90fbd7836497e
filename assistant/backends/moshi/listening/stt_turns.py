"""From what Kyutai's speech recognition writes, frame by frame, to turns and their words.

The words come `delay` seconds after their sound; whether the turn is over, by its meaning, the
third of the model's extra heads tells at once. So a turn ends when that head says so (or voice
activity has heard nothing for long, or the words are a whole command), and its final text follows
when the words have caught up with the last voiced sample. All of it counts frames.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.audio.types import Float32
from assistant.audio.vad import Vad
from assistant.backends.base import Emit
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.endpointing.turn import (
    EndReason,
    Pause,
    SpeechResumed,
    SpeechStarted,
    TurnDetector,
    TurnEnd,
    TurnSignal,
)
from assistant.backends.cascade.recognition.names import NameHints
from assistant.backends.moshi.contract import Step
from assistant.backends.moshi.monologue import TokenText
from assistant.frames import FRAME_SECONDS, SpokenNames, UserText, UserTurnEnded, UserTurnStarted
from assistant.language.intents import IntentRouter

_OVER_HEAD = 2
"""Of the extra heads: the turn is over."""
_OVER = 0.5
_SILENCE_MS = 1_500
"""Silence that ends a turn of which the head never says that it is over."""
_SILENCE_WITHOUT_HEAD_MS = 640
_LATE = FRAME_SECONDS
"""By how much a word may come later than the recogniser's delay says."""
_LATEST = 1.0
"""Seconds after which a final text waits for no word any longer."""
_NO_MORE_WORDS = 1.5
"""Seconds without a word that end a turn which voice activity has not noticed."""


@dataclass(slots=True, eq=False)
class _SpokenTurn:
    began: float
    heard: bool
    """Voice activity has noticed it; else there are only words."""
    text: str = ""
    shown: str = ""
    last_word: float = 0.0
    """Where its last token stands, seconds on the input's clock."""
    at: float = 0.0
    """The last voiced sample, once the turn has ended."""
    waited_ms: float = 0.0
    ended: float = 0.0

    @property
    def words(self) -> str:
        return " ".join(self.text.split())


class SttTurns:
    """Steps in; `UserTurnStarted`, `UserTurnEnded` and `UserText` out. Not thread-safe."""

    def __init__(
        self,
        text: TokenText,
        names: list[SpokenNames],
        emit: Emit,
        delay_seconds: float,
        *,
        has_heads: bool,
        vad: Vad | None = None,
    ) -> None:
        """`text` turns tokens into text; `has_heads`: the model knows ends of turns."""
        self._text = text
        self._emit = emit
        self._delay = delay_seconds
        silence = _SILENCE_MS if has_heads else _SILENCE_WITHOUT_HEAD_MS
        self.set_names(names)
        self._detector = TurnDetector(
            TurnConfig(end_silence_ms=silence),
            lambda words: self._router.is_complete_command(words),
            vad,
        )
        self._open: _SpokenTurn | None = None
        self._closing: _SpokenTurn | None = None
        """Over, but some of its words may still come."""
        self._writing: _SpokenTurn | None = None
        """Whose word was written last."""
        self._in_word = False
        self._pause: Pause | None = None
        self._was_over = False

    def set_names(self, names: list[SpokenNames]) -> None:
        self._router = IntentRouter(names)
        self._hints = NameHints(self._router)

    def take(self, number: int, frame: Float32, step: Step) -> None:
        """One frame, float32 [1920], and what the model made of it."""
        self._now = (number + 1) * FRAME_SECONDS
        self._written_up_to = number * FRAME_SECONDS - self._delay
        for signal in self._detector.push(number, frame):
            self._on_signal(signal)
        self._settle()
        self._write(step.text)
        self._tell_detector()
        self._look_for_end(step.heads)
        self._settle()

    # -- words -----------------------------------------------------------------------------------

    def _write(self, token: int) -> None:
        piece = self._text(token)
        if not piece:
            self._in_word = False
            self._show()
            return
        if piece.startswith(" ") or self._writing is None:
            self._show()
            self._in_word = False
            self._settle()
            self._writing = self._turn_of_word(self._written_up_to)
        self._writing.text += piece
        self._writing.last_word = max(0.0, self._written_up_to)
        self._in_word = True

    def _turn_of_word(self, at: float) -> _SpokenTurn:
        closing = self._closing
        if closing is not None and (self._open is None or at < self._open.began - _LATE):
            return closing
        return self._open or self._begin(max(0.0, at), heard=False)

    def _show(self) -> None:
        """Everything so far, where the last word is whole and the turn is under way."""
        turn = self._open
        if turn is not None and turn is self._writing and turn.text != turn.shown:
            turn.shown = turn.text
            self._emit(UserText(text=turn.words, final=False))

    # -- begin and end ---------------------------------------------------------------------------

    def _on_signal(self, signal: TurnSignal) -> None:
        match signal:
            case SpeechStarted(at=at):
                if self._open is None:
                    self._begin(at, heard=True)
                else:
                    self._open.heard = True
            case Pause():
                self._pause = signal
            case SpeechResumed():
                self._pause = None
            case TurnEnd(at=at, reason=reason, waited_ms=waited):
                self._end(at, reason, waited)

    def _begin(self, at: float, *, heard: bool) -> _SpokenTurn:
        turn = self._open = _SpokenTurn(at, heard, last_word=at)
        self._emit(UserTurnStarted(side="user", at=at))
        return turn

    def _tell_detector(self) -> None:
        """All words before a pause are there: they may end the turn, or let it wait longer."""
        pause, turn = self._pause, self._open
        if pause is None or turn is None or self._in_word:
            return
        if self._written_up_to >= pause.at + _LATE:
            self._detector.transcript(turn.words, pause.number)
            self._pause = None

    def _look_for_end(self, heads: tuple[float, ...]) -> None:
        over = len(heads) > _OVER_HEAD and heads[_OVER_HEAD] > _OVER
        begins, self._was_over = over and not self._was_over, over
        turn = self._open
        if turn is None:
            return
        if turn.heard:
            # At the very beginning of a turn the head may still speak of the silence before it.
            for signal in self._detector.force_end() if begins else ():
                assert isinstance(signal, TurnEnd)
                self._end(signal.at, "complete", signal.waited_ms)
        elif over or self._written_up_to - turn.last_word > _NO_MORE_WORDS:
            at = min(turn.last_word + FRAME_SECONDS, self._now)
            self._end(at, "complete" if over else "silence", 1000 * (self._now - at))

    def _end(self, at: float, reason: EndReason, waited_ms: float) -> None:
        turn = self._open
        if turn is None:
            return
        if self._closing is not None:
            self._finish(self._closing)
        turn.at, turn.waited_ms, turn.ended = at, waited_ms, self._now
        self._open, self._closing = None, turn
        self._pause = None
        self._emit(UserTurnEnded(side="user", at=at, reason=reason))

    def _settle(self) -> None:
        """Finish the turn that is over, once all of its words must have come."""
        turn = self._closing
        if turn is None:
            return
        caught_up = self._written_up_to >= turn.at + _LATE
        writing = self._in_word and self._writing is turn
        if (caught_up and not writing) or self._now > turn.ended + self._delay + _LATEST:
            self._finish(turn)

    def _finish(self, turn: _SpokenTurn) -> None:
        self._closing = None
        if self._writing is turn:
            self._writing = None
        self._emit(
            UserText(
                text=self._hints.written(turn.words),
                final=True,
                speech_end=turn.at,
                stages={
                    "wait": turn.waited_ms,
                    "transcribe": 1000 * (self._now - turn.ended),
                },
            )
        )
