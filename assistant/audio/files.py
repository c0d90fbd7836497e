"""A conversation from a WAV file into a WAV file, as fast as one steps or at the clock's pace."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from assistant.audio.base import Float32, OnFrame
from assistant.audio.clean import clean
from assistant.audio.jitter import JitterBuffer
from assistant.audio.levels import LevelHistory
from assistant.audio.reblock import Reblocker
from assistant.audio.resample import OFFLINE, StreamResampler
from assistant.audio.wav import AudioFileError, WavReader, WavWriter
from assistant.frames import FRAME_SAMPLES, FRAME_SECONDS, SAMPLE_RATE

_log = logging.getLogger(__name__)

NumberedFrame = tuple[int, Float32]

__all__ = ["AudioFileError", "FileAudio", "read_frames"]


class FileAudio:
    """`AudioIO` whose microphone is `input_wav` and whose speaker is `output_wav` (or nowhere).

    On the virtual clock (not `realtime`) nothing happens by itself: the driver calls `step` (after
    the end of the input `step_silence`) and `pull_output`, once each for every 80 ms. In realtime
    both happen by the clock after `start`, with silence behind the end of the input.
    """

    def __init__(
        self, input_wav: Path, output_wav: Path | None = None, realtime: bool = False
    ) -> None:
        """Raises `AudioFileError` where the input has no sound or the output cannot be written."""
        self.playback = JitterBuffer()
        self.input_levels = LevelHistory()
        self.output_levels = LevelHistory()
        self.microphone: str | None = input_wav.name
        self.speaker: str | None = output_wav.name if output_wav else "nowhere"
        self.realtime = realtime
        self.error: AudioFileError | None = None
        """Why the output could not be written to its end."""
        self.input_ended = asyncio.Event()
        """All of the input was handed out."""
        if output_wav and output_wav.exists() and input_wav.exists():
            _refuse_same(input_wav, output_wav)
        self._reader = WavReader(input_wav)
        self.seconds = self._reader.seconds
        """Length of the input."""
        self._frames = read_frames(self._reader)
        self._next = 0
        try:
            self._writer = WavWriter(output_wav) if output_wav else None
        except AudioFileError:
            self._reader.close()
            raise
        self._on_frame: OnFrame = lambda number, frame: None
        self._on_problem: Callable[[str, str], None] = lambda text, remedy: None
        self._task: asyncio.Task[None] | None = None

    async def start(self, on_frame: OnFrame, on_problem: Callable[[str, str], None]) -> None:
        self._on_frame = on_frame
        self._on_problem = on_problem
        for warning in self._reader.warnings:
            on_problem(warning, "What is there is used.")
        if self.realtime:
            self._task = asyncio.create_task(self._pace())

    async def stop(self) -> None:
        """End the pacing and complete the output file; `error` says if that failed."""
        if self._task is not None:
            self._task.cancel()
            [outcome] = await asyncio.gather(self._task, return_exceptions=True)
            if isinstance(outcome, Exception):
                _log.error("the pacing of the files failed", exc_info=outcome)
            self._task = None
        self._reader.close()
        if self._writer is not None:
            try:
                self._writer.close()
            except AudioFileError as error:
                self._fail(error)

    def step(self) -> NumberedFrame | None:
        """Give the next frame of the input to `on_frame`, and return it; None at its end."""
        frame = next(self._frames, None)
        if frame is None:
            self.input_ended.set()
            return None
        return self._give(frame)

    def step_silence(self) -> NumberedFrame:
        """The same with a frame of silence, numbered on."""
        return self._give(np.zeros(FRAME_SAMPLES, dtype=np.float32))

    def pull_output(self) -> Float32:
        """Play 80 ms: take a frame from `playback`, write it to the output, return it."""
        frame = self.playback.read(FRAME_SAMPLES)
        self.output_levels.push(frame)
        if self._writer is not None and self.error is None:
            try:
                self._writer.write(frame)
            except AudioFileError as error:
                self._fail(error)
        return frame

    def drops(self) -> dict[str, int]:
        return {"microphone": 0, "speaker": -(-self.playback.dropped // FRAME_SAMPLES)}

    def output_delay(self) -> float:
        return 0.0

    def _give(self, frame: Float32) -> NumberedFrame:
        number = self._next
        self._next += 1
        self.input_levels.push(frame)
        self._on_frame(number, frame)
        return number, frame

    async def _pace(self) -> None:
        """A step each 80 ms by the clock; what came late is made up for, so nothing drifts."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            if self.input_ended.is_set() or self.step() is None:
                self.step_silence()
            self.pull_output()
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _fail(self, error: AudioFileError) -> None:
        if self.error is None:
            self.error = error
            self._on_problem(error.message, error.remedy)


def read_frames(reader: WavReader) -> Iterator[Float32]:
    """The file as frames of 24 kHz mono, cleaned; the last one is padded with silence."""
    resampler = StreamResampler(reader.format.rate, SAMPLE_RATE, OFFLINE)
    reblocker = Reblocker()
    for block in reader.blocks():
        for _, frame in reblocker.push(resampler.process(clean(block)[0])):
            yield frame
    rest = resampler.process(np.zeros(0, dtype=np.float32), last=True)
    for _, frame in reblocker.push(clean(rest)[0]) + reblocker.flush():
        yield frame


def _refuse_same(input_wav: Path, output_wav: Path) -> None:
    if input_wav.samefile(output_wav):
        raise AudioFileError(f"{input_wav} is both input and output.", "Name another output file.")
