"""All that can be called in a conversation: our tools, skills, those of packages and of other
programs. Which words call one, whether it may run, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from assistant.adapters.manager import Adapters
from assistant.calls.parser import ToolCall
from assistant.language.command_patterns import SpokenCommand
from assistant.loops import BackgroundTasks, wait_while
from assistant.memory.conversation import ConversationMemory
from assistant.session.askers import Askers, Confirm
from assistant.session.audio_controls import Controls
from assistant.session.calls.pauses import WorkReports
from assistant.session.calls.slow_calls import PATIENCE, SlowCalls
from assistant.session.calls.spoken_consent import SpokenConsent
from assistant.session.calls.tool_runner import ToolRunner
from assistant.session.dependencies import SessionDependencies
from assistant.session.event_bus import EventBus, cleaned
from assistant.session.events import Notice
from assistant.session.persona_switch import PersonaVoice
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.spoken_intents import SpokenIntents
from assistant.session.turns.turn_taking import TurnTaking
from assistant.skills import SkillSet
from assistant.skills.phrases import contained
from assistant.tools.builtin import add_plugins, builtin_tools
from assistant.tools.builtin.memory import memory_call
from assistant.tools.registry import ToolError, ToolRegistry


async def refuse(call: ToolCall) -> bool:
    """No front end can ask. Raises `ToolError`."""
    raise ToolError(
        f"{call.name} needs the user's consent, and nobody can be asked here: the user has to ask "
        "for it in their own words."
    )


class ConversationTools:
    """Of one session, which starts and ends its `adapters`. `registry` holds all tools."""

    def __init__(
        self,
        dependencies: SessionDependencies,
        bus: EventBus,
        background: BackgroundTasks,
        agent_turn: AgentTurn,
        turn_taking: TurnTaking,
        intents: SpokenIntents,
        voice: PersonaVoice,
        memory: ConversationMemory,
        skills: SkillSet,
        controls: Controls,
        called: Callable[[], list[str]],
        *,
        busy: Callable[[], bool],
        asks: Callable[[], bool],
        askers: Askers,
    ) -> None:
        """`called`: names by which the assistant is spoken to. `busy`: somebody speaks, or is about
        to; `asks`: another program asks the user something. `askers`: the front ends that can
        ask whether a call may run."""
        self._dependencies = dependencies
        self._bus = bus
        self._background = background
        self._agent_turn = agent_turn
        self._turn_taking = turn_taking
        self._intents = intents
        self._memory = memory
        self._skills = skills
        self._askers = askers
        config = dependencies.config
        tools = [*builtin_tools(controls), *dependencies.tools, *skills.tools]
        self.registry = ToolRegistry(tools, config.session.permissions)
        plugins = add_plugins(self.registry, controls)
        self._plugin_skills = SkillSet(map(contained, plugins.skills), called)
        self.notices = [
            Notice(text=each.message, remedy=each.remedy, severity="warning")
            for each in plugins.problems
        ]
        """What is wrong with packages, to be told once there is somebody to tell."""
        self.consent = SpokenConsent(agent_turn.say, self._spoken_name, self._always_allow)
        self.slow_calls = SlowCalls(
            bus,
            background,
            voice,
            self._spoken_name,
            busy=busy,
            asking=lambda: self.consent.is_open,
            tell=turn_taking.tell,
        )
        for each in self.slow_calls.tools:
            self.registry.add(each)
        reports = WorkReports(
            bus,
            self.consent,
            agent_turn.say,
            busy=lambda: busy() or asks(),
            on_screen=self._on_screen,
            run_beside=background.run,
        )
        self.adapters = Adapters(
            config.adapters,
            self.registry,
            self._tell_of_adapter,
            self.slow_calls.run,
            self._ask_for_adapter,
            reports,
        )

    def intent(self, text: str) -> SpokenCommand | None:
        """What is read from the words as they came. "Delete my shopping list" means the list, and
        nothing that is remembered, so skills come first; those of plugins come last, so that no
        words which ask for one of ours ask for theirs."""
        call = self.slow_calls.spoken_intent(text) or self._dependencies.spoken(text)
        call = call or self._skills.call(text)
        call = call or self.adapters.spoken_intent(text)
        call = call or (memory_call(text) if self._memory.enabled else None)
        return call or self._plugin_skills.call(text)

    def follow_up(self, text: str) -> SpokenCommand | None:
        """The call that answers a question which a tool has asked back."""
        call = self._dependencies.follow_up(text) or self._skills.follow_up(text)
        call = call or self._plugin_skills.follow_up(text)
        if call is not None or self._intents.read(text, origin="typed").intent is not None:
            self.adapters.close_question()  # which the user has left for something else
            return call
        return self.adapters.follow_up(text)

    def runner(self) -> ToolRunner:
        """Runs calls, asking where that is due."""
        # The one thing that is looked up late: a front end puts its question in when it is there.
        return ToolRunner(self._bus, self.registry, lambda call: self._may_run(cleaned(call)))

    async def _may_run(self, call: ToolCall) -> bool:
        """What other programs bring is asked about aloud, too."""
        if not self.adapters.spoken_name(call.name):
            return await (self._on_screen() or refuse)(call)
        return await self.consent.ask(call, self._on_screen())

    def _on_screen(self) -> Confirm | None:
        return self._askers.ask if self._askers else None

    def _spoken_name(self, tool: str) -> str:
        return self.adapters.spoken_name(tool)

    def _always_allow(self, tool: str) -> None:
        self.registry.allow(tool, "always")
        self._background.run(asyncio.to_thread(self._dependencies.remember_permission, tool))

    def _tell_of_adapter(self, text: str, remedy: str) -> None:
        self._bus.publish(Notice(text=text, remedy=remedy, severity="warning", key="adapters"))

    async def _ask_for_adapter(self, question: str) -> str | None:
        """A question of another program's, in the middle of a call; put when nobody speaks."""

        def speaking() -> bool:
            return self._agent_turn.is_heard or self._turn_taking.state == "listening"

        await wait_while(speaking, PATIENCE)
        return await self.consent.ask_words(question)
