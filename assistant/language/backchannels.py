"""Backchannels: words that mean go on, said while somebody else speaks."""

from __future__ import annotations

import re
from typing import Literal

from assistant.language.lexicon import HUM

Saying = Literal["nothing", "backchannel", "words"]

_LONGEST = 5
"""Words in the longest of them: whoever says more has something to say."""
_TOKEN = re.compile(r"[a-z]+")
_SIGN = re.compile(
    rf"(?:{HUM}|(?:m+|u+h+|u+m+)h+u+[hm]+|a+h+a+h*|ha+"
    r"|ye+ah?|yep|yup|yes|ya|yah|right|okay|ok|kay|sure|true|exactly|indeed|absolutely|definitely"
    r"|totally|certainly|of course|i see|i know|got it|gotcha|makes sense|that makes sense"
    r"|fair enough|good|great|nice|cool|fine|wow|whoa|really|interesting|lovely|perfect|alright"
    r"|all right|thanks|thank you|very good|very nice|no way|no kidding|is that so|go on)"
)
"""Continuers and assessments (Schegloff 1982, "Discourse as an interactional achievement";
Yngve 1970), as Whisper writes them. "Thank you" is also what it writes for a breath."""
_HUM = re.compile(rf"{HUM}|hum")


def is_hum(text: str) -> bool:
    """Whether there is not even a word in it: "Mm-hmm." What is left of an echo may sound so."""
    tokens = _TOKEN.findall(text.lower())
    return bool(tokens) and all(_HUM.fullmatch(token) for token in tokens)


def saying(text: str) -> Saying:
    """What a transcript of sound that came while the assistant spoke amounts to."""
    tokens = _TOKEN.findall(text.lower().replace("'", "").replace("’", ""))
    if not tokens:
        return "words" if any(c.isdigit() for c in text) else "nothing"
    if len(tokens) > _LONGEST or any(c.isdigit() for c in text):
        return "words"
    rest = " ".join(tokens)
    while rest:
        found = max((m for m in _starts(rest)), default=0)
        if not found:
            return "words"
        rest = rest[found:].strip()
    return "backchannel"


def _starts(words: str) -> list[int]:
    """Lengths of the signs that these words begin with, up to the end of a word."""
    ends = [i for i in range(1, len(words) + 1) if i == len(words) or words[i] == " "]
    return [end for end in ends if _SIGN.fullmatch(words[:end])]
