"""Requests of other programs to a session: speak, ask, remember, recall.

A program such as Claude Code reaches the session through `assistant mcp`. What the user answers to
its questions is the program's: no tool is run by it, and nobody else answers.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from assistant.emotion.feeling import Kind as FeelingKind
from assistant.errors import AssistantError
from assistant.terminal.sanitize import clean_text

LONGEST_TEXT = 2_500
"""Characters that may be said at once: what waits to be played holds three minutes."""
MOST_QUESTIONS = 20
LONGEST_WAIT = 3600.0
"""Seconds that one question may wait for its answer."""


class RequestError(AssistantError):
    """What another program asked for could not be done."""


class ClientRequest(msgspec.Struct, frozen=True, tag=True):
    """What a program may ask for."""


class Speak(ClientRequest, frozen=True):
    """Say this, once the user has finished talking."""

    text: str
    persona: str = ""
    """Whose voice says it; empty: that of the persona in charge, who stays in charge either way."""
    delivery: str = ""
    """A named delivery; empty: the persona's own."""


class Ask(ClientRequest, frozen=True):
    """Say one question after another, and listen to what the user says to each."""

    questions: list[str]
    timeout_s: float = 60.0
    """Seconds of silence after a question; who has begun to speak may end."""


class Remember(ClientRequest, frozen=True):
    """Keep this as if the user had asked for it: "my parrot is called Picasso"."""

    text: str


class Recall(ClientRequest, frozen=True):
    """What is remembered of this."""

    query: str


AnyRequest = Speak | Ask | Remember | Recall


class ClientResult(msgspec.Struct, frozen=True, tag=True):
    """What came of a request."""


class Spoken(ClientResult, frozen=True):
    heard: str
    """The text as far as it was played."""
    interrupted: bool
    """The user stopped it."""
    aloud: bool
    """False: there is no voice or no speaker, so that it was only shown."""


class VoiceSound(msgspec.Struct, frozen=True, kw_only=True):
    """How the voice sounded that gave an answer, as measured."""

    pitch_hz: float
    """Median of the fundamental frequency."""
    pitch_range: float
    """Semitones between its 10th and 90th percentile."""
    voiced_s: float
    """Seconds of voiced sound."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the user said to one question."""

    question: str
    text: str = ""
    """His words; empty where there were none."""
    outcome: Literal["answered", "declined", "silence"] = "answered"
    """ "declined": he asked for silence; the questions behind it are not asked."""
    typed: bool = False
    seconds: float = 0.0
    """From the end of the question to the answer."""
    feeling: FeelingKind | None = None
    """How he seemed to be, by words and voice: a guess."""
    confidence: float = 0.0
    """Of the feeling, 0 to 1."""
    raised_voice: bool = False
    cues: tuple[str, ...] = ()
    """Why, in words."""
    voice: VoiceSound | None = None
    """None: he typed, or there was too little of it to measure."""
    note: str = ""
    """Why there may be no answer: "the microphone is muted"."""


class Answers(ClientResult, frozen=True):
    answers: list[Answer]


class Told(ClientResult, frozen=True):
    """What memory says to it."""

    text: str
    done: bool = True
    """False: nothing was kept, or could be looked up; the text says why."""


AnyResult = Spoken | Answers | Told


def check(request: AnyRequest) -> AnyRequest:
    """The request with its texts stripped. Raises `RequestError` where there is nothing in it, or
    too much."""
    match request:
        case Speak(text=text, persona=persona, delivery=delivery):
            return Speak(_text(text, "the text"), persona.strip(), delivery.strip())
        case Ask(questions=questions, timeout_s=timeout):
            if not 1 <= len(questions) <= MOST_QUESTIONS:
                raise RequestError(
                    f"{len(questions)} questions at once", f"ask 1 to {MOST_QUESTIONS}"
                )
            if not 0 < timeout <= LONGEST_WAIT:
                raise RequestError(
                    f"a timeout of {timeout:g} s",
                    f"wait more than 0 s and at most {LONGEST_WAIT:g} s",
                )
            return Ask([_text(each, "a question") for each in questions], timeout)
        case Remember(text=text):
            return Remember(_text(text, "what to remember"))
        case Recall(query=query):
            return Recall(_text(query, "what to recall"))


def _text(text: str, what: str) -> str:
    text = clean_text(text).strip()
    if not text:
        raise RequestError(f"{what} is empty", "send some words")
    if len(text) > LONGEST_TEXT:
        raise RequestError(
            f"{what} has {len(text):,} characters",
            f"send at most {LONGEST_TEXT:,} at once, and the rest behind it",
        )
    return text
