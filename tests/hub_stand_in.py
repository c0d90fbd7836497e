"""A model hub on this machine: as much of one as a download needs, and its ways to fail."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

COMMIT = "a" * 40


@dataclass
class HubState:
    """What the hub holds and how it behaves; tests change it as they go."""

    repositories: dict[str, dict[str, bytes]]
    """Of each repository, the files that the hub promises."""
    really: dict[str, bytes] = field(default_factory=dict)
    """What it sends instead, by file name."""
    refusal: tuple[int, str | None] | None = None
    """Status and error code for whatever is asked."""
    accepted: str | None = None
    """The token of someone who accepted the licence; set: repositories are gated."""
    break_after: int | None = None
    """The connection breaks once after so many bytes of a large file."""
    broken: bool = False
    """… and every time."""
    asked: list[tuple[str, str, str | None]] = field(default_factory=list)
    """Method, path, range."""
    elsewhere: str | None = None
    """Address of the store to which large files are redirected, as real hubs do."""
    tokens: set[str] = field(default_factory=set)
    """What was sent with questions for files."""
    endpoint: str = ""

    def ranges(self, name: str) -> list[int]:
        """Where the parts of a file began that somebody went on with."""
        return [
            int(part.removeprefix("bytes=").removesuffix("-"))
            for _, path, part in self.asked
            if path.endswith(f"/{name}") and part
        ]

    def downloads(self) -> set[str]:
        """Names of the files that were really sent, at least in part."""
        return {p.rsplit("/", 1)[-1] for m, p, _ in self.asked if m == "GET" and "/resolve/" in p}


def is_large(name: str) -> bool:
    return name.endswith((".bin", ".safetensors", ".tgz"))


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_hash(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


class Handler(BaseHTTPRequestHandler):
    def __init__(self, state: HubState, *args: Any) -> None:
        self.state = state
        super().__init__(*args)

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def answer(self, with_body: bool) -> None:
        path = self.path.split("?")[0]
        self.state.asked.append((self.command, path, self.headers.get("Range")))
        if self.state.refusal is not None:
            status, code = self.state.refusal
            return self.send(status, b"{}", {"X-Error-Code": code} if code else {}, with_body)
        if path.startswith("/api/models/"):
            repository = path.removeprefix("/api/models/").split("/revision/")[0]
            if repository not in self.state.repositories:
                return self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)
            return self.send(200, json.dumps(self.listing(repository)).encode(), {}, with_body)
        repository, _, rest = path.removeprefix("/").partition("/resolve/")
        name = rest.partition("/")[2]
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.state.tokens.add(token)
        if self.state.accepted is not None and token != self.state.accepted:
            status = 403 if token else 401
            return self.send(status, b"{}", {"X-Error-Code": "GatedRepo"}, with_body)
        return self.file(self.state.repositories[repository][name], name, with_body)

    def file(self, promised: bytes, name: str, with_body: bool) -> None:
        content = self.state.really.get(name, promised)
        etag = sha256(promised) if is_large(name) else git_hash(promised)
        headers = {"ETag": f'"{etag}"', "X-Repo-Commit": COMMIT, "Accept-Ranges": "bytes"}
        if self.state.elsewhere and is_large(name):
            # The hub tells of the file itself, then points to the store.
            headers = {"X-Linked-ETag": f'"{etag}"', "X-Linked-Size": str(len(promised))}
            headers |= {"X-Repo-Commit": COMMIT, "Location": self.state.elsewhere + self.path}
            return self.send(302, b"", headers, with_body)
        start = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").split("-")[0])
        piece = content[start:]
        stop = self.state.break_after
        if with_body and stop is not None and is_large(name):
            if not self.state.broken:
                self.state.break_after = None
            self.head(206 if start else 200, len(piece), headers)
            self.wfile.write(piece[:stop])
            self.wfile.flush()
            self.connection.close()
            return None
        return self.send(206 if start else 200, piece, headers, with_body)

    def listing(self, repository: str) -> dict[str, Any]:
        siblings: list[dict[str, Any]] = []
        for name, content in self.state.repositories[repository].items():
            entry = {"rfilename": name, "size": len(content), "blobId": git_hash(content)}
            if is_large(name):
                entry["lfs"] = {"sha256": sha256(content), "size": len(content), "pointerSize": 1}
            siblings.append(entry)
        return {
            "id": repository,
            "sha": COMMIT,
            "siblings": siblings,
            "private": False,
            "gated": "manual" if self.state.accepted is not None else False,
        }

    def head(self, status: int, length: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(length), **headers}.items():
            self.send_header(key, value)
        self.end_headers()

    def send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.head(status, len(body), headers)
        if with_body:
            self.wfile.write(body)


@contextmanager
def serving(state: HubState) -> Iterator[HubState]:
    """The hub at `state.endpoint`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, state))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    state.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def isolated(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Nobody's real cache, token or patience."""
    from huggingface_hub import constants

    for name, place in (("XDG_DATA_HOME", "data"), ("XDG_CACHE_HOME", "cache")):
        monkeypatch.setenv(name, str(folder / place))
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HOME", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(folder / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder / "hub"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(folder / "token"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
