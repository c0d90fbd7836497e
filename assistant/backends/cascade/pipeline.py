"""The cascade: speech recognition and synthesis for any CPU. Who answers is the host's brain.

    frames → `hearing` → the user's words → the host answers → `say` → voice

On the virtual clock everything happens on the calling thread before the frame is acknowledged.
"""

from __future__ import annotations

from assistant.audio.types import Float32
from assistant.backends.base import Emit
from assistant.backends.cascade.endpointing.pacing import SpeakerPace
from assistant.backends.cascade.endpointing.patience import TurnConfig
from assistant.backends.cascade.endpointing.smart_turn import SmartTurn
from assistant.backends.cascade.recognition.choosing import load_recognizer
from assistant.backends.cascade.recognition.hearing import Hearing
from assistant.backends.cascade.recognition.recordings import RecordingReader
from assistant.backends.cascade.synthesis.engines.choosing import load_voice
from assistant.backends.cascade.synthesis.speaker import Speaker
from assistant.backends.cascade.synthesis.voice_cache import SoundsInMemory, VoiceCache
from assistant.backends.cascade.weights_catalog import AUTO
from assistant.frames import (
    Capabilities,
    Failed,
    Load,
    PersonaPrompt,
    PrefetchLine,
    Prosody,
    SpokenNames,
    Status,
    Transcribe,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL
from assistant.locations import pauses_file, voice_cache_dir


class CascadeBackend:
    """Backend of section "cascade": see the module."""

    capabilities = Capabilities(user_text=True, say=True, prosody=True)

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self.note = ""

    def load(self, command: Load) -> str:
        options = command.options
        threads = int(options.get("threads") or 0)
        inline = command.virtual_clock
        self._emit(Status("loading speech recognition", 0.1))
        loaded = load_recognizer(
            str(options.get("stt") or AUTO),
            threads,
            str(options.get("language") or AUTO),
            measure=not inline,
            tell=lambda text: self._emit(Status(text, 0.2)),
        )
        recognizer, self.note = loaded.recognizer, loaded.note
        recognizer.warm_up()
        self._emit(Status("loading the voice", 0.5))
        voice = options.get("voice")
        speaking = load_voice(
            str(options["voice_engine"]),
            threads=threads,
            voice=str(voice) if voice else None,
            measure=not inline,
            tell=lambda text: self._emit(Status(text, 0.6)),
        )
        engine = speaking.engine
        self.note = "; ".join(note for note in (self.note, speaking.note) if note)
        room = int(options.get("voice_cache_mb") or 0)
        cache = (
            VoiceCache(
                voice_cache_dir(), room, on_problem=lambda text: self._emit(Failed(message=text))
            )
            if options.get("keep_sounds", True)
            else SoundsInMemory(room)
        )
        self._speaker = Speaker(engine, cache, self._emit, inline=inline)
        self._hearing = Hearing(
            recognizer,
            TurnConfig(end_silence_ms=int(options.get("end_silence_ms") or 480)),
            command.names,
            self._emit,
            inline=inline,
            busy=self._speaker.busy,
            judge=SmartTurn.load(),
            # On the virtual clock the same sound shall always give the same turns.
            pace=SpeakerPace(pauses_file() if options.get("keep_pauses") and not inline else None),
            measures_voice=bool(options.get("measure_voice")),
        )
        self._recordings = RecordingReader(recognizer, self._emit, inline=inline)
        self._emit(Status("ready", 1.0))
        return f"{recognizer.label} · {engine.label}"

    def set_names(self, names: list[SpokenNames]) -> None:
        self._hearing.set_names(names)

    def change_persona(self, prompt: PersonaPrompt) -> None:
        self._speaker.set_voice(prompt.voice)

    def push(
        self,
        number: int,
        frame: Float32,
        *,
        speaking: bool = False,
        clean: bool = True,
        voice: bool = False,
    ) -> None:
        self._hearing.push(number, frame, speaking=speaking, clean=clean)

    def say(
        self,
        utterance: int,
        text: str,
        *,
        final: bool,
        rate: float = 1.0,
        prosody: Prosody = NEUTRAL,
        voice: VoiceSpec | None = None,
    ) -> None:
        self._speaker.say(utterance, text, final=final, rate=rate, prosody=prosody, voice=voice)

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        self._speaker.prefetch(lines)

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        self._speaker.expect(text, rate, prosody)

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """It has no prompt: nothing to do."""

    def transcribe(self, command: Transcribe) -> None:
        self._recordings.put(command)

    def inject(self, context: str) -> None:
        """The brain is the host's: it knows already."""

    def interrupt(self) -> None:
        self._speaker.interrupt()

    def close(self) -> None:
        for part in ("_hearing", "_recordings", "_speaker"):
            if hasattr(self, part):
                getattr(self, part).close()
