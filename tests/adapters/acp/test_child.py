"""What the process of a coding agent writes."""

from __future__ import annotations

from assistant.adapters.acp.child import TextPieces


def test_lines_are_whole_however_they_come() -> None:
    pieces = TextPieces(longest=10)
    assert pieces.feed(b"on") == ""
    assert pieces.feed("e\nä".encode()[:-1]) == "one\n"
    assert pieces.feed("ä".encode()[1:]) == ""
    assert pieces.feed(b"x" * 20) == "ä" + "x" * 20
    assert pieces.feed(b"end", last=True) == "end"
