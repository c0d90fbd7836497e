"""Mimi in Rust (`rustymimi`): fast on a processor, but only in its published shape.

Encoding and decoding are two tokenizers. One would be reset as a whole, and decodes only as many
codebooks as it encodes.

Limits of the package (0.4.1) that are worked round, each found by running it:

- It keeps every position for ever, 65 kB a frame, though it looks back over ten seconds only. A
  stream is therefore begun anew every few minutes, in a silence where there is one.
- Its table of positions has a fixed length, by default 5.5 minutes of sound, past which every call
  fails, and `reset` does not go back to its beginning. Here it is longer, and the tokenizer is
  loaded again before its end.
- `reset` leaves the encoder's last layer as it was, so that the first frame after it would hear
  what was before: an encoder that shall forget is loaded again.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.header import stored_codebooks
from assistant.backends.moshi.contract import Codes
from assistant.frames import FRAME_SAMPLES

AGENT_CODEBOOKS = 8
POSITIONS_PER_FRAME = 2
"""Mimi's transformers work at 25 Hz."""
TABLE = 32768
"""Frames until a tokenizer is loaded again: 43 minutes, for a table of 30 MB."""
RUN = 3000
"""Frames until a stream is begun anew at the latest: 4 minutes, 200 MB."""
SILENCE = 0.003
"""Peak below which nobody hears that a stream begins anew: −50 dB."""


class RustyCodec:
    """See `contract.Codec`. Both directions let other threads run meanwhile."""

    def __init__(
        self, path: Path, codebooks: int = AGENT_CODEBOOKS, table: int = TABLE, run: int = RUN
    ) -> None:
        self.codebooks = codebooks
        self._encoder = _Stream(path, codebooks, table, run)
        self._encoder.load()
        # Whoever only listens, or encodes a voice, needs no second copy of the weights.
        self._decoder = _Stream(path, AGENT_CODEBOOKS, table, run)
        self._quiet = True

    def encode(self, frame: Float32) -> Codes:
        if frame.shape != (FRAME_SAMPLES,):
            raise ValueError(f"a frame is {FRAME_SAMPLES} samples, not {frame.shape}")
        tokenizer = self._encoder.next(_silent(frame))
        samples = np.ascontiguousarray(frame, np.float32)[None, None]
        column: Codes = _done(tokenizer.encode_step, samples)[0, :, 0].astype(np.int64)
        return column

    def decode(self, codes: Codes) -> Float32:
        if codes.shape != (AGENT_CODEBOOKS,):
            raise ValueError(f"a frame is {AGENT_CODEBOOKS} codes, not {codes.shape}")
        tokenizer = self._decoder.next(self._quiet)
        frame: Float32 = _done(tokenizer.decode_step, codes.astype(np.uint32)[None, :, None])[0, 0]
        self._quiet = _silent(frame)
        return frame

    def reset_encoder(self) -> None:
        if self._encoder.used:
            self._encoder.load()

    def reset_decoder(self) -> None:
        self._decoder.clear()
        self._quiet = True


class _Stream:
    """One direction's tokenizer, and how much it has taken in."""

    def __init__(self, path: Path, codebooks: int, table: int, run: int) -> None:
        self._path, self._codebooks, self._table, self._run = path, codebooks, table, run
        self._tokenizer: Any = None
        self.used = 0
        """Frames since it was loaded."""
        self._since = 0
        """Frames since it began anew."""

    def load(self) -> None:
        self._tokenizer = None  # two would not always find room
        self._tokenizer = _load(self._path, self._codebooks, self._table)
        self.used = self._since = 0

    def clear(self) -> None:
        if self._tokenizer is not None and self._since:
            self._tokenizer.reset()
        self._since = 0

    def next(self, quiet: bool) -> Any:
        """The tokenizer, ready for one more frame; `quiet`: nobody would hear a new beginning."""
        if self._tokenizer is None or self._full(self.used, self._table, quiet):
            self.load()
        elif self._full(self._since, self._run, quiet):
            self.clear()
        self.used += 1
        self._since += 1
        return self._tokenizer

    @staticmethod
    def _full(frames: int, limit: int, quiet: bool) -> bool:
        return frames >= limit or (quiet and frames >= 0.75 * limit)


def _load(path: Path, codebooks: int, table: int) -> Any:
    try:
        from rustymimi import Tokenizer
    except ImportError as error:
        raise BackendError(
            f"The codec rustymimi cannot be used here: {error}.",
            "Run: assistant setup moshi-mlx, or pip install rustymimi (Python 3.13 or older)",
        ) from error
    stored_codebooks(path, codebooks)
    try:
        return Tokenizer(
            str(path), num_codebooks=codebooks, max_seq_len=table * POSITIONS_PER_FRAME
        )
    except ValueError as error:
        raise BackendError(
            f"{path.name} cannot be loaded as Mimi with {codebooks} codebooks: {_reason(error)}",
            "rustymimi knows Mimi's published shape only: download the checkpoint again with "
            "assistant models pull",
        ) from error


def _done(step: Any, argument: Any) -> Any:
    try:
        result = step(argument)
    except ValueError as error:
        raise BackendError(
            f"The codec failed: {_reason(error)}", "Start the conversation again."
        ) from error
    if result is None:
        raise BackendError("The codec gave nothing for a frame.", "Start the conversation again.")
    return result


def _silent(frame: Float32) -> bool:
    return bool(np.abs(frame).max() < SILENCE)


def _reason(error: ValueError) -> str:
    """Without the backtrace that Rust puts behind it."""
    return str(error).strip().splitlines()[0]
