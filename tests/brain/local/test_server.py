"""llama.cpp's server is closed to everybody who does not know the key, or is not started."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from assistant.brain.base import BrainError
from assistant.brain.local import server
from assistant.brain.local.gguf import read_model_file
from tests.brain.local.test_gguf import gguf


class Llama:
    """As much of `xllamacpp` as is used."""

    def __init__(self, *, broken: bool = False) -> None:
        self.broken = broken

    def CommonParams(self) -> Any:
        threads = {"cpuparams": SimpleNamespace(), "cpuparams_batch": SimpleNamespace()}
        return SimpleNamespace(model=SimpleNamespace(), **threads)

    def Server(self, params: Any) -> Any:
        if self.broken:
            raise RuntimeError("Failed to init server")
        return params


@pytest.fixture
def model(tmp_path: Path) -> Any:
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf(context=4096))
    return read_model_file(path)


def test_loopback_a_key_and_no_page_of_a_browser(
    monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", Llama())
    made = server.load(model, "sesame", context=8192, threads=3)
    assert (made.hostnames, made.port, made.api_keys) == (["127.0.0.1"], 0, ["sesame"])
    assert made.cors_origins != "*"
    assert made.cors_credentials is made.ui is made.endpoint_slots is False
    assert made.n_ctx == 4096, "no more than it was made for"
    assert made.cpuparams.n_threads == made.cpuparams_batch.n_threads == 3


@pytest.mark.parametrize(
    ("broken", "key", "old", "words"),
    [
        (True, "sesame", False, "cannot load"),
        (False, "", False, "no key"),
        (False, "sesame", True, "no AVX2"),
    ],
)
def test_what_keeps_it_from_running_has_a_remedy(
    monkeypatch: pytest.MonkeyPatch, model: Any, broken: bool, key: str, old: bool, words: str
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", Llama(broken=broken))
    monkeypatch.setattr(server, "lacks_avx2", lambda: old)
    with pytest.raises(BrainError, match=words) as caught:
        server.load(model, key, context=8192, threads=1)
    assert caught.value.remedy


def test_without_the_package_it_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    monkeypatch.setitem(sys.modules, "xllamacpp", None)
    with pytest.raises(BrainError) as caught:
        server.load(model, "sesame", context=8192, threads=1)
    assert "assistant setup brain" in caught.value.remedy


def test_a_file_that_is_no_model_is_told_on_standard_output(tmp_path: Path) -> None:
    path = tmp_path / "no.gguf"
    path.write_bytes(b"nothing")
    done = subprocess.run(
        [sys.executable, "-m", "assistant.brain.local.server", str(path)],
        input="sesame\n",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 3
    assert "no whole GGUF file" in json.loads(done.stdout)["failed"]
    assert "Traceback" not in done.stderr
