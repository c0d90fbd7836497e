"""One conversation: wires audio, backend, tools, brain and persona together.

Read it in this order: `start` → a frame arrives (`take_frame`, `turns.user_turn`) → what the
backend makes of it (`backend_events`) → a turn is answered (`turns.dialogue`, `turns.responder`) →
its sound is played (`turns.agent_turn`). Everything runs in the event loop's thread; audio threads
reach it by `call_soon_threadsafe` only.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Literal

from assistant.audio.base import DeviceChoice, Float32
from assistant.brain.base import Brain
from assistant.frames import AgentState, Push
from assistant.memory.service import MemoryService
from assistant.personas.loading import Persona
from assistant.session.audio_controls import AudioControls
from assistant.session.backend_events import BackendEvents
from assistant.session.background_tasks import BackgroundTasks
from assistant.session.clean_events import cleaned
from assistant.session.controls import Controls
from assistant.session.dependencies import SessionDependencies
from assistant.session.event_bus import EventBus, Listener
from assistant.session.events import BrainChosen, Notice, StateChanged, UserSaid
from assistant.session.persona_switch import PersonaSwitch
from assistant.session.turns.agent_turn import AgentTurn
from assistant.session.turns.barge_in import BargeIn
from assistant.session.turns.dialogue import Dialogue
from assistant.session.turns.history import History
from assistant.session.turns.microphone_gate import MicrophoneGate
from assistant.session.turns.playback_tracker import AgentUtterance
from assistant.session.turns.responder import Responder, UserMessage
from assistant.session.turns.self_echo import SelfEcho
from assistant.session.turns.turn_taking import TurnTaking
from assistant.session.turns.user_turn import UserTurn
from assistant.terminal.sanitize import clean_line, clean_text
from assistant.tools.base import ToolCall
from assistant.tools.builtin import builtin_tools
from assistant.tools.builtin.memory import PendingDeletion, memory_tools
from assistant.tools.executor import ToolExecutor
from assistant.tools.intents import IntentRouter
from assistant.tools.memory_phrases import memory_call
from assistant.tools.registry import ToolError, ToolRegistry

log = logging.getLogger(__name__)


class Session:
    """Implements `frontend.SessionFrontend`; `Controls` of it `tools.base.SessionControls`."""

    def __init__(self, dependencies: SessionDependencies) -> None:
        config = dependencies.config
        self._dependencies = dependencies
        self.input_levels = dependencies.audio.input_levels
        self.output_levels = dependencies.audio.output_levels
        self.history = History()
        self.confirm: Callable[[ToolCall], Awaitable[bool]] = _refuse
        """Asks the user whether a tool may run; a front end that can ask puts its own here."""
        self._who_answers = ""
        self._notices: list[Notice] = []
        self._work: tuple[Callable[[Session], Awaitable[None]], ...] = ()
        self._device_names: dict[str, str] = {}
        """As a person sees a device's name → as its driver calls it."""
        self._began = time.monotonic()
        self._event_bus = EventBus(self.clock, dependencies.store)
        self._emit = self._event_bus.emit
        self._turns = itertools.count(1)
        self._background = BackgroundTasks()
        self.memory = dependencies.memory
        self._asked = PendingDeletion()
        self._audio = dependencies.audio
        self._backend = dependencies.make_backend(
            dependencies.load, lambda event: self._backend_events.take(event)
        )
        self._agent_turn = AgentTurn(
            dependencies.audio,
            self._backend.send,
            self.clock,
            self._turns,
            self._emit,
            lambda: self._turn_taking.sounding(),
            lambda *said: self._dialogue.over(*said),
        )
        self.speech = self._agent_turn.speech
        self.speech.has_voice = self._has_voice
        self._persona_switch = PersonaSwitch(
            dependencies.personas,
            config.session.persona,
            self._agent_turn,
            dependencies.lines,
            dependencies.known_lines,
            self._backend.send,
            self.clock,
            self._emit,
        )
        self._turn_taking = TurnTaking(
            dependencies.audio.playback, self._agent_turn, self.history, self._emit, self.clock
        )
        self._barge_in = BargeIn(
            dependencies.audio.playback,
            self._agent_turn,
            self.clock,
            self._emit,
            self._turn_taking.paused,
            self._turn_taking.resumed,
            self._turn_taking.interrupt,
            lambda: self._backend_events.capabilities.user_text,
            enabled=config.audio.barge_in,
        )
        self._turn_taking.on_interrupted = self._barge_in.over
        self._self_echo = SelfEcho(self.clock, self._agent_turn.words_sounding)
        self._dialogue = Dialogue(
            self._turn_taking,
            self._barge_in,
            self._agent_turn,
            self._persona_switch,
            self._self_echo,
            self._event_bus,
            self.memory,
            self.history,
            self._background,
            self._backend.send,
            lambda: self._backend_events.capabilities,
            lambda: self._user_turn.over_the_assistant,
            lambda text: self._user_turn.overheard(text),
        )
        gate = MicrophoneGate(
            guard=config.audio.echo_guard and not config.audio.headset,
            push_to_talk=config.audio.mode == "push-to-talk",
        )
        self._user_turn = UserTurn(
            gate,
            dependencies.audio.front,
            self._turns,
            self.clock,
            self._emit,
            self._self_echo,
            self._dialogue.heard_so_far,
            self._dialogue.heard,
            self._dialogue.heard_nothing,
        )
        self.sound = AudioControls(
            dependencies.audio, gate, self.speech, config.audio.volume, self._emit
        )
        self._backend_events = BackendEvents(
            self._backend,
            dependencies.choice,
            self._user_turn,
            self._agent_turn,
            self._turn_taking,
            self._barge_in,
            self._persona_switch,
            dependencies.prefetched,
            self.clock,
            self._emit,
            self._tell_who_answers,
            self._dialogue.overheard,
            greeting=config.session.greeting,
        )
        controls = Controls(
            self._persona_switch, self.sound, self.speech, lambda: self._dialogue.last_answer
        )
        tools = [*builtin_tools(controls), *dependencies.tools]
        if isinstance(self.memory, MemoryService):
            tools += memory_tools(self.memory, self._asked)
        self._registry = ToolRegistry(tools, config.session.permissions)

    # -- life ------------------------------------------------------------------------------

    def clock(self) -> float:
        """Seconds: on the input's clock in `assistant talk`, else since the start."""
        if self._dependencies.clock is not None:
            return self._dependencies.clock()
        return time.monotonic() - self._began

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._event_bus.subscribe(listener)

    async def start(self) -> None:
        self._emit(StateChanged(state=self.state))
        self._backend_events.chosen()
        self.sound.begin()
        self._agent_turn.listen_to_playback()
        self._audio.front.on_voice = self._voice
        self._persona_switch.put_in_charge(self.persona)
        self.memory.begin(self._emit, lambda: self.persona.slug, self.history.drop)
        opening = asyncio.ensure_future(self.memory.opened())
        meeting = asyncio.create_task(asyncio.to_thread(self._dependencies.met))
        self._backend.start()
        brain = await self._dependencies.make_brain(self._emit)
        self._turn_taking.begin(self._make_answerer(brain))
        self._tell_who_answers()
        self._persona_switch.acquaintance = await opening
        self._persona_switch.met |= await meeting | self.memory.met
        self._persona_switch.prefetch()
        await self._audio.start(self.take_frame, self.sound.problem)
        self.sound.changed()
        self.run_beside(self.sound.watch_drops(lambda: self._backend.dropped))
        for notice in self._notices:
            self._emit(notice)
        for work in self._work:
            self.run_beside(work(self))
        if self._audio.speaker is None:
            self._backend_events.greet()  # in writing, so there is nothing to wait for

    async def stop(self) -> None:
        """Input, then backend, then output; the transcript is saved. Never raises."""
        self._user_turn.gate.muted = True
        self._background.cancel()
        self._turn_taking.interrupt()
        for step in (
            self._backend.stop(),
            self._audio.stop(),
            self.memory.close(),
            self._close_brain(),
        ):
            try:
                await step
            except Exception:
                log.exception("while stopping")
        self._event_bus.close()

    def _tell_who_answers(self) -> None:
        answerer = self._turn_taking.answerer
        label = "" if answerer is None else answerer.brain.label
        if self._backend_events.capabilities.answers_by_itself:
            label = "the model itself"
        if label and label != self._who_answers:
            self._who_answers = label
            self._emit(BrainChosen(label=label))

    async def _close_brain(self) -> None:
        answerer = self._turn_taking.answerer
        if answerer is not None:
            await answerer.brain.close()

    def at_start(self, notices: list[Notice], *work: Callable[[Session], Awaitable[None]]) -> None:
        """Tell these and run these beside the conversation, once it has started."""
        self._notices = notices
        self._work = work

    def run_beside(self, work: Awaitable[None]) -> None:
        """Run something beside the conversation until the session stops."""
        self._background.run(work)

    def _make_answerer(self, brain: Brain) -> Responder:
        return Responder(
            router=self._make_router(),
            registry=self._registry,
            executor=ToolExecutor(self._registry, lambda call: self.confirm(cleaned(call))),
            brain=brain,
            history=self.history,
            lines=self._dependencies.lines,
            speech=self.speech,
            persona=lambda: self.persona,
            personas=self.personas,
            begin=self._begin,
            emit=self._emit,
            memory=self.memory,
            follow_up=self._asked.answered,
            say_aside=self._agent_turn.say_aside,
        )

    def _make_router(self) -> IntentRouter:
        further = (memory_call,) if self.memory.enabled else ()
        return IntentRouter(self._persona_switch.names(), *further)

    # -- what a front end asks ---------------------------------------------------------------

    @property
    def last_answer(self) -> str:
        """The last thing that was said, in full even where it was interrupted."""
        return self._dialogue.last_answer

    @property
    def state(self) -> AgentState:
        return self._turn_taking.state

    @property
    def persona(self) -> Persona:
        """The one in charge."""
        return self._persona_switch.current

    def personas(self) -> list[Persona]:
        return self._persona_switch.everyone()

    async def change_persona(self, slug: str) -> None:
        """Become this persona at once, whatever is being said, and let it introduce itself."""
        if self._persona_switch.get(slug) is not self.persona:
            self._turn_taking.interrupt()
            self._persona_switch.change_persona(slug)

    async def send_text(self, text: str) -> None:
        text = clean_text(text).strip()
        if text:
            if self._backend.was_there:
                self._backend.start_again()  # who writes wants to be answered aloud
            self._emit(UserSaid(turn=next(self._turns), text=text, final=True, typed=True))
            self._dialogue.answer(UserMessage(text, origin="typed"), None)

    def say(self, *texts: str) -> None:
        """Say this, in one piece or in several, as a turn of the persona in charge."""
        self._agent_turn.say(self.persona, *texts)

    def interrupt(self) -> None:
        self._turn_taking.interrupt()

    def repeat(self) -> None:
        if self._backend.start_again():
            return  # there is nobody to say it; `Ready` tells when there is again
        self._turn_taking.act(ToolCall("repeat", origin="key"))

    def set_muted(self, muted: bool) -> None:
        self.sound.set_muted(muted)

    def set_push_to_talk(self, on: bool) -> None:
        self.sound.set_push_to_talk(on)

    def talk_key(self, down: bool) -> None:
        if down:
            self.interrupt()  # who presses the key wants to be heard now
        self.sound.talk_key(down)

    async def devices(self) -> list[DeviceChoice]:
        choices = await self._audio.devices()
        self._device_names = {clean_line(each.name): each.name for each in choices}
        return [cleaned(each) for each in choices]

    async def use_device(self, kind: Literal["input", "output"], name: str | None) -> None:
        await self._audio.use_device(kind, self._device_names.get(name or "", name))
        self.sound.changed()

    def play_test_sound(self) -> None:
        self.sound.play_test_sound()

    def set_volume(self, volume: float) -> float:
        return self.sound.set_volume(volume)

    def set_speech_rate(self, rate: float) -> float:
        return self.sound.set_rate(rate)

    def replace_personas(self, personas: list[Persona], failed: list[str]) -> None:
        """The persona files changed on disk."""
        self._persona_switch.replace(personas, failed)
        if self._turn_taking.answerer is not None:
            self._turn_taking.answerer.router = self._make_router()

    # -- the user's side -----------------------------------------------------------------------

    def take_frame(self, number: int, samples: Float32) -> None:
        """One frame from the microphone."""
        self._backend.send(self._prepare(number, samples))

    def _prepare(self, number: int, samples: Float32) -> Push:
        if self._audio.playback.is_sounding:
            self._user_turn.gate.voice_sounds(self.clock(), self._audio.output_delay())
        self._barge_in.tick()
        return self._user_turn.take(number, samples, held=self._barge_in.paused)

    async def feed(self, number: int, samples: Float32) -> None:
        """Virtual clock: one frame, and everything it causes, before the next. While a backend
        that died comes back, the input's clock stands still."""
        while not (self._backend.ready.is_set() or self._backend.given_up):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self._backend.push_and_wait(self._prepare(number, samples))
        await self.settled()

    async def settled(self) -> None:
        """Wait until no answer is being made."""
        await self._turn_taking.settled()

    async def finished(self) -> None:
        """Wait until the last answer has been made and heard."""
        await self._turn_taking.settled()
        await self.speech.quiet.wait()

    # -- the answer ----------------------------------------------------------------------------

    def _voice(self, speaks: bool) -> None:
        """The front end notices the user's voice begin or end."""
        if self._user_turn.gate.is_open:
            self._barge_in.voice(speaks)

    def _begin(self) -> AgentUtterance:
        return self._agent_turn.begin(self.persona)

    def _has_voice(self) -> bool:
        return self._backend_events.can_speak and self._audio.speaker is not None


async def _refuse(call: ToolCall) -> bool:
    """No front end can ask. Raises `ToolError`."""
    raise ToolError(
        f"{call.name} needs the user's consent, and nobody can be asked here: the user has to ask "
        "for it in their own words."
    )
