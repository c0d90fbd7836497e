"""From what a backend speaks to what a client of a Moshi server hears: one frame for each of its.

A backend speaks in utterances and is silent between them; the protocol is one sound without end.
The client's frames are the clock, so that neither side drifts: each frame heard is owed one frame
of sound. While nobody speaks that is silence. During an utterance its sound goes out as it comes,
at most `AHEAD` frames before what is owed; where the backend is late nothing is sent, rather than a
hole in the middle of a word.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.server import protocol
from assistant.backends.wire import decode_pcm
from assistant.frames import (
    FIRST_OWN_UTTERANCE,
    FRAME_SAMPLES,
    AgentText,
    AudioOut,
    CallSpelled,
    UtteranceEnded,
)

AHEAD = 2
"""Frames that may go out before the client's own have come."""
MOST_QUEUED = 120 * 24_000
"""Samples that wait at most: two minutes of speech that was made faster than it is spoken."""
_NO_NUMBER = -1
SILENCE: Float32 = np.zeros(FRAME_SAMPLES, np.float32)


@dataclass(slots=True)
class _ServedUtterance:
    number: int
    said: int | None
    """The client's number of it, where the client asked for it."""
    sound: deque[Float32] = field(default_factory=deque)
    waiting: int = 0
    """Samples in `sound`."""
    sent: int = 0
    words: list[tuple[float, str]] = field(default_factory=list)
    """Place in samples, word; what is not yet sent."""
    begun: bool = False
    ended: bool = False


class Outgoing:
    """What one client hears.

    `send_sound(frame)` is given float32 [1920], `send_word` a word, `report` what only our own
    clients are told. `said(number)` translates a backend's utterance into the client's number.
    """

    def __init__(
        self,
        send_sound: Callable[[Float32], None],
        send_word: Callable[[str], None],
        report: Callable[[protocol.ServerReport], None],
        said: Callable[[int], int | None],
    ) -> None:
        self._send_sound = send_sound
        self._send_word = send_word
        self._report = report
        self._said = said
        self._utterances: deque[_ServedUtterance] = deque()
        self._over: deque[int] = deque(maxlen=256)
        """Utterances that were ended or cut: what still comes of them is not heard."""
        self._heard = 0
        self._sent = 0
        self.dropped = 0
        """Samples thrown away because too many waited."""

    @property
    def waiting(self) -> int:
        """Utterances that are not over yet."""
        return len(self._utterances)

    def frame_heard(self) -> None:
        """The client has sent a frame."""
        self._heard += 1
        self._pump()

    def take(self, event: AudioOut | AgentText | UtteranceEnded | CallSpelled) -> None:
        """What the backend speaks."""
        if event.utterance in self._over:
            return
        if isinstance(event, CallSpelled):
            self._report(protocol.ServerReport(call=event.text[: protocol.MAX_TEXT]))
            return
        utterance = self._find(event.utterance)
        match event:
            case AudioOut(pcm=pcm):
                self._queue(utterance, decode_pcm(pcm))
            case AgentText(text=text, start=start, end=end):
                words = text.split()
                step = (end - start) / max(1, len(words))
                utterance.words += [(start + i * step, word) for i, word in enumerate(words)]
            case UtteranceEnded():
                utterance.ended = True
        self._pump()

    def cut(self, asked: Iterable[int]) -> None:
        """Stop now: what waits is thrown away, and so is what still comes of it, or of these."""
        for utterance in self._utterances:
            if utterance.begun:
                self._report(protocol.ServerReport(end=True))
        self._over.extend({*asked, *(u.number for u in self._utterances)} - set(self._over))
        self._utterances.clear()

    def backend_lost(self, asked: Iterable[int]) -> None:
        """What it had handed over is still heard, of these more will not come. Another backend
        takes its place and may use its numbers again."""
        for number in asked:
            self.take(UtteranceEnded(number, 0))
        for utterance in self._utterances:
            utterance.ended = True
            utterance.number = _NO_NUMBER
        self._over.clear()
        self._over.extend(asked)
        self._pump()

    # -- inside ------------------------------------------------------------------------------

    def _find(self, number: int) -> _ServedUtterance:
        for utterance in self._utterances:
            if utterance.number == number:
                return utterance
        self._utterances.append(_ServedUtterance(number, self._said(number)))
        return self._utterances[-1]

    def _queue(self, utterance: _ServedUtterance, pcm: Float32) -> None:
        room = MOST_QUEUED - sum(u.waiting for u in self._utterances)
        self.dropped += max(0, len(pcm) - room)
        if room > 0 and len(pcm):
            utterance.sound.append(pcm[:room])
            utterance.waiting += len(utterance.sound[-1])

    def _pump(self) -> None:
        while self._sent < self._heard + AHEAD:
            frame = self._next_frame()
            if frame is None:
                break
            self._send_sound(frame)
            self._sent += 1
            utterance = self._utterances[0]
            self._words_so_far(utterance)
            if utterance.ended and not utterance.waiting:
                self._finish(utterance)
        if not self._utterances and self._sent < self._heard:
            # One frame even where several are owed: a pause must not grow into a delay.
            self._send_sound(SILENCE)
            self._sent = self._heard

    def _next_frame(self) -> Float32 | None:
        """The next frame of speech; None where none is there (yet)."""
        while self._utterances:
            utterance = self._utterances[0]
            if utterance.waiting >= FRAME_SAMPLES or (utterance.ended and utterance.waiting):
                self._begin(utterance)
                return _take_frame(utterance)
            if not utterance.ended:
                return None
            self._finish(utterance)
        return None

    def _begin(self, utterance: _ServedUtterance) -> None:
        if not utterance.begun:
            utterance.begun = True
            self._report(protocol.ServerReport(begin=protocol.Begin(utterance.said)))

    def _finish(self, utterance: _ServedUtterance) -> None:
        self._begin(utterance)
        for _, word in utterance.words:
            self._send_word(word)
        self._report(protocol.ServerReport(end=True))
        self._over.append(utterance.number)
        self._utterances.popleft()

    def _words_so_far(self, utterance: _ServedUtterance) -> None:
        due = [word for place, word in utterance.words if place < utterance.sent]
        utterance.words = [entry for entry in utterance.words if entry[0] >= utterance.sent]
        for word in due:
            self._send_word(word)


def _take_frame(utterance: _ServedUtterance) -> Float32:
    """float32 [1920], the rest zeros where less is there."""
    frame = np.zeros(FRAME_SAMPLES, np.float32)
    filled = 0
    while filled < FRAME_SAMPLES and utterance.sound:
        piece = utterance.sound.popleft()
        part = piece[: FRAME_SAMPLES - filled]
        frame[filled : filled + len(part)] = part
        filled += len(part)
        if len(part) < len(piece):
            utterance.sound.appendleft(piece[len(part) :])
    utterance.waiting -= filled
    utterance.sent += FRAME_SAMPLES
    return frame


# Which utterances are an earlier client's.


class Newest:
    """The highest numbers so far of utterances that were asked for, and of the model's own."""

    def __init__(self, said: int = 0, own: int = FIRST_OWN_UTTERANCE - 1) -> None:
        self._said = said
        self._own = own

    def copy(self) -> Newest:
        return Newest(self._said, self._own)

    def restart(self) -> None:
        """A new backend counts its own from the beginning."""
        self._own = FIRST_OWN_UTTERANCE - 1

    def next_said(self) -> int:
        self._said += 1
        return self._said

    def see(self, number: int) -> None:
        if number >= FIRST_OWN_UTTERANCE:
            self._own = max(self._own, number)

    def covers(self, number: int) -> bool:
        return number <= (self._own if number >= FIRST_OWN_UTTERANCE else self._said)
