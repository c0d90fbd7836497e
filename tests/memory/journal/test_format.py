"""A journal is a file that a person reads and edits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.journal.format import parse, render
from tests.memory.samples import BEGAN, ID, anything, awkward, journals, parrot

FILE = """\
---
time: "2026-11-21T19:05:03+01:00"
ended: "2026-11-21T19:07:03+01:00"
persona: jarvis
who: Ada
topics: [parrots, the talk]
mood: cheerful
commitments: [Ada gives a talk on Friday]
---

## What mattered

- Ada's parrot is called Picasso.
  (personal; turn 1; confidence 0.9; claim user | parrot's name | Picasso; topics pets; no 1)
- Ada gives a talk on Friday.
  (temporal; turn 3; confidence 0.8; no 2)

## What was said

1. **You** (19:05:09): My parrot is called Picasso.
2. **Jarvis** (19:05:15): Picasso: a painter's name!
3. **You** (19:05:21): On Friday I give a talk.
4. **Jarvis** (19:05:27): I wish you luck.
"""


def test_the_file_is_pleasant_to_read() -> None:
    assert render(parrot()) == FILE
    assert parse(FILE, ID).journal == parrot()


@given(journals())
def test_whatever_is_said_is_read_back_as_it_was(journal: Journal) -> None:
    text = render(journal)
    text.encode("utf-8")  # half a character pair may be said, but must not break the file
    parsed = parse(text, ID)
    assert parsed.journal == journal
    assert parsed.problems == []
    assert parsed.extra == []


@given(st.lists(st.one_of(awkward, anything, st.sampled_from(FILE.splitlines(True)))).map("".join))
def test_no_file_is_so_broken_that_it_is_an_error_or_loses_a_word(text: str) -> None:
    """What is not understood is kept, and reading again what was written finds the same."""
    parsed = parse(text, ID)
    again = parse(render(parsed.journal, parsed.front, parsed.extra), ID)
    assert again.journal == parsed.journal
    kept, before = [list(filter(str.strip, each.extra)) for each in (again, parsed)]
    assert kept == before


def test_a_line_that_a_person_adds_is_a_memory_of_full_confidence() -> None:
    text = FILE.replace("## What was said", "* I play the cello,\n  badly\n\n## What was said")
    added = parse(text, ID).journal.memories[-1]
    assert (added.text, added.confidence, added.turn) == ("I play the cello,\nbadly", 1, 0)
    assert (added.at, added.persona, added.journal) == (BEGAN, "jarvis", ID)
    moved = FILE.replace("## What mattered\n", "## What mattered\n\n- I play the cello,\n badly\n")
    assert parse(moved, ID).journal.memories[0].id == added.id


def test_words_in_brackets_are_words() -> None:
    text = FILE.replace("\n- Ada gives", "\n- Grace\n  (the sister; from Rome)\n- Ada gives")
    assert parse(text, ID).journal.memories[1].text == "Grace\n(the sister; from Rome)"


def test_broken_lines_are_told_with_their_number_and_kept() -> None:
    text = (
        FILE.replace("confidence 0.9", "confidence lots")
        .replace("2. **Jarvis** (19:05:15)", "2 Jarvis")
        .replace("ended: ", "ended: yesterday #")
        .replace("mood: cheerful", "mood cheerful")
    )
    parsed = parse(text, ID)
    assert [(problem.line, problem.what.split(";")[0]) for problem in parsed.problems] == [
        (3, '"ended" is no time like 2026-11-21T19:05:03+01:00'),
        (7, 'is no "key: value"'),
        (14, '"confidence lots" is no number from 0 to 1'),
        (21, "belongs to no entry"),
    ]
    assert [turn.number for turn in parsed.journal.turns] == [1, 3, 4]
    assert len(parsed.journal.memories) == 2
    written = render(parsed.journal, parsed.front, parsed.extra)
    _, _, unclear = written.partition("\n## Not understood\n\n")
    lines = unclear.strip().split("\n")
    assert len(lines) == 4
    assert lines[0] == "mood cheerful"
    assert lines[1].startswith("ended: yesterday #")
    assert lines[2] == "2 Jarvis: Picasso: a painter's name!"
    assert "confidence lots" in lines[3]
    again = parse(written, ID)
    assert again.problems == []
    assert render(again.journal, again.front, again.extra) == written


def test_a_number_that_stands_there_twice_loses_no_turn() -> None:
    parsed = parse(FILE.replace("3. **You**", "2. **You**"), ID)
    assert [turn.number for turn in parsed.journal.turns] == [1, 2, 3, 4]
    assert [(each.line, each.what) for each in parsed.problems] == [
        (22, "there is a turn 2 already")
    ]


@pytest.mark.parametrize(
    "time",
    [
        "99999999999999999999:05:03",
        "9" * 5000,
        "24:00:00",
        "-1:05:03",
        "19:05:03:99",
        "99999-11-21T19:05:03+01:00",
        "2026-11-21T19:05:03+99:00",
        "2026-11-21T19:05:03+25:00",
        "T",
        "\u0661\u0669:99:03",
    ],
)
def test_a_time_that_is_none_costs_only_itself(time: str) -> None:
    text = FILE.replace("3. **You** (19:05:21)", f"3. **You** ({time})")
    assert time in text
    parsed = parse(text, ID)
    problems = [each for each in parsed.problems if each.line == 22]
    assert [turn.text for turn in parsed.journal.turns] == [t.text for t in parrot().turns]
    if problems:
        assert time in render(parsed.journal, parsed.front, parsed.extra)


@pytest.mark.parametrize(
    "line",
    [
        "a" + " " * 500_000,
        "a" + " " * 500_000 + "b",
        "topics: [" + "a" + " " * 500_000 + "'",
        "topics: [" + "'" * 50_000 + "x]",
        "topics: " + "[" * 500_000,
        'who: "' + "\\" * 500_001 + '"',
        "k" * 1_000_000 + ": x",
    ],
    ids=range(7),
)
def test_a_head_of_any_length_is_read_in_a_moment(line: str) -> None:
    parsed = parse(FILE.replace("who: Ada", f"who: Ada\n{line}"), ID)
    assert parsed.journal.turns == parrot().turns


def test_many_copies_of_a_line_are_memories_of_their_own() -> None:
    lines = "\n".join(["- A line.", "  (personal; no 1)"] * 20_000)
    memories = parse(f"---\n---\n## What mattered\n\n{lines}\n", ID).journal.memories
    assert len({memory.id for memory in memories}) == 20_000


def test_what_a_person_adds_for_themselves_stays() -> None:
    text = FILE.replace("who: Ada", "tags:\n  - pets\n  - talks\nwho: Ada")
    text += "\n## My notes\n\nAsk about *Friday*.\n\n## More\n- x\n"
    parsed = parse(text, ID)
    assert parsed.problems == []
    written = render(parsed.journal, parsed.front, parsed.extra)
    assert "tags:\n  - pets\n  - talks\n" in written
    assert written.endswith("\n## My notes\n\nAsk about *Friday*.\n\n## More\n\n- x\n")
    assert parsed.journal == parrot()


def test_lists_and_quotes_as_other_editors_write_them() -> None:
    text = FILE.replace("[parrots, the talk]", "\n  - parrots\n  - 'Ada''s talk'")
    text = text.replace("who: Ada", "who: 'Ada'").replace("\n", "\r\n")
    journal = parse("\ufeff" + text, ID).journal
    assert journal.topics == ["parrots", "Ada's talk"]
    assert journal.who == "Ada"
    assert journal.turns == parrot().turns


def test_an_empty_file_is_a_journal_of_which_only_the_name_is_known() -> None:
    parsed = parse("", ID)
    assert (parsed.journal.persona, parsed.journal.turns) == ("jarvis", [])
    assert [problem.line for problem in parsed.problems] == [1]


@pytest.mark.parametrize("id", ["notes", "../2026-11-21T190503-jarvis", "2026-11-21T190503-", ""])
def test_a_name_that_is_no_journals_is_refused(id: str) -> None:
    with pytest.raises(MemoryFailure, match="not the name of a journal"):
        parse(FILE, id)
