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
from assistant.personas.loading import LoadedPersonas
from assistant.serving.api.engine import SpeechService
from assistant.serving.api.errors import in_words
from assistant.serving.conversations import MOST_CHARACTERS
from assistant.serving.realtime.audio import MOST_WAITING
from assistant.serving.realtime.committed import CommittedSound
from assistant.serving.realtime.conversation import VoiceConversation
from assistant.serving.realtime.protocol import (
    EventError,
    Json,
    decoded_sound,
    event_id_of,
    new_id,
    object_of,
    parse,
    text_of,
)
from assistant.serving.realtime.responses import Items, text_of_item
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


MakeConversation = Callable[[SessionSettings, Callable[[Json], None], Items], VoiceConversation]


class RealtimeConnection:
    def __init__(
        self,
        socket: WebSocket,
        service: SpeechService,
        personas: LoadedPersonas,
        settings: SessionSettings,
        make: MakeConversation,
    ) -> None:
        self._socket = socket
        self._service = service
        self._personas = personas
        self._settings = settings
        self._make = make
        self._id = new_id("sess")
        self._unsent: asyncio.Queue[str] = asyncio.Queue()
        self._items = Items(self.send)
        self._conversation: VoiceConversation | None = None
        self._committed = CommittedSound(service, self.send, self._words)
        self._to_answer: list[str] = []
        """What the user has said, and nobody has answered yet."""
        self._handlers = {
            "session.update": self._update,
            "input_audio_buffer.append": self._append,
            "input_audio_buffer.commit": self._commit,
            "input_audio_buffer.clear": self._clear,
            "conversation.item.create": self._create_item,
            "conversation.item.truncate": self._truncate,
            "conversation.item.delete": self._delete_item,
            "conversation.item.retrieve": self._retrieve_item,
            "response.create": self._create_response,
            "response.cancel": self._cancel_response,
            "output_audio_buffer.clear": self._clear_output,
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
            if self._conversation is not None:
                await self._conversation.stop()

    def send(self, event: Json) -> None:
        """Soon; events leave in this order."""
        if self._unsent.qsize() < _MOST_UNSENT:
            event = {"event_id": new_id("event"), **event}
            self._unsent.put_nowait(json.dumps(event, ensure_ascii=False))

    async def _send_all(self) -> None:
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            while True:
                await self._socket.send_text(await self._unsent.get())
                if self._unsent.qsize() >= _MOST_UNSENT:
                    await self._socket.close(1008, "the client does not read what it is sent")
                    return

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
            self.send(error.event(event_id))
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

    # -- the session -----------------------------------------------------------------------------

    def _begin_unasked(self) -> None:
        try:
            self._talk()
        except (EventError, AssistantError) as error:
            log.warning("realtime: %s", error)

    def _talk(self) -> VoiceConversation:
        """The conversation, which begins with the first that is done in it."""
        if self._conversation is None:
            made = self._make(self._instructed(), self.send, self._items)
            made.on_words = self._to_answer.append
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
        item = _message(new_id("item"), [{"type": "input_audio", "transcript": None}])
        committed = {"previous_item_id": self._items.last, "item_id": item["id"]}
        self.send({"type": "input_audio_buffer.committed", **committed})
        self._items.add(item)
        self._committed.write_down(item, sound, self._settings.transcription or {})

    def _words(self, item: Json, text: str, seconds: float) -> None:
        """What is said in sound that the client committed."""
        self._talk().transcribed(item, text, seconds)
        if text:
            self._to_answer.append(text)

    # -- items -----------------------------------------------------------------------------------

    def _create_item(self, event: Json) -> None:
        wanted = object_of(event, "item")
        talk = self._talk()
        given = wanted.get("id")
        item_id = given[:64] if isinstance(given, str) and given else new_id("item")
        if item_id in self._items:
            raise EventError("there is an item of this id", param="item.id")
        match wanted.get("type"), wanted.get("role"):
            case "function_call_output", _:
                call_id = text_of(wanted, "call_id", most=64)
                output = text_of(wanted, "output", most=100_000)
                talk.calls.has_output(call_id, output)
                item = {"type": "function_call_output", "call_id": call_id, "output": output}
                self._items.add({"id": item_id, "object": "realtime.item", **item})
            case "message", "user":
                self._create_user_item(item_id, wanted)
            case "message", "system":
                self._create_system_item(item_id, wanted)
            case "message", "assistant":
                text = text_of_item(wanted)[:MOST_CHARACTERS]
                talk.session.history.add("assistant", text, talk.session.persona.slug)
                self._items.add(talk.responses.message(item_id, text, "completed"))
            case _:
                raise EventError(
                    "an item is a message (of the user's, the assistant's or the system's), or "
                    "the output of a function",
                    param="item.type",
                )

    def _create_user_item(self, item_id: str, wanted: Json) -> None:
        content = wanted.get("content")
        parts = content if isinstance(content, list) else []
        sounds = [part for part in parts if isinstance(part, dict) and part.get("audio")]
        if sounds:
            item = _message(item_id, [{"type": "input_audio", "transcript": None}])
            sound = np.concatenate([decoded_sound(part) for part in sounds])
            self._items.add(item)
            self._committed.write_down(item, sound, self._settings.transcription or {})
            return
        text = text_of_item(wanted)
        if not text or len(text) > MOST_CHARACTERS:
            raise EventError(
                f"a message has 1 to {MOST_CHARACTERS:,} characters", param="item.content"
            )
        self._items.add(_message(item_id, [{"type": "input_text", "text": text}]))
        self._to_answer.append(text)

    def _create_system_item(self, item_id: str, wanted: Json) -> None:
        """It is heeded as the session's instructions are, for as long as it is there."""
        text = text_of_item(wanted)
        if not text:
            raise EventError("a message of the system's has words", param="item.content")
        self._items.add(_message(item_id, [{"type": "input_text", "text": text}], "system"))
        self._instruct()

    def _instruct(self) -> None:
        if self._conversation is not None:
            self._conversation.update(self._instructed())

    def _instructed(self) -> SessionSettings:
        """The settings, with what messages of the system's say besides: of that the last."""
        told = [self._settings.instructions, *self._items.system_texts()]
        text = "\n".join(filter(None, told))
        return replace(self._settings, instructions=text[-MOST_INSTRUCTIONS:])

    def _truncate(self, event: Json) -> None:
        item = text_of(event, "item_id", most=64)
        end = event.get("audio_end_ms")
        if not isinstance(end, int) or isinstance(end, bool) or end < 0:
            raise EventError(
                "audio_end_ms has to be a number of milliseconds", param="audio_end_ms"
            )
        self._talk().truncate(item, end)
        told = {"item_id": item, "content_index": 0, "audio_end_ms": end}
        self.send({"type": "conversation.item.truncated", **told})

    def _delete_item(self, event: Json) -> None:
        item = self._item(event)
        text = text_of_item(item)
        if text and item.get("role") != "system":
            self._talk().session.history.drop([text])
            self._to_answer = [each for each in self._to_answer if each != text]
            self._talk().on_words = self._to_answer.append
        self._items.remove(item["id"])
        self._instruct()
        self.send({"type": "conversation.item.deleted", "item_id": item["id"]})

    def _retrieve_item(self, event: Json) -> None:
        self.send({"type": "conversation.item.retrieved", "item": self._item(event)})

    def _item(self, event: Json) -> Json:
        item = self._items.get(text_of(event, "item_id", most=64))
        if item is None:
            raise EventError("there is no such item", param="item_id", code="item_not_found")
        return item

    # -- responses -------------------------------------------------------------------------------

    def _create_response(self, event: Json) -> None:
        talk = self._talk()
        if self._settings.kind == "transcription":
            raise EventError("a transcription session answers nothing", code="no_responses")
        if talk.responses.active is not None:
            raise EventError(
                "an answer is being made already",
                code="conversation_already_has_active_response",
            )
        wanted = event.get("response")
        wanted = wanted if isinstance(wanted, dict) else {}
        if wanted.get("conversation") == "none":
            raise EventError("answers belong to the conversation", param="response.conversation")
        metadata = wanted.get("metadata")
        talk.responses.metadata = metadata if isinstance(metadata, dict) else None
        if talk.calls.answer():
            return
        self._committed.when_written(lambda: self._answer(talk, wanted))

    def _answer(self, talk: VoiceConversation, wanted: Json) -> None:
        said, instructions = " ".join(self._to_answer), wanted.get("instructions")
        self._to_answer.clear()
        if not said and isinstance(instructions, str):
            said = instructions[:MOST_CHARACTERS]
        if said.strip():
            talk.answer(said)
        else:
            talk.responses.metadata = None
            self.send(
                EventError("there is nothing to answer", code="nothing_to_answer").event(None)
            )

    def _cancel_response(self, event: Json) -> None:
        talk = self._talk()
        if talk.responses.active is None and not talk.calls.waiting:
            raise EventError("no answer is being made", code="response_cancel_not_active")
        talk.interrupt("client_cancelled")

    def _clear_output(self, event: Json) -> None:
        self._talk().interrupt("client_cancelled")
        self.send({"type": "output_audio_buffer.cleared"})


def _message(id: str, content: list[Json], role: str = "user") -> Json:
    return {
        "id": id, "object": "realtime.item", "type": "message", "status": "completed",
        "role": role, "content": content,
    }  # fmt: skip
