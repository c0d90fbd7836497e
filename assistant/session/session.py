"""One conversation: wires audio, backend, tools, brain and persona together.

The parts speak over one event bus; read it in this order: `start` → a frame arrives (`take_frame`,
`turns.user_turn`) → what the backend makes of it comes back on the bus → a turn is answered
(`turns.turn_taking`, `turns.responder`) → its sound is played (`turns.agent_turn`). Everything runs
in the event loop's thread; audio threads reach it by `call_soon_threadsafe` only.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Literal, cast

from assistant.audio.base import DeviceChoice
from assistant.audio.types import Float32
from assistant.brain.base import Brain, BrainChoice, Role
from assistant.brain.choose import FallbackBrain
from assistant.calls.parser import ToolCall
from assistant.frames import AgentState, AnyCommand, Command, Push
from assistant.language.delivery.marks import first_delivery
from assistant.loops import BackgroundTasks
from assistant.personas.loading import Persona
from assistant.session.askers import Askers
from assistant.session.audio_controls import AudioControls, Controls
from assistant.session.backend_events import BackendEvents
from assistant.session.brain_seat import BrainSeat
from assistant.session.calls.conversation_tools import ConversationTools
from assistant.session.clients.answers import AnswerListener
from assistant.session.clients.floor import ClientRequests
from assistant.session.clients.requests import AnyRequest, AnyResult
from assistant.session.dependencies import SessionDependencies
from assistant.session.event_bus import EventBus, Listener, cleaned
from assistant.session.events import (
    AgentSaid,
    ConversationResumed,
    Notice,
    SessionEvent,
    StateChanged,
    UserSaid,
)
from assistant.session.frontend import Beside
from assistant.session.notes.keeping import RunningSummary, WindowNotes
from assistant.session.own_state import OwnState
from assistant.session.past_conversations import TAKEN_OVER, PastConversations
from assistant.session.persona_switch import PersonaRoster, PersonaSwitch, PersonaVoice, Prefetcher
from assistant.session.replay import ReplayBuffer
from assistant.session.signals import ToAnswer
from assistant.session.timers import TimerWatch
from assistant.session.trace import LastTurn
from assistant.session.turns.agent_turn import AgentTurn, ProgressTeller
from assistant.session.turns.barge_in import BargeIn
from assistant.session.turns.brain_loop import BrainLoop
from assistant.session.turns.feelings import UserFeelings
from assistant.session.turns.messages import History
from assistant.session.turns.prosody import AnswerDelivery
from assistant.session.turns.questions import BrainContext
from assistant.session.turns.record import ConversationRecord
from assistant.session.turns.responder import LanguageNotice, Responder
from assistant.session.turns.spoken_intents import SpokenIntents
from assistant.session.turns.turn_taking import TurnTaking
from assistant.session.turns.user_turn import MicrophoneGate, SelfEcho, UserTurn
from assistant.skills import Limits, SkillSet, SkillSources, all_skills
from assistant.terminal.sanitize import clean_line, clean_text
from assistant.tools.registry import ToolRegistry

log = logging.getLogger(__name__)


class Session:
    """Implements `frontend.SessionFrontend`."""

    def __init__(self, dependencies: SessionDependencies) -> None:
        config, audio = dependencies.config, dependencies.audio
        self._dependencies = dependencies
        self._audio = audio
        self.input_levels = audio.input_levels
        self.output_levels = audio.output_levels
        self.memory = dependencies.memory
        self.history = History()
        self.past = PastConversations(dependencies.store.kept_in, lambda: dependencies.store.path)
        self.askers = Askers()
        self._work: tuple[Beside, ...] = ()
        self._stopping: asyncio.Task[None] | None = None
        self._device_names: dict[str, str] = {}
        """As a person sees a device's name → as its driver calls it."""
        self._began = time.monotonic()
        self._turns = itertools.count(1)
        self._background = BackgroundTasks()
        self._roster = PersonaRoster(dependencies.personas, config.session.persona)
        # Who is made first is told first: each part stands behind those whose deeds it builds on.
        bus = self._bus = EventBus(self.clock)
        self._replay = ReplayBuffer()
        bus.subscribe(self._replay)
        if dependencies.last_turn is not None:
            bus.subscribe(LastTurn(dependencies.last_turn))
        self._backend = dependencies.make_backend(dependencies.load, bus.publish)
        bus.on(Command, lambda command: self._backend.send(cast("AnyCommand", command)))
        self._backend_events = BackendEvents(bus, self._backend, dependencies.choice)
        self._seat = BrainSeat(
            bus, dependencies.brains, self.memory, self._backend_events, self._background
        )
        self._delivery = AnswerDelivery(
            bus, self._roster.delivery_of, expressive=config.voice.expressive
        )
        self._agent_turn = AgentTurn(bus, audio, self._turns, self._backend_events, self._delivery)
        self.speech = self._agent_turn.speech
        self._progress = ProgressTeller(
            bus, audio, self.speech, None if dependencies.clock else self._background
        )
        self._record = ConversationRecord(
            bus, dependencies.store, self.history, self.memory, self._roster, self._background
        )
        self._window_notes = WindowNotes(
            bus,
            self.history,
            self._roster,
            self._backend_events,
            self._seat.language_model,
            dependencies.lines,
        )
        self._summary = RunningSummary(
            bus, self.history, self._roster, self._backend_events, self._seat.language_model
        )
        self._schedule = dependencies.schedule
        self._own_state = OwnState(
            bus,
            config,
            dependencies.store,
            self.memory,
            self._roster,
            self._schedule,
            lambda: self._seat.url,
        )
        self._skills = self._make_skills()
        self._limits = Limits(self._called)
        self._intents = SpokenIntents(
            bus,
            self._roster,
            lambda text: self._tools.intent(text),
            lambda text: self._tools.follow_up(text),
        )
        gate = MicrophoneGate(
            guard=config.audio.echo_guard and not config.audio.headset,
            push_to_talk=config.audio.mode == "push-to-talk",
        )
        self_echo = SelfEcho(bus, self._agent_turn)
        self._feelings = UserFeelings(bus, dependencies.feelings)
        listener = AnswerListener(
            bus,
            self._agent_turn,
            self._intents,
            lambda: self._turn_taking.state,
            lambda: self.sound.play_heard_cue(),
        )
        self._user_turn = UserTurn(
            bus, gate, audio.front, self._turns, self_echo, self._intents, dependencies.speaker
        )
        self._barge_in = BargeIn(
            bus, self._agent_turn, self._backend_events, enabled=config.audio.barge_in
        )
        self._language_notice = LanguageNotice()
        self._turn_taking = TurnTaking(
            bus, self._agent_turn, self._barge_in, self._intents, self.history, self._backend_events
        )
        self._prefetcher = Prefetcher(
            bus,
            self._roster,
            dependencies.known_lines,
            dependencies.prefetched,
            self._delivery.of_line,
        )
        self._persona_switch = PersonaSwitch(
            bus,
            self._roster,
            self._agent_turn,
            dependencies.lines,
            self._prefetcher,
            greeting=config.session.greeting,
        )
        self.sound = AudioControls(bus, audio, gate, self.speech, config.audio.volume)
        controls = Controls(
            self._roster, self._persona_switch, self.sound, self.speech, self._record
        )
        self._timers = TimerWatch(
            bus,
            self._schedule,
            ring=self.sound.play_test_sound,
            say=self._agent_turn.say,
            busy=self._is_busy,
            sounding=lambda: audio.playback.is_sounding,
            notify=dependencies.notify,
        )
        self._tools = ConversationTools(
            dependencies,
            bus,
            self._background,
            self._agent_turn,
            self._turn_taking,
            self._intents,
            PersonaVoice(self._agent_turn, self._roster, dependencies.lines),
            self.memory,
            self._skills,
            controls,
            self._called,
            busy=self._is_busy,
            asks=lambda: self.client_requests.busy,
            askers=self.askers,
        )
        self.client_requests = ClientRequests(
            bus,
            self._agent_turn,
            self._turn_taking,
            self._backend_events,
            self._roster,
            self.memory,
            lambda call: self._tools.runner().run(call),
            listener,
        )
        self._turn_taking.answers_question = lambda text: (
            self._tools.consent.answered_by(text) or listener.take(text)
        )
        self._turn_taking.awaits_answer = lambda: listener.listens
        self._notices = self._tools.notices

    # -- life ------------------------------------------------------------------------------

    def clock(self) -> float:
        """Seconds: on the input's clock in `assistant talk`, else since the start."""
        if self._dependencies.clock is not None:
            return self._dependencies.clock()
        return time.monotonic() - self._began

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        return self._bus.subscribe(listener)

    def standing(self) -> list[SessionEvent]:
        return self._bus.standing()

    def replay(self) -> list[SessionEvent]:
        return self._replay.events()

    async def start(self) -> None:
        self._bus.publish(StateChanged(state=self.state))
        self._backend_events.chosen()
        self.sound.begin()
        self._agent_turn.listen_to_playback()
        self._persona_switch.put_in_charge(self.persona)
        self.memory.begin(self._bus.publish, lambda: self.persona.slug, self._forget)
        opening = asyncio.ensure_future(self.memory.opened())
        self.run_beside(asyncio.to_thread(self._skills.prepare))
        self.run_beside(asyncio.to_thread(self._limits.prepare))
        meeting = asyncio.create_task(asyncio.to_thread(self._dependencies.met))
        self._backend.start()
        brain = await self._dependencies.make_brain(self._bus.publish)
        self._seat.begin(brain, self._let_answer, self._turn_taking.settled)
        self._persona_switch.acquaintance = await opening
        self._persona_switch.first = await asyncio.to_thread(self._dependencies.is_first)
        self._persona_switch.met |= await meeting | self.memory.met
        self._prefetcher.prefetch()
        await self._audio.start(self.take_frame, self.sound.problem)
        self.sound.changed()
        self.run_beside(self.sound.watch_drops(lambda: self._backend.dropped))
        self.run_beside(self._timers.run())
        self._tools.adapters.start()
        self._seat.watch(lambda: self.persona)
        for notice in self._notices:
            self._bus.publish(notice)
        for work in self._work:
            self.run_beside(work(self))
        if self._audio.speaker is None:
            self._persona_switch.greet()  # in writing, so there is nothing to wait for

    async def stop(self) -> None:
        """Input, then backend, then output; the transcript is saved. Never raises, and happens
        once, however many front ends end it."""
        if self._stopping is None:
            self._stopping = asyncio.create_task(self._stop(), name="session-stop")
        await asyncio.shield(self._stopping)

    async def _stop(self) -> None:
        self._user_turn.gate.muted = True
        self._background.cancel()
        self._tools.adapters.end()
        self._feelings.close()
        self._window_notes.close()
        self._summary.close()
        self._turn_taking.interrupt()
        for step in (
            self._backend.stop(),
            self._audio.stop(),
            self.memory.close(),
            self._seat.close(),
            self._tools.adapters.ended(),
        ):
            try:
                await step
            except Exception:
                log.exception("while stopping")
        self._record.close()

    def at_start(self, notices: list[Notice], *work: Beside) -> None:
        """Tell these and run these beside the conversation, once it has started."""
        self._notices += notices
        self._work += work

    def run_beside(self, work: Awaitable[None]) -> None:
        """Run something beside the conversation until the session stops."""
        self._background.run(work)

    def _make_skills(self) -> SkillSet:
        def heard() -> list[str]:
            return [each.text for each in self.history.messages() if each.role == "user"]

        def talk() -> list[tuple[str, str]]:
            return [(each.role, each.text) for each in self.history.messages()]

        sources = SkillSources(
            heard=heard,
            talk=talk,
            facts=self._own_state.facts,
            schedule=self._schedule,
            lists=self._dependencies.lists,
            how_been=self.memory.how_been,
        )
        return SkillSet(all_skills(sources), self._called)

    def _forget(self, texts: Sequence[str]) -> None:
        for part in (self.history, self._window_notes, self._summary):
            part.drop(texts)

    def _called(self) -> list[str]:
        return [name for _, name in self._roster.current.names()]

    def _is_busy(self) -> bool:
        """Somebody speaks, or is about to."""
        return not self.is_silent or self.state in ("listening", "thinking")

    def _let_answer(self, brain: Brain) -> None:
        """From the next turn on; an answer that is being made is not touched."""
        if isinstance(brain, FallbackBrain):
            self._feelings.use_model(self._dependencies.brains or brain)
        self._turn_taking.begin(self._make_responder(brain))

    def _make_responder(self, brain: Brain) -> Responder:
        tools = self._tools.runner()
        voice = PersonaVoice(self._agent_turn, self._roster, self._dependencies.lines)
        context = BrainContext(
            self._roster,
            self.history,
            self.memory,
            self._own_state.touched,
            self._limits.told,
            self._feelings,
            self._deliveries,
            self._summary.of,
        )
        loop = BrainLoop(self._bus, brain, tools, voice, self._agent_turn, context)
        return Responder(
            self._bus, self._intents, tools, voice, self._roster, loop, self._language_notice
        )

    def _deliveries(self) -> bool:
        """Whether a model may name deliveries: they would be heard."""
        wanted = self._dependencies.config.voice.expressive
        return wanted and self._backend_events.capabilities.prosody and self.speech.has_voice()

    # -- what a front end asks ---------------------------------------------------------------

    @property
    def is_silent(self) -> bool:
        return self.speech.quiet.is_set()

    @property
    def last_answer(self) -> str:
        """The last thing that was said, in full even where it was interrupted."""
        return self._record.last_answer

    @property
    def tool_registry(self) -> ToolRegistry:
        """All that can be called here; a client of the user's may add tools of its own."""
        return self._tools.registry

    @property
    def state(self) -> AgentState:
        return self._turn_taking.state

    @property
    def persona(self) -> Persona:
        """The one in charge."""
        return self._roster.current

    def personas(self) -> list[Persona]:
        return self._roster.everyone()

    async def change_persona(self, slug: str) -> None:
        """Become this persona at once, whatever is being said, and let it introduce itself."""
        if self._roster.get(slug) is not self.persona:
            self._turn_taking.interrupt()
            self._persona_switch.change_persona(slug)

    @property
    def brain(self) -> Brain | None:
        """Who answers; None where nobody does yet."""
        return self._seat.brain

    async def brains(self) -> list[BrainChoice]:
        return [cleaned(each) for each in await self._seat.choices()]

    def change_brain(self, name: str) -> asyncio.Future[None]:
        """Let this one answer from the next turn on, once it can; what comes of it is told."""
        return self._seat.change(name, self.persona)

    async def send_text(self, text: str, *, speaker: str = "") -> None:
        text = clean_text(text).strip()
        if text:
            if self._backend.was_there:
                self._backend.start_again()  # who writes wants to be answered aloud
            turn = next(self._turns)
            said = UserSaid(turn=turn, text=text, final=True, typed=True, speaker=speaker)
            self._bus.publish(said)
            message = self._intents.read(text, origin="typed")
            self._bus.publish(ToAnswer(replace(message, speaker=speaker)))

    def greet(self) -> None:
        if not any(isinstance(each, UserSaid | AgentSaid) for each in self._replay.events()):
            self._persona_switch.greet_after_all(ready=self._backend.ready.is_set())

    def say(self, *texts: str) -> None:
        """Say this, in one piece or in several, as a turn of the persona in charge."""
        if texts and first_delivery(texts[0]):
            self._tell_one_manner()
        self._agent_turn.say(*texts)

    async def serve_client(
        self, client: str, request: AnyRequest, progress: Callable[[str], None]
    ) -> AnyResult:
        return await self.client_requests.serve(client, request, progress)

    def sample(self, slug: str, delivery: str = "") -> None:
        persona = self._roster.get(slug)
        text = self._dependencies.lines.opening(persona, "reintroductions", again=False)
        wanted = delivery or first_delivery(text) or persona.delivery
        self._tell_one_manner()
        self._agent_turn.say_sample(slug, persona.voice.spec(), wanted, text)

    def _tell_one_manner(self) -> None:
        """Tell it where what was asked for is not heard."""
        if self._backend_events.can_speak and not self._backend_events.capabilities.prosody:
            text = "this backend speaks in its own voice and its own way only"
            self._bus.publish(Notice(text=text, key="delivery", remedy="--backend cascade"))

    async def resume(self, id: str) -> None:
        """Go on with an earlier conversation. Raises `PastConversationError`."""
        past = await self.past.read(id)
        slugs = {clean_line(each.name): each.slug for each in self._roster.everyone()}
        turns = past.turns[-TAKEN_OVER:]
        for turn in turns:
            role: Role = "user" if turn.by_user else "assistant"
            self.history.add(role, turn.text, slugs.get(turn.name, self.persona.slug))
        self._bus.publish(ConversationResumed(id=id, began=past.when, turns=turns))
        asked = next((turn.text for turn in reversed(turns) if turn.by_user), "")
        self.say(f"We go on with our talk of {past.when}.", f"You said: {asked}" if asked else "")

    def interrupt(self) -> None:
        self._timers.quiet()
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

    # -- the user's side -----------------------------------------------------------------------

    def take_frame(self, number: int, samples: Float32) -> None:
        """One frame from the microphone."""
        self._backend.send(self._prepare(number, samples))

    def _prepare(self, number: int, samples: Float32) -> Push:
        if self._audio.playback.is_sounding:
            self._user_turn.gate.voice_sounds(self.clock(), self._audio.output_delay())
        self._barge_in.tick()
        if self._dependencies.clock is not None:
            self._progress.tell()  # on an input's clock it shall be the same every time
        return self._user_turn.take(number, samples, held=self._barge_in.paused)

    async def feed(self, number: int, samples: Float32) -> None:
        """Virtual clock: one frame, and everything it causes, before the next. While a backend
        that died comes back, the input's clock stands still."""
        while not (self._backend.ready.is_set() or self._backend.given_up):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        await self._backend.push_and_wait(self._prepare(number, samples))
        await self.settled()
        # How quickly notes are made must not decide what is said.
        await self._window_notes.settled()
        await self._summary.settled()

    async def settled(self) -> None:
        """Wait until no answer is being made."""
        await self._turn_taking.settled()

    async def finished(self) -> None:
        """Wait until the last answer has been made and heard."""
        await self._turn_taking.settled()
        await self._tools.slow_calls.settled()
        await self._turn_taking.settled()
        await self.speech.quiet.wait()
