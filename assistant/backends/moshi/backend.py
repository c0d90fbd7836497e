"""Moshi behind the backend contract: full duplex, it listens, thinks and speaks in one model.

Live, a frame passes through three threads, so that Mimi and the language model overlap:

    push → FrameClock → hear (listener, encoder) → think (language model) → speak (decoder, events)

On the virtual clock the same three steps run one after the other in `push`. Whatever changes the
model's state is done by the thinking thread, between two steps.
"""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from typing import Protocol

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError, Emit
from assistant.backends.moshi.checkpoint.memory import POSITIONS_PER_SECOND, Framework
from assistant.backends.moshi.clock import FrameClock, InputFrame
from assistant.backends.moshi.contract import Codec, Sampling
from assistant.backends.moshi.engine import (
    Engine,
    LoadEngine,
    Options,
    load_engine,
    sampling_of,
)
from assistant.backends.moshi.listening.listener import Deaf, Listener
from assistant.backends.moshi.monologue import TokenText, rms
from assistant.backends.moshi.prompts.personas import Personas
from assistant.backends.moshi.prompts.prompting import SILENCE
from assistant.backends.moshi.stages import Stages
from assistant.backends.moshi.stepping import EncodedFrame, Stepper
from assistant.backends.moshi.utterances import Moment, Utterances
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SAMPLES,
    Capabilities,
    Failed,
    Load,
    PersonaPrompt,
    PrefetchLine,
    Prosody,
    SpokenNames,
    Status,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL

USER_QUIET = 10 ** (-45 / 20)
"""RMS of the microphone below which the user counts as silent, for the choice of a pause."""
PLAIN_NOTE = (
    "plain Moshi has a manner and a voice of its own; "
    "the persona brings colours, greeting and tools"
)


class LoadListener(Protocol):
    """See `listener.load_listener`."""

    def __call__(
        self,
        options: Options,
        codec: Codec | None,
        names: list[SpokenNames],
        emit: Emit,
        *,
        inline: bool,
        progress: Callable[[str, float | None], None],
        framework: Framework,
        free_bytes: int | None,
    ) -> Listener: ...


class MoshiBackend:
    """See `base.Backend`."""

    capabilities = Capabilities()
    note = ""

    def __init__(
        self,
        emit: Emit,
        framework: Framework = "torch",
        *,
        load: LoadEngine = load_engine,
        listen: LoadListener | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`load`, `listen` and `now` are for tests: a model, a listener, a clock of their own."""
        self._emit = emit
        self._framework = framework
        self._load_engine = load
        self._load_listener = listen
        self._now = now
        self._listener: Listener = Deaf()
        self._stages: Stages | None = None
        self._personas: Personas | None = None
        self._failed = False
        self._closed = False

    # -- life ------------------------------------------------------------------------------------

    def load(self, command: Load) -> str:
        options = command.options
        self._inline = command.virtual_clock

        def progress(text: str, fraction: float | None) -> None:
            self._emit(Status(text, fraction))

        engine = self._load_engine(self._framework, options, progress)
        if engine.kind == "stt":
            raise BackendError(
                f"{engine.lm.label} only listens: it is no Moshi.",
                "Choose other weights: assistant models list",
            )
        self._listener = self._make_listener(command, engine, progress)
        progress("loading the codec", None)
        self._codec = engine.make_codec(self._listener.codebooks)
        self._wire(engine, options)
        progress("warming up", None)
        self._warm_up(engine)
        self._clock.start()
        progress("ready", 1.0)
        seconds = round(engine.lm.shape.context / POSITIONS_PER_SECOND)
        return f"{engine.lm.label} · {seconds} s · {self._listener.label}"

    def close(self) -> None:
        self._closed = True
        if self._stages is not None:
            self._clock.close()
            self._stages.close()
        if self._personas is not None:
            self._personas.close()
        self._listener.close()

    # -- what the host asks ----------------------------------------------------------------------

    def set_names(self, names: list[SpokenNames]) -> None:
        self._listener.set_names(names)

    def change_persona(self, prompt: PersonaPrompt) -> None:
        if self.capabilities.text_prompt:
            epoch = self._utterances.interrupt()
            self._do(lambda: self._stepper.change_persona(prompt, epoch))
        else:
            self._do(lambda: self._engine.lm.set_sampling(self._sampling(prompt)))

    def push(
        self,
        number: int,
        frame: Float32,
        *,
        speaking: bool = False,
        clean: bool = True,
        voice: bool = False,
    ) -> None:
        if self._failed:
            return
        taken = InputFrame(number, frame, speaking=speaking, own_voice=speaking and not clean)
        if not self._inline:
            self._clock.push(taken)
            return
        try:
            self._at_once(taken)
        except Exception as error:
            self._fail(error)

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
        """The model speaks at its own pace, in its own way: nothing but the text is heeded."""
        self._do(lambda: self._stepper.say(utterance, text, final=final))

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """Its speech is made as it is spoken: nothing can be rendered beforehand."""

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        """Its speech is made as it is spoken."""

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        personas = self._personas
        if self.capabilities.snapshots and personas is not None:
            self._do(lambda: personas.prefill(prompt, swap=swap))

    def inject(self, context: str) -> None:
        self._do(lambda: self._stepper.inject(context))

    def interrupt(self) -> None:
        epoch = self._utterances.interrupt()
        self._do(lambda: self._stepper.interrupt(epoch))

    # -- putting it together ---------------------------------------------------------------------

    def _make_listener(
        self, command: Load, engine: Engine, progress: Callable[[str, float | None], None]
    ) -> Listener:
        from assistant.backends.moshi.listening.listener import load_listener

        listen: LoadListener = self._load_listener or load_listener
        return listen(
            command.options,
            None,
            command.names,
            self._emit,
            inline=command.virtual_clock,
            progress=progress,
            framework=self._framework,
            free_bytes=engine.spare_bytes,
        )

    def _wire(self, engine: Engine, options: Options) -> None:
        self._engine = engine
        self._clock = FrameClock(self._emit, self._now)
        self._user_codebooks = engine.lm.shape.user_codebooks
        prompted = engine.kind == "personaplex"
        self._sampling: Callable[[PersonaPrompt], Sampling] = lambda prompt: sampling_of(
            engine.sampling, options, prompt
        )
        self._utterances = Utterances(
            self._emit,
            TokenText(engine.tokenizer, engine.lm.shape),
            lambda number: self._do(lambda: self._stepper.said(number)),
            # A host that outlives this process must not take a new utterance for an old one.
            FIRST_OWN_UTTERANCE + (0 if self._inline else int(time.time()) << 16),
        )
        self._personas = Personas(
            engine.lm,
            engine.tokenizer,
            engine.load_voice,
            self._emit,
            int(options.get("snapshot_mb") or 0) * 2**20,
            inline=self._inline,
        )
        self._stepper = Stepper(
            engine.lm,
            engine.tokenizer,
            self._personas,
            self._utterances,
            self._sampling,
            wrapped=prompted,
            ask_notes=self._emit,
        )
        self.capabilities = Capabilities(
            full_duplex=True,
            answers_by_itself=True,
            text_prompt=prompted,
            voice_prompt=prompted,
            user_text=not isinstance(self._listener, Deaf),
            say=True,
            snapshots=prompted,
        )
        self.note = "" if prompted else PLAIN_NOTE

    def _warm_up(self, engine: Engine) -> None:
        """The first frames compile and allocate; nobody shall wait for that later."""
        self._codec.encode(np.zeros(FRAME_SAMPLES, np.float32))
        self._codec.reset_encoder()
        self._codec.decode(SILENCE[: engine.lm.shape.agent_codebooks])
        self._codec.reset_decoder()
        if self._inline:
            engine.lm.warm_up()
            return
        self._stages = Stages(self, self._fail)
        self._stages.start(engine.lm.warm_up)

    def _do(self, work: Callable[[], None]) -> None:
        """On the model's thread, between two steps; on the virtual clock at once."""
        if self._stages is not None:
            self._stages.do(work)
        elif not self._failed:
            work()

    def _fail(self, error: Exception) -> None:
        """Something broke that no other frame will mend: this process has to go."""
        if self._failed or self._closed:
            return
        self._failed = True
        traceback.print_exception(error)
        known = isinstance(error, BackendError)
        message = error.message if known else f"Moshi failed: {type(error).__name__}: {error}"  # type: ignore[attr-defined]
        remedy = error.remedy if known else "The log holds the whole story."  # type: ignore[attr-defined]
        self._emit(Failed(message, remedy, fatal=True))

    # -- a frame ---------------------------------------------------------------------------------

    def _at_once(self, taken: InputFrame) -> None:
        """Virtual clock: everything that a frame causes."""
        encoded = self.hear(taken)
        while self._stepper.becoming:
            self._stepper.hurry()
        moment = self.think(encoded)
        if moment is not None:
            self.speak(moment)
        if self._personas is not None:
            self._personas.work()

    def hear(self, taken: InputFrame) -> EncodedFrame:
        # Its own voice would be answered like the user's; who writes down words may hear it.
        frame = np.zeros_like(taken.frame) if taken.own_voice else taken.frame
        codes = self._codec.encode(frame)
        sound = taken.frame if self._listener.by_sound else frame
        self._listener.take(taken.number, sound, codes, speaking=taken.speaking)
        return EncodedFrame(codes[: self._user_codebooks], rms(frame) < USER_QUIET)

    def think(self, encoded: EncodedFrame) -> Moment | None:
        return self._stepper.take(encoded)

    def speak(self, moment: Moment) -> None:
        if moment.fresh:
            self._codec.reset_decoder()
        if moment.audio is None:
            pcm: Float32 = np.zeros(FRAME_SAMPLES, np.float32)
        else:
            pcm = self._codec.decode(moment.audio)
        self._utterances.take(moment, pcm)

    # -- what the threads ask --------------------------------------------------------------------

    def next_frame(self) -> InputFrame | None:
        return self._clock.take()

    def can_hurry(self) -> bool:
        return self._personas is not None and self._personas.can_hurry

    def hurry(self) -> None:
        self._stepper.hurry()

    @property
    def is_pressed(self) -> bool:
        return self._stepper.is_pressed

    def work_beside(self) -> None:
        """One chunk of a prompt, where that makes no frame late."""
        personas = self._personas
        if personas is None or not personas.busy:
            return
        slack = self._clock.slack
        fits = slack > 0 and (slack > 1.2 * personas.chunk_seconds or self._stepper.at_rest)
        if fits or self._stepper.is_pressed:
            personas.work()


def on_mlx(emit: Emit) -> MoshiBackend:
    return MoshiBackend(emit, "mlx")


def on_torch(emit: Emit) -> MoshiBackend:
    return MoshiBackend(emit, "torch")
