"""`assistant memory export|import|rebuild|stats|doctor|bench`: all of it at once."""

from __future__ import annotations

import json
import sqlite3
import stat

import pytest

from tests.commands.memory.stored import OLD, PARROT, House, empty, house

__all__ = ["empty", "house"]


def test_an_export_taken_in_elsewhere_is_all_there(house: House) -> None:
    file = house.home / "mine.zip"
    assert house.run("export", str(file)) == 0
    assert "2 whole journals, 3 memories" in house.out
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    house.run("import", str(file))
    assert "here already" in house.out
    before = house.texts()
    house.run("forget", "--all", "--yes")
    assert house.run("import", str(file)) == 0
    assert "3 memories" in house.out
    assert house.texts() == before


def test_no_file_is_replaced_without_a_yes(house: House) -> None:
    file = house.home / "mine.zip"
    file.write_text("precious")
    assert house.run("export", str(file)) == 2
    assert house.run("export", str(file), typed="n\n") == 1
    assert file.read_text() == "precious"
    assert house.run("export", str(file), "--yes") == 0
    assert house.run("export", str(house.home)) == 2


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 nonsense", None])
def test_what_is_no_export_adds_nothing(house: House, content: bytes | None) -> None:
    file = house.home / "other.zip"
    if content is not None:
        file.write_bytes(content)
    assert house.run("import", str(file)) == 1
    assert "remedy: " in house.err
    assert len(house.texts()) == 3


def test_a_damaged_index_is_made_anew(house: House) -> None:
    index = house.memory / "index.sqlite"
    data = bytearray(index.read_bytes())
    data[4096:-4096] = b"\xaa" * (len(data) - 8192)
    index.write_bytes(bytes(data))
    assert house.run("doctor") == 1
    assert "assistant memory rebuild" in house.out
    assert house.run("rebuild") == 0
    assert "2 journals" in house.out
    assert house.run("doctor") == 0
    assert house.json("search", "parrot")[0]["id"] == PARROT


def test_the_figures_add_up(house: House) -> None:
    house.run("edit", PARROT, "--text", "Ada's parrot is called Rembrandt.")
    stats = house.json("stats")
    assert (stats["memories"], stats["corrected"], stats["journals"]) == (3, 1, 2)
    assert stats["turns"] == 5
    assert sum(stats["categories"].values()) == 3
    assert stats["index_bytes"] > 0
    assert house.run("stats") == 0
    assert "3, and 1 that were corrected" in house.out


def test_a_healthy_memory_has_nothing_to_complain_of(house: House) -> None:
    assert house.run("doctor") == 0, house.out
    assert "all understood" in house.out
    assert "sound" in house.out


def test_a_file_that_others_can_read_is_found(house: House) -> None:
    house.journal().chmod(0o644)
    assert house.run("doctor") == 1
    assert "can be reached by others" in house.out
    assert "chmod" in house.out
    house.journal().chmod(0o600)
    house.memory.chmod(0o755)
    assert house.run("doctor") == 1


def test_a_broken_line_is_named_with_its_file_and_number(house: House) -> None:
    path = house.journal()
    text = path.read_text().replace("2. **", "two **")
    path.write_text(text)
    line = text[: text.index("two **")].count("\n") + 1
    (path.parent / "holiday.md").write_text("x")
    (path.parent / "holiday.md").chmod(0o600)
    assert house.run("doctor") == 1
    assert f"{OLD}.md:{line}: " in house.out
    assert "holiday.md" in house.out
    failed = [c for c in json.loads(doctor_json(house)) if c["state"] == "fail"]
    assert all(check["remedy"] for check in failed)


def doctor_json(house: House) -> str:
    house.run("doctor", "--json")
    return house.out


def test_an_index_of_other_vectors_is_no_fault(house: House) -> None:
    with sqlite3.connect(house.memory / "index.sqlite") as db:
        db.execute("UPDATE about SET value='others' WHERE name='vectors'")
    db.close()
    assert house.run("doctor") == 0
    assert "made anew at the next start" in house.out
    assert house.run("search", "parrot") == 0
    assert "Picasso" in house.out


def test_a_doctor_changes_nothing(house: House) -> None:
    (house.memory / "index.sqlite").unlink()
    before = house.raw()
    assert house.run("doctor") == 0
    assert "not made yet" in house.out
    assert house.raw() == before
