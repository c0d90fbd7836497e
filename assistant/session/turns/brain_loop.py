"""Brain loop: the brain answers, calls tools, is told what came of them, and answers again.

What a turn taught is on disk before the first word of its answer is spoken.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, cast

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
from assistant.memory.conversation import ConversationMemory
from assistant.memory.recall import NOTHING, Recalled
from assistant.personas.loading import Persona
from assistant.session.event_bus import EventBus
from assistant.session.events import (
    BrainChosen,
    Notice,
    PromptEvaluated,
    StillThinking,
    ToolCalled,
    ToolFinished,
)
from assistant.session.persona_switch import PersonaRoster, PersonaVoice
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.feelings import UserFeelings
from assistant.session.turns.hesitation import AnswerDelays
from assistant.session.turns.messages import History
from assistant.terminal.sanitize import PieceCleaner
from assistant.tools.executor import Confirm, ToolExecutor
from assistant.tools.registry import ToolRegistry, ToolResult

# Tool runner: tool calls of one conversation, and what front ends are told of them.


class ToolRunner:
    """The registry of a session with its executor."""

    def __init__(self, bus: EventBus, registry: ToolRegistry, confirm: Confirm) -> None:
        """`confirm(call)` asks the user whether it may run."""
        self._bus = bus
        self._registry = registry
        self._executor = ToolExecutor(registry, confirm)

    def names(self) -> list[str]:
        return [tool.name for tool in self._registry]

    def schemas(self) -> list[dict[str, Any]]:
        """As a language model is told of them."""
        return self._registry.schemas()

    async def run(self, call: ToolCall) -> ToolResult:
        """What came of the call. Raises nothing but the cancellation of the caller's own task."""
        self._bus.publish(ToolCalled(call=call))
        result = await self._executor.run(call)
        self._bus.publish(ToolFinished(result=result))
        return result


# Latency of an answer ("thinking …"): telling how long it takes, and a filler, once, in the
# silence.

FILLER_AFTER = 1.5
"""Seconds without a word after which something is said."""
TOLD_EVERY = 1.0
"""Seconds."""
_AT_ONCE = 0.05
"""Seconds in which an answer is there that nobody has to think about."""


class Waits:
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


log = logging.getLogger(__name__)

MAX_ROUNDS = 4
"""Times a model may call tools before it has to answer."""


class Keeping:
    """What a turn taught is on disk before the first word of its answer is spoken."""

    def __init__(self, memory: ConversationMemory, text: str) -> None:
        self._memory = memory
        self._text = text
        self._settled = False
        self.not_kept = ""
        """What remains to be said of it."""

    async def acknowledge(self) -> str:
        """The answer will say that it is remembered, or else what this returns."""
        self._settled = True
        return await self._memory.acknowledge(self._text)

    async def settle(self) -> None:
        """Whatever the answer says."""
        if not self._settled:
            self._settled = True
            self.not_kept = await self._memory.keep_taught()


@dataclass(slots=True)
class Round:
    """One answer of the brain: what of it was said, what it called."""

    keeping: Keeping
    said: str = ""
    results: list[ToolResult] = field(default_factory=list)
    native: list[ToolCall] = field(default_factory=list)
    """Those that it made by its server's own protocol."""
    malformed: list[str] = field(default_factory=list)


class Summary(Protocol):
    """Of a conversation of `count` messages, what is not sent of them any more. The same until
    another question is `asked`."""

    def __call__(self, count: int, *, asked: bool) -> str: ...


def no_summary(count: int, *, asked: bool) -> str:
    """Nothing is summed up."""
    return ""


@dataclass(frozen=True, slots=True)
class BrainContext:
    """What a brain may know of the conversation."""

    roster: PersonaRoster
    history: History
    memory: ConversationMemory
    own_facts: Callable[[str], Sequence[str]] = lambda text: ()
    """What the program knows of itself that these words touch, for a prompt."""
    limits: Callable[[str], Sequence[str]] = lambda text: ()
    """Why what these words ask for is not done here, where it is not."""
    feelings: UserFeelings | None = None
    """How the user is."""
    deliveries: Callable[[], bool] = lambda: False
    """Whether a model may say how its sentences are to be said: `brain.base.Question`."""
    summary: Summary = no_summary

    def earlier(self, text: str) -> list[Message]:
        """The history before the question `text`, which travels by itself."""
        messages = self.history.messages()
        if messages and messages[-1].role == "user" and messages[-1].text == text:
            messages.pop()
        return messages


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
        self._label = brain.label
        self._expecting: asyncio.Task[None] | None = None
        self._summed_up = ""
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
        brain.expect(self._question(text, self._context.earlier(text), recalled))

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
            self._brain.read_ahead(self._question("Hello.", earlier, NOTHING, asked=False))

    def _stop_expecting(self) -> None:
        if self._expecting is not None:
            self._expecting.cancel()
            self._expecting = None

    def _question(
        self, text: str, earlier: list[Message], recalled: Recalled, *, asked: bool = True
    ) -> Question:
        memory, budget = self._context.memory, self._context.memory.budget_tokens
        if isinstance(self._brain, Anticipates) and self._brain.memory_tokens is not None:
            budget = min(budget, self._brain.memory_tokens)
        feelings = self._context.feelings
        return Question(
            text,
            self._context.roster.current,
            earlier,
            self._tools.schemas(),
            memory=recalled.context(budget),
            remembered=memory.as_told(recalled),
            gone=self._context.history.gone,
            summary=self._summary(text, earlier, asked=asked),
            known=self._context.own_facts(text),
            personas=[each.name for each in self._context.roster.everyone()],
            feeling=feelings.now(text) if feelings is not None and text else None,
            mood=feelings.line(text) if feelings is not None and text else "",
            misread=feelings is not None and feelings.misread(text),
            deliveries=self._context.deliveries(),
        )

    def _summary(self, text: str, earlier: list[Message], *, asked: bool) -> str:
        """The same all through a turn, whatever tools have said meanwhile."""
        count = self._context.history.gone + len(earlier)
        if not asked:
            return self._context.summary(count, asked=False)
        if text:
            self._summed_up = self._context.summary(count, asked=True)
        return self._summed_up

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
        memory, persona = self._context.memory, self._context.roster.current
        said_by_user = text if heard is None else heard
        self._stop_expecting()
        earlier = self._context.earlier(said_by_user)
        waits: Waits | None = None
        spoken_any, said = False, ""
        keeping = Keeping(memory, said_by_user)
        if came_of is not None:
            earlier = self._after_tools(earlier, "", Round(keeping, results=[came_of]), persona)
        recalled = await memory.recalled(said_by_user) if said_by_user else NOTHING
        known = self._context.own_facts(said_by_user) if said_by_user else ()
        limits = self._context.limits(said_by_user) if said_by_user else ()
        for _ in range(MAX_ROUNDS):
            question = replace(
                self._question(text, earlier, recalled),
                persona=persona,
                known=known,
                limits=limits,
                acknowledge=keeping.acknowledge,
            )
            outcome = Round(keeping)
            waits = waits or Waits(
                self._bus, self._agent_turn, self._voice, self._delays.worth_hesitating(text)
            )
            failure: BrainError | None = None
            try:
                await self._stream(question, waits, outcome)
            except BrainError as error:
                failure = error
            except Exception:
                self._agent_turn.speech.say(waits.utterance, "", final=True)
                raise
            finally:
                waits.over()
            spoken_any = spoken_any or bool(without_marks(outcome.said).strip())
            said = without_marks(outcome.said)
            if failure is not None:
                self._bus.publish(
                    Notice(text=failure.message, remedy=failure.remedy, severity="warning")
                )
                break
            if not outcome.results and not outcome.malformed:
                break
            by_themselves = [r.spoken for r in outcome.results if r.ok and r.spoken is not None]
            if by_themselves:
                self._agent_turn.speech.say(waits.utterance, " ".join(["", *by_themselves]))
                spoken_any = True
                break
            earlier = self._after_tools(earlier, text, outcome, persona)
            text = ""
        self.withdraw()  # an answer that was begun, and that nobody asked for in the end
        if waits is not None:
            self._delays.hesitated(waits.hesitated)
            if spoken_any and waits.took is not None:
                self._delays.took(waits.took)
            if not spoken_any:
                line = self._voice.line("not_understood")
                self._agent_turn.speech.say(waits.utterance, line)
            elif keeping.not_kept:
                self._agent_turn.speech.say(waits.utterance, f" {keeping.not_kept}")
            self._agent_turn.speech.say(waits.utterance, "", final=True)
            if said and persona is self._context.roster.current and self._agent_turn.speech.active:
                # While it is heard there is time to read it.
                self.read_ahead(Message("assistant", said.strip(), persona.slug))
        if self._brain.label != self._label:
            self._label = self._brain.label
            self._bus.publish(BrainChosen(label=self._label))

    async def _stream(self, question: Question, waits: Waits, outcome: Round) -> None:
        # Cleaned first: pieces are put together with spaces later, and what acts on a
        # terminal is known by its characters standing next to each other.
        parser, cleaner = self._parser(), PieceCleaner()
        answer = cast("AsyncGenerator[Piece]", self._brain.answer(question))
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                match piece:
                    case str():
                        for item in parser.feed(cleaner.feed(piece)):
                            await self._take(item, waits, outcome)
                    case Waiting(read=PromptRead() as read):
                        waits.words_come()
                        self._bus.publish(
                            PromptEvaluated(
                                tokens=read.evaluated,
                                cached=read.cached,
                                milliseconds=round(read.milliseconds, 1),
                                ahead=read.ahead,
                            )
                        )
                    case Waiting():
                        waits.sign(piece)
                    case TakenBack():
                        parser, cleaner = self._parser(), PieceCleaner()
                        outcome.said = ""
                        waits.take_back()
                    case _:
                        await self._take_native(piece, waits, outcome)
        for item in [*parser.feed(cleaner.close()), *parser.finish()]:
            await self._take(item, waits, outcome)

    def _parser(self) -> AnswerParser:
        return AnswerParser(self._tools.names())

    async def _take(self, item: Item, waits: Waits, outcome: Round) -> None:
        match item:
            case ToolCall():
                if any(_same(item, call) for call in outcome.native):
                    return  # some servers send a call both ways
                waits.over()
                outcome.results.append(await self._tools.run(item))
            case Malformed():
                malformed(self._bus, item)
                outcome.malformed.append(item.reason)
            case _ if item.text.strip() or outcome.said:
                await outcome.keeping.settle()
                outcome.said += item.text
                waits.over()
                self._agent_turn.speech.say(waits.utterance, item.text)
            case _:
                pass  # white space between a call and the first word

    async def _take_native(self, item: ToolCall | Malformed, waits: Waits, outcome: Round) -> None:
        if isinstance(item, ToolCall):
            if any(_same(item, result.call) for result in outcome.results):
                return
            outcome.native.append(item)
            waits.over()
            outcome.results.append(await self._tools.run(item))
        else:
            await self._take(item, waits, outcome)

    def _after_tools(
        self, earlier: list[Message], text: str, outcome: Round, persona: Persona
    ) -> list[Message]:
        """The history for the next round: question, what was said so far, what the tools gave."""
        messages = list(earlier)
        if text:
            messages.append(Message("user", text, persona.slug))
        said, native = without_marks(outcome.said).strip(), tuple(outcome.native)
        if said or native:
            messages.append(Message("assistant", said, persona.slug, calls=native))
        for result in outcome.results:
            state = "" if result.ok else "error: "
            content = f"{result.call.name} → {state}{result.content}"
            identity = result.call.id if result.call in native else ""
            messages.append(Message("tool", content, persona.slug, call_id=identity))
        for reason in outcome.malformed:
            messages.append(Message("tool", f"error: malformed TOOL_CALL: {reason}", persona.slug))
        return messages


def _same(one: ToolCall, other: ToolCall) -> bool:
    return one.name == other.name and one.arguments == other.arguments


def malformed(bus: EventBus, item: Malformed) -> None:
    """A tool call that could not be read: told to the user, its text to the log."""
    log.warning("malformed tool call (%s): %.200s", item.reason, item.raw)
    bus.publish(Notice(text=f"a tool call could not be read: {item.reason}"))
