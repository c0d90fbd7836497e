"""What is forgotten is in no byte of any file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from assistant.memory.base import Claim
from assistant.memory.retrieval.index import SqliteIndex
from tests.memory.material import journal, remember

SECRETS = (b"quixotry", b"zephyrine", b"obelisk", b"quixotri", b"zephyrin")
"""As they were said, and as the word lists hold them."""


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir()).lower()


def filled(folder: Path) -> SqliteIndex:
    """With one conversation that will be forgotten, among many."""
    index = SqliteIndex(folder / "index.db")
    for number in range(120):
        index.update(journal(f"{number}", [f"We spoke of harbour {number}.", "And of tea."]))
        if number == 60:
            kept = journal("secret", ["My quixotry is great.", "How zephyrine!", "Truly."])
            claim = Claim("zephyrine", "obelisk", "quixotry")
            remember(kept, "An obelisk of quixotry.", claim=claim, people=("Zephyrine",))
            index.update(kept)
    return index


def present(folder: Path) -> list[bytes]:
    held = bytes_of(folder)
    return [secret for secret in SECRETS if secret in held]


def test_the_words_were_there_before(tmp_path: Path) -> None:
    """Or the tests below would show nothing."""
    index = filled(tmp_path)
    assert len(present(tmp_path)) == len(SECRETS)
    index.close()


@pytest.mark.parametrize("way", ["remove", "clear", "update", "rebuild"])
def test_no_byte_of_it_stays_while_the_index_is_open(tmp_path: Path, way: str) -> None:
    index = filled(tmp_path)
    index.search("quixotry")
    match way:
        case "remove":
            index.remove("secret")
        case "clear":
            index.clear()
        case "update":
            index.update(journal("secret"))
        case _:
            index.rebuild([journal("1", ["Of harbour and tea."])])
    assert present(tmp_path) == []
    assert (way == "clear") != (b"harbour" in bytes_of(tmp_path))
    index.close()
    assert present(tmp_path) == []


def test_one_turn_that_is_taken_out_goes_from_its_neighbours_too(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    kept = journal("a", ["One.", "Two quixotry.", "Three."])
    index.update(kept)
    del kept.turns[1]
    index.update(kept)
    assert present(tmp_path) == []
    assert index.search("quixotry", limit=1)[:1] != ["a#2"]


def test_a_turn_that_was_edited_leaves_nothing_of_what_it_said(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    kept = journal("a", ["I like quixotry."])
    index.update(kept)
    kept.turns[0] = replace(kept.turns[0], text="I like tea.")
    index.update(kept)
    assert present(tmp_path) == []
