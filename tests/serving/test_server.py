"""Our server, as its clients meet it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket as sockets
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("websockets", reason="the server needs websockets")
pytest.importorskip("sphn", reason="the server needs sphn")

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from assistant.backends.base import BackendError
from assistant.backends.server import protocol
from assistant.serving.settings import ServeError, ServeSettings, check_exposure, tls_context
from tests.serving.conftest import LOUD, SILENT, serving, stranger, until

TURN = [*[LOUD] * 10, *[SILENT] * 7]
"""Makes the echo backend answer with what it heard."""


async def test_a_plain_moshi_client_talks_and_hears_a_frame_for_each_of_its_own() -> None:
    async with serving() as running, stranger(running.url) as client:
        await until(lambda: client.talks)
        for frame in [*TURN, *[SILENT] * 25]:
            await client.send(frame)
        await until(lambda: len(client.frames) >= 42)
        await asyncio.sleep(0.1)
        assert client.kinds[0] == 0
        assert 42 <= len(client.frames) <= 42 + 2
        assert all(len(frame) == 1920 for frame in client.frames)
        assert client.text == " echo 1"
        assert 4 not in client.kinds  # it would not know what to do with it
        loud = [float(np.abs(frame).max()) > 0.1 for frame in client.frames]
        assert 9 <= sum(loud) <= 12  # the ten loud frames come back, silence before and after
        assert not loud[0]
        assert not loud[-1]


async def test_a_client_of_ours_is_told_where_utterances_begin_and_end() -> None:
    async with serving() as running, stranger(running.url, own=True) as client:
        await until(lambda: client.reports)
        hello = client.reports[0].hello
        assert hello is not None
        assert hello.say
        await client.ask(say=protocol.SayRequest(7, "one two three", True))
        for _ in range(20):
            await client.send(SILENT)
        await until(lambda: any(r.end for r in client.reports))
        assert [r.begin.said for r in client.reports if r.begin] == [7]
        assert client.text == " one two three"


async def test_an_interruption_ends_the_sound_at_once() -> None:
    async with serving() as running, stranger(running.url, own=True) as client:
        await until(lambda: client.talks)
        await client.ask(say=protocol.SayRequest(1, "word " * 100, True))
        for _ in range(10):
            await client.send(SILENT)
        await until(lambda: len(client.frames) >= 10)
        assert np.abs(client.sound[-1920:]).max() > 0.05
        await client.ask(interrupt=True)
        await until(lambda: any(r.end for r in client.reports))
        before = len(client.frames)
        for _ in range(10):
            await client.send(SILENT)
        await until(lambda: len(client.frames) >= before + 8)
        assert np.abs(np.concatenate(client.frames[-5:])).max() < 0.01


async def test_the_second_client_waits_and_the_fourth_is_sent_away() -> None:
    async with serving(queue=2) as running, stranger(running.url) as first:
        await until(lambda: first.talks)
        async with stranger(running.url) as second, stranger(running.url) as third:
            await until(lambda: second.reports and third.reports)
            places = [client.reports[0].queue for client in (second, third)]
            assert sorted(p or 0 for p in places) == [1, 2]
            async with stranger(running.url) as fourth:
                await until(lambda: fourth.socket.close_code is not None)
                assert fourth.error.startswith("busy")
                assert fourth.socket.close_code == 1013
            assert not second.talks
            assert not third.talks
            ahead, behind = (second, third) if places[0] == 1 else (third, second)
            await first.socket.close()
            await until(lambda: ahead.talks)
            assert not behind.talks
            await until(lambda: behind.reports[-1].queue == 1)
            await ahead.socket.close()
            await until(lambda: behind.talks)


async def test_who_leaves_the_line_makes_room_and_the_next_hears_nothing_of_the_last() -> None:
    async with serving(queue=1) as running, stranger(running.url, own=True) as first:
        await until(lambda: first.talks)
        async with stranger(running.url) as impatient:
            await until(lambda: impatient.reports)
        async with stranger(running.url) as second:
            await until(lambda: second.reports)
            await first.ask(say=protocol.SayRequest(1, "secret " * 200, True))
            for _ in range(10):
                await first.send(SILENT)
            await until(lambda: "secret" in first.text)
            await first.socket.close()
            await until(lambda: second.talks)
            for _ in range(20):
                await second.send(SILENT)
            await until(lambda: len(second.frames) >= 20)
            assert np.abs(second.sound).max() < 0.01
            assert second.text == ""


async def test_a_silent_client_loses_the_model() -> None:
    async with serving(silent_after=0.3) as running, stranger(running.url) as client:
        await until(lambda: client.socket.close_code is not None)
        assert client.socket.close_code == 1008
        assert "no sound" in (client.socket.close_reason or "")


async def test_rubbish_does_not_end_the_conversation() -> None:
    rubbish: list[bytes | str] = [b"", "text", b"\x01", b"\x01OggS", b"\x01" + bytes(3000)]
    rubbish += [b"\x04{", b'\x04{"say": 3}', b"\x04\xff", b"\x63what", b"\x06", b"\x04[[[["]
    async with serving() as running, stranger(running.url, own=True) as client:
        await until(lambda: client.talks)
        for message in rubbish:
            await client.socket.send(message)
        for frame in [*TURN, *[SILENT] * 25]:
            await client.send(frame)
        await until(lambda: "echo" in client.text)


async def test_a_message_without_end_ends_only_its_own_client() -> None:
    async with serving() as running:
        async with stranger(running.url) as client:
            await until(lambda: client.talks)
            await client.socket.send(b"\x01" + bytes(protocol.MAX_MESSAGE))
            await until(lambda: client.socket.close_code is not None)
            assert client.socket.close_code == 1009
        async with stranger(running.url) as client:
            await until(lambda: client.talks)


async def test_a_killed_backend_is_replaced_under_the_conversation() -> None:
    async with serving() as running, stranger(running.url, own=True) as client:
        await until(lambda: client.talks)
        await client.ask(say=protocol.SayRequest(1, "word " * 50, True))
        for _ in range(5):
            await client.send(SILENT)
        await until(lambda: client.text)
        pid = running.process.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await until(lambda: any(r.notice for r in client.reports))
        await until(lambda: running.process.ready.is_set())
        for frame in [*[SILENT] * 140, *TURN, *[SILENT] * 25]:
            await client.send(frame)
        await until(lambda: sum(r.end for r in client.reports) == 2)
        assert client.text.endswith(" echo 1")


async def test_a_token_opens_the_door() -> None:
    async with serving(token="open sesame") as running:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
            with pytest.raises(InvalidStatus) as refused:
                await connect(running.url, additional_headers=headers)
            assert refused.value.response.status_code == 401
        async with stranger(running.url, headers={"Authorization": "Bearer open sesame"}) as client:
            await until(lambda: client.talks)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/", 404),
        ("/api/chat/../../etc/passwd", 404),
        ("/api/chat?voice_prompt=../../secret.pt", 400),
        ("/api/chat?voice_prompt=%2Fetc%2Fpasswd", 400),
        ("/api/chat?voice_prompt=..", 400),
        ("/api/chat?voice_prompt=a%00b", 400),
        ("/api/chat?" + "&".join(f"a{i}=1" for i in range(60)), 400),
    ],
)
async def test_what_nobody_may_ask_for(path: str, status: int) -> None:
    async with serving() as running:
        with pytest.raises(InvalidStatus) as refused:
            await connect(running.url.replace("/api/chat", path))
        assert refused.value.response.status_code == status


async def test_a_web_page_cannot_talk_to_it() -> None:
    async with serving() as running:
        with pytest.raises(InvalidStatus) as refused:
            await connect(running.url, origin="https://example.org")  # type: ignore[arg-type]
        assert refused.value.response.status_code == 403


async def test_a_persona_in_the_address_is_welcome() -> None:
    async with serving() as running:
        url = protocol.with_query(
            running.url, {"text_prompt": "You are a pirate.", "voice_prompt": "NATM1.pt"}
        )
        async with stranger(url) as client:
            await until(lambda: client.talks)


async def test_a_taken_port_is_told() -> None:
    with (
        sockets.create_server(("127.0.0.1", 0)) as taken,
        pytest.raises(ServeError, match="taken") as refused,
    ):
        async with serving(port=taken.getsockname()[1]):
            pass
    assert "--port" in refused.value.remedy


async def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(ServeError, match="no address of this machine"):
        async with serving(host="192.0.2.1"):
            pass


async def test_a_backend_that_cannot_run_ends_the_server_with_its_reason() -> None:
    with pytest.raises(BackendError, match="nonsense"):
        async with serving("nonsense"):
            pass


def test_the_network_is_served_only_with_a_token() -> None:
    with pytest.raises(ServeError, match="token"):
        check_exposure(ServeSettings(host="0.0.0.0"))
    assert check_exposure(ServeSettings()) is None
    assert check_exposure(ServeSettings(host="::1")) is None
    assert check_exposure(ServeSettings(host="localhost")) is None
    assert "unencrypted" in (check_exposure(ServeSettings(host="0.0.0.0", token="t" * 16)) or "")
    assert check_exposure(ServeSettings(host="0.0.0.0", insecure=True)) is not None


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ServeError, match="no file"):
        tls_context(ServeSettings(certificate=tmp_path / "cert.pem"))
    (tmp_path / "cert.pem").write_text("nonsense")
    with pytest.raises(ServeError, match="cannot be used"):
        tls_context(ServeSettings(certificate=tmp_path / "cert.pem"))
    with pytest.raises(ServeError, match="without a certificate"):
        tls_context(ServeSettings(key=tmp_path / "key.pem"))
