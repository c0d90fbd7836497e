"""The user's turn: from microphone frames, through the gate, to turns and words."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from assistant.audio.base import VoiceActivity
from assistant.audio.types import Float32
from assistant.backends.wire import encode_pcm
from assistant.frames import (
    FRAME_BYTES,
    FRAME_SECONDS,
    Overheard,
    Push,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
)
from assistant.language.inverse_normalisation.written import written
from assistant.session.event_bus import EventBus
from assistant.session.events import TurnEnded, TurnStarted, UserSaid
from assistant.session.signals import (
    AgentTurnEnded,
    BackendLost,
    InputClock,
    NothingHeard,
    PartialWords,
    StoppedByWords,
    Stopwatch,
    ToAnswer,
    UserHeard,
    UserSpeechEnded,
    VoiceNoticed,
)
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.messages import UserMessage
from assistant.session.turns.spoken_intents import SpokenIntents
from assistant.terminal.sanitize import clean_text

# Self-echo: the assistant's own words, as a recogniser may hear them through the microphone.

MEMORY_SECONDS = 8.0
"""How long words stay in the room: a turn of echo, its transcription, and some."""
ALIKE = 82
"""Percent of characters in common, from which words of three or more are the assistant's own.
Whisper reads a clean voice at 94 to 98 percent, an echo worse."""

_WORD = re.compile(r"[a-z0-9]+")


class SelfEcho:
    """Remembers what was said aloud lately."""

    def __init__(self, bus: EventBus, agent_turn: AgentTurn) -> None:
        self._clock = bus.clock
        self._agent_turn = agent_turn
        self._said: deque[tuple[float, str]] = deque(maxlen=16)
        bus.on(AgentTurnEnded, self._over)

    def _over(self, event: AgentTurnEnded) -> None:
        if words := clean_text(event.heard):
            self._said.append((self._clock(), words))

    def echoes(self, text: str) -> bool:
        """Whether these words, three or more, are what the assistant itself has just said, or
        sound like it. One or two may be the user's as well as its own: never."""
        heard = _plain(text)
        own = self._lately()
        return len(heard.split()) >= 3 and bool(own) and fuzz.partial_ratio(heard, own) >= ALIKE

    def echoes_late(self, text: str) -> bool:
        """Whether words that came when the assistant had fallen silent, two or more, are its own:
        word for word, for by then the user speaks, too."""
        return len(_plain(text).split()) >= 2 and self.has_said(text)

    def has_said(self, text: str) -> bool:
        """Whether the assistant itself has just said this, word for word."""
        return f" {_plain(text)} " in f" {self._lately()} "

    def _lately(self) -> str:
        since = self._clock() - MEMORY_SECONDS
        over = [words for at, words in self._said if at >= since]
        return _plain(" ".join([*over, self._agent_turn.words_sounding()]))


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower().replace("'", "").replace("’", "")))


TAIL_SECONDS = 0.25
"""The longest echo of a living room that speech recognition takes for words."""


class MicrophoneGate:
    """Microphone gate: mute, push-to-talk, and whose voice may be in what the backend hears.
    Decides frame by frame; times are seconds on the session's clock.

    Against an assistant that talks to itself: while its own voice sounds, and for a moment after
    (the room's echo and the device's own delay), what the microphone hears is trusted only where
    that voice is known to be out of it (`VoiceActivity.clean`). Elsewhere the backend listens for
    nothing but "stop".
    """

    def __init__(self, *, guard: bool, push_to_talk: bool) -> None:
        self.guard = guard
        """Whether the microphone may hear the speaker at all; off with headphones."""
        self.push_to_talk = push_to_talk
        self.muted = False
        self.key_down = False
        self._sounded_until = float("-inf")

    def voice_sounds(self, now: float, output_delay: float) -> None:
        """The assistant's voice sounds at this moment."""
        self._sounded_until = now + output_delay + TAIL_SECONDS

    @property
    def is_open(self) -> bool:
        """Whether the user wants to be heard."""
        return not self.muted and (self.key_down or not self.push_to_talk)

    def speaks(self, now: float) -> bool:
        """Whether the assistant's voice, or its echo, is in the room."""
        return now < self._sounded_until


_SILENCE = bytes(FRAME_BYTES)
_REMEMBERED = 750
"""Frames whose circumstances are kept: a minute, twice the longest turn."""
_LATE_SECONDS = 1.5
"""How late an echo may be that is taken for one by its words."""


@dataclass(frozen=True, slots=True)
class _Circumstances:
    """Of one frame: whose voice may be in it."""

    end: float
    """Seconds on the input's clock."""
    speaking: bool
    voice: bool


class UserTurn:
    """Gates the frames, numbers the turns, and believes only in turns that are the user's.

    Publishes `UserHeard` for every final text that has words, `NothingHeard` for turns that had
    none. Words by which the assistant was stopped (`StoppedByWords`) are a turn of the user's,
    whatever the rest of it turns out to be.
    """

    def __init__(
        self,
        bus: EventBus,
        gate: MicrophoneGate,
        front: VoiceActivity,
        turns: Iterator[int],
        self_echo: SelfEcho,
        intents: SpokenIntents,
        speaker: Callable[[float, float], str] = lambda began, ended: "",
    ) -> None:
        """`speaker`: who of several people was heard between two moments of the input's clock."""
        self.gate = gate
        self._speaker = speaker
        self._bus = bus
        self._front = front
        self._turns = turns
        self._self_echo = self_echo
        self._intents = intents
        self._input_clock = InputClock()
        self._frames: deque[_Circumstances] = deque(maxlen=_REMEMBERED)
        self._turn: int | None = None
        self._began = 0.0
        """When the turn that is under way began, on the input's clock."""
        self._partial = False
        self._obeyed = ""
        """Words of the turn under way by which the assistant was stopped."""
        front.on_voice = self._voice
        bus.on(UserTurnStarted, self._turn_started)
        bus.on(UserTurnEnded, self._turn_ended)
        bus.on(UserText, self._text)
        bus.on(StoppedByWords, self._stopped)
        bus.on(Overheard, self._overheard)
        bus.on(BackendLost, lambda event: self._abandon())

    def take(self, number: int, samples: Float32, *, held: bool) -> Push:
        """One frame from the microphone → what the backend may hear of it. `held`: the assistant
        is in the middle of a turn and has fallen silent for the user."""
        now = self._bus.clock()
        end = (number + 1) * FRAME_SECONDS
        self._input_clock.frame_arrived(end, now)
        if not self.gate.is_open:
            self._frames.append(_Circumstances(end, False, False))
            return Push(number, _SILENCE)
        sounds = self.gate.speaks(now)
        speaking = sounds or held
        self._frames.append(_Circumstances(end, speaking, self._front.voice))
        return Push(
            number,
            encode_pcm(samples),
            speaking=speaking,
            clean=not sounds or self.trusted,
            voice=self._front.voice,
        )

    @property
    def trusted(self) -> bool:
        """The assistant's own voice is not in what the microphone hears."""
        return self._front.clean or not self.gate.guard

    @property
    def believed(self) -> bool:
        """Whether the turn under way is the user's: it began in silence, the user's voice was
        noticed in it, or the microphone cannot hear the speaker."""
        if not self.gate.guard:
            return True
        of_turn = [f for f in self._frames if f.end >= self._began]
        return not of_turn or not of_turn[0].speaking or any(f.voice for f in of_turn)

    @property
    def over_the_assistant(self) -> bool:
        """Whether the assistant spoke when the turn under way began."""
        of_turn = (f for f in self._frames if f.end >= self._began)
        return next((f.speaking for f in of_turn), False)

    def _voice(self, speaks: bool) -> None:
        """The front end notices the user's voice begin or end."""
        if self.gate.is_open:
            self._bus.publish(VoiceNoticed(speaks))

    def _turn_started(self, event: UserTurnStarted) -> None:
        self._began = event.at
        if self.believed:
            self._bus.publish(TurnStarted(side="user", turn=self._current()))

    def _turn_ended(self, event: UserTurnEnded) -> None:
        if self.believed:
            self._bus.publish(TurnEnded(side="user", turn=self._current()))
            speech_end = self._input_clock.to_session(event.at)
            self._bus.publish(UserSpeechEnded(Stopwatch(speech_end, text_at=self._bus.clock())))

    def _text(self, event: UserText) -> None:
        text = event.text.strip()
        if not event.final:
            if self.believed:
                self._partial = True
                so_far = written(text)
                self._bus.publish(UserSaid(turn=self._current(), text=so_far, final=False))
                partial = PartialWords(so_far, self.over_the_assistant, event.paused)
                self._bus.publish(partial)
            return
        obeyed, self._obeyed = self._obeyed, ""
        if not text or not self.believed or self._is_echo(text):
            text = obeyed
        if not text:
            unclear = event.unclear and self.believed and not self._assistant_spoke()
            self._forget_partial()
            self._bus.publish(NothingHeard(unclear))
            return
        stopwatch = Stopwatch(
            speech_end=self._input_clock.to_session(event.speech_end),
            text_at=self._bus.clock(),
            stages=dict(event.stages),
        )
        message = self._intents.read(text, event.prompted)
        speaker = self._speaker(self._began, event.speech_end)
        self._heard(replace(message, language=event.language, speaker=speaker), stopwatch)

    def _heard(self, message: UserMessage, stopwatch: Stopwatch) -> None:
        turn = self._current()
        self._turn, self._partial = None, False
        said = UserSaid(turn=turn, text=message.text, final=True, speaker=message.speaker)
        self._bus.publish(said)
        self._bus.publish(UserHeard(message, stopwatch))

    def _stopped(self, event: StoppedByWords) -> None:
        if not self._is_own(event.text):
            self._obeyed = event.text

    def _overheard(self, event: Overheard) -> None:
        """Words that came through the assistant's own voice: nothing but "stop" is obeyed."""
        text = event.text
        if self._intents.is_stop(text) and not self._self_echo.has_said(text):
            self._bus.publish(UserSaid(turn=next(self._turns), text=text, final=True))
            self._bus.publish(ToAnswer(self._intents.read(text)))

    def _abandon(self) -> None:
        """The backend died in the middle of a turn. Words by which the assistant was stopped in it
        were said, and stay."""
        obeyed, self._obeyed = self._obeyed, ""
        if not obeyed:
            self._forget_partial()
            return
        now = self._bus.clock()
        self._heard(self._intents.read(obeyed), Stopwatch(now, text_at=now))

    def _is_own(self, text: str) -> bool:
        """Whether the assistant itself has just said this, where the microphone can hear it."""
        return self.gate.guard and self._self_echo.has_said(text)

    def _is_echo(self, text: str) -> bool:
        """The assistant's own words, come back through the room; on a machine that can hardly keep
        up also later than any room would have them."""
        if not self.gate.guard:
            return False
        if self.over_the_assistant:
            return self._self_echo.echoes(text)
        late = self._assistant_spoke() and self._front.stumbles
        return late and self._self_echo.echoes_late(text)

    def _assistant_spoke(self) -> bool:
        """Whether it did when the turn under way began, or so shortly before that its echo may be
        in it."""
        lately = self._began - _LATE_SECONDS
        return self.over_the_assistant or any(
            f.speaking for f in self._frames if lately <= f.end <= self._began
        )

    def _current(self) -> int:
        if self._turn is None:
            self._turn = next(self._turns)
        return self._turn

    def _forget_partial(self) -> None:
        turn, self._turn = self._turn, None
        if self._partial and turn is not None:
            self._bus.publish(UserSaid(turn=turn, text="", final=True))
        self._partial = False
