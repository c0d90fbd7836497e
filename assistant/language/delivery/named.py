"""The named deliveries: what a persona's file, a model or `assistant say --delivery` may ask for.

What tells feelings apart in speech is rate, pitch, loudness and pauses (Juslin and Laukka 2003,
"Communication of emotions in vocal expression and music performance", table 7: anger and happiness
are quick, loud and high, sadness and tenderness slow, soft and low). The figures here are small,
because a voice that does more than that sounds like another person.
"""

from __future__ import annotations

from dataclasses import dataclass

from assistant.frames import Prosody


@dataclass(frozen=True, slots=True)
class NamedDelivery:
    """A prosody with a name."""

    prosody: Prosody
    about: str
    """What it is for, in a few words."""


def _named(
    about: str, rate: float, pitch: float, gain: float, pauses: float, effect: str = ""
) -> NamedDelivery:
    prosody = Prosody(rate=rate, pitch=pitch, gain=gain, pauses=pauses, effect=effect)
    return NamedDelivery(prosody, about)


DELIVERIES: dict[str, NamedDelivery] = {
    #                                                       rate  pitch  gain pauses
    "neutral":        _named("the voice as it is",          1.00,  0.0,  0.0, 1.00),
    "calm":           _named("slow, even, in no hurry",     0.92, -0.4, -1.0, 1.30),
    "warm":           _named("close and friendly",          0.96, -0.2, -0.5, 1.10, "warm"),
    "gentle":         _named("soft and kind",               0.91,  0.3, -3.0, 1.20),
    "dry":            _named("flat, as if it were nothing", 0.97, -0.8, -1.0, 1.25),
    "amused":         _named("with a smile",                1.04,  0.8,  0.5, 1.10),
    "excited":        _named("quick, high and loud",        1.12,  1.1,  2.0, 0.75),
    "cheerful":       _named("bright and lively",           1.06,  0.8,  1.0, 0.90),
    "urgent":         _named("quick, without pauses",       1.12,  0.4,  2.0, 0.60),
    "serious":        _named("slower and lower",            0.93, -0.7,  0.5, 1.25),
    "sad":            _named("slow, low and soft",          0.88, -1.0, -3.0, 1.45),
    "proud":          _named("upright, with weight",        0.95,  0.3,  1.5, 1.25),
    "menacing":       _named("low and slow",                0.88, -1.1, -0.5, 1.45),
    "conspiratorial": _named("low, soft and quick",         1.04, -0.7, -3.9, 0.90),
    "whispering":     _named("without a voice",             0.92,  0.0, -3.9, 1.15, "whisper"),
}  # fmt: skip
"""By name. None is further from neutral than one step of `prosody.eased` goes."""

_SPOKEN_OTHERWISE = {
    "calmly": "calm", "warmly": "warm", "gently": "gentle", "soft": "gentle", "softly": "gentle",
    "drily": "dry", "dryly": "dry", "deadpan": "dry", "amusement": "amused", "playful": "amused",
    "excitedly": "excited", "happy": "cheerful", "cheerfully": "cheerful", "urgently": "urgent",
    "seriously": "serious", "sadly": "sad", "proudly": "proud", "menacingly": "menacing",
    "whisper": "whispering", "whispered": "whispering", "normal": "neutral", "none": "neutral",
}  # fmt: skip


def find_delivery(name: str) -> str | None:
    """The table's name for what is meant, however it is capitalised; None where there is none."""
    key = name.strip().strip("\"'“”").strip().casefold()
    key = _SPOKEN_OTHERWISE.get(key, key)
    return key if key in DELIVERIES else None
