"""The tree of journals survives crashes, hand edits and strange files."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.memory.base import Memory, MemoryFailure
from assistant.memory.store.disk import sweep
from assistant.memory.store.journals import JournalTree
from tests.memory.samples import ID, kept, parrot, said

WRITER = """
import sys
from pathlib import Path
from assistant.memory.store.journals import JournalTree
from tests.memory.samples import parrot, said
tree, journal = JournalTree(Path(sys.argv[1])), parrot()
for number in range(5, 100_000):
    journal.turns.append(said(number, f"words of turn {number} " * 40, seconds=number))
    tree.write(journal)
    print(number, flush=True)
"""


def test_a_journal_is_found_again_in_the_folder_of_its_month(tmp_path: Path) -> None:
    tree = JournalTree(tmp_path / "journals")
    tree.write(parrot())
    path = tmp_path / "journals" / "2026" / "11" / f"{ID}.md"
    assert tree.path(ID) == path
    assert tree.ids() == [ID]
    assert tree.read(ID).journal == parrot()


def test_nobody_else_on_the_machine_can_read_them(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        tree = JournalTree(tmp_path / "journals")
        tree.write(parrot())
    finally:
        os.umask(before)
    path = tree.path(ID)
    assert path.stat().st_mode & 0o777 == 0o600
    for folder in (path.parent, path.parent.parent, tree.folder):
        assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment_it_loses_at_most_the_entry_being_written(
    tmp_path: Path, seed: int
) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(3)]
    time.sleep(random.Random(seed).uniform(0, 0.05))
    child.send_signal(signal.SIGKILL)
    told += child.communicate()[0].splitlines()
    last = max(int(line) for line in told if line.strip())
    parsed = JournalTree(tmp_path).read(ID)
    assert parsed.problems == []
    assert parsed.journal.memories == parrot().memories
    numbers = [turn.number for turn in parsed.journal.turns]
    assert numbers in ([*range(1, last + 1)], [*range(1, last + 2)])
    sweep(tmp_path)
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [f"{ID}.md"]


def test_a_full_disk_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree = JournalTree(tmp_path)
    tree.write(parrot())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    changed = parrot()
    changed.mood = "lost"
    with pytest.raises(MemoryFailure, match=r"cannot be written \(no space left"):
        tree.write(changed)
    assert tree.read(ID).journal == parrot()
    assert [path.name for path in tree.path(ID).parent.iterdir()] == [f"{ID}.md"]


def test_edits_by_hand_are_noticed(tmp_path: Path) -> None:
    tree = JournalTree(tmp_path)
    other = parrot()
    other.id = "2026-12-01T080000-glados"
    tree.write(parrot())
    tree.write(other)
    stamps = tree.stamps()
    assert tree.changed_since(stamps).changed == ()
    path = tree.path(ID)
    path.write_text(path.read_text().replace("Picasso.", "Picasso the Second."))
    tree.delete(other.id)
    changes = tree.changed_since(stamps)
    assert (changes.changed, changes.gone) == ((ID,), (other.id,))
    assert not (tmp_path / "2026" / "12").exists()


def test_a_moved_file_is_the_same_journal(tmp_path: Path) -> None:
    tree = JournalTree(tmp_path)
    tree.write(parrot())
    (tmp_path / "best of").mkdir()
    tree.path(ID).rename(tmp_path / "best of" / f"{ID}.md")
    tree.write(parrot())
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.md")] == [
        f"best of/{ID}.md"
    ]


def test_what_is_not_understood_is_told_with_file_and_line(tmp_path: Path) -> None:
    tree = JournalTree(tmp_path)
    tree.write(parrot())
    path = tree.path(ID)
    path.write_bytes(path.read_bytes().replace(b"Ada gives", b"\xe9Ada gives") + b"what?\n")
    (tmp_path / "shopping.md").write_text("- milk")
    told = [str(problem).removeprefix(str(tmp_path)) for problem in tree.problems()]
    assert told == [
        "/shopping.md: its name is none of a journal, so it is not read",
        f"/2026/11/{ID}.md:8: is not UTF-8 text; save it as UTF-8",
        f'/2026/11/{ID}.md:24: belongs to no entry; one looks like "1. **You** (19:05:03): Words."',
    ]
    assert tree.read(ID).journal.memories[1].text == "éAda gives a talk on Friday."


def test_what_is_no_journal_is_refused_in_plain_words(tmp_path: Path) -> None:
    tree = JournalTree(tmp_path)
    for id in ("../../etc/passwd", "notes", ID):
        with pytest.raises(MemoryFailure, match="there is no journal"):
            tree.read(id)


def test_an_entry_keeps_its_number_whatever_is_deleted(tmp_path: Path) -> None:
    tree = JournalTree(tmp_path)
    journal = parrot()
    journal.memories.append(kept(7, "Ada plays the cello.", 0))
    journal.turns.append(said(9, "Bye."))
    tree.write(journal)
    read: list[Memory] = tree.read(ID).journal.memories
    assert read[-1].id == f"{ID}/7"
