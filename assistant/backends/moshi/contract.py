"""What the Moshi backend asks of a framework: a language model, a codec, and what they share.

Positions. A conversation is a row of positions p = 0, 1, 2, … of 80 ms. Position p of the model's
input holds one text token and one audio token for each codebook, where a codebook with delay d
holds frame p − d (Défossez et al. 2024, "Moshi", section 3.4.4); position 0, and position p ≤ d of
a codebook with delay d, hold initial tokens. `step` number p runs position p, takes the user's
frame p and makes the text and the agent's column of position p + 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi.prompts.prompting import PromptPlan

Codes = NDArray[np.int64]
Progress = Callable[[str, float | None], None]
"""What is being done, in words, and how much of it, 0…1 or None."""

ChooseText = Callable[[int], int]
"""Given the text token that the model has chosen, the one to go on with (often the same)."""
FREE = -1
"""In a forced column: this codebook is the model's to choose."""

Quantization = Literal["none", "int8", "int4"]


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What callers need to know of a checkpoint."""

    agent_codebooks: int
    """Codebooks the model speaks with (`dep_q`): 8."""
    user_codebooks: int
    """Codebooks it hears (`n_q − dep_q`): 8; 32 for Kyutai's speech recognition."""
    delays: tuple[int, ...]
    """In positions: text, the agent's codebooks, the user's codebooks."""
    text_card: int
    """Text tokens; `text_card` itself is the initial one."""
    card: int
    """Codes of one codebook: 2048."""
    context: int
    """Positions that attention reaches back."""
    padding: int = 3
    """Text token: nothing is said in this frame."""
    end_of_padding: int = 0
    """Text token: the next frame begins a word."""
    extra_heads: int = 0

    @property
    def max_delay(self) -> int:
        return max(self.delays)


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are chosen. A temperature of 0 takes the likeliest."""

    temperature: float = 0.8
    text_temperature: float = 0.7
    top_k: int = 250
    top_k_text: int = 25


@dataclass(frozen=True, slots=True)
class Step:
    """What came out of one position."""

    text: int
    """Text token of position p + 1, after `ChooseText`."""
    audio: Codes | None
    """The agent's codes [agent_codebooks] of frame p + 1 − max_delay, undelayed; None while that
    frame is not complete (the first `max_delay` steps)."""
    heads: tuple[float, ...] = ()
    """First probability of each extra head (speech recognition: is there speech, is the turn
    over); empty where the model has none."""
    column: Codes | None = None
    """The agent's column [agent_codebooks] of position p + 1 as it stands there (delayed); None
    where the model does not speak."""


@dataclass(frozen=True, slots=True)
class KnownStep:
    """A step of which everything is known, so that another state can be taken through it."""

    user: Codes
    """[user_codebooks]: the frame that it heard."""
    text: int
    """Of the next position, and…"""
    column: Codes
    """…the agent's column there, delayed: [agent_codebooks]."""


class Snapshot(Protocol):
    """A state that can be put back, any number of times, into the model that made it."""

    @property
    def positions(self) -> int:
        """Positions that were run before it was taken."""

    @property
    def nbytes(self) -> int:
        """Memory it holds, in bytes."""


class PromptPrefill(Protocol):
    """A prompt on its way through the model, on a state of its own beside the conversation's."""

    @property
    def done(self) -> bool: ...

    def advance(self) -> None:
        """Run the next chunk of positions in one pass; does nothing when done."""

    def snapshot(self) -> Snapshot:
        """The state after the prompt. Only when `done`."""


class Replay(Protocol):
    """A state beside the conversation's that is taken through known steps: what was said lately
    follows a prompt."""

    @property
    def waiting(self) -> int:
        """Steps that were added and have not been run."""

    def add(self, steps: Sequence[KnownStep]) -> None:
        """These come next; nothing is run yet."""

    def advance(self) -> None:
        """Run the next chunk of positions in one pass; does nothing where none wait."""

    def snapshot(self) -> Snapshot:
        """The state after all that was added; what still waits is run first. It equals the state
        after the same steps were forced one by one."""


class LanguageModel(Protocol):
    """Temporal transformer and depformer with one conversation's state. One thread drives it."""

    shape: ModelShape
    label: str
    """For the status line: "moshiko int8 · cuda"."""

    def step(
        self, user: Codes, choose_text: ChooseText | None = None, audio: Codes | None = None
    ) -> Step:
        """Run one position. `user` [user_codebooks]; `audio` [agent_codebooks] forces the agent's
        column of position p + 1, as it stands there (delayed), `FREE` where the model chooses.

        Where no codebook is free, the depformer is not run. Never refuses a position, however
        long the conversation: what lies further back than `context` is forgotten.
        """

    def prefill(self, prompt: PromptPlan, chunk: int = 128) -> PromptPrefill:
        """Begin to run a prompt of M frames, `chunk` positions a pass, without depformer and
        heads; what is said meanwhile is not touched.

        Its snapshot equals the state after M − 1 forced steps from a fresh start: the next
        `step` runs position M − 1.
        """

    def extend(self, frames: PromptPlan) -> list[Codes]:
        """Run known frames in one pass on the conversation's own state, as if they had been
        forced step by step: context that is known from now on, not spoken. Returns the agent's
        column that each of them left."""

    def replay(self, snapshot: Snapshot, chunk: int = 128) -> Replay:
        """Begin to take a snapshot of this model through known steps, `chunk` positions a pass;
        neither the snapshot nor what is said meanwhile is touched."""

    def snapshot(self) -> Snapshot: ...

    def put_back(self, snapshot: Snapshot) -> None: ...

    def reset(self) -> None:
        """Begin anew at position 0."""

    def set_sampling(self, sampling: Sampling) -> None: ...

    def seed(self, seed: int) -> None: ...

    def warm_up(self) -> None:
        """Compile, capture graphs; leaves the state fresh."""


class Codec(Protocol):
    """Mimi, both ways, streaming, one frame at a time (Défossez et al. 2024, section 3.3)."""

    codebooks: int
    """Codes of one encoded frame: 8, or 32 where speech recognition listens too."""

    def encode(self, frame: Float32) -> Codes:
        """float32 [1920] → [codebooks]."""

    def decode(self, codes: Codes) -> Float32:
        """[agent codebooks] → float32 [1920]."""

    def reset_encoder(self) -> None: ...

    def reset_decoder(self) -> None: ...


class TextTokenizer(Protocol):
    """Kyutai's SentencePiece vocabulary."""

    def encode(self, text: str) -> list[int]: ...

    def piece(self, token: int) -> str:
        """With "▁" where a word begins."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """How to load a model, from the config's `[backend.moshi]` table."""

    device: str = "auto"
    """`auto`, `cuda`, `cuda:1`, `cpu` (torch); MLX knows `auto` and `cpu`."""
    dtype: Literal["bfloat16", "float16", "float32"] = "bfloat16"
    quantize: Quantization = "none"
    context: int | None = None
    """Positions; None: as the checkpoint says."""
    sampling: Sampling = Sampling()
    seed: int | None = None
    cuda_graphs: bool = True


CheckpointKind = Literal["moshi", "personaplex", "stt"]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Published weights on this machine's disk, and what their configuration says."""

    model: Path
    mimi: Path
    tokenizer: Path
    config: dict[str, Any]
    """Arguments of the language model only; names of files and the like are taken out."""
    kind: CheckpointKind
    name: str
    """For people: "moshiko-mlx-q8"."""
    mimi_config: dict[str, Any] | None = None
    """None: Mimi's published shape."""
    format: Literal["pytorch", "mlx"] = "pytorch"
    """Whose names the weights have: moshi's, or moshi_mlx's."""
    stored: Quantization = "none"
    """How the file itself is quantised (mlx: q8 is int8, q4 is int4)."""
    voices: Path | None = None
    """Folder of the checkpoint's own voices."""
    delay_seconds: float = 0.0
    """Speech recognition: how far the words lag behind the sound."""


# Kyutai's text vocabulary: a SentencePiece model beside the weights.


class SentencePieces:
    """See `contract.TextTokenizer`."""

    def __init__(self, processor: Any) -> None:
        self._processor = processor

    def encode(self, text: str) -> list[int]:
        return [int(token) for token in self._processor.encode(text)]

    def piece(self, token: int) -> str:
        """Of the initial token, which the vocabulary does not hold, nothing."""
        if not 0 <= token < self._processor.get_piece_size():
            return ""
        return str(self._processor.id_to_piece(token))


def load_tokenizer(path: Path) -> TextTokenizer:
    """Raises `BackendError` where the file is missing or no SentencePiece model."""
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError as error:
        raise BackendError(
            f"The text tokenizer cannot be used here: {error}.", "Run: pip install sentencepiece"
        ) from error
    if not path.is_file():
        raise BackendError(f"{path} is missing.", "Download it: assistant models pull")
    try:
        processor = SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError) as error:
        raise BackendError(
            f"{path.name} is no whole SentencePiece model.",
            "Download the checkpoint again: assistant models pull",
        ) from error
    return SentencePieces(processor)
