"""`assistant say TEXT`: one text in the persona's voice, to the speaker or into a file.

Into a file goes what is rendered and nothing else, as it comes: how fast the machine is does not
show in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from assistant.audio.base import AudioIO
from assistant.audio.files import FileAudio, WholeWav, open_output
from assistant.audio.playback.jitter import JitterBuffer
from assistant.backends.base import BackendError
from assistant.commands.plain import libraries_speak_to_the_log
from assistant.config.schema import Config
from assistant.frames import FRAME_SAMPLES, SAMPLE_RATE
from assistant.language.delivery.marks import mark
from assistant.language.delivery.named import DELIVERIES
from assistant.session.events import AgentSaid, Failure, Notice, SessionEvent
from assistant.session.factory import find_personas, make_session, start_and_wait
from assistant.session.frontend import SessionFrontend

_LOOK = 0.005
"""Seconds between two looks at what was rendered: far less than what fits into the queue."""
_LONGEST = 24 * 3600.0
"""Seconds of speech that may wait for a reader that is slow."""
_PIECE = 400
"""Characters from which a text is handed over in several pieces."""
_LONG_TEXT = 600
"""Characters from which a text's progress is told, about 40 s of speech."""
_PROGRESS = 1.0
"""Seconds between two lines of progress."""
_TERMINATED = 128 + signal.SIGTERM


def say_command(config: Config, text: str, audio: AudioIO | Path, delivery: str = "") -> int:
    """Speak `text` through `audio`, or into a new WAV file where it is a path ("-": to standard
    output); with the `delivery` of this name, else with the persona's own. Returns the exit code;
    raises `AudioFileError` or `BackendError`, and then there is no file."""
    if delivery:
        config.voice.expressive = True  # it was asked for
        text = mark(delivery) + text
    config.session.greeting = False
    config.session.save = False
    config.brain.kind = "scripted"
    find_personas(config)  # a misspelt name is told before anything is opened
    with libraries_speak_to_the_log(), contextlib.suppress(asyncio.CancelledError):
        return asyncio.run(_say(config, text, audio))
    return _TERMINATED


def list_deliveries() -> int:
    """Print the names that a delivery may have, and what each is for. Returns the exit code."""
    width = max(map(len, DELIVERIES))
    for name, delivery in DELIVERIES.items():
        print(f"{name:<{width}}  {delivery.about}")
    return 0


async def _say(config: Config, text: str, audio: AudioIO | Path) -> int:
    with terminable():
        if isinstance(audio, Path):
            await _into_file(config, text, audio)
        else:
            await aloud(config, text, audio)
    return 0


async def aloud(config: Config, text: str, device: AudioIO) -> None:
    """Speak `text` to its end. Raises `BackendError` where not all of it could be said."""
    session = make_session(config, device)
    try:
        await start_and_wait(session)
        if device.speaker is None:
            raise BackendError("there is no speaker", "assistant say --output FILE writes a file")
        outcome = _Outcome(session)
        session.say(*_in_pieces(text))
        await session.finished()
        await asyncio.sleep(device.output_delay() + 0.1)  # the device's own buffers
        outcome.check()
    finally:
        await session.stop()


async def _into_file(config: Config, text: str, path: Path) -> None:
    writer = open_output(path)
    device = FileAudio(None, path, writer=writer)
    device.playback = JitterBuffer(max_seconds=_LONGEST)
    session = make_session(config, device, steps=True)
    try:
        await start_and_wait(session)
        outcome = _Outcome(session)
        progress = _Progress(session, len(text))
        session.say(*_in_pieces(text))
        samples = 0
        while not session.is_silent and device.error is None:
            # On a thread, because a reader (aplay) may take sound no faster than it is heard.
            samples += await asyncio.to_thread(_drain, device)
            progress.tell(samples)
            await asyncio.sleep(_LOOK)
        outcome.check()
        if device.error is not None:
            raise device.error
        if not samples:
            raise BackendError(
                "nothing in this text can be said", "words are said; marks and pictures are not"
            )
        if isinstance(writer, WholeWav):
            writer.whole = True
    finally:
        await session.stop()
    if device.error is not None:
        raise device.error


def _in_pieces(text: str) -> list[str]:
    """Cut at blanks, so that a whole book is not rendered as one message of the backend's."""
    pieces = [""]
    for word in re.findall(r"\S+\s?", text):
        if len(pieces[-1]) > _PIECE:
            pieces.append("")
        pieces[-1] += word
    return pieces


def _drain(device: FileAudio) -> int:
    """Write what is there; returns how many samples that was."""
    samples = 0
    while device.error is None and (size := min(device.playback.queued, FRAME_SAMPLES)):
        device.pull_output(size)
        samples += size
    return samples


class _Outcome:
    """Whether all of it was said, and if not, why."""

    def __init__(self, session: SessionFrontend) -> None:
        self._failure: BackendError | None = None
        self._cut = False
        session.subscribe(self._note)

    def _note(self, event: SessionEvent) -> None:
        match event:
            case Failure():
                self._failure = BackendError(event.text, event.remedy)
            case Notice(severity="error") if self._failure is None:
                self._failure = BackendError(event.text, event.remedy)
            case Notice(key="delivery"):
                print(f"· {event.text}", file=sys.stderr, flush=True)
            case AgentSaid(final=True, interrupted=True):
                self._cut = True
            case _:
                pass

    def check(self) -> None:
        """Raises `BackendError` where something was not said."""
        if self._failure is not None:
            raise self._failure
        if self._cut:
            raise BackendError("the voice stopped before the end", "try again")


class _Progress:
    """How far a long text is, on standard error."""

    def __init__(self, session: SessionFrontend, characters: int) -> None:
        self._characters = characters
        self._said = 0
        self._next = time.monotonic() + _PROGRESS
        session.subscribe(self._note)

    def _note(self, event: SessionEvent) -> None:
        if isinstance(event, AgentSaid):
            self._said += len(event.text)

    def tell(self, samples: int) -> None:
        """`samples` are in the file."""
        if self._characters < _LONG_TEXT or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PROGRESS
        share = min(99, 100 * self._said // self._characters)
        print(f"· {share} %, {samples / SAMPLE_RATE:.0f} s of speech", file=sys.stderr, flush=True)


@contextlib.contextmanager
def terminable() -> Iterator[None]:
    """SIGTERM and SIGHUP end it as Ctrl-C does: everything is closed, no half file stays."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    numbers = (signal.SIGTERM, signal.SIGHUP) if task is not None else ()
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)  # type: ignore[union-attr]
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)
