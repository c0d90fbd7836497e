"""The head of a journal, and the line in brackets below a memory."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from assistant.memory.base import Journal
from assistant.memory.journal.escaping import escape_block, split, unescape_block
from assistant.memory.journal.front_matter import (
    as_list,
    as_text,
    read_front,
    read_head,
    write_front,
)
from assistant.memory.journal.provenance import (
    looks_like_trailer,
    next_number,
    read_trailer,
    to_the_second,
    write_trailer,
)

NAME = "trailer"
SEEDS = [
    b"(personal; turn 1; confidence 0.9; claim user | parrot's name | Picasso; no 1)",
    b"(relational; people Grace, A\\, B; topics x; persona hal; replaced by no 7; id a/b)",
    b"(at 2026-11-21T19:05:09+01:00; turn 99999999999999; confidence -1e999; no 9999999999999)",
    b"---\ntime: \"2026-11-21T19:05:03+01:00\"\npersona: x\ntopics: [\"a\", 'b''c', d]\n---",
    b'---\nended: 99999-01-01\ntime: 10000000000000000000000\nwho: ["\\ud800", [, "]\n---\n## x',
]
_AT = datetime(2026, 11, 21, 19, 5, 3, tzinfo=UTC)


def one(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    lines = text.split("\n")
    journal = Journal("2026-11-21T190503-jarvis", _AT, "jarvis")
    for line in lines[:50]:
        if looks_like_trailer(line):
            memory, _ = read_trailer(line, "Something.", journal)
            again, problems = read_trailer(write_trailer(memory, journal), "Something.", journal)
            assert (again, problems) == (replace(memory, at=to_the_second(memory.at)), [])
            journal.memories.append(memory)
            next_number(journal)
    front, _ = read_front(lines)
    head = read_head(front, journal.id)
    values = {key: value for key, (_, value) in front.values.items()}
    for value in values.values():
        as_text(value)
        as_list(value)
    write_front(values)
    assert head.began.tzinfo is not None
    if not any("\ud800" <= char <= "\udfff" for char in text):
        assert unescape_block(escape_block(text.strip())) is not None
    split(text, ";")
