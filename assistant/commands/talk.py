"""`assistant talk`: a whole conversation from a sound file into another.

On the virtual clock a frame is fed, everything it causes is waited for, then comes the next: as
fast as the machine can, and the same events each time. With `--realtime` the file is played to the
assistant as a microphone would, so that latencies are real.
"""

from __future__ import annotations

import asyncio
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from assistant.audio.base import Float32
from assistant.audio.files import FileAudio
from assistant.backends.host.child import use_one_heap
from assistant.commands.event_log import EventLog
from assistant.config.schema import Config
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE
from assistant.personas.loading import LoadedPersonas
from assistant.session.dependencies import MakeBrain
from assistant.session.factory import find_personas, make_dependencies, start_and_wait
from assistant.session.session import Session

LISTEN_ON = 1.6
"""Seconds of silence after the input's end, so that its last turn can end."""
LONGEST_ANSWER = 180.0
"""Seconds after the input's end at which the conversation is over whatever is being said."""
TICK = 480
"""Samples the realtime player takes at a time: 20 ms, as a sound card would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOptions:
    input: Path
    output: Path
    events: Path | None = None
    realtime: bool = False
    greeting: bool = True
    guard: bool = False
    """The half-duplex guard; off, because a file does not hear the speaker."""
    seed: int | None = None


class TalkClock:
    """Seconds on the input's clock: frames fed, or (realtime) time since the first."""

    def __init__(self) -> None:
        self.frames = 0
        self.began: float | None = None

    def __call__(self) -> float:
        if self.began is not None:
            return time.monotonic() - self.began
        return self.frames * FRAME_SECONDS


class Talk:
    """One run, from the input's first frame until the last answer was said."""

    def __init__(
        self,
        config: Config,
        options: TalkOptions,
        *,
        personas: LoadedPersonas | None = None,
        make_brain: MakeBrain | None = None,
    ) -> None:
        """`personas`, `make_brain`: other ones than these settings give."""
        config.session.greeting = options.greeting
        config.audio.echo_guard = options.guard
        config.audio.headset = not options.guard
        config.audio.mode = "open"
        self.options = options
        self.clock = TalkClock()
        personas = personas or find_personas(
            config
        )  # a misspelt name must not cost an older output file
        self.audio = FileAudio(options.input, options.output, config.audio)
        use_one_heap()  # before there are threads
        dependencies = make_dependencies(
            config,
            self.audio,
            personas=personas,
            clock=self.clock,
            steps=not options.realtime,
            seed=options.seed,
        )
        if make_brain is not None:
            dependencies.make_brain = make_brain
        self.session = Session(dependencies)
        self._input_frames = 0

    async def run(self) -> None:
        """Raises `BackendError` where the backend cannot be loaded, `AudioFileError` or `OSError`
        after the conversation where not all of it could be written down."""
        log = EventLog(self.options.events) if self.options.events else None
        if log is not None:
            self.session.subscribe(log)
        try:
            await start_and_wait(self.session)
            await (self._in_real_time() if self.options.realtime else self._on_virtual_clock())
        finally:
            await self.session.stop()
            if log is not None:
                log.close()
        if self.audio.error is not None:
            raise self.audio.error
        if log is not None and log.error is not None:
            raise log.error

    async def _on_virtual_clock(self) -> None:
        number = 0
        while (frame := self._next_frame(number)) is not None:
            self.clock.frames = number + 1
            await self.session.feed(number, frame)
            self.audio.pull_output()
            await asyncio.sleep(0)  # what the speaker has told is heard before the next frame
            number += 1

    async def _in_real_time(self) -> None:
        """20 ms steps; a step that comes late is made up for, so that the clock never drifts."""
        self.clock.began = time.monotonic()
        ticks_a_frame = FRAME_SAMPLES // TICK
        tick = 0
        while True:
            due = self.clock.began + (tick + 1) * TICK / SAMPLE_RATE
            await asyncio.sleep(max(0.0, due - time.monotonic()))
            self.audio.pull_output(TICK)
            tick += 1
            if tick % ticks_a_frame == 0:
                number = tick // ticks_a_frame - 1
                frame = self._next_frame(number)
                if frame is None:
                    return
                self.session.take_frame(number, frame)

    def _next_frame(self, number: int) -> Float32 | None:
        """The next frame of the file, silence after it, None when all has been said."""
        frame = self.audio.next_frame()
        if frame is not None:
            self._input_frames = number + 1
            return frame
        beyond = (number - self._input_frames) * FRAME_SECONDS
        quiet = self.session.state in ("idle", "initializing") and self.session.is_silent
        if (quiet and beyond > LISTEN_ON) or beyond > LONGEST_ANSWER:
            return None
        return np.zeros(FRAME_SAMPLES, np.float32)


def talk_command(config: Config, options: TalkOptions) -> int:
    """Returns the exit code; errors of the input, the output and the backend are raised."""
    asyncio.run(Talk(config, options).run())
    print(f"{options.output}", file=sys.stderr)
    return 0
