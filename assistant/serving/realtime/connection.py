"""`/v1/realtime`: one client's WebSocket, from `session.created` to its end (OpenAI, "Realtime
API", client and server events)."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from starlette.websockets import WebSocket, WebSocketDisconnect

from assistant.errors import AssistantError
from assistant.frames import SAMPLE_RATE
from assistant.personas.loading import LoadedPersonas, Persona
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import in_words
from assistant.serving.realtime.audio import MOST_WAITING
from assistant.serving.realtime.client_items import ClientItems
from assistant.serving.realtime.client_responses import ClientResponses
from assistant.serving.realtime.committed import CommittedSound
from assistant.serving.realtime.conversation import VoiceConversation
from assistant.serving.realtime.out_of_band import OutOfBandResponses
from assistant.serving.realtime.protocol import (
    EventError,
    Json,
    decoded_sound,
    event_id_of,
    new_id,
    object_of,
    parse,
)
from assistant.serving.realtime.responses import Items
from assistant.serving.realtime.settings import MOST_INSTRUCTIONS, SessionSettings

log = logging.getLogger(__name__)

LONGEST_MINUTES = 60.0
IDLE_SECONDS = 600.0
"""Without an event of the client's, after which it is hung up on."""
_BEGINS_AFTER = 1.0
"""Seconds in which a client may say how it wants the conversation, before the models are loaded."""
_MOST_UNSENT = 10_000
"""Events that wait for a client that does not read."""
_SILENCE_SECONDS = 3.2
"""That end a turn of the user's which the client commits."""


_TRY_LATER = 1013
MakeConversation = Callable[[SessionSettings, Callable[[Json], None], Items], VoiceConversation]


class NoRoom(EventError):
    """Others have a conversation, so this one is hung up on."""

    def __init__(self) -> None:
        super().__init__(
            "another conversation is under way; try again when it is over",
            code="rate_limit_exceeded",
            kind="rate_limit_error",
        )


class RealtimeConnection:
    def __init__(
        self,
        socket: WebSocket,
        service: SpeechService,
        personas: LoadedPersonas,
        settings: SessionSettings,
        make: MakeConversation,
        may_begin: Callable[[RealtimeConnection], bool],
    ) -> None:
        """`may_begin`: there is room for its conversation."""
        self._socket = socket
        self._service = service
        self._personas = personas
        self._settings = settings
        self._make = make
        self._may_begin = may_begin
        self._id = new_id("sess")
        self._unsent: asyncio.Queue[str | None] = asyncio.Queue()
        """None: there is no room, so hang up."""
        self._items = Items(self.send)
        self._conversation: VoiceConversation | None = None
        self._committed = CommittedSound(service, self.send, self._words)
        self._out_of_band = OutOfBandResponses(service, self.send)
        self._client_items = items = ClientItems(
            self._items,
            self._committed,
            self.send,
            talk=self._talk,
            settings=lambda: self._settings,
            instruct=self._instruct,
        )
        responses = ClientResponses(
            self._items,
            items,
            self._committed,
            self._out_of_band,
            self.send,
            talk=self._talk,
            settings=lambda: self._settings,
            voice=self._voice,
        )
        self._handlers = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": items.create,
            "conversation.item.truncate": items.truncate,
            "conversation.item.delete": items.delete,
            "conversation.item.retrieve": items.retrieve,
            "response.create": responses.create,
            "response.cancel": responses.cancel,
            "output_audio_buffer.clear": responses.clear_output,
        }

    async def run(self) -> None:
        """Until the client goes, or has to."""
        self.send({"type": "session.created", "session": self._settings.told(self._id)})
        sending = asyncio.create_task(self._send_all(), name="realtime-send")
        beginning = asyncio.get_running_loop().call_later(_BEGINS_AFTER, self._begin_unasked)
        try:
            async with asyncio.timeout(60 * LONGEST_MINUTES):
                await self._receive_all(sending)
        except TimeoutError:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close(1000, "a conversation ends after an hour, or in silence")
        finally:
            beginning.cancel()
            sending.cancel()
            self._committed.close()
            self._out_of_band.close()
            if self._conversation is not None:
                await self._conversation.stop()

    def send(self, event: Json) -> None:
        """Soon; events leave in this order."""
        if self._unsent.qsize() < _MOST_UNSENT:
            event = {"event_id": new_id("event"), **event}
            self._unsent.put_nowait(json.dumps(event, ensure_ascii=False))

    async def _send_all(self) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            while (event := await self._unsent.get()) is not None:
                await self._socket.send_text(event)
                if self._unsent.qsize() >= _MOST_UNSENT:
                    await self._socket.close(1008, "the client does not read what it is sent")
                    return
            await self._socket.close(_TRY_LATER, "another conversation is under way")

    async def _receive_all(self, sending: asyncio.Task[None]) -> None:
        while not sending.done():
            async with asyncio.timeout(IDLE_SECONDS):
                message = await self._socket.receive()
            if message["type"] != "websocket.receive":
                return
            self._take(message.get("text") or message.get("bytes") or "")

    def _take(self, data: str | bytes) -> None:
        event_id = None
        try:
            event = parse(data)
            event_id = event_id_of(event)
            kind = event["type"]
            handler = self._handlers.get(kind)
            if handler is None:
                known = ", ".join(self._handlers)
                raise EventError(
                    f"there is no event “{kind[:60]}”; there are {known}",
                    param="type", code="unknown_event",
                )  # fmt: skip
            handler(event)
        except EventError as error:
            self._refuse(error, event_id)
        except AssistantError as error:
            failed = EventError(in_words(error), code="failed", kind="server_error")
            self.send(failed.event(event_id))
        except Exception:
            log.exception("realtime event")
            failed = EventError(
                "something unexpected happened; the server's log tells more",
                code="failed", kind="server_error",
            )  # fmt: skip
            self.send(failed.event(event_id))

    def _refuse(self, error: EventError, event_id: str | None) -> None:
        self.send(error.event(event_id))
        if isinstance(error, NoRoom):
            self._unsent.put_nowait(None)

    # -- the session -----------------------------------------------------------------------------

    def _begin_unasked(self) -> None:
        if self._out_of_band.was_asked:
            return  # that may be all it is here for
        try:
            self._talk()
        except EventError as error:
            self._refuse(error, None)
        except AssistantError as error:
            log.warning("realtime: %s", error)

    def _talk(self) -> VoiceConversation:
        """The conversation, which begins with the first that is done in it. Raises `NoRoom`."""
        if self._conversation is None:
            if not self._may_begin(self):
                raise NoRoom
            made = self._make(self._instructed(), self.send, self._items)
            made.on_words = self._client_items.to_answer.append
            self._conversation = made
            made.begin()
            try:
                made.calls.offer(self._settings.tools)
            except EventError as error:
                self.send(error.event(None))
        return self._conversation

    def _update(self, event: Json) -> None:
        begun = self._conversation is not None
        settings = self._settings.updated(object_of(event, "session"), self._personas, begun=begun)
        if begun and settings.modality != self._settings.modality:
            raise EventError(
                "sound or text holds for the whole conversation",
                param="session.output_modalities",
            )
        before, self._settings = self._settings, settings
        try:
            self._instruct()
        except EventError:
            self._settings = before
            raise
        self.send({"type": "session.updated", "session": settings.told(self._id)})

    # -- the user's sound ------------------------------------------------------------------------

    def _append(self, event: Json) -> None:
        sound = decoded_sound(event)
        talk = self._talk()
        if self._settings.turns is not None:
            if talk.audio.waiting > MOST_WAITING:
                raise EventError(
                    "more sound waits than can be listened to; send it as it is spoken",
                    code="input_audio_buffer_full",
                )
            talk.audio.add(sound)
            return
        self._committed.add(sound)

    def _clear(self, event: Json) -> None:
        self._committed.clear()
        if self._conversation is not None:
            self._conversation.audio.forget()
        self.send({"type": "input_audio_buffer.cleared"})

    def _commit(self, event: Json) -> None:
        talk = self._talk()
        if self._settings.turns is not None:
            # The user is done, the client says: silence says so, too.
            talk.audio.add(np.zeros(round(_SILENCE_SECONDS * SAMPLE_RATE), np.float32))
            return
        sound = self._committed.take()
        item = new_id("item")
        committed = {"previous_item_id": self._items.last, "item_id": item}
        self.send({"type": "input_audio_buffer.committed", **committed})
        self._client_items.add_sound(sound, item)

    def _words(self, item: Json, text: str, seconds: float) -> None:
        """What is said in sound that the client committed."""
        self._talk().user_turns.transcribed(item, text, seconds)
        if text:
            self._client_items.to_answer.append(text)

    def _instruct(self) -> None:
        if self._conversation is not None:
            self._conversation.update(self._instructed())

    def _instructed(self) -> SessionSettings:
        """The settings, with what messages of the system's say besides: of that the last."""
        told = [self._settings.instructions, *self._items.system_texts()]
        text = "\n".join(filter(None, told))
        return replace(self._settings, instructions=text[-MOST_INSTRUCTIONS:])

    def _voice(self) -> Persona:
        """Who speaks."""
        if self._conversation is not None:
            return self._conversation.session.persona
        return self._personas.loaded[self._settings.voice]
