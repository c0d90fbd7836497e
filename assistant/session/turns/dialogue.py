"""What is said on both sides, and what becomes of it: an answer, a line of the transcript, history,
memory.
"""

from __future__ import annotations

from collections.abc import Callable

from assistant.frames import AnyCommand, Capabilities, Inject
from assistant.language.backchannels import is_hum
from assistant.memory.service import NoMemory
from assistant.session.background_tasks import BackgroundTasks
from assistant.session.event_bus import EventBus
from assistant.session.persona_switch import PersonaSwitch
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.barge_in import BargeIn
from assistant.session.turns.history import History
from assistant.session.turns.latency import Stopwatch
from assistant.session.turns.playback_tracker import AgentUtterance
from assistant.session.turns.responder import UserMessage
from assistant.session.turns.self_echo import SelfEcho
from assistant.session.turns.turn_taking import TurnTaking
from assistant.terminal.sanitize import clean_text


class Dialogue:
    """Told by `UserTurn` what the user says, by `AgentTurn` what was heard of the assistant."""

    def __init__(
        self,
        turn_taking: TurnTaking,
        barge_in: BargeIn,
        agent_turn: AgentTurn,
        persona_switch: PersonaSwitch,
        self_echo: SelfEcho,
        event_bus: EventBus,
        memory: NoMemory,
        history: History,
        background: BackgroundTasks,
        send: Callable[[AnyCommand], None],
        capabilities: Callable[[], Capabilities],
        over_the_assistant: Callable[[], bool],
        show_overheard: Callable[[str], None],
    ) -> None:
        """`over_the_assistant()`: it spoke when the user's turn under way began.
        `show_overheard(text)`: these words were a turn of the user's."""
        self.last_answer = ""
        """The last thing that was said, in full even where it was interrupted."""
        self._turn_taking = turn_taking
        self._barge_in = barge_in
        self._agent_turn = agent_turn
        self._persona_switch = persona_switch
        self._self_echo = self_echo
        self._event_bus = event_bus
        self._memory = memory
        self._history = history
        self._background = background
        self._send = send
        self._capabilities = capabilities
        self._over_the_assistant = over_the_assistant
        self._show_overheard = show_overheard

    def heard_so_far(self, text: str) -> bool:
        """Words of the user's turn, not yet all of them; whether the assistant was stopped."""
        self._barge_in.words(text)
        self._memory.prepare(text)
        if not (self._over_the_assistant() and self._turn_taking.is_stop(text)):
            return False
        self._turn_taking.interrupt()
        return True

    def overheard(self, text: str) -> None:
        """Words that came through the assistant's own voice: nothing but "stop" is obeyed."""
        if self._turn_taking.is_stop(text) and not self._self_echo.has_said(text):
            self._show_overheard(text)
            self.answer(UserMessage(text), None)

    def heard_nothing(self) -> None:
        """The user's turn had no words."""
        self._barge_in.go_on("no_words")
        self._turn_taking.heard_nothing()

    def heard(self, heard: UserMessage, turn: int, stopwatch: Stopwatch) -> None:
        """A whole turn of the user's: an interruption, a sign of listening, or said in silence."""
        stop = self._turn_taking.is_stop(heard.text)
        if not self._barge_in.is_interruption(heard.text, stop=stop):
            if not is_hum(heard.text):
                self._keep_line(heard.text)
            self._turn_taking.rest()
        elif self._capabilities().answers_by_itself and self._turn_taking.is_question(heard):
            if self._barge_in.paused:
                self._turn_taking.interrupt()
            self._turn_taking.release()  # it adds to no question of ours: that is answered first
            if not self._capabilities().full_duplex:
                self._agent_turn.stopwatch = stopwatch
            self._keep_user(heard.text, heard.text)
            self._background.run(self._make_known(heard.text))
        else:
            self.answer(heard, stopwatch)

    async def _make_known(self, text: str) -> None:
        """What comes to mind at these words, to a model that answers by itself."""
        if context := await self._memory.news(text):
            self._send(Inject(context))

    def answer(self, heard: UserMessage, stopwatch: Stopwatch | None) -> None:
        """Let this be answered by whoever answers, and write it down."""
        answered = self._turn_taking.heard(heard, stopwatch)
        self._keep_user(heard.text, clean_text(answered.text))

    def _keep_user(self, said: str, answered: str) -> None:
        """Into the transcript what was said, into the history what it belongs together with."""
        said = clean_text(said)
        self._keep_line(said)
        self._memory.heard(said)
        self._history.add("user", answered, self._persona_switch.current.slug)

    def _keep_line(self, said: str) -> None:
        self._event_bus.keep("user", "You", self._memory.without_secrets(said))

    def over(self, utterance: AgentUtterance, heard: str, interrupted: bool) -> None:
        """A turn of the assistant's has ended; `heard` is what of it was played."""
        heard = clean_text(heard)
        self._self_echo.said(heard)
        if utterance.aside:
            self._turn_taking.settle()
            return
        self._history.add("assistant", heard, utterance.persona)
        if heard:
            self._persona_switch.heard_of(utterance.persona)
            # What a model says by itself was never handed over: its words came with its sound.
            intended = clean_text(utterance.intended.strip() or utterance.text())
            self.last_answer = intended or heard
            name = self._persona_switch.name_of(utterance.persona)
            self._event_bus.keep("assistant", name, intended, heard, interrupted)
            self._memory.said(heard, utterance.persona, name)
        self._turn_taking.settle()
