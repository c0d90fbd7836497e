"""What the memory server is sent: the first line names method and path, the rest is the body."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path

import httpx

from assistant.memory.remote.protocol import Misunderstood, Trouble, decode
from assistant.memory.remote.server import AccessControl, MemoryApi
from assistant.memory.retrieval.index import SqliteIndex
from assistant.memory.store.files import FileStore
from assistant.serving.connection_limits import ConnectionLimiter
from tests.fuzz.target_import import _ALL
from tests.fuzz.target_journal import ID, WHOLE

NAME = "http"
_JOURNAL = _ALL["journals"][0]
_KNOWN = {"memories": [f"{ID}/1"], "turns": [1, 2]}
_FILTERS = {"categories": ["personal"], "persona": "jarvis", "person": "Ada",
            "since": "2026-11-21T19:05:03+01:00", "until": "2026-11-22T19:05:03Z"}  # fmt: skip


def _sent(line: str, body: object) -> bytes:
    return f"{line}\n{json.dumps(body)}".encode()


SEEDS = [
    b"GET /v1\n",
    b"GET /v1/journals\n",
    f"GET /v1/journals/{ID}\n".encode(),
    b"GET /v1/journals/..%2F..%2Fetc%2Fpasswd\n",
    _sent(f"PUT /v1/journals/{ID}", {"journal": _JOURNAL, "known": _KNOWN}),
    _sent(f"PUT /v1/journals/{ID}", {"journal": _JOURNAL | {"id": f"{ID}x"}}),
    _sent("POST /v1/memories", {"filters": _FILTERS}),
    _sent("POST /v1/search", {"query": "parrot \u0000 \" OR", "filters": _FILTERS, "limit": 3}),
    _sent("POST /v1/search", {"query": "last week in 99999999999 days", "limit": -1}),
    _sent("POST /v1/forget", {"ids": [f"{ID}/1", f"{ID}#1", f"{ID}#99999999999", "../x", ""]}),
    *(
        _sent(f"PUT /v1/journals/{ID}", {"journal": _JOURNAL}).replace(b'"number": 1', wrong)
        for wrong in (b'"number": 0', b'"number": true', b'"number": 1.5',
                      b'"number": ' + b"9" * 400, b'"number": 1e999')
    ),
]  # fmt: skip


def one(data: bytes) -> None:
    line, _, body = data.partition(b"\n")
    method, _, path = line.decode("ascii", "replace").partition(" ")
    if not method.isalpha() or not path.startswith("/v1") or not path.isprintable():
        method, path = "PUT", f"/v1/journals/{ID}"
    try:
        url = httpx.URL("http://localhost" + path)
    except (httpx.InvalidURL, ValueError):
        return
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        page = Path(folder) / "journals" / "2026" / "11" / f"{ID}.md"
        page.parent.mkdir(parents=True)
        page.write_text(WHOLE)
        store = FileStore(Path(folder), SqliteIndex(None), look_every=0.0)
        try:
            answer = asyncio.run(_asked(store, method, url, body))
        finally:
            store.close()
        assert answer.status_code < 500, (answer.status_code, answer.text)
        if answer.status_code >= 400 and method != "HEAD":
            decode(answer.content, Trouble)
        _read_by_a_client(body)
        outside = {path.name for path in Path(folder).iterdir()}
        assert outside <= {"journals", "profile.md", ".profile-as-made.md", ".lock"}, outside


async def _asked(store: FileStore, method: str, url: httpx.URL, body: bytes) -> httpx.Response:
    app = MemoryApi(store).app(AccessControl(), ConnectionLimiter())
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport) as client:
        headers = {"Content-Type": "application/json"}
        return await client.request(method, url, content=body, headers=headers)


def _read_by_a_client(body: bytes) -> None:
    from assistant.memory.base import Forgotten, Found, Journal, Memory

    for kind in (Journal, list[str], list[Memory], list[Found], Forgotten, Trouble):
        try:
            decode(body, kind)
        except Misunderstood:
            continue
