"""`assistant plain`, as a person runs it, with the scripted persona and no language model."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def plain(home: Path, *lines: str, options: tuple[str, ...] = ()) -> str:
    """What it prints when these lines are typed into it."""
    environ = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("DATA", "CACHE", "STATE")}
    done = subprocess.run(
        [sys.executable, "-m", "assistant", "plain", "--backend", "echo", *options],
        input="\n".join(lines) + "\n",
        env={
            **os.environ,
            **environ,
            "XDG_CONFIG_HOME": str(home),
            "ASSISTANT_BRAIN__KIND": "scripted",
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout


def test_a_parrots_name_is_known_and_in_the_journal_when_it_ends(tmp_path: Path) -> None:
    told = "remember that my parrot is called Picasso"
    answers = plain(tmp_path, told, "what is my parrot called?")
    assert "Picasso" in answers.partition("what is my parrot called?")[2]
    [journal] = tmp_path.rglob("journals/**/*.md")
    assert "- The user's parrot is called Picasso." in journal.read_text("utf-8")


def test_a_private_conversation_leaves_no_trace(tmp_path: Path) -> None:
    plain(tmp_path, "remember that my parrot is called Picasso", options=("--private",))
    held = [p for p in tmp_path.rglob("*") if p.is_file() and b"Picasso" in p.read_bytes()]
    assert held == []
    assert list(tmp_path.rglob("*.md")) == []


def test_what_stands_or_falls_with_what_is_forgotten_is_asked_about_first(tmp_path: Path) -> None:
    """All three were said in one breath, and that goes with each of them."""
    told = "I work as a nurse in Oslo, and my sister Grace lives in Bergen."
    answers = plain(tmp_path, told, "forget my sister", "no")
    asked = answers.partition("forget my sister")[2].splitlines()[1]
    assert "a nurse in Oslo" in asked
    assert "Shall I forget them all?" in asked
    [journal] = tmp_path.rglob("journals/**/*.md")
    assert "nurse in Oslo" in journal.read_text("utf-8")

    plain(tmp_path, "forget my sister", "yes")
    assert not any(
        word in path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
        for word in (b"Grace", b"Bergen", b"nurse")
    )
