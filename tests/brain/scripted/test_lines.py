"""What was said lately is not said again; what was said long ago is not kept."""

from __future__ import annotations

from random import Random

import pytest

from assistant.brain.scripted import lines
from assistant.brain.scripted.lines import Chooser


def test_answers_that_are_all_different_do_not_pile_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "MOST", 20)
    chooser = Chooser(Random(1))
    for number in range(100):
        chooser.next_turn()
        chooser.mark((f"You said {number}.",), ["You said {}."])
    assert len(chooser._used) == 20
    assert chooser.oldest_first(["You said {}.", "You said 98.", "Never said.", "You said 1."])[
        2:
    ] == ["You said 98.", "You said {}."]
