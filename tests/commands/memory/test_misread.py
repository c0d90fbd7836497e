"""One file that nobody could foresee costs itself, and no other."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from assistant.memory.journal.format import Parsed, parse
from assistant.memory.store import journals
from tests.commands.memory.stored import NEW, OLD, House, empty, house

__all__ = ["empty", "house"]
COMMANDS = (
    ("list",),
    ("search", "Picasso"),
    ("stats",),
    ("rebuild",),
    ("edit", f"{OLD}/1", "--text", "Ada's parrot is called Pablo."),
    ("forget", f"{OLD}/2", "--yes"),
)


def test_a_time_past_all_bounds_disables_nothing_and_is_told_with_its_line(house: House) -> None:
    path = house.journal(NEW)
    text = path.read_text()
    time = text.partition("1. **You** (")[2].partition(")")[0]
    damaged = text.replace(f"({time})", "(99999999999999999999:05:03)")
    path.write_text(damaged)
    line = damaged[: damaged.index("99999999999999999999")].count("\n") + 1
    assert house.run("doctor") == 1
    assert f"{path}:{line}: its time is none" in house.out
    for words in COMMANDS:
        assert house.run(*words) == 0, house.err
    assert "Ada gives a talk on Friday." in house.texts()
    assert path.read_text() == damaged
    assert house.run("edit", f"{NEW}/1", "--text", "Ada gives a talk on Monday.") == 0
    assert "99999999999999999999:05:03" in path.read_text()


@pytest.mark.parametrize("surprise", [OverflowError, ValueError, RecursionError, MemoryError])
def test_a_surprise_in_one_file_is_its_problem_and_it_stays_as_it_is(
    house: House, monkeypatch: pytest.MonkeyPatch, surprise: type[Exception]
) -> None:
    usual: Callable[[str, str], Parsed] = parse
    before = house.journal(NEW).read_bytes()

    def stumbling(text: str, id: str) -> Parsed:
        if id == NEW:
            raise surprise("nobody foresaw this")
        return usual(text, id)

    monkeypatch.setattr(journals, "parse", stumbling)
    house.journal(NEW).touch()
    assert house.run("doctor") == 1
    assert f"{NEW}.md: cannot be understood ({surprise.__name__}: nobody foresaw" in house.out
    for words in COMMANDS:
        assert house.run(*words) in (0, 1 if words[0] == "forget" else 0), house.err
        assert "Traceback" not in house.err
    assert house.run("export", str(house.home / "x.zip")) == 0, house.err
    assert "could not be read" in house.err
    assert house.journal(NEW).read_bytes() == before
    assert "Ada's parrot is called Pablo." in house.texts()
