"""The session behind one connection: what it hears and says, as events of the Realtime API."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace as changed

from assistant.audio.types import Float32
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.frames import (
    SAMPLE_RATE,
    AnyEvent,
    Load,
    UserText,
    UserTurnEnded,
    UserTurnStarted,
    UtteranceEnded,
)
from assistant.personas.loading import LoadedPersonas, Persona
from assistant.serving.api.errors import in_words
from assistant.serving.conversations import Prepare
from assistant.serving.realtime.audio import ClientAudio
from assistant.serving.realtime.calls import ClientCalls
from assistant.serving.realtime.protocol import EventError
from assistant.serving.realtime.responses import Items, Responses, Send
from assistant.serving.realtime.settings import FunctionTool, SessionSettings
from assistant.serving.realtime.user_turns import UserTurns
from assistant.session.events import (
    AgentSaid,
    BackendChosen,
    Failure,
    Notice,
    SessionEvent,
    TurnEnded,
    TurnStarted,
    UserSaid,
)
from assistant.session.factory import make_dependencies
from assistant.session.session import Session

log = logging.getLogger(__name__)

_START_SECONDS = 5.0
"""That a beginning is waited for which somebody ends."""


class VoiceConversation:
    """A session whose microphone, speaker and function calls are the client's. Begun once: voice
    and devices hold for as long as it lasts."""

    def __init__(
        self,
        config: Config,
        personas: LoadedPersonas,
        settings: SessionSettings,
        send: Send,
        items: Items,
        *,
        remember: bool = False,
        prepare: Prepare = lambda dependencies: None,
    ) -> None:
        """`config` as `endpoint.session_config` makes it. Raises `AssistantError` where no session
        can be made."""
        self.settings = settings
        self._send = send
        self._items = items
        self._speaks = settings.modality == "audio"
        self.responses = Responses(send, items, spoken=lambda: self._speaks)
        self.audio = ClientAudio(self._leaves, speaks=self._speaks)
        self.on_words: Callable[[str], None] = lambda text: None
        """Told of a turn that is not answered by itself."""
        self._plain = personas.loaded[settings.voice]
        self._personas = list(personas.loaded.values())
        self.user_turns = UserTurns(
            send, items, transcribes=lambda: self.settings.transcription is not None
        )
        self._said: str | None = None
        self._held_once = False
        """The response under way has tools or instructions of its own."""
        self.responses.on_finished = self._response_over
        self._until_loaded: list[str] = []
        """What is answered once the models are there."""
        self._recorded: dict[int, str] = {}
        """Utterance → its text in the session's history."""
        self._settling: asyncio.Task[None] | None = None
        self._starting: asyncio.Task[None] | None = None
        dependencies = make_dependencies(
            config,
            self.audio,
            personas=personas,
            remember=remember,
        )
        dependencies.personas = self._with_instructions(settings.instructions)
        dependencies.schedule.rings = not remember  # those that are kept ring in another program
        prepare(dependencies)
        make = dependencies.make_backend

        def make_backend(load: Load, on_event: Callable[[AnyEvent], None]) -> Any:
            return make(load, lambda event: self._hear(event, on_event))

        dependencies.make_backend = make_backend
        self.session = Session(dependencies)
        self.session.subscribe(self._told)
        self.calls = ClientCalls(self.responses, self.session.tool_registry)

    def begin(self) -> None:
        """Load the models, in the background; what is wrong with that is told."""
        self.session.set_speech_rate(self.settings.speed)
        self._starting = asyncio.create_task(self._start(), name="realtime-start")

    async def _start(self) -> None:
        try:
            await self.session.start()
        except AssistantError as error:
            self._fail(in_words(error))
        except Exception:
            log.exception("a conversation could not begin")
            self._fail("the conversation could not begin; the server's log tells more")

    def when_started(self, go_on: Callable[[], None]) -> None:
        """Once it is known who answers: at once, where it is."""
        if self.session.brain is not None or self._starting is None or self._starting.done():
            go_on()
        else:
            self._starting.add_done_callback(lambda done: None if done.cancelled() else go_on())

    async def stop(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
        self.calls.close()
        if self._starting is not None:
            await asyncio.wait({self._starting}, timeout=_START_SECONDS)
        await self.session.stop()

    def update(self, settings: SessionSettings) -> None:
        """Raises `EventError` for tools whose names are taken."""
        before, self.settings = self.settings, settings
        if settings.tools != before.tools:
            self.calls.offer(settings.tools)
        if settings.instructions != before.instructions:
            self._instruct(settings.instructions)
        if settings.speed != before.speed:
            self.session.set_speech_rate(settings.speed)

    def hold_once(self, tools: tuple[FunctionTool, ...] | None, instructions: str | None) -> None:
        """These tools and instructions hold for the response that is asked for, in place of the
        session's; None: the session's do. Raises `EventError` for tools whose names are taken."""
        if tools is not None:
            self.calls.offer(tools)
        if instructions is not None:
            self._instruct(instructions)
        self._held_once = tools is not None or instructions is not None

    def _response_over(self) -> None:
        if self._held_once:
            self._held_once = False
            self.calls.offer(self.settings.tools)
            self._instruct(self.settings.instructions)

    def _instruct(self, instructions: str) -> None:
        self.session.replace_personas(self._with_instructions(instructions), [])

    def answer(self, text: str) -> None:
        """Let this be answered as the user's words, which are in the conversation already."""
        self.responses.begin(self._items.last)
        if self._speaks and not self.audio.listens:
            self._until_loaded.append(text)  # else it would be answered without a voice
            return
        self.session.run_beside(self.session.send_text(text))
        self._settle_soon()

    def interrupt(self, reason: str) -> None:
        """Fall silent and think no further."""
        self._until_loaded.clear()
        self.session.interrupt()
        self.calls.close()
        self.responses.finish("cancelled", reason)

    def truncate(self, item_id: str, milliseconds: int) -> None:
        """Of this item only so much was heard; the rest was never said. Raises `EventError`."""
        item = self.responses.spoken.get(item_id)
        if item is None or item.utterance is None:
            raise EventError("there is no such spoken item", param="item_id", code="item_not_found")
        samples = round(milliseconds * SAMPLE_RATE / 1000)
        if samples > item.samples:
            most = round(1000 * item.samples / SAMPLE_RATE)
            raise EventError(
                f"the item has {most} ms of sound, which is less than {milliseconds}",
                param="audio_end_ms",
            )
        heard_to = item.before + samples
        heard = item.utterance.heard(heard_to)
        number = item.utterance.number
        if self.session.speech.get(number) is not None:
            self.audio.playback.heard(number, heard_to)
            self.interrupt("client_cancelled")
        else:
            self.session.history.cut(self._recorded.get(number, ""), heard)
        self._recorded[number] = heard
        text = heard.removeprefix(item.text_before).strip() if item.text_before else heard
        self._items.replace(self.responses.message(item.id, text, "incomplete"))

    # -- from the backend ------------------------------------------------------------------------

    def _hear(self, event: AnyEvent, on_event: Callable[[AnyEvent], None]) -> None:
        match event:
            case UserTurnStarted(at=at):
                self.user_turns.began_at = at
            case UserTurnEnded(at=at):
                self.user_turns.ended_at = at
            case UserText(final=True):
                self._hear_turn(event, on_event)
                return
            case _:
                pass
        on_event(event)
        if isinstance(event, UtteranceEnded) and event.samples:
            utterance = self.session.speech.get(event.utterance)
            if utterance is not None:
                self.responses.end_turn(utterance.turn, whole=True)
                self._settle_soon()

    def _hear_turn(self, event: UserText, on_event: Callable[[AnyEvent], None]) -> None:
        """A whole turn: answered by the session, or only written down."""
        self._said = None
        if self.settings.answers:
            on_event(event)
            self.user_turns.words(self._said or "")
        else:
            on_event(changed(event, text="", prompted=None, unclear=False))
            text = event.text.strip()
            self.user_turns.words(text)
            if text:
                self.on_words(text)

    def _leaves(self, number: int, pcm: Float32) -> None:
        """Sound for the client."""
        utterance = self.session.speech.get(number)
        if utterance is not None:
            self.responses.sound(utterance.turn, utterance, pcm)

    # -- from the session ------------------------------------------------------------------------

    def _told(self, event: SessionEvent) -> None:
        match event:
            case BackendChosen(ready=True):
                self._loaded()
            case TurnStarted(side="user"):
                self._user_began()
            case TurnEnded(side="user"):
                self.user_turns.end()
            case UserSaid(final=True, typed=False, text=text):
                self._said = text
            case TurnStarted(side="assistant", turn=turn):
                self._answer_begins(turn)
            case AgentSaid(final=True):
                self._turn_over(event)
            case AgentSaid(turn=turn, text=text) if text:
                self.responses.text(turn, text)
            case Failure() | Notice(severity="error"):
                self._fail(f"{event.text}. {event.remedy}" if event.remedy else event.text)
                if isinstance(event, Failure) and self._until_loaded:
                    self._until_loaded.clear()
                    self.responses.finish("failed")
            case _:
                pass

    def _loaded(self) -> None:
        """What has come so far is heard and answered."""
        self.audio.listens = True
        waiting = list(self._until_loaded)
        self._until_loaded.clear()
        if waiting:
            self.session.run_beside(self.session.send_text(" ".join(waiting)))
            self._settle_soon()

    def _fail(self, message: str) -> None:
        self._send(EventError(message, code="failed", kind="server_error").event(None))

    def _user_began(self) -> None:
        self.user_turns.begin()
        turns = self.settings.turns
        if turns is not None and turns.interrupt_response and self.audio.playback.is_sounding:
            # Once the session has heard of it, too.
            asyncio.get_running_loop().call_soon(self.interrupt, "turn_detected")

    def _answer_begins(self, turn: int) -> None:
        active = self.responses.active
        answers = self._items.last
        if active is not None and active.output and self._is_users(answers, active.answers):
            self.responses.finish("cancelled", "turn_detected")
        self.responses.begin(answers).turns.add(turn)
        self._settle_soon()

    def _is_users(self, item: str | None, answered: str | None) -> bool:
        """Whether the user has said something else since."""
        found = self._items.get(item) if item else None
        return item != answered and found is not None and found.get("role") == "user"

    def _turn_over(self, event: AgentSaid) -> None:
        if event.played:
            self._recorded_turn(event.turn, event.played)
        self.responses.end_turn(event.turn, whole=not event.interrupted)
        self._settle_soon()

    def _recorded_turn(self, turn: int, played: str) -> None:
        for item in self.responses.spoken.values():
            if item.turn == turn and item.utterance is not None:
                self._recorded[item.utterance.number] = played

    # -- the end of a response -------------------------------------------------------------------

    def _settle_soon(self) -> None:
        if self._settling is None or self._settling.done():
            self._settling = asyncio.create_task(self._settle(), name="realtime-response")

    async def _settle(self) -> None:
        """The response is over once no answer is being made, and all of its sound has left."""
        await asyncio.sleep(0)
        await self.session.settled()
        response = self.responses.active
        waits = self.calls.waiting or self._until_loaded
        if response is not None and not response.turns and not waits:
            self.responses.finish("completed")

    # -- inside ----------------------------------------------------------------------------------

    def _with_instructions(self, instructions: str) -> list[Persona]:
        """All personas; the client's instructions are part of the manner of its own."""
        if not instructions.strip():
            return self._personas
        prompt = self._plain.prompt
        manner = f"{prompt.personality}\n{instructions.strip()}"
        told = prompt.model_copy(update={"personality": manner})
        ours = self._plain.model_copy(update={"prompt": told})
        return [ours if each.slug == ours.slug else each for each in self._personas]
