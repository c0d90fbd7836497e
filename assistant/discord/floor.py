"""Who of several people is heard: one voice at a time, and nobody's words are lost.

Who speaks first holds the floor until he has been silent for `RELEASE` ticks. What others say
meanwhile is kept and heard next, the longest waiting first, its pauses shortened, and not before
the first was answered: it was no interruption of that answer. Time is counted in ticks of 20 ms;
nothing here reads a clock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np

from assistant.audio.types import Float32
from assistant.audio.vad import VoiceOnset, VoiceProbability
from assistant.frames import FRAME_SECONDS, SAMPLE_RATE

BLOCK = SAMPLE_RATE // 50
TICK = 0.02
RELEASE = 30
"""Ticks of silence (0.6 s) after which the floor is free…"""
PATIENCE = 125
"""… and after which it is although the turn is still held to be open (2.5 s)."""
KEPT = 1500
"""Ticks of one person's voice that wait at most: thirty seconds."""
ANSWER = 750
"""Ticks for which what was kept waits for the end of an answer: fifteen seconds."""
PREROLL = 15
"""Ticks before a voice begins that belong to it: 0.3 s."""
_CLAIM = 3
"""Ticks of voice that make a claim: a click is none."""
_SHORT_PAUSE = 12
"""Ticks to which the pauses of what has waited are shortened."""
_LIVE = 3
"""Blocks that may wait without being late."""
_REMEMBERED = 60.0
"""Seconds for which it is known who spoke."""


class VoiceDetector(Protocol):
    def __call__(self, block: Float32) -> bool:
        """Whether somebody speaks in float32 [480] at 24 kHz, and what was before it."""


class SileroDetector:
    """The detector of the microphone's voice onset, for one person's sound."""

    def __init__(self) -> None:
        self._probability = VoiceProbability()
        self._onset = VoiceOnset()

    def __call__(self, block: Float32) -> bool:
        for half in (block[: BLOCK // 2], block[BLOCK // 2 :]):
            for hop in self._probability.push(half):
                # A call is quiet where nobody speaks: its noise is gone before it is sent.
                self._onset.push(hop, self._onset.is_candidate(hop, -70.0))
        return self._onset.speaking


class Heard(NamedTuple):
    """A tick of sound as the session hears it."""

    sound: Float32
    speaker: int | None
    """User id; None: nobody's voice is in it."""


@dataclass(slots=True)
class _Waiting:
    """One person's sound that was not heard yet."""

    detector: VoiceDetector
    blocks: deque[tuple[Float32, bool]] = field(default_factory=deque)
    voiced: int = 0
    """Of the blocks."""
    since: int | None = None
    """The tick in which its voice began."""
    kept: bool = False
    """It began while somebody else had the floor."""

    def push(self, block: Float32, tick: int, *, over_another: bool) -> int:
        """Returns how many blocks had to go: 0 or 1."""
        speaks = self.detector(block)
        self.kept |= speaks and over_another and self.since is None
        self.blocks.append((block, speaks))
        self.voiced += speaks
        if speaks and self.since is None:
            self.since = tick
        if not self.voiced:
            while len(self.blocks) > PREROLL:
                self.pop()
        elif len(self.blocks) > KEPT:
            self.pop()
            return 1
        return 0

    def pop(self) -> tuple[Float32, bool]:
        block, speaks = self.blocks.popleft()
        self.voiced -= speaks
        if not self.voiced:
            self.since = None
            self.kept = False
        return block, speaks

    def claims(self) -> bool:
        return self.voiced >= _CLAIM


_SILENCE = np.zeros(BLOCK, np.float32)


class Floor:
    """`turn_open` says whether the session still waits for the end of the turn that it hears,
    `answering` whether the assistant thinks or speaks."""

    def __init__(self, make_detector: Callable[[], VoiceDetector] = SileroDetector) -> None:
        self.turn_open: Callable[[], bool] = lambda: False
        self.answering: Callable[[], bool] = lambda: False
        self.dropped = 0
        """Blocks of people who waited for too long."""
        self.make_detector = make_detector
        self._people: dict[int, _Waiting] = {}
        self._holder: int | None = None
        self._gone: set[int] = set()
        self._candidate: int | None = None
        """Who is heard while nobody has the floor."""
        self._silent = 0
        """Ticks without the holder's voice."""
        self._free_for = 0
        """Ticks since the floor was given up."""
        self._tick = 0
        self._spoke: deque[tuple[float, int]] = deque()
        """End of a tick in seconds of what the session heard, and whose voice was in it."""

    @property
    def holder(self) -> int | None:
        return self._holder

    @property
    def waiting(self) -> list[int]:
        """Who has spoken and was not heard yet."""
        return [user for user, each in self._people.items() if each.claims()]

    def enter(self, user: int, detector: VoiceDetector | None = None) -> None:
        """Somebody may speak from now on. `detector`: of `make_detector`, which takes a while."""
        self._gone.discard(user)
        if user not in self._people:
            self._people[user] = _Waiting(detector or self.make_detector())

    def leave(self, user: int) -> None:
        """Somebody left: what he has said is heard to its end, then nothing is left of him."""
        self._gone.add(user)

    def hear(self, blocks: Mapping[int, Iterable[Float32]], heard_until: float) -> Heard:
        """The sound of this tick by user → what the session hears of it. `heard_until`: the end of
        this tick, in seconds of the sound that the session has heard."""
        self._tick += 1
        for user, sounds in blocks.items():
            if user not in self._people:
                self.enter(user)
            for block in sounds:
                over_another = self._holder not in (None, user)
                self.dropped += self._people[user].push(
                    block, self._tick, over_another=over_another
                )
        if self._holder is None or self._is_over():
            self._pass_on()
        self._free_for = self._free_for + 1 if self._holder is None else 0
        heard = self._holder if self._holder is not None else self._at_hand()
        for user in [each for each in self._gone if self._has_nothing(each)]:
            self._gone.discard(user)
            self._people.pop(user, None)
        if heard is None or heard not in self._people:
            return Heard(_SILENCE, None)
        return self._next(self._people[heard], heard, heard_until)

    def speaker(self, began: float, ended: float) -> int | None:
        """Whose voice was heard most between two moments, in seconds of what the session heard."""
        counts: dict[int, int] = {}
        for at, user in tuple(self._spoke):  # it grows meanwhile, on the clock's thread
            if began - TICK <= at <= ended + FRAME_SECONDS:
                counts[user] = counts.get(user, 0) + 1
        return max(counts, key=lambda user: counts[user]) if counts else None

    def clear(self) -> None:
        """Another channel: nobody has said anything."""
        self._people.clear()
        self._gone.clear()
        self._holder = self._candidate = None
        self._silent = 0

    def _has_nothing(self, user: int) -> bool:
        waiting = self._people.get(user)
        return waiting is None or (user != self._holder and not waiting.claims())

    def _is_over(self) -> bool:
        """Whether the holder has finished, and everything that he said was heard."""
        assert self._holder is not None
        if self._people[self._holder].voiced or self._silent < RELEASE:
            return False
        return self._silent >= PATIENCE or not self.turn_open()

    def _pass_on(self) -> None:
        claims = [u for u, each in self._people.items() if each.claims() and self._may(each)]
        self._holder = min(claims, key=self._claimed_at, default=None)
        self._silent = 0

    def _may(self, waiting: _Waiting) -> bool:
        """Whether it may be heard by now: what was kept interrupts no answer."""
        return not (waiting.kept and self.answering() and self._free_for < ANSWER)

    def _claimed_at(self, user: int) -> int:
        since = self._people[user].since
        return self._tick if since is None else since

    def _at_hand(self) -> int | None:
        """Who is heard while nobody has the floor: the same one as long as there is sound of him,
        so that a voice which begins in it is heard at once and from its beginning."""
        same = self._people.get(self._candidate) if self._candidate is not None else None
        if same is None or not same.blocks or same.kept:
            sounding = (u for u, each in self._people.items() if each.blocks and not each.kept)
            self._candidate = next(sounding, None)
        return self._candidate

    def _next(self, waiting: _Waiting, user: int, heard_until: float) -> Heard:
        block, speaks = waiting.pop() if waiting.blocks else (_SILENCE, False)
        pausing = self._holder is None or self._silent >= _SHORT_PAUSE
        while not speaks and pausing and len(waiting.blocks) > _LIVE:
            block, speaks = waiting.pop()
        self._silent = 0 if speaks else self._silent + 1
        if not speaks:
            return Heard(block, None)
        self._holder = user
        self._spoke.append((heard_until, user))
        while self._spoke[0][0] < heard_until - _REMEMBERED:
            self._spoke.popleft()
        return Heard(block, user)
