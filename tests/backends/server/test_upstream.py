"""Our client against Kyutai's own servers, run as they are, with tiny random weights."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("websockets", reason="the client needs websockets")
pytest.importorskip("sphn", reason="the client needs sphn")

from assistant import frames as f
from assistant.backends.base import BackendError
from tests.backends.moshi.conftest import MakeCheckpoint, checkpoint
from tests.backends.server.conftest import Client, until
from tests.processes import descendants

__all__ = ["checkpoint"]

ENVIRONMENT = {"NO_TORCH_COMPILE": "1", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The server's process; at the end it and whatever it has started are gone."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command],
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ENVIRONMENT},
        )
    try:
        yield process
    finally:
        for pid in [*descendants(process.pid), process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def told(log: Path) -> str:
    return log.read_text(errors="replace")


def as_mlx(folder: Path, model: Path) -> None:
    """Weights under moshi_mlx's names."""
    subprocess.run([sys.executable, "-c", TO_MLX, str(folder), str(model)], check=True)


async def connected(url: str, process: subprocess.Popen[bytes], log: Path) -> Client:
    """A client of the server as soon as it is there."""
    for _ in range(600):
        assert process.poll() is None, told(log)
        client = Client()
        try:
            await client.load(url, virtual_clock=True)
        except BackendError:
            await asyncio.sleep(0.1)
            continue
        return client
    raise AssertionError(f"it did not start\n{told(log)}")


async def converse(client: Client, frames: int) -> None:
    dice = np.random.default_rng(0)
    for _ in range(frames):
        await client.push((0.1 * dice.standard_normal(1920)).astype(np.float32))


async def test_kyutais_server_answers_each_frame(
    checkpoint: MakeCheckpoint, tmp_path: Path
) -> None:
    port, log = free_port(), tmp_path / "server.log"
    launcher = Path(__file__).with_name("upstream_server.py")
    with running([str(launcher), str(port), str(checkpoint())], log) as process:
        client = await connected(f"127.0.0.1:{port}", process, log)
        pirate = f.PersonaPrompt(slug="p", name="P", text="You are a pirate.")
        await asyncio.to_thread(client.backend.change_persona, pirate)
        await until(lambda: any("again" in e.text for e in client.of(f.Status)))
        await converse(client, 40)
        await until(lambda: client.samples >= 30 * 1920 and client.words.count(" ") >= 3)
        assert client.samples <= 40 * 1920
        sound = np.concatenate([np.frombuffer(e.pcm, "<f4") for e in client.of(f.AudioOut)])
        assert np.isfinite(sound).all()
        assert sound.std() > 1e-4
        assert not client.of(f.Failed)
        process.kill()
        await until(lambda: client.of(f.Failed) and client.of(f.UtteranceEnded))
        await asyncio.to_thread(client.backend.close)


@pytest.mark.weights
async def test_kyutais_mlx_server_answers(checkpoint: MakeCheckpoint, tmp_path: Path) -> None:
    pytest.importorskip("moshi_mlx", reason="the server is moshi_mlx's")
    pytest.importorskip("rustymimi", reason="the server needs rustymimi")
    folder = checkpoint(full_mimi=True)
    port, log, model = free_port(), tmp_path / "server.log", tmp_path / "mlx.safetensors"
    as_mlx(folder, model)
    command = ["-m", "moshi_mlx.local_web", "--static", "none", "--no-browser"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--moshi-weight", str(model)]
    command += ["--mimi-weight", str(folder / "mimi.safetensors")]
    command += ["--tokenizer", str(folder / "tokenizer.model")]
    command += ["--lm-config", str(folder / "config.json")]
    with running(command, log) as process:
        client = await connected(f"127.0.0.1:{port}", process, log)
        await converse(client, 25)
        await until(lambda: client.samples >= 5 * 1920 and client.words.strip())
        assert not client.of(f.Failed)
        await asyncio.to_thread(client.backend.close)


TO_MLX = """
import json, sys
from pathlib import Path
import mlx.core as mx
from moshi_mlx import models
mx.set_default_device(mx.cpu)
folder = Path(sys.argv[1])
config = models.LmConfig.from_config_dict(json.loads((folder / "config.json").read_text()))
model = models.Lm(config)
model.load_pytorch_weights(str(folder / "model.safetensors"), config, strict=True)
model.set_dtype(mx.bfloat16)
model.save_weights(sys.argv[2])
"""
