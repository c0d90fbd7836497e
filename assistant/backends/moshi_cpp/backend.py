"""`moshi-cpp` behind the backend contract: what the program can do, and honestly what it cannot.

It cannot be told what to say, it takes a persona only when it is started (PersonaPlex), and it has
no reset: so there is no `say`, a change of persona ends it and starts it anew, and an interruption
silences what comes out until it pauses by itself. Its words come a moment before their sound, so a
call of a tool that it spells is cut out of both, as with the other Moshi backends; which frame a
word was made in is known within a frame or two only.

Where it ends by itself this process cannot go on: that is told as fatal, and the host starts both
again, after a pause that grows.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import Emit, Options
from assistant.backends.moshi.backend import PLAIN_NOTE
from assistant.backends.moshi.checkpoint.memory import POSITIONS_PER_SECOND
from assistant.backends.moshi.clock import InputFrame
from assistant.backends.moshi.listening.listener import Deaf, Listener, load_listener
from assistant.backends.moshi_cpp.finding import find_program
from assistant.backends.moshi_cpp.running import ProgramRunner, Terms
from assistant.backends.moshi_cpp.weights import Weights, find_weights
from assistant.frames import (
    AgentText,
    Capabilities,
    Failed,
    Load,
    PersonaPrompt,
    PrefetchLine,
    Prosody,
    SpokenNames,
    Status,
    UtteranceEnded,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL

PATIENCE = 20.0
"""Seconds without a frame of the model's after which the program hangs."""
LOAD_SECONDS = 600.0
LONGEST_PROMPT = 8_000
"""Characters of a role; a model that looks back four minutes has no room for more."""


class MoshiCppBackend:
    """See `base.Backend`."""

    capabilities = Capabilities()
    note = ""

    def __init__(self, emit: Emit, *, patience: float = PATIENCE) -> None:
        self._emit = emit
        self._patience = patience
        self._ears: Listener = Deaf()
        self._runner: ProgramRunner | None = None
        self._command: list[str] = []
        """What the program runs with, or is being started with."""
        self._told_of_voice: set[str] = set()

    # -- life ------------------------------------------------------------------------------------

    def load(self, command: Load) -> str:
        options = self._options = command.options
        self._program = find_program(_text(options, "program"))
        self._weights = find_weights(_text(options, "model"))
        self._command = self._command_for(command.prompt)
        terms = Terms(
            program=self._program.name,
            model=self._weights.name,
            prompted=self._weights.prompted,
            load_seconds=float(options.get("load_seconds") or LOAD_SECONDS),
            patience=self._patience,
            inline=command.virtual_clock,
        )
        self._emit(Status(f"starting {self._program.name}"))
        runner = self._runner = ProgramRunner(self._emit, terms)
        runner.start(self._command)
        self._ears = self._load_ears(command)
        self._tell_what_it_can()
        self._emit(Status("ready", 1.0))
        place = f" on {runner.device}" if runner.device else ""
        return f"moshi.cpp {self._weights.name}{place} · {self._ears.label}"

    def close(self) -> None:
        if self._runner is not None:
            self._runner.close()
        self._ears.close()

    # -- what the host asks ----------------------------------------------------------------------

    def set_names(self, names: list[SpokenNames]) -> None:
        self._ears.set_names(names)

    def change_persona(self, prompt: PersonaPrompt) -> None:
        runner = self._runner
        if runner is None or runner.is_over:
            return
        command = self._command_for(prompt)
        if command == self._command:
            return
        self._command = command
        told = f"moshi.cpp is started anew to become {prompt.name}: until then you are not heard"
        self._emit(Failed(message=told))
        self._emit(Status(f"becoming {prompt.name}"))
        runner.start_anew(command)

    def push(
        self,
        number: int,
        frame: Float32,
        *,
        speaking: bool = False,
        clean: bool = True,
        voice: bool = False,
    ) -> None:
        # Its own voice would be answered like the user's; who writes down words may hear it.
        own_voice = speaking and not clean
        heard = np.zeros_like(frame) if own_voice else frame
        if self._runner is not None:
            self._runner.push(InputFrame(number, heard, speaking=speaking, own_voice=own_voice))
        self._ears.take(number, frame, None, speaking=speaking)

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
        """Nobody speaks it: the text alone has to do."""
        if text:
            self._emit(AgentText(utterance, text, 0, 0))
        if final:
            self._emit(UtteranceEnded(utterance, 0))

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """It says what it likes: nothing can be rendered beforehand."""

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        """It says what it likes."""

    def prefill(self, prompt: PersonaPrompt, *, swap: bool) -> None:
        """Its state cannot be put back."""

    def inject(self, context: str) -> None:
        """It hears sound and nothing else."""

    def interrupt(self) -> None:
        """Nothing is heard until it pauses; it does not know of it."""
        if self._runner is not None:
            self._runner.interrupt()

    # -- inside ----------------------------------------------------------------------------------

    def _load_ears(self, command: Load) -> Listener:
        whisper = _text(command.options, "whisper") or "none"
        return load_listener(
            {"listener": "none" if whisper == "none" else "whisper", "whisper": whisper},
            None,
            command.names,
            self._emit,
            inline=command.virtual_clock,
            progress=lambda text, fraction: self._emit(Status(text, fraction)),
        )

    def _tell_what_it_can(self) -> None:
        prompted = self._weights.prompted
        self.capabilities = Capabilities(
            full_duplex=True,
            answers_by_itself=True,
            text_prompt=prompted,
            voice_prompt=prompted,
            user_text=not isinstance(self._ears, Deaf),
        )
        persona = "another persona starts it anew" if prompted else PLAIN_NOTE
        self.note = f"it cannot be told what to say: greetings are written only; {persona}"

    def _command_for(self, prompt: PersonaPrompt | None) -> list[str]:
        command = command_line(self._program, self._weights, self._options)
        if not self._weights.prompted:
            return command
        if (voice := self._voice_of(prompt)) is not None:
            command += ["-v", str(voice)]
        text = " ".join(prompt.text.replace("\0", " ").split()) if prompt is not None else ""
        return [*command, "-p", text[:LONGEST_PROMPT]] if text else command

    def _voice_of(self, prompt: PersonaPrompt | None) -> Path | None:
        """The persona's, else that of the settings; each that is not there is told once."""
        own = prompt.voice_prompt if prompt is not None else None
        for wanted in filter(None, (own, _text(self._options, "voice"))):
            if (found := self._weights.voice(wanted)) is not None:
                return found
            if wanted not in self._told_of_voice:
                self._told_of_voice.add(wanted)
                self._emit(
                    Failed(
                        message=f"there is no voice {wanted} beside {self._weights.name}",
                        remedy="it speaks in another; name one of its voices, or a recording",
                    )
                )
        return None


def command_line(program: Path, weights: Weights, options: Options) -> list[str]:
    """What the settings ask for, as the program's own options."""
    seconds, device, quantize = (
        options.get(key) for key in ("context_seconds", "device", "quantize")
    )
    wanted = {
        "-d": None if device == "auto" else device,
        "--threads": options.get("threads"),
        "-q": None if quantize == "none" else quantize,
        "-c": round(float(seconds) * POSITIONS_PER_SECOND) if seconds else None,
        "-s": options.get("seed"),
        "-t": options.get("temperature"),
    }
    command = [str(program), "-m", f"{weights.folder}/"]
    for flag, value in wanted.items():
        if value is not None:
            command += [flag, str(value)]
    # What it quantises it keeps beside the weights, for the next start.
    return [*command, "-g"] if wanted["-q"] else command


def _text(options: Options, key: str) -> str | None:
    value = options.get(key)
    return None if value is None else str(value)
