"""Device supervisor: keeps microphone and speaker open, notices what is lost, opens what is back,
and tells of it.

Devices raise nothing when they go wrong, so they are looked at, twenty times a second: a stream
ended, fell silent, or was moved by the sound server to what the speaker plays. Each of the two is
lost and found for itself. PortAudio may hang at any call, so it is only ever called on its own
thread, one job at a time; the looking goes on meanwhile.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from assistant.audio.devices.notices import (
    DeviceNotices,
    NamedDevice,
    device_behind,
    has_strayed,
    is_elsewhere,
    is_muted,
    place_of,
)
from assistant.audio.devices.portaudio import THREAD, PortAudioUnavailable, hung, kept_stderr
from assistant.audio.devices.pulse import Kind, PulseWatch
from assistant.audio.devices.rescan import Rescan
from assistant.audio.devices.streams import KINDS, NAMES, DeviceProblem, OpenStream, Streams

OPEN_LIMIT = 3.0
"""Seconds after which a sound server counts as hung."""

_LOOK_SECONDS = 0.05
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 1.5
_PENDING_SECONDS = 2.0
"""A stream that was opened and stays silent (its device is suspended) is given so long before it is
opened again; where the device wakes meanwhile, it flows at once."""
_CALM_SECONDS = 5.0
"""A device lost sooner than that after it came back is opened again less hastily."""
_DOUBT_SECONDS = 0.4
"""Without a callback for so long, a stream may be about to be lost."""

_log = logging.getLogger(__name__)

Tell = Callable[[str, str], None]


class _OpenJob(NamedTuple):
    kinds: frozenset[Kind]
    work: asyncio.Task[dict[Kind, DeviceProblem]]


@dataclass(slots=True)
class _SideState:
    """What is known of the one or the other."""

    place: NamedDevice | None = None
    placed: OpenStream | None = None
    """The stream that was there at the time."""
    gone: bool = True
    since: float = 0.0
    """When it was lost, or found."""
    wait: float = _FIRST_WAIT
    next_attempt: float = 0.0
    asked: bool = False
    """Another device was chosen and is to be opened."""
    obeyed: bool = False
    """The sound server has once connected the stream to the device that was chosen."""
    told: str = ""
    """The last problem that was told."""
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class DeviceSupervisor:
    """`tell(text, remedy)` is given each line for a person; `on_change(kind)` is called when there
    is another device than before, or the same one after a gap."""

    def __init__(
        self,
        streams: Streams,
        tell: Tell,
        on_change: Callable[[Kind], None],
        is_sounding: Callable[[], bool],
    ) -> None:
        self._streams = streams
        self._tell = tell
        self._on_change = on_change
        self._notices = DeviceNotices()
        self._sides: dict[Kind, _SideState] = {kind: _SideState() for kind in KINDS}
        self._job: _OpenJob | None = None
        self._look_now = asyncio.Event()
        self.pulse = PulseWatch(self._pulse_changed)
        self._rescan = Rescan(streams, self.pulse, self.is_gone, is_sounding)

    def name(self, kind: Kind) -> str | None:
        """Of the device in use."""
        place = self._sides[kind].place
        return place.name if place else None

    def is_gone(self, kind: Kind) -> bool:
        return self._sides[kind].gone

    def gone_since(self, kind: Kind) -> float | None:
        """Monotonic seconds; None where it is there."""
        side = self._sides[kind]
        return side.since if side.gone else None

    def is_muted(self) -> bool:
        """Whether the sound server says that the microphone is turned off in its mixer."""
        stream = self._streams.microphone
        return stream is not None and is_muted(self.pulse.state, stream)

    async def run(self, opened: asyncio.Event) -> None:
        """Open what there is, set `opened`, and keep it open until cancelled. Returns only where
        there is no PortAudio."""
        watching = asyncio.gather(self.pulse.run(), self._rescan.run())
        try:
            if not await self._open_first():
                return
            opened.set()
            while True:
                self._step(time.monotonic())
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(_LOOK_SECONDS):
                        await self._look_now.wait()
                self._look_now.clear()
        finally:
            opened.set()
            watching.cancel()
            if self._job is not None:
                self._job.work.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def use(self, kind: Kind, name: str | int | None) -> None:
        """Go over to that device; returns when it is open, or after three seconds."""
        side = self._sides[kind]
        self._streams.wanted[kind] = name
        side.asked = True
        side.wait = _FIRST_WAIT
        side.told = ""
        side.settled.clear()
        self._notices.asked(kind)
        self._look_now.set()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(OPEN_LIMIT):
                await side.settled.wait()

    # --- opening ------------------------------------------------------------------------------

    async def _open_first(self) -> bool:
        await self.pulse.look()
        now = time.monotonic()
        problems: dict[Kind, DeviceProblem] = {}
        try:
            problems = await self._on_thread(lambda: self._streams.mend(KINDS, self.pulse.state))
        except PortAudioUnavailable as error:
            self._tell(error.message, error.remedy)
            if error.kind == "missing":
                return False
        for kind, side in self._sides.items():
            stream = self._streams.get(kind)
            side.gone = stream is None
            side.since = side.next_attempt = now
            side.place = place_of(self.pulse.state, stream) if stream else None
            self._notices.begin(kind, side.place)
        for kind in reversed(KINDS):
            if kind in problems:
                self._tell_problem(kind, problems[kind])
        return True

    async def _on_thread(
        self, work: Callable[[], dict[Kind, DeviceProblem]]
    ) -> dict[Kind, DeviceProblem]:
        """Run on PortAudio's thread, however long that takes; tells if it is long."""
        future = asyncio.wrap_future(THREAD.submit(work))
        with kept_stderr(future.done):
            await asyncio.wait({future}, timeout=OPEN_LIMIT)
        if not future.done():
            trouble = hung()
            self._tell(trouble.message, trouble.remedy)
        return await future

    # --- looking ------------------------------------------------------------------------------

    def _step(self, now: float) -> None:
        if self._job is not None and self._job.work.done():
            self._take_job(self._job, now)
        for kind in KINDS:
            self._judge(kind, now)
        if self._job is None:
            for side in self._sides.values():
                if not side.asked:
                    side.settled.set()
            self._start_job(now)
        streams = [self._streams.get(kind) for kind in KINDS if not self.is_gone(kind)]
        doubtful = any(s and now - s.last_callback > _DOUBT_SECONDS for s in streams)
        for text, remedy in self._notices.due(now, doubtful=doubtful):
            self._tell(text, remedy)

    def _judge(self, kind: Kind, now: float) -> None:
        """Notice what was lost, what is back, and what is another device now."""
        side, stream = self._sides[kind], self._streams.get(kind)
        if self._job is not None and kind in self._job.kinds:
            if not side.gone and stream is not None and stream.is_lost(now):
                self._lose(kind, now)
            return  # between two devices
        strayed = stream is not None and has_strayed(self.pulse.state, stream)
        if side.gone:
            if stream is not None and not strayed and stream.is_proven(now):
                side.gone, side.since = False, now
                self._take_place(kind, stream, now)
                self._on_change(kind)
        elif stream is None or strayed or stream.is_lost(now):
            self._lose(kind, now)
        else:
            before = side.place
            self._take_place(kind, stream, now)
            behind = device_behind(self.pulse.state, stream)
            side.obeyed |= behind is not None and behind.name == stream.device.route
            if before is not None and side.place is not None and side.place.differs(before):
                self._on_change(kind)

    def _lose(self, kind: Kind, now: float) -> None:
        side = self._sides[kind]
        _log.info("%s lost: %s", kind, side.place)
        side.wait = _FIRST_WAIT if now - side.since > _CALM_SECONDS else side.wait
        side.gone, side.since, side.place = True, now, None
        side.next_attempt = now + side.wait
        self._notices.note(kind, None, now)
        self._rescan.lost()

    def _take_place(self, kind: Kind, stream: OpenStream, now: float) -> None:
        side = self._sides[kind]
        if side.place is None or stream is not side.placed or self.pulse.state is not None:
            side.place, side.placed = (
                place_of(self.pulse.state, stream),
                stream,
            )  # else what was known holds
        self._notices.note(kind, side.place, now)

    def _pulse_changed(self) -> None:
        for side in self._sides.values():
            if side.gone:
                side.wait = _FIRST_WAIT
                side.next_attempt = 0.0
        self._look_now.set()

    # --- mending ------------------------------------------------------------------------------

    def _start_job(self, now: float) -> None:
        kinds = frozenset(kind for kind in KINDS if self._needs_opening(kind, now))
        shut = frozenset(kind for kind in KINDS if self._needs_change(kind, now))
        anew = self._rescan.take_due(now)
        if not kinds and not shut and not anew:
            return
        asked = [kind for kind in shut if self._sides[kind].asked]
        for kind in asked:
            self._sides[kind].asked = False
        for kind in shut:
            self._sides[kind].obeyed = False
        state = self.pulse.state
        may_look_anew = bool(asked) and not (state and state.devices)

        def work() -> dict[Kind, DeviceProblem]:
            problems = self._streams.mend(kinds, state, shut=shut, anew=anew)
            unknown = [kind for kind in asked if kind in problems]
            if may_look_anew and any(problems[kind].why == "unknown name" for kind in unknown):
                # Perhaps it was plugged in since PortAudio looked. Whoever asks for it may wait.
                problems = self._streams.mend(KINDS, state, anew=True)
            return problems

        async def mend() -> dict[Kind, DeviceProblem]:
            problems = await self._on_thread(work)
            await self.pulse.look()  # where the new streams are connected
            return problems

        task = asyncio.create_task(mend())
        self._job = _OpenJob(frozenset(KINDS) if anew or may_look_anew else kinds | shut, task)
        task.add_done_callback(lambda _: self._look_now.set())

    def _needs_opening(self, kind: Kind, now: float) -> bool:
        side, stream = self._sides[kind], self._streams.get(kind)
        if not side.gone or now < side.next_attempt:
            return False
        if stream is None or stream.ended or stream.opened_at < side.since:
            return True
        return now - stream.opened_at > _PENDING_SECONDS and stream.is_lost(now)

    def _needs_change(self, kind: Kind, now: float) -> bool:
        """Whether what is open has to be closed, because it is not what is wanted."""
        side, stream = self._sides[kind], self._streams.get(kind)
        if side.asked:
            return True
        if stream is None:
            return False
        if side.gone:
            return has_strayed(self.pulse.state, stream)
        wanted = self._streams.wanted[kind]
        if now < side.next_attempt or not is_elsewhere(self.pulse.state, stream, wanted):
            return False
        # The chosen one is back after another had to stand in for it; or the server has moved the
        # stream away from it, as it does with the default device's when that is changed.
        if stream.device.route is None or side.obeyed:
            return True
        text = f"The sound server does not let the {NAMES[kind]} be chosen here."
        remedy = "Choose it in the system's sound settings."
        self._tell_problem(kind, DeviceProblem("refused", text, remedy))
        return False

    def _take_job(self, job: _OpenJob, now: float) -> None:
        self._job = None
        problems: dict[Kind, DeviceProblem] = {}
        try:
            problems = job.work.result()
        except PortAudioUnavailable as error:
            _log.info("PortAudio: %s", error)
        except Exception:
            _log.exception("while opening sound devices")
        for kind in job.kinds:
            side = self._sides[kind]
            side.wait = min(_LONGEST_WAIT, 2 * side.wait)
            side.next_attempt = now + side.wait
            # Of a device that was told to be gone there is nothing more to say.
            if kind in problems and (problems[kind].why == "unknown name" or not side.gone):
                self._tell_problem(kind, problems[kind])

    def _tell_problem(self, kind: Kind, problem: DeviceProblem) -> None:
        side = self._sides[kind]
        if side.told != problem.text:
            side.told = problem.text
            self._tell(problem.text, problem.remedy)
