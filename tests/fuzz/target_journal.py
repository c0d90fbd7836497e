"""Journals: whatever is in a file, it is read, told with its lines, and not rewritten away."""

from __future__ import annotations

from assistant.memory.journal.format import parse, render

NAME = "journal"
ID = "2026-11-21T190503-jarvis"
WHOLE = """---
time: "2026-11-21T19:05:03+01:00"
ended: "2026-11-21T19:35:03+01:00"
persona: jarvis
who: Ada
topics: [parrots, "a, b"]
commitments:
  - "Ada gives a talk"
mine: yes
---

## What mattered

- Ada's parrot is called Picasso.
  (personal; turn 1; confidence 0.9; claim user | parrot's name | Picasso; no 1)
- Grace is Ada's sister.
  (relational; turn 1; people Grace, Ada; topics family; at 2026-11-21T19:05:09+01:00; no 2)
- Something by hand,
  on two lines.

## What was said

1. **You** (19:05:03): My parrot is called Picasso.
2. **Jarvis** (19:05:09, agent): A painter's name!
   And more.
3. **You** (2026-11-22T00:05:09+01:00): Good night.

## Notes of mine

Whatever.
"""
SEEDS = [
    WHOLE.encode(),
    WHOLE.replace("19:05:03)", "99999999999999999999:05:03)").encode(),
    b"---\n---\n## What was said\n\n1. **You** (25:61:61): x\n1. **You** (aa): y\n",
    b"## What mattered\n- a\n  (turn 99999999999; confidence nan; no 99999999999)\n",
    b"---\ntime: 9999-12-31T23:59:59-23:59\nended: 0001-01-01T00:00:00+23:59\n---\n",
    b"\xef\xbb\xbf---\r\ntime: [[[[\r\n---\r\n\r\n## Not understood\r\n\\## x\r\n",
]


def one(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape")
    parsed = parse(text, ID)
    assert all(problem.line >= 0 for problem in parsed.problems)
    again = parse(render(parsed.journal, parsed.front, parsed.extra), ID)
    assert [turn.text for turn in again.journal.turns] == [
        turn.text for turn in parsed.journal.turns
    ]
    assert [m.text for m in again.journal.memories] == [m.text for m in parsed.journal.memories]
