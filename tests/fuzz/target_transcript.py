"""Saved transcripts: any name of a file, and any content, for the list and for forgetting."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from assistant.memory.deletion.erasure import strike, transcripts_of
from assistant.session.transcript_store import find_transcript, list_transcripts

NAME = "transcript"
_TEXT = b"""# Conversation

## Monday 2 March 2026, 19:05

**You** (19:05): My parrot is called Picasso.

**JARVIS** (19:05, interrupted): Indeed \xe2\x80\xa6

"""
SEEDS = [
    b"2026-03-02-190510.md\n" + _TEXT,
    b"2026-03-02-190510-2.md.sealed\n" + _TEXT,
    b"2026-99-99-999999.md\n" + _TEXT.replace(b"19:05", b"99:99"),
    b"0000-00-00-000000.md\n** ** (00:00)",
    b"\xd9\xa2\xd9\xa0\xd9\xa2\xd9\xa6-03-02-190510.md\n" + _TEXT,
]


def one(data: bytes) -> None:
    name, _, text = data.partition(b"\n")
    with tempfile.TemporaryDirectory(prefix="fuzz-") as place:
        folder = Path(place)
        (folder / "2026-03-01-190510.md").write_bytes(_TEXT)
        try:
            (folder / name.decode("utf-8", "surrogateescape").replace("/", "")).write_bytes(text)
        except (OSError, ValueError):
            return
        assert "2026-03-01-190510" in [info.id for info in list_transcripts(folder)]
        for info in list_transcripts(folder):
            assert find_transcript(info.id, folder) == info.path
            assert info.began < datetime.max
        if not any(path.name.endswith(".sealed") for path in transcripts_of(folder)):
            strike(folder, lambda said, minute: "picasso" in said.casefold())
            left = b"".join(path.read_bytes() for path in transcripts_of(folder))
            assert b"called Picasso" not in left or b"called Picasso" in text
