"""Reasoning without tags: the phrases between which some models think at the beginning of an
answer."""

from __future__ import annotations

import re

PHRASES = {
    # Harmony, where a server took out its special tokens, and IBM's Granite.
    re.compile(r"\s*analysis(?=[A-Z])"): re.compile(r"assistant\s?final"),
    re.compile(r"\s*Here(?: is|'s|’s) my thought process:"): re.compile(
        r"Here(?: is|'s|’s) my response:"
    ),
}
"""Words that begin reasoning at the very beginning of an answer, and those that end it."""
PHRASE_PART = re.compile(
    r"\s*(?:"
    + "|".join(
        word[:length]
        for word in ("analysis", "Here is my thought process:", "Here's my thought process:",
                     "Here’s my thought process:")
        for length in range(len(word), 0, -1)
    )
    + r")?"
)  # fmt: skip
LONGEST_PHRASE = 30
