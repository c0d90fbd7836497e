"""Brain loop: the brain answers, calls tools, is told what came of them, and answers again.

What a turn taught is on disk before the first word of its answer is spoken.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

from assistant.brain.base import (
    Anticipates,
    Brain,
    BrainError,
    Message,
    Piece,
    PromptRead,
    Question,
    TakenBack,
    Waiting,
)
from assistant.brain.scripted import ScriptedBrain
from assistant.calls.answer_parser import AnswerParser
from assistant.calls.parser import Item, Malformed, ToolCall
from assistant.frames import Expect
from assistant.language.delivery.marks import without_marks
from assistant.memory.recall import NOTHING, Recalled
from assistant.personas.loading import Persona
from assistant.session.calls.tool_runner import ToolRunner, malformed
from assistant.session.event_bus import EventBus
from assistant.session.events import BrainChosen, Notice, PromptEvaluated
from assistant.session.persona_switch import PersonaVoice
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.hesitation import AnswerDelays, AnswerWait
from assistant.session.turns.questions import BrainContext, QuestionMaker
from assistant.session.turns.rounds import Keeping, Round, after_tools
from assistant.terminal.sanitize import PieceCleaner
from assistant.tools.registry import ToolResult

MAX_ROUNDS = 4
"""Times a model may call tools before it has to answer."""


@dataclass(slots=True)
class _Turn:
    """A turn of the user's that is answered."""

    text: str
    """The question; "" once it stands in `earlier`."""
    persona: Persona
    earlier: list[Message]
    keeping: Keeping
    recalled: Recalled
    known: Sequence[str]
    limits: Sequence[str]
    wait: AnswerWait
    said: str = ""
    """In the newest round."""
    spoke: bool = False
    """In any."""


class BrainLoop:
    """Answers one turn at a time with a brain; cancelling `answer` leaves nothing half done but the
    speech."""

    def __init__(
        self,
        bus: EventBus,
        brain: Brain,
        tools: ToolRunner,
        voice: PersonaVoice,
        agent_turn: AgentTurn,
        context: BrainContext,
    ) -> None:
        self._bus = bus
        self._brain = brain
        self._tools = tools
        self._voice = voice
        self._agent_turn = agent_turn
        self._context = context
        self._questions = QuestionMaker(brain, tools, context)
        self._label = brain.label
        self._expecting: asyncio.Task[None] | None = None
        self._delays = AnswerDelays()
        self._foretold = False
        """The voice was told what an answer may begin with."""
        if isinstance(brain, Anticipates):
            brain.listen(self._foretell)

    # -- ahead: see `Anticipates` ----------------------------------------------------------------

    def expect(self, text: str) -> None:
        """The user has probably said this: begin to answer it, where the brain works ahead."""
        if isinstance(self._brain, Anticipates):
            self._stop_expecting()
            self._expecting = asyncio.create_task(self._expect(self._brain, text), name="expect")

    async def _expect(self, brain: Anticipates, text: str) -> None:
        recalled = await self._context.memory.foreseen(text)
        brain.expect(self._questions.make(text, self._context.earlier(text), recalled))

    def withdraw(self) -> None:
        """It was something else."""
        self._stop_expecting()
        if isinstance(self._brain, Anticipates):
            self._brain.withdraw()
        if self._foretold:
            self._foretold = False
            self._bus.publish(Expect("", 1.0))

    def _foretell(self, beginning: str) -> None:
        """The voice may render it, while it is judged whether the user is done."""
        self._foretold = True
        prosody = self._agent_turn.expected_prosody(beginning)
        text, rate = without_marks(beginning).lstrip(), self._agent_turn.speech.rate
        self._bus.publish(Expect(text, rate, prosody))

    def read_ahead(self, *just_said: Message) -> None:
        """Let the brain read what the next question will begin with; `just_said` is not in the
        history yet."""
        if isinstance(self._brain, Anticipates):
            earlier = [*self._context.history.messages(), *just_said]
            self._brain.read_ahead(self._questions.make("Hello.", earlier, NOTHING, asked=False))

    def _stop_expecting(self) -> None:
        if self._expecting is not None:
            self._expecting.cancel()
            self._expecting = None

    # -- the answer ------------------------------------------------------------------------------

    @property
    def has_model(self) -> bool:
        """A language model answers, and no script."""
        return not isinstance(self._brain, ScriptedBrain)

    async def answer(
        self, text: str, *, heard: str | None = None, came_of: ToolResult | None = None
    ) -> None:
        """`heard`: what the user said, where `text` is what that stands for (a prompt of another
        program's); only his own words teach and remind of anything. `came_of`: a call whose result
        is to be told, without a question."""
        self._stop_expecting()
        turn = await self._begin(text, text if heard is None else heard, came_of)
        for _ in range(MAX_ROUNDS):
            outcome = Round(turn.keeping)
            try:
                await self._round(turn, outcome)
            except BrainError as error:
                self._bus.publish(
                    Notice(text=error.message, remedy=error.remedy, severity="warning")
                )
                break
            if self._is_answered(turn, outcome):
                break
            turn.earlier = after_tools(turn.earlier, turn.text, outcome, turn.persona)
            turn.text = ""
        self.withdraw()  # an answer that was begun, and that nobody asked for in the end
        self._finish(turn)
        self._tell_who_answers()

    async def _begin(self, text: str, said: str, came_of: ToolResult | None) -> _Turn:
        """`said` by the user."""
        context, persona = self._context, self._context.roster.current
        earlier = context.earlier(said)
        keeping = Keeping(context.memory, said)
        if came_of is not None:
            earlier = after_tools(earlier, "", Round(keeping, results=[came_of]), persona)
        return _Turn(
            text,
            persona,
            earlier,
            keeping,
            recalled=await context.memory.recalled(said) if said else NOTHING,
            known=context.own_facts(said) if said else (),
            limits=context.limits(said) if said else (),
            wait=AnswerWait(
                self._bus, self._agent_turn, self._voice, self._delays.worth_hesitating(text)
            ),
        )

    async def _round(self, turn: _Turn, outcome: Round) -> None:
        """Ask once, and say what is answered. Raises `BrainError`."""
        try:
            question = replace(
                self._questions.make(turn.text, turn.earlier, turn.recalled),
                persona=turn.persona,
                known=turn.known,
                limits=turn.limits,
                acknowledge=turn.keeping.acknowledge,
            )
            await self._stream(question, turn.wait, outcome)
        except BrainError:
            raise
        except Exception:
            self._agent_turn.speech.say(turn.wait.utterance, "", final=True)
            raise
        finally:
            turn.wait.over()
            turn.said = without_marks(outcome.said)
            turn.spoke = turn.spoke or bool(turn.said.strip())

    def _is_answered(self, turn: _Turn, outcome: Round) -> bool:
        """Nothing was called, or what came of it says everything by itself."""
        if not outcome.results and not outcome.malformed:
            return True
        by_themselves = [r.spoken for r in outcome.results if r.ok and r.spoken is not None]
        if by_themselves:
            self._agent_turn.speech.say(turn.wait.utterance, " ".join(["", *by_themselves]))
            turn.spoke = True
        return bool(by_themselves)

    def _finish(self, turn: _Turn) -> None:
        speech, wait = self._agent_turn.speech, turn.wait
        self._delays.hesitated(wait.hesitated)
        if turn.spoke and wait.took is not None:
            self._delays.took(wait.took)
        if not turn.spoke:
            speech.say(wait.utterance, self._voice.line("not_understood"))
        elif turn.keeping.not_kept:
            speech.say(wait.utterance, f" {turn.keeping.not_kept}")
        speech.say(wait.utterance, "", final=True)
        if turn.said and turn.persona is self._context.roster.current and speech.active:
            # While it is heard there is time to read it.
            self.read_ahead(Message("assistant", turn.said.strip(), turn.persona.slug))

    def _tell_who_answers(self) -> None:
        """Where it is another one by now."""
        if self._brain.label != self._label:
            self._label = self._brain.label
            self._bus.publish(BrainChosen(label=self._label))

    async def _stream(self, question: Question, wait: AnswerWait, outcome: Round) -> None:
        # Cleaned first: pieces are put together with spaces later, and what acts on a
        # terminal is known by its characters standing next to each other.
        parser, cleaner = self._parser(), PieceCleaner()
        answer = cast("AsyncGenerator[Piece]", self._brain.answer(question))
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                match piece:
                    case str():
                        for item in parser.feed(cleaner.feed(piece)):
                            await self._take(item, wait, outcome)
                    case Waiting(read=PromptRead() as read):
                        wait.words_come()
                        self._bus.publish(
                            PromptEvaluated(
                                tokens=read.evaluated,
                                cached=read.cached,
                                milliseconds=round(read.milliseconds, 1),
                                ahead=read.ahead,
                            )
                        )
                    case Waiting():
                        wait.sign(piece)
                    case TakenBack():
                        parser, cleaner = self._parser(), PieceCleaner()
                        outcome.said = ""
                        wait.take_back()
                    case _:
                        await self._take_native(piece, wait, outcome)
        for item in [*parser.feed(cleaner.close()), *parser.finish()]:
            await self._take(item, wait, outcome)

    def _parser(self) -> AnswerParser:
        return AnswerParser(self._tools.names())

    async def _take(self, item: Item, wait: AnswerWait, outcome: Round) -> None:
        match item:
            case ToolCall():
                if any(_same(item, call) for call in outcome.native):
                    return  # some servers send a call both ways
                wait.over()
                outcome.results.append(await self._tools.run(item))
            case Malformed():
                malformed(self._bus, item)
                outcome.malformed.append(item.reason)
            case _ if item.text.strip() or outcome.said:
                await outcome.keeping.settle()
                outcome.said += item.text
                wait.over()
                self._agent_turn.speech.say(wait.utterance, item.text)
            case _:
                pass  # white space between a call and the first word

    async def _take_native(
        self, item: ToolCall | Malformed, wait: AnswerWait, outcome: Round
    ) -> None:
        if isinstance(item, ToolCall):
            if any(_same(item, result.call) for result in outcome.results):
                return
            outcome.native.append(item)
            wait.over()
            outcome.results.append(await self._tools.run(item))
        else:
            await self._take(item, wait, outcome)


def _same(one: ToolCall, other: ToolCall) -> bool:
    return one.name == other.name and one.arguments == other.arguments
