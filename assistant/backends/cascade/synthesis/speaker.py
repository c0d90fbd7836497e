"""Speech synthesis as it streams: text pieces in, sound and its words out, clause by clause and in
order; of a clause the beginning before the rest is rendered, where the engine can.

What is in the cache sounds at once. The rest is rendered on a thread of its own (or, on a virtual
clock, on the caller's), while `Preparer` stands aside.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

import numpy as np

from assistant.audio.types import Float32
from assistant.backends.base import BackendError, Emit
from assistant.backends.cascade.synthesis.clause_prosody import ClauseProsody
from assistant.backends.cascade.synthesis.clauses import ClauseSplitter
from assistant.backends.cascade.synthesis.expected import ExpectedClause
from assistant.backends.cascade.synthesis.pacing import Pacing
from assistant.backends.cascade.synthesis.preparer import Preparer
from assistant.backends.cascade.synthesis.speech_engine import Aborted, Cancellation, SpeechEngine
from assistant.backends.cascade.synthesis.tts import SoundPart, in_chunks, stream
from assistant.backends.cascade.synthesis.voice_cache import VoiceCache
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FRAME_SAMPLES,
    SAMPLE_RATE,
    AgentText,
    AnyEvent,
    AudioOut,
    Failed,
    Prefetched,
    PrefetchLine,
    Prosody,
    UtteranceEnded,
    VoiceSpec,
)
from assistant.language.delivery.prosody import NEUTRAL, eased, limited

log = logging.getLogger(__name__)

PIECE_SAMPLES = 5 * FRAME_SAMPLES
"""Largest `AudioOut`: 0.4 s, so that an interruption has little to overtake."""
LONGEST_WAIT = 4.0
"""Seconds for which an answer waits for a user who talks over it: it may be the television."""
_PAUSES = {".": 0.18, "!": 0.18, "?": 0.18, "…": 0.22, ":": 0.14, ";": 0.14, ",": 0.07, "—": 0.1}
"""Seconds between a clause that ends so and the next, on top of about 100 ms at the clauses' edges:
a sentence is followed by some 300 ms of silence, a comma by 170."""
_EDGES = 0.1
"""Seconds of silence at the edges of two clauses."""
_NOTHING = SoundPart(np.zeros(0, np.float32), 0)


@dataclass(slots=True)
class _SpokenUtterance:
    """One `Say`, as far as it was cut up and spoken."""

    number: int
    splitter: ClauseSplitter = field(default_factory=ClauseSplitter)
    prosody: ClauseProsody = field(default_factory=ClauseProsody)
    samples: int = 0
    pause: float = 0.0
    begun: bool = False
    failures: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Clause:
    utterance: _SpokenUtterance
    text: str
    voice: VoiceSpec
    rate: float
    prosody: Prosody
    final: bool
    """Nothing of this utterance follows; the text may be empty."""


class Speaker:
    """Speaks utterances one after the other. All methods return at once, unless `inline`.

    Emits for each clause `AgentText`, which tells where its sound ends as soon as that begins, then
    the sound as `AudioOut`; and `UtteranceEnded` once for every utterance that was begun, be it
    because it was interrupted. The texts of an utterance joined together are what was said; each
    but the first begins with a space. A clause that cannot be rendered is told as `Failed`, and
    shown without sound; without an `engine` all are shown so.
    """

    def __init__(
        self, engine: SpeechEngine | None, cache: VoiceCache, emit: Emit, *, inline: bool = False
    ) -> None:
        """`inline`: do all work on the calling thread, for the same events in the same order."""
        self._engine = engine
        self._cache = cache
        self._emit = emit
        self._inline = inline
        self._voice = VoiceSpec()
        self._spoke: VoiceSpec | None = None
        """The voice of the clause that was queued last, and…"""
        self._said_so = NEUTRAL
        """…how it is said."""
        self._changed = threading.Condition()
        self._queue: deque[_Clause] = deque()
        self._open: dict[int, _SpokenUtterance] = {}
        self._dropped = 0
        self._speaking: _Clause | None = None
        self._sounding = False
        """Something of the clause that is being spoken was told."""
        self._cancellation = Cancellation()
        self._expected: _Clause | None = None
        """What will probably be said in a moment."""
        self._ahead: ExpectedClause | None = None
        """It, or what was expected before it, as far as that is rendered."""
        self._pacing = Pacing()
        self._wait_until = 0.0
        self._closed = False
        self._preparer: Preparer | None = None
        if engine is not None and not inline:
            self._preparer = Preparer(engine, cache, lambda line: emit(Prefetched(line)))
        self._thread: threading.Thread | None = None
        if not inline:
            self._thread = threading.Thread(target=self._run, name="voice-speaker", daemon=True)
            self._thread.start()

    def set_voice(self, voice: VoiceSpec) -> None:
        """The voice of what is said from now on."""
        self._voice = voice

    def say(
        self,
        utterance: int,
        text: str,
        *,
        final: bool,
        rate: float = 1.0,
        prosody: Prosody = NEUTRAL,
        voice: VoiceSpec | None = None,
    ) -> None:
        """The next piece of `utterance`; `final` ends it. Utterances are numbered upwards.

        `prosody` is that of the clauses that begin in this piece; `voice`: another than that of
        `set_voice`.

        Pieces of an utterance that was interrupted are ignored.
        """
        with self._changed:
            if utterance <= self._dropped or self._closed:
                return
            entry = self._open.setdefault(utterance, _SpokenUtterance(utterance))
            begun = entry.splitter.pending
            clauses = entry.splitter.push(text)
            if final:
                clauses += entry.splitter.flush()
            rate, voice = round(rate, 2), voice or self._voice
            for part, how in entry.prosody.of(clauses, prosody, begun=begun):
                self._said_so, self._spoke = self._eased(how, voice), voice
                self._queue.append(_Clause(entry, part, voice, rate, self._said_so, False))
            if final:
                self._queue.append(_Clause(entry, "", voice, rate, NEUTRAL, True))
            self._yield_to_queue()
            self._changed.notify_all()
        while self._inline and self._queue:
            self._cancellation = Cancellation()
            self._speak(self._queue.popleft())

    def _eased(self, wanted: Prosody, voice: VoiceSpec) -> Prosody:
        """No jump from the clause before, where that is spoken by the same person."""
        before = self._said_so if voice == self._spoke else None
        return eased(before, wanted) if wanted.by_text else limited(wanted)

    def expect(self, text: str, rate: float, prosody: Prosody = NEUTRAL) -> None:
        """An answer will probably begin so: its first clause, if that is whole, is rendered while
        nothing is said. Another text replaces it, "" is none. Not where sound is made inline."""
        clauses = ClauseProsody().of(ClauseSplitter().push(text), prosody, begun=False)
        with self._changed:
            expected = None
            if clauses and not self._inline and self._engine is not None:
                entry, (first, how) = _SpokenUtterance(0), clauses[0]
                how = self._eased(how, self._voice)
                expected = _Clause(entry, first, self._voice, round(rate, 2), how, False)
            self._expect(expected)
            self._changed.notify_all()

    def prefetch(self, lines: list[PrefetchLine]) -> None:
        """Render these in the background, in this order. Does nothing where nothing is kept."""
        if self._preparer and self._cache.limit:
            self._preparer.prefetch(lines)

    def preparing(self) -> int:
        """Clauses that are still to be prepared."""
        return self._preparer.pending() if self._preparer else 0

    def busy(self, busy: bool) -> None:
        """The user speaks or is transcribed: leave the processor to that.

        Who talks over an answer will most likely end it, so the rest of it waits as well, for a
        while; a clause of which nothing has sounded yet is begun anew. An answer's first clause
        never waits, nor does the rest of one that sounds.
        """
        if self._preparer:
            if busy:
                self._preparer.hold("ears")
            else:
                self._preparer.hold("answer", LONGEST_WAIT)  # it comes next, unless there is none
                self._preparer.release("ears")
        with self._changed:
            if busy:
                self._expect(None)
            self._wait_until = time.monotonic() + LONGEST_WAIT if busy else 0.0
            speaking = self._speaking is not None and self._speaking.utterance.begun
            if busy and speaking and not self._sounding:
                self._cancellation.cancel()
            self._changed.notify_all()

    def interrupt(self) -> None:
        """Nothing more of what was said until now is emitted once this returns."""
        with self._changed:
            self._cancellation.cancel()
            self._expect(None)
            self._queue.clear()
            self._dropped = max(self._open, default=self._dropped)
            ended = sorted(self._open.items())
            self._open.clear()
            for number, entry in ended:
                self._emit(UtteranceEnded(number, entry.samples))

    def close(self) -> None:
        """Stop both threads; what was still to be said is forgotten."""
        with self._changed:
            self._closed = True
            self._queue.clear()
            self._open.clear()
            self._cancellation.cancel()
            self._expect(None)
            self._changed.notify_all()
        if self._preparer:
            self._preparer.close()
        if self._thread:
            self._thread.join(timeout=2.0)

    def _run(self) -> None:
        while True:
            with self._changed:
                while not (self._closed or self._may_speak() or self._may_work_ahead()):
                    # What is in the queue waits for a time only; nobody tells when it is over.
                    self._changed.wait(self._wait_until - time.monotonic() if self._queue else None)
                if self._closed:
                    return
                expected = None if self._may_speak() else self._expected
            if expected is not None:
                self._work_ahead(expected)
                continue
            with self._changed:
                if not self._may_speak():
                    continue
                self._speaking = clause = self._queue.popleft()
                self._cancellation = Cancellation()
                self._sounding = False
            self._speak(clause)
            self._speaking = None

    def _may_speak(self) -> bool:
        if not self._queue:
            return False
        return not self._queue[0].utterance.begun or time.monotonic() >= self._wait_until

    def _may_work_ahead(self) -> bool:
        expected = self._expected
        if expected is None or self._queue:
            return False
        return self._ahead is None or self._ahead.key != self._key(expected)

    def _work_ahead(self, clause: _Clause) -> None:
        key = self._key(clause)
        with self._changed:
            if self._expected is not clause:
                return
            if key in self._cache:
                self._expected = None
                return
            ahead = self._ahead = ExpectedClause(key, lambda c: self._stream(clause, c))
        with self._held("mouth"):
            ahead.render(lambda: self._expected is clause and not self._queue)

    def _expect(self, clause: _Clause | None) -> None:
        """From now on this, or nothing. With the condition held."""
        self._expected = clause
        if self._ahead and (clause is None or self._key(clause) != self._ahead.key):
            self._ahead.cancellation.cancel()

    def _yield_to_queue(self) -> None:
        """What was expected stands in nobody's way who has to be rendered. With the condition
        held."""
        if self._ahead and self._queue:
            key = self._key(self._queue[0])
            if key != self._ahead.key and key not in self._cache:
                self._ahead.cancellation.cancel()

    def _speak(self, clause: _Clause) -> None:
        entry = clause.utterance
        if clause.final:
            with self._changed:
                if self._open.pop(entry.number, None):
                    self._emit(UtteranceEnded(entry.number, entry.samples))
            return
        try:
            with closing(self._parts(clause)) as parts:
                for at, part in enumerate(parts):
                    self._emit_part(clause, part, first=at == 0)
        except Aborted:
            with self._changed:
                if self._open.get(entry.number) is entry:  # not interrupted, only put off
                    self._queue.appendleft(clause)

    def _emit_part(self, clause: _Clause, part: SoundPart, *, first: bool) -> None:
        """The sound, before the first of it the text. Raises `Aborted` where the clause was put off
        before anything of it was told; from then on it goes on to its end."""
        entry, sound = clause.utterance, part.sound
        if first:
            with self._changed:
                self._cancellation.check()
                self._sounding = True
            if self._preparer:
                self._preparer.release("answer")
            pace = clause.rate * clause.prosody.rate
            pause = np.zeros(round(entry.pause * SAMPLE_RATE / pace) if sound.size else 0)
            start = entry.samples + len(pause)
            text = f" {clause.text}" if entry.begun else clause.text
            end = start + len(sound) + part.left
            self._send(entry, AgentText(entry.number, text, start, end))
            entry.begun = True
            sound = np.concatenate([pause.astype(np.float32), sound])
        for at in range(0, len(sound), PIECE_SAMPLES):
            piece = sound[at : at + PIECE_SAMPLES]
            self._send(entry, AudioOut(entry.number, encode_pcm(piece)), len(piece))
        if part.sound.size and not part.left:
            entry.pause = _pause_after(clause.text, part.sound, clause.prosody.pauses)

    def _send(self, entry: _SpokenUtterance, event: AnyEvent, samples: int = 0) -> None:
        """Emit, unless the utterance was interrupted meanwhile."""
        with self._changed:
            if self._open.get(entry.number) is entry:
                self._emit(event)
                entry.samples += samples

    def _parts(self, clause: _Clause) -> Generator[SoundPart, None, None]:
        """The clause's sound, at least one part, empty where it failed. Raises `Aborted`."""
        begun = False
        try:
            for part in self._sound(clause):
                begun = True
                yield part
        except BackendError as error:
            self._fail(clause.utterance, Failed(error.message, error.remedy))
        except Aborted:
            raise
        except Exception as error:
            log.exception("Could not render %r", clause.text)
            self._fail(clause.utterance, Failed(f"The voice failed: {error}"))
        if not begun:
            yield _NOTHING

    def _sound(self, clause: _Clause) -> Iterator[SoundPart]:
        if self._engine is None:
            return
        key = self._key(clause)
        if self._preparer and not in_chunks(self._engine):
            self._preparer.finish(key)  # else a new beginning sounds before the old one's end
        kept = self._cache.get(key)
        if kept is not None:
            yield SoundPart(kept, 0)
            return
        rendered = [_NOTHING.sound]
        with self._held("mouth"):
            for part in self._render(clause, key):
                rendered.append(part.sound)
                yield part
        # Last, so that nobody waits for the disk.
        self._cache.put(key, np.concatenate(rendered))

    def _render(self, clause: _Clause, key: str) -> Iterator[SoundPart]:
        """It, as far as it is rendered at once."""
        with self._changed:
            ahead, self._ahead, self._expected = self._ahead, None, None
            if ahead is not None and ahead.key == key:
                self._cancellation.check()
                self._cancellation = ahead.cancellation
                return ahead.sound()
        return self._stream(clause, self._cancellation)

    def _stream(self, clause: _Clause, cancellation: Cancellation) -> Iterator[SoundPart]:
        assert self._engine is not None
        parts = stream(
            self._engine, clause.text, clause.voice, clause.rate, cancellation, clause.prosody
        )
        return parts if self._inline else self._pacing.paced(parts)

    @contextmanager
    def _held(self, holder: str) -> Iterator[None]:
        """The preparer leaves the processor to this meanwhile."""
        if self._preparer:
            self._preparer.hold(holder)
        try:
            yield
        finally:
            if self._preparer:
                self._preparer.release(holder)

    def _key(self, clause: _Clause) -> str:
        version = self._engine.version if self._engine is not None else ""
        return self._cache.key(version, clause.text, clause.voice, clause.rate, clause.prosody)

    def _fail(self, entry: _SpokenUtterance, failure: Failed) -> None:
        """Say once an utterance what is wrong, not once a clause."""
        if failure.message not in entry.failures:
            entry.failures.add(failure.message)
            self._send(entry, failure)


def _pause_after(text: str, sound: Float32, times: float) -> float:
    """Seconds of silence that go before the next clause, less those that `sound` ends with; with
    the clauses' edges it is so many `times` as long as usual."""
    wanted = _PAUSES.get(text.rstrip("\"'”’)]*_")[-1:], 0.0)
    if wanted:
        wanted = times * (wanted + _EDGES) - _EDGES
    heard = np.flatnonzero(sound)
    silent = len(sound) - 1 - int(heard[-1]) if heard.size else 0
    return max(0.0, wanted - silent / SAMPLE_RATE)
