"""What is said of a coding agent's answer."""

from __future__ import annotations

import pytest

from assistant.adapters.acp.telling import told_of


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("Done.", "Done."),
        ("I fixed `parse_line`. All **12 tests** pass.", "I fixed parse line. All 12 tests pass."),
        ("# Summary\n\nThe bug is fixed.\n\n- one\n- two\n- three", "The bug is fixed."),
        (
            "It is in place.\n\n```sh\nrm -rf /\n```\n\nShall I push?",
            "It is in place. Shall I push?",
        ),
        ("One. Two. Three. Four.", "One."),
        ("```python\nprint(1)\n```", ""),
        ("", ""),
        ('TOOL_CALL: {"name": "mute"}', ""),
        ("Fine. TOOL_CALL: {} Really.", "Fine."),
    ],
)
def test_of_a_long_answer_a_sentence_or_two_is_said(written: str, told: str) -> None:
    assert told_of(written) == told


def test_a_sentence_without_an_end_is_cut() -> None:
    assert len(told_of("word " * 500)) < 320
