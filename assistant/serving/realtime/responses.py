"""Answers as the Realtime API tells them: a response holds items, an item a transcript and its
sound, each begun, told in pieces and ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from assistant.audio.types import Float32
from assistant.frames import SAMPLE_RATE
from assistant.serving.realtime.protocol import Json, encoded_sound, new_id
from assistant.session.turns.messages import AgentUtterance

Send = Callable[[Json], None]
Status = Literal["completed", "cancelled", "failed", "incomplete"]
_DELTA_SAMPLES = SAMPLE_RATE
"""The most sound of one event."""
MOST_ITEMS = 2_000


class Items:
    """The conversation's items, in their order."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._items: dict[str, Json] = {}

    def __contains__(self, item: object) -> bool:
        return item in self._items

    def get(self, item: str) -> Json | None:
        return self._items.get(item)

    @property
    def last(self) -> str | None:
        return next(reversed(self._items), None)

    def all(self) -> list[Json]:
        """In their order."""
        return list(self._items.values())

    def add(self, item: Json, *, done: bool = True) -> None:
        """Tell of a new one; `done`: it is whole."""
        previous = self.last
        self._items[item["id"]] = item
        while len(self._items) > MOST_ITEMS:
            del self._items[next(iter(self._items))]
        told = {"previous_item_id": previous, "item": item}
        self._send({"type": "conversation.item.added", **told})
        if done:
            self._send({"type": "conversation.item.done", **told})

    def done(self, item: Json) -> None:
        self._items[item["id"]] = item
        self._send({"type": "conversation.item.done", "item": item})

    def replace(self, item: Json) -> None:
        """It is this now; nobody is told."""
        if item["id"] in self._items:
            self._items[item["id"]] = item

    def system_texts(self) -> list[str]:
        """Words of the messages of the system's, in their order."""
        return [text_of_item(each) for each in self._items.values() if each.get("role") == "system"]

    def remove(self, item: str) -> None:
        self._items.pop(item, None)


def parts_of_item(item: Json) -> list[Json]:
    """What a message holds."""
    content = item.get("content")
    return [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []


def text_of_item(item: Json) -> str:
    """Words of a message, "" where there are none."""
    texts = [part.get("text") or part.get("transcript") for part in parts_of_item(item)]
    return " ".join(text for text in texts if isinstance(text, str)).strip()


def message_item(id: str, content: list[Json], role: str = "user") -> Json:
    """An item of somebody else's than the assistant."""
    return {
        "id": id, "object": "realtime.item", "type": "message", "status": "completed",
        "role": role, "content": content,
    }  # fmt: skip


@dataclass(slots=True)
class SpokenItem:
    """One message of the assistant's: a turn, or the part of one between two calls."""

    turn: int
    index: int
    before: int
    """Samples of the turn that belong to an earlier item, …"""
    text_before: str
    """… and its words."""
    id: str = field(default_factory=lambda: new_id("item"))
    utterance: AgentUtterance | None = None
    samples: int = 0
    text: str = ""
    closed: bool = False


@dataclass(slots=True)
class Response:
    id: str = field(default_factory=lambda: new_id("resp"))
    output: list[Json] = field(default_factory=list)
    turns: set[int] = field(default_factory=set)
    """The assistant's turns that are still being made."""
    answers: str | None = None
    """The user's item."""
    metadata: Json | None = None
    """The client's own, told with it."""


class Responses:
    """At most one response at a time."""

    def __init__(
        self,
        send: Send,
        items: Items,
        *,
        spoken: Callable[[], bool],
        out_of_band: bool = False,
    ) -> None:
        """`spoken`: answers are sound, and not only text. `out_of_band`: outside of the
        conversation."""
        self._send = send
        self._items = items
        self._spoken = spoken
        self._conversation = None if out_of_band else new_id("conv")
        self.on_finished: Callable[[], None] = lambda: None
        self.active: Response | None = None
        self.metadata: Json | None = None
        """Of the response that the client has asked for."""
        self.spoken: dict[str, SpokenItem] = {}
        """By the item's identity, the open ones and those of earlier responses."""
        self._open: dict[int, SpokenItem] = {}
        """By turn."""

    def begin(self, answers: str | None = None, turns: set[int] | None = None) -> Response:
        """The one that is under way, or a new one."""
        if self.active is None:
            metadata, self.metadata = self.metadata, None
            self.active = Response(answers=answers, turns=turns or set(), metadata=metadata)
            self._send({"type": "response.created", "response": self._told("in_progress")})
        return self.active

    def text(self, turn: int, piece: str) -> None:
        """Words of a turn, as they are about to be heard."""
        item = self._item(turn)
        delta = piece if item.text else piece.lstrip()
        if not delta:
            return
        item.text += delta
        kind = "output_audio_transcript" if self._spoken() else "output_text"
        self._tell(item, f"response.{kind}.delta", delta=delta)

    def sound(self, turn: int, utterance: AgentUtterance | None, pcm: Float32) -> None:
        item = self._item(turn)
        item.utterance = utterance
        item.samples += pcm.size
        for at in range(0, pcm.size, _DELTA_SAMPLES):
            delta = encoded_sound(pcm[at : at + _DELTA_SAMPLES])
            self._tell(item, "response.output_audio.delta", delta=delta)

    def end_turn(self, turn: int, *, whole: bool) -> None:
        """Nothing more of it comes; not `whole`: it was cut short."""
        if (item := self._open.get(turn)) is not None:
            self._close(item, whole=whole)
        if self.active is not None:
            self.active.turns.discard(turn)

    def call(self, call_id: str, name: str, arguments: Json) -> Json:
        """A function of the client's is called; what was said before it is an item of its own."""
        response = self.begin()
        for spoken in list(self._open.values()):
            self._close(spoken, whole=True)
        written = json.dumps(arguments, ensure_ascii=False)
        item: Json = {
            "id": new_id("item"), "object": "realtime.item", "type": "function_call",
            "status": "completed", "call_id": call_id, "name": name, "arguments": written,
        }  # fmt: skip
        begun = item | {"status": "in_progress", "arguments": ""}
        index = len(response.output)
        where = {"response_id": response.id, "output_index": index}
        response.output.append(item)
        self._send({"type": "response.output_item.added", **where, "item": begun})
        self._items.add(begun, done=False)
        of = {**where, "item_id": item["id"], "call_id": call_id}
        kind = "response.function_call_arguments"
        self._send({"type": f"{kind}.delta", **of, "delta": written})
        self._send({"type": f"{kind}.done", **of, "name": name, "arguments": written})
        self._send({"type": "response.output_item.done", **where, "item": item})
        self._items.done(item)
        return item

    def finish(self, status: Status, reason: str | None = None, error: str = "") -> None:
        if self.active is None:
            return
        for item in list(self._open.values()):
            self._close(item, whole=status == "completed")
        told = self._told(status, reason, error)
        self.active = None
        self._send({"type": "response.done", "response": told})
        self.on_finished()

    def fail(self, error: str) -> None:
        """It could not be made, for this reason."""
        self.finish("failed", error=error)

    # -- inside ----------------------------------------------------------------------------------

    def _item(self, turn: int) -> SpokenItem:
        item = self._open.get(turn)
        if item is not None:
            return item
        response = self.begin()
        earlier = [each for each in self.spoken.values() if each.turn == turn]
        item = SpokenItem(
            turn,
            len(response.output),
            sum(each.samples for each in earlier),
            " ".join(each.text for each in earlier),
        )
        self._open[turn] = self.spoken[item.id] = item
        while len(self.spoken) > MOST_ITEMS:
            del self.spoken[next(iter(self.spoken))]
        message = self._message(item, "in_progress")
        response.output.append(message)
        where = {"response_id": response.id, "output_index": item.index}
        self._send({"type": "response.output_item.added", **where, "item": message})
        self._items.add(message, done=False)
        self._tell(item, "response.content_part.added", part=self._part(""))
        return item

    def _close(self, item: SpokenItem, *, whole: bool) -> None:
        item.closed = True
        del self._open[item.turn]
        if self._spoken():
            self._tell(item, "response.output_audio.done")
            self._tell(item, "response.output_audio_transcript.done", transcript=item.text)
        else:
            self._tell(item, "response.output_text.done", text=item.text)
        self._tell(item, "response.content_part.done", part=self._part(item.text))
        message = self._message(item, "completed" if whole else "incomplete")
        if self.active is not None:
            self.active.output[item.index] = message
            where = {"response_id": self.active.id, "output_index": item.index}
            self._send({"type": "response.output_item.done", **where, "item": message})
        self._items.done(message)

    def _part(self, text: str) -> Json:
        if self._spoken():
            return {"type": "audio", "transcript": text}
        return {"type": "text", "text": text}

    def _message(self, item: SpokenItem, status: str) -> Json:
        begun = status == "in_progress"
        return self.message(item.id, item.text, status, empty=begun)

    def message(self, id: str, text: str, status: str, *, empty: bool = False) -> Json:
        """An item of the assistant's."""
        kind, name = ("output_audio", "transcript") if self._spoken() else ("output_text", "text")
        return {
            "id": id, "object": "realtime.item", "type": "message", "status": status,
            "role": "assistant", "content": [] if empty else [{"type": kind, name: text}],
        }  # fmt: skip

    def _tell(self, item: SpokenItem, kind: str, **fields: object) -> None:
        where = {"item_id": item.id, "output_index": item.index, "content_index": 0}
        response = self.active.id if self.active is not None else ""
        self._send({"type": kind, "response_id": response, **where, **fields})

    def _told(self, status: str, reason: str | None = None, error: str = "") -> Json:
        assert self.active is not None
        details: Json | None = None
        if status not in ("completed", "in_progress"):
            details = {"type": status, "reason": reason}
        if details is not None and error:
            details["error"] = {"type": "server_error", "code": "failed", "message": error}
        return {
            "id": self.active.id, "object": "realtime.response", "status": status,
            "conversation_id": self._conversation, "status_details": details,
            "output": list(self.active.output), "usage": None,
            "metadata": self.active.metadata,
        }  # fmt: skip
