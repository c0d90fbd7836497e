"""Other programs' tools by voice: the real program, its sound card, servers that others wrote, or
the tests' own where those are not installed. No language model."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from assistant.adapters.known import PRESETS
from assistant.config.editing import set_table
from tests.adapters import servers
from tests.e2e.conftest import Room, furnished, loudness
from tests.e2e.terminal import ROOT, Terminal
from tests.processes import until

pytest.importorskip("mcp")
pytestmark = [
    pytest.mark.sound,
    pytest.mark.weights,
    pytest.mark.xdist_group("sound"),
    pytest.mark.timeout(240),
]

Say = Callable[[str], Path]


def installed(find: Callable[[str], list[str]], name: str) -> list[str] | None:
    try:
        return find(name)
    except pytest.skip.Exception:
        return None


def notes(folder: Path) -> dict[str, Any]:
    """A vault with a note about a guitar, in the settings that `assistant adapters add` writes."""
    vault = folder / "vault"
    vault.mkdir()
    (vault / "Music.md").write_text("The guitar is in the attic.\n")
    (vault / "Tea.md").write_text("Nothing but tea.\n")
    table = PRESETS["obsidian"].filled({"vault": str(vault)})
    command = installed(servers.python_server, "light-obsidian-mcp")
    own = {"command": [sys.executable, "-m", "tests.adapters.server"], "cwd": str(ROOT)}
    return {**table, **({"command": command} if command else own)}


def files(folder: Path) -> dict[str, Any] | None:
    command = installed(servers.node_server, "server-filesystem")
    downloads = folder / "Downloads"
    downloads.mkdir()
    (downloads / "walnuts.txt").write_text("x")
    table = PRESETS["filesystem"].filled({"folder": str(downloads)})
    return {**table, "command": [*command, str(downloads)]} if command else None


@pytest.fixture(scope="module")
def talk(
    tmp_path_factory: pytest.TempPathFactory, cache: Path, spoken: Say
) -> Iterator[tuple[Room, Terminal]]:
    spoken("Hello.")  # joins the weights, which the program finds then
    folder = tmp_path_factory.mktemp("adapters")
    with furnished(folder, cache) as room:
        settings = folder / "config" / "assistant" / "config.toml"
        settings.parent.mkdir(parents=True)
        for name, table in (("notes", notes(folder)), ("files", files(folder))):
            if table is not None:
                set_table(f"adapters.{name}", table, settings)
        app = room.open()
        until(lambda: bool(room.home.turns("JARVIS")), "JARVIS has greeted", app.screen)
        app.until_at_rest()
        yield room, app


def answered(room: Room, app: Terminal, question: Path) -> str:
    """Speak, wait, and give what was said in return."""
    before = len(room.home.turns("JARVIS"))
    room.card.speak(question)
    until(lambda: len(room.home.turns("JARVIS")) > before, "it has answered", app.screen)
    app.until_at_rest()
    return " ".join(room.home.turns("JARVIS")[before:])


ASKED = (
    "Search my notes for guitar.",
    "What do my notes say about guitar?",
    "Please look in my notes for guitar.",
)
"""Whoever is misunderstood says it once more, and otherwise."""


def test_notes_are_searched_by_voice(talk: tuple[Room, Terminal], spoken: Say) -> None:
    room, app = talk
    said = ""
    for asked in ASKED:
        with room.recording("answer") as sound:
            said = answered(room, app, spoken(asked))
        # The vault's server tells which notes have the word, ours what they say.
        if "Music" in said or "attic" in said:
            break
    else:
        pytest.fail(f"{room.home.turns('You')} → {said}")
    assert loudness(sound) > 0.1 * len(said.split())


def test_a_folder_is_listed_by_voice(talk: tuple[Room, Terminal], spoken: Say) -> None:
    room, app = talk
    servers.node_server("server-filesystem")  # skips where it is not there
    assert "walnuts" in answered(room, app, spoken("What is in my downloads folder?"))
