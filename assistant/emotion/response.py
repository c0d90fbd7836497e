"""What a feeling of the user's asks of the answer: its prosody, and a line for a language model."""

from __future__ import annotations

from assistant.emotion.feeling import Feeling, Kind
from assistant.frames import Prosody

NEUTRAL = Prosody()
_PROSODY: dict[Kind, Prosody] = {
    "frustrated": Prosody(rate=0.93, pitch=-0.5, pauses=1.15),
    "excited": Prosody(rate=1.08, pitch=0.7, pauses=0.9),
    "confused": Prosody(rate=0.88, pauses=1.3),
    "tired": Prosody(rate=0.9, pitch=-0.7, pauses=1.2),
    "sad": Prosody(rate=0.92, pitch=-0.6, pauses=1.2),
    "calm": NEUTRAL,
}
_RAISED = Prosody(rate=0.97)
"""A raised voice alone may be joy or anger: a little slower offends neither."""
_MANNER: dict[Kind, str] = {
    "frustrated": "Be calm and brief, no jokes.",
    "excited": "Share the joy, be lively.",
    "confused": "Explain it more simply and slowly, one step at a time.",
    "tired": "Be gentle and short.",
    "sad": "Be warm and gentle, no jokes, no advice unless it is asked for.",
    "calm": "Be unhurried.",
}


def prosody_for(feeling: Feeling | None) -> Prosody:
    """How an answer is to sound. Arousal alone changes at most the pace."""
    if feeling is None:
        return NEUTRAL
    if feeling.kind is not None:
        return _PROSODY[feeling.kind]
    return _RAISED if feeling.aroused else NEUTRAL


def observation(feeling: Feeling | None) -> str:
    """One line for a prompt, told as what was noticed and not as a fact; "" where there is nothing
    to tell."""
    if feeling is None or feeling.kind is None:
        return ""
    why = f" ({feeling.cues[0]})" if feeling.cues else ""
    since = " still" if feeling.held else ""
    return (
        f"The user{since} sounds {feeling.kind}{why}. {_MANNER[feeling.kind]}"
        " Do not mention it unless the user does."
    )


def taken_back(kind: Kind | None) -> str:
    """The line where the user says that he was misread."""
    how = f" {kind}" if kind is not None else " as you thought"
    return f"The user says that they do not feel{how}: take their word for it, in half a sentence."
