"""How other programs of the same user find a running session, and nobody else."""

from __future__ import annotations

import asyncio
import json
import os
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from assistant.config.schema import Config
from assistant.locations import sockets_dir
from assistant.serving.client_voice import request_of
from assistant.session.clients import private_socket
from assistant.session.clients.private_socket import (
    Endpoint,
    SessionGone,
    connect,
    endpoints,
    listening,
    serve_privately,
)
from assistant.session.clients.requests import AnyResult, RequestError, Speak, Spoken
from assistant.session.factory import make_conversation, start_and_wait
from assistant.session.protocol import Hello, encode
from tests.fakes import FakeAudio, FakeSession, until


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder whose name leaves room for that of a socket, as pytest's own do not."""
    with tempfile.TemporaryDirectory(prefix="s-") as folder:
        yield Path(folder)


@pytest.fixture(autouse=True)
def state(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(short))


async def served(endpoint: Endpoint) -> AnyResult:
    return await request_of(endpoint, "Zed", Speak("Hello."), lambda text: None)


@pytest.mark.parametrize("unix", [True, False], ids=["socket", "port"])
async def test_a_running_session_is_found_and_does_what_is_asked(unix: bool) -> None:
    session = FakeSession()
    async with listening(session, "session", unix=unix):
        (found,) = endpoints()
        assert (found.kind, found.pid) == ("session", os.getpid())
        told: list[str] = []
        result = await request_of(found, "Zed", Speak("Hello."), told.append)
        assert result == Spoken("Hello.", interrupted=False, aloud=True)
        assert told == ["waits"]
        assert session.calls == [("serve_client", ("Zed", Speak("Hello.")))]
    assert endpoints() == []
    with pytest.raises(SessionGone):
        await connect(found)


@pytest.mark.parametrize("reachable", [True, False])
async def test_a_conversation_is_reached_only_where_the_settings_let_it(reachable: bool) -> None:
    config = Config.model_validate(
        {
            "backend": {"name": "echo"},
            "brain": {"kind": "scripted"},
            "session": {"reachable": reachable, "save": False},
        }
    )
    session = make_conversation(config, FakeAudio())
    try:
        await start_and_wait(session)
        if reachable:
            await until(lambda: len(endpoints()) == 1)
        assert len(endpoints()) == reachable
    finally:
        await session.stop()
    assert endpoints() == []


@pytest.mark.parametrize("unix", [True, False], ids=["socket", "port"])
async def test_nobody_else_may_look_at_it(unix: bool) -> None:
    async with listening(FakeSession(), "session", unix=unix) as endpoint:
        assert stat.S_IMODE(endpoint.path.lstat().st_mode) == 0o600
        assert stat.S_IMODE(sockets_dir().stat().st_mode) == 0o700


async def test_another_user_is_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    session = FakeSession()
    async with listening(session, "session") as endpoint:
        monkeypatch.setattr(os, "geteuid", lambda: 4242)
        reader, writer = await connect(endpoint)
        writer.write(encode(Hello(1)) + b"\n")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert session.calls == []


@pytest.mark.parametrize("token", ["", "wrong", "x" * 200_000])
async def test_who_does_not_know_the_token_is_turned_away(token: str) -> None:
    session = FakeSession()
    async with listening(session, "session", unix=False) as endpoint:
        port = json.loads(endpoint.path.read_text())["port"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{token}\n".encode() + encode(Hello(1)) + b"\n")
        with suppress(ConnectionResetError):
            assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
    assert session.calls == []


def test_what_a_dead_process_left_is_taken_away() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    sockets_dir().mkdir(parents=True, mode=0o700)
    left = sockets_dir() / f"session-{gone.pid}.sock"
    left.touch()
    (sockets_dir() / "something else").touch()
    assert endpoints() == []
    assert not left.exists()
    assert (sockets_dir() / "something else").exists()


async def test_where_nobody_listens_any_more_it_is_taken_away() -> None:
    """The number of the process may be another's by now."""
    async with listening(FakeSession(), "session") as endpoint:
        again = endpoint.path.with_name("session-1.sock")
        os.link(endpoint.path, again)
    with pytest.raises(SessionGone):
        await connect(Endpoint(again, "session", 1))
    assert not again.exists()


async def test_sessions_with_a_screen_come_first() -> None:
    async with (
        listening(FakeSession(), "headless") as headless,
        listening(FakeSession(), "session") as session,
    ):
        assert endpoints() == [session, headless]


async def test_who_goes_away_takes_its_request_along() -> None:
    session = FakeSession()
    session.served = asyncio.Event()
    async with listening(session, "session") as endpoint:
        waiting = asyncio.create_task(served(endpoint))
        await until(lambda: session.calls != [])
        waiting.cancel()
        await until(lambda: session.cancelled == 1)


async def test_a_session_that_ends_is_told_from_one_that_refuses() -> None:
    session = FakeSession()
    session.served = asyncio.Event()
    stack = listening(session, "session")
    endpoint = await stack.__aenter__()
    waiting = asyncio.create_task(served(endpoint))
    await until(lambda: session.calls != [])
    await stack.__aexit__(None, None, None)
    with pytest.raises(SessionGone):
        await waiting
    session.failing["serve_client"] = RequestError("there is no speaker", "plug one in")
    async with listening(session, "session") as endpoint:
        with pytest.raises(RequestError, match="no speaker") as error:
            await served(endpoint)
        assert error.value.remedy == "plug one in"


async def test_a_folder_that_is_somebody_elses_is_not_used(
    monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    monkeypatch.setattr(private_socket, "sockets_dir", lambda: short / ("long" * 40))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(short))
    (short / "elsewhere").mkdir()
    async with listening(FakeSession(), "session") as endpoint:
        folder = endpoint.path.parent
    folder.symlink_to(short / "elsewhere")
    serving = asyncio.create_task(serve_privately(FakeSession()))
    await asyncio.wait({serving}, timeout=5)
    assert serving.done()
    assert serving.exception() is None
    assert list((short / "elsewhere").iterdir()) == []


async def test_a_deep_folder_has_a_short_way(monkeypatch: pytest.MonkeyPatch, short: Path) -> None:
    monkeypatch.setattr(private_socket, "sockets_dir", lambda: short / ("long" * 40))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(short))
    async with listening(FakeSession(), "session"):
        (found,) = endpoints()
        assert await served(found)


async def test_where_no_path_is_short_enough_nothing_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, short: Path
) -> None:
    deep = short / ("deep" * 30)
    deep.mkdir()
    monkeypatch.setenv("XDG_STATE_HOME", str(deep))
    monkeypatch.setattr(tempfile, "tempdir", str(deep))
    await serve_privately(FakeSession())
    assert list(deep.iterdir()) == []
