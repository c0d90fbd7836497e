"""`assistant serve-moshi`, as it is started and ended from a terminal."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys

import pytest

pytest.importorskip("websockets", reason="the server needs websockets")
pytest.importorskip("sphn", reason="the server needs sphn")

from assistant.backends.base import BackendError, BackendReport
from assistant.commands.serve_moshi import served_backend
from assistant.config.schema import Config
from assistant.serving.settings import ServeError, token_from
from tests.processes import descendants, is_alive, until


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "assistant", "serve-moshi", *arguments]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_where_it_listens_and_ends_cleanly(number: signal.Signals) -> None:
    with subprocess.Popen(
        command("--backend", "echo", "--port", "0"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline()
        assert address.startswith("ws://127.0.0.1:")
        assert process.stdout.readline().startswith("ready: echo")
        port = int(address.rsplit(":", 1)[1].split("/")[0])
        socket.create_connection(("127.0.0.1", port)).close()
        started = descendants(process.pid)
        process.send_signal(number)
        assert process.wait(30) == 128 + number
        assert "Traceback" not in process.stderr.read()
    until(lambda: not any(is_alive(pid) for pid in started), "the backend ends with it")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*arguments), capture_output=True, text=True, timeout=60)


def test_a_taken_port_is_an_error_with_a_remedy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ended = run("--backend", "echo", "--port", str(taken.getsockname()[1]))
    assert ended.returncode == 1
    assert "is taken" in ended.stderr
    assert "remedy:" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_the_network_is_not_served_by_accident() -> None:
    ended = run("--backend", "echo", "--host", "0.0.0.0")
    assert ended.returncode == 1
    assert "--token-env" in ended.stderr


def test_a_token_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert token_from(None) is None
    monkeypatch.setenv("A_TOKEN", " ")
    with pytest.raises(ServeError, match="A_TOKEN holds no token"):
        token_from("A_TOKEN")
    monkeypatch.setenv("A_TOKEN", "open sesame\n")
    assert token_from("A_TOKEN") == "open sesame"


def test_a_cascade_has_no_mind_to_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [
        BackendReport("cascade", True, "runs"),
        BackendReport("moshi-torch", False, "no card"),
    ]
    monkeypatch.setattr("assistant.commands.serve_moshi.list_backends", lambda config: reports)
    config = Config()
    with pytest.raises(BackendError, match="moshi-torch: no card"):
        served_backend(config)
    reports.append(BackendReport("moshi-mlx", True, "runs"))
    assert served_backend(config) == "moshi-mlx"
    config.backend.name = "echo"
    assert served_backend(config) == "echo"
