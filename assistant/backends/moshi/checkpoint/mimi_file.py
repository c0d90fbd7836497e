"""What a file of Mimi's weights holds, told from its header, for every framework alike."""

from __future__ import annotations

import re
from pathlib import Path

from assistant.backends.base import BackendError
from assistant.backends.moshi.checkpoint.header import read_header

_CODEBOOK = re.compile(r"quantizer\.rvq_(first|rest)\.vq\.layers\.\d+\._codebook\.embedding_sum")


def stored_codebooks(path: Path, wanted: int) -> int:
    """Codebooks in the file. Raises `BackendError` where it is missing, damaged, not Mimi or has
    fewer than `wanted`."""
    if not path.is_file():
        raise BackendError(f"{path} is missing.", "Download it: assistant models pull")
    stored = sum(_CODEBOOK.fullmatch(name) is not None for name in read_header(path))
    if not stored:
        raise BackendError(
            f"{path} holds no Mimi codec.", "Download the checkpoint again: assistant models pull"
        )
    if wanted > stored:
        raise BackendError(
            f"{path.name} has {stored} codebooks, not {wanted}.",
            "Use the Mimi that was published with the speech recognition's weights.",
        )
    return stored
