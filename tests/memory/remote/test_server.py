"""The memory server as an attacker, a browser and a confused client meet it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("starlette", reason="the server needs starlette")
pytest.importorskip("uvicorn", reason="the server needs uvicorn")

from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.commands.memory.serve import MemoryServeSettings, check_exposure
from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.remote import server as http_server
from assistant.memory.remote.protocol import Misunderstood, Written, decode, encode
from assistant.memory.store.files import FileStore
from assistant.serving.connection_limits import open_sockets
from assistant.serving.settings import ServeError
from tests.memory.remote.served import TOKEN, Served
from tests.memory.samples import ID, journals, parrot

BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def web(store: FileStore) -> Iterator[httpx.Client]:
    store.write(parrot())
    with Served(store) as served, httpx.Client(base_url=served.url, headers=BEARER) as client:
        yield client


def told(response: httpx.Response) -> str:
    """What it says is wrong; it is always told in the same form."""
    assert response.headers["content-type"] == "application/json"
    trouble = response.json()
    assert trouble.keys() == {"error", "remedy"}
    assert "Traceback" not in response.text
    return str(trouble["error"])


def test_without_the_token_nothing_is_told(web: httpx.Client) -> None:
    for header in ("", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", "Bearer é"):
        for path in ("/v1", "/v1/journals", f"/v1/journals/{ID}", "/nowhere"):
            answer = web.get(path, headers={"Authorization": header.encode()})
            assert answer.status_code == 401
            assert "token" in told(answer)
    assert web.get("/v1", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("name", ["evil.example", "evil.example:80", "", "127.0.0.1.evil.example"])
def test_a_name_that_was_pointed_at_this_machine_is_not_answered(
    web: httpx.Client, name: str
) -> None:
    answer = web.get("/v1/journals", headers={"Host": name})
    assert answer.status_code in (400, 421)
    assert ID not in answer.text


@pytest.mark.parametrize(
    "name", ["localhost", "LOCALHOST:1", "[::1]:8990", "192.168.0.7", "kitchen"]
)
def test_its_own_names_and_any_address_are_answered(web: httpx.Client, name: str) -> None:
    assert web.get("/v1/journals", headers={"Host": name}).json() == [ID]


def test_a_web_page_is_refused_whatever_it_sends_along(web: httpx.Client) -> None:
    for origin in ("https://evil.example", "null", "http://localhost"):
        assert web.get("/v1/journals", headers={"Origin": origin}).status_code == 403
    form = web.post("/v1/forget", content=b'{"ids":[]}', headers={"Content-Type": "text/plain"})
    assert form.status_code == 415


def test_too_large_a_body_is_refused(web: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_server, "MAX_BODY", 1_000)
    body = b'{"query": "' + b"a" * 2_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    assert web.post("/v1/search", content=body, headers=headers).status_code == 413
    chunks = (body[at : at + 500] for at in range(0, len(body), 500))
    assert web.post("/v1/search", content=chunks, headers=headers).status_code == 413
    assert web.get("/v1/journals").json() == [ID]


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/v1/search", b"{", "truncated"),
        ("/v1/search", b"[" * 100_000, ""),
        ("/v1/search", b"\xff\xfe", ""),
        ("/v1/search", b"{}", "query"),
        ("/v1/search", b'{"query": 1}', "str"),
        ("/v1/search", b'{"query": "a", "limit": -1}', "limit"),
        ("/v1/search", b'{"query": "a", "limit": 100000000}', "limit"),
        ("/v1/search", b'{"query": "a", "filters": {"categories": ["no such"]}}', "enum"),
        ("/v1/memories", b'{"filters": {"since": "2026-11-21T19:05:03"}}', "zone"),
        ("/v1/forget", b'{"ids": "all"}', "array"),
    ],
)
def test_what_is_not_understood_is_told(
    web: httpx.Client, path: str, body: bytes, why: str
) -> None:
    answer = web.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert why in told(answer)


def test_a_journal_cannot_be_written_elsewhere(web: httpx.Client, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    for id in ("..%2F..%2Fetc", "a", "2026-11-21T190503-..%2Fx", "2026-11-22T190503-jarvis"):
        body = json.loads(encode(Written(parrot())))
        for inside in (id, ID, "../../x"):
            body["journal"]["id"] = inside
            answer = web.put(f"/v1/journals/{id}", json=body)
            if inside != id:
                assert answer.status_code in (400, 404)
        told(web.get(f"/v1/journals/{id}"))
    assert sorted(tmp_path.rglob("*")) == before


def test_what_does_not_exist_is_told(web: httpx.Client) -> None:
    assert web.get("/v1/journals/2020-01-01T000000-nobody").status_code == 404
    assert told(web.get("/etc/passwd"))
    assert web.delete(f"/v1/journals/{ID}").status_code == 405


def test_what_fails_inside_is_told_without_a_traceback(
    web: httpx.Client, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> list[str]:
        raise MemoryFailure("the disk is full", "Delete something.")

    monkeypatch.setattr(store, "journals", full)
    answer = web.get("/v1/journals")
    assert (told(answer), answer.json()["remedy"]) == ("the disk is full", "Delete something.")
    monkeypatch.setattr(store, "journals", lambda: 1 / 0)
    assert "unexpected" in told(web.get("/v1/journals"))


@settings(max_examples=30)
@given(journals())
def test_any_journal_is_the_same_on_the_other_side(journal: Journal) -> None:
    if re.search(r"\\ud[89a-f]", repr(journal)):
        return  # no text: half of a pair, which journals do not keep either
    if any(not 0 <= memory.confidence <= 1 for memory in journal.memories):
        return
    assert decode(encode(Written(journal)), Written).journal == journal


@given(st.binary(max_size=200))
def test_any_bytes_are_understood_or_refused(data: bytes) -> None:
    with contextlib.suppress(Misunderstood):
        decode(data, Written)


def test_other_machines_are_served_with_a_token_only() -> None:
    with pytest.raises(ServeError, match="token"):
        check_exposure(MemoryServeSettings(host="0.0.0.0"))
    with pytest.raises(ServeError, match="by trying") as refused:
        check_exposure(MemoryServeSettings(host="0.0.0.0", token="t" * 15))
    assert "secrets.token_urlsafe" in refused.value.remedy
    assert "unencrypted" in check_exposure(MemoryServeSettings(host="0.0.0.0", token="t" * 16))
    assert "every program" in check_exposure(MemoryServeSettings())
    assert check_exposure(MemoryServeSettings(token="t")) == ""


COMMAND = (
    "import typer; from assistant.cli.serve import memory_serve as serve;"
    "app = typer.Typer(); app.command()(serve); app()"
)


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    kinds = ("CONFIG", "DATA", "CACHE", "STATE")
    return {
        **os.environ,
        **{f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in kinds},
        "MEMORY_TOKEN": TOKEN,
    }


def test_the_command_prints_its_address_serves_and_ends_cleanly(home: dict[str, str]) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "--port", "0", "--token-env", "MEMORY_TOKEN"],
        env=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            url = program.stdout.readline().strip()
            assert "ready" in program.stdout.readline()
            headers = {**BEARER, "Content-Type": "application/json"}
            with httpx.Client(base_url=url, headers=headers) as web:
                path = f"/v1/journals/{ID}"
                assert web.put(path, content=encode(Written(parrot()))).status_code == 200
                assert web.get("/v1/journals").json() == [ID]
        finally:
            program.send_signal(signal.SIGINT)
        _, errors = program.communicate(timeout=30)
    assert program.returncode == 128 + signal.SIGINT
    assert errors == ""


def test_the_command_refuses_to_show_memory_to_the_network(home: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "--host", "0.0.0.0"],
        env=home,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "remedy: add --token-env NAME" in done.stderr
    assert "Traceback" not in done.stderr


def test_answers_are_not_held_back_for_more_to_send() -> None:
    (listening,) = open_sockets("127.0.0.1", 0)
    with listening:
        with socket.create_connection(listening.getsockname()):
            accepted, _ = listening.accept()
        with accepted:
            assert accepted.proto == socket.IPPROTO_TCP  # what asyncio asks before TCP_NODELAY
