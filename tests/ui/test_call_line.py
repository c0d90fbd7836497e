"""What other programs do for the user, on the status line."""

from __future__ import annotations

from assistant.session.events import CallsRunning, RunningCall
from assistant.ui.model import StatusModel
from assistant.ui.widgets.statusline import fragments_of


def shown(*calls: RunningCall) -> list[tuple[str, ...]]:
    status = StatusModel()
    assert status.apply(CallsRunning(calls=calls))
    return [each.variants for each in fragments_of(status) if each.key == "calls"]


def test_how_far_it_is_and_what_it_does_is_shown() -> None:
    [variants] = shown(RunningCall("notes__index", "my notes", 12.3, 0.4, "reading the index"))
    assert variants == (
        "my notes: 40% reading the index (12 s)",
        "my notes: 40% (12 s)",
        "my notes: 40%",
    )


def test_where_the_program_does_not_tell_the_time_is_shown() -> None:
    one = RunningCall("notes__index", "my notes", 2.0)
    [variants] = shown(one, one)
    assert variants[0] == "my notes: … (2 s) and 1 more"


def test_nothing_is_shown_where_nothing_is_under_way() -> None:
    assert shown() == []
