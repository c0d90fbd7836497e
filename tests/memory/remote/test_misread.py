"""What no conversation can hold is refused by the memory server, and nothing is kept of it."""

from __future__ import annotations

import asyncio
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("starlette")
pytest.importorskip("uvicorn")

from assistant.memory.base import Journal, MemoryFailure
from assistant.memory.remote.client import HttpStore
from assistant.memory.remote.protocol import Misunderstood, decode
from assistant.memory.remote.server import AccessControl, MemoryApi
from assistant.memory.store.in_memory import InMemoryStore
from assistant.serving.connection_limits import ConnectionLimiter

ID = "2026-11-21T190503-jarvis"
AT = "2026-11-21T19:05:03+01:00"
HUGE = "9" * 5000
NUMBERS = ("-1", "0", "true", "false", "1.0", "1.5", "NaN", "1e3", "1e999", "null", '"1"', "[]",
           "1000000000", "9" * 20, "9" * 400, HUGE)  # fmt: skip
TIMES = ("2026-11-21T19:05:03", "2026-99-21T19:05:03Z", "99999-11-21T19:05:03Z", HUGE, "",
         "2026-11-21T19:05:03+99:00")  # fmt: skip


def journal(**changed: Any) -> dict[str, Any]:
    turn = {"number": 1, "side": "user", "name": "You", "text": "Hi.", "at": AT}
    memory = {"id": f"{ID}/1", "text": "Ada keeps bees.", "category": "personal", "at": AT,
              "persona": "jarvis", "turn": 1, "journal": ID}  # fmt: skip
    return {"id": ID, "began": AT, "persona": "jarvis", "turns": [turn], "memories": [memory]
            } | changed  # fmt: skip


def asked(store: InMemoryStore, method: str, path: str, body: str) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(MemoryApi(store).app(AccessControl(), ConnectionLimiter()))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            headers = {"Content-Type": "application/json"}
            return await client.request(method, path, content=body.encode(), headers=headers)

    return asyncio.run(ask())


def sent(**changed: Any) -> str:
    return json.dumps({"journal": journal(**changed)})


@pytest.mark.parametrize("number", NUMBERS, ids=[number[:12] for number in NUMBERS])
@pytest.mark.parametrize("of", ['"number": 1', '"turn": 1'])
def test_a_turn_has_a_number_of_one_to_nine_digits(number: str, of: str) -> None:
    store = InMemoryStore()
    body = sent().replace(of, f"{of[:-1]}{number}")
    answer = asked(store, "PUT", f"/v1/journals/{ID}", body)
    if of == '"turn": 1' and number == "0":
        assert answer.status_code == 200  # nobody said it: it was written by hand
    else:
        assert answer.status_code == 400, answer.text
        assert len(answer.text) < 1000
        assert store.journals() == []


@pytest.mark.parametrize("time", TIMES, ids=[time[:12] for time in TIMES])
def test_a_time_is_one_with_its_zone(time: str) -> None:
    store = InMemoryStore()
    for of in ("began", "ended"):
        answer = asked(store, "PUT", f"/v1/journals/{ID}", sent(**{of: time}))
        assert answer.status_code == 400, answer.text
    assert store.journals() == []


@pytest.mark.parametrize(
    "body",
    [
        sent(turns=[*journal()["turns"], *journal()["turns"]]),
        json.dumps({"journal": journal(), "known": {"turns": [-1]}}),
        sent(memories=[journal()["memories"][0] | {"confidence": 2}]),
        sent(memories=[journal()["memories"][0] | {"journal": "2026-11-21T190504-hal"}]),
        sent(persona="\\ud800").replace("\\\\", "\\"),
        "[" * 100_000,
        "",
        "{",
        "NaN",
    ],
)
def test_what_is_no_conversation_is_refused(body: str) -> None:
    store = InMemoryStore()
    assert asked(store, "PUT", f"/v1/journals/{ID}", body).status_code == 400
    assert store.journals() == []


@pytest.mark.parametrize(
    "id",
    ["..%2F..%2Fetc%2Fpasswd", "2026-11-21T190503-..%2Fx", "2026-11-21T190503-x%00", "%2e%2e",
     "2026-11-21T190503-" + "x" * 300, "\u0662\u0660\u0662\u0666-11-21T190503-jarvis"],
)  # fmt: skip
def test_an_id_is_no_path(id: str, tmp_path: Path) -> None:
    store = InMemoryStore()
    for method in ("GET", "PUT"):
        answer = asked(store, method, f"/v1/journals/{id}", sent(id=httpx.URL(id).path))
        assert 400 <= answer.status_code < 500, answer.text
    assert store.journals() == []


@pytest.mark.parametrize("limit", ["-1", "1001", "true", "1.5", "null", HUGE])
def test_a_limit_is_a_number(limit: str) -> None:
    answer = asked(InMemoryStore(), "POST", "/v1/search", f'{{"query": "x", "limit": {limit}}}')
    assert answer.status_code == 400


@pytest.mark.parametrize("number", NUMBERS, ids=[number[:12] for number in NUMBERS])
def test_a_client_believes_its_server_no_more(number: str) -> None:
    data = json.dumps(journal()).replace('"number": 1', f'"number": {number}')
    with pytest.raises(Misunderstood):
        decode(data.encode(), Journal)


class Answering(BaseHTTPRequestHandler):
    """Somebody else at the address of the server."""

    body = b""
    headers_more: dict[str, str] = {}
    status = 200

    def do_GET(self) -> None:
        self.send_response(self.status)
        for name, value in self.headers_more.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    do_PUT = do_POST

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


ANSWERS: tuple[tuple[int, bytes, dict[str, str]], ...] = (
    (200, b"", {}),
    (200, b"null", {}),
    (200, b"[" * 100_000, {}),
    (200, json.dumps(journal(id="2026-11-21T190504-hal", memories=[])).encode(), {}),
    (200, json.dumps(journal()).replace('"number": 1', f'"number": {HUGE}').encode(), {}),
    (200, json.dumps(journal(id="../../x")).encode(), {}),
    (200, b"no gzip", {"Content-Encoding": "gzip"}),
    (200, b"\xff\xfe", {"Content-Type": "application/json; charset=nonsense"}),
    (301, b"", {"Location": "http://["}),
    (500, b"<html>", {}),
)


@pytest.mark.parametrize("number", range(len(ANSWERS)))
def test_whatever_answers_instead_of_the_server_ends_no_conversation(number: int) -> None:
    status, body, headers = ANSWERS[number]
    kind = type("One", (Answering,), {"status": status, "body": body, "headers_more": headers})
    with ThreadingHTTPServer(("127.0.0.1", 0), kind) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        store = HttpStore(f"http://127.0.0.1:{server.server_port}")
        own = decode(json.dumps(journal()).encode(), Journal)
        try:
            for ask in (
                lambda: store.read(ID),
                lambda: store.write(own),
                lambda: store.memories(),
                lambda: store.search("bees"),
                lambda: store.forget([f"{ID}/1"]),
            ):
                with pytest.raises(MemoryFailure):
                    ask()
        finally:
            server.shutdown()
    assert [turn.text for turn in own.turns] == ["Hi."]
    assert own.id == ID
