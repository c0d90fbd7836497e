"""The memory server while somebody without a token tries to keep everybody else out."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

pytest.importorskip("starlette", reason="the server needs starlette")
pytest.importorskip("uvicorn", reason="the server needs uvicorn")

from assistant.memory.remote import server as http_server
from assistant.memory.store.files import FileStore
from assistant.serving.connection_limits import Limits
from tests.memory.remote.served import TOKEN, Served
from tests.memory.samples import ID, parrot

AUTHORIZATION = {"Authorization": f"Bearer {TOKEN}"}
HEAD = b"POST /v1/search HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
OPENED = HEAD + b"Authorization: Bearer " + TOKEN.encode() + b"\r\n"
QUICK = Limits(stranger=1.0, idle=1.5)


@pytest.fixture
def served(store: FileStore) -> Iterator[Served]:
    store.write(parrot())
    with Served(store, limits=QUICK) as up:
        yield up


@contextlib.contextmanager
def callers(served: Served, count: int, first: bytes = b"") -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        calls = []
        for _ in range(count):
            call = stack.enter_context(socket.create_connection(served.place, 10))
            with contextlib.suppress(OSError):
                call.sendall(first)
            calls.append(call)
        yield calls


def asked(served: Served, **how: object) -> httpx.Response:
    with httpx.Client(base_url=served.url, headers=AUTHORIZATION, timeout=10, **how) as web:  # type: ignore[arg-type]
        return web.get("/v1/journals")


def all_that_comes(call: socket.socket, seconds: float = 10.0) -> bytes:
    """Until it hangs up; an error where it does not."""
    call.settimeout(seconds)
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := call.recv(65_536):
            data += piece
    return data


def ended(call: socket.socket, send: Callable[[], bytes] | None = None) -> bool:
    """Whether the server hangs up within 10 s, whatever little is still sent."""
    until = time.monotonic() + 10
    call.settimeout(0.05)
    while time.monotonic() < until:
        try:
            if send is not None:
                call.sendall(send())
            if not call.recv(65_536):
                return True
        except TimeoutError:
            continue
        except OSError:
            return True
    return False


@pytest.mark.parametrize("limits", [Limits(), Limits(total=20, each=10)])
@pytest.mark.parametrize("first", [b"", b"G", HEAD, HEAD + b"Content-Length: 99\r\n\r\n"])
def test_hundreds_who_say_nothing_or_little_keep_nobody_out(
    store: FileStore, limits: Limits, first: bytes
) -> None:
    store.write(parrot())
    with Served(store, limits=limits) as served, callers(served, 200, first):
        for _ in range(5):
            assert asked(served).json() == [ID]
        assert len(served.server.connections) <= limits.each + 1


def test_who_never_sends_anything_is_hung_up_on(served: Served) -> None:
    with callers(served, 3) as calls:
        assert all(all_that_comes(call) == b"" for call in calls)
    assert asked(served).json() == [ID]


def test_a_head_that_comes_byte_by_byte_is_not_waited_for(served: Served) -> None:
    head = iter(HEAD * 10_000)
    with callers(served, 1) as (call,):
        assert ended(call, lambda: bytes((next(head),)))


def test_who_has_no_token_is_hung_up_on_once_told_so(served: Served) -> None:
    with callers(served, 1, HEAD + b"Content-Length: 2\r\n\r\n{}") as (call,):
        answer = all_that_comes(call)
    assert answer.startswith(b"HTTP/1.1 401")
    assert b"connection: close" in answer.lower()


def test_a_body_that_never_comes_costs_its_sender_only(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "BODY_SECONDS", 0.5)
    for declared in (b"Content-Length: 500", b"Transfer-Encoding: chunked"):
        with callers(served, 30, OPENED + declared + b"\r\n\r\n") as calls:
            assert asked(served).json() == [ID]
            for call in calls:
                assert all_that_comes(call).startswith(b"HTTP/1.1 408")


def test_chunks_without_end_are_not_read_for_ever(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_server, "BODY_SECONDS", 0.5)
    head = OPENED + b"Transfer-Encoding: chunked\r\n\r\n"
    with callers(served, 1, head) as (call,):
        assert ended(call, lambda: b"1\r\n \r\n")


def test_a_body_that_is_declared_too_long_is_refused_before_it_comes(served: Served) -> None:
    with callers(served, 1, OPENED + b"Content-Length: 99999999999\r\n\r\n{") as (call,):
        assert all_that_comes(call).startswith(b"HTTP/1.1 413")


def test_a_body_where_none_belongs_is_not_read_for_ever(served: Served) -> None:
    head = OPENED.replace(b"POST /v1/search", b"GET /v1/journals")
    with callers(served, 1, head + b"Content-Length: 999999\r\n\r\n") as (call,):
        assert ended(call, lambda: b"x")


def test_a_client_that_asks_again_keeps_its_connection_and_loses_it_when_it_rests(
    served: Served,
) -> None:
    head = OPENED.replace(b"POST /v1/search", b"GET /v1/journals") + b"\r\n"
    with callers(served, 1) as (call,):
        for _ in range(3):
            call.sendall(head)
            answer = b""
            while ID.encode() not in answer:
                piece = call.recv(65_536)
                assert piece, "it hung up"
                answer += piece
            time.sleep(0.4)  # longer in all than a stranger may stay
        assert all_that_comes(call) == b""


def test_who_was_let_in_is_not_pushed_out_by_strangers(store: FileStore) -> None:
    with Served(store, limits=Limits(total=12, each=6)) as served:
        body = OPENED + b"Content-Length: 14\r\n\r\n"
        with callers(served, 1, body + b'{"quer') as (call,):
            time.sleep(0.2)
            with callers(served, 40):
                assert asked(served).status_code == 200
                call.sendall(b'y": ""}\r\n')
                assert b"HTTP/1.1" in call.recv(65_536)


def test_too_much_work_at_once_waits_its_turn(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = [0, 0]

    def slowly() -> list[str]:
        at_once[0] += 1
        at_once[1] = max(at_once)
        time.sleep(0.05)
        at_once[0] -= 1
        return [ID]

    monkeypatch.setattr(served.store, "journals", slowly)
    head = OPENED.replace(b"POST /v1/search", b"GET /v1/journals") + b"\r\n"
    with callers(served, 40, head) as calls:
        assert all(b"200 OK" in call.recv(65_536) for call in calls)
    assert at_once[1] <= http_server.MOST_AT_WORK


@pytest.mark.parametrize(
    "double",
    [
        f"Authorization: Bearer {TOKEN}",
        "Authorization: Bearer other",
        "Host: evil.example",
        "Content-Type: text/plain",
        "Content-Length: 3",
    ],
)
def test_a_header_that_stands_twice_is_refused(served: Served, double: str) -> None:
    head = OPENED + double.encode() + b"\r\nContent-Length: 14\r\n\r\n" + b'{"query": "a"}'
    with callers(served, 1, head) as (call,):
        assert all_that_comes(call).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "lines",
    [
        b"Authorization: Bearer \xff\xfe\r\n",
        b"Authorization: \xc3\xa9\r\n",
        b"Authorization:\r\n",
        b"Authorization: " + b"Bearer " * 500 + b"\r\n",
        b"Origin: \xff\r\n",
        b"Host: \xff\r\n",
    ],
)
def test_headers_that_are_no_text_are_refused_and_nothing_breaks(
    served: Served, lines: bytes
) -> None:
    head = b"GET /v1 HTTP/1.1\r\nHost: localhost\r\n"
    if lines.startswith(b"Host"):
        head = b"GET /v1 HTTP/1.1\r\n"
    with callers(served, 1, head + lines + b"\r\n") as (call,):
        status = all_that_comes(call)[9:12]
    assert status in (b"400", b"401", b"403", b"421")
    assert asked(served).json() == [ID]


def test_rubbish_is_answered_or_hung_up_on_and_nothing_breaks(served: Served) -> None:
    rubbish = [b"\0" * 70_000, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", b"GET\r\n\r\n"]
    rubbish += [b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 20_000, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"]
    for data in rubbish:
        with callers(served, 1, data) as (call,):
            assert ended(call)
    assert asked(served).json() == [ID]


# -- with TLS ------------------------------------------------------------------------------------


@pytest.fixture
def secure(store: FileStore, tmp_path: Path) -> Iterator[tuple[Served, Path]]:
    if shutil.which("openssl") is None:
        pytest.skip("openssl makes the certificate")
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += " -addext subjectAltName=IP:127.0.0.1 -keyout key.pem -out cert.pem"
    subprocess.run(command.split(), cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    store.write(parrot())
    with Served(store, limits=Limits(stranger=1.0), certificate=context) as up:
        yield up, tmp_path / "cert.pem"


@pytest.mark.parametrize("first", [b"", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_a_tls_handshake_that_never_ends_keeps_nobody_out(
    secure: tuple[Served, Path], first: bytes
) -> None:
    served, certificate = secure
    trust = ssl.create_default_context(cafile=certificate)
    with callers(served, 150, first) as calls:
        assert asked(served, verify=trust).json() == [ID]
        assert all(ended(call) for call in calls[-5:])
