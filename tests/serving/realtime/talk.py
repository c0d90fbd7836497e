"""A conversation of `/v1/realtime` in tests: the official client before it, fakes behind it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np

from assistant import frames as f
from assistant.brain.base import Brain
from assistant.frames import AnyEvent, Load
from assistant.session.dependencies import SessionDependencies
from assistant.session.events import Notice
from tests.fakes import FakeBackendProcess, FakeBrain, until
from tests.serving.api.served import Served, serving

ANSWER = "One two three four five six seven eight nine ten."
"""A second of the fake's voice."""
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather somewhere.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}},
}


class Behind:
    """What stands behind the one conversation: its backend and its brain."""

    def __init__(self, *answers: list[Any]) -> None:
        self.brain = FakeBrain(*answers)
        self.processes: list[FakeBackendProcess] = []
        self.loads = True
        self.dependencies: SessionDependencies | None = None

    @property
    def process(self) -> FakeBackendProcess:
        return self.processes[-1]

    def prepare(self, dependencies: SessionDependencies) -> None:
        async def make_brain(notify: Callable[[Notice], None]) -> Brain:
            return self.brain

        self.dependencies = dependencies
        dependencies.make_brain = make_brain
        dependencies.brains = None
        dependencies.make_backend = self._make  # type: ignore[assignment]

    def _make(self, load: Load, on_event: Callable[[AnyEvent], None]) -> FakeBackendProcess:
        process = FakeBackendProcess(load, on_event)
        self.processes.append(process)
        if self.loads:
            asyncio.get_running_loop().call_later(0.02, process.come_up)
        return process

    def begins(self, at: float = 0.5) -> None:
        self.process.emit(f.UserTurnStarted(side="user", at=at))

    def says(self, text: str, at: float = 1.5) -> None:
        """The user ends a turn of these words."""
        self.process.emit(f.UserTurnEnded(side="user", at=at))
        self.process.emit(f.UserText(text=text, final=True, speech_end=at))

    def asks(self, text: str) -> None:
        self.begins()
        self.says(text)


class Client:
    """A connection of the official client's, and everything that came over it."""

    def __init__(self, connection: Any) -> None:
        self.send = connection
        self.events: list[Any] = []

    async def until(self, kind: str, count: int = 1) -> Any:
        """Read on to the next event of this kind (or the one after so many)."""
        found = None
        async with asyncio.timeout(10):
            for _ in range(count):
                while True:
                    event = await self.send.recv()
                    self.events.append(event)
                    if event.type == kind:
                        found = event
                        break
        return found

    async def error(self) -> Any:
        return (await self.until("error")).error

    def kinds(self) -> list[str]:
        return [event.type for event in self.events]

    def of(self, kind: str) -> list[Any]:
        return [event for event in self.events if event.type == kind]

    def sound(self) -> np.ndarray:
        data = b"".join(base64.b64decode(e.delta) for e in self.of("response.output_audio.delta"))
        return np.frombuffer(data, "<i2")

    async def ask(self, text: str) -> None:
        content = [{"type": "input_text", "text": text}]
        item = {"type": "message", "role": "user", "content": content}
        await self.send.conversation.item.create(item=item)
        await self.send.response.create()

    async def say(self, samples: np.ndarray) -> None:
        data = (samples * 32_767).astype("<i2").tobytes()
        await self.send.input_audio_buffer.append(audio=base64.b64encode(data).decode())


@contextlib.asynccontextmanager
async def talking(behind: Behind, **session: Any) -> AsyncIterator[tuple[Client, Served]]:
    async with (
        serving(prepare=behind.prepare) as served,
        served.client.realtime.connect(model="gpt-realtime") as connection,
    ):
        client = Client(connection)
        await client.until("session.created")
        if session:
            await connection.session.update(session={"type": "realtime", **session})
            await client.until("session.updated")
        yield client, served


async def began(client: Client, behind: Behind) -> None:
    """The models are loaded, and the session listens."""
    await client.say(np.zeros(1_920, np.float32))
    await until(lambda: bool(behind.processes) and bool(behind.process.of(f.Push)))


def earlier(behind: Behind) -> list[tuple[str, str]]:
    """What whoever answers knew of the conversation, at the last question."""
    return [(message.role, message.text) for message in behind.brain.questions[-1].history]
