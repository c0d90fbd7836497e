"""Who is near? The level of the user's voice, told from that of other voices in the room.

A television, a party or a second person is speech to a voice activity detector. What tells it from
the user is that it is weaker and that it does not stop for him. So the level of the near voice is
followed, and what was weaker than it lately is looked at: where most of that was speech, in
stretches longer than the weak end of a sentence, there are voices in the background, and speech
counts as the user's only where it stands out of them. Music that goes on is such a background even
before somebody sings to it. Where there is none, everything counts, however soft: who sits back or
whispers is still the user.

Levels are momentary: the mean power of 256 ms, dB full scale, between a syllable and a phrase.
Everything counts windows of 32 ms; nothing looks at a clock.
"""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from assistant.audio.vad import OFF, WINDOW_SECONDS

_MOMENT = 8
"""Windows in a momentary level."""
_MEMORY = round(16.0 / WINDOW_SECONDS)
"""Windows that are looked at for voices in the background."""
_LATELY = round(3.0 / WINDOW_SECONDS)
"""Windows of speech that tell how loud the user is in this turn …"""
_SOON = round(0.4 / WINDOW_SECONDS)
"""… and how many of them there have to be."""
_NEAR_PERCENT = 70.0
"""Per cent of the user's windows that are softer than what is called his level."""
_FAR_DB = 6.0
"""Below the user's level: what is softer for long is not his. Of human speech (two corpora, tuning
half) nine in ten turns never stay so soft for longer than 0.4 s."""
_FAR_WINDOWS = round(0.6 / WINDOW_SECONDS)
_FAR_OTHERS = (0.8, 0.08)
"""Seconds of such speech, and its share of the time without the near voice, where there are voices
behind it. Of a user alone, next to nothing is heard but himself."""
_FAR_ANYBODY = (1.6, 0.5)
"""… where it may be his own, taken for his in this turn or an earlier one."""
_FAR_SOUND = round(2.0 / WINDOW_SECONDS)
"""Windows of anything but the near voice, where nobody speaks behind it: music, before somebody
sings to it."""
_STEADY_DB = 10.0
"""… by which that rises over its median at most: a chair that is moved in a quiet room is nothing
that goes on behind the user."""
_BEFORE_DUTY = 0.4
_LONG = round(2.5 / WINDOW_SECONDS)
"""… windows, where somebody nearer speaks, for what was heard before to be the background."""
_NEARER_DB = 4.0
"""… and by how much he is louder."""
_FAR_PERCENT = 90.0
"""Per cent of the background's windows that are softer than what is called its level."""
_STANDS_OUT_DB = 1.5
"""Over that level: the user."""
_BEGINS = 0.3
"""… and whoever begins a turn stands out by so much of the way up to the user's level, as well."""
_SURELY = 0.5
"""… and what stands out by so much is surely no syllable of the background's that swells."""
_SETTLED_DB = 4.0
"""Nearer than this to what it was for the last 0.4 s a level no longer rises."""
_APART_DB = 3.0
"""Levels that are closer than this are not told apart."""
_TURNS = 3
"""Turns of the user's that are remembered."""

_HUSH = round(1.0 / WINDOW_SECONDS)
"""Windows without speech after which who was heard then is no longer there."""
_KNOWN = round(2.0 / WINDOW_SECONDS)
"""Windows of speech from which the user is known; by fewer it may have been a cough, and is not
believed any more …"""
_UNHEARD = round(2.5 / WINDOW_SECONDS)
"""… when so many windows of weaker speech have followed."""


class NearVoice:
    """One window after another; says from which level on speech is the user's."""

    def __init__(self) -> None:
        self._turns: deque[float] = deque(maxlen=_TURNS)
        self._near_windows = 0
        """Windows of speech by which the user is known."""
        self.reset()

    def reset(self) -> None:
        """The stream is another one; how loud the user was is kept."""
        self._powers: deque[float] = deque(maxlen=_MOMENT)
        self._moments: deque[float] = deque(maxlen=_MEMORY)
        self._spoken: deque[bool] = deque(maxlen=_MEMORY)
        self._turn: deque[float] = deque(maxlen=_LATELY)
        self._behind: float | None = None
        """Level of a voice that was heard when the user had ended, as long as it talks on."""
        self._hush = self._since_near = 0
        self._users: deque[bool] = deque(maxlen=_MEMORY)
        """Which of these windows were taken for the user's."""
        self.rose = False
        """In a turn: somebody begins to speak now who is nearer than who was heard before."""
        self.moment = -120.0
        """Momentary level, dB full scale."""
        self.threshold: float | None = None
        """Level from which speech is the user's; None where there is nobody else."""
        self._sure = -120.0
        """… from which it is surely his, where there is somebody else."""

    @property
    def level(self) -> float | None:
        """The user's momentary level in this turn or, before it can be told, in his last ones."""
        if len(self._turn) >= _SOON:
            return float(np.percentile(list(self._turn), _NEAR_PERCENT))
        return float(np.median(self._turns)) if self._turns else None

    def push(self, level: float, probability: float, *, in_turn: bool) -> None:
        """Take a window: its level (dB full scale), and the probability that it is speech."""
        self._powers.append(10 ** (level / 10))
        self.moment = 10 * float(np.log10(sum(self._powers) / len(self._powers) + 1e-12))
        self._moments.append(self.moment)
        self._spoken.append(probability >= OFF)
        self._hush = 0 if self._spoken[-1] else self._hush + 1
        if self._hush >= _HUSH:
            self._behind = None
        risen = self._somebody_nearer()
        self.rose = in_turn and risen
        self.threshold = self._find_threshold(in_turn)
        mine = in_turn and self._spoken[-1] and self.is_near
        self._users.append(mine)
        if mine:
            self._turn.append(self.moment)
            self._near_windows += 1
            self._since_near = 0
        elif self._spoken[-1] and not self.is_near:
            self._since_near += 1
            if self._since_near >= _UNHEARD and self._near_windows < _KNOWN:
                self._forget()

    def _forget(self) -> None:
        """What was taken for the user's voice was a cough, and who talks on may be he."""
        self._turns.clear()
        self._turn.clear()
        self._users = deque([True] * len(self._users), maxlen=_MEMORY)
        self._behind = self.threshold = None
        self._near_windows = self._since_near = 0

    def _somebody_nearer(self) -> bool:
        """Whether somebody speaks now who is nearer than who was taken for the user lately; then
        that was a voice in the background, and is known for one from now on. Where the background
        is known already, who grows louder is the user himself."""
        if self.threshold is not None:
            return False
        now = self._level_now()
        if now < self.moment - _SETTLED_DB or (self.level is not None and now <= self.level):
            return False
        background = self._heard_before()
        if background is None or now < background + _NEARER_DB:
            return False
        above = background + _STANDS_OUT_DB
        new = any(u and m < above for u, m in zip(self._users, self._moments, strict=False))
        if new:
            moments = list(self._moments)[: len(self._users)]
            kept = [u and m >= above for u, m in zip(self._users, moments, strict=True)]
            self._users = deque(kept, maxlen=_MEMORY)
            self._turns = deque([t for t in self._turns if t >= above], maxlen=_TURNS)
            self._turn.clear()
            self._turn.extend([now] * _SOON)
            if not self._turns:
                self._near_windows = 0
        return new

    @property
    def onset_level(self) -> float | None:
        """Level from which sound is the beginning of the user's words: halfway up from the
        background to him; None where there is nobody else."""
        if self.threshold is None or self.level is None:
            return self.threshold
        return self.threshold + min(6.0, max(0.0, (self.level - self.threshold) / 2))

    @property
    def is_near(self) -> bool:
        """Whether the last window, if it is speech, is the user's."""
        return self.threshold is None or self.moment >= self.threshold

    @property
    def stands_out(self) -> bool:
        """Whether the last window, if it is speech, is surely the user's."""
        return self.threshold is None or self.moment >= self._sure

    def turn_ended(self) -> None:
        """The user's turn is over: remember how loud he was."""
        if len(self._turn) >= _SOON // 2:
            self._turns.append(float(np.percentile(list(self._turn), _NEAR_PERCENT)))
        if self.threshold is not None and sum(list(self._spoken)[-_SOON:]) >= _SOON / 2:
            # Somebody talks on: until he stops he is not taken for the user, either.
            self._behind = self.threshold - _STANDS_OUT_DB
        self._turn.clear()

    # --- voices in the background ------------------------------------------------------------

    def _heard_before(self) -> float | None:
        """Level of all speech until half a second ago; None where there was little."""
        moments = np.fromiter(self._moments, np.float64)[: -(_SOON + _MOMENT)]
        spoken = np.fromiter(self._spoken, np.bool_)[: -(_SOON + _MOMENT)]
        speech = moments[spoken]
        if speech.size < max(_LONG, _BEFORE_DUTY * moments.size):
            return None
        return float(np.percentile(speech, _FAR_PERCENT))

    def _find_threshold(self, in_turn: bool) -> float | None:
        near = self.level
        if near is None:
            return None
        background = self._background(near, in_turn=in_turn)
        if background is None or (self._behind is not None and self._behind > background):
            background = self._behind
        if background is None or near - background < _APART_DB:
            return None
        between = near - background
        self._sure = background + max(_STANDS_OUT_DB, _SURELY * between)
        return background + max(_STANDS_OUT_DB, 0.0 if in_turn else _BEGINS * between)

    def _background(self, near: float, *, in_turn: bool) -> float | None:
        """Level of the voices that are behind one of level `near`, or of what else goes on there;
        None where there is nothing.
        What was taken for the user's own, softer turn keeps none of his next ones from beginning.
        """
        moments = np.fromiter(self._moments, np.float64)
        spoken = np.fromiter(self._spoken, np.bool_)
        far = moments < near - _FAR_DB
        others = far & ~np.fromiter((*self._users, False), np.bool_)[-moments.size :]
        looks = [(others, *_FAR_OTHERS), (far, *_FAR_ANYBODY)]
        for windows, seconds, duty in looks if in_turn else looks[:1]:
            runs = _long_runs(windows, _FAR_WINDOWS)
            speech = runs & spoken
            count = int(speech.sum())
            if count * WINDOW_SECONDS >= seconds and count >= duty * int(runs.sum()):
                return float(np.percentile(moments[speech], _FAR_PERCENT))
        sounds = moments[_long_runs(others, _FAR_WINDOWS)]
        if sounds.size < _FAR_SOUND:
            return None
        level = float(np.percentile(sounds, _FAR_PERCENT))
        return level if level - float(np.median(sounds)) <= _STEADY_DB else None

    def _level_now(self) -> float:
        """How loud who speaks at this moment is; −120 where nobody has, for long enough."""
        if sum(list(self._spoken)[-_SOON:]) < 0.75 * _SOON:
            return -120.0
        return float(np.percentile(list(self._moments)[-_SOON:], 30))


def _long_runs(marks: NDArray[np.bool_], least: int) -> NDArray[np.bool_]:
    """The marks that stand in runs of at least `least`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], marks, [False]))))
    kept = np.zeros(marks.size, np.bool_)
    for start, end in edges.reshape(-1, 2):
        if end - start >= least:
            kept[start:end] = True
    return kept
