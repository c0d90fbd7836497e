"""`assistant mcp` as a client starts it: the real program on standard input and output, the
client of the protocol's own library."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp import Client, StdioServerParameters
from mcp.types import Implementation

from assistant.session.clients.private_socket import listening
from assistant.session.clients.requests import Ask, Speak
from tests.fakes import FakeSession, until

COMMAND = [sys.executable, "-m", "assistant", "mcp"]
HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "zed", "version": "1"},
    },
}


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    homes = {f"XDG_{each}_HOME": str(tmp_path / each) for each in ("CONFIG", "DATA", "STATE")}
    for name, value in homes.items():
        monkeypatch.setenv(name, value)
    return {**homes, "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"]}


def client(environment: dict[str, str], name: str = "claude-code") -> Client:
    server = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], env=environment)
    return Client(server, client_info=Implementation(name=name, version="1"))


def text(result: Any) -> dict[str, Any]:
    assert not result.is_error, result.content
    told: dict[str, Any] = json.loads(result.content[0].text)
    return told


async def test_a_running_session_speaks_for_it(environment: dict[str, str]) -> None:
    session = FakeSession()
    async with listening(session, "session"), client(environment) as claude:
        assert text(await claude.call_tool("speak", {"text": "Done."}))["heard"] == "Hello."
    assert session.calls == [("serve_client", ("Claude Code", Speak("Done.")))]


async def test_a_cancelled_question_is_cancelled_in_the_running_session(
    environment: dict[str, str],
) -> None:
    session = FakeSession()
    session.served = asyncio.Event()
    async with listening(session, "session"), client(environment) as claude:
        call = asyncio.create_task(claude.call_tool("ask", {"questions": "Which?"}))
        await until(lambda: session.calls != [])
        assert session.calls == [("serve_client", ("Claude Code", Ask(["Which?"])))]
        call.cancel()
        await until(lambda: session.cancelled == 1)


async def test_without_a_session_it_remembers_and_recalls(environment: dict[str, str]) -> None:
    async with client(environment) as claude:
        kept = await claude.call_tool("remember", {"text": "my parrot is called Picasso"})
        assert text(kept)["done"]
        found = await claude.call_tool("recall", {"query": "parrot"})
        assert "Picasso" in text(found)["text"]
        refused = await claude.call_tool("remember", {"text": "my password is hunter2secret"})
        assert not text(refused)["done"]
    async with client(environment, "zed") as another:
        assert "Picasso" in text(await another.call_tool("recall", {"query": "parrot"}))["text"]


def start(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        COMMAND,
        env=os.environ | environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def greeted(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(HELLO).encode() + b"\n")
    process.stdin.flush()
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return told


def test_nothing_but_the_protocol_is_on_standard_output(environment: dict[str, str]) -> None:
    process = start(environment)
    welcome = greeted(process)
    assert welcome["result"]["serverInfo"]["name"] == "assistant"
    assert "ask" in welcome["result"]["instructions"]
    rest, errors = process.communicate(b"this is no message\n", timeout=60)
    assert process.returncode == 0
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in rest.splitlines())
    assert b"Traceback" not in errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_when_it_is_told_to(environment: dict[str, str], number: signal.Signals) -> None:
    process = start(environment)
    greeted(process)
    process.send_signal(number)
    assert process.wait(timeout=30) == 128 + number
    assert process.stderr is not None
    assert b"Traceback" not in process.stderr.read()


def test_a_persona_that_is_not_there_is_told_before_it_serves(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [*COMMAND, "--persona", "nobody"],
        env=os.environ | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == b""
    assert b"no persona called" in done.stderr


def test_without_the_package_it_says_what_to_install(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "mcp.py").write_text("raise ImportError('no such thing')\n")
    done = subprocess.run(
        COMMAND,
        env=os.environ | environment | {"PYTHONPATH": str(tmp_path)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert b"[adapters]'" in done.stderr
    assert done.stdout == b""
