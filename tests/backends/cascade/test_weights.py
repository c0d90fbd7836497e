"""Weights come from packages, folders or a hub; here the hub is a small server on this machine."""

import pytest
from huggingface_hub import constants

from assistant.backends.base import BackendError
from assistant.backends.cascade import weights
from assistant.models import hub
from tests.hub_stand_in import HubState, isolated, serving

REPOSITORY = "Systran/faster-whisper-small.en"


def files():
    return {
        "model.bin": bytes(range(256)) * 50_000,
        "config.json": b"{}",
        "tokenizer.json": b'{"version": "1.0"}',
        "vocabulary.txt": b"a\nb\n",
        "README.md": b"not wanted",
    }


@pytest.fixture
def state(monkeypatch, tmp_path):
    isolated(monkeypatch, tmp_path)
    return HubState({REPOSITORY: files(), "someone/other-model": files()})


@pytest.fixture
def endpoint(state):
    with serving(state):
        yield state.endpoint


def silent(text, fraction):
    pass


def test_a_download_tells_its_size_first_and_is_there_afterwards(endpoint):
    seen = []
    with pytest.raises(BackendError) as missing:
        weights.find("small.en")
    assert missing.value.remedy == "Run: assistant models pull small.en"
    wanted = sum(len(c) for n, c in files().items() if n != "README.md")
    assert weights.size_of("small.en", endpoint=endpoint) == wanted

    found = weights.pull("small.en", lambda *step: seen.append(step), endpoint=endpoint)

    assert found.label == "small.en"
    assert (found.folder / "model.bin").read_bytes() == files()["model.bin"]
    assert not (found.folder / "README.md").exists()
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert weights.find("small.en") == found
    assert weights.size_of("small.en") == 0


def test_the_second_time_nothing_is_asked_of_the_hub(endpoint, state):
    weights.pull("small.en", silent, endpoint=endpoint)
    state.asked.clear()

    weights.pull("small.en", silent, endpoint=endpoint)

    assert state.asked == []


def test_a_download_that_broke_off_goes_on_where_it_stopped(endpoint, state):
    state.break_after = 11_000_000

    weights.pull("small.en", silent, endpoint=endpoint)

    assert state.ranges("model.bin") > [9_000_000]
    assert weights.find("small.en")


def test_a_file_that_is_not_what_the_hub_promised_is_thrown_away(endpoint, state):
    state.really["model.bin"] = b"x" + files()["model.bin"][1:]

    with pytest.raises(BackendError, match="damaged"):
        weights.pull("small.en", silent, endpoint=endpoint)

    with pytest.raises(BackendError, match="not on this machine"):
        weights.find("small.en")
    state.really.clear()
    assert weights.pull("small.en", silent, endpoint=endpoint)


@pytest.mark.parametrize(
    ("status", "code", "token", "message", "remedy"),
    [
        (403, "GatedRepo", None, "there is no token", "hf auth login"),
        (403, "GatedRepo", "hf_x", "not accepted the licence", "Accept it at"),
        (404, "RepoNotFound", None, "no repository", "log in"),
        (401, None, "hf_x", "refuses", "may have expired"),
        (429, None, None, "too many requests", "minutes"),
        (500, None, None, "error 500", "later"),
    ],
)
def test_each_refusal_says_what_to_do(
    endpoint, state, monkeypatch, status, code, token, message, remedy
):
    if token:
        monkeypatch.setenv("HF_TOKEN", token)
    state.refusal = (status, code)

    with pytest.raises(BackendError) as refused:
        weights.size_of("small.en", endpoint=endpoint)

    assert message in refused.value.message
    assert remedy in refused.value.remedy


def test_no_network_is_not_taken_for_a_missing_model(state):
    with pytest.raises(BackendError, match="cannot be reached"):
        weights.size_of("small.en", endpoint="http://127.0.0.1:9")


def test_offline_mode_is_honoured(state, endpoint, monkeypatch):
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)

    with pytest.raises(BackendError, match="HF_HUB_OFFLINE"):
        weights.pull("small.en", silent, endpoint=endpoint)

    assert state.asked == []


def test_a_full_disk_is_noticed_before_the_download(endpoint, state, monkeypatch):
    class Usage:
        free = 1000

    monkeypatch.setattr(hub.shutil, "disk_usage", lambda folder: Usage)

    with pytest.raises(BackendError, match="is full") as full:
        weights.pull("small.en", silent, endpoint=endpoint)

    assert "MB more are needed" in full.value.message
    assert not any(path.endswith("model.bin") for _, path, _ in state.asked)


def test_a_repository_without_whisper_weights_is_refused(endpoint, state):
    del state.repositories["someone/other-model"]["tokenizer.json"]

    with pytest.raises(BackendError, match="no Whisper weights"):
        weights.size_of("someone/other-model", endpoint=endpoint)


def test_a_folder_is_taken_as_it_is(tmp_path):
    with pytest.raises(BackendError, match="no Whisper weights"):
        weights.find(str(tmp_path))
    (tmp_path / "model.bin").touch()
    (tmp_path / "tokenizer.json").touch()

    assert weights.find(str(tmp_path)).folder == tmp_path


@pytest.mark.parametrize("spec", ["packaged:huge", "no-such-model", "./nowhere"])
def test_nonsense_is_called_by_its_name(spec):
    with pytest.raises(BackendError, match=spec.removeprefix("packaged:")):
        weights.find(spec)
