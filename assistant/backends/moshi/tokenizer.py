"""Kyutai's text vocabulary: a SentencePiece model beside the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from assistant.backends.base import BackendError
from assistant.backends.moshi.contract import TextTokenizer


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
