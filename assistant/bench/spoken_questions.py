"""A conversation in real time in which one question after another is spoken, and nothing of the
answers is rendered ahead: what measurements of the first sample have in common."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.wav import WavWriter
from assistant.bench.latency import USER
from assistant.brain.base import BrainError
from assistant.commands.talk import Talk, TalkOptions
from assistant.config.schema import Config
from assistant.frames import FRAME_SAMPLES
from assistant.personas.loading import LoadedPersonas
from assistant.session.dependencies import MakeBrain


def without_kept_sound(config: Config) -> Config:
    """The settings with the cascade, saving nothing; a clause that was rendered before costs
    nothing, so none is kept."""
    changed = config.model_copy(deep=True)
    changed.session.save = False
    changed.backend.name = "cascade"
    changed.backend.cascade.voice_cache_mb = 0
    return changed


def with_sound_in_memory(config: Config) -> Config:
    """The same, but lines are rendered ahead, and nothing of an earlier run is there."""
    changed = without_kept_sound(config)
    changed.backend.cascade.voice_cache_mb = config.backend.cascade.voice_cache_mb
    changed.memory.private = True
    return changed


def without_fillers(personas: LoadedPersonas, slug: str) -> LoadedPersonas:
    """The one persona. What it says while it thinks would put off the answers that are measured, or
    be taken for them."""
    persona = personas.loaded[slug]
    lines = persona.lines.model_copy(update={"waiting": [], "hesitations": []})
    return LoadedPersonas(loaded={slug: persona.model_copy(update={"lines": lines})})


def spoken(texts: Sequence[str]) -> list[list[Float32]]:
    """Each in a user's voice, in frames of float32 [1920], 24 kHz, the last one filled up."""
    from assistant.backends.cascade.synthesis.tts import load_engine, render

    engine = load_engine("kokoro")
    sounds = [render(engine, text, USER) for text in texts]
    whole = [np.pad(sound, (0, -len(sound) % FRAME_SAMPLES)) for sound in sounds]
    return [list(sound.reshape(-1, FRAME_SAMPLES)) for sound in whole]


class SpokenQuestions(Talk):
    """Asks each question once the answer to the last one was heard."""

    def __init__(
        self,
        config: Config,
        personas: LoadedPersonas,
        folder: Path,
        questions: Sequence[list[Float32]],
        make_brain: MakeBrain,
        *,
        rest: float,
        longest_turn: float,
    ) -> None:
        """`questions`: frames of each. `rest`: seconds of silence after an answer; `longest_turn`:
        seconds after which a turn counts as unanswered."""
        source = folder / "silence.wav"
        with WavWriter(source) as file:
            file.write(np.zeros(FRAME_SAMPLES, np.float32))
        options = TalkOptions(
            input=source, output=folder / "out.wav", realtime=True, greeting=False, seed=1
        )
        super().__init__(config, options, personas=personas, make_brain=make_brain)
        self.problem: BrainError | None = None
        """The first that was told."""
        self._rest, self._longest_turn = rest, longest_turn
        self._questions = [*questions]
        self._now: list[Float32] = []
        self._quiet_since: float | None = None
        self._asked_at = 0.0

    def _failed(self, error: BrainError) -> None:
        self.problem = self.problem or error

    def _next_frame(self, number: int) -> Float32 | None:
        silence = np.zeros(FRAME_SAMPLES, np.float32)
        if self._now:
            self._asked_at = self.clock()
            return self._now.pop(0)
        quiet = self.session.state in ("idle", "initializing") and self.session.is_silent
        if not quiet:
            self._quiet_since = None
        elif self._quiet_since is None:
            self._quiet_since = self.clock()
        late = self.clock() - self._asked_at > self._longest_turn
        rested = self._quiet_since is not None and self.clock() - self._quiet_since > self._rest
        if not (rested or late):
            return silence
        if not self._questions:
            return None
        self._now = self._questions.pop(0)
        self._asked_at, self._quiet_since = self.clock(), None
        return silence
