"""Turn-taking: who speaks when, the agent state, and the one answer that is being made.

Whether the user who begins while the assistant is heard means to stop it, is seen to in
`conversation.barge_in`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from assistant.audio.playback.jitter import JitterBuffer
from assistant.frames import AgentState
from assistant.session.events import Notice, SessionEvent, StateChanged
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.continuation import Continuation, joined
from assistant.session.turns.history import History
from assistant.session.turns.latency import Stopwatch
from assistant.session.turns.responder import Responder, UserMessage
from assistant.tools.base import ToolCall, ToolResult

log = logging.getLogger(__name__)


class TurnTaking:
    """Decides what happens when the user begins, stops, or goes on.

    A user who goes on before the answer to the first half has sounded gets one answer to both
    halves (see `continuation`); it is held meanwhile, and released where the sound turns out to
    be no words.
    """

    def __init__(
        self,
        playback: JitterBuffer,
        agent_turn: AgentTurn,
        history: History,
        emit: Callable[[SessionEvent], None],
        clock: Callable[[], float],
    ) -> None:
        self._playback = playback
        self._agent_turn = agent_turn
        self._history = history
        self._emit = emit
        self.on_interrupted: Callable[[], None] = lambda: None
        """Told when nothing more will be heard of what was being said."""
        self.state: AgentState = "initializing"
        self._rest: AgentState = "initializing"
        """The state in which nothing goes on."""
        self.answerer: Responder | None = None
        """None until it is known who answers; see `begin`."""
        self._unanswered: list[UserMessage] = []
        """What was typed before that."""
        self._task: asyncio.Task[None] | None = None
        self._user_speaks = False
        self._held = False
        self._continuation = Continuation(clock)

    def begin(self, answerer: Responder) -> None:
        """It is known now who answers."""
        self.answerer = answerer
        unanswered, self._unanswered = self._unanswered, []
        if unanswered:
            self.set_state("thinking")
            self._run(self._catch_up(answerer, unanswered))

    @staticmethod
    async def _catch_up(answerer: Responder, unanswered: Sequence[UserMessage]) -> None:
        for heard in unanswered:
            await answerer.answer(heard)

    def rest_in(self, state: Literal["idle", "initializing"]) -> None:
        """Whether the backend is there: the state to fall back to."""
        self._rest = state
        self.settle()

    def backend_lost(self) -> None:
        """The backend died; a turn of the user that was under way will never end."""
        self._user_speaks = False
        self.release()
        self.on_interrupted()  # what it had handed over is heard to its end
        self._agent_turn.backend_lost()
        self.rest_in("initializing")

    # -- the user ------------------------------------------------------------------------------

    def user_began(self, *, holds: bool = True) -> None:
        """`holds`: an answer that is not heard yet waits for what the user has to add."""
        self._user_speaks = True
        self._continuation.user_began()
        if self._agent_turn.is_heard:
            return
        if holds and (self._agent_turn.speech.active or self._is_answering):
            self._held = True
            self._playback.pause()
        self.set_state("listening")

    def user_ended(self) -> None:
        self._user_speaks = False
        if self.state == "listening":
            self.set_state("thinking")

    def rest(self) -> None:
        """The user's turn is over, and whether an answer is on its way only the backend knows."""
        self._user_speaks = False
        self.settle()

    def heard(self, heard: UserMessage, stopwatch: Stopwatch | None) -> UserMessage:
        """The user's words are there: answer them. Returns what is answered, the first half of a
        thought included."""
        first = self._first_half(heard)
        if first is not None:
            heard = joined(first, heard)
        self._stop_answering()
        if self.answerer is None:
            self._unanswered.append(heard)
        else:
            self.set_state("thinking")
            self._continuation.asked(heard if self.answerer.is_question(heard) else None)
            self._run(self.answerer.answer(heard))
        self._stop_speaking()
        if first is not None:
            self._history.drop_last("user")  # unless something was heard of the answer to it
        self._agent_turn.stopwatch = stopwatch
        return heard

    def _first_half(self, heard: UserMessage) -> UserMessage | None:
        """What this goes on with. A command stands for itself."""
        if self.answerer is None or not self.answerer.is_question(heard):
            return None
        return self._continuation.first_half(heard, held=self._held)

    def is_question(self, heard: UserMessage) -> bool:
        """Whether this wants an answer in words (and is no command, as far as can be known)."""
        return self.answerer is None or self.answerer.is_question(heard)

    def is_stop(self, text: str) -> bool:
        """Whether these words are a command to stop speaking, and nothing else."""
        return self.answerer is not None and self.answerer.is_stop(text)

    def heard_nothing(self) -> None:
        """What seemed to be a turn had no words."""
        self._user_speaks = False
        self.release()
        self.settle()

    # -- the assistant ---------------------------------------------------------------------------

    def act(self, call: ToolCall) -> None:
        """A key asked for a tool."""
        if self.answerer is not None:
            self.interrupt()
            self._run(self._obey(self.answerer, call))

    @staticmethod
    async def _obey(answerer: Responder, call: ToolCall) -> None:
        await answerer.obey(call)

    def call_spelled(self, text: str, make_known: Callable[[ToolResult], None]) -> None:
        """The backend's own model wrote a tool call into its words; what came of it is said, and
        handed to `make_known`."""
        if self.answerer is not None:
            self._stop_answering()
            self._run(self.answerer.obey_spelled(text, make_known))

    def sounding(self) -> None:
        """An answer begins to be heard."""
        self._continuation.sounding()
        self.set_state("speaking")

    def paused(self) -> None:
        """The answer that is being heard has fallen silent for the user."""
        self.set_state("listening")

    def resumed(self) -> None:
        """It goes on."""
        if self._agent_turn.is_heard:
            self.set_state("speaking")

    def interrupt(self) -> None:
        """Stop speaking and thinking now."""
        self._stop_answering()
        self._stop_speaking()
        self.settle()

    async def settled(self) -> None:
        """Wait until no answer is being made."""
        while self._task is not None and not self._task.done():
            await asyncio.wait({self._task})

    def release(self) -> None:
        """An answer that was held for what the user has to add is heard now."""
        if self._held:
            self._held = False
            self._playback.resume()

    def set_state(self, state: AgentState) -> None:
        if state != self.state:
            self.state = state
            self._emit(StateChanged(state=state))

    def settle(self) -> None:
        """At rest, unless something goes on."""
        if self._agent_turn.speech.active:
            return
        if self._is_answering and self._task is not asyncio.current_task():
            return
        self.set_state("listening" if self._user_speaks else self._rest)

    # -- inside ----------------------------------------------------------------------------------

    @property
    def _is_answering(self) -> bool:
        return self._task is not None and not self._task.done() and not self._task.cancelling()

    def _stop_answering(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _stop_speaking(self) -> None:
        self._agent_turn.speech.interrupt()
        self.on_interrupted()
        self.release()

    def _run(self, work: Awaitable[None]) -> None:
        self._task = asyncio.create_task(self._guarded(work), name="answer")

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.exception("while answering")
            self._emit(Notice(text=f"that went wrong: {error}", severity="error"))
        self._agent_turn.stopwatch = None
        self.settle()
