"""Downloads from a model hub: told beforehand, resumed, checked, and explained where they fail."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import (
    constants,
    file_download,
    hf_hub_download,
    scan_cache_dir,
    try_to_load_from_cache,
)

from assistant.backends.base import BackendError
from assistant.models import errors as hub_fetch
from assistant.models import hub
from assistant.models import hub as hub_cache
from tests.hub_stand_in import HubState, isolated, serving

REPOSITORY = "someone/voices"
WEIGHTS = bytes(range(256)) * 20_000


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    isolated(monkeypatch, tmp_path)
    files = {"model.safetensors": WEIGHTS, "config.json": b"{}", "README.md": b"not wanted"}
    with serving(HubState({REPOSITORY: files})) as state:
        monkeypatch.setattr(constants, "ENDPOINT", state.endpoint)
        yield state


def fetch(state: HubState, steps: list[tuple[str, float | None]] | None = None) -> Path:
    source = hub.listing(REPOSITORY, state.endpoint)
    wanted = [file for file in source.files if file.name != "README.md"]
    told = steps if steps is not None else []
    return hub.download_to_cache(source, wanted, lambda *step: told.append(step))


def test_other_programs_find_what_was_downloaded(state: HubState) -> None:
    place = fetch(state)

    assert (place / "model.safetensors").read_bytes() == WEIGHTS
    assert try_to_load_from_cache(REPOSITORY, "model.safetensors") == str(
        place / "model.safetensors"
    )
    assert hf_hub_download(REPOSITORY, "config.json", local_files_only=True)
    repo = next(iter(scan_cache_dir(constants.HF_HUB_CACHE).repos))
    assert (repo.repo_id, repo.size_on_disk) == (REPOSITORY, len(WEIGHTS) + 2)
    assert hub_cache.snapshot(REPOSITORY) == place
    assert hub_cache.cached_file(REPOSITORY, "README.md") is None


def test_what_other_programs_downloaded_is_found(
    state: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = state.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    for module in (constants, file_download):
        monkeypatch.setattr(module, "HUGGINGFACE_CO_URL_TEMPLATE", template, raising=False)
    hf_hub_download(REPOSITORY, "config.json", endpoint=state.endpoint)

    assert hub_cache.cached_file(REPOSITORY, "config.json") is not None
    state.asked.clear()
    fetch(state)
    assert state.downloads() == {"model.safetensors"}


def test_progress_is_told_in_words_and_only_grows(state: HubState) -> None:
    steps: list[tuple[str, float | None]] = []
    fetch(state, steps)

    fractions = [fraction or 0.0 for _, fraction in steps]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert any("Downloading voices: 0.01 of 0.01 GB" in text for text, _ in steps)


def test_a_download_that_was_stopped_goes_on_in_the_next_run(
    state: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hub_fetch, "_PIECE", 100_000)
    source = hub.listing(REPOSITORY, state.endpoint)

    def stop(text: str, fraction: float | None) -> None:
        if (fraction or 0) > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hub.download_to_cache(source, source.files, stop)
    kept = [p.stat().st_size for p in Path(constants.HF_HUB_CACHE).glob("*/blobs/*.incomplete")]
    assert len(kept) == 1
    assert len(WEIGHTS) / 2 < kept[0] < len(WEIGHTS)
    assert hub_cache.snapshot(REPOSITORY) is None, "a part of it is not called the newest"
    state.asked.clear()
    steps: list[tuple[str, float | None]] = []

    place = fetch(state, steps)

    assert state.ranges("model.safetensors") == kept
    assert (place / "model.safetensors").read_bytes() == WEIGHTS
    assert min(f for text, f in steps if f and "Downloading" in text and f > 0.01) > 0.5


def test_a_connection_that_breaks_is_taken_up_again_and_at_last_given_up(state: HubState) -> None:
    state.break_after = 3_000_000
    assert fetch(state)
    assert state.ranges("model.safetensors") > [2_000_000]

    hub_cache.cached_file(REPOSITORY, "model.safetensors").resolve().unlink()  # type: ignore[union-attr]
    state.break_after, state.broken = 0, True
    with pytest.raises(BackendError, match="cannot be reached") as lost:
        fetch(state)
    assert "goes on" in lost.value.remedy


def test_a_file_that_was_altered_on_the_way_is_thrown_away(state: HubState) -> None:
    state.really["model.safetensors"] = b"x" + WEIGHTS[1:]
    with pytest.raises(BackendError, match=r"model\.safetensors .* damaged on the way"):
        fetch(state)
    assert not list(Path(constants.HF_HUB_CACHE).glob("*/blobs/*incomplete"))
    assert hub_cache.snapshot(REPOSITORY) is None


def test_a_file_that_ends_early_is_asked_for_again_and_then_given_up(state: HubState) -> None:
    state.really["model.safetensors"] = WEIGHTS[:1000]
    with pytest.raises(BackendError):
        fetch(state)
    state.really.clear()
    assert (fetch(state) / "model.safetensors").read_bytes() == WEIGHTS


def test_a_damaged_file_of_the_cache_is_replaced(state: HubState) -> None:
    place = fetch(state)
    (place / "model.safetensors").resolve().write_bytes(WEIGHTS[:10])
    assert (fetch(state) / "model.safetensors").read_bytes() == WEIGHTS


def test_no_token_is_told_before_anybody_agrees_to_anything(state: HubState) -> None:
    state.accepted = "hf_good"
    with pytest.raises(BackendError, match="there is no token") as refused:
        hub.listing(REPOSITORY, state.endpoint)
    assert f"{state.endpoint}/{REPOSITORY}" in refused.value.remedy
    assert "hf auth login" in refused.value.remedy


def test_a_licence_that_was_not_accepted_is_told_with_its_address(
    state: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    state.accepted = "hf_good"
    monkeypatch.setenv("HF_TOKEN", "hf_other")
    with pytest.raises(BackendError, match="not accepted the licence") as refused:
        fetch(state)
    assert f"{state.endpoint}/{REPOSITORY}" in refused.value.remedy

    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert (fetch(state) / "model.safetensors").is_file()


def test_a_token_never_goes_to_another_host(
    state: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    with serving(HubState({REPOSITORY: state.repositories[REPOSITORY]})) as store:
        state.elsewhere = store.endpoint.replace("127.0.0.1", "localhost")
        assert (fetch(state) / "model.safetensors").read_bytes() == WEIGHTS
        assert store.downloads() == {"model.safetensors"}
        assert store.tokens == {""}
    assert "hf_good" in state.tokens


def test_offline_and_unreachable_are_told_apart(
    state: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(BackendError, match="cannot be reached"):
        hub.listing(REPOSITORY, "http://127.0.0.1:9")
    source = hub.listing(REPOSITORY, state.endpoint)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(BackendError, match="HF_HUB_OFFLINE"):
        hub.download_to_cache(source, source.files, lambda *step: None)


def test_a_repository_that_does_not_exist_is_told(state: HubState) -> None:
    with pytest.raises(BackendError, match="knows no repository no/where"):
        hub.listing("no/where", state.endpoint)
    with pytest.raises(BackendError, match="no name of a repository"):
        hub.listing("no where", state.endpoint)


def test_a_full_disk_is_told_beforehand(state: HubState, monkeypatch: pytest.MonkeyPatch) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(hub.shutil, "disk_usage", lambda folder: Usage)
    with pytest.raises(BackendError, match=r"disk of .*hub.* is full\. 5 MB more are needed"):
        fetch(state)
    assert state.downloads() == set()


def test_a_disk_that_fills_up_on_the_way_is_told(
    state: HubState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(hub_fetch, "_go_on", full)
    with pytest.raises(BackendError, match=r"disk of .*hub.* is full") as lost:
        fetch(state)
    assert "it goes on" in lost.value.remedy


def test_two_downloads_of_the_same_do_not_mix(state: HubState) -> None:
    source = hub.listing(REPOSITORY, state.endpoint)

    def second(text: str, fraction: float | None) -> None:
        if text.startswith("Downloading"):
            with pytest.raises(BackendError, match="another process"):
                fetch(state)
            refused.append(text)

    refused: list[str] = []
    hub.download_to_cache(source, source.files[:1], second)
    assert refused


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a/../../evil", "..\\evil"])
def test_a_name_that_leads_out_of_the_folder_is_refused(state: HubState, name: str) -> None:
    state.repositories[REPOSITORY][name] = b"x"
    with pytest.raises(BackendError, match="no file is called"):
        hub.listing(REPOSITORY, state.endpoint)


def test_the_cache_is_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert hub_cache.cache_root() == Path("~/.cache/huggingface/hub").expanduser()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert hub_cache.cache_root() == tmp_path / "xdg" / "huggingface" / "hub"
    monkeypatch.setenv("HF_HOME", str(tmp_path / "home"))
    assert hub_cache.cache_root() == tmp_path / "home" / "hub"
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    assert hub_cache.cache_root() == tmp_path / "cache"
