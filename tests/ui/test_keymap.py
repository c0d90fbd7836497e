"""A user's own keys are checked before they are used."""

from __future__ import annotations

import pytest

from assistant.ui.keymap import check_keymap


@pytest.mark.parametrize(
    ("wanted", "usable"),
    [
        ({"quit": "ctrl+x"}, {"quit": "ctrl+x"}),
        ({"quit": "x, f10"}, {"quit": "x,f10"}),
        ({"help": "!"}, {"help": "exclamation_mark"}),
        ({"prompt.focus": "?", "help": "f1"}, {"prompt.focus": "question_mark", "help": "f1"}),
        ({"speech.repeat": "n", "persona.next": "r"}, {"speech.repeat": "n", "persona.next": "r"}),
        ({"speech.louder": "ctrl+up"}, {"speech.louder": "ctrl+up"}),
    ],
)
def test_good_keys_are_taken(wanted: dict[str, str], usable: dict[str, str]) -> None:
    assert check_keymap(wanted) == (usable, [])


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        ({"no.such": "x"}, "no such action"),
        ({"quit": "hyperspace"}, "hyperspace is not a key"),
        ({"quit": ""}, "nothing is not a key"),
        ({"quit": ","}, "nothing is not a key"),
        ({"quit": "moon+x"}, "moon+x is not a key"),
        ({"quit": "r"}, "r already means speech.repeat"),
        ({"quit": "/"}, "slash already means prompt.focus"),
        ({"quit": "x", "help": "x"}, "x already means quit"),
    ],
)
def test_bad_keys_are_named(wanted: dict[str, str], problem: str) -> None:
    _, problems = check_keymap(wanted)
    assert len(problems) == 1
    assert problem in problems[0]


def test_one_bad_entry_spoils_no_other() -> None:
    usable, problems = check_keymap({"quit": "x", "no.such": "y"})
    assert usable == {"quit": "x"}
    assert len(problems) == 1
