"""`assistant serve` as a person and a shell meet it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

pytest.importorskip("starlette", reason="the server needs starlette")
pytest.importorskip("uvicorn", reason="the server needs uvicorn")
pytest.importorskip("sphn", reason="the server needs sphn")

from assistant.commands import serve
from assistant.commands.serve import ApiSettings, exposure_warnings, serve_command
from assistant.config.schema import Config
from assistant.models.environments import install_command
from assistant.serving.settings import ServeError

TOKEN = "a-token-of-some-length"


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    kinds = ("CONFIG", "DATA", "CACHE", "STATE")
    homes = {f"XDG_{kind}_HOME": str(tmp_path / kind.lower()) for kind in kinds}
    return {**os.environ, **homes, "SERVE_TOKEN": TOKEN}


@dataclass
class Running:
    program: subprocess.Popen[str]
    lines: list[str]

    @property
    def url(self) -> str:
        return self.lines[0]


@contextlib.contextmanager
def running(home: dict[str, str], *options: str) -> Iterator[Running]:
    """The command with the backend that needs no weights, once it is ready."""
    command = [sys.executable, "-m", "assistant", "serve", "--port", "0", "--backend", "echo"]
    with subprocess.Popen(
        [*command, *options],
        env=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            lines = []
            for line in program.stdout:
                lines.append(line.strip())
                if line.startswith("ready"):
                    break
            yield Running(program, lines)
        finally:
            program.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_its_address_serves_and_ends_cleanly(
    home: dict[str, str], number: signal.Signals
) -> None:
    with running(home, "--token-env", "SERVE_TOKEN") as server:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", server.url)
        wanted = {"input": "One two three.", "response_format": "pcm"}
        assert httpx.post(f"{server.url}/audio/speech", json=wanted).status_code == 401
        headers = {"Authorization": f"Bearer {TOKEN}"}
        spoken = httpx.post(f"{server.url}/audio/speech", json=wanted, headers=headers)
        assert spoken.status_code == 200
        assert len(spoken.content) > 20_000
        server.program.send_signal(number)
        _, errors = server.program.communicate(timeout=30)
        assert server.program.returncode == 128 + number
    assert "Traceback" not in errors
    assert TOKEN not in errors


def test_wyoming_is_served_only_where_it_is_wanted(home: dict[str, str]) -> None:
    pytest.importorskip("wyoming", reason="it is wyoming's protocol")
    with running(home) as server:
        assert not any(line.startswith("wyoming") for line in server.lines)
    options = ("--wyoming", "--wyoming-port", "0", "--wyoming-agent", "GLaDOS=0")
    with running(home, *options) as server:
        doors = [line for line in server.lines if line.startswith("wyoming")]
        assert [door.split()[-1] for door in doors] == ["(jarvis)", "(glados)"]
        port = int(re.findall(r":(\d+) ", doors[0])[0])
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(b'{"type": "describe"}\n')
            assert b'"type": "info"' in caller.recv(65_536)


def test_with_tls_it_makes_a_certificate_that_stays_the_same(home: dict[str, str]) -> None:
    pytest.importorskip("cryptography", reason="it makes the certificate")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    told = []
    for _ in range(2):
        with running(home, "--token-env", "SERVE_TOKEN", "--tls") as server:
            assert server.url.startswith("https://127.0.0.1:")
            kind, place, fingerprint = server.lines[1].split(maxsplit=2)
            assert kind == "certificate:"
            trust = ssl.create_default_context(cafile=place)
            found = httpx.get(f"{server.url}/models", headers=headers, verify=trust)
            assert found.status_code == 200
            told.append(fingerprint)
    assert told[0] == told[1]


def test_of_all_addresses_one_is_told_that_other_machines_reach() -> None:
    settings = ApiSettings(host="0.0.0.0", own_certificate=True)
    address = serve._address(settings, 8880)
    assert "0.0.0.0" not in address or not serve._local_addresses()
    named = ApiSettings(host="0.0.0.0", names=("kitchen.local",))
    assert serve._address(named, 8880) == "http://kitchen.local:8880/v1"
    assert serve._address(ApiSettings(host="::1"), 1) == "http://[::1]:1/v1"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--tls", "--tls-cert", "/nowhere.pem"], "leave one of them out"),
        (["--host", "0.0.0.0"], "add --token-env NAME"),
        (["--token-env", "NO_SUCH_TOKEN"], "holds no token"),
        (["--tls-cert", "/nowhere.pem"], "there is no file"),
        (["--wyoming-agent", "glados=10301"], "add --wyoming"),
        (["--wyoming", "--wyoming-agent", "nobody=0"], "glados"),
        (["--wyoming", "--wyoming-allow", "kitchen"], "takes addresses"),
        (["--persona", "nobody"], "choose one of"),
    ],
)
def test_what_cannot_be_is_told_with_a_remedy(
    home: dict[str, str], options: list[str], why: str
) -> None:
    command = [sys.executable, "-m", "assistant", "serve", "--backend", "echo", "--port", "0"]
    done = subprocess.run(
        [*command, *options], env=home, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode in (1, 2)
    assert why in done.stderr
    assert "Traceback" not in done.stderr


def test_an_agent_without_a_port_is_a_mistake_of_the_command_line(home: dict[str, str]) -> None:
    command = [sys.executable, "-m", "assistant", "serve", "--wyoming", "--wyoming-agent", "glados"]
    done = subprocess.run(command, env=home, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "PERSONA=PORT" in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = ApiSettings(port=other.getsockname()[1])
        config = Config()
        config.backend.name = "echo"
        with pytest.raises(ServeError, match="taken by another program"):
            serve_command(config, settings)


def test_missing_packages_are_told_with_their_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.serving.settings.find_spec", lambda name: None)
    with pytest.raises(ServeError, match="python_multipart, wyoming") as missing:
        serve_command(Config(), ApiSettings(wyoming=0))
    assert missing.value.remedy == install_command("server")


def test_who_could_listen_is_told() -> None:
    assert exposure_warnings(ApiSettings(token=None)) == []
    with pytest.raises(ServeError, match="token"):
        exposure_warnings(ApiSettings(host="0.0.0.0"))
    with pytest.raises(ServeError, match="by trying"):
        exposure_warnings(ApiSettings(host="0.0.0.0", token="t" * 15))
    (told,) = exposure_warnings(ApiSettings(host="0.0.0.0", token="t" * 16))
    assert "unencrypted; --tls changes that" in told
    allowed = ApiSettings(wyoming=0, wyoming_allow=("192.168.1.5",))
    (told,) = exposure_warnings(allowed)
    assert "Wyoming" in told


@pytest.mark.parametrize(
    ("settings", "host"),
    [
        (ApiSettings(), "127.0.0.1"),
        (ApiSettings(host="0.0.0.0", token=TOKEN), "127.0.0.1"),
        (ApiSettings(wyoming_allow=("192.168.1.5",)), "0.0.0.0"),
        (ApiSettings(wyoming_allow=("192.168.1.5", "fd00::/64")), "::"),
        (ApiSettings(host="192.168.1.2", wyoming_allow=("192.168.1.5",)), "192.168.1.2"),
        (ApiSettings(host="0.0.0.0", insecure=True), "0.0.0.0"),
    ],
)
def test_wyoming_listens_no_further_than_somebody_may_come_from(
    settings: ApiSettings, host: str
) -> None:
    assert serve._wyoming_host(settings) == host
