"""What a brain is asked: the user's words with what it may know of the conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from assistant.brain.base import Anticipates, Brain, Message, Question
from assistant.memory.conversation import ConversationMemory
from assistant.memory.recall import Recalled
from assistant.session.calls.tool_runner import ToolRunner
from assistant.session.persona_switch import PersonaRoster
from assistant.session.turns.feelings import UserFeelings
from assistant.session.turns.messages import History


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


class QuestionMaker:
    """Puts questions together for one brain."""

    def __init__(self, brain: Brain, tools: ToolRunner, context: BrainContext) -> None:
        self._brain = brain
        self._tools = tools
        self._context = context
        self._summed_up = ""

    def make(
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
