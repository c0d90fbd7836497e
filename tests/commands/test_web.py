"""`assistant web`, as it is started and ended from a terminal."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

pytest.importorskip("starlette", reason="the page needs starlette")
pytest.importorskip("uvicorn", reason="the page needs uvicorn")
pytest.importorskip("websockets", reason="the page needs websockets")
pytest.importorskip("cryptography", reason="a certificate needs cryptography")

from websockets.sync.client import ClientConnection, connect

from tests.processes import descendants, is_alive, until


def command(*arguments: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "assistant",
        "web",
        "--backend",
        "echo",
        "--port",
        "0",
        *arguments,
    ]


class Running:
    """One `assistant web`; `url` holds the token."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.told: list[str] = []
        while line := process.stdout.readline():
            self.told.append(line.rstrip())
            if line.startswith("ready"):
                break
        first = self.told[0]
        assert first.startswith("Open this page: ")
        self.url, _, self.token = first.removeprefix("Open this page: ").partition("/#")

    def enter(self) -> str:
        answer = httpx.post(
            f"{self.url}/api/enter", json={"token": self.token}, verify=False, trust_env=False
        )
        assert answer.status_code == 204
        return answer.headers["set-cookie"].partition(";")[0]

    @contextmanager
    def page(self) -> Iterator[ClientConnection]:
        context = None
        if self.url.startswith("https"):
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        with connect(
            f"{self.url.replace('http', 'ws', 1)}/ws",
            ssl=context,
            additional_headers={"Cookie": self.enter(), "Origin": self.url},
            proxy=None,
        ) as page:
            page.send(json.dumps({"type": "Hello", "version": 1, "replay": True}))
            yield page


@contextmanager
def running(*arguments: str) -> Iterator[Running]:
    with subprocess.Popen(
        command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Running(process)
        finally:
            process.kill()


def until_told(page: ClientConnection, kind: str, **fields: object) -> dict[str, Any]:
    while True:
        message = json.loads(page.recv(timeout=30))
        if message["type"] == kind and all(message[k] == v for k, v in fields.items()):
            return message  # type: ignore[no-any-return]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_cleanly_while_a_page_is_open(number: signal.Signals) -> None:
    with running() as web:
        with web.page() as page:
            until_told(page, "Welcome")
            started = descendants(web.process.pid)
            web.process.send_signal(number)
            assert web.process.wait(30) == 128 + number
            _, told = web.process.communicate()
            assert "Traceback" not in told
        until(lambda: not any(is_alive(pid) for pid in started), "the backend ends with it")


def test_what_is_typed_in_the_page_is_answered_and_shown_in_the_terminal() -> None:
    with running() as web, web.page() as page:
        page.send(json.dumps({"type": "SendText", "text": "what is 17 times 23"}))
        until_told(page, "UserSaid", text="what is 17 times 23")
        until_told(page, "AgentSaid", final=True)
        page.send(json.dumps({"type": "StopSession"}))
        shown, told = web.process.communicate(timeout=30)
        assert web.process.returncode == 0, told
        assert "You: what is 17 times 23" in shown
        assert "391" in shown


def test_the_token_is_in_no_log_and_lets_in_again_the_next_time() -> None:
    from assistant.logs import log_file

    with running("--log-level", "debug") as web:
        token = web.token
        with web.page() as page:
            until_told(page, "Welcome")
        httpx.get(f"{web.url}/?token={token}", trust_env=False)
        web.process.send_signal(signal.SIGINT)
        web.process.wait(30)
        _, complained = web.process.communicate()
    assert token not in complained
    assert token not in log_file().read_text()
    with running() as web:
        assert web.token == token
    with running("--new-token") as web:
        assert web.token != token


def test_on_the_network_it_speaks_tls_and_tells_the_fingerprint() -> None:
    with running("--lan") as web:
        assert web.url.startswith("https://")
        told = next(line for line in web.told if "SHA-256" in line)
        port = int(web.url.rsplit(":", 1)[1])
        pem = ssl.get_server_certificate(("127.0.0.1", port))
        from cryptography import x509

        from assistant.serving.certificate import fingerprint_of

        assert fingerprint_of(x509.load_pem_x509_certificate(pem.encode())) in told
        with web.page() as page:
            until_told(page, "Welcome")


def test_where_a_conversation_runs_already_the_page_follows_it() -> None:
    with running("--persona", "hal") as first, first.page() as there:
        until_told(there, "Welcome")
        until_told(there, "BackendChosen", ready=True)
        with running("--persona", "glados") as second, second.page() as page:
            assert until_told(page, "Welcome")["persona"]["slug"] == "hal"
            holder = until_told(page, "SoundHolder")
            assert holder["can_take"] is False
            assert "--dashboard" in holder["why"]
            page.send(json.dumps({"type": "SendText", "text": "what is 17 times 23"}))
            assert until_told(there, "UserSaid")["text"] == "what is 17 times 23"
            until_told(page, "AgentSaid", final=True)
            first.process.send_signal(signal.SIGINT)
            first.process.wait(30)
            with second.page() as later:
                gone = until_told(later, "Goodbye")
            assert "no conversation" in gone["reason"]
            assert gone["remedy"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)


def test_a_taken_port_is_an_error_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run("--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "is taken" in ended.stderr
    assert "remedy:" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_without_a_terminal_there_is_no_dashboard_beside_it() -> None:
    ended = run("--dashboard")
    assert ended.returncode == 1
    assert "terminal" in ended.stderr


def test_a_certificate_that_is_not_there_is_told(tmp_path: object) -> None:
    ended = run("--tls-cert", f"{tmp_path}/nowhere.pem")
    assert ended.returncode == 1
    assert "there is no file" in ended.stderr
