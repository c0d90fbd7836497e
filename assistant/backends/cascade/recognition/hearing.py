"""Speech recognition for any CPU: frames → voice activity → turns → speculative transcript → the
user's words.

While the user speaks, a thread of its own transcribes: partial results now and then, and from the
first pause on the whole turn, so that the words are there when the turn is over. On the virtual
clock everything happens on the calling thread.
"""

from __future__ import annotations

import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from assistant.audio.prosodic_features import measure
from assistant.audio.types import Float32
from assistant.audio.vad import Downsampler
from assistant.backends.base import Emit
from assistant.backends.cascade.endpointing.pacing import SpeakerPace
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.endpointing.smart_turn import Judge, Listener
from assistant.backends.cascade.endpointing.sound import amplified
from assistant.backends.cascade.endpointing.turn import (
    Interim,
    Pause,
    SpeechResumed,
    SpeechStarted,
    StillSilent,
    TurnDetector,
    TurnEnd,
    TurnSignal,
)
from assistant.backends.cascade.recognition.decode import Transcription
from assistant.backends.cascade.recognition.names import NameHints
from assistant.backends.cascade.recognition.spoken_language import LanguageWatch
from assistant.frames import (
    FRAME_SECONDS,
    Failed,
    Overheard,
    SpokenNames,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
    VoiceFeatures,
)
from assistant.language.intents import IntentRouter

# Barge-in by a command: listens through the assistant's own voice, for nothing but a word to
# stop.

WINDOW_SECONDS = 2.0
"""Sound that is read at a time: "be quiet" with room on either side."""
STEP_SECONDS = 0.8
"""From one look to the next; reading two seconds costs a small processor an eighth of one."""
_QUIET = 0.004
"""RMS under which nobody says "stop" loudly enough."""
_SURE = -1.0
"""Mean log probability under which a word to stop is what Whisper makes of an echo: in a bare room
what users said reached −0.3 to −0.99, "Oh, stop" out of the assistant's own story −1.2."""
_OF_THE_SPEAKER = re.compile(r"\s*(?:i|we)\b", re.IGNORECASE)
"""Nobody stops an answer by "I want to stop", which is what is left of "Once there was a"."""

_SURELY_SPOKEN = 1.0
"""Seconds of near speech that are not thrown away without a word."""

ReadAside = Callable[[Float32, Callable[[Transcription], None]], None]
"""Transcribe float32 [n] at 16 kHz when there is time, and hand the words to the callback."""


class StopListener:
    """Frames in, `Overheard` out."""

    def __init__(self, read: ReadAside, is_stop: Callable[[str], bool], emit: Emit) -> None:
        self._read = read
        self._is_stop = is_stop
        self._emit = emit
        self._sound: deque[Float32] = deque(maxlen=round(WINDOW_SECONDS / FRAME_SECONDS))
        self._down = Downsampler()
        self._since = 0
        self._reading = False

    def push(self, frame: Float32) -> None:
        """One frame, float32 [1920] at 24 kHz, that holds the assistant's own voice."""
        self._sound.append(self._down(frame))
        self._since += 1
        if self._since * FRAME_SECONDS < STEP_SECONDS or self._reading:
            return
        self._since = 0
        sound = np.concatenate(self._sound)
        if float(np.sqrt(np.mean(sound * sound))) >= _QUIET:
            self._reading = True
            self._read(sound, self._heard)

    def rest(self) -> None:
        """The sound is the user's own again."""
        if self._sound:
            self._sound.clear()
            self._since = 0

    def _heard(self, transcript: Transcription) -> None:
        self._reading = False
        if transcript.confidence < _SURE:
            return
        for sentence in re.split(r"[.!?,;]+", transcript.text):
            if not sentence.strip() or _OF_THE_SPEAKER.match(sentence):
                continue
            if self._is_stop(sentence):
                self._sound.clear()
                self._emit(Overheard(sentence.strip()))
                return


class Transcribes(Protocol):
    """A speech recogniser, see `stt.Recognizer`."""

    def transcribe(
        self, audio: Float32, names: NameHints | None = None, *, brief: bool = False
    ) -> Transcription: ...

    def closure(self, text: str) -> float | None: ...


@dataclass(slots=True)
class _HeardTurn:
    """What is known of the user's turn that is under way."""

    transcripts: dict[int, Transcription] = field(default_factory=dict)
    """By number of the pause they were asked for at."""
    voices: dict[int, VoiceFeatures | None] = field(default_factory=dict)
    """How they were said, by the same number, as far as that is measured already."""
    asked: int = 0
    """Transcripts asked for so far: one that waits is dropped when a newer one is wanted."""
    over: TurnEnd | None = None
    over_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _RecognitionJob:
    audio: Float32
    brief: bool
    """See `stt.Recognizer.transcribe`."""
    done: Callable[[Transcription], None]
    wanted: Callable[[], bool]
    """Asked when its turn comes: the user may have gone on meanwhile."""


class Hearing:
    """Frames in; `UserTurnStarted`, `UserText` and `UserTurnEnded` of the user's side out."""

    def __init__(
        self,
        recognizer: Transcribes,
        config: TurnConfig,
        names: list[SpokenNames],
        emit: Emit,
        *,
        inline: bool,
        busy: Callable[[bool], None] = lambda on: None,
        judge: Judge | None = None,
        pace: SpeakerPace | None = None,
        measures_voice: bool = False,
    ) -> None:
        """`busy` is told when a turn begins, and when its words are out: who shares the machine
        may step back meanwhile. `inline`: transcribe on the thread that pushes. `judge`: tells by
        the sound of the voice whether its speaker is done, where there is one; `pace`: what is
        known of this user's pauses. `measures_voice`: tell how a turn was said, too."""
        self._recognizer = recognizer
        self._emit = emit
        self._inline = inline
        self._measures_voice = measures_voice
        self._busy = busy
        self._lock = threading.RLock()
        self._turn = _HeardTurn()
        self._languages = LanguageWatch()
        self.set_names(names)
        self._listener = Listener(judge, inline=inline)
        self._detector = TurnDetector(
            config,
            lambda text: self._router.is_complete_command(text),
            pace=pace,
            is_listened_to=self._listener.is_there,
            is_read=True,
        )
        self._transcriber = _Transcriber(self._transcribe, emit, inline=inline)
        self._sentry = StopListener(self._read_aside, lambda text: self._router.is_stop(text), emit)

    def set_names(self, names: list[SpokenNames]) -> None:
        """Persona names that the user may speak."""
        self._router = IntentRouter(names)
        self._hints = NameHints(self._router)

    def push(
        self, number: int, frame: Float32, *, speaking: bool = False, clean: bool = True
    ) -> None:
        """Take one frame: float32 [1920], 24 kHz mono. Waits for no transcript, unless inline.

        `speaking`: the assistant was being heard meanwhile. Whoever speaks into that is understood
        in a hurry: see `TurnDetector.push`. Where its own voice may be in the sound (not `clean`),
        there are no turns to be had of it: only a command to stop is listened for.
        """
        if speaking and not clean:
            self._sentry.push(frame)
            frame = np.zeros_like(frame)
        else:
            self._sentry.rest()
        with self._lock:
            signals = self._detector.push(number, frame, speaking=speaking)
        for signal in signals:
            self._on_signal(signal)

    def close(self) -> None:
        """End the thread; what is being transcribed is not waited for."""
        self._transcriber.close()
        self._listener.close()

    # -- turns -----------------------------------------------------------------------------------

    def _on_signal(self, signal: TurnSignal) -> None:
        match signal:
            case SpeechStarted(at=at):
                self._turn = _HeardTurn()
                self._busy(True)
                self._emit(UserTurnStarted(side="user", at=at))
            case Pause(audio=audio, number=number, hurried=hurried):
                turn = self._turn
                self._judge(audio, number)
                self._ask(audio, hurried, lambda t: self._on_transcript(turn, signal, t))
            case Interim(audio=audio, hurried=hurried):
                turn = self._turn
                self._ask(audio, hurried, lambda t: self._partial(turn, t))
            case StillSilent(audio=audio, number=number):
                self._judge(audio, number)
            case SpeechResumed():
                self._turn.asked += 1
                self._busy(True)  # what was expected to be said next is not
            case TurnEnd():
                self._on_turn_end(signal)

    def _judge(self, audio: Float32, pause: int) -> None:
        """Let the sound of the voice be judged, if there is somebody to do it."""

        def told(probability: float) -> None:
            with self._lock:
                self._detector.sounds_over(probability, pause)

        self._listener.ask(audio, told)

    def _ask(self, audio: Float32, brief: bool, done: Callable[[Transcription], None]) -> None:
        """Transcribe the turn so far, unless the user goes on before it comes to that."""
        turn = self._turn
        turn.asked += 1
        number = turn.asked
        self._transcriber.submit(_RecognitionJob(audio, brief, done, lambda: turn.asked == number))

    def _on_transcript(self, turn: _HeardTurn, at: Pause, transcript: Transcription) -> None:
        """The words up to a pause are there; the turn may be over, or go on."""
        text, pause = transcript.text, at.number
        urgent = at.hurried or self._router.is_complete_command(text)
        closure = None if urgent else self._recognizer.closure(text)
        with self._lock:
            turn.transcripts[pause] = transcript
            if turn is self._turn:
                self._detector.transcript(
                    text, pause, transcript.confidence, transcript.rivals, closure
                )
            # The user may have begun another turn already: the words of this one still count.
            waiting = turn.over is not None and turn.over.pause == pause
        if self._measures_voice and text:
            turn.voices[pause] = measure(at.audio)
        if waiting:
            self._finish(turn, transcript)
        elif turn.over is None:
            self._partial(turn, transcript, paused=True)

    def _partial(
        self, turn: _HeardTurn, transcript: Transcription, *, paused: bool = False
    ) -> None:
        if turn is self._turn and turn.over is None and transcript.text:
            self._emit(UserText(text=transcript.text, final=False, paused=paused))

    def _on_turn_end(self, over: TurnEnd) -> None:
        turn = self._turn
        with self._lock:
            turn.over = over
            turn.over_at = time.perf_counter()
            known = turn.transcripts.get(over.pause) if over.pause is not None else None
        self._emit(UserTurnEnded(side="user", at=over.at, reason=over.reason))
        if known is not None:
            self._finish(turn, known)
        elif over.pause is None:
            job = _RecognitionJob(over.audio, False, lambda t: self._finish(turn, t), lambda: True)
            self._transcriber.submit(job)

    def _finish(self, turn: _HeardTurn, transcript: Transcription) -> None:
        over = turn.over
        if over is None:
            return
        extra = 0.0 if self._inline else 1000 * (time.perf_counter() - turn.over_at)
        self._emit(
            UserText(
                text=transcript.text,
                final=True,
                prompted=transcript.prompted,
                speech_end=over.at,
                stages={"wait": over.waited_ms, "transcribe": extra},
                language=self._languages.heard(transcript),
                unclear=transcript.unclear and over.spoken >= _SURELY_SPOKEN,
                voice=self._voice(turn, over) if transcript.text else None,
            )
        )
        if turn is self._turn:
            self._busy(False)

    def _voice(self, turn: _HeardTurn, over: TurnEnd) -> VoiceFeatures | None:
        """Measured in the pause, beside the wait for the end of the turn; else now, in some
        milliseconds."""
        if not self._measures_voice:
            return None
        if over.pause is not None and over.pause in turn.voices:
            return turn.voices[over.pause]
        return measure(over.audio)

    def _read_aside(self, audio: Float32, done: Callable[[Transcription], None]) -> None:
        self._transcriber.submit(_RecognitionJob(audio, False, done, lambda: True))

    def _transcribe(self, job: _RecognitionJob) -> Transcription:
        if job.brief:  # it may be what is left of an echo, which is soft
            return self._recognizer.transcribe(job.audio, self._hints, brief=True)
        return self._recognizer.transcribe(amplified(job.audio), self._hints)


class _Transcriber:
    """Runs transcriptions one after another, on a thread of its own or (inline) at once."""

    def __init__(
        self, transcribe: Callable[[_RecognitionJob], Transcription], emit: Emit, *, inline: bool
    ) -> None:
        self._transcribe = transcribe
        self._emit = emit
        self._inline = inline
        self._jobs: list[_RecognitionJob] = []
        self._condition = threading.Condition()
        self._closed = False
        if not inline:
            threading.Thread(target=self._run, name="transcriber", daemon=True).start()

    def submit(self, job: _RecognitionJob) -> None:
        if self._inline:
            self._do(job)
            return
        with self._condition:
            self._jobs.append(job)
            self._condition.notify()

    def close(self) -> None:
        with self._condition:
            self._closed = True
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._jobs and not self._closed:
                    self._condition.wait()
                if self._closed:
                    return
                job = self._jobs.pop(0)
            if job.wanted():
                self._do(job)

    def _do(self, job: _RecognitionJob) -> None:
        try:
            transcript = self._transcribe(job)
        except Exception as error:
            self._emit(Failed(message=f"speech recognition failed: {error}"))
            transcript = Transcription("")
        job.done(transcript)
