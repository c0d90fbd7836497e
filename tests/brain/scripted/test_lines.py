"""What was said lately is not said again; what was said long ago is not kept."""

from __future__ import annotations

from random import Random

import pytest

from assistant.brain.scripted import lines
from assistant.brain.scripted.composing import Composer
from assistant.brain.scripted.lines import Chooser
from tests.brain.personas import persona


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


def test_a_line_that_opens_by_itself_gets_no_opener_before_it() -> None:
    composer = Composer(Random(1), lambda text: False)
    for number in range(12):
        composer.next_turn()
        pieces = composer.compose(
            ["Very good, sir. For the record, {fact}.", "I have noted for good that {fact}."],
            persona(),
            {"fact": f"cat {number} is called Pixel"},
            "",
            opener=True,
            one=True,
        )
        assert not (len(pieces) == 2 and pieces[1].startswith("Very good"))
