"""A conversation with a foreign server is begun anew before its model forgets who it is."""

from __future__ import annotations

import time
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest

pytest.importorskip("websockets", reason="the client needs websockets")
pytest.importorskip("sphn", reason="the client needs sphn")

from websockets.asyncio.server import ServerConnection

from assistant import frames as f
from assistant.audio.types import Float32
from assistant.backends.base import BackendError
from assistant.backends.server import renewal as renewal_module
from assistant.backends.server.renewal import LONGEST_LINE, Renewal, rendered_line
from assistant.personas.loading import load_personas
from tests.backends.server.conftest import Client, scripted, until

JARVIS = f.PersonaPrompt(slug="jarvis", name="Jarvis", text="You are a butler.")
NOTED = f.PersonaPrompt(
    slug="jarvis", name="Jarvis", text="You are a butler.", notes="The user is called Ada."
)
SILENCE = np.zeros(f.FRAME_SAMPLES, np.float32)
LINE = np.full(2 * f.FRAME_SAMPLES, 0.1, np.float32)
CONTEXT = 60.0
FRAMES = 750


class Place:
    """A renewal, and what it did."""

    def __init__(self, sound: Float32 | Exception = LINE) -> None:
        self.asked: list[f.NotesWanted] = []
        self.done: list[str] = []
        self.frames = 0
        self.sound = sound
        self.renewal = Renewal(
            CONTEXT,
            self.asked.append,
            lambda text, sound: self.done.append(f"“{text}”"),
            lambda prompt: self.done.append(prompt.text),
            self._render,
        )
        self.renewal.began("jarvis")

    def _render(self, text: str, voice: f.VoiceSpec) -> Float32:
        if isinstance(self.sound, Exception):
            raise self.sound
        return self.sound

    def pass_frames(self, count: int, *, speaking: bool = False) -> None:
        for _ in range(count):
            self.renewal.passed(speaking=speaking)
            self.frames += 1

    def until_asked(self) -> None:
        while not self.asked:
            self.pass_frames(1, speaking=True)

    def prepare(self) -> None:
        self.renewal.prepare(NOTED, "Let me think.")
        while self.renewal._sound is None:
            time.sleep(0.001)


def test_it_asks_for_notes_and_begins_anew_in_a_pause_behind_the_line() -> None:
    place = Place()
    place.until_asked()
    assert place.frames < 0.6 * FRAMES
    place.prepare()
    place.pass_frames(40, speaking=True)
    assert place.done == [], "somebody speaks"
    place.pass_frames(20)
    line, text = place.done
    assert line == "“Let me think.”"
    assert text.startswith("You are a butler.")
    assert "“The user is called Ada.”" in text
    place.pass_frames(100)
    assert len(place.done) == 2, "once"


def test_somebody_who_never_stops_is_interrupted_in_the_end() -> None:
    place = Place()
    place.until_asked()
    place.prepare()
    place.pass_frames(FRAMES - place.frames - 80, speaking=True)
    assert len(place.done) == 2


@pytest.mark.parametrize("sound", [BackendError("no voice"), RuntimeError("no"), LINE[:0]])
def test_without_a_line_it_begins_anew_in_silence(sound: Float32 | Exception) -> None:
    place = Place(sound)
    place.until_asked()
    place.prepare()
    place.pass_frames(20)
    assert len(place.done) == 1
    assert "Ada" in place.done[0]


def test_a_change_of_persona_cancels_it() -> None:
    place = Place()
    place.until_asked()
    place.prepare()
    place.renewal.began("glados")
    place.pass_frames(100)
    assert place.done == []


def test_the_line_is_short_in_the_personas_own_voice() -> None:
    persona = load_personas().loaded["marvin"]  # nobody speaks slower
    line = max(persona.lines.let_me_think, key=len)
    sound = rendered_line(line, persona.voice.spec())
    assert 0.3 < len(sound) / f.SAMPLE_RATE <= LONGEST_LINE
    assert np.abs(sound).max() > 0.01


async def test_the_connection_is_made_again_with_the_notes(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(renewal_module, "rendered_line", lambda text, voice: LINE)
    prompts: list[str] = []

    async def plex(connection: ServerConnection) -> None:
        assert connection.request is not None
        prompts.append(
            parse_qs(urlsplit(connection.request.path).query).get("text_prompt", [""])[0]
        )
        await connection.send(b"\x00")
        async for _ in connection:
            pass

    async with scripted(plex) as url:
        await client.load(url, context_seconds=30.0)
        client.backend.change_persona(JARVIS)
        await until(lambda: prompts[-1:] == ["You are a butler."])
        await client.push(SILENCE, 140)
        (asked,) = client.of(f.NotesWanted)
        assert asked.slug == "jarvis"
        assert asked.as_prompt
        client.backend.begin_anew(NOTED, "Let me think, sir.")
        for _ in range(100):
            if client.of(f.UtteranceEnded):
                break
            await client.push(SILENCE)
        await until(lambda: "Ada" in prompts[-1])
        assert client.words == "Let me think, sir."
        assert client.samples == len(LINE)


async def test_a_server_of_which_nothing_is_known_is_left_alone(client: Client) -> None:
    connections = []

    async def moshi(connection: ServerConnection) -> None:
        connections.append(connection)
        await connection.send(b"\x00")
        async for _ in connection:
            pass

    async with scripted(moshi) as url:
        await client.load(url)
        await client.push(SILENCE, 400)
        assert client.of(f.NotesWanted) == []
        assert len(connections) == 1
