"""Endpointing: when is the user's turn over? Decided by counting windows of sound, never by the
clock.

At the first pause a transcript is asked for, speculatively. When its words are a whole command or a
whole sentence, the turn ends after a short silence; when they are clearly unfinished ("change to
the…"), it waits much longer; where the words do not tell, the configured silence holds. Speech that
resumes throws the speculation away.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from assistant.audio.types import Float32
from assistant.audio.vad import OFF, ON, WINDOW_SECONDS, AutomaticGain, Vad, Window
from assistant.backends.cascade.endpointing.levels import NearVoice
from assistant.backends.cascade.endpointing.pacing import Pacing, SpeakerPace
from assistant.backends.cascade.endpointing.patience import TurnConfig, patience
from assistant.backends.cascade.endpointing.sound import MARGIN_SECONDS, ONSET_SECONDS, TurnSound
from assistant.frames import FRAME_SECONDS
from assistant.language.endings import Ending, Rivals, ending, is_wordless

EndReason = Literal["complete", "silence", "too_long", "interrupted"]


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began to speak `at` seconds on the input's clock."""

    at: float


@dataclass(frozen=True, slots=True)
class Pause:
    """A pause: transcribe `audio` now and hand the words to `TurnDetector.transcript`."""

    at: float
    """The last voiced sample, seconds on the input's clock."""
    audio: Float32
    """The turn so far, float32 [n] at 16 kHz, with pre-roll and the pause itself."""
    number: int
    """Counts the pauses; a transcript of an older one is not believed."""
    hurried: bool = False
    """The assistant speaks meanwhile: what was said is short, or nothing at all."""


@dataclass(frozen=True, slots=True)
class StillSilent:
    """The pause goes on: judge its sound once more, for `TurnDetector.sounds_over`."""

    audio: Float32
    """The turn so far, float32 [n] at 16 kHz, with all of the pause."""
    number: int
    """Of the pause."""


@dataclass(frozen=True, slots=True)
class Interim:
    """A partial transcript of `audio` (float32 [n], 16 kHz) would be welcome, if there is time."""

    audio: Float32
    hurried: bool = False
    """See `Pause`."""


@dataclass(frozen=True, slots=True)
class SpeechResumed:
    """The user goes on after a pause: its transcript is no longer the whole turn."""


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """The turn is over."""

    at: float
    """The last voiced sample, seconds on the input's clock."""
    reason: EndReason
    audio: Float32
    """The whole turn, float32 [n] at 16 kHz."""
    waited_ms: float
    """Silence that was waited for."""
    pause: int | None
    """Number of the pause whose transcript holds all words of the turn, if there was one."""
    spoken: float = 0.0
    """Seconds of it in which the near voice was surely heard."""


TurnSignal = SpeechStarted | Pause | StillSilent | Interim | SpeechResumed | TurnEnd

_SURE = 0.9
"""Probability from which a window was surely speech: laughter and coughs seldom reach it."""
_LATELY = round(0.4 / WINDOW_SECONDS)
_LIKELY = 0.38
"""Mean probability of 0.4 s from which somebody speaks, though no moment of it is sure: a soft or a
hurried word. Noise of any kind stays under a third of it."""
_RESUMES = 2
"""Windows of the user's voice that end a pause: a single one is a click or a breath."""
_HARDLY_RESUMES = round(0.32 / WINDOW_SECONDS)
"""… where they hardly stand out of the voices behind him: a momentary level outlasts a syllable by
0.25 s, …"""
_HARDLY_BEGINS = 9
"""… and those of `_LATELY` that begin a turn there."""
_FIRST_INTERIM = 0.35
"""Seconds of speech before the first hurried transcript: less is no word."""


class TurnDetector:
    """Frames in, `TurnSignal`s out. Not thread-safe: one thread pushes and hands in transcripts."""

    def __init__(
        self,
        config: TurnConfig | None = None,
        is_complete_command: Callable[[str], bool] = lambda text: False,
        vad: Vad | None = None,
        pace: SpeakerPace | None = None,
        *,
        is_listened_to: bool = False,
        is_read: bool = False,
    ) -> None:
        """`pace`: what is known of this user's pauses. `is_listened_to`: somebody judges the sound
        of the voice, and wants to be told of `StillSilent`. `is_read`: a transcript of every pause
        will come, if late."""
        self._config = config or TurnConfig()
        self._pacing = Pacing(self._config, pace)
        self._is_listened_to = is_listened_to
        self._is_read = is_read
        self._is_command = is_complete_command
        self._vad = vad if vad is not None else Vad(AutomaticGain())
        self._min_voiced = max(1, round(self._config.min_speech_ms / 1000 / WINDOW_SECONDS))
        # Speech may flicker while it begins: a third of the windows may be unvoiced.
        self._near = NearVoice()
        self._recent: deque[Window] = deque(maxlen=self._min_voiced * 3 // 2)
        self._lately: deque[Window] = deque(maxlen=_LATELY)
        self._longest_wait = (
            ONSET_SECONDS
            + MARGIN_SECONDS
            + FRAME_SECONDS
            + max(_LATELY, self._recent.maxlen or 0) * WINDOW_SECONDS
        )
        self._pauses = 0
        self._sound = TurnSound()
        self._last_interim: float | None = None
        self._ending: Ending | Literal["wordless"] = "unknown"
        self._closure: float | None = None
        self._sounds: float | None = None
        """The probability that the user is done, by the sound of the voice, where it was judged."""
        self._hurried = False
        self._speaking = self._paused = False
        self._looks = 1
        """How often the voice was judged in this pause."""
        self._unread = is_read
        self._clear()

    def reset(self, frame_number: int = 0) -> None:
        """Forget everything, without a signal; the next frame is `frame_number`."""
        self._vad.reset(frame_number)
        self._near.reset()
        self._clear()

    @property
    def speaking(self) -> bool:
        """Whether a turn is under way."""
        return self._speaking

    def push(
        self, frame_number: int, frame: Float32, *, speaking: bool = False
    ) -> list[TurnSignal]:
        """Take one frame, float32 [1920] at 24 kHz, and say what it means.

        `speaking`: the assistant was being heard meanwhile, or is held back because of this sound.
        Then words are wanted soon, and a turn without any is over soon.
        """
        self._hurried = speaking
        self._pacing.frame(speaking=speaking)
        self._vad.amplifies = not speaking
        windows = self._vad.push(frame, frame_number)
        self._sound.add(self._vad.downsampled, (frame_number + 1) * FRAME_SECONDS)
        if not self._speaking:
            self._sound.trim(self._sound.end - self._longest_wait)
        signals: list[TurnSignal] = []
        for window in windows:
            signals += self._step(window)
        return signals

    def transcript(
        self,
        text: str,
        pause: int | None = None,
        confidence: float = 0.0,
        rivals: Rivals = (),
        closure: float | None = None,
    ) -> None:
        """The words of the last pause; the next frame may end the turn because of them.

        `confidence`: the recogniser's mean log probability of a token; `rivals`: what it might have
        written instead of the last word; `closure`: how likely a sentence ends with it, if known.
        """
        if not self._paused or (pause is not None and pause != self._pauses):
            return
        self._closure = closure
        self._unread = False
        if self._is_command(text):
            self._ending = "command"
        elif self._hurried and is_wordless(text):
            self._ending = "wordless"
        else:
            self._ending = ending(text, confidence, rivals)
        self._pacing.words(text, self._ending)

    def sounds_over(self, probability: float, pause: int) -> None:
        """How the voice sounds up to that pause: 0…1, that its speaker is done."""
        if self._paused and pause == self._pauses:
            self._sounds = probability

    def force_end(self) -> list[TurnSignal]:
        """End the turn now (push-to-talk was let go); nothing where nobody has spoken."""
        return [self._over("interrupted")] if self._speaking else []

    # --- one window after another ----------------------------------------------------------

    def _step(self, window: Window) -> list[TurnSignal]:
        self._now = window.time
        self._near.push(window.level, window.probability, in_turn=self._speaking)
        if not self._speaking:
            return self._wait_for_speech(window)
        if self._near.rose:
            self._spoken_windows = 0
            self._begin_at(self._now)
        threshold = ON if self._paused else OFF
        if window.probability >= threshold and self._near.is_near:
            return self._voiced(window)
        self._resumed_for = self._stood_out = 0
        return self._silent()

    def _wait_for_speech(self, window: Window) -> list[TurnSignal]:
        if not self._near.is_near:
            window = replace(window, probability=0.0)
        self._recent.append(window)
        self._lately.append(window)
        voiced = [w for w in self._recent if w.probability >= ON]
        if len(voiced) < self._min_voiced:
            if sum(w.probability for w in self._lately) < _LIKELY * (self._lately.maxlen or 0):
                return []
            voiced = [w for w in self._lately if w.probability >= OFF]
        heard = sum(w.probability >= ON for w in self._lately)
        if not self._near.stands_out and heard < _HARDLY_BEGINS:
            return []
        self._speaking = True
        self._voiced_until = self._now
        self._last_interim = None
        self._begin_at(voiced[0].time - WINDOW_SECONDS)
        self._pacing.began(self._began)
        return [SpeechStarted(self._began)]

    def _begin_at(self, noticed: float) -> None:
        """The user's words begin where the sound rises, at `noticed` or before: speech may be
        known for such only a second later. What was before is forgotten."""
        self._began = max(0.0, noticed)
        onset = self._sound.onset(noticed, self._near.onset_level)
        before = min(onset - MARGIN_SECONDS, noticed - self._config.pre_roll_ms / 1000)
        self._sound.trim(before)

    def _voiced(self, window: Window) -> list[TurnSignal]:
        signals: list[TurnSignal] = []
        if self._paused:
            self._resumed_for += 1
            self._stood_out += self._near.stands_out
            if self._resumed_for < _RESUMES:
                return self._silent()
            if self._stood_out < _RESUMES and self._resumed_for < _HARDLY_RESUMES:
                return []  # not over either, until it is known who that is
            began = self._now - (self._resumed_for - 1) * WINDOW_SECONDS
            self._pacing.resumed(1000 * (began - self._speech_end))
            self._forget_pause()
            signals.append(SpeechResumed())
        self._spoken_windows += window.probability >= _SURE
        if self._near.threshold is None or window.level >= self._near.threshold:
            self._voiced_until = self._now
        if (self._now - self._began) * 1000 >= self._config.max_turn_ms:
            return [*signals, self._over("too_long")]
        if self._now >= self._next_interim():
            self._last_interim = self._now
            signals.append(Interim(self._sound.heard(above=self._near.threshold), self._hurried))
        return signals

    def _next_interim(self) -> float:
        """When the next partial transcript is wanted, seconds on the input's clock."""
        hurried = self._hurried and self._now < self._began + self._config.hurried_seconds
        every = self._config.hurried_interim_ms if hurried else self._config.interim_ms
        if self._last_interim is not None:
            return self._last_interim + every / 1000
        return self._began + (_FIRST_INTERIM if hurried else every / 1000)

    def _silent(self) -> list[TurnSignal]:
        if not self._paused:
            self._speech_end = self._sound.last_voiced(self._voiced_until, self._near.threshold)
        waited = (self._now - self._speech_end) * 1000
        vad_silence = (self._now - self._voiced_until) * 1000
        if self._paused:
            if waited >= self._patience():
                whole = self._ending in ("command", "answer", "complete", "sentence")
                return [self._over("complete" if whole else "silence")]
            return self._look_again(waited)
        enough = self._config.hurried_pause_ms if self._hurried else self._config.pause_ms
        if waited >= enough and vad_silence >= enough / 2:
            self._paused = True
            self._pauses += 1
            heard = self._sound.heard(self._speech_end, self._near.threshold)
            return [Pause(self._speech_end, heard, self._pauses, self._hurried)]
        return []

    def _patience(self) -> float:
        """Milliseconds of silence that would end the turn, as far as is known."""
        silence = patience(self._config, self._ending, self._closure, self._sounds)
        if self._unread:
            return max(silence, self._config.unread_silence_ms)
        return self._pacing.wait(silence, self._ending)

    def _look_again(self, waited: float) -> list[TurnSignal]:
        """The voice is judged more than once in a pause, where there is somebody to do it."""
        config = self._config
        due = config.pause_ms + self._looks * config.look_again_ms
        if not self._is_listened_to or self._looks >= config.looks or waited < due:
            return []
        self._looks += 1
        return [StillSilent(self._sound.heard(above=self._near.threshold), self._pauses)]

    def _over(self, reason: EndReason) -> TurnEnd:
        if not self._paused:
            self._speech_end = self._sound.last_voiced(self._voiced_until, self._near.threshold)
        self._pacing.over(self._speech_end, self._ending)
        over = TurnEnd(
            at=self._speech_end,
            reason=reason,
            audio=self._sound.heard(
                self._speech_end if self._paused else None, self._near.threshold
            ),
            waited_ms=max(0.0, (self._now - self._speech_end) * 1000),
            pause=self._pauses if self._paused else None,
            spoken=self._spoken_windows * WINDOW_SECONDS,
        )
        self._clear()
        return over

    def _forget_pause(self) -> None:
        self._paused = False
        self._unread = self._is_read
        self._looks = 1
        self._ending, self._closure, self._sounds = "unknown", None, None
        self._resumed_for = self._stood_out = 0

    def _clear(self) -> None:
        self._near.turn_ended()
        self._speaking = False
        self._forget_pause()
        self._now = self._began = self._voiced_until = self._speech_end = 0.0
        self._last_interim = None
        self._spoken_windows = 0
        self._recent.clear()
        self._lately.clear()
        self._sound.clear()
