"""One turn of either side: the user's words with what they ask for, the assistant's on its way to
the ear; and the history of both.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from assistant.audio.types import Float32
from assistant.brain.base import Message, Role
from assistant.calls.parser import Origin
from assistant.frames import AgentText, VoiceSpec
from assistant.language.dictation import begins_with_piece, piece
from assistant.language.endings import ending, is_answer
from assistant.language.intents import Intent


@dataclass(frozen=True, slots=True)
class UserMessage:
    """One turn of the user."""

    text: str
    prompted: str | None = None
    """Second decode of the same sound, helped by the personas' names."""
    origin: Origin = "speech"
    intent: Intent | None = None
    """What the words ask for, where they ask for a tool; see `SpokenIntents`."""
    language: str = ""
    """Code of the language that was surely spoken where it is not English: `frames.UserText`."""
    speaker: str = ""
    """Who of several people said it; empty where there is one user."""

    @property
    def is_stop(self) -> bool:
        """Whether the user wants silence."""
        call = self.intent.call if self.intent is not None else None
        return call is not None and call.name == "stop"


@dataclass(slots=True)
class AgentUtterance:
    """One assistant turn on its way to the ear."""

    number: int
    turn: int
    persona: str
    spans: list[AgentText] = field(default_factory=list)
    intended: str = ""
    """Text that was handed over to be said."""
    written: int = 0
    closed: bool = False
    said_at: float | None = None
    """When its first words were handed to the voice, and…"""
    sound_at: float | None = None
    """…when its first sound came back, in seconds on the session's clock."""
    cut: bool = False
    """The backend died before all of it had come."""
    sounded: bool = False
    """Its first sample was played."""
    held: list[Float32] = field(default_factory=list)
    """Its first sound, until there is enough of it to begin."""

    aside: bool = False
    """It only fills a silence: no part of the conversation."""
    speech_end: float | None = None
    """Of an aside: when the user had ended, in seconds on the session's clock."""
    sample: VoiceSpec | None = None
    """It only lets this voice be heard, and nobody is told of it."""
    client: str = ""
    """The program for which it is said."""
    voice: VoiceSpec | None = None
    """Of a persona that is not in charge; None: of the one that is."""

    skipped: list[tuple[int, int]] = field(default_factory=list)
    """Silence that is not played, to catch up: where in the played sound, and samples of it."""

    @property
    def left_out(self) -> int:
        """Samples that are skipped."""
        return sum(n for _, n in self.skipped)

    @property
    def to_play(self) -> int:
        """Samples that were written, but for those skipped."""
        return self.written - self.left_out

    def text(self) -> str:
        return join_pieces([span.text for span in self.spans])

    def add_silent(self, text: str) -> None:
        """A piece that is only shown: it may end within a word, and the next one go on there."""
        last = self.spans[-1] if self.spans else None
        if last is not None and last.start == last.end:
            text = self.spans.pop().text + text
        at = last.end if last is not None else 0
        self.spans.append(AgentText(self.number, text, at, at))

    def words_begun(self, samples: int) -> int:
        """Words of the pieces as they were shown that have begun to sound once `samples` samples
        were played. Within a piece a word's share of the time is that of its letters."""
        samples += sum(n for at, n in self.skipped if at < samples)
        before = ""
        for span in self.spans:
            if samples < span.end:
                length = span.end - span.start
                share = (samples - span.start) / length if length > 0 else 0.0
                if share > 0:
                    before += _begun(span.text, share)
                break
            before += span.text
        return len(before.split())

    def heard(self, samples: int) -> str:
        """The text of the first `samples` samples that are played, cut at a word."""
        samples += sum(n for at, n in self.skipped if at < samples)
        pieces = []
        for span in self.spans:
            if samples >= span.end:
                pieces.append(span.text)
                continue
            length = span.end - span.start
            if samples > span.start and length > 0:
                words = span.text.split()
                share = (samples - span.start) / length
                pieces.append(" ".join(words[: int(share * len(words))]))
            break
        return join_pieces(pieces)


def _begun(text: str, share: float) -> str:
    """The beginning of `text` up to and with the word that sounds after this share of it."""
    end = int(share * len(text))
    while end < len(text) and text[end].isspace():
        end += 1
    while end < len(text) and not text[end].isspace():
        end += 1
    return text[:end]


def join_pieces(pieces: list[str]) -> str:
    return " ".join(p.strip() for p in pieces if p.strip())


MAX_MESSAGES = 100


class History:
    """At most 100 messages, the oldest goes first."""

    def __init__(self) -> None:
        self._messages: deque[Message] = deque(maxlen=MAX_MESSAGES)
        self.gone = 0
        """Messages that had to go."""

    def add(self, role: Role, text: str, persona: str, speaker: str = "") -> None:
        """Empty text is left out: an answer of which nothing was heard was never given."""
        if text.strip():
            self.gone += len(self._messages) == MAX_MESSAGES
            self._messages.append(Message(role, text.strip(), persona, speaker=speaker))

    def messages(self) -> list[Message]:
        return list(self._messages)

    def last(self, role: Role) -> str:
        """Text of the last message of this role, "" where there is none."""
        return next((m.text for m in reversed(self._messages) if m.role == role), "")

    def drop(self, texts: Sequence[str]) -> None:
        """Take back messages of these texts."""
        gone = {text.strip() for text in texts}
        kept = [message for message in self._messages if message.text not in gone]
        self._messages = deque(kept, maxlen=MAX_MESSAGES)

    def cut(self, text: str, heard: str) -> None:
        """Of the assistant's last message of this text only `heard` was heard; of none of it, it
        was never given."""
        for at in reversed(range(len(self._messages))):
            message = self._messages[at]
            if message.role == "assistant" and message.text == text.strip():
                if heard.strip():
                    self._messages[at] = replace(message, text=heard.strip())
                else:
                    del self._messages[at]
                return

    def drop_last(self, role: Role) -> None:
        """Take back the last message where it is of this role."""
        if self._messages and self._messages[-1].role == role:
            self._messages.pop()


# Continuation: a user who goes on with what seemed to be over; both halves are one thought, and
# get one answer.

REPLIES_AFTER = 0.8
"""Seconds of the answer that nobody has replied to yet: it takes 0.6 to begin to speak (Levinson
and Torreira 2015, "Timing in turn-taking", section 2), and some until it is noticed."""
ONLY_JUST = 1.2
"""Seconds for which the answer may have been heard by whoever goes on with a word that joins.
Pauses within a turn seldom last longer; whoever speaks later has listened and means to reply."""
LONGEST_PAUSE = 3.0
"""Seconds of silence after which the user may go on with what owed a second half: the street after
the house number, the object after the verb."""

_JOINTS = re.compile(
    r"\W*(?:and|or|but|nor|because|cause|although|though|unless|until|whereas|while|if|when|whenever|"
    r"since|than|as|who|whom|whose|which|where|of|to|from|with|without|about|at|by|for|in|on|into|"
    r"onto|over|under|near|behind|beside|between|among|through|during|against|like|except|including|"
    r"plus|especially|preferably|maybe|not|please|only|too)\b"
)
"""Words with which an addition begins, and hardly ever a thought of its own."""


class Continuation:
    """Keeps the question whose answer has not been heard, or only just."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._question: UserMessage | None = None
        self._sounding_since: float | None = None
        self._said_until: float | None = None
        """When the user fell silent, as far as is known."""
        self._heard = self._silent = float("inf")
        """Seconds for which the answer had been heard, and the user been silent, when he began."""

    def asked(self, question: UserMessage | None) -> None:
        """This is being answered now; None: nothing that could be added to."""
        self._question = question
        self._sounding_since = None
        self._heard = float("inf")

    def sounding(self) -> None:
        """The answer begins to be heard."""
        if self._sounding_since is None:
            self._sounding_since = self._clock()

    def user_ended(self, at: float) -> None:
        """The user fell silent, seconds on the session's clock."""
        self._said_until = at

    def user_began(self) -> None:
        now = self._clock()
        since, until = self._sounding_since, self._said_until
        self._heard = now - since if since is not None else float("inf")
        self._silent = now - until if until is not None else float("inf")

    def first_half(self, heard: UserMessage, *, held: bool) -> UserMessage | None:
        """What `heard`, which wants an answer, goes on with; None where it stands for itself.
        `held`: no answer was heard before it."""
        question = self._question
        if question is None or question.origin != heard.origin:
            return None
        if self._sounding_since is None:
            return question if held else None
        return question if self._goes_on(question.text, heard.text) else None

    def _goes_on(self, first: str, second: str) -> bool:
        """Whether these words, said into the answer to others, belong to those."""
        if is_answer(second):
            return False
        if self._heard <= REPLIES_AFTER or (self._heard <= ONLY_JUST and is_addition(second)):
            return True
        return self._silent <= LONGEST_PAUSE and completes(first, second)


def completes(first: str, second: str) -> bool:
    """Whether the first half owed something that the second may be: "I would like", "a cup of
    tea"; "48", "Ridge Road"; "8 8 5", "1 1 2"."""
    owed = ending(first)
    if owed == "unfinished":
        return True
    if second.rstrip().endswith("?"):
        return False
    if owed in ("dictated", "doubtful"):
        return True
    # A round number, or a telephone number that was all there was, but for what came after it.
    return piece(first) == "number" and begins_with_piece(second)


def is_addition(text: str) -> bool:
    """Whether these words go on with others: "about the weather", "and a short one"."""
    return _JOINTS.match(text.lower()) is not None and not text.rstrip().endswith("?")


def joined(first: str, second: str) -> str:
    """Both halves as one; without the full stop that the recogniser has put between them."""
    before = first.rstrip()
    if is_addition(second):
        second = second[:1].lower() + second[1:]
    if second[:1].islower() or piece(first) is not None:
        before = before.rstrip(".,;:!…- ")
    return f"{before} {second}"
