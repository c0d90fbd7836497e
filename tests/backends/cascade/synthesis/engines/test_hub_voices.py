"""Voices on a hub; here the hub is a small server on this machine."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade.synthesis.engines import catalog, hub_voices
from assistant.backends.cascade.synthesis.tts import load_engine
from assistant.commands.models import inventory
from assistant.commands.models.command import remove_command, verify_command
from assistant.commands.models.pull import download_of, pull_command
from assistant.config.schema import Config
from assistant.models.environments import install_command
from tests.hub_stand_in import HubState, isolated, serving

FILES = {
    "kitten_tts_nano_v0_1.onnx": b"weights" * 400,
    "voices.npz": b"styles",
    "README.md": b"not wanted",
}


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> HubState:
    isolated(monkeypatch, tmp_path)
    return HubState({hub_voices.KITTEN.repository: FILES})


@pytest.fixture
def endpoint(state: HubState) -> Iterator[str]:
    with serving(state):
        yield state.endpoint


def silent(text: str, fraction: float | None) -> None:
    pass


def test_a_download_tells_its_size_first_and_is_there_afterwards(endpoint: str) -> None:
    kitten = hub_voices.KITTEN
    with pytest.raises(BackendError) as missing:
        hub_voices.find(kitten)
    assert missing.value.remedy == "Run: assistant models pull kitten"
    assert hub_voices.size_of(kitten, endpoint=endpoint) == 2800 + 6
    folder = hub_voices.pull(kitten, silent, endpoint=endpoint)
    assert (folder / "voices.npz").read_bytes() == b"styles"
    assert not (folder / "README.md").exists()
    assert hub_voices.find(kitten) == folder
    assert hub_voices.size_of(kitten) == 0


def test_the_second_time_nothing_is_asked_of_the_hub(endpoint: str, state: HubState) -> None:
    hub_voices.pull(hub_voices.KITTEN, silent, endpoint=endpoint)
    state.asked.clear()
    hub_voices.pull(hub_voices.KITTEN, silent, endpoint=endpoint)
    assert state.asked == []


def test_the_commit_that_the_program_was_written_for_is_asked_for(
    endpoint: str, state: HubState
) -> None:
    pinned = dataclasses.replace(hub_voices.KITTEN, revision="b" * 40)
    hub_voices.pull(pinned, silent, endpoint=endpoint)
    assert any(path.endswith(f"/revision/{'b' * 40}") for _, path, _ in state.asked)


def test_a_repository_that_changed_is_told(endpoint: str, state: HubState) -> None:
    state.repositories[hub_voices.KITTEN.repository] = {"README.md": b"moved"}
    with pytest.raises(BackendError, match=r"no longer holds kitten_tts_nano_v0_1\.onnx"):
        hub_voices.pull(hub_voices.KITTEN, silent, endpoint=endpoint)


def test_what_the_hub_promises_is_not_enough_where_a_hash_is_pinned(endpoint: str) -> None:
    content = FILES["voices.npz"]
    right = {"voices.npz": hashlib.sha256(content).hexdigest()}
    wrong = {"voices.npz": hashlib.sha256(content + b"!").hexdigest()}
    with pytest.raises(BackendError, match="hash differs"):
        hub_voices.pull(
            dataclasses.replace(hub_voices.KITTEN, hashes=wrong), silent, endpoint=endpoint
        )
    assert not hub_voices.is_here(hub_voices.KITTEN)
    hub_voices.pull(dataclasses.replace(hub_voices.KITTEN, hashes=right), silent, endpoint=endpoint)
    assert hub_voices.is_here(hub_voices.KITTEN)


def test_on_the_command_line_they_are_pulled_checked_and_deleted(
    endpoint: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    assert pull_command("kitten", yes=True) == 0
    assert "backend.cascade.voice_engine kitten" in capsys.readouterr().err
    here = {model.name: model for model in inventory.inventory(Config())}
    assert (here["kitten"].place, here["kitten"].licence) == ("cached", "Apache-2.0")
    assert here["supertonic"].place == "absent"
    assert verify_command(Config(), "kitten") == 0
    (hub_voices.folder_of(hub_voices.KITTEN) / "voices.npz").write_bytes(b"damage")
    assert verify_command(Config(), "kitten") == 1
    assert remove_command(Config(), "kitten", yes=True) == 0
    assert not hub_voices.folder_of(hub_voices.KITTEN).exists()


def test_every_engine_says_what_it_lacks(state: HubState, monkeypatch: pytest.MonkeyPatch) -> None:
    for spec in catalog.BEST_FIRST:
        monkeypatch.setattr(catalog, "find_spec", lambda module: None)
        with pytest.raises(BackendError) as caught:
            load_engine(spec.name)
        wanted = install_command(spec.extra) if spec.extra else "pip install onnx"
        assert caught.value.remedy.startswith(wanted)
        if spec.weights is None:
            continue
        monkeypatch.setattr(catalog, "find_spec", lambda module: object())
        with pytest.raises(BackendError) as caught:
            load_engine(spec.name)
        assert caught.value.remedy == f"Run: assistant models pull {spec.weights.name}"
        assert download_of(spec.weights.name).licence == spec.weights.licence
