"""The client, against servers that hang up, lie, flood, and come back."""

from __future__ import annotations

import asyncio
import shutil
import socket
import ssl
import subprocess
from http import HTTPStatus
from pathlib import Path

import pytest

pytest.importorskip("websockets", reason="the client needs websockets")
pytest.importorskip("sphn", reason="the client needs sphn")

from websockets.asyncio.server import ServerConnection

from assistant import frames as f
from assistant.backends.base import BackendError
from assistant.backends.server import client as client_module
from assistant.backends.server import exchange, protocol
from assistant.backends.server.opus import OpusEncoder
from tests.backends.server.conftest import NOISE, Client, scripted, until
from tests.serving.conftest import serving


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_module, "FIRST_PAUSE", 0.02)
    monkeypatch.setattr(client_module, "LONGEST_PAUSE", 0.1)
    monkeypatch.delenv("MOSHI_TEST_TOKEN", raising=False)


async def moshi(connection: ServerConnection) -> None:
    """A frame of noise and a word for each message, as Kyutai's servers do."""
    encoder = OpusEncoder()
    await connection.send(b"\x00" + bytes(8))  # the handshake of the Rust server
    async for message in connection:
        assert isinstance(message, bytes)
        if message[:1] == b"\x01":
            await connection.send(protocol.sound(encoder.encode(NOISE)))
            await connection.send(protocol.text(" aye"))


# -- the first connection ------------------------------------------------------------------------


async def refused(client: Client, url: str, **options: object) -> BackendError:
    with pytest.raises(BackendError) as caught:
        await client.load(url, **options)
    assert caught.value.remedy
    return caught.value


async def test_nothing_listens(client: Client) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = await refused(client, f"ws://127.0.0.1:{port}")
    assert "nothing listens" in error.message
    assert "serve-moshi" in error.remedy


async def test_a_machine_that_does_not_exist(client: Client) -> None:
    error = await refused(client, "ws://moshi.invalid")
    assert "moshi.invalid" in error.message


async def test_no_server_is_set(client: Client) -> None:
    assert "no Moshi server" in (await refused(client, "")).message
    assert "ftp" in (await refused(Client(), "ftp://x")).message


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "token"), (403, "let you in"), (404, "path"), (302, "another address"), (503, "busy")],
)
async def test_a_server_that_says_no(client: Client, status: int, words: str) -> None:
    def no(connection: ServerConnection, request: object) -> object:
        response = connection.respond(HTTPStatus(status), "no")
        response.headers["Location"] = "ws://127.0.0.1:1/elsewhere"
        return response

    async with scripted(moshi, process_request=no) as url:
        assert words in (await refused(client, url)).message


async def test_a_web_server_is_no_moshi(client: Client) -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(web, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert "no Moshi server" in (await refused(client, f"ws://127.0.0.1:{port}")).message


async def test_a_server_that_never_begins(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "HANDSHAKE_TIMEOUT", 0.2)

    async def mute(connection: ServerConnection) -> None:
        await connection.send(b"\x02 hello")
        await connection.wait_closed()

    async with scripted(mute) as url:
        error = await refused(client, url)
        assert "does not begin" in error.message
        assert "somebody else" in error.remedy


async def test_a_server_that_hangs_up_at_once(client: Client) -> None:
    async def gone(connection: ServerConnection) -> None:
        return

    async with scripted(gone) as url:
        error = await refused(client, url)
        assert "hangs up" in error.message
        assert "NATF2.pt" in error.remedy  # PersonaPlex without this voice does just that


async def test_a_busy_server_says_so(client: Client) -> None:
    async def busy(connection: ServerConnection) -> None:
        await connection.send(protocol.error("busy: somebody\n\x1b[31m else talks"))

    async with scripted(busy) as url:
        error = await refused(client, url)
        assert "busy: somebody" in error.message
        assert "\x1b" not in error.message


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    return tmp_path


async def test_tls_with_a_certificate_of_its_own(client: Client, certificate: Path) -> None:
    files = {"certificate": certificate / "cert.pem", "key": certificate / "key.pem"}
    async with serving(**files) as running:
        assert running.url.startswith("wss://")
        error = await refused(client, running.url)
        assert "not trusted" in error.message
        assert "ca_file" in error.remedy
        plain = await refused(Client(), running.url.replace("wss", "ws"))
        assert "wss://" in plain.remedy
        for options in ({"ca_file": str(certificate / "cert.pem")}, {"verify": False}):
            trusting = Client()
            assert "loopback" in await trusting.load(running.url, **options)
            await asyncio.to_thread(trusting.backend.close)


async def test_tls_where_there_is_none(client: Client) -> None:
    async with scripted(moshi) as url:
        error = await refused(client, url.replace("ws://", "wss://"))
        assert "TLS" in error.message
        assert "ca_file" in (await refused(Client(), "wss://x", ca_file="/nowhere")).remedy


async def test_the_token_comes_from_the_environment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(token="open sesame") as running:
        error = await refused(client, running.url)
        assert "MOSHI_TEST_TOKEN" in error.message
        monkeypatch.setenv("MOSHI_TEST_TOKEN", "open sesame")
        other = Client()
        await other.load(running.url)
        await asyncio.to_thread(other.backend.close)


# -- a foreign server ----------------------------------------------------------------------------


async def test_sound_and_words_of_a_foreign_server(client: Client) -> None:
    async with scripted(moshi) as url:
        engine = await client.load(url)
        assert "127.0.0.1" in engine
        can = client.backend.capabilities
        assert (can.full_duplex, can.answers_by_itself, can.say) == (True, True, False)
        assert client.backend.note
        for _ in range(12):
            await client.push()
            await asyncio.sleep(0.01)
        await until(lambda: client.words.count("aye") >= 10)
        assert client.samples >= 10 * 1920
        assert {event.utterance for event in client.of(f.AudioOut)} == {f.FIRST_OWN_UTTERANCE}


async def test_a_call_in_the_words_is_reported_and_not_heard(client: Client) -> None:
    pieces = [" well", " TOOL", "_CALL", ":", ' {"name":', ' "roll_dice"', "}", "", "", " so"]

    async def calls(connection: ServerConnection) -> None:
        encoder = OpusEncoder()
        await connection.send(b"\x00")
        rest = iter(pieces)
        async for _ in connection:
            await connection.send(protocol.sound(encoder.encode(NOISE)))
            if piece := next(rest, ""):
                await connection.send(protocol.text(piece))

    async with scripted(calls) as url:
        await client.load(url)
        for _ in range(30):
            await client.push()
            await asyncio.sleep(0.005)
        await until(lambda: "so" in client.words)
        spelled = client.of(f.CallSpelled)
        assert [event.text for event in spelled] == ['TOOL_CALL: {"name": "roll_dice"}']
        assert "TOOL" not in client.words
        assert client.samples <= 26 * 1920


async def test_a_persona_is_in_the_address_and_a_new_one_begins_anew(client: Client) -> None:
    asked: list[dict[str, str]] = []

    async def personaplex(connection: ServerConnection) -> None:
        assert connection.request is not None
        asked.append(protocol.query_of(connection.request.path))
        await moshi(connection)

    async with scripted(personaplex) as url:
        await client.load(f"{url}?seed=7")
        pirate = f.PersonaPrompt(
            slug="p", name="P", text="You are & a pirate", voice_prompt="NATM1"
        )
        await asyncio.to_thread(client.backend.change_persona, pirate)
        await until(lambda: len(asked) == 2)
        await asyncio.to_thread(client.backend.change_persona, pirate)  # the same: nothing to do
        await client.push(count=3)
        await until(lambda: client.samples)
        assert len(asked) == 2
        first, second = asked
        assert first == {"seed": "7", "text_prompt": "", "voice_prompt": "NATF2.pt"}
        assert second["text_prompt"] == "You are & a pirate"
        assert second["voice_prompt"] == "NATM1.pt"
        assert not client.of(f.Failed)


async def test_a_lost_server_comes_back_with_its_persona(client: Client) -> None:
    asked: list[str] = []

    async def personaplex(connection: ServerConnection) -> None:
        assert connection.request is not None
        asked.append(protocol.query_of(connection.request.path)["text_prompt"])
        await moshi(connection)

    async with scripted(personaplex) as url:
        port = int(url.split(":")[2].split("/")[0])
        await client.load(url)
        pirate = f.PersonaPrompt(slug="p", name="P", text="pirate")
        await asyncio.to_thread(client.backend.change_persona, pirate)
        await until(lambda: len(asked) == 2)
        await client.push(count=3)
        await until(lambda: client.samples)
    await until(lambda: client.of(f.UtteranceEnded))
    await until(lambda: len(client.of(f.Failed)) >= 2)
    failed = client.of(f.Failed)
    assert not any(event.fatal for event in failed)
    assert all("trying again" in event.remedy for event in failed)
    await client.push(count=20)  # nobody hears these, not now and not later
    heard = client.samples
    received = 0

    async def counting(connection: ServerConnection) -> None:
        nonlocal received
        assert connection.request is not None
        asked.append(protocol.query_of(connection.request.path)["text_prompt"])
        await connection.send(b"\x00")
        async for _ in connection:
            received += 1

    def connected() -> int:
        return sum("again" in event.text for event in client.of(f.Status))

    before = connected()  # as a pirate
    async with scripted(counting, port):
        await until(lambda: len(asked) == 3)
        await until(lambda: connected() > before)
        await client.push(count=4)
        await until(lambda: received == 4)
        assert asked[2] == "pirate"
        assert client.samples == heard
        assert client.backend._link is not None
        assert client.backend._link.dropped == 20


# -- hostile servers -----------------------------------------------------------------------------


async def hostile(client: Client, messages: list[bytes | str]) -> int:
    """The server sends these after the handshake; then it has to be usable as any other. Returns
    how many frames it took until it was."""

    async def server(connection: ServerConnection) -> None:
        await connection.send(b"\x00")
        for message in messages:
            await connection.send(message)
        await moshi(connection)

    async with scripted(server) as url:
        await client.load(url)
        frames = 0
        while client.words.count("aye") < 4 and frames < 500:
            await client.push()
            frames += 1
            await asyncio.sleep(0.01)
        assert frames < 500
        return frames


async def test_rubbish_is_survived(client: Client) -> None:
    rubbish: list[bytes | str] = ["text", b"", b"\x01", b"\x01OggS", b"\x01" + bytes(5000)]
    rubbish += [b"\x02\xff\xfe\x1b[2J", b"\x02", b"\x03", b"\x04{", b'\x04{"call": "x"}', b"\x06"]
    rubbish += [bytes((kind,)) + b"?" for kind in range(7, 256)]
    await hostile(client, rubbish)
    assert not client.of(f.CallSpelled)  # only our own server may report one


async def test_endless_text_is_cut(client: Client) -> None:
    await hostile(client, [b"\x02" + b"a" * 100_000, *[b"\x02blah"] * 5_000])
    assert len(client.words) < 5_000


async def test_sound_that_comes_too_fast_is_thrown_away(client: Client) -> None:
    encoder = OpusEncoder()
    frames = await hostile(client, [protocol.sound(encoder.encode(NOISE)) for _ in range(400)])
    assert client.samples <= exchange.ALLOWANCE * 24_000 + frames * 1920


async def test_a_huge_message_costs_the_connection_and_nothing_else(client: Client) -> None:
    calls = 0

    async def huge(connection: ServerConnection) -> None:
        nonlocal calls
        calls += 1
        await connection.send(b"\x00")
        if calls == 1:
            await connection.send(b"\x01" + bytes(4 * protocol.MAX_MESSAGE))
        await moshi(connection)

    async with scripted(huge) as url:
        await client.load(url)
        await until(lambda: calls == 2)
        assert client.of(f.Failed)


async def test_a_server_that_hangs_up_in_a_loop_is_called_less_and_less(client: Client) -> None:
    calls = 0

    async def loop(connection: ServerConnection) -> None:
        nonlocal calls
        calls += 1
        await connection.send(b"\x00")

    async with scripted(loop) as url:
        await client.load(url)
        await until(lambda: calls >= 4)
        assert calls <= 20
        assert not any(event.fatal for event in client.of(f.Failed))


async def test_a_server_that_does_not_read_drops_frames_and_says_so(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "LAG_LIMIT", 0.1)
    stuck = asyncio.Event()

    async def stalls(connection: ServerConnection) -> None:
        await connection.send(b"\x00")
        connection.transport.pause_reading()
        await stuck.wait()
        connection.transport.resume_reading()
        await connection.wait_closed()

    async with scripted(stalls) as url:
        await client.load(url)
        await asyncio.sleep(0.2)
        await client.push(count=30)
        await until(lambda: client.of(f.Lag))
        assert client.of(f.Lag)[0].seconds >= 0.1
        stuck.set()
        await until(lambda: client.of(f.Lag)[-1].seconds == 0)
        await asyncio.to_thread(client.backend.close)


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.backends.server.opus.find_spec", lambda name: None)
    with pytest.raises(BackendError, match="websockets, sphn") as caught:
        Client().backend.load(f.Load(options={"url": "ws://x"}, names=[]))
    assert "[server]'" in caught.value.remedy


def test_our_certificates_are_checked_by_default() -> None:
    from assistant.backends.server.failures import Address, tls_for

    context = tls_for(Address("wss://x"))
    assert context is not None
    assert context.verify_mode == ssl.CERT_REQUIRED
