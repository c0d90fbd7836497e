"""A small model that follows a script, with a codec and a vocabulary to match.

Its codes tell which position they were made at, and its sound tells its codes, so that a test sees
of every sample where it came from. It keeps the contract's delays: one frame for all codebooks but
the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.moshi.backend import MoshiBackend
from assistant.backends.moshi.contract import (
    CheckpointKind,
    ChooseText,
    Codec,
    Codes,
    KnownStep,
    ModelShape,
    Sampling,
    Step,
)
from assistant.backends.moshi.engine import Engine
from assistant.backends.moshi.listening.listener import Deaf
from assistant.backends.moshi.prompts.prompting import SILENCE, PromptPlan
from assistant.frames import (
    FRAME_SAMPLES,
    AgentText,
    AnyEvent,
    AudioOut,
    CallSpelled,
    Load,
    NotesWanted,
    PersonaPrompt,
    Prefilled,
    UtteranceEnded,
)

DELAYS = (0, *([0, *[1] * 7] * 2))
SHAPE = ModelShape(8, 8, DELAYS, text_card=100_000, card=2048, context=3000)
PAD, EPAD = SHAPE.padding, SHAPE.end_of_padding
VOICED_FRAMES = 4
"""How long a word of the model's sounds, its own frame included."""


class FakeTokenizer:
    """Cuts words into pieces of four letters and numbers them as they come."""

    def __init__(self) -> None:
        self._pieces = ["<unk>", "<s>", "</s>", "<pad>"]
        self._ids = {piece: n for n, piece in enumerate(self._pieces)}

    def encode(self, text: str) -> list[int]:
        ids = []
        for word in text.split():
            marked = "▁" + word
            ids += [self.id(marked[at : at + 4]) for at in range(0, len(marked), 4)]
        return ids

    def id(self, piece: str) -> int:
        if piece not in self._ids:
            self._ids[piece] = len(self._pieces)
            self._pieces.append(piece)
        return self._ids[piece]

    def piece(self, token: int) -> str:
        return self._pieces[token]


class FakeCodec:
    """Frames and codes: a frame's first sample is its first code, in thousandths."""

    codebooks = 8

    def __init__(self) -> None:
        self.decoder_resets = 0

    def encode(self, frame: Float32) -> Codes:
        codes = np.zeros(self.codebooks, np.int64)
        codes[0] = round(float(frame[0]) * 1000)
        return codes

    def decode(self, codes: Codes) -> Float32:
        loud = codes[0] != SILENCE[0] and codes[0] > 0
        return np.full(FRAME_SAMPLES, codes[0] / 1000 if loud else 0.0, np.float32)

    def reset_encoder(self) -> None:
        pass

    def reset_decoder(self) -> None:
        self.decoder_resets += 1


@dataclass(frozen=True)
class FakeSnapshot:
    positions: int
    knows: tuple[int, ...]
    column: Codes
    nbytes: int = 1000
    said: tuple[int, ...] = ()
    """Text of the steps that followed the prompt."""


class FakePrefill:
    def __init__(self, prompt: PromptPlan, chunk: int) -> None:
        self._prompt = prompt
        self._chunk = chunk
        self._at = 0

    @property
    def done(self) -> bool:
        return self._at >= len(self._prompt) - 1

    def advance(self) -> None:
        self._at += self._chunk

    def snapshot(self) -> FakeSnapshot:
        assert self.done
        knows = tuple(f.text for f in self._prompt.frames if f.text != PAD)
        return FakeSnapshot(len(self._prompt) - 1, knows, SILENCE)


class FakeReplay:
    """Follows known steps; `run` tells how many it has run, and in which portions."""

    def __init__(self, snapshot: FakeSnapshot, chunk: int) -> None:
        self._snapshot = snapshot
        self._chunk = chunk
        self._steps: list[KnownStep] = []
        self.run: list[int] = []

    @property
    def waiting(self) -> int:
        return len(self._steps) - sum(self.run)

    def add(self, steps: Sequence[KnownStep]) -> None:
        self._steps += steps

    def advance(self) -> None:
        self.run.append(min(self._chunk, self.waiting))

    def snapshot(self) -> FakeSnapshot:
        while self.waiting:
            self.advance()
        texts = tuple(step.text for step in self._steps if step.text != PAD)
        column = self._steps[-1].column if self._steps else self._snapshot.column
        positions = self._snapshot.positions + len(self._steps)
        return FakeSnapshot(positions, self._snapshot.knows, column, said=texts)


class FakeModel:
    """Says what `script` gives: a token a frame, padding when it is exhausted."""

    label = "fake · cpu"

    def __init__(self, context: int = SHAPE.context) -> None:
        self.shape = replace(SHAPE, context=context)
        self.script: Iterator[int] = iter(())
        self.hums: Callable[[int], bool] = lambda step: False
        """Whether there is sound without a word in this step."""
        self.heard: deque[int] = deque(maxlen=10_000)
        """First code of each frame of the user's."""
        self.columns: deque[Codes] = deque(maxlen=100)
        self.sampling: list[Sampling] = []
        self.breaks = False
        self.replays: deque[FakeReplay] = deque(maxlen=1)
        self.steps = 0
        self.before_step: Callable[[], None] = lambda: None
        self.reset()

    def reset(self) -> None:
        self.positions = 0
        self.knows: tuple[int, ...] = ()
        self.said: tuple[int, ...] = ()
        self._column = SILENCE
        self._voiced = 0

    def step(
        self, user: Codes, choose_text: ChooseText | None = None, audio: Codes | None = None
    ) -> Step:
        self.before_step()
        if self.breaks:
            raise RuntimeError("the card fell off the bus")
        self.heard.append(int(user[0]))
        self.steps += 1
        token = next(self.script, PAD)
        if choose_text is not None:
            token = choose_text(token)
        if token not in (PAD, EPAD):
            self._voiced = VOICED_FRAMES
        loud = self._voiced > 0 or self.hums(self.steps)
        self._voiced -= self._voiced > 0
        column = np.full(8, self.steps % 900 + 20 if loud else 0, np.int64)
        if audio is not None:
            column = np.where(audio >= 0, audio, column)
        previous, self._column = self._column, column
        self.columns.append(column)
        self.positions += 1
        complete = np.concatenate([previous[:1], column[1:]])
        return Step(token, complete if self.positions > 1 else None, column=column)

    def prefill(self, prompt: PromptPlan, chunk: int = 128) -> FakePrefill:
        return FakePrefill(prompt, chunk)

    def replay(self, snapshot: FakeSnapshot, chunk: int = 128) -> FakeReplay:
        self.replays.append(FakeReplay(snapshot, chunk))
        return self.replays[-1]

    def extend(self, frames: PromptPlan) -> list[Codes]:
        self.positions += len(frames)
        self.knows += tuple(f.text for f in frames.frames if f.text != PAD)
        return [SILENCE for _ in frames.frames]

    def snapshot(self) -> FakeSnapshot:
        return FakeSnapshot(self.positions, self.knows, self._column)

    def put_back(self, snapshot: FakeSnapshot) -> None:  # type: ignore[override]
        self.positions = snapshot.positions
        self.knows = snapshot.knows
        self.said = snapshot.said
        self._column = snapshot.column
        self._voiced = 0

    def set_sampling(self, sampling: Sampling) -> None:
        self.sampling.append(sampling)

    def seed(self, seed: int) -> None:
        pass

    def warm_up(self) -> None:
        pass


@dataclass
class Studio:
    """A backend around the fake model, and what came out of it."""

    kind: CheckpointKind = "moshi"
    virtual: bool = True
    options: dict[str, Any] = field(default_factory=lambda: {"snapshot_mb": 1})
    keep: bool = True
    context: int = SHAPE.context

    def __post_init__(self) -> None:
        self.events: list[AnyEvent] = []
        self.model = FakeModel(self.context)
        self.codec = FakeCodec()
        self.tokenizer = FakeTokenizer()
        self.voices: list[str] = []
        self.number = 0
        self.backend = MoshiBackend(
            self._took,
            load=lambda framework, options, progress: self._engine(),
            listen=lambda *args, **kwargs: Deaf(),
        )
        self.backend.load(Load(self.options, [], self.virtual))

    def _took(self, event: AnyEvent) -> None:
        if self.keep:
            self.events.append(event)

    def _engine(self) -> Engine:
        def load_voice(name: str) -> list[Codes]:
            self.voices.append(name)
            return [np.arange(8, dtype=np.int64)] * 5

        def make_codec(codebooks: int) -> Codec:
            return self.codec

        return Engine(
            lm=self.model,  # type: ignore[arg-type]
            tokenizer=self.tokenizer,
            kind=self.kind,
            sampling=Sampling(),
            make_codec=make_codec,
            load_voice=load_voice,
        )

    def script(self, *pieces: str | int) -> None:
        """What the model says from now on: pieces of text, and frames of padding."""
        tokens: list[int] = []
        for piece in pieces:
            tokens += [PAD] * piece if isinstance(piece, int) else [self.tokenizer.id(piece)]
        self.model.script = iter(tokens)

    def push(self, frames: int, level: float = 0.0) -> None:
        for _ in range(frames):
            self.backend.push(self.number, np.full(FRAME_SAMPLES, level, np.float32))
            self.number += 1

    # -- what was heard --------------------------------------------------------------------------

    def of(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    def sound(self, utterance: int | None = None) -> Float32:
        parts = [
            np.frombuffer(event.pcm, "<f4")
            for event in self.of(AudioOut)
            if utterance is None or event.utterance == utterance
        ]
        return np.concatenate(parts) if parts else np.zeros(0, np.float32)

    def made_at(self) -> list[int]:
        """The steps whose sound was heard, in order."""
        codes = np.rint(self.sound()[::FRAME_SAMPLES] * 1000).astype(int)
        return [int(code) - 20 for code in codes if code]

    def words(self) -> list[str]:
        return [event.text for event in self.of(AgentText)]

    def said(self) -> str:
        return "".join(self.words())

    def asked(self) -> list[NotesWanted]:
        return self.of(NotesWanted)

    def swaps(self) -> list[Prefilled]:
        """Those with which the same conversation went on."""
        return [event for event in self.of(Prefilled) if event.swapped and event.tail]

    def calls(self) -> list[str]:
        return [event.text for event in self.of(CallSpelled)]

    def ended(self) -> dict[int, int]:
        return {event.utterance: event.samples for event in self.of(UtteranceEnded)}


def persona(slug: str = "jarvis", text: str = "You are a butler.", **fields: Any) -> PersonaPrompt:
    return PersonaPrompt(slug=slug, name=slug.title(), text=text, **fields)
