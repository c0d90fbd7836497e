"""The same over TLS, with the certificate that we make: clients that were given it come in."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

pytest.importorskip("cryptography", reason="it makes the certificate")

from assistant import frames as f
from assistant.audio.wav import wav_header
from assistant.serving.api.encoding import pcm16
from assistant.serving.certificate import own_certificate
from assistant.serving.settings import ServeSettings, tls_context
from tests.fakes import SAMPLES_A_WORD
from tests.serving.api.served import TOKEN, Served, openai, serving
from tests.speech import RATE, espeak


@pytest.fixture
def trusted(tmp_path: Path) -> Path:
    """The certificate, as a client is given it."""
    return own_certificate(frozenset(), [], tmp_path).path


@pytest_asyncio.fixture
async def served(trusted: Path) -> AsyncIterator[Served]:
    settings = ServeSettings(certificate=trusted, key=trusted.with_name("key.pem"))
    async with serving(certificate=tls_context(settings)) as running:
        yield running


@contextlib.asynccontextmanager
async def client_of(served: Served, trust: ssl.SSLContext) -> AsyncIterator[openai.AsyncOpenAI]:
    async with (
        httpx.AsyncClient(verify=trust, timeout=20) as http,
        openai.AsyncOpenAI(
            base_url=served.url, api_key=TOKEN, max_retries=0, http_client=http
        ) as client,
    ):
        yield client


async def test_speech_streams_and_a_recording_is_written_down(
    served: Served, trusted: Path
) -> None:
    served.process.written_down = [f.Transcribed(0, text="One two three.", language="en")]
    async with client_of(served, ssl.create_default_context(cafile=trusted)) as client:
        spoken = client.audio.speech.with_streaming_response.create(
            model="tts-1", voice="glados", input="One two three.", response_format="pcm"
        )
        async with spoken as response:
            pcm = await response.read()
        assert len(pcm) == 3 * 2 * SAMPLES_A_WORD
        data = pcm16(espeak("One two three."))
        text = await client.audio.transcriptions.create(
            model="whisper-1", file=("three.wav", wav_header(RATE, len(data)) + data)
        )
        assert text.text == "One two three."


async def test_a_conversation_is_held_over_wss(served: Served, trusted: Path) -> None:
    trust = ssl.create_default_context(cafile=trusted)
    async with (
        client_of(served, trust) as client,
        client.realtime.connect(
            model="gpt-realtime", websocket_connection_options={"ssl": trust}
        ) as connection,
    ):
        assert (await connection.recv()).type == "session.created"
        await connection.session.update(
            session={"type": "realtime", "audio": {"output": {"voice": "hal"}}}
        )
        updated = await connection.recv()
        assert updated.type == "session.updated"
        assert updated.session.audio.output.voice == "hal"


async def test_who_was_not_given_the_certificate_sends_nothing(served: Served) -> None:
    async with client_of(served, ssl.create_default_context()) as client:
        with pytest.raises(openai.APIConnectionError):
            await client.models.list()


async def test_who_speaks_without_tls_is_hung_up_on_and_the_next_served(
    served: Served, trusted: Path
) -> None:
    async with httpx.AsyncClient(timeout=20) as web:
        with pytest.raises(httpx.TransportError):
            await web.get(f"{served.url.replace('https', 'http')}/models")
    async with client_of(served, ssl.create_default_context(cafile=trusted)) as client:
        assert [model.id async for model in client.models.list()]
