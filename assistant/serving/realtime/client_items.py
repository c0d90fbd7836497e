"""Items of the conversation that the client itself adds, takes away and asks for."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from assistant.serving.conversations import MOST_CHARACTERS
from assistant.serving.realtime.committed import CommittedSound
from assistant.serving.realtime.conversation import VoiceConversation
from assistant.serving.realtime.protocol import (
    EventError,
    Json,
    decoded_sound,
    new_id,
    object_of,
    text_of,
)
from assistant.serving.realtime.responses import (
    Items,
    Send,
    message_item,
    parts_of_item,
    text_of_item,
)
from assistant.serving.realtime.settings import SessionSettings


class ClientItems:
    """All methods take an event of the client's, and raise `EventError` for what cannot be."""

    def __init__(
        self,
        items: Items,
        committed: CommittedSound,
        send: Send,
        *,
        talk: Callable[[], VoiceConversation],
        settings: Callable[[], SessionSettings],
        instruct: Callable[[], None],
    ) -> None:
        """`talk` gives the conversation, begun where it was not; `instruct` has it heed what
        messages of the system's say by now."""
        self._items = items
        self._committed = committed
        self._send = send
        self._talk = talk
        self._settings = settings
        self._instruct = instruct
        self.to_answer: list[str] = []
        """What the user has said, and nobody has answered yet."""

    def take_unanswered(self) -> str:
        """All of it, which is answered now."""
        said = " ".join(self.to_answer)
        self.to_answer.clear()
        return said

    def create(self, event: Json) -> None:
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
                self._create_user_message(item_id, wanted)
            case "message", "system":
                self._create_system_message(item_id, wanted)
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

    def add_sound(self, sound: np.ndarray, item_id: str) -> None:
        """A message of the user's that is written down: float32 [n], 24 kHz."""
        item = message_item(item_id, [{"type": "input_audio", "transcript": None}])
        self._items.add(item)
        self._committed.write_down(item, sound, self._settings().transcription or {})

    def delete(self, event: Json) -> None:
        item = self._item(event)
        text = text_of_item(item)
        if text and item.get("role") != "system":
            self._talk().session.history.drop([text])
            self.to_answer[:] = [each for each in self.to_answer if each != text]
        self._items.remove(item["id"])
        self._instruct()
        self._send({"type": "conversation.item.deleted", "item_id": item["id"]})

    def retrieve(self, event: Json) -> None:
        self._send({"type": "conversation.item.retrieved", "item": self._item(event)})

    def truncate(self, event: Json) -> None:
        item = text_of(event, "item_id", most=64)
        end = event.get("audio_end_ms")
        if not isinstance(end, int) or isinstance(end, bool) or end < 0:
            raise EventError(
                "audio_end_ms has to be a number of milliseconds", param="audio_end_ms"
            )
        self._talk().truncate(item, end)
        told = {"item_id": item, "content_index": 0, "audio_end_ms": end}
        self._send({"type": "conversation.item.truncated", **told})

    def _create_user_message(self, item_id: str, wanted: Json) -> None:
        sounds = [part for part in parts_of_item(wanted) if part.get("audio")]
        if sounds:
            self.add_sound(np.concatenate([decoded_sound(part) for part in sounds]), item_id)
            return
        text = text_of_item(wanted)
        if not text or len(text) > MOST_CHARACTERS:
            raise EventError(
                f"a message has 1 to {MOST_CHARACTERS:,} characters", param="item.content"
            )
        self._items.add(message_item(item_id, [{"type": "input_text", "text": text}]))
        self.to_answer.append(text)

    def _create_system_message(self, item_id: str, wanted: Json) -> None:
        """It is heeded as the session's instructions are, for as long as it is there."""
        text = text_of_item(wanted)
        if not text:
            raise EventError("a message of the system's has words", param="item.content")
        self._items.add(message_item(item_id, [{"type": "input_text", "text": text}], "system"))
        self._instruct()

    def _item(self, event: Json) -> Json:
        item = self._items.get(text_of(event, "item_id", most=64))
        if item is None:
            raise EventError("there is no such item", param="item_id", code="item_not_found")
        return item
