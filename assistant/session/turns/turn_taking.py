"""Turn-taking: who speaks when, the agent state, and the one answer that is being made.

Whether the user who begins while the assistant is heard means to stop it, is seen to in `barge_in`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Literal

from assistant.calls.parser import ToolCall
from assistant.frames import AgentState, CallSpelled
from assistant.language.command_patterns import is_hum
from assistant.session.backend_events import BackendEvents
from assistant.session.event_bus import EventBus
from assistant.session.events import (
    AnswerPaused,
    AnswerResumed,
    Notice,
    PersonaChanged,
    StateChanged,
    TurnStarted,
)
from assistant.session.signals import (
    AgentTurnEnded,
    AnswerSounding,
    AnswerStopped,
    BackendGone,
    BackendLost,
    BackendReady,
    NothingHeard,
    PartialWords,
    SaidInPassing,
    StopAnswer,
    StoppedByWords,
    Stopwatch,
    SummaryMade,
    ToAnswer,
    UserHeard,
    UserSpeechEnded,
    UserTurnTaken,
    UserTurnTakenByModel,
)
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.barge_in import BargeIn
from assistant.session.turns.messages import Continuation, History, UserMessage, joined
from assistant.session.turns.responder import Responder
from assistant.session.turns.spoken_intents import SpokenIntents
from assistant.tools.registry import ToolResult

log = logging.getLogger(__name__)


class TurnTaking:
    """Decides what happens when the user begins, stops, or goes on.

    A user who goes on before the answer to the first half has sounded, or when it has only just
    begun to, gets one answer to both halves (see `Continuation`); it is held meanwhile, and
    released where the sound turns out to be no words.
    """

    def __init__(
        self,
        bus: EventBus,
        agent_turn: AgentTurn,
        barge_in: BargeIn,
        intents: SpokenIntents,
        history: History,
        backend: BackendEvents,
    ) -> None:
        self._bus = bus
        self._agent_turn = agent_turn
        self._barge_in = barge_in
        self._intents = intents
        self._history = history
        self._backend = backend
        self.state: AgentState = "initializing"
        self._rest: AgentState = "initializing"
        """The state in which nothing goes on."""
        self._responder: Responder | None = None
        """None until it is known who answers; see `begin`."""
        self._unanswered: list[UserMessage] = []
        """What was typed before that."""
        self._task: asyncio.Task[None] | None = None
        self._user_speaks = False
        self._held = False
        self._asked_again = False
        """The last words of the user's were not understood, and he was told so."""
        self.answers_question: Callable[[str], bool] = lambda text: False
        """Takes words that answer a question which an answer waits for."""
        self.awaits_answer: Callable[[], bool] = lambda: False
        """Whether words will be taken for an answer: nobody else may think about them."""
        self._continuation = Continuation(bus.clock)
        bus.on(BackendReady, lambda event: self._rest_in("idle"))
        bus.on(BackendGone, lambda event: self._rest_in("idle"))
        bus.on(BackendLost, lambda event: self._backend_lost())
        bus.on(TurnStarted, self._user_began)
        bus.on(UserSpeechEnded, self._user_ended)
        bus.on(PartialWords, self._partial)
        bus.on(UserHeard, self._heard)
        bus.on(NothingHeard, self._heard_nothing)
        bus.on(ToAnswer, self._typed)
        bus.on(CallSpelled, self._call_spelled)
        bus.on(AnswerSounding, lambda event: self._sounding())
        bus.on(AnswerPaused, lambda event: self._set_state("listening"))
        bus.on(AnswerResumed, lambda event: self._resumed())
        bus.on(StopAnswer, lambda event: self.interrupt())
        bus.on(AgentTurnEnded, lambda event: self._agent_turn_ended())
        bus.on(PersonaChanged, lambda event: self._read_ahead())
        bus.on(SummaryMade, lambda event: self._read_ahead())

    def begin(self, responder: Responder) -> None:
        """It is known now who answers."""
        self._withdraw()
        self._responder = responder
        self._read_ahead()
        unanswered, self._unanswered = self._unanswered, []
        if unanswered:
            self._set_state("thinking")
            self._run(self._catch_up(responder, unanswered))

    @staticmethod
    async def _catch_up(responder: Responder, unanswered: Sequence[UserMessage]) -> None:
        for message in unanswered:
            await responder.answer(message)

    async def settled(self) -> None:
        """Wait until no answer is being made."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    def act(self, call: ToolCall) -> None:
        """A key asked for a tool."""
        if self._responder is not None:
            self.interrupt()
            self._run(self._obey(self._responder, call))

    def tell(self, result: ToolResult) -> bool:
        """Let a language model say what came of a call that went on beside the conversation; False
        where nothing sums it up, or an answer is being made."""
        by_itself = self._backend.capabilities.answers_by_itself
        if self._responder is None or by_itself or self._is_answering:
            return False
        if not self._responder.sums_up:
            return False
        self._set_state("thinking")
        self._run(self._responder.sum_up(result))
        return True

    @staticmethod
    async def _obey(responder: Responder, call: ToolCall) -> None:
        await responder.obey(call)

    def interrupt(self) -> None:
        """Stop speaking and thinking now."""
        self._withdraw()
        self._stop_answering()
        self._stop_speaking()
        self._settle()

    # -- the backend -----------------------------------------------------------------------------

    def _rest_in(self, state: Literal["idle", "initializing"]) -> None:
        """Whether the backend is there: the state to fall back to."""
        self._rest = state
        self._settle()

    def _backend_lost(self) -> None:
        """A turn of the user that was under way will never end."""
        self._user_speaks = False
        self._release()
        self._bus.publish(AnswerStopped())  # what it had handed over is heard to its end
        self._agent_turn.backend_lost()
        self._rest_in("initializing")

    def _call_spelled(self, event: CallSpelled) -> None:
        """The backend's own model wrote a tool call into its words; what came of it is said, and
        the model is told."""
        if self._responder is not None:
            self._stop_answering()
            self._run(self._responder.obey_spelled(event.text))

    # -- the user ------------------------------------------------------------------------------

    def _user_began(self, event: TurnStarted) -> None:
        if event.side != "user":
            return
        self._user_speaks = True
        self._continuation.user_began()
        if self._agent_turn.is_heard:
            return
        # An answer that is not heard yet waits for what the user has to add; who listens while it
        # speaks decides by itself whether to go on.
        holds = not self._backend.capabilities.full_duplex
        if holds and (self._agent_turn.speech.active or self._is_answering):
            self._held = True
            self._agent_turn.hold()
        self._set_state("listening")

    def _user_ended(self, event: UserSpeechEnded) -> None:
        if self._backend.converses:
            # It may answer before the words are written down, so the watch starts here.
            if not self._agent_turn.speech.active:
                self._agent_turn.stopwatch = event.stopwatch
            self._at_rest()
            return
        self._user_speaks = False
        self._continuation.user_ended(event.stopwatch.speech_end)
        if self.state == "listening":
            self._set_state("thinking")

    def _at_rest(self) -> None:
        """The user's turn is over, and whether an answer is on its way only the backend knows."""
        self._withdraw()
        self._user_speaks = False
        self._settle()

    def _partial(self, event: PartialWords) -> None:
        if (
            event.over_assistant
            and self._responder is not None
            and self._intents.is_stop(event.text)
        ):
            self.interrupt()
            self._bus.publish(StoppedByWords(event.text))
        elif event.paused and not event.over_assistant:
            self._expect(self._intents.read(event.text))
        else:
            self._withdraw()

    def _expect(self, message: UserMessage) -> None:
        """The end of this turn is being judged: meanwhile the answer may be begun, and is thrown
        away where the user goes on."""
        by_itself = self._backend.capabilities.answers_by_itself
        nobody = self._responder is None or by_itself or self.awaits_answer()
        if self._responder is None or nobody or not self._is_question(message):
            self._withdraw()
        else:
            self._responder.expect(self._whole(message, self._first_half(message)))

    def _whole(self, message: UserMessage, first: UserMessage | None) -> UserMessage:
        """With the first half of the thought, where there was one."""
        if first is None:
            return message
        whole = self._intents.read(joined(first.text, message.text), origin=message.origin)
        return replace(whole, language=message.language, speaker=message.speaker)

    def _withdraw(self) -> None:
        if self._responder is not None:
            self._responder.withdraw()

    def _heard(self, event: UserHeard) -> None:
        """A whole turn of the user's: an interruption, a sign of listening, or said in silence."""
        message = event.message
        self._asked_again = False
        if self.answers_question(message.text):
            self._go_on()
            return
        if not self._barge_in.is_interruption(message.text, stop=message.is_stop):
            if not is_hum(message.text):
                self._bus.publish(SaidInPassing(message.text, message.speaker))
            self._at_rest()
        elif self._backend.capabilities.answers_by_itself and self._is_question(message):
            if self._barge_in.paused:
                self.interrupt()
            self._release()  # it adds to no question of ours: that is answered first
            if not self._backend.capabilities.full_duplex:
                self._agent_turn.stopwatch = event.stopwatch
            self._bus.publish(UserTurnTakenByModel(message.text, message.speaker))
        else:
            self._answer(message, event.stopwatch)

    def _go_on(self) -> None:
        """The user's words are what an answer was waiting for."""
        self._held = False
        self._agent_turn.resume()
        self._at_rest()

    def _typed(self, event: ToAnswer) -> None:
        if not self.answers_question(event.message.text):
            self._answer(event.message, None)

    def _answer(self, message: UserMessage, stopwatch: Stopwatch | None) -> None:
        """Let this be answered, with the first half of the thought where there was one."""
        said, first = message.text, self._first_half(message)
        message = self._whole(message, first)
        self._stop_answering()
        if self._responder is None:
            self._unanswered.append(message)
        else:
            self._set_state("thinking")
            self._continuation.asked(message if self._is_question(message) else None)
            self._run(self._responder.answer(message))
        self._stop_speaking()
        if first is not None:
            self._history.drop_last("user")  # unless something was heard of the answer to it
        self._agent_turn.stopwatch = stopwatch
        self._bus.publish(UserTurnTaken(said, message.text, message.speaker))

    def _first_half(self, message: UserMessage) -> UserMessage | None:
        """What this goes on with. A command stands for itself, and so do the words of somebody
        else."""
        if self._responder is None or not self._is_question(message):
            return None
        first = self._continuation.first_half(message, held=self._held)
        return first if first is None or first.speaker == message.speaker else None

    def _is_question(self, message: UserMessage) -> bool:
        """Whether this wants an answer in words (and is no command, as far as can be known)."""
        return self._responder is None or self._intents.is_question(message)

    def _heard_nothing(self, event: NothingHeard) -> None:
        self._withdraw()
        self._user_speaks = False
        self._release()
        self._settle()
        if event.unclear:
            self._ask_again()

    def _ask_again(self) -> None:
        """Whoever spoke and was not understood is told so: once, until he is understood again, and
        not where something is being said or thought about anyway."""
        busy = self._is_answering or self._agent_turn.speech.active
        if self._responder is None or busy or self._asked_again:
            return
        self._asked_again = True
        self._responder.tell_unclear()

    # -- the assistant ---------------------------------------------------------------------------

    def _agent_turn_ended(self) -> None:
        self._settle()
        if not self._is_answering:
            self._read_ahead()

    def _read_ahead(self) -> None:
        if self._responder is not None and not self._backend.capabilities.answers_by_itself:
            self._responder.read_ahead()

    def _sounding(self) -> None:
        self._continuation.sounding()
        self._set_state("speaking")

    def _resumed(self) -> None:
        if self._agent_turn.is_heard:
            self._set_state("speaking")

    def _release(self) -> None:
        """An answer that was held for what the user has to add is heard now."""
        if self._held:
            self._held = False
            self._agent_turn.resume()

    def _set_state(self, state: AgentState) -> None:
        if state != self.state:
            self.state = state
            self._bus.publish(StateChanged(state=state))

    def _settle(self) -> None:
        """At rest, unless something goes on."""
        if self._agent_turn.speech.active:
            return
        if self._is_answering and self._task is not asyncio.current_task():
            return
        self._set_state("listening" if self._user_speaks else self._rest)

    # -- inside ----------------------------------------------------------------------------------

    @property
    def _is_answering(self) -> bool:
        return self._task is not None and not self._task.done() and not self._task.cancelling()

    def _stop_answering(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _stop_speaking(self) -> None:
        self._agent_turn.speech.interrupt()
        self._bus.publish(AnswerStopped())
        self._release()

    def _run(self, work: Awaitable[None]) -> None:
        self._task = asyncio.create_task(self._guarded(work), name="answer")

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("while answering")
            self._bus.publish(Notice(text=f"that went wrong: {error}", severity="error"))
        self._agent_turn.stopwatch = None
        self._settle()
