"""Responder: from the user's words to an answer, a spoken intent, a tool, or the brain.

The same path serves words that were heard and words that were typed. A tool is run by one executor
whether a person's sentence or a model's `TOOL_CALL:` asked for it.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import cast

from assistant.brain.base import Brain, BrainError, Message, Piece, Question, TakenBack, Waiting
from assistant.memory.service import NoMemory
from assistant.personas.loading import Persona
from assistant.session.events import BrainChosen, Notice, SessionEvent, ToolCalled, ToolFinished
from assistant.session.line_chooser import LineChooser
from assistant.session.turns.history import History
from assistant.session.turns.playback_tracker import AgentUtterance, PlaybackTracker
from assistant.session.turns.rounds import Keeping, Round
from assistant.session.turns.waits import Waits
from assistant.terminal.sanitize import PieceCleaner
from assistant.tools.answer_parser import AnswerParser
from assistant.tools.base import Malformed, Origin, ToolCall, ToolResult
from assistant.tools.executor import ToolExecutor
from assistant.tools.intents import Intent, IntentRouter, is_yes
from assistant.tools.parser import Item, ToolCallParser
from assistant.tools.registry import ToolRegistry

log = logging.getLogger(__name__)

MAX_ROUNDS = 4
"""Times a model may call tools before it has to answer."""


@dataclass(frozen=True, slots=True)
class UserMessage:
    """One turn of the user."""

    text: str
    prompted: str | None = None
    """Second decode of the same sound, helped by the personas' names."""
    origin: Origin = "speech"


class Responder:
    """Answers one turn at a time; cancelling `answer` leaves nothing half done but the speech."""

    def __init__(
        self,
        *,
        router: IntentRouter,
        registry: ToolRegistry,
        executor: ToolExecutor,
        brain: Brain,
        history: History,
        lines: LineChooser,
        speech: PlaybackTracker,
        persona: Callable[[], Persona],
        personas: Callable[[], list[Persona]],
        begin: Callable[[], AgentUtterance],
        emit: Callable[[SessionEvent], None],
        memory: NoMemory,
        follow_up: Callable[[str], ToolCall | None],
        say_aside: Callable[[AgentUtterance, str], None],
    ) -> None:
        """`follow_up(text)`: the call that answers a question which a tool has asked back.
        `say_aside(utterance, text)`: see `AgentTurn.say_aside`."""
        self.router = router
        self.brain = brain
        self._registry = registry
        self._executor = executor
        self._history = history
        self._lines = lines
        self._playback = speech
        self._persona = persona
        self._personas = personas
        self._begin = begin
        self._emit = emit
        self._memory = memory
        self._follow_up = follow_up
        self._say_aside = say_aside
        self._label = brain.label
        self._asked_about: str | None = None
        """Slug of the persona of an open "did you mean …?"."""

    async def answer(self, heard: UserMessage) -> None:
        intent = self._answer_to_question(heard.text) or self.router.route(
            heard.text, heard.prompted
        )
        if intent is None:
            await self._ask_brain(heard.text)
        elif intent.call is not None:
            await self.obey(replace(intent.call, origin=heard.origin))
        elif intent.ask is not None:
            self._asked_about = intent.ask
            self.say_line("did_you_mean", persona=self._name(intent.ask))

    def is_question(self, heard: UserMessage) -> bool:
        """Whether the brain answers this (and not a tool, whose deed is done at once)."""
        return self._asked_about is None and self.router.route(heard.text, heard.prompted) is None

    def is_stop(self, text: str) -> bool:
        """Whether these words ask for silence."""
        return self.router.is_stop(text)

    def say_line(self, key: str, **fields: str) -> None:
        """Say one of the persona's scripted lines as a turn of its own."""
        line = self._lines.line(self._persona(), key, **fields)
        if line:
            self.say(line)

    def say(self, text: str) -> None:
        self._playback.say(self._begin(), text, final=True)

    # -- spoken intents ----------------------------------------------------------------------

    def _answer_to_question(self, text: str) -> Intent | None:
        slug, self._asked_about = self._asked_about, None
        if slug is None:
            call = self._follow_up(text)
            return None if call is None else Intent(call)
        if is_yes(text):
            call = ToolCall("change_theme", {"persona_name": self._name(slug)})
            return Intent(call=call)
        return None

    async def obey_spelled(self, text: str, make_known: Callable[[ToolResult], None]) -> None:
        """Run the calls in what a speaking model has written, one after another."""
        parser = ToolCallParser()
        for item in [*parser.feed(text), *parser.finish()]:
            match item:
                case ToolCall():
                    make_known(await self.obey(item))
                case Malformed():
                    self._malformed(item)
                    result = ToolResult(ToolCall("TOOL_CALL"), ok=False, content=item.reason)
                    make_known(result)
                case _:
                    pass

    async def obey(self, call: ToolCall) -> ToolResult:
        """Run a tool that the user asked for, and say what came of it in the persona's words."""
        result = await self._run(call)
        self._say_result(result)
        return result

    def _say_result(self, result: ToolResult) -> None:
        call = result.call
        if result.spoken is not None:
            if result.spoken:
                self.say(result.spoken)
            return
        if not result.ok:
            self.say(result.content)
            return
        match call.name:
            case "change_theme":
                self.say_line("already_here")
            case "set_volume":
                self.say_line("volume", percent=result.content)
            case "set_speech_rate":
                self.say_line("rate")
            case "list_themes":
                self.say_line("list_personas", personas=spoken_list(self._names()))
            case "remember":
                self.say_line("fact_learned", fact=result.content)
            case "mute":
                self.say_line("muted")
            case "repeat":
                self.say_line("repeat_nothing")
            case _:
                self.say(result.content)

    async def _run(self, call: ToolCall) -> ToolResult:
        self._emit(ToolCalled(call=call))
        result = await self._executor.run(call)
        self._emit(ToolFinished(result=result))
        return result

    # -- the brain ---------------------------------------------------------------------------

    async def _ask_brain(self, text: str) -> None:
        persona = self._persona()
        earlier = self._history.messages()
        if earlier and earlier[-1].role == "user" and earlier[-1].text == text:
            earlier.pop()  # the question itself travels in `text`
        waits: Waits | None = None
        spoken_any = False
        keeping = Keeping(self._memory, text)
        recalled = await self._memory.recalled(text)
        for _ in range(MAX_ROUNDS):
            question = Question(
                text,
                persona,
                earlier,
                self._registry.schemas(),
                memory=recalled.context(self._memory.budget_tokens),
                remembered=self._memory.as_told(recalled),
                acknowledge=keeping.acknowledge,
            )
            outcome = Round(keeping)
            waits = waits or Waits(self._begin, self._playback, self._emit, self._fill)
            failure: BrainError | None = None
            try:
                await self._stream(question, waits, outcome)
            except BrainError as error:
                failure = error
            except Exception:
                self._playback.say(waits.utterance, "", final=True)
                raise
            finally:
                waits.over()
            spoken_any = spoken_any or bool(outcome.said.strip())
            if failure is not None:
                self._emit(Notice(text=failure.message, remedy=failure.remedy, severity="warning"))
                break
            if not outcome.results and not outcome.malformed:
                break
            by_themselves = [r.spoken for r in outcome.results if r.ok and r.spoken is not None]
            if by_themselves:
                self._playback.say(waits.utterance, " ".join(["", *by_themselves]))
                spoken_any = True
                break
            earlier = self._after_tools(earlier, text, outcome, persona)
            text = ""
        if waits is not None:
            if not spoken_any:
                line = self._lines.line(self._persona(), "not_understood")
                self._playback.say(waits.utterance, line)
            elif keeping.not_kept:
                self._playback.say(waits.utterance, f" {keeping.not_kept}")
            self._playback.say(waits.utterance, "", final=True)
        if self.brain.label != self._label:
            self._label = self.brain.label
            self._emit(BrainChosen(label=self._label))

    async def _stream(self, question: Question, waits: Waits, outcome: Round) -> None:
        # Cleaned first: pieces are put together with spaces later, and what acts on a
        # terminal is known by its characters standing next to each other.
        parser, cleaner = self._parser(), PieceCleaner()
        answer = cast("AsyncGenerator[Piece]", self.brain.answer(question))
        async with aclosing(answer) as pieces:
            async for piece in pieces:
                match piece:
                    case str():
                        for item in parser.feed(cleaner.feed(piece)):
                            await self._take(item, waits, outcome)
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
        return AnswerParser([tool.name for tool in self._registry])

    async def _take(self, item: Item, waits: Waits, outcome: Round) -> None:
        match item:
            case ToolCall():
                if any(_same(item, call) for call in outcome.native):
                    return  # some servers send a call both ways
                waits.over()
                outcome.results.append(await self._run(item))
            case Malformed():
                self._malformed(item)
                outcome.malformed.append(item.reason)
            case _ if item.text.strip() or outcome.said:
                await outcome.keeping.settle()
                outcome.said += item.text
                waits.over()
                self._playback.say(waits.utterance, item.text)
            case _:
                pass  # white space between a call and the first word

    async def _take_native(self, item: ToolCall | Malformed, waits: Waits, outcome: Round) -> None:
        if isinstance(item, ToolCall):
            if any(_same(item, result.call) for result in outcome.results):
                return
            outcome.native.append(item)
            waits.over()
            outcome.results.append(await self._run(item))
        else:
            await self._take(item, waits, outcome)

    def _malformed(self, item: Malformed) -> None:
        log.warning("malformed tool call (%s): %.200s", item.reason, item.raw)
        self._emit(Notice(text=f"a tool call could not be read: {item.reason}"))

    def _after_tools(
        self, earlier: list[Message], text: str, outcome: Round, persona: Persona
    ) -> list[Message]:
        """The history for the next round: question, what was said so far, what the tools gave."""
        messages = list(earlier)
        if text:
            messages.append(Message("user", text, persona.slug))
        said, native = outcome.said.strip(), tuple(outcome.native)
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

    def _fill(self, utterance: AgentUtterance) -> bool:
        """Say that the answer is on its way. In writing the wait is seen."""
        line = self._lines.line(self._persona(), "waiting") if self._playback.has_voice() else ""
        if line:
            self._say_aside(utterance, line)
        return bool(line)

    # -- names -------------------------------------------------------------------------------

    def _names(self) -> list[str]:
        return [p.name for p in self._personas()]

    def _name(self, slug: str) -> str:
        return next((p.name for p in self._personas() if p.slug == slug), slug)


def _same(one: ToolCall, other: ToolCall) -> bool:
    return one.name == other.name and one.arguments == other.arguments


def spoken_list(names: list[str]) -> str:
    """ "JARVIS, GLaDOS and HAL 9000"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
