"""Sound off the event loop: what devices leave behind becomes frames on a thread of its own.

    callbacks ─► queues ─► [sound thread: rate, echo canceller, voice onset, framing] ─► handover
                                                          event loop: frames, voice, notices ◄─┘

The event loop also draws and listens to keys, so sound must never keep it: what it has no time for
waits in a bounded handover, and is shed there (the oldest first, counted), never a key.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from assistant.audio.devices.loss_meter import (
    AUDIBLE,
    GAPPY,
    MUTED,
    SILENT,
    WHOLE,
    DropoutDetector,
    LossMeter,
    SilenceDetector,
)
from assistant.audio.devices.reblock import Reblocker
from assistant.audio.devices.streams import OpenStream
from assistant.audio.frontend.frontend import FrontEnd, FrontEndState
from assistant.audio.levels import LevelHistory
from assistant.audio.resample import StreamResampler, clean, mixdown
from assistant.audio.types import Float32
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from assistant.loops import post

HANDOVER_FRAMES = 50
"""Frames (four seconds) that wait for an event loop that has no time."""
_AT_ONCE = 8
"""So many are taken before a key may come between."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HeardFrame:
    """A frame of the microphone's, and what was known when it was heard."""

    number: int
    samples: Float32
    state: FrontEndState


@dataclass(frozen=True, slots=True)
class StateChange:
    """The front end knows something new: the user's voice begins or ends, the echo is gone …"""

    state: FrontEndState


@dataclass(frozen=True, slots=True)
class DeviceNotice:
    """Something to tell of the microphone."""

    text: str
    remedy: str


Item = HeardFrame | StateChange | DeviceNotice


class Handover:
    """From the sound thread to the event loop, in order. Bounded: of more than `HANDOVER_FRAMES`
    frames the oldest is shed, so that an overloaded loop hears late and with gaps, but goes on."""

    def __init__(self, take: Callable[[Item], None], most: int = HANDOVER_FRAMES) -> None:
        """`take` is called in the loop, item by item."""
        self._take = take
        self._most = most
        self._items: deque[Item] = deque()
        self._frames = 0
        self._due = False
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self.shed = 0
        """Frames that nobody took in time."""

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def put(self, item: Item) -> None:
        """From any thread; returns at once."""
        with self._lock:
            self._items.append(item)
            if isinstance(item, HeardFrame):
                self._frames += 1
                if self._frames > self._most:
                    self._shed_oldest()
            if self._due or self._loop is None:
                return
            self._due = True
        post(self._loop, self._deliver)

    def _shed_oldest(self) -> None:
        oldest = next(n for n, item in enumerate(self._items) if isinstance(item, HeardFrame))
        del self._items[oldest]
        self._frames -= 1
        self.shed += 1

    def _deliver(self) -> None:
        """In the loop."""
        for _ in range(_AT_ONCE):
            with self._lock:
                if not self._items:
                    self._due = False
                    return
                item = self._items.popleft()
                self._frames -= isinstance(item, HeardFrame)
            try:
                self._take(item)
            except Exception:  # a listener's mistake must not end the hearing
                log.exception("while sound was handed over")
        assert self._loop is not None
        self._loop.call_soon(self._deliver)


class OpenDevices(Protocol):
    """The streams that are open at the moment."""

    microphone: OpenStream | None
    speaker: OpenStream | None


class DeviceHealth(Protocol):
    """What the supervisor knows; asked from the sound thread."""

    def is_gone(self, kind: Literal["input", "output"]) -> bool: ...

    def is_muted(self) -> bool: ...


class SoundThread:
    """Takes both sides' sound from the queues that the audio callbacks fill, through the front end,
    to `handover`. `wake` from any thread has it look; everything else happens on its own."""

    def __init__(
        self, front: FrontEnd, devices: OpenDevices, health: DeviceHealth, handover: Handover
    ) -> None:
        self.front = front
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.cleaned = 0
        """Samples that were not sound (NaN, infinite, over-range) and were put right."""
        self.frames = 0
        """Frames of the microphone's that were handed over, or shed there."""
        self.lost_output = 0
        """Samples that the speaker did not play."""
        self._devices = devices
        self._health = health
        self._handover = handover
        self._silence = SilenceDetector()
        self._dropouts = DropoutDetector()
        self._reblocker = Reblocker()
        self._resampler = StreamResampler(SAMPLE_RATE, SAMPLE_RATE)
        self._heard: OpenStream | None = None
        self._heard_until: float | None = None
        self._told = front.state()
        self._shed = 0
        self._work = threading.Event()
        self._changed: set[Literal["input", "output"]] = set()
        self._ends = False
        self._thread: threading.Thread | None = None
        front.on_voice = lambda speaking: self._tell_state()

    @property
    def lost_frames(self) -> int:
        """Frames of the microphone that nobody heard."""
        return self._reblocker.lost_frames + self._handover.shed

    def start(self) -> None:
        self.front.warm()
        self._ends = False
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._thread.start()

    async def stop(self, limit: float) -> None:
        """Returns when it has ended, after `limit` seconds at the latest."""
        self._ends = True
        self._work.set()
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, limit)

    def wake(self) -> None:
        """From an audio callback: there is sound."""
        self._work.set()

    def device_changed(self, kind: Literal["input", "output"]) -> None:
        """Another device, or the same one after a gap: another room."""
        self._changed.add(kind)
        self._work.set()

    # --- on the thread ------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._ends:
            self._work.wait()
            self._work.clear()
            try:
                self._look()
            except Exception:
                log.exception("while sound was worked on")

    def _look(self) -> None:
        while self._changed:
            if self._changed.pop() == "input":
                self._heard = None
            else:
                self.front.restart()
        # The speaker first: an echo canceller has to know a sound before it hears it.
        if (speaker := self._devices.speaker) is not None:
            self._take_output(speaker)
        if (microphone := self._devices.microphone) is not None:
            self._take_input(microphone)
        self._tell_state()

    def _take_input(self, opened: OpenStream) -> None:
        dropped, blocks = opened.queue.take()
        if self._health.is_gone("input"):
            self._heard = None
            return  # what comes now is not the user, or not known to be
        for at, block in blocks:
            if opened is not self._heard:
                dropped = self._change_microphone(opened, at - len(block) / opened.rate, dropped)
            dropped += opened.meter.tick(at, len(block) + dropped)
            lost, dropped = round(dropped * SAMPLE_RATE / opened.rate), 0
            if lost:
                log.info("the microphone lost %d samples", lost)
                self.front.doubt()
                self._deliver(self._reblocker.lose(lost))
            samples, cleaned = clean(mixdown(block))
            self.cleaned += cleaned
            samples = self._resampler.process(samples)
            self._listen_for_silence(samples)
            self._look_for_gaps(samples.size, lost + self._newly_shed())
            self.input_levels.push(samples)
            self._deliver(self._reblocker.push(self.front.heard(samples)))
            self._heard_until = at

    def _change_microphone(self, opened: OpenStream, since: float, dropped: int) -> int:
        """Sound begins, or begins again, at `since`; until then there was no microphone, which is
        no sound lost. Returns how many of the `dropped` samples are still to be counted."""
        if self._heard_until is not None:
            gap = round(max(0.0, since - self._heard_until) * SAMPLE_RATE)
            self._deliver(self._reblocker.skip(gap))
            dropped = 0
        self._heard = opened
        self.front.restart()
        self._silence.restart()
        self._dropouts.restart()
        self._resampler = StreamResampler(opened.rate, SAMPLE_RATE)
        opened.meter = LossMeter(opened.rate, opened.meter.tolerance)
        return dropped

    def _listen_for_silence(self, samples: Float32) -> None:
        muted = self._health.is_muted()
        if self._silence.take(samples, muted=muted):
            silent = MUTED if muted else SILENT
            self._notice(silent if self._silence.silent else AUDIBLE)

    def _newly_shed(self) -> int:
        """Samples that the event loop had no time for since this was asked last."""
        shed, self._shed = self._shed, self._handover.shed
        return (self._shed - shed) * FRAME_SAMPLES

    def _look_for_gaps(self, come: int, lost: int) -> None:
        if self._dropouts.take(come, lost):
            self._notice(GAPPY if self._dropouts.gappy else WHOLE)

    def _take_output(self, opened: OpenStream) -> None:
        unseen, blocks = opened.queue.take()
        for at, pcm in blocks:
            lost = opened.meter.tick(at, pcm.size + unseen)
            if lost or unseen:
                log.info("the speaker lost %d samples, %d unseen", lost, unseen)
                self.front.doubt()
            self.lost_output += lost
            unseen = 0
            self.output_levels.push(pcm)
            self.front.played(pcm)

    def _deliver(self, frames: list[tuple[int, Float32]]) -> None:
        state = self.front.state() if frames else None
        for number, samples in frames:
            assert state is not None
            self._told = state
            self._handover.put(HeardFrame(number, samples, state))
            self.frames += 1

    def _tell_state(self) -> None:
        state = self.front.state()
        if state != self._told:
            self._told = state
            self._handover.put(StateChange(state))

    def _notice(self, told: tuple[str, str]) -> None:
        self._handover.put(DeviceNotice(*told))
