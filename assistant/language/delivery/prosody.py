"""Prosody added up: within the limits of what still sounds like the same person, and eased from one
sentence to the next.
"""

from __future__ import annotations

import math

import msgspec

from assistant.frames import Prosody

NEUTRAL = Prosody()
RATES = (0.8, 1.2)
"""Of a sentence, relative to the voice's own."""
PITCHES = (12 * math.log2(0.9), 12 * math.log2(1.1))
"""Semitones: ten per cent lower and higher."""
GAINS = (-9.0, 3.0)
"""Decibels. Whatever is louder is turned down again by the limiter of peaks."""
PAUSES = (0.5, 3.0)
"""Times the usual silence."""
LARGEST_STEP = 1 / 3
"""Share of each range by which two neighbouring sentences may differ."""


def combined(*parts: Prosody) -> Prosody:
    """All of these at once, not yet within the limits: rates and pauses multiply, semitones and
    decibels add up, and the last effect that is named counts."""
    return Prosody(
        rate=math.prod(part.rate for part in parts),
        pitch=sum(part.pitch for part in parts),
        gain=sum(part.gain for part in parts),
        pauses=math.prod(part.pauses for part in parts),
        effect=next((part.effect for part in reversed(parts) if part.effect), ""),
        by_text=any(part.by_text for part in parts),
    )


def limited(prosody: Prosody) -> Prosody:
    """The nearest within the limits, in steps that nobody hears (a rendered clause is kept under
    its prosody); what is no number is neutral."""
    return msgspec.structs.replace(
        prosody,
        rate=round(_within(prosody.rate, RATES, 1.0), 3),
        pitch=round(_within(prosody.pitch, PITCHES, 0.0), 2),
        gain=round(_within(prosody.gain, GAINS, 0.0), 1),
        pauses=round(_within(prosody.pauses, PAUSES, 1.0), 2),
    )


def eased(before: Prosody | None, wanted: Prosody) -> Prosody:
    """`wanted`, or as far on the way there from the sentence `before` as one step goes. Effects and
    what the text asks for change at once. None: nothing was said before."""
    if before is None:
        return limited(wanted)
    return limited(
        msgspec.structs.replace(
            wanted,
            rate=_step(before.rate, wanted.rate, RATES),
            pitch=_step(before.pitch, wanted.pitch, PITCHES),
            gain=_step(before.gain, wanted.gain, GAINS),
            pauses=_step(before.pauses, wanted.pauses, PAUSES),
        )
    )


def _step(before: float, wanted: float, limits: tuple[float, float]) -> float:
    # Rounding must not make it longer.
    most = LARGEST_STEP * (limits[1] - limits[0]) - 0.01
    wanted = _within(wanted, limits, before)
    return min(max(wanted, before - most), before + most)


def _within(value: float, limits: tuple[float, float], otherwise: float) -> float:
    if not math.isfinite(value):
        return otherwise
    return min(max(value, limits[0]), limits[1])
