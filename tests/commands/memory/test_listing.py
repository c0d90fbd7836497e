"""`assistant memory`: what is remembered can be listed, searched, read and corrected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assistant.memory.base import Claim
from tests.commands.memory.stored import NEW, OLD, PARROT, House, empty, house

__all__ = ["empty", "house"]


@pytest.mark.parametrize(
    "words",
    [
        ("list",), ("search", "parrot"), ("show", "profile"), ("edit", "last"), ("stats",),
        ("rebuild",), ("forget", "--person", "Grace"), ("forget", "--all"), ("export", "x.zip"), (),
    ],
)  # fmt: skip
def test_nothing_yet_is_said_in_one_line_and_nothing_is_made(
    empty: House, words: tuple[str, ...]
) -> None:
    assert empty.run(*words) == 0
    assert empty.out == ""
    assert empty.err.count("\n") == 1
    assert "Nothing is remembered yet" in empty.err
    assert not empty.memory.exists()


def test_programs_get_an_empty_list_of_nothing(empty: House) -> None:
    assert empty.json("list") == []
    assert empty.json("search", "parrot") == []


def test_the_newest_is_first(house: House) -> None:
    assert house.run("list") == 0
    talk, parrot = house.out.index("gives a talk"), house.out.index("Picasso")
    assert talk < parrot
    for words in (PARROT, "2026-03-02", "relational", "80%"):
        assert words in house.out
    house.run()
    assert "Picasso" in house.out


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (("--category", "relational"), ["Grace is Ada's sister."]),
        (("--person", "grace"), ["Grace is Ada's sister."]),
        (("--persona", "GLaDOS"), ["Ada gives a talk on Friday."]),
        (("--since", "2026-03-05"), ["Ada gives a talk on Friday."]),
        (("--topic", "Pets"), ["Ada's parrot is called Picasso."]),
        (("--limit", "1"), ["Ada gives a talk on Friday."]),
        (("--topic", "sailing"), []),
    ],
)
def test_a_list_can_be_limited(house: House, filters: tuple[str, ...], found: list[str]) -> None:
    assert house.texts(*filters) == found


def test_a_time_that_nobody_understands_is_told(house: House) -> None:
    assert house.run("list", "--since", "the day of the dolphins") == 1
    assert "no time that is understood" in house.err
    assert "remedy: For example" in house.err
    assert house.run("list", "--category", "sports") == 2


def test_a_search_finds_by_words_and_by_when(house: House) -> None:
    assert house.run("search", "what", "is", "my", "parrot", "called") == 0
    assert house.out.splitlines()[1].startswith(PARROT)
    hits = house.json("search", "talk in March 2026")
    assert "Ada gives a talk on Friday." in [hit["text"] for hit in hits]
    assert house.json("search", "talk in January 2020") == []
    assert house.run("search", " ") == 2


def test_a_memory_is_shown_with_its_turn_and_what_it_said_before(house: House) -> None:
    house.run("edit", PARROT, "--text", "Ada's parrot is called Rembrandt.")
    new = house.json("list", "--topic", "pets")[0]["id"]
    assert house.run("show", new) == 0
    assert "called Rembrandt" in house.out
    assert "called Picasso" in house.out.partition("Before:")[2]
    assert house.run("show", PARROT) == 0
    assert "You said" in house.out
    assert "My parrot is called Picasso." in house.out
    assert new in house.out
    shown = house.json("show", PARROT)
    assert shown["turn"]["number"] == 1
    assert Path(shown["file"]) == house.journal()


def test_journals_turns_and_the_profile_can_be_read(house: House) -> None:
    for id in (OLD, "2026-03-02"):
        assert house.run("show", id) == 0
        assert house.out.strip() == house.journal().read_text().strip()
    assert house.run("show", "last") == 0
    assert NEW[:10] in house.out
    assert house.run("show", f"{OLD}#3") == 0
    assert "Grace is Ada's sister." in house.out
    assert house.run("show") == 0
    assert "## Facts" in house.out
    assert house.json("show", "profile")["sections"]["Facts"][0]["text"].endswith("Picasso")
    assert house.json("show", OLD)["id"] == OLD


def test_contradictions_are_shown_as_questions(house: House) -> None:
    store = house.store()
    store.add("Ada's parrot is called Miro.", Claim("user", "parrot's name", "Miro"))
    store.close()
    house.run("show", "profile")
    assert "Is your parrot called Picasso or Miro?" in house.out
    assert len(house.json("show", "profile")["questions"]) == 1


@pytest.mark.parametrize("id", ["2026", "nonsense", "../../etc/passwd", "\x1b[31m", f"{OLD}#99"])
def test_an_id_that_is_none_is_told_with_a_remedy(house: House, id: str) -> None:
    assert house.run("show", id) == 1
    assert "error: " in house.err
    assert "remedy: " in house.err
    assert "\x1b" not in house.err


def test_words_in_a_file_cannot_steer_the_terminal(house: House) -> None:
    path = house.journal()
    path.write_text(path.read_text().replace("painter", "pain\x1b]0;owned\x07ter"))
    for words in (("show", OLD), ("search", "painter's name"), ("list",)):
        house.run(*words)
        assert "\x1b" not in house.out
        assert "\x07" not in house.out


def test_one_sentence_is_corrected_and_what_is_claimed_with_it(house: House) -> None:
    assert house.run("edit", PARROT, "--text", "Ada's parrot is called Rembrandt.") == 0
    assert "Ada's parrot is called Rembrandt." in house.texts()
    assert "Ada's parrot is called Picasso." not in house.texts()
    house.run("show", "profile")
    assert "parrot's name: Rembrandt" in house.out
    assert "before: parrot's name: Picasso" in house.out
    assert house.run("edit", PARROT, "--text", "Never mind.") == 1
    assert "history already" in house.err
    assert house.run("edit", OLD, "--text", "x") == 1
    assert house.run("edit", PARROT, "--text", " ") == 1
    assert "forget" in house.err


def editor(house: House, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """EDITOR becomes a program that does this to the `path`."""
    script = house.home / "an editor.py"
    script.write_text(f"import sys, pathlib\npath = pathlib.Path(sys.argv[-1])\n{code}\n")
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{script}' --wait")


def test_a_journal_is_edited_in_the_users_editor(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    change = "path.write_text(path.read_text().replace('Grace is', 'Ann is'))"
    editor(house, monkeypatch, f"{change}; path.chmod(0o644)")
    assert house.run("edit", OLD) == 0
    assert "1 changed" in house.err
    assert "Ann is Ada's sister." in house.texts()
    assert house.journal().stat().st_mode & 0o777 == 0o600


def test_the_profile_is_edited_in_the_users_editor(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(house, monkeypatch, "path.write_text(path.read_text() + '\\n- Ada plays the cello.\\n')")
    assert house.run("edit", "profile") == 0
    assert "1 new" in house.err
    assert "Ada plays the cello." in house.texts()


def test_what_is_not_understood_after_editing_is_told_with_its_line(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor(
        house, monkeypatch,
        "path.write_text(path.read_text().replace('2. **', 'two **'));"
        "path.with_name(path.name + '~').write_text('a copy')",
    )  # fmt: skip
    assert house.run("edit", PARROT) == 1
    assert f"{OLD}.md:" in house.err
    assert "the editor left a copy" in house.err


def test_without_an_editor_or_with_a_wrong_one_nothing_breaks(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "/nowhere/at-all")
    assert house.run("edit", OLD) == 1
    assert "Name another in EDITOR" in house.err
    monkeypatch.setenv("EDITOR", "'unbalanced")
    assert house.run("edit", OLD) == 1
    monkeypatch.delenv("EDITOR")
    monkeypatch.setenv("PATH", "")
    assert house.run("edit", OLD) == 1
    assert "there is no editor" in house.err


def test_another_assistant_may_run_at_the_same_time(house: House) -> None:
    running = house.store()
    assert house.run("edit", PARROT, "--text", "Ada's parrot is called Rembrandt.") == 0
    running.rebuild()
    assert "Ada's parrot is called Rembrandt." in [each.text for each in running.memories()]
    assert house.run("forget", "--person", "Grace", "--yes") == 0
    assert not any("Grace" in hit.text for hit in running.search("Grace"))
    running.close()


def test_the_place_is_named(house: House) -> None:
    assert house.run("path") == 0
    assert house.out.strip() == str(house.memory)


def test_the_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from typer.testing import CliRunner; from assistant.cli.main import app;"
        "CliRunner().invoke(app, ['memory', '--help']); print(*sys.modules)"
    )
    loaded = subprocess.check_output([sys.executable, "-c", code], text=True).split()
    assert "assistant.cli.memory" in loaded
    slow = {"numpy", "sqlite3", "textual", "assistant.config.schema", "assistant.memory"}
    assert not slow & set(loaded)
