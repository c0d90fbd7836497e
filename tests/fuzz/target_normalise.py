"""Any text can be spoken: as one line of words and punctuation that stays as it is."""

from __future__ import annotations

from assistant.backends.cascade.synthesis.clauses import (
    MOST_CHARACTERS,
    ClauseSplitter,
    split_clauses,
)
from assistant.language.normalise import speakable

NAME = "normalise"
SEEDS = [
    text.encode()
    for text in (
        "The town has 8,000 people, and 3.05 percent are farmers.",
        "-$5, $1.5M, 10-15 km, ≥18, 24/7, ½, +1 (555) 010-0199, 24.12.2026, No. 5",
        "World War II, Henry VIII, first_last@example.com, https://example.com/a?b=1",
        "$E = mc^2$ \\frac{1}{2} \\sqrt[3]{x} **bold** *smiles* (pauses) [laughs] &amp; <b>x</b>",
        "李明, Иван, ありがとう, 김민수, Łódź, 😀 | a | b |",
    )
]
_LONGEST = 4_000
"""Characters; a clause has at most 400."""


def one(data: bytes) -> None:
    """Raises `AssertionError` where a text is spoken wrongly."""
    text = data.decode("utf-8", "surrogateescape")[:_LONGEST]
    spoken = speakable(text)
    assert all(c.isalpha() or c in " .,!?;:'\"“”—…()-" for c in spoken), spoken
    assert speakable(spoken) == spoken
    splitter, half = ClauseSplitter(), len(text) // 2
    clauses = splitter.push(text[:half]) + splitter.push(text[half:]) + splitter.flush()
    assert clauses == split_clauses(text)
    assert all(0 < len(clause) <= MOST_CHARACTERS for clause in clauses)
