"""`assistant discord` as a person starts it."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from assistant.logs import log_file
from tests.e2e.virtual_card import VirtualCard

COMMAND = [sys.executable, "-m", "assistant", "discord"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    homes = {f"XDG_{each}_HOME": str(tmp_path / each) for each in ("CONFIG", "DATA", "STATE")}
    kept = {k: v for k, v in os.environ.items() if k != "ASSISTANT_DISCORD_TOKEN"}
    return {**kept, **homes}


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_without_a_token_it_says_how_to_get_one(environment: dict[str, str]) -> None:
    pytest.importorskip("discord")
    done = run(environment)
    assert done.returncode == 1
    assert "ASSISTANT_DISCORD_TOKEN" in done.stderr
    assert "discord.com/developers" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_the_packages_it_names_the_extra(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "discord.py").write_text("raise ImportError('not here')")
    done = run({**environment, "PYTHONPATH": f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}"})
    assert done.returncode == 1
    assert "[discord]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_network_it_says_so_and_the_token_is_nowhere(
    environment: dict[str, str], tmp_path: Path
) -> None:
    """The proxy is one that nobody listens at: nothing leaves this machine."""
    pytest.importorskip("discord")
    secret = "MTIzNDU2.Nzg5.c2VjcmV0"
    settings = tmp_path / "config.toml"
    settings.write_text('[discord]\ntoken_env = "MY_BOT"\n')
    blocked = tmp_path / "sitecustomize.py"
    blocked.write_text(
        "import socket\n"
        "def refuse(*a, **k): raise ConnectionRefusedError(111, 'refused')\n"
        "socket.getaddrinfo = refuse\n"
    )
    done = run(
        {**environment, "MY_BOT": secret, "PYTHONPATH": str(tmp_path)},
        "--config", str(settings), "--log-level", "debug",
    )  # fmt: skip
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "Traceback" not in done.stderr
    written = [p for p in tmp_path.rglob("*") if p.is_file() and p.suffix in (".log", ".md")]
    assert written
    assert all(secret not in path.read_text("utf-8", "replace") for path in written)
    assert secret not in done.stdout + done.stderr


def test_a_token_of_any_name_is_hidden_in_the_log(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from assistant.logs import setup_logging

    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("MY_BOT", "abcdef.ghijkl")
    setup_logging(more_secrets=("MY_BOT",))
    logging.getLogger("assistant.test").warning("sent abcdef.ghijkl")
    assert "abcdef" not in log_file().read_text()


@pytest.mark.sound
@pytest.mark.xdist_group("sound")
def test_the_cable_is_there_while_it_runs_and_gone_after_ctrl_c(
    environment: dict[str, str], virtual_card: VirtualCard
) -> None:
    process = subprocess.Popen(
        [*COMMAND, "--cable", "--backend", "echo"],
        env={**environment, **virtual_card.environment},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        told = ""
        while "speaker:" not in told:
            line = process.stderr.readline()
            assert line, told
            told += line
        assert "“Assistant-voice” as microphone" in told
        assert "microphone: Assistant-hears" in told
        assert "assistant_voice" in virtual_card.pactl("list", "short", "sources")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
    finally:
        process.kill()
        process.wait()
    for _ in range(50):
        if "assistant_" not in virtual_card.pactl("list", "short", "modules"):
            return
        time.sleep(0.1)
    raise AssertionError("modules were left behind")
