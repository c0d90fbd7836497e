"""What a face does at a moment: by what the persona is about, and by how loud both sides are."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal

Mood = Literal["asleep", "starting", "idle", "listening", "thinking", "speaking", "surprised"]

BLEND_SECONDS = 0.25
"""From one mood's pose to the next one's."""
OPENING_SECONDS = 0.6
"""A persona that takes over opens its face."""
_BREATH_SECONDS = 4.6
_GLANCE_SECONDS = 2.9
"""The eyes of somebody who waits go elsewhere after about this long."""

PACE = {
    "asleep": 0.0,
    "starting": 0.35,
    "idle": 0.06,
    "listening": 0.1,
    "thinking": 0.55,
    "speaking": 0.22,
    "surprised": 0.0,
}
"""Turns a second of what goes round or to and fro, by mood."""


@dataclass(frozen=True, slots=True)
class Moment:
    """All that a face depends on."""

    mood: Mood = "idle"
    before: Mood = "idle"
    """The mood that it comes from."""
    since: float = 10.0
    """Seconds in this mood."""
    voice: float = 0.0
    """Loudness of its own voice, 0…1, as `LevelHistory` has it."""
    user: float = 0.0
    """The user's."""
    time: float = 0.0
    """Seconds; breath and glances."""
    turn: float = 0.0
    """Turns so far, at the `PACE` of the moods there were."""
    opening: float = 10.0
    """Seconds since this persona took over."""


STILL = {
    "speaking": Moment("speaking", "speaking", voice=0.75),
    "listening": Moment("listening", "listening", user=0.55),
    "thinking": Moment("thinking", "thinking", turn=0.3),
    "surprised": Moment("surprised", "surprised", since=0.1),
}
"""What stands for a mood in a picture that must not move; others: no sound, time 0."""


@dataclass(frozen=True, slots=True)
class Pose:
    """What figures are drawn from; each 0…1 where nothing else is said."""

    open: float
    """Lids, lens."""
    glow: float
    look_x: float
    """Where it looks, -1 (left) … 1."""
    look_y: float
    """-1 (up) … 1."""
    voice: float
    user: float
    busy: float
    """It thinks: something goes round."""
    turn: float
    """Turns so far."""


def still(mood: Mood) -> Moment:
    """The moment that stands for a mood where nothing may move."""
    return STILL.get(mood, Moment(mood, mood))


def pose_at(moment: Moment) -> Pose:
    """The pose at a moment, on its way from the mood before."""
    now = _pose(moment.mood, moment)
    part = _eased(moment.since / BLEND_SECONDS)
    if part < 1.0 and moment.before != moment.mood:
        before = _pose(moment.before, moment)
        mixed = {
            field.name: getattr(before, field.name)
            + (getattr(now, field.name) - getattr(before, field.name)) * part
            for field in fields(Pose)
        }
        now = Pose(**mixed)
    unveiled = _eased(moment.opening / OPENING_SECONDS)
    if unveiled < 1.0:
        values = {field.name: getattr(now, field.name) for field in fields(Pose)}
        values["open"] *= unveiled
        values["glow"] *= unveiled
        now = Pose(**values)
    return now


def _pose(mood: Mood, moment: Moment) -> Pose:
    t, voice, user = moment.time, moment.voice, moment.user
    breath = math.sin(2 * math.pi * t / _BREATH_SECONDS)
    glance_x, glance_y = _glance(t)
    known = {
        "asleep": (0.04, 0.16, 0.0, 0.5, 0.0),
        "starting": (0.25, 0.35 + 0.12 * math.sin(2 * math.pi * t / 1.6), 0.0, 0.0, 0.6),
        "idle": (0.56 + 0.05 * breath, 0.62 + 0.07 * breath, glance_x * 0.6, glance_y * 0.4, 0.0),
        "listening": (0.78 + 0.2 * user, 0.8 + 0.2 * user, 0.0, -0.05, 0.0),
        "thinking": (0.5, 0.6 + 0.1 * breath, 0.5 * math.sin(t * 1.7), -0.6, 1.0),
        "speaking": (0.42 + 0.58 * voice, 0.62 + 0.38 * voice, glance_x * 0.25, 0.0, 0.0),
        "surprised": (1.0, 1.0, 0.0, -0.15, 0.0),
    }
    opened, glow, look_x, look_y, busy = known[mood]
    heard = user if mood in ("idle", "listening", "surprised") else 0.0
    said = voice if mood == "speaking" else 0.0
    if mood == "surprised":  # a start that dies away
        said = max(voice, 0.9 * math.exp(-3.0 * moment.since))
    return Pose(opened, glow, look_x, look_y, said, heard, busy, moment.turn)


def _glance(t: float) -> tuple[float, float]:
    """Where somebody looks who waits: still for a while, then quickly elsewhere."""
    number, rest = divmod(t / _GLANCE_SECONDS, 1.0)
    part = _eased(rest * _GLANCE_SECONDS / 0.35)
    old_x, old_y = _place(number - 1)
    new_x, new_y = _place(number)
    return old_x + (new_x - old_x) * part, old_y + (new_y - old_y) * part


def _place(number: float) -> tuple[float, float]:
    """Without order, yet the same for the same number; every other glance is straight ahead."""
    if number <= 0 or number % 2:
        return 0.0, 0.0
    return math.sin(number * 12.9898) * 0.9, math.sin(number * 78.233) * 0.7


def _eased(part: float) -> float:
    """0…1, slow at both ends (smoothstep)."""
    part = min(1.0, max(0.0, part))
    return part * part * (3.0 - 2.0 * part)
