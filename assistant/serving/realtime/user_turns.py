"""Turns of the user's that the server finds in the sound by itself: begun, ended, written down."""

from __future__ import annotations

from collections.abc import Callable

from assistant.serving.realtime.protocol import Json, new_id
from assistant.serving.realtime.responses import Items, Send, message_item


class UserTurns:
    """One at a time. Its moments are seconds of the sound so far."""

    def __init__(self, send: Send, items: Items, transcribes: Callable[[], bool]) -> None:
        """`transcribes`: the client wants to know what was said."""
        self._send = send
        self._items = items
        self._transcribes = transcribes
        self._item: Json | None = None
        """Whose words are still to come."""
        self.began_at = 0.0
        self.ended_at = 0.0

    def begin(self) -> None:
        """Somebody speaks."""
        item = self._item = message_item(
            new_id("item"), [{"type": "input_audio", "transcript": None}]
        )
        began = max(0, round(1000 * self.began_at))
        started = {"audio_start_ms": began, "item_id": item["id"]}
        self._send({"type": "input_audio_buffer.speech_started", **started})

    def end(self) -> None:
        """Nobody does any more."""
        if self._item is None:
            return
        item = self._item["id"]
        ended = {"audio_end_ms": round(1000 * self.ended_at), "item_id": item}
        self._send({"type": "input_audio_buffer.speech_stopped", **ended})
        committed = {"previous_item_id": self._items.last, "item_id": item}
        self._send({"type": "input_audio_buffer.committed", **committed})
        self._items.add(self._item)

    def words(self, text: str) -> None:
        """Of the turn that has just ended; "" where it had none."""
        item, self._item = self._item, None
        if item is not None:
            self.transcribed(item, text, max(0.0, self.ended_at - self.began_at))

    def transcribed(self, item: Json, text: str, seconds: float) -> None:
        """Tell what is said in an item of the user's."""
        item["content"] = [{"type": "input_audio", "transcript": text}]
        if not self._transcribes():
            return
        kind = "conversation.item.input_audio_transcription"
        where = {"item_id": item["id"], "content_index": 0}
        if text:
            self._send({"type": f"{kind}.delta", **where, "delta": text})
        usage = {"type": "duration", "seconds": round(seconds, 2)}
        self._send({"type": f"{kind}.completed", **where, "transcript": text, "usage": usage})
