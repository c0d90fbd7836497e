"""Hesitation: what is said in the silence before an answer that takes a while, and what is told.

An answer may begin with a word that fits any answer; later, once, with a filler.
People do so, too: a speaker who will be late says "well" or "um" first, and is understood to be
about to answer (Clark and Fox Tree, 2002).
"""

from __future__ import annotations

import asyncio
import re
from collections import deque
from statistics import median

from assistant.brain.base import Waiting
from assistant.language.lexicon import AUXILIARIES, QUESTION_WORDS, either
from assistant.session.event_bus import EventBus
from assistant.session.events import Notice, StillThinking
from assistant.session.persona_switch import PersonaVoice
from assistant.session.turns.agent_turn import AgentTurn

FILLER_AFTER = 1.5
"""Seconds without a word after which something is said."""
TOLD_EVERY = 1.0
"""Seconds."""
_AT_ONCE = 0.05
"""Seconds in which an answer is there that nobody has to think about."""

LATE = 0.7
"""Seconds without a word of the answer from which on it is worth it."""
SLOW = 1.5
"""… and from which on it is so in one turn after another."""
_ANSWERS = 5
_FEWEST = 2
_ASKING = re.compile(
    rf"(?:(?:and|so|but|well|okay|hey|please|now),?\s+)*"
    rf"(?:{either(QUESTION_WORDS | AUXILIARIES)}|tell\s+me|explain|describe|compare|suggest"
    r"|recommend|give\s+me|help\s+me)\b",
    re.IGNORECASE,
)
_SHORTEST = 3
"""Words of a question that is worth a thought."""


class AnswerDelays:
    """Of one brain: seconds from its being asked to the first sound of what it answered."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=_ANSWERS)
        self._hesitated = False

    def took(self, seconds: float) -> None:
        """An answer did."""
        self._seconds.append(seconds)

    def worth_hesitating(self, asked: str) -> float:
        """Seconds that the answer to this will probably take, if that is long enough, and the words
        ask for a thought; else 0. After a turn with one there is none, unless it is slow."""
        if len(self._seconds) < _FEWEST or not is_worth_a_thought(asked):
            return 0.0
        usual = median(self._seconds)
        return usual if usual > (SLOW if self._hesitated else LATE) else 0.0

    def hesitated(self, done: bool) -> None:
        """Whether it was done in this turn."""
        self._hesitated = done


def is_worth_a_thought(text: str) -> bool:
    """Whether this asks for something that one may have to think about: a greeting, thanks or a
    statement does not."""
    text = text.strip()
    asks = text.endswith("?") or _ASKING.match(text) is not None
    return asks and len(text.split()) >= _SHORTEST


class AnswerWait:
    """Of one turn of the user: the utterance that answers it, and the wait for its first word.

    Silence is filled, once. Only with the first sign of life is the wait told, too.
    """

    def __init__(
        self, bus: EventBus, agent_turn: AgentTurn, voice: PersonaVoice, expected: float = 0.0
    ) -> None:
        """`expected`: seconds to the first word, where it is worth hesitating; else 0."""
        self._bus = bus
        self._agent_turn = agent_turn
        self._voice = voice
        self._began = asyncio.get_running_loop().time()
        self._begun_at = bus.clock()
        self._expected = expected
        self.hesitated = False
        self._doing = Waiting()
        self._notices: set[str] = set()
        self._ticking: asyncio.Task[None] | None = None
        self.utterance = agent_turn.begin()
        """Where the answer is said."""
        self._filling = asyncio.create_task(self._fill_silence(), name="filling the silence")

    def sign(self, sign: Waiting) -> None:
        """It is at work."""
        self._doing = sign
        if sign.notice and sign.notice not in self._notices:
            self._notices.add(sign.notice)
            self._bus.publish(Notice(text=sign.notice, key="language-model"))
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._tick(), name="waiting for a word")

    def words_come(self) -> None:
        """There is a token: whatever filled the silence now would be heard in place of them."""
        self._filling.cancel()

    def over(self) -> None:
        """The first word is there, or none will come."""
        self._filling.cancel()
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None

    def take_back(self) -> None:
        """What was said was none of the answer."""
        said, self.utterance = self.utterance, self._agent_turn.begin()
        self._agent_turn.speech.take_back(said)

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            seconds = loop.time() - self._began
            self._bus.publish(StillThinking(doing=self._doing.doing, seconds=seconds))
            await asyncio.sleep(TOLD_EVERY)

    @property
    def took(self) -> float | None:
        """Seconds to the first sound of the answer, as far as there is one."""
        sound_at = self.utterance.sound_at
        return None if sound_at is None else max(0.0, sound_at - self._begun_at)

    async def _fill_silence(self) -> None:
        wait = FILLER_AFTER
        if self._expected:
            await asyncio.sleep(_AT_ONCE)
            if not self.utterance.intended and self._voice.hesitate(self.utterance, self._expected):
                self.utterance = self._agent_turn.begin()
                self.hesitated = True
                wait += FILLER_AFTER
        await asyncio.sleep(wait)
        if not self.utterance.intended and self._voice.fill(self.utterance):
            self.utterance = self._agent_turn.begin()
