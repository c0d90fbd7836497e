"""What `assistant memory import` is given: a zip, or the JSON in one."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from pathlib import Path

from assistant.memory.base import MemoryFailure
from assistant.memory.export import JSON, journals_in
from assistant.memory.journal.format import render
from assistant.memory.journal.front_matter import is_journal_id
from tests.fuzz.target_journal import ID, WHOLE

NAME = "import"
_PAGE = f"journals/2026/11/{ID}.md"
_TURN = {"number": 1, "side": "user", "name": "You", "text": "Hi.", "at": "2026-11-21T19:05:03Z"}
_MEMORY = {
    "id": f"{ID}/1", "text": "Ada keeps bees.", "category": "personal",
    "at": "2026-11-21T19:05:03+01:00", "persona": "jarvis", "turn": 1, "journal": ID,
    "claim": {"subject": "user", "attribute": "keeps", "value": "bees"}, "topics": ["bees"],
}  # fmt: skip
_ALL = {
    "format": "assistant-memory-1",
    "made": "2026-11-21T19:05:03+01:00",
    "journals": [
        {"id": ID, "began": "2026-11-21T19:05:03+01:00", "persona": "jarvis", "who": "Ada",
         "memories": [_MEMORY], "turns": [_TURN]}
    ],
}  # fmt: skip


def packed(*files: tuple[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", how) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return made.getvalue()


_JSON = json.dumps(_ALL).encode()
SEEDS = [
    packed((_PAGE, WHOLE.encode()), (JSON, _JSON)),
    packed((_PAGE, WHOLE.encode()), how=zipfile.ZIP_STORED),
    packed((JSON, _JSON), how=zipfile.ZIP_STORED),
    packed((_PAGE, b"x"), how=zipfile.ZIP_BZIP2),
    packed((_PAGE, b"x"), how=zipfile.ZIP_LZMA),
    packed(("../../x.md", b"x"), ("/etc/x", b"x"), ("C:\\x", b"x")),
    packed((_PAGE, b"0" * 5_000_000)),
    _JSON,
    _JSON.replace(b'"number": 1', b'"number": -1'),
    _JSON.replace(b'"number": 1', b'"number": ' + b"7" * 5000),
    _JSON.replace(b'"text": "Hi."', b'"text": NaN'),
    b'{"format": "assistant-memory-1", "journals": ' + b"[" * 100_000,
]


def one(data: bytes) -> None:
    """What is no zip is taken for the JSON in one, so that changes reach it."""
    if not data.startswith(b"PK"):
        data = packed((JSON, data), how=zipfile.ZIP_STORED)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        file = Path(folder) / "memory.zip"
        file.write_bytes(data)
        try:
            journals = journals_in(file)
        except MemoryFailure as failure:
            told = failure.message
        else:
            told = ""
        assert told.startswith(f"{file}: " if told else ""), told
        if told:
            return
        for journal in journals:
            assert is_journal_id(journal.id)
            assert all(turn.number > 0 and turn.at.tzinfo for turn in journal.turns)
            render(journal)
        assert [path.name for path in Path(folder).rglob("*")] == ["memory.zip"]
