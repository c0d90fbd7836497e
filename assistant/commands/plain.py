"""`assistant plain`: the conversation line by line, without any control of the screen.

For pipes, screen readers and dumb terminals. Typed lines come from standard input; at its end the
last answer is finished, then the program ends. `/brain` lists who could answer, `/brain NAME` lets
that one answer. A line that begins with a name is that speaker's:
whatever else a text holds stands indented below it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator
from typing import TextIO

from rich.cells import cell_len, set_cell_size

from assistant.audio.base import AudioIO
from assistant.config.schema import Config
from assistant.logs import log_file
from assistant.loops import STOP_SIGNALS, ExitDeadline, post
from assistant.personas.loading import Persona
from assistant.private_files import make_folder, open_append
from assistant.session.events import (
    AgentSaid,
    AudioChanged,
    BackendChosen,
    BrainChosen,
    Failure,
    LoadProgress,
    Notice,
    PersonaChanged,
    PersonasReloaded,
    SessionEvent,
    StillThinking,
    TimerRang,
    TurnForClient,
    UserSaid,
)
from assistant.session.factory import make_conversation
from assistant.session.frontend import MakeSession, SessionFrontend
from assistant.terminal.output import decoded, opened_like
from assistant.terminal.sanitize import MOST_MARKS, clean_line

log = logging.getLogger(__name__)

YOU = "You"
_BRAIN = "/brain"
"""The one line that is a command and nothing said."""
_KNOWN_AFTER = 1.0
"""Seconds after the backend is ready when it is known who answers."""
_INDENT = "  "
_MOST_CODES = 2 + MOST_MARKS
"""Characters in a cell: a letter, its marks, and a joiner or selector."""


class Printer:
    """Writes finished turns to standard output and everything else to standard error."""

    def __init__(self, session: SessionFrontend, *, show_typed: bool) -> None:
        self._session = session
        self._show_typed = show_typed
        self._names = {p.slug: _called(p) for p in session.personas()}
        self._devices: dict[str, str | None] = {"microphone": None, "speaker": None}

    def __call__(self, event: SessionEvent) -> None:
        match event:
            case UserSaid(final=True, text=text, typed=typed, speaker=speaker) if text:
                if self._show_typed or not typed or speaker:
                    _print_turn(_called_besides(speaker, self._names.values()), text)
            case AgentSaid(final=True, played=text) if text:
                cut = " …" if event.interrupted else ""
                _print_turn(self._names.get(event.persona, event.persona), f"{text}{cut}")
            case PersonaChanged():
                self._names[event.persona.slug] = _called(event.persona)
                _tell(f"now talking to {event.persona.name}")
            case PersonasReloaded(failed=[_, *_] as failed):
                for problem in failed:
                    _tell(problem)
            case BrainChosen():
                _tell(f"answers: {event.label}")
            case BackendChosen(ready=True):
                _tell(f"backend: {event.name} ({event.reason}), {event.engine}")
                if event.note:
                    _tell(event.note)
            case StillThinking(doing=doing, seconds=seconds) if round(seconds) % 10 == 5:
                _tell(f"{doing} … ({seconds:.0f} s)")
            case TimerRang(text=text):
                _tell(text)
            case TurnForClient(side="assistant", client=client):
                _tell(f"{client} says:")
            case TurnForClient(client=client):
                _tell(f"told to {client}")
            case LoadProgress(fraction=None):
                _tell(event.text)
            case AudioChanged():
                self._tell_devices({"microphone": event.microphone, "speaker": event.speaker})
            case Notice() | Failure():
                remedy = f" – {event.remedy}" if event.remedy else ""
                _tell(f"{event.text}{remedy}")
            case _:
                pass

    def _tell_devices(self, devices: dict[str, str | None]) -> None:
        """What is in use now. A device that is lost is told by a notice, with its remedy."""
        for kind, name in devices.items():
            if name is not None and name != self._devices[kind]:
                _tell(f"{kind}: {name}")
        self._devices = devices


def _called(persona: Persona) -> str:
    """Nobody else is called as the user is."""
    name = clean_line(persona.name).replace(":", " ")
    return f"{name} ({persona.slug})" if name.casefold() == YOU.casefold() else name


def _called_besides(speaker: str, personas: Iterable[str]) -> str:
    """Who of several people spoke, told apart from the user ("") and from who answers."""
    name = clean_line(speaker).replace(":", " ")
    taken = {YOU.casefold(), *(each.casefold() for each in personas)}
    return (f"{name} (in the room)" if name.casefold() in taken else name) or YOU


def _print_turn(name: str, text: str) -> None:
    print("\n".join(_lines(f"{name}: {text}", sys.stdout)), flush=True)


def _tell(text: str) -> None:
    print("\n".join(_lines(f"· {text}", sys.stderr)), file=sys.stderr, flush=True)


def _lines(text: str, stream: TextIO) -> Iterator[str]:
    """All lines but the first indented. Where the terminal would break a line, it is broken here:
    else its rest would begin at the margin, where a speaker's name stands."""
    first, *others = text.split("\n")
    width = shutil.get_terminal_size().columns if stream.isatty() else 0
    for number, line in enumerate([first, *others]):
        indent = _INDENT if number else ""
        parts = _broken(f"{indent}{line}", width) if width > 2 * len(_INDENT) else [indent + line]
        yield from parts


def _broken(line: str, width: int) -> Iterator[str]:
    """A line in parts of at most `width` cells, broken between words where it can be."""
    while cell_len(line[: _MOST_CODES * width]) > width:
        head = set_cell_size(line[: _MOST_CODES * width], width).rstrip()
        cut = len(head) if line[len(head) : len(head) + 1] == " " else head.rfind(" ")
        if not head[:cut].strip() or cut <= 0:
            cut = max(1, len(head))
        yield line[:cut].rstrip()
        line = _INDENT + line[cut:].lstrip()
    yield line


def plain_command(config: Config, audio: AudioIO) -> int:
    """Run until the end of standard input; returns the exit code (128 + signal where one came)."""
    return plain_frontend(lambda: make_conversation(config, audio), config)


def plain_frontend(make: MakeSession, config: Config) -> int:
    """As `plain_command`, on a session that somebody else makes."""
    with ExitDeadline() as deadline:
        return asyncio.run(_run(make, config, deadline))


async def _run(make: MakeSession, config: Config, deadline: ExitDeadline) -> int:
    session = make()
    printer = Printer(session, show_typed=not sys.stdin.isatty())
    session.subscribe(printer)
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    with stop_signals(stopped, deadline), libraries_speak_to_the_log():
        try:
            await session.start()
            typing = asyncio.create_task(_type_lines(session))
            typing.add_done_callback(lambda task: _typed(task, stopped))
            offering = asyncio.create_task(_offer_brain(session, config))
            try:
                return await stopped
            finally:
                typing.cancel()
                offering.cancel()
        finally:
            await session.stop()


def _typed(typing: asyncio.Task[None], stopped: asyncio.Future[int]) -> None:
    """The input has ended, or could not be dealt with."""
    error = None if typing.cancelled() else typing.exception()
    if error is not None:
        log.error("while reading what was typed", exc_info=error)
        _tell(f"What was typed could not be dealt with ({type(error).__name__}); see the log.")
    _end(stopped, 0 if error is None else 1)


async def _type_lines(session: SessionFrontend) -> None:
    """Hand over line after line. Piped lines wait for the answer to the one before; a person who
    types may interrupt."""
    lines = _stdin_lines()
    while (line := await lines.get()) is not None:
        command, _, name = line.strip().partition(" ")
        if command == _BRAIN:
            await _answer_with(session, name.strip())
            continue
        await session.send_text(line)
        if not sys.stdin.isatty():
            await session.finished()
    await session.finished()


async def _offer_brain(session: SessionFrontend, config: Config) -> None:
    """Once, in a line, where a person reads it and nothing but the scripted persona answers."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return
    ready = asyncio.Event()
    session.subscribe(
        lambda event: ready.set() if isinstance(event, BackendChosen) and event.ready else None
    )
    if not any(isinstance(each, BackendChosen) and each.ready for each in session.standing()):
        await ready.wait()
    await asyncio.sleep(_KNOWN_AFTER)  # a backend that answers by itself tells so
    if any(isinstance(e, BrainChosen) and e.label == "scripted" for e in session.standing()):
        from assistant.commands.brain import brain_offer

        offer = await asyncio.to_thread(brain_offer, config)
        if offer is not None:
            _tell("A language model would answer about anything: assistant setup brain")
            _tell(f"{offer.about}. This is told once.")
            await asyncio.to_thread(offer.shown)


async def _answer_with(session: SessionFrontend, name: str) -> None:
    """Without a name: tell which there are."""
    if name:
        done = session.change_brain(name)
        if not sys.stdin.isatty():
            await asyncio.wait({done})
        return
    for each in await session.brains():
        now = " (now)" if each.in_use else ""
        _tell(f"{_BRAIN} {each.name}{now}: {each.label}, {each.about}")


def _stdin_lines() -> asyncio.Queue[str | None]:
    """Lines of standard input, None at its end. A thread reads: files and pipes and terminals
    cannot all be waited for in the event loop, and a blocked thread does not hold up the exit (as
    one does that is blocked in `sys.stdin`: it keeps a lock that the interpreter wants to end)."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    source = sys.stdin.fileno()

    def read() -> None:
        rest = b""
        with contextlib.suppress(OSError):  # a terminal that is gone
            while data := os.read(source, 65_536):
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    put(line)
        if rest:
            put(rest)
        post(loop, queue.put_nowait, None)

    def put(line: bytes) -> None:
        post(loop, queue.put_nowait, clean_line(decoded(line)))

    threading.Thread(target=read, name="stdin", daemon=True).start()
    return queue


@contextlib.contextmanager
def stop_signals(stopped: asyncio.Future[int], deadline: ExitDeadline) -> Iterator[None]:
    """A signal sets `stopped` to the exit code that stands for it."""
    loop = asyncio.get_running_loop()
    deadline.on_signals(lambda number: _end(stopped, 128 + number))
    try:
        yield
    finally:
        for number in STOP_SIGNALS:
            loop.remove_signal_handler(number)


def _end(stopped: asyncio.Future[int], code: int) -> None:
    if not stopped.done():
        stopped.set_result(code)


@contextlib.contextmanager
def libraries_speak_to_the_log() -> Iterator[None]:
    """ALSA, JACK and PortAudio complain on file descriptor 2; our own words stay on stderr."""
    try:
        make_folder(log_file().parent)
        sink = open_append(log_file())
    except OSError:
        sink = os.open(os.devnull, os.O_WRONLY)
    sys.stderr.flush()
    real = os.dup(2)
    os.dup2(sink, 2)
    os.close(sink)
    stderr, sys.stderr = sys.stderr, opened_like(os.dup(real), sys.stderr)
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            sys.stderr.close()
        sys.stderr = stderr
        os.dup2(real, 2)
        os.close(real)
