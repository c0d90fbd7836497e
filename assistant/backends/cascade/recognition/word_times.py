"""When each word of a recording was said.

While it writes, Whisper's decoder looks at the sound; dynamic time warping of those attention
weights tells which 20 ms each token was taken from (Radford et al. 2022, "Robust speech recognition
via large-scale weak supervision", and the alignment heads published with its weights). A word's
beginning is good to about a tenth of a second; its end is where the next word begins, a pause
between them included, but for what `LONGEST_WORD` takes off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assistant.frames import SpokenWord

ALIGNED_RATE = 50
"""Positions a second of sound that tokens are aligned with."""
LONGEST_WORD = 2.0
"""Seconds after which what still belongs to a word is the pause behind it."""


@dataclass(frozen=True, slots=True)
class WrittenDown:
    """What was said in one recording, or in a piece of it."""

    text: str
    """"" where nobody spoke."""
    language: str
    """Code of the language that `text` is in."""
    confidence: float = 0.0
    """See `frames.Transcribed`."""
    no_speech: float = 0.0
    words: tuple[SpokenWord, ...] = ()


def words_of(
    pieces: Sequence[str], text: str, alignments: Sequence[tuple[int, int]], seconds: float
) -> tuple[SpokenWord, ...]:
    """The words of `text` with their times, none where they cannot be told apart.

    `pieces`: its tokens as text, a space before each that begins a word; `alignments`: pairs of
    token and position, both counted from 0, in order; `seconds`: the sound's length.
    """
    begins = [at for at, piece in enumerate(pieces) if at == 0 or piece.startswith(" ")]
    words = text.split()
    first: dict[int, float] = {}
    for token, position in alignments:
        first.setdefault(token, position / ALIGNED_RATE)
    if len(begins) != len(words) or not all(at in first for at in begins):
        return ()
    starts = [min(first[at], seconds) for at in begins]
    last = min(first.get(len(pieces), seconds), seconds)
    ends = [*starts[1:], max(last, starts[-1])]
    return tuple(
        SpokenWord(word, round(start, 2), round(min(end, start + LONGEST_WORD), 2))
        for word, start, end in zip(words, starts, ends, strict=True)
    )
