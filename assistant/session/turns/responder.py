"""Responder: from the user's words to an answer, a spoken intent, a tool, or the brain.

The same path serves words that were heard and words that were typed. A tool is run by one executor
whether a person's sentence or a model's `TOOL_CALL:` asked for it.
"""

from __future__ import annotations

from assistant.calls.parser import Malformed, ToolCall, ToolCallParser
from assistant.frames import Inject
from assistant.language.languages import language_name
from assistant.language.lexicon import spoken_list
from assistant.session.calls.tool_runner import ToolRunner, malformed
from assistant.session.event_bus import EventBus
from assistant.session.persona_switch import PersonaRoster, PersonaVoice
from assistant.session.turns.brain_loop import BrainLoop
from assistant.session.turns.messages import UserMessage
from assistant.session.turns.spoken_intents import SpokenIntents
from assistant.tools.registry import ToolResult


class LanguageNotice:
    """Told once a conversation to whoever speaks another language than the assistant does."""

    def __init__(self) -> None:
        self._told = False

    def take(self, message: UserMessage) -> str:
        """What is to be said in place of an answer, or "". A wish for silence is never in doubt."""
        if not message.language or self._told or message.is_stop:
            return ""
        self._told = True
        language = language_name(message.language)
        return (
            f"You seem to be speaking {language}. I only speak English so far;"
            f" I understood: {message.text}"
        )


class Responder:
    """Answers one turn at a time; cancelling `answer` leaves nothing half done but the speech."""

    def __init__(
        self,
        bus: EventBus,
        intents: SpokenIntents,
        tools: ToolRunner,
        voice: PersonaVoice,
        roster: PersonaRoster,
        brain_loop: BrainLoop,
        language: LanguageNotice,
    ) -> None:
        self._bus = bus
        self._intents = intents
        self._tools = tools
        self._voice = voice
        self._roster = roster
        self._brain_loop = brain_loop
        self._language = language

    async def answer(self, message: UserMessage) -> None:
        if notice := self._language.take(message):
            self.withdraw()
            self._voice.say(notice)
            return
        intent = self._intents.resolve(message)
        if intent is not None:
            self.withdraw()
        if intent is None:
            await self._brain_loop.answer(message.text)
        elif intent.call is not None:
            command = intent.call
            call = ToolCall(command.name, command.arguments, origin=message.origin)
            result = await self.obey(call)
            if result.prompt:
                await self._ask_prompt(result, message)
        elif intent.ask is not None:
            self._voice.say_line("did_you_mean", persona=self._roster.name_of(intent.ask))

    async def _ask_prompt(self, result: ToolResult, message: UserMessage) -> None:
        """The user's words stand for a prompt of another program: that is what is asked."""
        if self._brain_loop.has_model:
            await self._brain_loop.answer(result.prompt, heard=message.text)
        else:
            self._voice.say(result.brief or result.content)

    @property
    def sums_up(self) -> bool:
        """A language model can say what came of a call."""
        return self._brain_loop.has_model

    async def sum_up(self, result: ToolResult) -> None:
        """Let it say what came of a call that went on beside the conversation."""
        if result.prompt:
            await self._brain_loop.answer(result.prompt, heard="")
        else:
            await self._brain_loop.answer("", came_of=result)

    def tell_unclear(self) -> None:
        """The user spoke, and no words could be made of it."""
        self._voice.say_line("not_understood")

    # Ahead: see `brain.base.Anticipates`.

    def expect(self, message: UserMessage) -> None:
        """This may be all that the user says, and wants an answer in words."""
        self._brain_loop.expect(message.text)

    def withdraw(self) -> None:
        """It was not, or nobody waits for an answer."""
        self._brain_loop.withdraw()

    def read_ahead(self) -> None:
        """Nobody speaks: the brain may read what the next question will begin with."""
        self._brain_loop.read_ahead()

    async def obey_spelled(self, text: str) -> None:
        """Run the calls in what a speaking model has written, one after another; it is told what
        came of each."""
        parser = ToolCallParser()
        for item in [*parser.feed(text), *parser.finish()]:
            match item:
                case ToolCall():
                    self._make_known(await self.obey(item))
                case Malformed():
                    malformed(self._bus, item)
                    result = ToolResult(ToolCall("TOOL_CALL"), ok=False, content=item.reason)
                    self._make_known(result)
                case _:
                    pass

    def _make_known(self, result: ToolResult) -> None:
        state = "" if result.ok else "error: "
        self._bus.publish(Inject(f"{result.call.name}: {state}{result.content}"))

    async def obey(self, call: ToolCall) -> ToolResult:
        """Run a tool that the user asked for, and say what came of it in the persona's words."""
        result = await self._tools.run(call)
        self._say_result(result)
        return result

    def _say_result(self, result: ToolResult) -> None:
        call = result.call
        if result.ok and result.prompt:
            return  # it is asked
        if result.spoken is not None:
            if result.spoken:
                self._voice.say(result.spoken)
            return
        if not result.ok:
            self._voice.say(result.content)
            return
        match call.name:
            case "change_theme":
                self._voice.say_line("already_here")
            case "set_volume":
                self._voice.say_line("volume", percent=result.content)
            case "set_speech_rate":
                self._voice.say_line("rate")
            case "list_themes":
                self._voice.say_line(
                    "list_personas", personas=spoken_list([p.name for p in self._roster.everyone()])
                )
            case "remember":
                self._voice.say_line("fact_learned", fact=result.content)
            case "about_yourself":
                self._voice.say_line("who_made_you")  # of itself it tells all else word for word
            case "mute":
                self._voice.say_line("muted")
            case "repeat":
                self._voice.say_line("repeat_nothing")
            case _:
                self._voice.say(result.brief or result.content)
