"""`assistant ask "…"`: one question, its answer on standard output and nothing else there.

The same brain, memory, tools and skills as in a conversation, without greeting and without any
device; what is sent in is a document that the question is about. Notices go to standard error.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import os
import select
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from assistant.audio.base import AudioIO
from assistant.audio.files import NullAudio
from assistant.backends.base import BackendError
from assistant.backends.host.process import BackendProcess, NoBackend
from assistant.backends.registry import Choice
from assistant.brain.base import Brain
from assistant.brain.document import DocumentBrain
from assistant.commands.plain import libraries_speak_to_the_log
from assistant.commands.runner import FAILED, USAGE, complain, tell
from assistant.commands.say import aloud, terminable
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.frames import AnyEvent, Load
from assistant.session.events import (
    AgentSaid,
    BrainChosen,
    Failure,
    Notice,
    PersonaChanged,
    SessionEvent,
    StillThinking,
    ToolFinished,
)
from assistant.session.factory import find_personas, make_dependencies
from assistant.session.session import Session
from assistant.terminal.sanitize import clean_text

MOST = 4 * 2**20
"""Bytes of a document that are read."""
_PATIENCE = 3.0
"""Seconds without anything on standard input after which it is told that it is waited for."""
_READING = 300.0
"""Seconds that a model may take until its first word on a document."""
_TERMINATED = 143
_FOR_NOW = ("change_theme", "mute", "set_volume", "set_speech_rate")
"""Tools whose deed ends with the program."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What the command line asks for."""

    question: str
    """"-": it stands on standard input; "" likewise, or there is none."""
    say: bool = False
    """Speak the answer as well."""
    json: bool = False


@dataclass(slots=True)
class _Answer:
    """What came of the question."""

    texts: list[str] = field(default_factory=list)
    persona: str = ""
    brain: str = ""
    tools: list[dict[str, object]] = field(default_factory=list)
    failed: bool = False

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def take(self, event: SessionEvent) -> None:
        match event:
            case AgentSaid(final=True, played=text) if text:
                self.texts.append(text)
            case PersonaChanged():
                self.persona = event.persona.slug
            case BrainChosen():
                self.brain = event.label
            case ToolFinished(result=result):
                self.tools.append({"name": result.call.name, "ok": result.ok})
                if result.ok and result.call.name in _FOR_NOW:
                    tell("that holds for this one question; `assistant config set` keeps a setting")
            case Notice() | Failure():
                self.failed = self.failed or isinstance(event, Failure) or event.severity == "error"
                tell(f"{event.text} – {event.remedy}" if event.remedy else event.text)
            case StillThinking(doing=doing, seconds=seconds) if round(seconds) % 10 == 5:
                tell(f"{doing} … ({seconds:.0f} s)")
            case _:
                pass


def ask_command(config: Config, asked: Ask, open_audio: Callable[[], AudioIO]) -> int:
    """Returns the exit code: 0 answered, 1 not, 2 nothing was asked. `open_audio` makes the
    `AudioIO` of the speaker, where the answer is spoken. Raises `AssistantError`."""
    question, document = _read(asked.question)
    if not question:
        complain(
            "there is no question",
            'ask one: assistant ask "what time is it"; or send one in: echo hello | assistant ask',
        )
        return USAGE
    with contextlib.suppress(asyncio.CancelledError):
        return asyncio.run(_ask(config, question, document, asked, open_audio))
    return _TERMINATED


async def _ask(
    config: Config, question: str, document: str, asked: Ask, open_audio: Callable[[], AudioIO]
) -> int:
    backend = config.backend.name
    with terminable():
        answer = await _answered(config, question, document, asked)
        if not answer.text:
            if not answer.failed and any(each["ok"] for each in answer.tools):
                return 0  # asked to be silent
            complain("no answer came", "details are in the log file; assistant doctor")
            return FAILED
        if asked.say:
            config.backend.name = backend
            config.session.persona = answer.persona
            config.session.save, config.brain.kind = False, "scripted"
            device = open_audio()
            try:
                with libraries_speak_to_the_log():
                    await aloud(config, answer.text, device)
            except BackendError as error:
                if device.speaker is None:
                    raise BackendError(error.message, "assistant devices lists speakers") from None
                raise
    return FAILED if answer.failed else 0


async def _answered(config: Config, question: str, document: str, asked: Ask) -> _Answer:
    """The answer, printed as soon as it is there: what is remembered of it is written later."""
    began = time.monotonic()
    session, brains = _session(config, document)
    answer = _Answer(persona=session.persona.slug)
    session.subscribe(answer.take)
    try:
        await session.start()
        await session.send_text(question)
        await session.finished()
        if answer.tools and answer.text.endswith("?"):
            tell("to answer that, talk to it: assistant, or assistant plain")
        for brain in brains:
            if brain.cut:
                tell(f"the document has {len(document):,} characters; the model was given "
                     f"{len(brain.given):,} of them, those that say most")  # fmt: skip
        if asked.json:
            told = {
                "answer": answer.text,
                "persona": answer.persona,
                "brain": answer.brain,
                "tools": answer.tools,
                "seconds": round(time.monotonic() - began, 2),
            }
            print(json.dumps(told, ensure_ascii=False), flush=True)
        elif answer.text:
            print(clean_text(answer.text), flush=True)
    finally:
        await session.stop()
    return answer


def _session(config: Config, document: str) -> tuple[Session, list[DocumentBrain]]:
    """A session without devices and without a voice, and the brains that it will make for the
    document."""
    config.session.greeting = False
    config.backend.name = "echo"  # it can always be chosen, and is not started
    if document:
        config.brain.timeout_s = max(config.brain.timeout_s, _READING)
    personas = find_personas(config)
    dependencies = make_dependencies(config, NullAudio(), personas=personas, remember=True)
    dependencies.choice = Choice("", "nothing is said aloud")
    dependencies.prefetched.clear()
    schedule, made = dependencies.schedule, list[DocumentBrain]()
    schedule.rings = False
    try:
        schedule.load()
    except ValueError as error:
        tell(f"timers and alarms could not be read; their file is {error}")

    def make_backend(load: Load, on_event: Callable[[AnyEvent], None]) -> BackendProcess:
        return NoBackend(load, on_event)

    make = dependencies.make_brain

    async def make_brain(notify: Callable[[Notice], None]) -> Brain:
        brain = await make(notify)
        if not document:
            return brain
        made.append(DocumentBrain(brain, document))
        return made[-1]

    dependencies.make_backend, dependencies.make_brain = make_backend, make_brain
    return Session(dependencies), made


# What is sent in: a document, or the question.


def _read(question: str) -> tuple[str, str]:
    """The question and the document, "" for none. Raises `AssistantError` for what is no text."""
    words = question.split()
    explicit = words[-1:] == ["-"]
    question = " ".join(words[:-1] if explicit else words)
    sent = _sent_in()
    if not question:
        return clean_text(sent).strip(), ""
    if explicit and not sent:
        raise AssistantError(
            "nothing was sent in", 'send a document: cat notes.md | assistant ask "summarise" -'
        )
    return question, sent


def _sent_in() -> str:
    """The text on standard input; "" where that is a terminal, closed, or empty."""
    stream = sys.stdin
    if stream is None or stream.closed or stream.isatty():
        return ""
    source = stream.buffer
    with contextlib.suppress(OSError, ValueError):  # of a kind that cannot be waited for
        if os.name == "posix" and not select.select([source], [], [], _PATIENCE)[0]:
            tell("waiting for standard input; where there is none, add: < /dev/null")
    data = source.read(MOST + 1)
    if len(data) > MOST:
        data = data[:MOST]
        tell(f"the document is long: its first {MOST // 2**20} megabytes are read")
    return _text(data).strip()


def _text(data: bytes) -> str:
    """Raises `AssistantError` where this is no text."""
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"),
                           (codecs.BOM_UTF16_BE, "utf-16")):  # fmt: skip
        if data.startswith(mark):
            return clean_text(data.decode(encoding, "replace"))
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        whole = error.start >= len(data) - 3 and len(data) >= MOST  # cut within a letter
        text = data.decode("utf-8", "ignore") if whole else data.decode("cp1252", "replace")
    odd = sum(letter < " " and letter not in "\t\n\r\f\x1b" for letter in text[:65_536])
    if data.startswith((b"%PDF-", b"PK\x03\x04")) or "\0" in text or odd > len(text[:65_536]) / 100:
        raise AssistantError(
            "what was sent in is no text",
            "turn it into text first: pdftotext paper.pdf - | assistant ask summarise",
        )
    return clean_text(text)
