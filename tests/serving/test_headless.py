"""Without any session: one of our own speaks and asks, and has the devices only meanwhile. The
backend is a real process, the loopback that hums what it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from assistant.audio.base import OnFrame
from assistant.config.schema import Config
from assistant.errors import AssistantError
from assistant.frames import FRAME_SAMPLES
from assistant.serving import headless as headless_module
from assistant.serving.client_voice import ClientVoice
from assistant.serving.headless import Headless
from assistant.session.clients.private_socket import endpoints
from assistant.session.clients.requests import (
    Answers,
    Ask,
    Recall,
    Remember,
    RequestError,
    Speak,
    Spoken,
    Told,
)
from tests.fakes import FakeAudio

CLIENT = "Claude Code"


class Room(FakeAudio):
    """Devices that are opened and closed; while they are open, time passes four times as fast."""

    def __init__(self, *, microphone: bool = True, speaker: bool = True) -> None:
        super().__init__()
        self.microphone = self.speaker = None
        self._has = ("fake microphone" if microphone else None, "fake speaker" if speaker else None)
        self._running: asyncio.Task[None] | None = None
        self.loud = 0
        """Frames in which the user will be heard."""
        self.opened = 0

    async def open(self) -> None:
        self.opened += 1
        self.microphone, self.speaker = self._has
        self._running = asyncio.create_task(self._run())

    async def close(self) -> None:
        self.microphone = self.speaker = None
        if self._running is not None:
            self._running.cancel()

    async def stop(self) -> None:
        await self.close()

    async def start(self, on_frame: OnFrame, on_problem: object) -> None:
        self._on_frame = on_frame

    async def _run(self) -> None:
        while True:
            self.playback.read(FRAME_SAMPLES)
            if self.microphone and self.loud:
                self.loud -= 1
                self.hear()
            elif self.microphone:
                self.listen()
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))


@asynccontextmanager
async def voice(room: Room | None = None, **settings: object) -> AsyncIterator[ClientVoice]:
    heard = {"audio": {"headset": True}}  # the loopback trusts nothing that it may say itself
    config = Config.model_validate({"backend": {"name": "echo"}, **heard, **settings})
    made = ClientVoice(Headless(config, lambda config: room or Room()))
    try:
        yield made
    finally:
        await made.close()


def unheard(text: str) -> None:
    pass


async def test_it_speaks_and_lets_the_devices_go() -> None:
    room = Room()
    async with voice(room) as mine:
        told: list[str] = []
        result = await mine.request(CLIENT, Speak("The tests have passed."), told.append)
        assert result == Spoken("The tests have passed.", interrupted=False, aloud=True)
        assert told[0] == "loads the voice"
        assert room.opened == 1
        assert room.speaker is None
        assert [each.kind for each in endpoints()] == ["headless"]
        await mine.request(CLIENT, Speak("Again."), unheard)
        assert room.opened == 2
    assert endpoints() == []


async def test_it_asks_and_nobody_else_answers() -> None:
    room = Room()
    async with voice(room) as mine:

        def progress(text: str) -> None:
            if text == "waits for the answer":
                assert room.microphone
                room.loud = 10

        result = await mine.request(CLIENT, Ask(["Which?"]), progress)
        assert isinstance(result, Answers)
        assert result.answers[0].text.startswith("(sound of")
        assert room.microphone is None


async def test_cancelled_it_has_no_microphone_any_more() -> None:
    room = Room()
    async with voice(room) as mine:
        listens = asyncio.Event()

        def progress(text: str) -> None:
            if text == "waits for the answer":
                listens.set()

        asking = asyncio.create_task(mine.request(CLIENT, Ask(["Which?"]), progress))
        await asyncio.wait_for(listens.wait(), 30)
        assert room.microphone
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        assert room.microphone is None


@pytest.mark.parametrize(
    ("missing", "request_"),
    [("microphone", Ask(["Which?"])), ("speaker", Speak("Hello."))],
)
async def test_what_is_missing_is_told(missing: str, request_: Ask | Speak) -> None:
    room = Room(**{missing: False})
    async with voice(room) as mine:
        with pytest.raises(RequestError, match=f"there is no {missing}") as error:
            await mine.request(CLIENT, request_, unheard)
        assert "assistant devices" in error.value.remedy
        assert room.microphone is None
        assert room.speaker is None


async def test_memory_needs_neither_voice_nor_devices() -> None:
    room = Room()
    async with voice(room) as mine:
        kept = await mine.request(CLIENT, Remember("my parrot is called Picasso"), unheard)
        found = await mine.request(CLIENT, Recall("parrot"), unheard)
        assert isinstance(kept, Told)
        assert isinstance(found, Told)
        assert kept.done
        assert "Picasso" in found.text
        assert room.opened == 0
        assert endpoints() == []


async def test_what_is_private_is_not_kept() -> None:
    async with voice(Room(), memory={"private": True}) as mine:
        kept = await mine.request(CLIENT, Remember("my parrot is called Picasso"), unheard)
        assert isinstance(kept, Told)
        assert "parrot" in kept.text
        found = await mine.request(CLIENT, Recall("parrot"), unheard)
        assert isinstance(found, Told)
        assert "Picasso" not in found.text


async def test_after_a_while_the_voice_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headless_module, "IDLE_SECONDS", 0.2)
    async with voice() as mine:
        await mine.request(CLIENT, Speak("Hello."), unheard)
        assert endpoints() != []
        for _ in range(200):
            if not endpoints():
                break
            await asyncio.sleep(0.02)
        assert endpoints() == []
        result = await mine.request(CLIENT, Speak("Hello again."), unheard)
        assert isinstance(result, Spoken)


async def test_a_voice_that_cannot_be_loaded_is_told_and_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with voice() as mine:
        with monkeypatch.context() as broken:
            broken.setattr("assistant.session.factory.backend_python", lambda *a: "/no/python")
            with pytest.raises(AssistantError):
                await asyncio.wait_for(mine.request(CLIENT, Speak("Hello."), unheard), 60)
            assert endpoints() == []
        assert isinstance(await mine.request(CLIENT, Speak("Hello."), unheard), Spoken)
