"""The cascade: ears and mouth for any CPU. Its mind is the host's brain.

    frames → voice activity → turns → speculative transcript → the host answers → `say` → voice

While the user speaks, a thread of its own transcribes: partial results now and then, and from the
first pause on the whole turn, so that the words are there when the turn is over. On the virtual
clock everything happens on the calling thread before the frame is acknowledged.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.backends.base import Emit, Float32
from assistant.backends.cascade.names import NameHints
from assistant.backends.cascade.speaker import Speaker
from assistant.backends.cascade.stt import Recognizer, Transcript
from assistant.backends.cascade.tts import load_engine
from assistant.backends.cascade.turn import (
    Interim,
    Pause,
    SpeechResumed,
    SpeechStarted,
    TurnConfig,
    TurnDetector,
    TurnOver,
    TurnSignal,
)
from assistant.backends.cascade.voice_cache import VoiceCache
from assistant.frames import (
    Capabilities,
    Failed,
    Line,
    Load,
    PersonaPrompt,
    SpokenNames,
    Status,
    TurnEnded,
    TurnStarted,
    UserText,
)
from assistant.locations import voice_cache_dir
from assistant.tools.intents import IntentRouter


@dataclass(slots=True)
class _Turn:
    """What is known of the user's turn that is under way."""

    transcripts: dict[int, Transcript] = field(default_factory=dict)
    """By number of the pause they were asked for at."""
    asked: int = 0
    """Transcripts asked for so far: one that waits is dropped when a newer one is wanted."""
    over: TurnOver | None = None
    over_at: float = 0.0


@dataclass(frozen=True, slots=True)
class _Job:
    audio: Float32
    done: Callable[[Transcript], None]
    wanted: Callable[[], bool]
    """Asked when its turn comes: the user may have gone on meanwhile."""


class CascadeBackend:
    """Backend of section "cascade": see the module."""

    capabilities = Capabilities(user_text=True, say=True)
    note = ""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._lock = threading.RLock()
        self._turn = _Turn()

    def load(self, command: Load) -> str:
        options = command.options
        threads = int(options.get("threads") or 0)
        self._inline = command.virtual_clock
        self.set_names(command.names)
        self._emit(Status("loading speech recognition", 0.1))
        self._recognizer = Recognizer.load(str(options["whisper"]), threads)
        self._recognizer.warm_up()
        self._emit(Status("loading the voice", 0.5))
        voice = options.get("voice")
        engine = load_engine(
            str(options["voice_engine"]), threads=threads, voice=str(voice) if voice else None
        )
        cache = VoiceCache(
            voice_cache_dir(),
            int(options.get("voice_cache_mb") or 0),
            on_problem=lambda text: self._emit(Failed(message=text)),
        )
        self._speaker = Speaker(engine, cache, self._emit, inline=self._inline)
        self._detector = TurnDetector(
            TurnConfig(end_silence_ms=int(options.get("end_silence_ms") or 480)),
            lambda text: self._router.is_complete_command(text),
        )
        self._transcriber = _Transcriber(self._transcribe, self._emit, inline=self._inline)
        self._emit(Status("ready", 1.0))
        return f"{self._recognizer.label} · {engine.label}"

    def set_names(self, names: list[SpokenNames]) -> None:
        self._router = IntentRouter(names)
        self._hints = NameHints(self._router)

    def set_persona(self, prompt: PersonaPrompt) -> None:
        self._speaker.set_voice(prompt.voice)

    def push(self, number: int, frame: Float32) -> None:
        with self._lock:
            signals = self._detector.push(number, frame)
        for signal in signals:
            self._on_signal(signal)

    def say(self, utterance: int, text: str, *, final: bool, rate: float = 1.0) -> None:
        self._speaker.say(utterance, text, final=final, rate=rate)

    def prepare(self, lines: list[Line]) -> None:
        self._speaker.prepare(lines)

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """It has no prompt: nothing to do."""

    def inject(self, context: str) -> None:
        """The brain is the host's: it knows already."""

    def interrupt(self) -> None:
        self._speaker.interrupt()

    def close(self) -> None:
        for part in ("_transcriber", "_speaker"):
            if hasattr(self, part):
                getattr(self, part).close()

    # -- turns -----------------------------------------------------------------------------------

    def _on_signal(self, signal: TurnSignal) -> None:
        match signal:
            case SpeechStarted(at=at):
                self._turn = _Turn()
                self._speaker.busy(True)
                self._emit(TurnStarted(side="user", at=at))
            case Pause(audio=audio, number=number):
                turn = self._turn
                self._ask(audio, lambda t: self._on_transcript(turn, number, t))
            case Interim(audio=audio):
                turn = self._turn
                self._ask(audio, lambda t: self._partial(turn, t))
            case SpeechResumed():
                self._turn.asked += 1
            case TurnOver():
                self._on_turn_over(signal)

    def _ask(self, audio: Float32, done: Callable[[Transcript], None]) -> None:
        """Transcribe the turn so far, unless the user goes on before it comes to that."""
        turn = self._turn
        turn.asked += 1
        number = turn.asked
        self._transcriber.submit(_Job(audio, done, lambda: turn.asked == number))

    def _on_transcript(self, turn: _Turn, pause: int, transcript: Transcript) -> None:
        """The words up to a pause are there; the turn may be over, or go on."""
        with self._lock:
            turn.transcripts[pause] = transcript
            if turn is not self._turn:
                return
            self._detector.transcript(transcript.text, pause)
            waiting = turn.over is not None and turn.over.pause == pause
        if waiting:
            self._finish(turn, transcript)
        elif turn.over is None:
            self._partial(turn, transcript)

    def _partial(self, turn: _Turn, transcript: Transcript) -> None:
        if turn is self._turn and turn.over is None and transcript.text:
            self._emit(UserText(text=transcript.text, final=False))

    def _on_turn_over(self, over: TurnOver) -> None:
        turn = self._turn
        with self._lock:
            turn.over = over
            turn.over_at = time.perf_counter()
            known = turn.transcripts.get(over.pause) if over.pause is not None else None
        self._emit(TurnEnded(side="user", at=over.at, reason=over.reason))
        if known is not None:
            self._finish(turn, known)
        elif over.pause is None:
            job = _Job(over.audio, lambda t: self._finish(turn, t), wanted=lambda: True)
            self._transcriber.submit(job)

    def _finish(self, turn: _Turn, transcript: Transcript) -> None:
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
            )
        )
        if turn is self._turn:
            self._speaker.busy(False)

    def _transcribe(self, audio: Float32) -> Transcript:
        return self._recognizer.transcribe(audio, self._hints)


class _Transcriber:
    """Runs transcriptions one after another, on a thread of its own or (inline) at once."""

    def __init__(
        self, transcribe: Callable[[Float32], Transcript], emit: Emit, *, inline: bool
    ) -> None:
        self._transcribe = transcribe
        self._emit = emit
        self._inline = inline
        self._jobs: list[_Job] = []
        self._condition = threading.Condition()
        self._closed = False
        if not inline:
            threading.Thread(target=self._run, name="transcriber", daemon=True).start()

    def submit(self, job: _Job) -> None:
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

    def _do(self, job: _Job) -> None:
        try:
            transcript = self._transcribe(job.audio)
        except Exception as error:
            self._emit(Failed(message=f"speech recognition failed: {error}"))
            transcript = Transcript("")
        job.done(transcript)
