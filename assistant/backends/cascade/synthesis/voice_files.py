"""Which files of a voice cache are ours: what may be deleted there, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from assistant.private_files import plain_files

SUFFIX = ".voice"
"""Of a rendered clause."""
_LEFT_OVER = re.compile(r"\..+\.voice\.[0-9a-f.-]+(?:\.tmp)?")
"""What a crash left of one."""


def voice_files(folder: Path) -> Iterator[Path]:
    """Rendered clauses below the folder, and what a crash left of them; through no link."""
    for path in plain_files(folder):
        if path.suffix == SUFFIX or _LEFT_OVER.fullmatch(path.name):
            yield path
